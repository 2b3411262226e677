"""Joining, leaving, topics."""

import pytest

from asyncchat.core import commands, events, replies
from asyncchat.core.names import LOBBY
from asyncchat.core.rules import rooms
from asyncchat.core.text import TOPIC_BYTES
from tests.core.house import ANNA, BOB, CAROL, NOBODY, NOW, OLGA, do, house


@pytest.mark.parametrize(
    ("who", "command", "items"),
    [
        (NOBODY, commands.Join("#tea"), (replies.NotEntered(),)),
        (ANNA, commands.Join("#TEA"), ()),
        (ANNA, commands.Join("tea"), (replies.RoomNotAllowed("tea", "a room's name begins with #"),)),
        (NOBODY, commands.Part("#tea"), (replies.NotEntered(),)),
        (CAROL, commands.Part("#TEA"), (replies.NotMember("#Tea"),)),
        (CAROL, commands.Part("#x"), (replies.NoSuchRoom("#x"),)),
        (NOBODY, commands.PartAll(), (replies.NotEntered(),)),
        (CAROL, commands.SetTopic("#tea", "x"), (replies.NotMember("#Tea"),)),
        (BOB, commands.SetTopic("#tea", "x"), (replies.NotOperator("#Tea"),)),
        (ANNA, commands.SetTopic("#tea", ""), ()),
        (ANNA, commands.SetTopic("#tea", "ы" * 136), (replies.TextTooLong(TOPIC_BYTES),)),
        (ANNA, commands.SetTopic("#tea", "\ud800" * 91), (replies.TextTooLong(TOPIC_BYTES),)),
    ],
)
def test_what_changes_nothing(who, command, items):
    assert house().decide(who, command, NOW) == items


def test_the_first_member_opens_a_room_and_operates_it():
    chat = house()
    carol = chat.people[CAROL]
    assert chat.decide(CAROL, commands.Join("#Класс"), NOW) == (
        events.RoomOpened("#Класс", NOW),
        events.Joined("#Класс", carol, operator=True),
        commands.AskRoom("#Класс", joining=True),
    )
    do(chat, CAROL, commands.Join("#Класс"))
    _, view = do(chat, BOB, commands.Join("#КЛАСС"))
    assert isinstance(view, replies.RoomView)
    assert (view.room, view.size, view.joining) == ("#Класс", 2, True)
    assert set(chat.rooms["#класс"].roles) == {CAROL}


def test_an_empty_room_that_stayed_gets_a_new_operator():
    chat = house()
    do(chat, ANNA, commands.SetTopic("#tea", "Green"))
    do(chat, ANNA, commands.PartAll())
    do(chat, BOB, commands.Part("#tea"))
    joined = do(chat, CAROL, commands.Join("#tea"))[0]
    assert joined == events.Joined("#Tea", chat.people[CAROL], operator=True)


def test_the_lobby_never_gets_one():
    chat = house()
    for who in (ANNA, BOB, CAROL, OLGA):
        do(chat, who, commands.Part(LOBBY))
    assert LOBBY in chat.rooms
    do(chat, BOB, commands.Join(LOBBY))
    assert chat.rooms[LOBBY].roles == {}


def test_who_is_banned_can_t_join_but_for_the_owner():
    chat = house()
    do(chat, ANNA, commands.Ban("#tea", "*"))
    assert do(chat, CAROL, commands.Join("#tea")) == (replies.Banned("#Tea"),)
    assert isinstance(do(chat, OLGA, commands.Join("#tea"))[0], events.Joined)


def test_leaving_a_room():
    chat = house()
    bob = chat.people[BOB]
    assert do(chat, BOB, commands.Part("#tea", "bye")) == (events.Parted("#Tea", bob, "bye"),)
    assert chat.rooms_of[BOB] == (LOBBY,)
    assert do(chat, ANNA, commands.Part("#tea"))[1:] == (events.RoomClosed("#Tea"),)


def test_leaving_all_rooms():
    chat = house()
    do(chat, BOB, commands.Part("#tea"))
    anna = chat.people[ANNA]
    assert do(chat, ANNA, commands.PartAll()) == (
        events.Parted(LOBBY, anna),
        events.Parted("#Tea", anna),
        events.RoomClosed("#Tea"),
    )
    assert do(chat, ANNA, commands.PartAll()) == ()


def test_limits(monkeypatch):
    chat = house()
    monkeypatch.setattr(rooms, "ROOMS_EACH", 2)
    assert do(chat, ANNA, commands.Join("#x")) == (replies.TooManyRooms("#x", 2),)
    monkeypatch.setattr(rooms, "ROOMS_IN_ALL", 2)
    assert do(chat, CAROL, commands.Join("#x")) == (replies.TooManyRooms("#x", 2),)
    assert isinstance(do(chat, CAROL, commands.Join("#tea"))[0], events.Joined)


def test_a_full_house_makes_place_where_nobody_is(monkeypatch):
    chat = house()
    do(chat, ANNA, commands.Join("#kept"))
    do(chat, ANNA, commands.SetTopic("#kept", "stays"))
    do(chat, ANNA, commands.Part("#kept"))
    assert "#kept" in chat.rooms
    monkeypatch.setattr(rooms, "ROOMS_IN_ALL", len(chat.rooms))
    assert do(chat, CAROL, commands.Join("#x"))[0] == events.RoomClosed("#kept")
    assert do(chat, CAROL, commands.Join("#y")) == (replies.TooManyRooms("#y", len(chat.rooms)),)


def test_entering_keeps_to_the_limit_of_rooms(monkeypatch):
    monkeypatch.setattr(rooms, "ROOMS_EACH", 2)
    chat = house()
    items = do(chat, NOBODY, commands.Enter("new", "u", "h", rooms=("#a", "#b", "#c")))
    assert items[-1] == replies.TooManyRooms("#c", 2)
    assert chat.rooms_of[NOBODY] == ("#a", "#b")


def test_topics():
    chat = house()
    anna = chat.people[ANNA]
    assert do(chat, ANNA, commands.SetTopic("#tea", "Green")) == (
        events.TopicChanged("#Tea", anna, "Green", NOW),
    )
    do(chat, ANNA, commands.SetFlag("#tea", "topic-locked", on=False))
    do(chat, BOB, commands.SetTopic("#tea", "Black"))
    topic = chat.rooms["#tea"].topic
    assert topic is not None
    assert (topic.text, topic.by, topic.time) == ("Black", "bob!u@host2", NOW)
    do(chat, BOB, commands.SetTopic("#tea", ""))
    assert chat.rooms["#tea"].topic is None
