"""Webhooks as they are stated: what can't be meant, and the keys of secrets."""

import pytest

from asyncchat.config.webhooks import Webhook, key_of, webhook_fault

LONG = "a secret of some length"


def test_one_as_it_should_be():
    assert webhook_fault(Webhook("https://ci.example/hook?x=1", ("#builds",), LONG)) == ""


@pytest.mark.parametrize(
    ("url", "rooms", "secret", "words"),
    [
        ("ftp://x/y", ("#a",), LONG, "is not a URL"),
        ("https://", ("#a",), LONG, "is not a URL"),
        ("https://[::1", ("#a",), LONG, "is not a URL"),
        ("https://x:99999/", ("#a",), LONG, "is not a URL"),
        ("https://x/a b", ("#a",), LONG, "is not a URL"),
        ("https://me:pw@x/", ("#a",), LONG, "name or password"),
        ("https://x/", (), LONG, "needs rooms"),
        ("https://x/", ("a",), LONG, "begins with #"),
        ("https://x/", ("#a",), "short", "shorter than 16"),
        ("https://x/", ("#a",), "whsec_not in base64!", "base64"),
    ],
)
def test_what_can_not_be_meant(url, rooms, secret, words):
    assert words in webhook_fault(Webhook(url, rooms, secret))


def test_a_key_may_be_written_in_base64():
    assert key_of("whsec_AAEC") == b"\x00\x01\x02"
    assert key_of("wörds") == "wörds".encode()
