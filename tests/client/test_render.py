"""Events as lines: words, times, day marks, and nothing that a terminal obeys."""

from datetime import UTC, datetime, timedelta
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncchat.client.events import (
    Disconnected,
    Gap,
    Joined,
    Kicked,
    Left,
    Message,
    ModeChanged,
    Present,
    Reacted,
    Reconnected,
    Redacted,
    Refused,
    Renamed,
    RoomRenamed,
    Told,
    TopicChanged,
    Unconfirmed,
)
from asyncchat.client.ignored import IgnoredNames
from asyncchat.client.render import Renderer, ansi, notice_of, plain_lines

AT = datetime(2026, 11, 22, 23, 59, tzinfo=UTC)
LOBBY = "#lobby"

NOTICES = [
    (Joined(AT, LOBBY, "bob"), "bob is online"),
    (Joined(AT, "#ci", "bob"), "bob joined #ci"),
    (Joined(AT, "#ci", "me", own=True), "you are me in #ci"),
    (Left(AT, LOBBY, "bob", "Quit: "), "bob left chat"),
    (Left(AT, LOBBY, "bob", "Quit"), "bob left chat"),
    (Left(AT, LOBBY, "bob", "too slow"), "bob left chat (too slow)"),
    (Left(AT, "#ci", "bob"), "bob left #ci"),
    (Left(AT, "#ci", "me", "banned", own=True), "you left #ci (banned)"),
    (Kicked(AT, "#ci", "bob", "op", "rude"), "bob was removed from #ci by op (rude)"),
    (Kicked(AT, "#ci", "me", "op", own=True), "you were removed from #ci by op"),
    (Renamed(AT, "bob", "rob"), "bob is now rob"),
    (Renamed(AT, "me", "you", own=True), "you are now you"),
    (TopicChanged(AT, LOBBY, "bob", "news"), "topic: news (bob)"),
    (TopicChanged(AT, "#ci", "bob", "news"), "topic of #ci: news (bob)"),
    (TopicChanged(AT, "#ci", "bob", ""), "bob removed the topic of #ci"),
    (ModeChanged(AT, "#ci", "op", "+o bob"), "op set #ci +o bob"),
    (Present(AT, "#ci", ("a", "b"), "news"), "in #ci: a, b; topic: news"),
    (Present(AT, "#ci", tuple("a" * 26)), f"in #ci: {', '.join('a' * 20)} and 6 more"),
    (Told(AT, "hello"), "hello"),
    (Refused(AT, "#ci", "no"), "#ci: no"),
    (Refused(AT, "", "no", "my text"), "no (not sent: my text)"),
    (Disconnected(AT, "why", 4.2), "disconnected (why), trying again in 4 s (Ctrl-C leaves)"),
    (Disconnected(AT, "the server closed the connection"), "disconnected"),
    (Disconnected(AT, "no answer for 60 s"), "disconnected (no answer for 60 s)"),
    (Reconnected(AT, "me"), "connected again as me"),
    (Unconfirmed(AT, "#ci", "text"), "not known whether it was sent: text"),
    (Message("", AT, "#ci", "bob", "x"), ""),
]  # fmt: skip


@pytest.mark.parametrize(("event", "words"), NOTICES)
def test_notice(event, words):
    assert notice_of(event, LOBBY) == words


def test_gap_names_its_times():
    gap = Gap("#ci", "a", "b", AT, AT + timedelta(minutes=3))
    since, until = AT.astimezone(), (AT + timedelta(minutes=3)).astimezone()
    expected = f"what was said in #ci between {since:%H:%M:%S} and {until:%H:%M:%S} is not known"
    assert notice_of(gap, LOBBY) == expected


def lines(renderer, *events):
    return [ansi(line, colour=False) for event in events for line in renderer.event(event)]


def test_messages():
    renderer = Renderer(zone=lambda at: at)
    said = [
        Message("", AT, LOBBY, "bob", "hi"),
        Message("", AT, LOBBY, "bob", "waves", action=True),
        Message("", AT, "#ci", "bob", "there"),
        Message("", AT, "bob", "bob", "psst"),
        Message("", AT, "bob", "me", "what?", own=True),
        Message("", AT, "bob", "bob", "winks", action=True),
        Message("", AT + timedelta(minutes=2), LOBBY, "bob", "late"),
    ]
    assert lines(renderer, *said) == [
        "23:59 bob: hi",
        "23:59 * bob waves",
        "23:59 [#ci] bob: there",
        "23:59 bob → you: psst",
        "23:59 me → bob: what?",
        "23:59 bob → you: * winks",
        "-- Mon 23 Nov 2026 --",
        "00:01 bob: late",
    ]


def test_what_belongs_to_a_message_is_told_with_its_words():
    renderer = Renderer(zone=lambda at: at)
    long = "a message that is longer than what is told of it"
    said = [
        Message("e-1", AT, LOBBY, "bob", "one\n  two\n\nthree"),
        Message("e-2", AT, LOBBY, "amy", "yes", reply_to="e-1"),
        Message("e-3", AT, LOBBY, "amy", long, reply_to="e-0"),
        Reacted(AT, LOBBY, "bob", "e-3", "👍"),
        Reacted(AT, "#ci", "bob", "e-0", "👍", on=False),
        Redacted(AT, LOBBY, "amy", "e-2"),
        Redacted(AT, "#ci", "bob", "e-2", "spam"),
    ]
    assert lines(renderer, *said) == [
        "23:59 bob: one",
        "          two",
        "        ",
        "        three",
        "23:59 amy (to bob: one   two  three): yes",
        f"23:59 amy (to an earlier message): {long}",
        "-- bob reacted 👍 to amy: a message that is longer than what is to… --",
        "-- bob took back 👍 from an earlier message in #ci --",
        "-- amy took back amy: yes --",
        "-- bob erased amy: yes in #ci (spam) --",
    ]


def test_a_renamed_room_stays_the_one_that_is_looked_at():
    renderer = Renderer(zone=lambda at: at)
    renamed = RoomRenamed(AT, LOBBY, "#hall", "amy", "larger")
    said = Message("", AT, "#hall", "bob", "hi")
    assert lines(renderer, renamed, said) == ["-- amy renamed #lobby to #hall (larger) --", "23:59 bob: hi"]


def test_history_begins_with_its_day():
    renderer = Renderer(zone=lambda at: at)
    old = Message("", AT, LOBBY, "bob", "old", replayed=True)
    assert lines(renderer, old) == ["-- Sun 22 Nov 2026 --", "23:59 bob: old"]


def test_ignored_people_are_not_shown():
    renderer = Renderer(zone=lambda at: at)
    renderer.ignored = IgnoredNames(["Bob"])
    assert lines(renderer, Message("", AT, LOBBY, "BOB", "hi")) == []


def test_colours():
    renderer = Renderer(zone=lambda at: at)
    (line,) = renderer.event(Message("", AT, LOBBY, "bob", "hi"))
    coloured = ansi(line, colour=True)
    assert "\x1b[" in coloured
    assert coloured.endswith("\x1b[0m: hi")
    (again,) = renderer.event(Message("", AT, LOBBY, "BOB", "hi"))
    assert line[1][0] == again[1][0]


def test_pipe_line():
    assert plain_lines(Message("", AT, LOBBY, "bob", "hi\x1b[2J")) == ["bob: hi"]
    assert plain_lines(Message("", AT, LOBBY, "bob", "waves", action=True)) == ["* bob waves"]
    assert plain_lines(Message("", AT, LOBBY, "bob", "one\n\ntwo")) == ["bob: one", "bob: ", "bob: two"]


@given(st.text(), st.text(), st.text())
def test_nothing_that_a_terminal_obeys_is_shown(nick, room, text):
    renderer = Renderer(zone=lambda at: at)
    events = [
        Message("", AT, room, nick, text),
        Message("", AT, "#ci", nick, text, action=True),
        Joined(AT, room, nick),
        Kicked(AT, room, nick, nick, text),
        Present(AT, room, (nick, text), text),
        Refused(AT, room, text, text),
        Told(AT, text),
        Disconnected(AT, text),
        TopicChanged(AT, room, nick, text),
    ]
    for line in lines(renderer, *events):
        hidden = [char for char in line if category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")]
        assert set(hidden) <= {"\u200c", "\u200d"}
