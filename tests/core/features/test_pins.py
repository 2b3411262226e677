"""Pinned messages: who may pin, how many, and what ends a pin."""

import pytest

from asyncchat.core.chat import Chat
from asyncchat.core.events import Record
from asyncchat.core.features.audit import OperOverride
from asyncchat.core.features.history import FoundMessage, Which
from asyncchat.core.features.join import Part, PartAll
from asyncchat.core.features.messages import Said, SaidInPrivate, Speech
from asyncchat.core.features.pins import (
    PINS_EACH,
    GetPins,
    GetPinsResolved,
    NotPinned,
    Pin,
    PinFault,
    Pinned,
    PinnedMessage,
    PinRefused,
    PinResolved,
    Pins,
    PinsView,
    Unpin,
    Unpinned,
    UnpinResolved,
)
from asyncchat.core.features.redaction import Erase
from asyncchat.core.features.rename import RenameRoomResolved
from asyncchat.core.features.room_modes import SetRole
from asyncchat.core.features.rooms import RoomClosed, RoomOpened
from asyncchat.core.features.server import starting
from asyncchat.core.people import NOBODY, person
from asyncchat.core.replies import NoSuchRoom, NotMember, NotOperator
from asyncchat.log.snapshot import snapshot
from tests.core.house import ANNA, BOB, CAROL, NOW, OLGA, do, house


def said(number, text="tea is at four", name="bob", speech=Speech.MESSAGE):
    return Record(number, NOW - 5, Said("#Tea", person(0, name, "u", "h"), text, speech))


def pinned(chat, *numbers):
    for number in numbers:
        do(chat, ANNA, PinResolved("#tea", said(number)))


def numbers(chat, room="#tea"):
    return [pin.message for pin in Pins.of(chat).in_room(room)]


def test_an_operator_pins_and_unpins():
    chat = house()
    anna = chat.people[ANNA]
    told = do(chat, ANNA, PinResolved("#tea", said(7, "tea is at four\nand cake")))
    assert told == (Pinned("#Tea", anna, 7, "bob", NOW - 5, NOW, "tea is at four…"),)
    assert told[0].to_store().about == ""
    assert do(chat, ANNA, UnpinResolved("#tea", 7)) == (Unpinned("#Tea", anna, 7, "bob"),)
    assert numbers(chat) == []


@pytest.mark.parametrize("command", [PinResolved("#tea", said(7)), UnpinResolved("#tea", None)])
def test_who_may(command):
    chat = house()
    pinned(chat, 1)
    assert do(chat, BOB, command) == (NotOperator("#Tea"),)
    assert do(chat, CAROL, command) == (NotMember("#Tea"),)
    do(chat, ANNA, SetRole("#tea", "bob", True, "voice"))
    assert do(chat, BOB, command) == (NotOperator("#Tea"),)
    do(chat, ANNA, SetRole("#tea", "bob", True, "half-operator"))
    assert isinstance(do(chat, BOB, command)[0], Pinned | Unpinned)


def test_an_operator_of_the_server_is_noted_and_no_text_is_kept():
    chat = house()
    olga = chat.people[OLGA]
    event, noted = do(chat, OLGA, PinResolved("#tea", said(7, "hi")))
    assert event == Pinned("#Tea", olga, 7, "bob", NOW - 5, NOW, "hi")
    assert noted == OperOverride(olga, Pinned("#Tea", olga, 7, "bob", NOW - 5, NOW))


@pytest.mark.parametrize(
    ("command", "fault"),
    [
        (PinResolved("#tea", None), PinFault.UNKNOWN),
        (PinResolved("#tea", None, True), PinFault.FAILED),
        (PinResolved("#tea", said(8, speech=Speech.CTCP_QUERY)), PinFault.UNKNOWN),
        (PinResolved("#tea", Record(8, NOW, SaidInPrivate(NOBODY, NOBODY, "hi"))), PinFault.UNKNOWN),
        (PinResolved("#tea", said(7)), PinFault.PINNED),
    ],
)
def test_what_can_not_be_pinned(command, fault):
    chat = house()
    pinned(chat, 7)
    assert do(chat, ANNA, command) == (PinRefused(fault, "#Tea"),)


def test_at_most_fifty():
    chat = house()
    pinned(chat, *range(1, PINS_EACH + 1))
    assert do(chat, ANNA, PinResolved("#tea", said(99))) == (PinRefused(PinFault.FULL, "#Tea"),)
    do(chat, ANNA, UnpinResolved("#tea", 1))
    pinned(chat, 99)
    assert numbers(chat) == [*range(2, PINS_EACH + 1), 99]


def test_which_pin_is_meant():
    chat = house()
    do(chat, ANNA, PinResolved("#tea", said(1, name="Zoe")))
    pinned(chat, 2, 3)
    assert do(chat, ANNA, UnpinResolved("#tea", 9)) == (NotPinned("#Tea"),)
    assert do(chat, ANNA, UnpinResolved("#tea", None, "nobody")) == (NotPinned("#Tea"),)
    do(chat, ANNA, UnpinResolved("#tea", None, "zoe"))
    assert numbers(chat) == [2, 3]
    do(chat, ANNA, UnpinResolved("#tea", None))
    assert numbers(chat) == [2]


def test_the_server_finds_the_messages():
    which = Which("#tea", name="bob", own=None)
    record = said(7)
    found, missing = FoundMessage(record, 7, "e-7"), FoundMessage(None, 7, "e-7")
    assert Pin(which).wanted(Chat()) == Unpin(which).wanted(Chat()) == (which,)
    assert Pin(which).resolve([found]) == PinResolved("#tea", record)
    assert Unpin(which).resolve([found]) == UnpinResolved("#tea", None, "bob")
    assert Unpin(Which("#tea", name="e-7")).resolve([missing]) == UnpinResolved("#tea", 7, "e-7")
    assert Unpin(Which("#tea", 7)).resolve([missing]) == UnpinResolved("#tea", 7)
    chat = house()
    pinned(chat, 7, 8)
    assert GetPins("#TEA").wanted(chat) == (Which("#TEA", 7), Which("#TEA", 8))


def test_the_list_has_what_the_history_has():
    chat = house()
    pinned(chat, 7, 8, 9)
    messages = (FoundMessage(said(7, "x" * 500), 7, "e-7"), FoundMessage(None, 8, "e-8"))
    asked = GetPins("#tea").resolve(messages)
    assert asked == GetPinsResolved("#tea", messages)
    shown = (
        PinnedMessage("e-7", "bob", NOW - 5, "x" * 200 + "…", "Anna", NOW),
        PinnedMessage("e-8", "bob", NOW - 5, "", "Anna", NOW),
    )
    for reader in (ANNA, BOB, OLGA):
        assert do(chat, reader, asked) == (PinsView("#Tea", shown),)
    assert do(chat, CAROL, asked) == (NotMember("#Tea"),)
    assert do(chat, ANNA, GetPinsResolved("#none", ())) == (NoSuchRoom("#none"),)


def test_an_erased_message_is_no_longer_pinned():
    chat = house()
    pinned(chat, 1, 2, 3)
    do(chat, ANNA, Erase("#tea", (1, 3)))
    assert numbers(chat) == [2]


def test_a_renamed_room_keeps_its_pins():
    chat = house()
    pinned(chat, 1)
    do(chat, ANNA, RenameRoomResolved("#tea", "#Coffee"))
    assert (numbers(chat, "#coffee"), numbers(chat)) == ([1], [])
    do(chat, ANNA, RenameRoomResolved("#coffee", "#COFFEE"))
    assert numbers(chat, "#coffee") == [1]


def test_a_room_with_pins_outlives_its_last_member_and_a_restart():
    chat = house()
    pinned(chat, 1, 2)
    do(chat, BOB, PartAll())
    assert do(chat, ANNA, Part("#tea"))[1:] == ()
    for fact in starting(chat, "0.1.0"):
        chat.apply(fact)
    assert numbers(chat) == [1, 2]


@pytest.mark.parametrize("last", [UnpinResolved("#tea", None), Erase("#tea", (2,))])
def test_an_empty_room_ends_with_its_last_pin(last):
    chat = house()
    pinned(chat, 1, 2)
    do(chat, BOB, PartAll())
    do(chat, ANNA, Part("#tea"))
    do(chat, OLGA, UnpinResolved("#tea", 1))
    assert "#tea" in chat.rooms
    assert RoomClosed("#Tea") in do(chat, OLGA, last)
    assert Pins.of(chat).rooms == {}


def test_a_snapshot_has_the_pins():
    chat = house()
    facts = [
        fact
        for number in (1, 2)
        for fact in do(chat, ANNA, PinResolved("#tea", said(number)))
        if isinstance(fact, Pinned)
    ]
    few = snapshot([RoomOpened("#Tea", NOW), *facts])
    assert few is not None
    assert Pins.of(Chat.replay(few)).state() == Pins.of(chat).state()
