"""Rooms that nobody is in are forgotten one day, and what was hidden in them stays so."""

import pytest

from asyncchat.core.chat import Chat
from asyncchat.core.features import empty_rooms
from asyncchat.core.features.accounts import RegisterAccountVerified
from asyncchat.core.features.empty_rooms import EMPTY_ROOM_DAYS, EmptyRooms, RoomEmpty, sweep
from asyncchat.core.features.history_access import (
    HistoryHidden,
    HistoryReaders,
    open_since,
    readable_since,
)
from asyncchat.core.features.join import Join, Part
from asyncchat.core.features.rename import RenameRoomResolved
from asyncchat.core.features.room_modes import SetFlag, SetSetting
from asyncchat.core.features.room_registration import RegisterRoom
from asyncchat.core.features.rooms import RoomClosed
from asyncchat.core.features.topic import SetTopic
from asyncchat.core.names import LOBBY
from tests.core.house import ANNA, BOB, CAROL, NOW, do, house

DAY = 86_400_000_000
LONG = EMPTY_ROOM_DAYS * DAY


def empty(*commands) -> Chat:
    """The house with an empty #tea that is kept."""
    chat = house()
    for command in commands or (SetTopic("#tea", "Green"),):
        do(chat, ANNA, command)
    do(chat, ANNA, Part("#tea"))
    do(chat, BOB, Part("#tea"))
    return chat


def swept(chat: Chat, now: int):
    events = sweep(chat, now)
    for event in events:
        chat.apply(event)
    return events


def test_an_empty_room_is_forgotten_after_its_days_and_not_before():
    chat = empty()
    assert swept(chat, NOW) == (RoomEmpty("#Tea", NOW),)
    assert swept(chat, NOW + LONG) == ()
    assert swept(chat, NOW + LONG + 1) == (RoomClosed("#Tea"),)
    assert "#tea" not in chat.rooms
    assert EmptyRooms.of(chat).since == {}
    do(chat, CAROL, Join("#tea"), NOW + LONG + 2)
    assert readable_since(chat, CAROL, chat.rooms["#tea"]) == 0  # it was public


def test_a_closed_room_is_forgotten_with_its_history_hidden():
    chat = empty(SetSetting("#tea", "key", "sesame"))
    swept(chat, NOW)
    then = NOW + LONG + 1
    assert swept(chat, then) == (HistoryHidden("#Tea", then), RoomClosed("#Tea"))
    assert open_since(chat, "#tea") == then
    do(chat, CAROL, Join("#tea"), then + 1)
    assert readable_since(chat, CAROL, chat.rooms["#tea"]) == then


def test_a_visit_counts():
    chat = empty()
    swept(chat, NOW)
    do(chat, CAROL, Join("#tea"), NOW + 5)
    assert EmptyRooms.of(chat).since == {}
    do(chat, CAROL, Part("#tea"), NOW + 6)
    assert swept(chat, NOW + LONG + 1) == (RoomEmpty("#Tea", NOW + LONG + 1),)


def test_people_who_are_back_after_a_restart_count():
    chat = empty()
    swept(chat, NOW)
    chat.rooms["#tea"].add_member(chat.people[CAROL], 0)  # as always-on people are put back
    assert swept(chat, NOW + LONG + 1) == (RoomEmpty("#Tea", 0),)
    assert swept(chat, NOW + LONG + 1) == ()


def test_which_rooms_are_kept_for_ever():
    chat = house()
    do(chat, ANNA, RegisterAccountVerified("anna", "v"))
    do(chat, ANNA, RegisterRoom("#tea"))
    for person_id in (ANNA, BOB):
        do(chat, person_id, Part("#tea"))
    for person_id in list(chat.rooms[LOBBY].member_blocks):
        do(chat, person_id, Part(LOBBY))
    assert swept(chat, NOW) == ()
    chat = empty(SetFlag("#tea", "moderated"))
    chat.rooms.configured = frozenset(("#tea",))
    assert swept(chat, NOW) == ()
    chat = empty()
    swept(chat, NOW)
    EmptyRooms.of(chat).max_days = 0
    assert swept(chat, NOW + 100 * LONG) == ()


def test_a_rename_takes_it_along():
    chat = house()
    EmptyRooms.of(chat).since["#tea"] = NOW
    do(chat, ANNA, RenameRoomResolved("#tea", "#milk"))
    assert EmptyRooms.of(chat).since == {"#milk": NOW}


@pytest.mark.parametrize("rooms", [3, 40])
def test_one_sweep_has_an_end(monkeypatch, rooms):
    monkeypatch.setattr(empty_rooms, "_AT_ONCE", 10)
    chat = house()
    for number in range(rooms):
        do(chat, ANNA, Join(f"#r{number}"))
        do(chat, ANNA, SetTopic(f"#r{number}", "x"))
        do(chat, ANNA, Part(f"#r{number}"))
    counts = []
    while events := swept(chat, NOW):
        counts.append(len(events))
    assert sum(counts) == rooms
    assert max(counts) <= 10


def test_facts_about_a_room_that_is_not_open_leave_nothing():
    chat = Chat()
    before = chat.state()
    chat.apply(RoomEmpty("#gone", 5))
    chat.apply(HistoryReaders("#gone", ("anna",)))
    assert chat.state() == before
    assert [fact for part in chat.parts.values() for fact in part.facts(chat)] == []
