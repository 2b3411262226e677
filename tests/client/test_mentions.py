"""Which messages call a person."""

from datetime import UTC, datetime

import pytest

from asyncchat.client.events import Message
from asyncchat.client.mentions import Mentions


def message(text: str, room: str = "#tea", **options) -> Message:
    return Message("e-1", datetime(2026, 1, 1, tzinfo=UTC), room, "bob", text, **options)


@pytest.mark.parametrize(
    ("said", "calls"),
    [
        (message("me, come"), True),
        (message("come home"), False),
        (message("ME!"), True),
        (message("time for a deploy"), True),
        (message("deployment"), False),
        (message("C++ again"), True),
        (message("psst", "bob"), True),
        (message("psst", "bob", notice=True), False),
        (message("me", own=True), False),
    ],
)
def test_calls(said, calls):
    assert Mentions(["deploy", "c++", " "]).call(said, "me") is calls


def test_without_words_nothing_calls():
    assert not Mentions().call(message("me, come"), "")


def test_another_nick_is_another_word():
    mentions = Mentions()
    assert mentions.call(message("anna?"), "anna")
    assert not mentions.call(message("anna?"), "annie")
