"""What is posted to Slack, as a text."""

import msgspec
import pytest

from asyncchat.core.text import TEXT_BYTES, size
from asyncchat.server.http.api.slack import Payload, message_text, shown


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("a &amp; b &lt;c&gt; &amp;lt;", "a & b <c> &lt;"),
        ("<https://ci.example.org/42|build 42> failed", "build 42 (https://ci.example.org/42) failed"),
        ("<https://ci.example.org>", "https://ci.example.org"),
        (
            "<https://ci.example.org/|ci.example.org> <https://ci.example.org|ci>",
            "https://ci.example.org/ ci (https://ci.example.org)",
        ),
        ("<mailto:anna@example.org|anna@example.org>", "anna@example.org"),
        ("<https://example.org/?a=1&amp;b=2|x &amp; y>", "x & y (https://example.org/?a=1&b=2)"),
        ("<@U024BE7LH> <@U024BE7LH|anna> <#C024BE7LR|ci> <!here>", "@U024BE7LH @anna #ci @here"),
        ("<!subteam^SAZ94GDB8|@ops> <!date^1392734382^{date}|Monday>", "@ops Monday"),
        ("a < b and c > d, <b>, <>, <|>", "a < b and c > d, <b>, <>, <|>"),
        ("*bold* _it_ `code` :tada:", "*bold* _it_ `code` :tada:"),
        ("<" * 60_000, "<" * 60_000),
        ("<https:" * 9_000, "<https:" * 9_000),
    ],
)
def test_marks(given, text):
    assert shown(given) == text


def text_of(given):
    return message_text(msgspec.convert(given, Payload), "ci")


ALERT = {
    "fallback": "[FIRING] disk",
    "color": "#ff0000",
    "title": "[FIRING] disk",
    "title_link": "https://alerts.example/1",
    "text": "94 % &gt; 90 %",
    "fields": [{"title": "host", "value": "db1", "short": True}, {"value": 3}],
    "footer": "Alertmanager",
    "ts": 123,
}


def of(text, type="mrkdwn"):
    return {"type": type, "text": text}


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"text": "hi"}, "hi"),
        ({"text": None, "icon_emoji": ":ghost:", "mrkdwn": True}, ""),
        ({"text": "hi", "username": "Grafana"}, "Grafana: hi"),
        ({"text": "hi", "username": "CI"}, "hi"),
        ({"text": "hi", "username": "an\x1bna\nx"}, "anna…: hi"),
        ({"username": "Grafana"}, ""),
        (
            {"text": "", "attachments": [ALERT, {"fallback": "only this"}]},
            "[FIRING] disk (https://alerts.example/1)\n94 % > 90 %\nhost: db1\n3\nAlertmanager\nonly this",
        ),
        ({"text": "short", "blocks": [of(of("long"), "section")]}, "short"),
    ],
)
def test_payloads(given, text):
    assert text_of(given) == text


@pytest.mark.parametrize(
    ("block", "text"),
    [
        (of(of("Deployed", "plain_text"), "header"), "Deployed"),
        ({"type": "divider"}, ""),
        (
            {
                "type": "section",
                "text": of("<https://x.example|42>"),
                "fields": [of("by anna"), of("in 3 s")],
            },
            "42 (https://x.example)\nby anna\nin 3 s",
        ),
        ({"type": "context", "elements": [of("a"), of("b", "plain_text")]}, "a b"),
        (
            {"type": "image", "image_url": "https://x.example/i", "alt_text": "a cat"},
            "a cat (https://x.example/i)",
        ),
        (
            {"type": "actions", "elements": [{**of(of("Log"), "button"), "url": "https://x.example"}]},
            "Log (https://x.example)",
        ),
        (
            {
                "type": "rich_text",
                "elements": [
                    {
                        "type": "rich_text_section",
                        "elements": [
                            of("1 < &lt; ", "text"),
                            {"type": "link", "url": "https://x.example"},
                            {"type": "emoji", "name": "tada"},
                        ],
                    },
                    {"type": "rich_text_section", "elements": [of("two", "text")]},
                ],
            },
            "1 < &lt; https://x.example:tada:\ntwo",
        ),
    ],
)
def test_blocks(block, text):
    assert text_of({"blocks": [block]}) == text
    assert text_of({"attachments": [{"blocks": [block]}]}) == text


def test_a_long_text_says_how_much_of_it_is_left_out():
    text = text_of({"text": "wörter " * 5000})
    assert size(text) <= TEXT_BYTES
    assert text.endswith(" more characters)")
