"""Conversations over lines that break anywhere: nothing lost, nothing twice, everything in order."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncchat.client.events import (
    Edited,
    Gap,
    Joined,
    Left,
    Message,
    Present,
    Reacted,
    Reconnected,
    Redacted,
    Refused,
    RoomRenamed,
    Unconfirmed,
)
from asyncchat.client.irc_session import IrcSession
from asyncchat.client.protocol import Clock, Settings
from asyncchat.core.features.connect import Quit
from asyncchat.core.features.messages import Said, Speech
from asyncchat.core.features.moderation import Ban
from asyncchat.dialects.base import Way
from asyncchat.dialects.irc.server_context import IrcContext
from tests.dialects.driver import Hub, server_info

ROOM = "#ci"


class Time:
    """A clock that goes when it is told to; its wall time follows the hub's."""

    def __init__(self, hub):
        self.hub = hub
        self.seconds = 0.0

    def clock(self):
        return Clock(lambda: self.seconds, self.now, lambda: 0.5)

    def now(self):
        return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=self.hub.now)


class World:
    """A server in memory."""

    def __init__(self):
        self.hub = Hub()
        self.irc = IrcContext(server_info())
        self.time = Time(self.hub)

    def person(self, nick, **settings):
        return Person(self, nick, **settings)

    def said(self):
        return [record.event.text for record in self.hub.records if isinstance(record.event, Said)]


class Person:
    """A session, the line it has, and what it yielded."""

    def __init__(self, world, nick, **settings):
        self.world = world
        self.session = IrcSession(
            Settings(nick, (ROOM,), **{"clock": world.time.clock(), "echo": True, **settings})
        )
        self.yielded = []
        self.peer: Any = None
        self.up = b""

    def connect(self):
        self.peer = self.world.hub.join(lambda id: self.world.irc.dialect(id, "192.0.2.1"))
        self.session.connected()

    def turn(self, up=None, down=None):
        """Carries at most so many bytes each way; whether anything moved."""
        self.up += self.session.data_to_send()
        sent, self.up = self.up[:up], self.up[up:] if up is not None else b""
        if sent:
            self.world.hub.receive(self.peer, sent)
        size = len(self.peer.sent) if down is None else min(down, len(self.peer.sent))
        told = bytes(self.peer.sent[:size])
        del self.peer.sent[:size]
        if told:
            self.session.receive_data(told)
        self.yielded += self.session.take_events()
        return bool(sent or told)

    def settle(self):
        while self.turn():
            pass

    def cut(self):
        """The line breaks: what is on its way in either direction is lost, and the server notices."""
        self.up = b""
        if self.peer.dialect.entered:
            self.world.hub.submit(self.peer, Quit("broken"))
        self.peer.gone = True
        self.peer = None
        self.session.lost()
        self.yielded += self.session.take_events()

    def messages(self):
        return [event for event in self.yielded if isinstance(event, Message)]

    def texts(self):
        return [message.text for message in self.messages()]

    def kinds(self):
        return [type(event) for event in self.yielded]


@pytest.fixture
def world():
    return World()


@pytest.fixture
def amy(world):
    amy = world.person("amy")
    amy.connect()
    amy.settle()
    return amy


@pytest.fixture
def bob(world):
    bob = world.person("bob")
    bob.connect()
    bob.settle()
    return bob


def say(person, text, to=ROOM):
    return person.session.say(to, text, Speech.MESSAGE)


def test_first_connection(amy):
    assert amy.session.ready
    assert amy.kinds() == [Joined, Present]


def test_missed_messages_are_read_in_order(world, amy, bob):
    say(amy, "before")
    amy.settle()
    bob.settle()
    bob.cut()
    for number in range(3):
        say(amy, f"missed {number}")
    amy.settle()
    bob.connect()
    bob.settle()
    say(amy, "after")
    amy.settle()
    bob.settle()
    assert bob.texts() == ["before", "missed 0", "missed 1", "missed 2", "after"]
    assert [message.replayed for message in bob.messages()] == [False, True, True, True, False]
    assert Gap not in bob.kinds()
    assert bob.kinds().count(Reconnected) == 1
    # The room was not left, as far as one who follows is concerned.
    assert bob.kinds().count(Joined) == 1


def test_a_message_of_several_lines_is_one(world, amy, bob):
    text = "def f():\n    return 1\n\n" + "long " * 200 + "end"
    receipt = say(amy, text)
    amy.settle()
    bob.settle()
    assert world.said() == [text]
    assert bob.texts() == amy.texts() == [text]
    assert receipt.ids == (bob.messages()[0].id,)
    bob.cut()
    say(amy, "missed\nlines")
    amy.settle()
    bob.connect()
    bob.settle()
    assert bob.texts() == [text, "missed\nlines"]


def test_more_than_one_message_holds_goes_as_several(world, amy, bob):
    text = "\n".join(f"line {number}" for number in range(600))
    receipt = say(amy, text)
    amy.settle()
    bob.settle()
    assert [said.count("\n") + 1 for said in world.said()] == [256, 256, 88]
    assert "\n".join(bob.texts()) == text
    assert receipt.ids == tuple(message.id for message in bob.messages())


def test_several_lines_are_said_apart_where_a_server_takes_them_so_no_more(world, amy, bob, monkeypatch):
    bob.cut()
    receipt = say(bob, "one\ntwo")
    say(bob, "three")
    monkeypatch.setattr(
        world.irc.offers[Way.OPEN], "values", without(world.irc.offers[Way.OPEN].values, "draft/multiline")
    )
    bob.connect()
    bob.settle()
    amy.settle()
    assert world.said() == ["one", "two", "three"]
    assert receipt.acknowledged
    assert len(receipt.ids) == 2


def without(values, name):
    return {key: value for key, value in values.items() if key != name}


def test_a_refused_message_of_several_lines_is_told_whole(world, amy, bob):
    amy.session.command("MODE", ROOM, "+m")
    amy.settle()
    receipt = say(bob, "one\ntwo")
    bob.settle()
    refused = next(event for event in bob.yielded if isinstance(event, Refused))
    assert (refused.about, refused.text) == (ROOM, "one\ntwo")
    assert receipt.done
    assert not receipt.acknowledged


def test_private_lines_are_one_message(world, amy, bob):
    text = "a private\n\nmessage of " + "many words " * 60
    say(amy, text, to="bob")
    amy.settle()
    bob.settle()
    assert [(message.text, message.room) for message in bob.messages()] == [(text, "amy")]
    assert [(message.text, message.room) for message in amy.messages()] == [(text, "bob")]


def test_a_renamed_room_is_the_same_one(world, amy, bob):
    amy.session.command("RENAME", ROOM, "#builds", "better")
    amy.settle()
    bob.settle()
    assert bob.session.rooms() == ["#builds"]
    assert [event.now for event in bob.yielded if isinstance(event, RoomRenamed)] == ["#builds"]
    bob.cut()
    say(amy, "missed", to="#builds")
    amy.settle()
    bob.connect()
    bob.settle()
    assert bob.texts() == ["missed"]
    assert bob.session.rooms() == ["#builds"]


def test_reactions_replies_and_what_is_taken_back(world, amy, bob):
    say(amy, "first")
    amy.settle()
    bob.settle()
    first = bob.messages()[0].id
    bob.session.react(ROOM, first, "👍", True)
    bob.session.say(ROOM, "second\nline", Speech.MESSAGE, first)
    bob.settle()
    amy.session.command("REDACT", ROOM, first, "wrong")
    amy.settle()
    bob.settle()
    for person in (amy, bob):
        assert person.messages()[-1].reply_to == first
        (reacted,) = (event for event in person.yielded if isinstance(event, Reacted))
        assert (reacted.room, reacted.nick, reacted.id, reacted.reaction) == (ROOM, "bob", first, "👍")
        (redacted,) = (event for event in person.yielded if isinstance(event, Redacted))
        assert (redacted.room, redacted.nick, redacted.id, redacted.reason) == (ROOM, "amy", first, "wrong")
        assert (reacted.own, redacted.own) == (person is bob, person is amy)


def test_many_missed_messages_are_paged(world, amy, bob):
    bob.cut()
    for number in range(1234):
        say(amy, f"{number}")
        amy.settle()
    bob.connect()
    bob.settle()
    assert bob.texts() == [str(number) for number in range(1234)]


def test_live_messages_wait_for_the_missed_ones(world, amy, bob):
    bob.cut()
    say(amy, "missed")
    amy.settle()
    bob.connect()
    while not (bob.session.rooms() or not bob.turn(down=40)):
        pass
    say(amy, "live")
    amy.settle()
    bob.settle()
    assert bob.texts() == ["missed", "live"]


def test_own_message_that_arrived_is_not_sent_again(world, amy, bob):
    receipt = say(bob, "did it arrive?")
    bob.turn(down=0)
    bob.cut()
    assert world.said() == ["did it arrive?"]
    bob.connect()
    bob.settle()
    assert world.said() == ["did it arrive?"]
    assert receipt.acknowledged
    assert receipt.ids == (bob.messages()[0].id,)
    assert bob.texts() == ["did it arrive?"]


def test_own_message_that_did_not_arrive_is_sent_again(world, amy, bob):
    receipts = [say(bob, text) for text in ("first", "second", "third")]
    bob.turn(up=len("PRIVMSG #ci first\r\nPRIVMSG #ci sec"), down=0)
    say(amy, "first")  # somebody else's words are not ours
    amy.settle()
    bob.cut()
    bob.connect()
    bob.settle()
    assert world.said() == ["first", "first", "second", "third"]
    assert all(receipt.acknowledged for receipt in receipts)


def test_what_is_said_while_the_line_is_down_is_sent_after_the_resume(world, amy, bob):
    bob.cut()
    say(bob, "kept")
    assert bob.session.waiting() == [(ROOM, "kept")]
    say(amy, "missed")
    amy.settle()
    bob.connect()
    bob.settle()
    amy.settle()
    assert world.said() == ["missed", "kept"]
    assert bob.texts() == ["missed", "kept"]


def test_break_in_the_middle_of_the_resume(world, amy, bob):
    bob.cut()
    for number in range(450):
        say(amy, f"{number}")
        amy.settle()
    for down in (600, 5000, 20_000, 60_000):
        bob.connect()
        for _ in range(12):
            bob.turn(down=down // 12)
        bob.cut()
    bob.connect()
    bob.settle()
    assert bob.texts() == [str(number) for number in range(450)]
    assert Gap not in bob.kinds()


def test_private_message_in_doubt_is_told(world, amy, bob):
    receipt = say(bob, "psst", "amy")
    bob.turn(down=0)
    bob.cut()
    bob.connect()
    bob.settle()
    assert Unconfirmed in bob.kinds()
    assert receipt.done
    assert not receipt.acknowledged


@pytest.mark.parametrize("missed", [29, 30, 31, 300])
def test_all_that_was_missed_is_read_page_by_page(world, amy, bob, missed, monkeypatch):
    """However much it is; the newest page may be full, and the next one empty."""
    monkeypatch.setattr("asyncchat.client.resume._HISTORY_PAGE", 10)
    say(amy, "before")
    amy.settle()
    bob.settle()
    bob.cut()
    for number in range(missed):
        say(amy, f"missed {number}")
        amy.settle()
    bob.connect()
    bob.settle()
    assert bob.texts() == ["before", *(f"missed {number}" for number in range(missed))]
    assert Gap not in bob.kinds()


def test_history_that_does_not_know_our_id(world, amy, bob):
    say(amy, "before")
    amy.settle()
    bob.settle()
    bob.cut()
    say(amy, "missed")
    amy.settle()
    bob.session._resume._cursors[ROOM].last_id = "gone-7"
    bob.connect()
    bob.settle()
    gap = next(event for event in bob.yielded if isinstance(event, Gap))
    missed = bob.messages()[-1]
    assert (gap.room, gap.after, gap.before) == (ROOM, "gone-7", missed.id)
    assert bob.texts() == ["before", "missed"]


def test_server_without_history(world, amy, bob, monkeypatch):
    bob.cut()
    monkeypatch.setattr("asyncchat.dialects.irc.client_server.WANTED", ("echo-message",))
    receipt = say(bob, "kept")
    bob.connect()
    bob.settle()
    (gap,) = [event for event in bob.yielded if isinstance(event, Gap)]
    assert (gap.room, gap.after, gap.before) == (ROOM, "", "")
    assert gap.since <= gap.until
    assert receipt.acknowledged
    # In doubt without a history: neither sent twice nor silently lost.
    doubtful = say(bob, "doubtful")
    bob.turn(down=0)
    bob.cut()
    bob.connect()
    bob.settle()
    assert world.said() == ["kept", "doubtful"]
    assert doubtful.done
    assert not doubtful.acknowledged
    (told,) = [event for event in bob.yielded if isinstance(event, Unconfirmed)]
    assert (told.room, told.text) == (ROOM, "doubtful")


def test_room_that_we_may_not_return_to(world, amy, bob):
    bob.cut()
    world.hub.decide(amy.peer, Ban(ROOM, "bob"))
    bob.connect()
    bob.settle()
    assert bob.kinds()[-2:] == [Refused, Left]
    assert bob.yielded[-1].own
    assert bob.session.ready


def test_room_left_is_not_joined_again(world, amy, bob):
    bob.session.part(ROOM, "")
    bob.settle()
    bob.cut()
    bob.connect()
    bob.settle()
    assert bob.session.rooms() == []
    assert bob.session.ready


def test_a_key_is_given_again_on_the_next_connection(world, amy, bob):
    bob.session.join("#locked")
    bob.settle()
    bob.session.command("MODE", "#locked", "+k", "sesame")
    bob.settle()
    amy.session.join("#locked", "sesame")
    amy.settle()
    assert "#locked" in amy.session.rooms()
    amy.cut()
    amy.connect()
    amy.settle()
    assert "#locked" in amy.session.rooms()
    with pytest.raises(ValueError, match="key"):
        amy.session.join("#other", "two words")


def test_history_on_joining(world, amy):
    for number in range(5):
        say(amy, f"{number}")
    amy.settle()
    bob = world.person("bob", history=3)
    bob.connect()
    bob.settle()
    assert bob.texts() == ["2", "3", "4"]
    assert bob.kinds()[0] is Joined


def test_what_happened_to_messages_during_a_break_is_told(world, amy):
    bob = world.person("bob", playback=True)
    bob.connect()
    bob.settle()
    for text in ("first", "second"):
        say(amy, text)
    amy.settle()
    bob.settle()
    first, second = (message.id for message in bob.messages())
    bob.cut()
    amy.session.react(ROOM, first, "👍", True)
    amy.session.command("REDACT", ROOM, second)
    amy.settle()
    bob.connect()
    bob.settle()
    assert [event.id for event in bob.yielded if isinstance(event, Reacted | Redacted)] == [first, second]
    assert bob.texts() == ["first", "second"]


@pytest.mark.parametrize("turns", range(0, 40, 2))
def test_an_edit_comes_behind_its_message_though_the_history_has_both(world, amy, turns):
    bob = world.person("bob", playback=True)
    bob.connect()
    bob.settle()
    bob.cut()
    say(amy, "missed")
    amy.settle()
    bob.connect()
    for _ in range(turns):
        bob.turn(down=150)
    say(amy, "live")
    amy.settle()
    live = amy.messages()[-1].id
    amy.session.edit(ROOM, live, "live, edited")
    amy.settle()
    bob.settle()
    told = [event for event in bob.yielded if getattr(event, "id", "") == live]
    assert [type(event) for event in told] == [Message, Edited]


@pytest.mark.parametrize("turns", [0, 6, 12, 18, 24, 30, 60])
def test_what_happens_while_one_comes_back_is_told_once(world, amy, turns):
    bob = world.person("bob", playback=True)
    bob.connect()
    bob.settle()
    for text in ("first", "second", "third"):
        say(amy, text)
    amy.settle()
    bob.settle()
    first, second, third = (message.id for message in bob.messages())
    bob.cut()
    amy.session.edit(ROOM, first, "first, edited")
    say(amy, "missed")
    amy.settle()
    missed = amy.messages()[-1].id
    amy.session.edit(ROOM, missed, "missed, edited")
    amy.settle()
    bob.connect()
    for _ in range(turns):
        bob.turn(down=150)
    amy.session.edit(ROOM, second, "second, edited")
    amy.session.react(ROOM, third, "👍", True)
    amy.session.react(ROOM, third, "👍", False)
    amy.settle()
    bob.settle()
    for _ in range(2):  # what came behind the last message is in the next page, too
        bob.cut()
        bob.connect()
        bob.settle()
    edits = [event.id for event in bob.yielded if isinstance(event, Edited)]
    assert edits == [first, missed, second]
    assert [event.on for event in bob.yielded if isinstance(event, Reacted)] == [True, False]
    assert bob.texts() == ["first", "second", "third", "missed"]


def test_joins_do_not_make_the_history_short(world, amy):
    for number in range(5):
        say(amy, f"{number}")
    amy.settle()
    for _ in range(250):
        amy.session.part(ROOM, "")
        amy.session.join(ROOM)
    amy.settle()
    bob = world.person("bob", history=3, playback=True)
    bob.connect()
    bob.settle()
    assert bob.texts() == ["2", "3", "4"]
    assert bob.kinds()[0] is Joined
    oldest = bob.session.history(ROOM, "BEFORE", f"msgid={bob.messages()[0].id}", 3)
    bob.settle()
    assert [message.text for message in oldest.result(0)] == ["0", "1"]


def test_ghost_is_waited_for(world, amy, bob):
    ghost = bob.peer
    bob.session.lost()
    bob.connect()
    bob.settle()
    assert not bob.session.ready
    for _ in range(3):
        world.time.seconds += 1.0
        bob.session.wake()
        bob.settle()
    world.hub.submit(ghost, Quit("ping timeout"))
    world.time.seconds += 1.0
    bob.session.wake()
    bob.settle()
    assert bob.session.ready
    assert bob.session.nick == "bob"


def test_ghost_that_stays_is_stood_in_for_and_its_nick_regained(world, amy, bob):
    ghost = bob.peer
    bob.session.lost()
    bob.connect()
    for _ in range(30):
        world.time.seconds += 1.0
        bob.session.wake()
        bob.settle()
    assert bob.session.nick == "bob_"
    assert bob.session.ready
    world.hub.submit(ghost, Quit("ping timeout"))
    bob.settle()
    assert bob.session.nick == "bob"


def test_what_the_ghost_said_is_known_as_ours(world, amy, bob):
    receipt = say(bob, "did it arrive?")
    bob.turn(down=0)
    bob.session.lost()
    bob.connect()
    while not bob.session.ready:
        world.time.seconds += 1.0
        bob.session.wake()
        bob.settle()
    assert bob.session.nick == "bob_"
    assert world.said() == ["did it arrive?"]
    assert receipt.acknowledged
    assert bob.messages()[-1].own


def test_nick_of_somebody_else_is_stood_in_for_at_once(world, amy):
    other = world.person("amy")
    other.connect()
    other.settle()
    assert other.session.nick == "amy_"


def test_nick_that_is_not_allowed_fails(world):
    bad = world.person("a.b")
    bad.connect()
    bad.settle()
    assert "does not accept the nick a.b" in str(bad.session.failure)


def test_silence_is_asked_about_and_then_is_the_end(world, bob):
    world.time.seconds += 31
    bob.session.wake()
    bob.settle()  # the server answers
    assert bob.session.failure is None
    world.time.seconds += 31
    bob.session.wake()
    bob.turn(down=0)
    world.time.seconds += 31
    bob.session.wake()
    assert "no answer for 62 s" in str(bob.session.failure)


def test_registration_has_a_deadline(world):
    bob = world.person("bob")
    bob.connect()
    world.time.seconds = bob.session.deadline()
    while bob.session.failure is None:
        bob.session.wake()
        world.time.seconds = max(world.time.seconds, bob.session.deadline())
    assert "registration did not finish within 30 s" in str(bob.session.failure)


def test_slow_history_becomes_a_gap(world, amy, bob):
    bob.cut()
    say(amy, "missed")
    amy.settle()
    bob.connect()
    while not bob.session.rooms():
        bob.turn(down=1)
    while bob.session.failure is None and not bob.session.ready:
        world.time.seconds = bob.session.deadline()
        bob.session.wake()
    bob.yielded += bob.session.take_events()
    assert Gap in bob.kinds()


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("say"), st.integers(0, 1), st.integers(0, 3)),
        st.tuples(st.just("turn"), st.integers(0, 1), st.integers(0, 400), st.integers(0, 900)),
        st.tuples(st.just("cut"), st.integers(0, 1)),
    ),
    max_size=60,
)


@given(STEPS)
def test_each_message_is_said_once_and_heard_once_whatever_breaks(steps):
    world = World()
    people = [world.person("amy"), world.person("bob")]
    for person in people:
        person.connect()
        person.settle()
    spoken = []
    for step in steps:
        person = people[step[1]]
        if step[0] == "say":
            # Few different texts: equal ones must not be taken for each other's echo.
            text = f"text {step[2]}"
            spoken.append((step[1], text if step[2] % 2 else f"{text}\n\n  and more"))
            say(person, spoken[-1][1])
        elif step[0] == "turn":
            if person.peer is None:
                person.connect()
            person.turn(up=step[2], down=step[3])
        elif person.peer is not None:
            person.cut()
    for person in people:
        if person.peer is None:
            person.connect()
    while any([person.turn() for person in people]):  # noqa: C419 - each takes its turn
        pass
    said = [record.event for record in world.hub.records if isinstance(record.event, Said)]
    for index, person in enumerate(people):
        nick = person.session.nick
        mine = [event.text for event in said if event.person.name == nick]
        assert mine == [text for who, text in spoken if who == index]
        assert person.texts() == [event.text for event in said]
        assert not person.session.waiting()
        assert Gap not in person.kinds()
