"""Connecting, names, being away, leaving."""

import pytest

from asyncchat.core.features.away import AwayChanged, SetAway, StillAway
from asyncchat.core.features.connect import (
    AlreadyConnected,
    CheckName,
    Connect,
    GetWelcome,
    NameFixed,
    NameNotAllowed,
    NameTaken,
    Quit,
    Rename,
)
from asyncchat.core.features.join import Banned, GetRoom, Part, RoomNotAllowed
from asyncchat.core.features.moderation import Ban
from asyncchat.core.features.opers import GrantOper, OperFailed, WrongCode
from asyncchat.core.features.presence import Connected, Left, Renamed
from asyncchat.core.features.room_modes import SetMask
from asyncchat.core.features.rooms import Joined, RoomClosed, RoomOpened
from asyncchat.core.features.topic import SetTopic
from asyncchat.core.names import LOBBY
from asyncchat.core.people import person, renamed
from asyncchat.core.replies import NotConnectedYet
from asyncchat.core.roles import Right
from tests.core.house import ANNA, BOB, CAROL, NOBODY, NOW, OLGA, decide, do, house

NEW = person(NOBODY, "new", "u", "h", "Real")


def enter(name="new", *, rooms=()):
    return Connect(name, "u", "h", "Real", rooms)


def test_connecting():
    chat = house()
    assert decide(chat, NOBODY, enter(rooms=(LOBBY,)), NOW) == (
        Connected(NEW, NOW),
        GetWelcome(),
        Joined(LOBBY, NEW),
        GetRoom(LOBBY, joining=True),
    )


def test_the_first_person_opens_the_lobby_and_is_not_its_operator():
    items = do(house().replay([]), NOBODY, enter(rooms=("#LOBBY",)))
    assert items[2:4] == (RoomOpened("#LOBBY", NOW), Joined("#LOBBY", NEW, operator=False))


def test_connecting_with_a_room_named_twice_joins_it_once():
    chat = house()
    items = do(chat, NOBODY, enter(rooms=("#x", "#X", LOBBY, LOBBY)))
    assert sum(isinstance(item, Joined) for item in items) == 2
    assert chat.rooms.joined[NOBODY] == ("#x", LOBBY)
    do(chat, NOBODY, Quit())
    assert NOBODY not in chat.people


def test_connecting_with_a_bad_room_refuses_only_that_room():
    chat = house()
    do(chat, OLGA, Ban(LOBBY, "*!*@h"))
    items = do(chat, NOBODY, enter(rooms=(LOBBY, "bad", "#ok")))
    assert Banned(LOBBY) in items
    assert RoomNotAllowed("bad", "a room's name begins with #") in items
    assert chat.rooms.joined[NOBODY] == ("#ok",)


@pytest.mark.parametrize(
    ("person_id", "command", "items"),
    [
        (ANNA, enter(), (AlreadyConnected(),)),
        (NOBODY, enter("BOB"), (NameTaken("BOB", BOB),)),
        (NOBODY, enter("a b"), (NameNotAllowed("a b", "it has a space"),)),
        (NOBODY, CheckName("new"), ()),
        (NOBODY, CheckName("bob"), (NameTaken("bob", BOB),)),
        (NOBODY, Rename("bob"), (NameTaken("bob", BOB),)),
        (NOBODY, Rename("new"), ()),
        (BOB, Rename("bob"), ()),
        (BOB, Rename("ANNA"), (NameTaken("ANNA", ANNA),)),
        (BOB, Rename(""), (NameNotAllowed("", "it is empty"),)),
        (NOBODY, SetAway("x"), (NotConnectedYet(),)),
        (NOBODY, Quit(), ()),
        (NOBODY, GrantOper(verified=True), (NotConnectedYet(),)),
    ],
)
def test_what_changes_nothing(person_id, command, items):
    assert decide(house(), person_id, command, NOW) == items


def test_a_wrong_code_gives_nothing_and_is_audited():
    chat = house()
    bob = chat.people[BOB]
    assert do(chat, BOB, GrantOper(verified=False)) == (
        OperFailed(bob),
        WrongCode(),
    )
    assert do(chat, BOB, GrantOper(verified=False, name="x"))[0] == OperFailed(bob, "x")
    assert BOB not in chat.server_operators


@pytest.mark.parametrize("name", ["zoe", "BOB", "боб"])
def test_another_name(name):
    chat = house()
    old = chat.people[BOB]
    assert do(chat, BOB, Rename(name)) == (Renamed(old, renamed(old, name), NOW, (LOBBY, "#tea")),)
    me = chat.person_named(name)
    assert me is not None
    assert me.id == BOB
    assert me.origin == f"{name}!u@host2"
    assert [member.person.name for member in chat.rooms["#tea"].members()] == ["Anna", name]


def test_a_muted_or_banned_person_can_t_change_its_name():
    chat = house()
    do(chat, ANNA, SetMask("#tea", "mute", "bob"))
    assert do(chat, BOB, Rename("zoe")) == (NameFixed("zoe", "#Tea"),)
    assert len(do(chat, BOB, Rename("Bob"))) == 1  # the same name in another case
    do(chat, BOB, Part("#tea"))
    assert isinstance(do(chat, BOB, Rename("zoe"))[0], Renamed)


def test_away_and_back():
    chat = house()
    assert do(chat, BOB, SetAway("lunch")) == (AwayChanged(chat.people[BOB], "lunch"),)
    assert chat.people.away == {BOB: "lunch"}
    do(chat, BOB, SetAway())
    assert chat.people.away == {}


def test_leaving_closes_an_empty_room():
    chat = house()
    anna, bob = chat.people[ANNA], chat.people[BOB]
    assert do(chat, ANNA, Quit("bye")) == (Left(anna, "bye", NOW, (LOBBY, "#tea")),)
    assert do(chat, BOB, Quit()) == (
        Left(bob, "", NOW, (LOBBY, "#tea")),
        RoomClosed("#Tea"),
    )
    assert set(chat.rooms) == {LOBBY}
    do(chat, CAROL, Quit())
    do(chat, OLGA, Quit())
    assert set(chat.rooms) == {LOBBY}
    assert not any(
        (chat.people, chat.people.by_name, chat.server_operators, chat.people.since, chat.rooms.joined)
    )


def test_a_room_with_a_topic_outlives_its_last_member():
    chat = house()
    do(chat, ANNA, SetTopic("#tea", "Green"))
    do(chat, ANNA, Quit())
    do(chat, BOB, Quit())
    assert "#tea" in chat.rooms


def test_a_server_operator_operates_every_room():
    chat = house()
    assert chat.may(OLGA, chat.rooms["#tea"], Right.MANAGE)
    assert not chat.may(CAROL, chat.rooms["#tea"], Right.SPEAK)
    assert chat.owner_code_used


def test_who_is_muted_says_nothing_by_being_away():
    chat = house()
    do(chat, ANNA, SetMask("#tea", "mute", "bob"))
    (event,) = do(chat, BOB, SetAway("buy at example.org"))
    assert event == AwayChanged(chat.people[BOB], "away")
    assert do(chat, BOB, SetAway("or here")) == (StillAway("away"),)
    do(chat, BOB, SetAway())
    do(chat, ANNA, SetMask("#tea", "mute", "bob", on=False))
    assert do(chat, BOB, SetAway("lunch")) == (AwayChanged(chat.people[BOB], "lunch"),)
