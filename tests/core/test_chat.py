"""The state: a replay gives the live state, and no command breaks it."""

from collections import Counter
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from asyncchat.core.chat import Chat
from asyncchat.core.commands import Command, IoCommand, Pause, Query
from asyncchat.core.engine import Engine
from asyncchat.core.events import Event, Record, Retention
from asyncchat.core.features import ANY_EVENT, EVENTS
from asyncchat.core.features.accounts import RegisterAccountVerified
from asyncchat.core.features.always_on import AlwaysOnAccounts, SetAlwaysOn, always_on_of, is_always_on
from asyncchat.core.features.away import SetAway
from asyncchat.core.features.connect import Connect, Detach, Quit
from asyncchat.core.features.files import ID_LENGTH
from asyncchat.core.features.history import FoundMessage, Which
from asyncchat.core.features.invite_codes import InviteCodes, code_digest
from asyncchat.core.features.invites import Invites
from asyncchat.core.features.join import Join
from asyncchat.core.features.messages import Said, SaidInPrivate, Say, Speech
from asyncchat.core.features.metadata.api import SetMetadata
from asyncchat.core.features.metadata.state import Metadata
from asyncchat.core.features.moderation import Ban
from asyncchat.core.features.opers import GrantOper
from asyncchat.core.features.pins import PinResolved, Pins
from asyncchat.core.features.presence import NodeStarted, SessionAttached
from asyncchat.core.features.queries import Span
from asyncchat.core.features.room_modes import SetFlag, SetRole
from asyncchat.core.features.rooms import RoomClosed
from asyncchat.core.features.server import starting
from asyncchat.core.features.server_bans import BanFromServer
from asyncchat.core.features.topic import SetTopic
from asyncchat.core.features.visitors import Visitor
from asyncchat.core.features.webpush import Subscription
from asyncchat.core.modes import FLAGS, MASK_LISTS, PERSON_FLAGS, SETTINGS
from asyncchat.core.names import LOBBY, fold
from asyncchat.core.people import person
from asyncchat.core.registry import HANDLERS, QUERY_HANDLERS, SLICED_HANDLERS
from asyncchat.core.roles import ROLE_NAMED
from asyncchat.core.rooms import BLOCK_SIZE
from tests.core.house import ANNA, BOB, NOW, decide, do, house


def leaves(kind):
    below = kind.__subclasses__()
    return {leaf for one in below for leaf in leaves(one)} if below else {kind}


def test_every_command_has_a_handler_and_every_query_an_answer():
    by_server = leaves(IoCommand) - set(SLICED_HANDLERS)  # the server answers these
    assert set(HANDLERS) == leaves(Command) - by_server - {Pause}
    assert set(QUERY_HANDLERS) == leaves(Query)


def test_every_event_is_one_of_the_closed_set():
    assert {event for event in leaves(Event) if not event.retired} == set(EVENTS)


def whole(chat: Chat) -> dict[str, object]:
    return {**chat.state(), "entered": dict(chat.people.since), "most_people": chat.people.most}


# Random commands of many clients.

sessions = st.integers(1, 6)
names = st.sampled_from(["anna", "ANNA", "bob", "Иван", "иван", "zoe", "bad name", "", "＃x"])
rooms = st.sampled_from([LOBBY, "#tea", "#Tea", "#класс", "#beer", "bad"])
masks = names | st.sampled_from(["*", "a*", "*!*@h1", "*@h[12]", "Иван!*@*"])
texts = st.sampled_from(["", "hi", "x" * 400, "ы" * 5000])
switch = st.booleans()

keys = st.sampled_from(["avatar", "url", "Bad"])
pending = st.lists(st.tuples(keys, st.sampled_from([None, "", "x", "x" * 300])), max_size=3).map(tuple)

endpoints = st.sampled_from(["https://push.example/1", "https://push.example/2"])
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "name": names,
    "all": st.booleans(),
    "every": st.booleans(),
    "status": st.booleans(),
    "away": st.sampled_from(["", "lunch"]),
    "session": sessions,
    "silent": st.just(0),
    "missed": st.none(),
    "accounts": st.lists(names.map(fold), max_size=2).map(tuple),
    "account": names,
    "verifier": st.just("secret"),
    "network": st.sampled_from(("", "a mark")),
    "email": st.just(""),
    "token": names,
    "digest": st.just(code_digest("2345-6789-ABCD")),
    "code": st.sampled_from(["", "2345-6789-ABCD"]),
    "gateway": st.sampled_from(["", "kiwi"]),
    "link": st.just(""),
    "label": st.sampled_from(["", "phone"]),
    "secret": st.just("secret"),
    "uses": st.sampled_from([0, 1, 2]),
    "asked": st.just("f"),
    "actions": st.sampled_from([("post",), ("read", "post"), (), ("other",)]),
    "take": switch,
    "taken": switch,
    "user": st.just("u"),
    "host": st.sampled_from(["h1", "h2"]),
    "realname": st.just(""),
    "address": st.sampled_from(["", "192.0.2.7"]),
    "rooms": st.lists(rooms, max_size=3).map(tuple),
    "reason": texts,
    "former_room": texts,
    "text": texts,
    "room": rooms,
    "to": names | rooms,
    "mask": masks,
    "flag": st.sampled_from([*FLAGS, *PERSON_FLAGS, "other"]),
    "setting": st.sampled_from([*SETTINGS, "other"]),
    "value": st.sampled_from(["", "1", "2", "0", "x y", "#tea", "#beer", "sesame"]),
    "listed": st.sampled_from([*MASK_LISTS, "other"]),
    "lists": st.sampled_from([MASK_LISTS, ("ban",), ("other",)]),
    "role": st.sampled_from([*ROLE_NAMED, "other"]),
    "key": st.sampled_from(["", "sesame", "1", "avatar", "2345-6789-ABCD"]),
    "keys": st.lists(keys, max_size=3).map(tuple),
    "metadata": pending,
    "pending": pending,
    "on": switch,
    "out": switch,
    "ban": st.builds(BanFromServer, masks, switch, st.integers(0, 3), texts),
    "by": st.just(person(1, "anna", "u", "h1")),
    "matching": st.lists(sessions, max_size=3).map(tuple),
    "last": sessions,
    "speech": st.sampled_from(Speech),
    "tags": st.just(()),
    "cuts": st.sampled_from([(), (1,)]),
    "verified": switch,
    "numbers": st.just((1, 2)),
    "told_of": st.none() | st.integers(0, 9),
    "found": st.sampled_from(
        [
            Record(2, NOW, Said("#tea", person(0, "anna", "u", "h1"), "hi")),
            Record(3, NOW, SaidInPrivate(person(1, "anna", "u", "h1"), person(2, "bob", "u", "h2"), "hi")),
        ]
    ),
    "records": st.just(
        (Record(3, NOW, SaidInPrivate(person(1, "anna", "u", "h1"), person(2, "bob", "u", "h2"), "hi")),)
    ),
    "person_id": sessions,
    "said": st.just(1),
    "origins": st.sampled_from([(), ("anna!u@h1",)]),
    "failed": switch,
    "number": st.sampled_from([None, 2, 3]),
    "messages": st.sampled_from([(), (FoundMessage(None, 2, "e-2"),)]),
    "target": names | rooms,
    "time": st.sampled_from([None, 5, NOW - 1, NOW + 9]),
    "which": st.builds(Which, names | rooms),
    "reaction": st.sampled_from(["\U0001f44d", "lol"]),
    "joining": switch,
    "automatic": switch,
    "addresses": switch,
    "case_only": switch,
    "follow": switch,
    "server_operators_only": switch,
    "names": st.lists(names, max_size=2).map(tuple),
    "context": st.none(),
    "commands": st.lists(
        st.builds(SetFlag, rooms, st.sampled_from(FLAGS), switch)
        | st.builds(SetRole, rooms, names, switch, st.sampled_from([*ROLE_NAMED])),
        max_size=3,
    ).map(tuple),
    "most": st.integers(0, 3),
    "seconds": st.sampled_from([0, 1, 3, 60]),
    "fields": st.sampled_from([("name",), ("host", "realname")]),
    "masks": st.lists(masks, max_size=2).map(tuple),
    "without": st.lists(masks, max_size=1).map(tuple),
    "people": st.builds(Span, st.none() | st.integers(0, 3)),
    "opened": st.builds(Span, st.none() | st.integers(0, 3)),
    "topic": st.builds(Span, st.none() | st.integers(0, 3)),
    "id": st.sampled_from([letter * ID_LENGTH for letter in "ab"]),
    "ids": st.sampled_from([("a" * ID_LENGTH,), ("a" * ID_LENGTH, "b" * ID_LENGTH), ("c",)]),
    "person": st.just(person(1, "anna", "u", "h1")),
    "type": st.just("image/png"),
    "visitor": st.builds(Visitor, st.just("h1"), st.just("192.0.2.7"), names, st.just("") | names),
    "endpoint": endpoints,
    "subscription": st.builds(
        Subscription, endpoints, st.just("k"), st.just("s"), token=st.sampled_from(["", "d"])
    ),
    "tls": st.sampled_from([None, "", "ab" * 32]),
    "fingerprint": st.sampled_from(["ab" * 32, "cd" * 32, "abababab", ""]),
    "hash": st.sampled_from(["d" * 64, "e" * 64]),
    **dict.fromkeys(("size", "width", "height"), st.integers(1, 3)),
}


def some(kind: type[Command]) -> st.SearchStrategy[Command]:
    return st.builds(kind, **{field: FIELDS[field] for field in kind.__struct_fields__})


KINDS: list[type[Command]] = sorted(HANDLERS, key=lambda kind: kind.__name__)
ANY_COMMAND = st.one_of([some(kind) for kind in KINDS])


class ManyClients(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.chat = Chat()
        self.events: list[Event] = []
        self.now = NOW
        self.persons: dict[int, int] = {}
        """The people of sessions that were attached."""

    def _apply(self, event: Event) -> None:
        self.chat.apply(event)
        self.events.append(event)

    def _ask(self, session: int, command: Command) -> None:
        person_id = self.persons.get(session, session)
        if person_id in self.chat.people and session not in self.chat.sessions.several.get(
            person_id, (person_id,)
        ):
            return  # that session has ended
        self._decide(session, person_id, command)

    def _decide(self, session: int, person_id: int, command: Command) -> None:
        self.now += 1
        if isinstance(command, Quit):
            command = Detach(session)
        outcome, _ = Engine(self.chat, time=self.now).execute(person_id, command)
        for item in outcome:
            if type(item) is Record:
                self.events.append(item.event)
                if isinstance(item.event, SessionAttached):
                    self.persons[session] = item.event.person.id

    @rule(person_id=sessions, name=names, host=st.sampled_from(["h1", "h2"]))
    def enter(self, person_id, name, host):
        self._ask(person_id, Connect(name, "u", host, rooms=(LOBBY,)))

    @rule(person_id=sessions, room=rooms)
    def join(self, person_id, room):
        self._ask(person_id, Join(room))

    @rule(
        person_id=sessions,
        room=rooms,
        key=st.sampled_from(["avatar", "url"]),
        value=st.sampled_from([None, "x"]),
    )
    def set_metadata(self, person_id, room, key, value):
        self._ask(person_id, SetMetadata(room, key, value))
        self._ask(person_id, SetMetadata("", key, value))

    @rule(person_id=sessions, name=names)
    def be_always_on(self, person_id, name):
        self._ask(person_id, Connect(name, "u", "h1", rooms=(LOBBY,)))
        self._ask(person_id, RegisterAccountVerified(name, "v"))
        self._ask(person_id, SetAlwaysOn(True))

    @rule(person_id=sessions, name=names)
    def come_back(self, person_id, name):
        self._ask(person_id, Connect(name, "u", "h1", rooms=(LOBBY,), account=name))

    @rule(person_id=sessions, room=rooms, number=st.integers(1, 4), by=st.sampled_from(["anna", "bob"]))
    def pin(self, person_id, room, number, by):
        said = Record(number, NOW, Said(room, person(0, by, "u", "h1"), "hi"))
        self._ask(person_id, PinResolved(room, said))

    @rule(person_id=sessions)
    def quit(self, person_id):
        self._ask(person_id, Quit())

    @rule(person_id=sessions, command=ANY_COMMAND)
    def ask(self, person_id, command):
        self._ask(person_id, command)

    @rule()
    def start_again(self):
        self.persons.clear()
        started = Chat.replay(fact for fact in self.events if fact.retention is Retention.STATE)
        now, last = self.now, self.now - 5
        for fact in starting(self.chat, "0.1.0", now, last):
            self._apply(fact)
        for fact in starting(started, "0.1.0", now, last):
            started.apply(fact)
        assert started.state() == self.chat.state()

    @invariant()
    def a_replay_gives_the_live_state(self):
        assert whole(Chat.replay(self.events)) == whole(self.chat)

    @invariant()
    def the_parts_agree(self):
        chat = self.chat
        assert chat.people.by_name == {person.key: person.id for person in chat.people.values()}
        assert set(chat.people.since) == set(chat.people)
        assert all(key == fold(account.name) for key, account in chat.accounts.items())
        logged_in = {person.account for person in chat.people.values()} - {""}
        assert logged_in <= {account.name for account in chat.accounts.values()}
        assert set(chat.people.away) | chat.server_operators | set(chat.rooms.joined) <= set(chat.people)
        assert set(Invites.of(chat).rooms) | set(chat.people.flags) <= set(chat.people)
        assert all(key in chat.rooms for rooms in Invites.of(chat).rooms.values() for key in rooms)
        assert set(Pins.of(chat).rooms) <= set(chat.rooms)
        assert {code.room for code in InviteCodes.of(chat).codes.values()} <= set(chat.rooms)
        assert all(Pins.of(chat).rooms.values())
        metadata = Metadata.of(chat)
        assert set(metadata.guests) <= set(chat.people)
        session_of = {
            one: person_id
            for person_id in chat.people
            for one in chat.sessions.several.get(person_id, (person_id,))
        }
        assert set(metadata.subscriptions) <= set(session_of)
        assert set(metadata.accounts) <= set(chat.accounts)
        held = [*metadata.accounts.values(), *metadata.guests.values()]
        held += [room.metadata for room in chat.rooms.values()]
        assert metadata.count == sum(map(len, held))
        pairs = [(session_of[one], key) for one, keys in metadata.subscriptions.items() for key in keys]
        counted = {
            (person_id, key): n
            for key, people in metadata.subscribers.items()
            for person_id, n in people.items()
        }
        assert counted == Counter(pairs)
        assert set(chat.sessions.offline_since) == {
            person_id for person_id, devices in chat.sessions.several.items() if not devices
        }
        assert set(chat.sessions.several) <= set(chat.people)
        assert AlwaysOnAccounts.of(chat).accounts.keys() <= set(chat.accounts)
        always_on = {fold(one.account): one for one in chat.people.values() if is_always_on(chat, one)}
        assert AlwaysOnAccounts.of(chat).saved == {
            key: always_on_of(chat, one) for key, one in always_on.items()
        }
        assert set(chat.sessions.offline_since) <= {one.id for one in always_on.values()}
        for key, room in chat.rooms.items():
            assert key == fold(room.name)
            members = list(room.members())
            assert {member.person.id for member in members} == set(room.member_blocks)
            assert len(members) == len(room.member_blocks)
            assert {member.person.id: member.roles for member in members if member.roles} == room.roles
            assert set(room.last_spoke) <= set(room.member_blocks)
            assert all(chat.people[member.person.id] == member.person for member in members)
            assert all(key in chat.rooms.joined[person_id] for person_id in room.member_blocks)
            assert all(0 < len(block.members) <= BLOCK_SIZE for block in room.blocks)
            assert room.member_blocks or key == LOBBY or not chat.is_default(room)
        for person_id, keys in chat.rooms.joined.items():
            assert len(set(keys)) == len(keys)
            assert all(person_id in chat.rooms[key].member_blocks for key in keys)


TestManyClients = ManyClients.TestCase
TestManyClients.settings = settings(max_examples=60, stateful_step_count=40)

WILD = st.text(alphabet=st.characters(codec=None), max_size=40) | st.just("\ud800" * 3000)
WILD_FIELDS = {
    **FIELDS,
    **dict.fromkeys(
        [
            "name",
            "account",
            "room",
            "to",
            "who",
            "mask",
            "text",
            "reason",
            "flag",
            "user",
            "host",
            "setting",
            "value",
            "listed",
            "role",
            "key",
            "code",
            "digest",
        ],
        WILD,
    ),
    "rooms": st.lists(WILD, max_size=2).map(tuple),
    "names": st.lists(WILD, max_size=2).map(tuple),
}


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
@settings(max_examples=30)
def test_no_text_raises(kind, data):
    chat = house()
    command = data.draw(st.builds(kind, **{field: WILD_FIELDS[field] for field in kind.__struct_fields__}))
    for person_id in (ANNA, BOB, 4, 5):
        do(chat, person_id, command)


def test_deciding_changes_nothing():
    chat = house()
    before = whole(chat)
    decide(chat, ANNA, Quit(), NOW)
    decide(chat, BOB, Join("#new"), NOW)
    decide(chat, 5, Connect("new", "u", "h", rooms=("#new",)), NOW)
    assert whole(chat) == before


def test_events_survive_encoding_and_decoding():
    chat = Chat()
    written: list[bytes] = []
    for person_id, command in [
        (1, Connect("anna", "u", "h", rooms=(LOBBY, "#tea"))),
        (1, SetTopic("#tea", "Green")),
        (1, Ban("#tea", "bob")),
        (1, GrantOper(verified=True)),
        (1, SetAway("lunch")),
        (1, Say("#tea", "hi", Speech.ACTION)),
    ]:
        written += [
            msgspec.json.encode(item) for item in do(chat, person_id, command) if isinstance(item, Event)
        ]
    read = [msgspec.json.decode(raw, type=ANY_EVENT) for raw in written]
    assert whole(Chat.replay(read)) == whole(chat)


def test_a_start_ends_all_presence_and_closes_default_rooms():
    chat = house()
    do(chat, ANNA, Join("#kept"))
    do(chat, ANNA, SetTopic("#kept", "x"))
    facts = starting(chat, "0.1.0")
    assert facts == (NodeStarted("0.1.0"), RoomClosed("#Tea"))
    for fact in facts:
        chat.apply(fact)
    assert set(chat.rooms) == {LOBBY, "#kept"}
    assert not any((chat.people, chat.rooms["#kept"].member_blocks, chat.server_operators))
    assert chat.owner_code_used
