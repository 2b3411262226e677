"""Entering, names, away, leaving."""

import pytest

from asyncchat.core import commands, events, replies
from asyncchat.core.names import LOBBY
from asyncchat.core.people import person, renamed
from asyncchat.core.roles import Right
from tests.core.house import ANNA, BOB, CAROL, NOBODY, NOW, OLGA, do, house

NEW = person(NOBODY, "new", "u", "h", "Real")


def enter(name="new", *, rooms=()):
    return commands.Enter(name, "u", "h", "Real", rooms)


def test_entering():
    chat = house()
    assert chat.decide(NOBODY, enter(rooms=(LOBBY,)), NOW) == (
        events.Entered(NEW, NOW),
        commands.AskWelcome(),
        events.Joined(LOBBY, NEW),
        commands.AskRoom(LOBBY, joining=True),
    )


def test_the_first_of_all_opens_the_lobby_and_does_not_operate_it():
    items = do(house().replay([]), NOBODY, enter(rooms=("#LOBBY",)))
    assert items[2:4] == (events.RoomOpened("#LOBBY", NOW), events.Joined("#LOBBY", NEW, operator=False))


def test_entering_a_room_named_twice_joins_it_once():
    chat = house()
    items = do(chat, NOBODY, enter(rooms=("#x", "#X", LOBBY, LOBBY)))
    assert sum(isinstance(item, events.Joined) for item in items) == 2
    assert chat.rooms_of[NOBODY] == ("#x", LOBBY)
    do(chat, NOBODY, commands.Quit())
    assert NOBODY not in chat.people


def test_entering_a_room_that_may_not_be_is_refused_alone():
    chat = house()
    do(chat, OLGA, commands.Ban(LOBBY, "*!*@h"))
    items = do(chat, NOBODY, enter(rooms=(LOBBY, "bad", "#ok")))
    assert replies.Banned(LOBBY) in items
    assert replies.RoomNotAllowed("bad", "a room's name begins with #") in items
    assert chat.rooms_of[NOBODY] == ("#ok",)


@pytest.mark.parametrize(
    ("who", "command", "items"),
    [
        (ANNA, enter(), (replies.AlreadyEntered(),)),
        (NOBODY, enter("BOB"), (replies.NameTaken("BOB", BOB),)),
        (NOBODY, enter("a b"), (replies.NameNotAllowed("a b", "it has a space"),)),
        (NOBODY, commands.CheckName("new"), ()),
        (NOBODY, commands.CheckName("bob"), (replies.NameTaken("bob", BOB),)),
        (NOBODY, commands.Rename("bob"), (replies.NameTaken("bob", BOB),)),
        (NOBODY, commands.Rename("new"), ()),
        (BOB, commands.Rename("bob"), ()),
        (BOB, commands.Rename("ANNA"), (replies.NameTaken("ANNA", ANNA),)),
        (BOB, commands.Rename(""), (replies.NameNotAllowed("", "it is empty"),)),
        (NOBODY, commands.SetAway("x"), (replies.NotEntered(),)),
        (NOBODY, commands.Quit(), ()),
        (NOBODY, commands.ClaimOwner(verified=True), (replies.NotEntered(),)),
    ],
)
def test_what_changes_nothing(who, command, items):
    assert house().decide(who, command, NOW) == items


def test_a_wrong_code_gives_nothing_and_is_noted():
    chat = house()
    bob = chat.people[BOB]
    assert do(chat, BOB, commands.ClaimOwner(verified=False)) == (
        events.ClaimFailed(bob),
        replies.WrongCode(),
    )
    assert do(chat, BOB, commands.ClaimOwner(verified=False, name="x"))[0] == events.ClaimFailed(bob, "x")
    assert BOB not in chat.owners


@pytest.mark.parametrize("name", ["zoe", "BOB", "боб"])
def test_another_name(name):
    chat = house()
    old = chat.people[BOB]
    assert do(chat, BOB, commands.Rename(name)) == (
        events.Renamed(old, renamed(old, name), NOW, (LOBBY, "#tea")),
    )
    me = chat.person_named(name)
    assert me is not None
    assert me.id == BOB
    assert me.origin == f"{name}!u@host2"
    assert [member.person.name for member in chat.rooms["#tea"].members()] == ["Anna", name]


def test_whoever_is_muted_or_banned_keeps_the_name():
    chat = house()
    do(chat, ANNA, commands.Mute("#tea", "bob"))
    assert do(chat, BOB, commands.Rename("zoe")) == (replies.NameFixed("zoe", "#Tea"),)
    assert len(do(chat, BOB, commands.Rename("Bob"))) == 1  # the same name in another case
    do(chat, BOB, commands.Part("#tea"))
    assert isinstance(do(chat, BOB, commands.Rename("zoe"))[0], events.Renamed)


def test_away_and_back():
    chat = house()
    assert do(chat, BOB, commands.SetAway("lunch")) == (events.AwayChanged(chat.people[BOB], "lunch"),)
    assert chat.away == {BOB: "lunch"}
    do(chat, BOB, commands.SetAway())
    assert chat.away == {}


def test_leaving_closes_a_room_that_nobody_is_in():
    chat = house()
    anna, bob = chat.people[ANNA], chat.people[BOB]
    assert do(chat, ANNA, commands.Quit("bye")) == (events.Left(anna, "bye", NOW, (LOBBY, "#tea")),)
    assert do(chat, BOB, commands.Quit()) == (
        events.Left(bob, "", NOW, (LOBBY, "#tea")),
        events.RoomClosed("#Tea"),
    )
    assert set(chat.rooms) == {LOBBY}
    do(chat, CAROL, commands.Quit())
    do(chat, OLGA, commands.Quit())
    assert set(chat.rooms) == {LOBBY}
    assert not any((chat.people, chat.holders, chat.owners, chat.entered, chat.rooms_of))


def test_a_room_with_a_topic_outlives_its_last_member():
    chat = house()
    do(chat, ANNA, commands.SetTopic("#tea", "Green"))
    do(chat, ANNA, commands.Quit())
    do(chat, BOB, commands.Quit())
    assert "#tea" in chat.rooms


def test_the_owner_operates_every_room():
    chat = house()
    assert chat.may(OLGA, chat.rooms["#tea"], Right.RULE)
    assert not chat.may(CAROL, chat.rooms["#tea"], Right.SPEAK)
    assert chat.owner_claimed
