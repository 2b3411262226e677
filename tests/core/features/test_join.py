"""Joining, leaving, topics."""

import pytest

from asyncchat.core.chat import Chat
from asyncchat.core.events import Record
from asyncchat.core.features import join
from asyncchat.core.features.connect import Connect
from asyncchat.core.features.history_access import RoomTakenOver
from asyncchat.core.features.join import (
    Banned,
    GetRoom,
    Join,
    Part,
    PartAll,
    RoomNotAllowed,
    RoomView,
    TooManyRooms,
    TooManyRoomsOpened,
)
from asyncchat.core.features.messages import Said
from asyncchat.core.features.metadata.api import SetMetadata
from asyncchat.core.features.moderation import Ban
from asyncchat.core.features.pins import PinResolved
from asyncchat.core.features.room_modes import SetFlag, SetMask, SetSetting
from asyncchat.core.features.rooms import Joined, Parted, RoomClosed, RoomOpened
from asyncchat.core.features.topic import SetTopic, TopicChanged
from asyncchat.core.names import LOBBY
from asyncchat.core.people import person
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
    taken, joined, _ = do(chat, CAROL, Join("#tea"))
    assert taken == RoomTakenOver("#Tea", NOW)
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


@pytest.mark.parametrize(
    "kept",
    [
        SetSetting("#kept", "key", "sesame"),
        SetFlag("#kept", "secret"),
        SetFlag("#kept", "moderated"),
        SetMask("#kept", "ban", "bob"),
        SetMask("#kept", "guest", "bob"),
        SetMetadata("#kept", "url", "x"),
        PinResolved("#kept", Record(1, NOW, Said("#kept", person(1, "a", "u", "h"), "hi"))),
    ],
)
def test_a_full_server_closes_no_room_in_which_something_is_set(monkeypatch, kept):
    chat = house()
    do(chat, ANNA, Join("#kept"))
    do(chat, ANNA, kept)
    do(chat, ANNA, SetTopic("#kept", "stays"))
    do(chat, ANNA, Part("#kept"))
    before = chat.rooms["#kept"].state()
    monkeypatch.setattr(join, "ROOMS_IN_ALL", len(chat.rooms))
    assert do(chat, CAROL, Join("#x")) == (TooManyRooms("#x", len(chat.rooms)),)
    assert chat.rooms["#kept"].state() == before


def test_a_full_server_looks_at_few_rooms(monkeypatch):
    chat = house()
    for number in range(5):
        do(chat, ANNA, Join(f"#{number}"))
        do(chat, ANNA, SetTopic(f"#{number}", "stays"))
        if number:
            do(chat, ANNA, SetFlag(f"#{number}", "moderated"))
        do(chat, ANNA, Part(f"#{number}"))
    monkeypatch.setattr(join, "ROOMS_IN_ALL", len(chat.rooms))
    monkeypatch.setattr(join, "_LOOKED_AT", 4)
    assert do(chat, CAROL, Join("#x")) == (TooManyRooms("#x", len(chat.rooms)),)
    monkeypatch.setattr(join, "_LOOKED_AT", 5)
    assert do(chat, CAROL, Join("#x"))[0] == RoomClosed("#0")


def test_a_full_server_closes_no_room_of_the_configuration(monkeypatch):
    chat = house()
    chat.rooms.configured = frozenset(("#kept",))
    do(chat, ANNA, Join("#kept"))
    do(chat, ANNA, SetTopic("#kept", "stays"))
    do(chat, ANNA, Part("#kept"))
    monkeypatch.setattr(join, "ROOMS_IN_ALL", len(chat.rooms))
    assert do(chat, CAROL, Join("#x")) == (TooManyRooms("#x", len(chat.rooms)),)


def from_network(chat, number, address):
    do(chat, number, Connect(f"p{number}", "u", address, address=address))


class TestRoomsOfANetwork:
    @pytest.mark.parametrize(
        ("first", "second", "same"),
        [
            ("192.0.2.7", "192.0.2.7", True),
            ("192.0.2.7", "192.0.2.8", False),
            ("2001:db8::1", "2001:db8::ffff:1", True),
            ("2001:db8::1", "2001:db8:0:1::1", False),
            ("::ffff:192.0.2.7", "192.0.2.7", True),
            ("127.0.0.1", "127.0.0.1", False),
            ("::1", "::1", False),
            ("localhost", "localhost", False),
        ],
    )
    def test_a_network_opens_only_so_many(self, first, second, same):
        chat = Chat()
        chat.rooms.per_network = 2
        from_network(chat, 1, first)
        from_network(chat, 2, second)
        for room in ("#a", "#b"):
            do(chat, 1, Join(room))
        refused = do(chat, 2, Join("#c")) == (TooManyRoomsOpened("#c", 2),)
        assert refused == same
        assert isinstance(do(chat, 2, Join("#a"))[0], Joined)

    def test_a_48_opens_what_eight_64_may(self):
        chat = Chat()
        chat.rooms.per_network = 1
        outcomes = []
        for number in range(1, 21):
            from_network(chat, number, f"2001:db8:7:{number:x}::1")
            outcomes.append(do(chat, number, Join(f"#r{number}"))[0])
        assert [isinstance(one, RoomOpened) for one in outcomes] == [True] * 8 + [False] * 12
        do(chat, 1, Part("#r1"))
        assert isinstance(do(chat, 20, Join("#r20"))[0], RoomOpened)
        for number in range(2, 21):
            do(chat, number, PartAll())
        assert chat.rooms.opened_from == {}

    def test_a_cloak_or_another_host_does_not_change_the_network(self):
        chat = Chat()
        chat.rooms.per_network = 1
        do(chat, 1, Connect("a", "u", "k3x.p5m.h4n.ip", address="192.0.2.7"))
        do(chat, 1, Join("#a"))
        assert chat.rooms.opened_from == {"192.0.2.7": 1}
        assert do(chat, 1, Join("#b")) == (TooManyRoomsOpened("#b", 1),)

    def test_a_room_that_closed_counts_no_more_and_one_that_is_kept_does(self):
        chat = Chat()
        chat.rooms.per_network = 1
        from_network(chat, 1, "192.0.2.7")
        do(chat, 1, Join("#a"))
        do(chat, 1, Part("#a"))
        do(chat, 1, Join("#b"))
        do(chat, 1, SetSetting("#b", "key", "x"))
        do(chat, 1, Part("#b"))
        assert do(chat, 1, Join("#c")) == (TooManyRoomsOpened("#c", 1),)
        from_network(chat, 2, "192.0.2.8")
        do(chat, 2, Join("#b", "x"))  # it is theirs to count now
        assert chat.rooms.opened_from == {"192.0.2.8": 1}
        assert isinstance(do(chat, 1, Join("#c"))[0], RoomOpened)

    def test_no_limit(self):
        chat = Chat()
        from_network(chat, 1, "192.0.2.7")
        for number in range(50):
            assert isinstance(do(chat, 1, Join(f"#{number}"))[0], RoomOpened)


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
