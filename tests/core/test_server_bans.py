import pytest

from asyncchat.core.people import person
from asyncchat.core.server_bans import ServerBan, completed, describes


@pytest.mark.parametrize(
    ("typed", "mask"),
    [
        ("bad", "bad!*@*"),
        ("bad*", "bad*!*@*"),
        ("*@192.0.2.1", "*!*@192.0.2.1"),
        ("u@h", "*!u@h"),
        ("n!u@h", "n!u@h"),
        ("192.0.2.1", "*!*@192.0.2.1"),
        ("192.0.2.0/24", "*!*@192.0.2.0/24"),
        ("2001:db8::/32", "*!*@2001:db8::/32"),
        ("*.example.org", "*!*@*.example.org"),
    ],
)
def test_what_was_typed_is_completed(typed, mask):
    assert completed(typed) == mask


@pytest.mark.parametrize(
    ("mask", "host", "means"),
    [
        ("*!*@192.0.2.1", "192.0.2.1", True),
        ("*!*@192.0.2.1", "192.0.2.10", False),
        ("*!*@192.0.2.0/24", "192.0.2.77", True),
        ("*!*@192.0.2.0/24", "192.0.3.1", False),
        ("*!*@192.0.2.9/24", "192.0.2.77", True),
        ("*!*@192.0.2.0/24", "2001:db8::1", False),
        ("*!*@2001:db8::/32", "2001:db8:1::1", True),
        ("*!*@192.0.2.0/24", "localhost", False),
        ("EVE!*@192.0.2.0/24", "192.0.2.77", True),
        ("bob!*@192.0.2.0/24", "192.0.2.77", False),
        ("*!u@10/x", "10/x", True),
    ],
)
def test_whom_a_mask_means(mask, host, means):
    assert describes(mask, person(1, "Eve", "u", host)) is means


def test_a_ban_ends():
    ban = ServerBan("m", "by", 5, until=10)
    assert (ban.holds(9), ban.holds(10)) == (True, False)
    assert ServerBan("m", "by", 5).holds(10**18)
