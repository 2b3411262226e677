"""Who reads and erases which part of a room's history, after strangers came to an empty room."""

from typing import Any

import pytest

from asyncchat.core.chat import Chat
from asyncchat.core.commands import Command
from asyncchat.core.engine import Engine
from asyncchat.core.events import Record, Retention
from asyncchat.core.features.accounts import LogOut, RegisterAccountVerified
from asyncchat.core.features.connect import Connect
from asyncchat.core.features.history import FoundMessage
from asyncchat.core.features.history_access import (
    HistoryAccess,
    HistoryHidden,
    HistoryReaders,
    RoomTakenOver,
    erasable_since,
    open_since,
    readable_since,
)
from asyncchat.core.features.invites import Invite
from asyncchat.core.features.join import GetRoom, HistoryIsHidden, Join, NotInvited, Part
from asyncchat.core.features.messages import Said
from asyncchat.core.features.metadata.api import GetMetadata, MetadataView, SetMetadata
from asyncchat.core.features.pins import GetPinsResolved, NotPinned, PinResolved, UnpinResolved
from asyncchat.core.features.rename import RenameRoomResolved
from asyncchat.core.features.room_modes import SetFlag, SetMask, SetSetting
from asyncchat.core.features.room_registration import RegisterRoom, SetAccess
from asyncchat.core.features.rooms import Joined
from asyncchat.core.features.topic import GetTopic, SetTopic, TopicChanged
from asyncchat.core.people import from_origin
from asyncchat.log import rows
from asyncchat.log.snapshot import snapshot
from tests.core.house import ANNA, BOB, CAROL, NOW, OLGA, do, house

LATER = NOW + 1_000_000

CLOSINGS: list[Command] = [
    SetFlag("#tea", "invite-only"),
    SetFlag("#tea", "secret"),
    SetFlag("#tea", "accounts-only"),
    SetSetting("#tea", "key", "sesame"),
]


def account(chat: Chat, person_id: int, name: str) -> None:
    """Makes an account and logs a person in to it."""
    do(chat, person_id, RegisterAccountVerified(name, "verifier"))
    assert chat.people[person_id].account == name


def emptied(chat: Chat) -> Chat:
    """The chat after everybody has left #tea."""
    for person_id in list(chat.rooms["#tea"].member_blocks):
        do(chat, person_id, Part("#tea"))
    return chat


def closed(closing: Command = CLOSINGS[0]) -> Chat:
    """The house with an empty #tea that not everyone may join."""
    chat = house()
    do(chat, ANNA, closing)
    return emptied(chat)


def told(chat: Chat, person_id: int, command: Command, now: int = NOW) -> Any:
    """The last item of an outcome."""
    return do(chat, person_id, command, now)[-1]


def since(chat: Chat, person_id: int) -> int:
    return readable_since(chat, person_id, chat.rooms["#tea"])


@pytest.mark.parametrize("closing", CLOSINGS)
def test_who_takes_over_a_closed_room_reads_nothing_older(closing):
    chat = closed(closing)
    if closing is CLOSINGS[2]:
        account(chat, CAROL, "carol")
    outcome = do(chat, CAROL, Join("#tea", "sesame"), LATER)
    assert outcome[:2] == (RoomTakenOver("#Tea", LATER), HistoryHidden("#Tea", LATER))
    assert HistoryIsHidden("#Tea") in outcome
    assert since(chat, CAROL) == LATER
    assert since(chat, OLGA) == 0  # an operator of the server
    assert open_since(chat, "#TEA") == LATER
    assert erasable_since(chat, CAROL, chat.rooms["#tea"]) == LATER


def test_who_takes_over_a_closed_room_reads_no_metadata_of_it():
    chat = house()
    do(chat, ANNA, SetMetadata("#tea", "url", "http://example.org/agenda"))
    do(chat, ANNA, SetFlag("#tea", "secret"))
    emptied(chat)
    do(chat, CAROL, Join("#tea"), LATER)
    assert told(chat, CAROL, GetMetadata("#tea", ())) == MetadataView("#Tea", (), ())
    assert chat.rooms["#tea"].metadata == {}


def test_a_public_room_keeps_its_metadata():
    chat = house()
    do(chat, ANNA, SetMetadata("#tea", "url", "http://example.org/tea"))
    emptied(chat)
    do(chat, CAROL, Join("#tea"), LATER)
    assert dict(chat.rooms["#tea"].metadata) == {"url": "http://example.org/tea"}


def test_a_public_room_keeps_its_history_for_everybody_and_nobody_else_s_lines_are_erased():
    chat = house()
    do(chat, ANNA, SetTopic("#tea", "Green"))
    emptied(chat)
    assert do(chat, CAROL, Join("#tea"), LATER)[0] == RoomTakenOver("#Tea", LATER)
    assert since(chat, CAROL) == 0
    assert open_since(chat, "#tea") == 0
    assert erasable_since(chat, CAROL, chat.rooms["#tea"]) == LATER


def test_a_room_that_is_opened_anew_has_lines_of_others_to_read_and_not_to_erase():
    chat = emptied(house())
    do(chat, CAROL, Join("#tea"), LATER)
    assert since(chat, CAROL) == 0
    assert erasable_since(chat, CAROL, chat.rooms["#tea"]) == LATER


def test_whoever_joins_one_who_took_it_over_reads_no_more_than_that():
    chat = closed()
    do(chat, CAROL, Join("#tea"), LATER)
    do(chat, CAROL, SetFlag("#tea", "invite-only", on=False))
    assert open_since(chat, "#tea") == LATER
    do(chat, BOB, Join("#tea"), LATER + 1)
    assert since(chat, BOB) == LATER


def test_an_account_that_was_there_before_reads_on():
    chat = house()
    account(chat, BOB, "bob")
    do(chat, ANNA, CLOSINGS[0])
    emptied(chat)
    do(chat, CAROL, Join("#tea"), LATER)
    do(chat, CAROL, Invite("#tea", "bob"))
    do(chat, BOB, Join("#tea"))
    assert since(chat, BOB) == 0
    assert since(chat, CAROL) == LATER
    do(chat, BOB, LogOut())
    assert since(chat, BOB) == LATER


@pytest.mark.parametrize("when", ["before closing", "joins later", "logs in there"])
def test_an_account_that_was_there_before_takes_nothing_over(when):
    chat = house()
    if when == "before closing":
        account(chat, BOB, "bob")
    do(chat, ANNA, SetSetting("#tea", "key", "sesame"))
    if when == "logs in there":
        account(chat, BOB, "bob")
    if when == "joins later":
        do(chat, BOB, Part("#tea"))
        account(chat, BOB, "bob")
        do(chat, BOB, Join("#tea", "sesame"))
    emptied(chat)
    outcome = do(chat, BOB, Join("#tea", "sesame"), LATER)
    assert not [item for item in outcome if isinstance(item, HistoryHidden | HistoryIsHidden)]
    assert since(chat, BOB) == 0
    assert erasable_since(chat, BOB, chat.rooms["#tea"]) == LATER


def test_people_whom_the_members_named_take_nothing_over():
    chat = house()
    do(chat, ANNA, CLOSINGS[1])
    do(chat, ANNA, Invite("#tea", "carol"))
    emptied(chat)
    assert HistoryIsHidden("#Tea") not in do(chat, CAROL, Join("#tea"), LATER)
    chat = house()
    do(chat, ANNA, CLOSINGS[0])
    do(chat, ANNA, SetMask("#tea", "guest", "carol"))
    emptied(chat)
    assert HistoryIsHidden("#Tea") not in do(chat, CAROL, Join("#tea"), LATER)


def test_an_empty_room_of_an_account_with_invitations_only_waits_for_it():
    chat = house()
    account(chat, ANNA, "anna")
    account(chat, BOB, "bob")
    do(chat, ANNA, RegisterRoom("#tea"))
    do(chat, ANNA, SetAccess("#tea", "bob", "voice"))
    do(chat, ANNA, CLOSINGS[0])
    emptied(chat)
    assert do(chat, CAROL, Join("#tea")) == (NotInvited("#Tea"),)
    assert isinstance(do(chat, BOB, Join("#tea"))[0], Joined)
    assert erasable_since(chat, BOB, chat.rooms["#tea"]) == chat.rooms["#tea"].opened


def test_who_takes_a_room_over_and_registers_it_owns_no_more_of_it():
    chat = closed(CLOSINGS[3])
    account(chat, CAROL, "carol")
    account(chat, BOB, "bob")
    do(chat, CAROL, Join("#tea", "sesame"), LATER)
    do(chat, CAROL, RegisterRoom("#tea"), LATER + 1)
    do(chat, CAROL, SetAccess("#tea", "bob", "admin"), LATER + 2)
    do(chat, BOB, Join("#tea"), LATER + 3)
    for person_id in (CAROL, BOB):
        assert since(chat, person_id) == LATER
        assert erasable_since(chat, person_id, chat.rooms["#tea"]) == LATER


def test_founders_and_accounts_with_a_role_read_on_after_the_registration_has_ended():
    chat = house()
    account(chat, ANNA, "anna")
    account(chat, BOB, "bob")
    do(chat, ANNA, RegisterRoom("#tea"))
    do(chat, ANNA, SetAccess("#tea", "bob", "voice"))
    do(chat, ANNA, RegisterRoom("#tea", on=False))
    do(chat, ANNA, SetFlag("#tea", "secret"))
    emptied(chat)
    do(chat, CAROL, Join("#tea"), LATER)
    for person_id in (ANNA, BOB):
        do(chat, person_id, Join("#tea"), LATER)
        assert since(chat, person_id) == 0
    assert since(chat, CAROL) == LATER


def test_a_second_stranger_does_not_read_what_the_first_one_s_people_said():
    chat = closed()
    account(chat, BOB, "bob")
    do(chat, CAROL, Join("#tea"), LATER)
    do(chat, CAROL, Invite("#tea", "bob"))
    do(chat, BOB, Join("#tea"))
    emptied(chat)
    account(chat, ANNA, "anna")
    do(chat, ANNA, Join("#tea"), LATER + 5)
    assert since(chat, ANNA) == LATER + 5
    assert since(chat, BOB) == LATER
    assert HistoryAccess.of(chat).readers["#tea"] == {"bob": LATER, "anna": LATER + 5}


def test_what_is_hidden_stays_so_when_everything_is_unset_and_the_room_is_empty_again():
    chat = closed()
    do(chat, CAROL, Join("#tea"), LATER)
    do(chat, CAROL, SetFlag("#tea", "invite-only", on=False))
    do(chat, CAROL, Part("#tea"))
    do(chat, BOB, Join("#tea"), LATER + 9)
    assert since(chat, BOB) == LATER


def test_a_removed_account_leaves_nothing_to_the_next_one_of_that_name():
    chat = house()
    account(chat, BOB, "bob")
    do(chat, ANNA, CLOSINGS[0])
    assert HistoryAccess.of(chat).readers == {"#tea": {"bob": 0}}
    for part in chat.parts.values():
        part.forget_account("bob")
    assert HistoryAccess.of(chat).readers == {"#tea": {}}


def test_it_follows_the_room_to_its_new_name():
    chat = closed()
    do(chat, CAROL, Join("#tea"), LATER)
    do(chat, CAROL, RenameRoomResolved("#tea", "#milk"))
    assert readable_since(chat, CAROL, chat.rooms["#milk"]) == LATER
    assert open_since(chat, "#tea") == 0  # its lines moved with it


def test_the_topic_is_hidden_too():
    chat = house()
    do(chat, ANNA, SetTopic("#tea", "at my place"))
    do(chat, ANNA, CLOSINGS[1])
    emptied(chat)
    view = told(chat, CAROL, Join("#tea"), LATER)
    assert view.topic is None
    assert told(chat, CAROL, GetTopic("#tea")).topic is None
    assert told(chat, OLGA, GetTopic("#tea")).topic.text == "at my place"
    do(chat, CAROL, SetTopic("#tea", "mine"), LATER)
    assert told(chat, CAROL, GetRoom("#tea")).topic.text == "mine"


def test_a_topic_of_the_configuration_is_for_everybody():
    chat = closed(CLOSINGS[1])
    chat.apply(TopicChanged("#tea", from_origin("chat.example.org"), "What is new", NOW))
    assert told(chat, CAROL, Join("#tea"), LATER).topic.text == "What is new"


def test_the_key_of_a_room_of_the_configuration_lets_in():
    chat = closed(CLOSINGS[3])
    chat.rooms.configured = frozenset(("#tea",))
    assert HistoryIsHidden("#Tea") not in do(chat, CAROL, Join("#tea", "sesame"), LATER)
    assert since(chat, CAROL) == 0
    assert erasable_since(chat, CAROL, chat.rooms["#tea"]) == LATER


def test_pins_of_what_is_hidden_are_neither_shown_nor_removed():
    chat = house()
    record = Record(7, NOW, Said("#Tea", chat.people[BOB], "the code is 1234"))
    do(chat, ANNA, PinResolved("#tea", record))
    do(chat, ANNA, CLOSINGS[0])
    emptied(chat)
    do(chat, CAROL, Join("#tea"), LATER)
    found = (FoundMessage(None, 7, "x-7"),)
    assert told(chat, CAROL, GetPinsResolved("#tea", found)).pins == ()
    assert do(chat, CAROL, UnpinResolved("#tea", None)) == (NotPinned("#Tea"),)
    assert do(chat, CAROL, UnpinResolved("#tea", 7)) == (NotPinned("#Tea"),)
    assert [pin.author for pin in told(chat, OLGA, GetPinsResolved("#tea", found)).pins] == ["bob"]


def test_a_replay_of_the_state_alone_gives_the_same():
    chat = Chat()
    engine = Engine(chat, time=NOW)
    facts = []
    source = house()  # only for its people
    for person_id, person in source.people.items():
        facts += _state(engine, person_id, _connect(person.name))
    for person_id, command in (
        (ANNA, RegisterAccountVerified("anna", "v")),
        (ANNA, Join("#tea")),
        (ANNA, CLOSINGS[0]),
        (ANNA, Part("#tea")),
        (CAROL, Join("#tea")),
        (BOB, RegisterAccountVerified("bob", "v")),
        (CAROL, Invite("#tea", "bob")),
        (BOB, Join("#tea")),
    ):
        engine.at(engine.time + 10)
        facts += _state(engine, person_id, command)
    access = HistoryAccess.of(chat)
    assert access.readers["#tea"] == {"anna": 0, "bob": access.hidden["#tea"]}
    assert HistoryAccess.of(Chat.replay(facts)).state() == access.state()
    few = snapshot(facts)
    assert few is not None
    assert HistoryAccess.of(Chat.replay(few)).state() == access.state()


def _state(engine, person_id, command):
    outcome, _ = engine.execute(person_id, command)
    events = [item.event for item in outcome if isinstance(item, Record)]
    return [event for event in events if event.retention is Retention.STATE]


def _connect(name):
    return Connect(name, "u", "h", rooms=("#lobby",))


def test_events_of_the_log_stay_readable():
    for event in (RoomTakenOver("#x", 1), HistoryHidden("#x", 1), HistoryReaders("#x", ("a",), 2)):
        assert rows.decode(1, rows.encode([event])[1:-1]) == event
