"""Joining, leaving, topics."""

import pytest

from asyncchat.core.features import join
from asyncchat.core.features.connect import Connect
from asyncchat.core.features.join import (
    Banned,
    GetRoom,
    Join,
    Part,
    PartAll,
    RoomNotAllowed,
    RoomView,
    TooManyRooms,
)
from asyncchat.core.features.moderation import Ban
from asyncchat.core.features.room_modes import SetFlag
from asyncchat.core.features.rooms import Joined, Parted, RoomClosed, RoomOpened
from asyncchat.core.features.topic import SetTopic, TopicChanged
from asyncchat.core.names import LOBBY
from asyncchat.core.replies import NoSuchRoom, NotConnectedYet, NotMember, NotOperator, TextTooLong
from asyncchat.core.text import TOPIC_BYTES
from tests.core.house import ANNA, BOB, CAROL, NOBODY, NOW, OLGA, decide, do, house


@pytest.mark.parametrize(
    ("person_id", "command", "items"),
    [
        (NOBODY, Join("#tea"), (NotConnectedYet(),)),
        (ANNA, Join("#TEA"), ()),
        (ANNA, Join("tea"), (RoomNotAllowed("tea", "a room's name begins with #"),)),
        (NOBODY, Part("#tea"), (NotConnectedYet(),)),
        (CAROL, Part("#TEA"), (NotMember("#Tea"),)),
        (CAROL, Part("#x"), (NoSuchRoom("#x"),)),
        (NOBODY, PartAll(), (NotConnectedYet(),)),
        (CAROL, SetTopic("#tea", "x"), (NotMember("#Tea"),)),
        (BOB, SetTopic("#tea", "x"), (NotOperator("#Tea"),)),
        (ANNA, SetTopic("#tea", ""), ()),
        (ANNA, SetTopic("#tea", "ы" * 136), (TextTooLong(TOPIC_BYTES),)),
        (ANNA, SetTopic("#tea", "\ud800" * 91), (TextTooLong(TOPIC_BYTES),)),
    ],
)
def test_what_changes_nothing(person_id, command, items):
    assert decide(house(), person_id, command, NOW) == items


def test_the_first_member_opens_a_room_and_becomes_its_operator():
    chat = house()
    carol = chat.people[CAROL]
    assert decide(chat, CAROL, Join("#Класс"), NOW) == (
        RoomOpened("#Класс", NOW),
        Joined("#Класс", carol, operator=True),
        GetRoom("#Класс", joining=True),
    )
    do(chat, CAROL, Join("#Класс"))
    _, view = do(chat, BOB, Join("#КЛАСС"))
    assert isinstance(view, RoomView)
    assert (view.room, view.size, view.joining) == ("#Класс", 2, True)
    assert set(chat.rooms["#класс"].roles) == {CAROL}


def test_an_empty_room_gets_a_new_operator():
    chat = house()
    do(chat, ANNA, SetTopic("#tea", "Green"))
    do(chat, ANNA, PartAll())
    do(chat, BOB, Part("#tea"))
    joined = do(chat, CAROL, Join("#tea"))[0]
    assert joined == Joined("#Tea", chat.people[CAROL], operator=True)


def test_the_lobby_never_gets_an_operator():
    chat = house()
    for person_id in (ANNA, BOB, CAROL, OLGA):
        do(chat, person_id, Part(LOBBY))
    assert LOBBY in chat.rooms
    do(chat, BOB, Join(LOBBY))
    assert chat.rooms[LOBBY].roles == {}


def test_a_banned_person_can_t_join_but_a_server_operator_can():
    chat = house()
    do(chat, ANNA, Ban("#tea", "*"))
    assert do(chat, CAROL, Join("#tea")) == (Banned("#Tea"),)
    assert isinstance(do(chat, OLGA, Join("#tea"))[0], Joined)


def test_leaving_a_room():
    chat = house()
    bob = chat.people[BOB]
    assert do(chat, BOB, Part("#tea", "bye")) == (Parted("#Tea", bob, "bye"),)
    assert chat.rooms.joined[BOB] == (LOBBY,)
    assert do(chat, ANNA, Part("#tea"))[1:] == (RoomClosed("#Tea"),)


def test_leaving_all_rooms():
    chat = house()
    do(chat, BOB, Part("#tea"))
    anna = chat.people[ANNA]
    assert do(chat, ANNA, PartAll()) == (
        Parted(LOBBY, anna),
        Parted("#Tea", anna),
        RoomClosed("#Tea"),
    )
    assert do(chat, ANNA, PartAll()) == ()


def test_limits(monkeypatch):
    chat = house()
    monkeypatch.setattr(join, "ROOMS_EACH", 2)
    assert do(chat, ANNA, Join("#x")) == (TooManyRooms("#x", 2),)
    monkeypatch.setattr(join, "ROOMS_IN_ALL", 2)
    assert do(chat, CAROL, Join("#x")) == (TooManyRooms("#x", 2),)
    assert isinstance(do(chat, CAROL, Join("#tea"))[0], Joined)


def test_a_full_server_closes_an_empty_room(monkeypatch):
    chat = house()
    do(chat, ANNA, Join("#kept"))
    do(chat, ANNA, SetTopic("#kept", "stays"))
    do(chat, ANNA, Part("#kept"))
    assert "#kept" in chat.rooms
    monkeypatch.setattr(join, "ROOMS_IN_ALL", len(chat.rooms))
    assert do(chat, CAROL, Join("#x"))[0] == RoomClosed("#kept")
    assert do(chat, CAROL, Join("#y")) == (TooManyRooms("#y", len(chat.rooms)),)


def test_connecting_keeps_the_limit_of_rooms(monkeypatch):
    monkeypatch.setattr(join, "ROOMS_EACH", 2)
    chat = house()
    items = do(chat, NOBODY, Connect("new", "u", "h", rooms=("#a", "#b", "#c")))
    assert items[-1] == TooManyRooms("#c", 2)
    assert chat.rooms.joined[NOBODY] == ("#a", "#b")


def test_topics():
    chat = house()
    anna = chat.people[ANNA]
    assert do(chat, ANNA, SetTopic("#tea", "Green")) == (TopicChanged("#Tea", anna, "Green", NOW),)
    do(chat, ANNA, SetFlag("#tea", "topic-locked", on=False))
    do(chat, BOB, SetTopic("#tea", "Black"))
    topic = chat.rooms["#tea"].topic
    assert topic is not None
    assert (topic.text, topic.by, topic.time) == ("Black", "bob!u@host2", NOW)
    do(chat, BOB, SetTopic("#tea", ""))
    assert chat.rooms["#tea"].topic is None
