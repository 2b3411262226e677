"""Metadata: the values of people and rooms, and who subscribed to which keys.

Owns the values of people, the subscriptions, and who is told of a change; a room owns its own values.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from asyncchat.core.chat import Chat, Part
from asyncchat.core.events import Event
from asyncchat.core.features.history_access import HistoryHidden
from asyncchat.core.features.metadata.api import (
    AccountMetadataChanged,
    MetadataChanged,
    MetadataFault,
    MetadataOnline,
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
from asyncchat.core.people import NOBODY, Person
from asyncchat.core.registry import applies, follows, snapshots_room
from asyncchat.core.rooms import Block, Room
from asyncchat.core.text import size

KEY_BYTES: Final = 48
"""Longest key."""

VALUE_BYTES: Final = 220
"""Longest value, in UTF-8: a line of 512 bytes holds it beside the longest key, names and origin."""

KEYS_EACH: Final = 25
"""Keys of one person or room: 7 KB at most."""

SUBSCRIBED_EACH: Final = 50
"""Keys that one session may subscribe to."""

VALUES_IN_ALL: Final = 100_000
"""Values of all people and rooms: 30 MB at most, so that a script can't fill the memory."""


AT_ONCE: Final = 60
"""Changes that one person may make at once: twice as many as a client needs to describe itself."""

CHANGE_COST: Final = 3_000_000
"""Microseconds until one more change is allowed: each is stored and sent to many."""

LARGE: Final = 100
"""Members from which on a room's metadata is sent only on request."""


SYNC_VALUES: Final = 1000
"""Values of one answer, from which on the rest is for a further request: 300 KB at most."""


PART_VALID: Final = 60_000_000
"""Microseconds within which the next part may be requested; after that an answer begins anew."""

_KEY = re.compile(r"[a-z0-9_./-]+")

Values = Mapping[str, str]

_NO_VALUES: Final[dict[str, str]] = {}

_NO_KEYS: Final[dict[str, None]] = {}


class Metadata(Part):
    """The values of people, and who subscribed to which keys."""

    def __init__(self) -> None:
        self.accounts: dict[str, dict[str, str]] = {}
        """Values of accounts, by the account's key."""
        self.guests: dict[int, dict[str, str]] = {}
        """Values of people without an account, by the person's id, until they leave."""
        self.count = 0
        """How many values there are, those of rooms included."""
        self.subscriptions: dict[int, dict[str, None]] = {}
        """The keys that a session subscribed to, in order, by the session's id."""
        self.subscribers: dict[str, dict[int, int]] = {}
        """By key: the ids of people who subscribed to it, with the number of their sessions that did."""
        self.paced: dict[int, int] = {}
        """Until when a person's changes count towards its rate limit (microseconds since 1970 UTC)."""
        self.synced: dict[int, tuple[int, str, int]] = {}
        """When a person was last told a part of a room's metadata (microseconds since 1970 UTC), the room's
        key, and the block of members with which the rest begins (0: it was told all)."""

    def values_of(self, person: Person) -> dict[str, str]:
        """A person's values, which are the account's if it is logged in. The caller must not change them."""
        if person.account:
            return self.accounts.get(fold(person.account), _NO_VALUES)
        return self.guests.get(person.id, _NO_VALUES)

    def wait(self, person_id: int, now: int) -> int:
        """Seconds until a person may make one more change."""
        over = self.paced.get(person_id, 0) - now - (AT_ONCE - 1) * CHANGE_COST
        return -(-over // 1_000_000) if over > 0 else 0

    def put(self, holders: dict[Any, dict[str, str]], holder: int | str, key: str, value: str | None) -> None:
        """Sets or removes (None) a value of an account or a guest."""
        before = holders.get(holder, _NO_VALUES)
        after = changed(before, key, value)
        self.count += len(after) - len(before)
        if after:
            holders[holder] = after
        else:
            holders.pop(holder, None)

    def forget_account(self, account: str) -> None:
        """Forgets the values of a removed account."""
        self.count -= len(self.accounts.pop(account, _NO_VALUES))

    def forget_room(self, room: Room) -> None:
        """Counts the values of a closed room no longer."""
        self.count -= len(room.metadata)

    def keeps_room(self, room: Room) -> bool:
        """What a room carries stays when its last member leaves."""
        return bool(room.metadata)

    def subscribe(self, person_id: int, session_id: int, keys: Iterable[str]) -> None:
        """Subscribes a session of a person to keys."""
        mine = self.subscriptions.setdefault(session_id, {})
        for key in keys:
            if key not in mine:
                mine[key] = None
                people = self.subscribers.setdefault(key, {})
                people[person_id] = people.get(person_id, 0) + 1

    def unsubscribe(self, person_id: int, session_id: int, keys: Iterable[str]) -> None:
        """Unsubscribes a session of a person from keys."""
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
        """Forgets the subscriptions of a session that ended."""
        if session_id in self.subscriptions:
            self.unsubscribe(person_id, session_id, list(self.subscriptions[session_id]))

    def forget_person(self, person_id: int, sessions: tuple[int, ...]) -> None:
        """Forgets a person who left, with all sessions."""
        self.count -= len(self.guests.pop(person_id, _NO_VALUES))
        self.paced.pop(person_id, None)
        self.synced.pop(person_id, None)
        for session_id in sessions:
            self.forget_session(person_id, session_id)

    def end_run(self) -> None:
        """Forgets all sessions and all people without an account."""
        self.count -= sum(map(len, self.guests.values()))
        for index in (self.guests, self.subscriptions, self.subscribers, self.paced, self.synced):
            index.clear()

    def facts(self, chat: Chat) -> Iterator[Event]:
        """The fewest events that restore this part."""
        for account, values in self.accounts.items():
            for key, value in values.items():
                yield AccountMetadataChanged(chat.accounts[account].name, NOBODY, key, value)

    def state(self) -> object:
        """This part as plain data: equal in equal chats."""
        return {
            "accounts": {account: dict(values) for account, values in self.accounts.items()},
            "guests": {person_id: dict(values) for person_id, values in self.guests.items()},
            "subscriptions": {session_id: tuple(keys) for session_id, keys in self.subscriptions.items()},
            "paced": dict(self.paced),
            "synced": dict(self.synced),
        }


@follows(Joined)
def _joined(chat: Chat, _person_id: int, event: Joined) -> Iterator[Event]:
    """Tells the subscribers in a room the values of a new member."""
    room = chat.rooms.get(fold(event.room))
    values = Metadata.of(chat).values_of(event.person)
    if room is None or not values:
        return
    for key, value in values.items():
        subscribers = Metadata.of(chat).subscribers.get(key)
        if subscribers:
            to = _subscribed_members(chat, room, subscribers, event.person) - {event.person.id}
            yield from showing(event.person, key, value, to)


@follows(HistoryHidden)
def _taken_over(chat: Chat, _person_id: int, event: HistoryHidden) -> Iterator[Event]:
    """Whoever takes over a closed room reads nothing older, so its values end."""
    room = chat.rooms.get(fold(event.room))
    for key in room.metadata if room is not None else ():
        yield RoomMetadataChanged(event.room, NOBODY, key, None)


@follows(MonitorOnline)
def _monitor_online(chat: Chat, _person_id: int, event: MonitorOnline) -> Iterator[Event]:
    """Tells the people who monitor a person its values when it comes, even if there are none."""
    values = Metadata.of(chat).values_of(event.person)
    watchers: dict[tuple[tuple[str, str], ...], list[int]] = {}
    for person_id in event.to:
        told = tuple((key, values[key]) for key in keys_of(chat, person_id) if key in values)
        watchers.setdefault(told, []).append(person_id)
    for told, to in watchers.items():
        yield MetadataOnline(event.person.name, told, tuple(to), event.sessions)


@follows(LoggedIn, LoggedOut)
def _logged(chat: Chat, _person_id: int, event: LoggedIn | LoggedOut) -> Iterator[Event]:
    """Tells subscribers the values that changed by a login or logout.

    At a login the account gets the values that the person had set before, except for keys that it has.
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
            yield from showing(now, key, after.get(key), recipients(chat, now, key))


def is_key(key: str) -> bool:
    """Whether this can be a key (metadata, "Keys and Values")."""
    return len(key) <= KEY_BYTES and _KEY.fullmatch(key) is not None


def fault_of(values: Values, key: str, value: str | None) -> MetadataFault | None:
    """Why a value can't be set beside these values of a person or a room, or None."""
    if not is_key(key):
        return MetadataFault.KEY
    if value is not None and size(value) > VALUE_BYTES:
        return MetadataFault.TOO_LONG
    full = value is not None and key not in values and len(values) >= KEYS_EACH
    return MetadataFault.FULL if full else None


def changed(values: Values, key: str, value: str | None) -> dict[str, str]:
    """The values with one changed, or removed (None)."""
    if value is None:
        return {other: old for other, old in values.items() if other != key}
    return {**values, key: value}


def subscribing(mine: Iterable[str], keys: Iterable[str]) -> Subscribing:
    """Which keys a session with the subscriptions ``mine`` may add, in order, up to the limit.

    See the metadata specification, "METADATA SUB". Processing stops at the first key beyond the limit.
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


def unsubscribing(keys: Iterable[str]) -> Subscribing:
    """The keys that a session is not subscribed to any more, each once, and those that are none."""
    every = dict.fromkeys(keys)
    return Subscribing(tuple(filter(is_key, every)), tuple(key for key in every if not is_key(key)))


def keys_of(chat: Chat, person_id: int) -> dict[str, None]:
    """The keys that a person subscribed to in any session. The caller must not change them."""
    subscriptions = Metadata.of(chat).subscriptions
    devices = chat.sessions.several.get(person_id)
    if devices is None:
        return subscriptions.get(person_id, _NO_KEYS)
    return {key: None for session_id in devices for key in subscriptions.get(session_id, _NO_KEYS)}


def recipients(chat: Chat, person: Person, key: str) -> set[int]:
    """The ids of subscribers of a key who share a room with a person, monitor it, or are the person."""
    subscribers = Metadata.of(chat).subscribers.get(key)
    if not subscribers:
        return set()
    found = subscribers.keys() & Monitor.of(chat).people_watching(person.key)
    for room in chat.rooms_with(person.id):
        found |= _subscribed_members(chat, room, subscribers, person)
    if person.id in subscribers:
        found.add(person.id)
    return found


def _subscribed_members(chat: Chat, room: Room, subscribers: Mapping[int, int], person: Person) -> set[int]:
    """Those of the subscribers who may see a person in a room."""
    members = subscribers.keys() & room.member_blocks.keys()
    if AUDITORIUM in room.flags:
        return {person_id for person_id in members if not chat.hides_member(room, person_id, person.id)}
    return members


def showing(
    person: Person, key: str, value: str | None, to: Iterable[int], *, answered: bool = False
) -> Iterator[Event]:
    """The event that tells people (``to``) a person's value; none if nobody is to be told."""
    people = tuple(sorted(to))
    if people:
        yield MetadataShown(person.name, person.id, key, value, people, answered)


def in_room(
    chat: Chat, room: Room, blocks: Iterable[Block], keys: Iterable[str], seen: set[int]
) -> Iterator[Told]:
    """A room's values under these keys, and those of the members in these blocks.

    Members in ``seen`` are skipped; the others are added to it.
    """
    wanted = tuple(keys)
    yield from _chosen(room.name, room.metadata, wanted)
    yield from of_members(chat, blocks, wanted, seen)


def of_members(chat: Chat, blocks: Iterable[Block], keys: Iterable[str], seen: set[int]) -> Iterator[Told]:
    """The values of the members in these blocks; those in ``seen`` are skipped, the others added to it."""
    wanted = tuple(keys)
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


def is_deferred(chat: Chat, room: Room, person_id: int) -> bool:
    """Whether a room is so large that its metadata is sent only on request, and may have metadata."""
    large = len(room.member_blocks) - (person_id in room.member_blocks) >= LARGE
    return large and bool(room.metadata or Metadata.of(chat).accounts or Metadata.of(chat).guests)


def retry_seconds(person_id: int) -> int:
    """Seconds after which a person may ask for a room's metadata; different for people who join together."""
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


def _pace(chat: Chat, event: AccountMetadataChanged | RoomMetadataChanged | MetadataChanged) -> None:
    """Counts a change towards the person's rate limit."""
    paced, who = Metadata.of(chat).paced, event.person.id
    if event.time and who in chat.people:
        paced[who] = max(paced.get(who, 0), event.time) + CHANGE_COST


@applies(Subscribed)
def _subscribed(chat: Chat, event: Subscribed) -> None:
    change = Metadata.of(chat).subscribe if event.on else Metadata.of(chat).unsubscribe
    change(event.person.id, event.session or event.person.id, event.keys)


@applies(Synced)
def _synced(chat: Chat, event: Synced) -> None:
    Metadata.of(chat).synced[event.person.id] = event.time, fold(event.room), event.next


@snapshots_room
def _snapshot(room: Room) -> Iterator[Event]:
    for key, value in room.metadata.items():
        yield RoomMetadataChanged(room.name, NOBODY, key, value)
