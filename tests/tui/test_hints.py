"""The words around the timeline."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from asyncchat.client import events
from asyncchat.tui import hints
from asyncchat.tui.conversation import Said
from asyncchat.tui.state import ChatState
from asyncchat.tui.wrapping import width_of

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def message(room: str, text: str, nick: str = "bob") -> events.Message:
    return events.Message(f"{room}-{text}", NOW, room, nick, text)


def state() -> ChatState:
    found = ChatState("me")
    for room in ("#tea", "#ci"):
        found.take(events.Joined(NOW, room, "me", own=True))
    found.show("#tea")
    for said in (message("#ci", "one"), message("#ci", "me: two"), message("bob", "psst")):
        found.take(said)
    return found


def below(found: ChatState, **given) -> list[str]:
    values: dict[str, Any] = {
        "waiting": [],
        "replying": None,
        "editing": None,
        "typed": "",
        "completed": "",
        "is_at_end": True,
        "is_short": False,
        "now": NOW,
    }
    return hints.below(found, **{**values, **given}).split("\n")


def test_rooms_show_what_is_unread_and_who_called():
    lines = [(line.text, line.badge, line.style) for line in hints.room_lines(state())]
    assert lines == [("1 #tea", "", "current"), ("2 #ci", "!1", "calls"), ("3 bob", "!1", "calls")]
    found = state()
    found.conversation("#ci").calls = 0
    assert hints.room_lines(found)[1].badge == "2"
    found.take(events.Kicked(NOW, "#tea", "me", "anna", own=True))
    found.show("#ci")
    assert hints.room_lines(found)[0].style == "dim"


def test_members_with_the_highest_roles_are_first():
    lines = hints.member_lines(
        ["zoe", "anna", "fred", "olga", "vera"], {"fred": "~@", "olga": "@", "vera": "+"}
    )
    assert [line.text for line in lines] == ["5 members", "~fred", "@olga", "+vera", " anna", " zoe"]
    assert hints.member_lines(["me"], {})[0].text == "1 member"


def test_a_sign_and_a_name_are_no_command_for_the_terminal():
    assert [line.text for line in hints.member_lines(["[2Jeve"], {"[2Jeve": "\x1b"})] == ["1 member", "eve"]


@pytest.mark.parametrize("width", [1, 9, 20, 60])
def test_lines_keep_to_their_width(width):
    found = state()
    assert width_of(hints.tabs(found, width)) <= width
    assert width_of(hints.top(found, "the topic " * 20, None, width)) == width


def test_tabs_have_what_matters_first():
    assert hints.tabs(state(), 60) == "[#tea]  !1 3:bob  !1 2:#ci"
    found = state()
    found.disconnected = "gone"
    assert hints.tabs(found, 60).startswith("offline  [#tea]")


def test_top_tells_of_topic_and_connection():
    found = state()
    assert hints.top(found, "cake", None, 40).startswith("#tea  cake ")
    assert hints.top(found, "", None, 40).endswith("me ●")
    found.disconnected = "gone"
    assert hints.top(found, "", 5, 40).endswith("○ offline, again in 5 s")
    found.show("bob")
    assert hints.top(found, "", None, 60).startswith("bob  private ")


def test_what_is_said_below_the_timeline():
    found = state()
    assert below(found) == [""]
    said = Said(message("#tea", "tea at five"))
    assert below(found, replying=said) == ["Reply to bob: tea at five (Esc: no reply)"]
    assert below(found, waiting=["a", "b", "c"]) == ["… a", "… b", "… and 1 more"]
    assert below(found, typed="/kick b")[0].startswith("/kick NAME [REASON] · ")
    assert below(found, typed="/kick b", completed="[bob]  boris") == ["[bob]  boris"]
    found.take(events.Typing(NOW, "#tea", "bob"))
    found.take(events.Typing(NOW, "#tea", "anna"))
    assert below(found) == ["bob, anna are typing…"]
    assert below(found, now=NOW + timedelta(seconds=7)) == [""]
    assert below(found, editing=said, is_at_end=False) == [
        "You edit your message (Esc: leave it as it is)",
        "▼ scrolled back (Esc: to the end)",
    ]
    assert below(found, editing=said, is_at_end=False, is_short=True) == [
        "You edit your message (Esc: leave it as it is)"
    ]


def test_completions_are_shown_around_the_chosen_one():
    words = tuple(f"w{number} " for number in range(12))
    assert hints.completions(("one ",), 0) == ""
    assert hints.completions(words, 0).startswith("[w0]  w1")
    assert "[w11]" in hints.completions(words, 11)
    assert hints.completions(words, 5).endswith("… 4 more")
