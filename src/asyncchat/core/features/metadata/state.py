"""Metadata: values under keys that people and rooms carry for programs, and who is told of which keys.

Owns those of people, and the index of keys to subscribers; a room's own values are the room's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from asyncchat.core.events import Event
from asyncchat.core.features.metadata.facts import (
    AccountMetadataChanged,
    MetadataChanged,
    MetadataShown,
    RoomMetadataChanged,
    Subscribed,
    Subscribing,
    Synced,
    Told,
)
from asyncchat.core.features.monitor import Monitor, MonitorOnline
from asyncchat.core.features.presence import LoggedIn, LoggedOut
from asyncchat.core.features.rooms import Joined
from asyncchat.core.modes import AUDITORIUM
from asyncchat.core.names import fold
from asyncchat.core.parts import Part
from asyncchat.core.people import NOBODY, Person
from asyncchat.core.registry import applies, follows, snapshots_room
from asyncchat.core.rooms import Block, Room

if TYPE_CHECKING:
    from asyncchat.core.chat import Chat

KEY_BYTES: Final = 48
"""Longest key."""


VALUE_BYTES: Final = 220
"""Longest value, in UTF-8: a line of 512 bytes holds it beside the longest key, names and origin."""


KEYS_EACH: Final = 25
"""Keys that one person or room has: 7 KB at the most."""


SUBSCRIBED_EACH: Final = 50
"""Keys that one person may subscribe to."""


VALUES_IN_ALL: Final = 100_000
"""Values there may be: 30 MB at the most, so that a script can't fill the memory."""


AT_ONCE: Final = 60
"""Changes that one person may make at once: twice what a program has to say of itself."""


CHANGE_COST: Final = 3_000_000
"""How long (microseconds) it takes until one more is allowed: each is told to many and kept."""


LARGE: Final = 100
"""Members from which on a room's metadata is not sent unasked."""


REST: Final = 5_000_000
"""How long (microseconds) somebody waits between two answers about all members of large rooms."""


_KEY = re.compile(r"[a-z0-9_./-]+")


Values = Mapping[str, str]


_NONE: Final[dict[str, str]] = {}


_NO_KEYS: Final[dict[str, None]] = {}


class Metadata(Part):
    """What people carry, and who subscribed to which keys."""

    def __init__(self) -> None:
        self.accounts: dict[str, dict[str, str]] = {}
        """Values of accounts, by the account's key."""
        self.guests: dict[int, dict[str, str]] = {}
        """Those of who set them without being logged in, for the visit."""
        self.count = 0
        """How many values there are, the rooms' among them."""
        self.subscriptions: dict[int, dict[str, None]] = {}
        """Keys that sessions subscribed to, in that order; only of those that have any."""
        self.subscribers: dict[str, dict[int, int]] = {}
        """People by the keys that they subscribed to, with the number of their sessions that did."""
        self.paced: dict[int, int] = {}
        """Until when the changes that people made count (microseconds since 1970 UTC)."""
        self.synced: dict[int, int] = {}
        """When people were last told all of a large room."""

    def values_of(self, person: Person) -> dict[str, str]:
        """A person's values: the account's where it is logged in. Not to be changed."""
        if person.account:
            return self.accounts.get(fold(person.account), _NONE)
        return self.guests.get(person.id, _NONE)

    def wait(self, person_id: int, now: int) -> int:
        """Seconds until somebody may make one more change."""
        over = self.paced.get(person_id, 0) - now - (AT_ONCE - 1) * CHANGE_COST
        return -(-over // 1_000_000) if over > 0 else 0

    def pace(self, person_id: int, time: int) -> None:
        """Somebody made a change."""
        self.paced[person_id] = max(self.paced.get(person_id, 0), time) + CHANGE_COST

    def put(self, holders: dict[Any, dict[str, str]], holder: int | str, key: str, value: str | None) -> None:
        """Gives a holder another value, or none."""
        before = holders.get(holder, _NONE)
        after = changed(before, key, value)
        self.count += len(after) - len(before)
        if after:
            holders[holder] = after
        else:
            holders.pop(holder, None)

    def forget_account(self, account: str) -> None:
        """An account is no more."""
        self.count -= len(self.accounts.pop(account, _NONE))

    def forget_room(self, room: Room) -> None:
        """A room is closed, with what it carries."""
        self.count -= len(room.metadata)

    def keeps_room(self, room: Room) -> bool:
        """What a room carries stays when its last member leaves."""
        return bool(room.metadata)

    def subscribe(self, person_id: int, session_id: int, keys: Iterable[str]) -> None:
        """One of somebody's sessions is told of these keys from now on."""
        mine = self.subscriptions.setdefault(session_id, {})
        for key in keys:
            if key not in mine:
                mine[key] = None
                people = self.subscribers.setdefault(key, {})
                people[person_id] = people.get(person_id, 0) + 1

    def unsubscribe(self, person_id: int, session_id: int, keys: Iterable[str]) -> None:
        """One of somebody's sessions is not told of these keys any more."""
        mine = self.subscriptions.get(session_id, {})
        for key in keys:
            if key in mine:
                del mine[key]
                people = self.subscribers[key]
                people[person_id] -= 1
                if not people[person_id]:
                    del people[person_id]
                if not people:
                    del self.subscribers[key]
        if not mine:
            self.subscriptions.pop(session_id, None)

    def forget_session(self, person_id: int, session_id: int) -> None:
        """One of somebody's sessions is gone."""
        if session_id in self.subscriptions:
            self.unsubscribe(person_id, session_id, list(self.subscriptions[session_id]))

    def forget_person(self, person_id: int, sessions: tuple[int, ...]) -> None:
        """Somebody is gone, with all sessions."""
        self.count -= len(self.guests.pop(person_id, _NONE))
        self.paced.pop(person_id, None)
        self.synced.pop(person_id, None)
        for session_id in sessions:
            self.forget_session(person_id, session_id)

    def end_run(self) -> None:
        """Everybody is gone."""
        self.count -= sum(map(len, self.guests.values()))
        for memory in (self.guests, self.subscriptions, self.subscribers, self.paced, self.synced):
            memory.clear()

    def facts(self, chat: Chat) -> Iterator[Event]:
        """Few events that give this part again."""
        for account, values in self.accounts.items():
            for key, value in values.items():
                yield AccountMetadataChanged(chat.accounts[account].name, NOBODY, key, value)

    def state(self) -> object:
        """All of it as plain data."""
        return {
            "accounts": {account: dict(values) for account, values in self.accounts.items()},
            "guests": {person_id: dict(values) for person_id, values in self.guests.items()},
            "subscriptions": {session_id: tuple(keys) for session_id, keys in self.subscriptions.items()},
            "paced": dict(self.paced),
            "synced": dict(self.synced),
        }


@follows(Joined)
def _joined(chat: Chat, _person_id: int, event: Joined) -> Iterator[Event]:
    """The members are told of who comes."""
    room = chat.rooms.get(fold(event.room))
    values = Metadata.of(chat).values_of(event.person)
    if room is None or not values:
        return
    for key, value in values.items():
        subscribers = Metadata.of(chat).subscribers.get(key)
        if subscribers:
            to = _in_room(chat, room, subscribers, event.person) - {event.person.id}
            yield from shown(event.person, key, value, to)


@follows(MonitorOnline)
def _monitor_online(chat: Chat, _person_id: int, event: MonitorOnline) -> Iterator[Event]:
    """Those are told who watch somebody that comes."""
    watchers = set(event.to)
    for key, value in Metadata.of(chat).values_of(event.person).items():
        yield from shown(
            event.person, key, value, watchers & Metadata.of(chat).subscribers.get(key, {}).keys()
        )


@follows(LoggedIn, LoggedOut)
def _logged(chat: Chat, _person_id: int, event: LoggedIn | LoggedOut) -> Iterator[Event]:
    """Whoever hears of a person is told what its values are now; what it set before, the account gets.

    An account's own values are not replaced.
    """
    metadata, now = Metadata.of(chat), event.now
    before, after = metadata.values_of(event.person), metadata.values_of(now)
    if now.account and not event.person.account:
        for key, value in before.items():
            if key not in after and len(after) < KEYS_EACH:
                after = changed(after, key, value)
                yield AccountMetadataChanged(now.account, now, key, value)
    for key in {**before, **after}:
        if before.get(key) != after.get(key):
            yield from shown(now, key, after.get(key), hearers(chat, now, key))


_Changed = AccountMetadataChanged | RoomMetadataChanged | MetadataChanged


def is_key(key: str) -> bool:
    """Whether this can be a key (metadata, "Keys and Values")."""
    return len(key) <= KEY_BYTES and _KEY.fullmatch(key) is not None


def changed(values: Values, key: str, value: str | None) -> dict[str, str]:
    """Values with another one under a key; None: with none."""
    if value is None:
        return {other: old for other, old in values.items() if other != key}
    return {**values, key: value}


def subscribing(mine: Iterable[str], keys: Iterable[str]) -> Subscribing:
    """Takes keys in their order as far as there is place (metadata, "METADATA SUB").

    The key that takes the last place is the last one taken, so that the first left over says where to go on.
    """
    have = set(mine)
    full_before = len(have) >= SUBSCRIBED_EACH
    granted: dict[str, None] = {}
    invalid: dict[str, None] = {}
    for key in keys:
        if not is_key(key):
            invalid[key] = None
        elif len(have) >= SUBSCRIBED_EACH and not (full_before and key in have):
            return Subscribing(tuple(granted), tuple(invalid), key)
        else:
            have.add(key)
            granted[key] = None
    return Subscribing(tuple(granted), tuple(invalid))


def keys_of(chat: Chat, person_id: int) -> dict[str, None]:
    """The keys that somebody subscribed to on any device. Not to be changed."""
    subscriptions = Metadata.of(chat).subscriptions
    devices = chat.sessions.several.get(person_id)
    if devices is None:
        return subscriptions.get(person_id, _NO_KEYS)
    return {key: None for session_id in devices for key in subscriptions.get(session_id, _NO_KEYS)}


def hearers(chat: Chat, person: Person, key: str) -> set[int]:
    """Who subscribed to a key and shares a room with a person, watches it, or is it."""
    subscribers = Metadata.of(chat).subscribers.get(key)
    if not subscribers:
        return set()
    found = subscribers.keys() & Monitor.of(chat).watchers.get(person.key, {}).keys()
    for room in chat.rooms_with(person.id):
        found |= _in_room(chat, room, subscribers, person)
    if person.id in subscribers:
        found.add(person.id)
    return found


def _in_room(chat: Chat, room: Room, subscribers: Mapping[int, int], person: Person) -> set[int]:
    there = subscribers.keys() & room.member_blocks.keys()
    if AUDITORIUM in room.flags:
        return {person_id for person_id in there if not chat.hides_member(room, person_id, person.id)}
    return there


def shown(
    person: Person, key: str, value: str | None, to: Iterable[int], by: Person | None = None
) -> Iterator[Event]:
    """What those are told who are to hear of a person's value."""
    hear = tuple(sorted(to))
    if hear:
        yield MetadataShown(person.name, person.id, by, key, value, hear)


def in_room(
    chat: Chat, room: Room, blocks: Iterable[Block], keys: Iterable[str], seen: set[int]
) -> Iterator[Told]:
    """A room's values under these keys, and those of the members in these blocks who were not ``seen``."""
    wanted = tuple(keys)
    yield from _chosen(room.name, room.metadata, wanted)
    if not Metadata.of(chat).accounts and not Metadata.of(chat).guests:
        return
    for block in blocks:
        for member in block.members:
            if member.person.id not in seen:
                seen.add(member.person.id)
                yield from of_person(chat, member.person, wanted)


def of_person(chat: Chat, person: Person, keys: Iterable[str]) -> Iterator[Told]:
    """A person's values under these keys."""
    values = Metadata.of(chat).values_of(person)
    if values:
        yield from _chosen(person.name, values, keys)


def _chosen(name: str, values: Values, keys: Iterable[str]) -> Iterator[Told]:
    if values:
        for key in keys:
            if key in values:
                yield name, key, values[key]


def waits(chat: Chat, room: Room, person_id: int) -> bool:
    """Whether a room is too large for its metadata to be sent to somebody unasked, and may have some."""
    several = len(room.member_blocks) - (person_id in room.member_blocks) >= LARGE
    return several and bool(room.metadata or Metadata.of(chat).accounts or Metadata.of(chat).guests)


def patience(person_id: int) -> int:
    """Seconds after which somebody may ask for it: not the same for all who come at once."""
    return 2 + person_id % 10


@applies(AccountMetadataChanged)
def _of_account(chat: Chat, event: AccountMetadataChanged) -> None:
    if fold(event.account) in chat.accounts:
        Metadata.of(chat).put(Metadata.of(chat).accounts, fold(event.account), event.key, event.value)
    _pace(chat, event)


@applies(RoomMetadataChanged)
def _of_room(chat: Chat, event: RoomMetadataChanged) -> None:
    room = chat.rooms[fold(event.room)]
    before = len(room.metadata)
    room.metadata = changed(room.metadata, event.key, event.value)
    Metadata.of(chat).count += len(room.metadata) - before
    _pace(chat, event)


@applies(MetadataChanged)
def _of_guest(chat: Chat, event: MetadataChanged) -> None:
    Metadata.of(chat).put(Metadata.of(chat).guests, event.person.id, event.key, event.value)
    _pace(chat, event)


def _pace(chat: Chat, event: _Changed) -> None:
    if event.time and event.person.id in chat.people:
        Metadata.of(chat).pace(event.person.id, event.time)


@applies(Subscribed)
def _subscribed(chat: Chat, event: Subscribed) -> None:
    change = Metadata.of(chat).subscribe if event.on else Metadata.of(chat).unsubscribe
    change(event.person.id, event.session or event.person.id, event.keys)


@applies(Synced)
def _synced(chat: Chat, event: Synced) -> None:
    Metadata.of(chat).synced[event.person.id] = event.time


@snapshots_room
def _snapshot(room: Room) -> Iterator[Event]:
    for key, value in room.metadata.items():
        yield RoomMetadataChanged(room.name, NOBODY, key, value)
