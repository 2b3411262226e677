"""Metadata: the values of people and rooms, and who subscribed to which keys.

Owns the values of people, the subscriptions, and who is told of a change; a room owns its own values.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from asyncchat.core.chat import Chat, Part
from asyncchat.core.events import Event
from asyncchat.core.features.history_access import HistoryHidden
from asyncchat.core.features.metadata import api
from asyncchat.core.features.monitor import Monitor, MonitorOnline
from asyncchat.core.features.presence import LoggedIn, LoggedOut
from asyncchat.core.features.rooms import Joined
from asyncchat.core.modes import AUDITORIUM
from asyncchat.core.names import fold
from asyncchat.core.people import NOBODY, Person
from asyncchat.core.registry import applies, follows
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

_KEY = re.compile(r"[a-z0-9_./-]+")

_NONE: Final[dict[str, Any]] = {}
"""No values, or no keys; shared, so never changed."""


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

    def values_of(self, target: Person | Room) -> dict[str, str]:
        """The values of a room, an account, or a person without one. The caller must not change them."""
        if isinstance(target, Room):
            return target.metadata
        if target.account:
            return self.accounts.get(fold(target.account), _NONE)
        return self.guests.get(target.id, _NONE)

    def wait(self, person_id: int, now: int) -> int:
        """Seconds until a person may make one more change."""
        over = self.paced.get(person_id, 0) - now - (AT_ONCE - 1) * CHANGE_COST
        return -(-over // 1_000_000) if over > 0 else 0

    def subscribe(self, person_id: int, session_id: int, keys: Iterable[str], on: bool) -> None:
        """Subscribes a session of a person to keys, or unsubscribes it."""
        mine = self.subscriptions.setdefault(session_id, {})
        for key in [key for key in keys if (key in mine) is not on]:
            people = self.subscribers.setdefault(key, {})
            people[person_id] = people.get(person_id, 0) + (1 if on else -1)
            if on:
                mine[key] = None
                continue
            del mine[key]
            if not people[person_id]:
                del people[person_id]
            if not people:
                del self.subscribers[key]
        if not mine:
            del self.subscriptions[session_id]

    def forget_account(self, account: str) -> None:
        """Forgets the values of a removed account."""
        self.count -= len(self.accounts.pop(account, _NONE))

    def forget_room(self, room: Room) -> None:
        """Counts the values of a closed room no longer."""
        self.count -= len(room.metadata)

    def keeps_room(self, room: Room) -> bool:
        """What a room carries stays when its last member leaves."""
        return bool(room.metadata)

    def forget_session(self, person_id: int, session_id: int) -> None:
        """Forgets the subscriptions of a session that ended."""
        self.subscribe(person_id, session_id, self.subscriptions.get(session_id, _NONE), False)

    def forget_person(self, person_id: int, sessions: tuple[int, ...]) -> None:
        """Forgets a person who left, with all sessions."""
        self.count -= len(self.guests.pop(person_id, _NONE))
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
                yield api.AccountMetadataChanged(chat.accounts[account].name, NOBODY, key, value)
        for room in chat.rooms.values():
            for key, value in room.metadata.items():
                yield api.RoomMetadataChanged(room.name, NOBODY, key, value)

    def state(self) -> object:
        """This part as plain data: equal in equal chats."""
        same = {name: dict(getattr(self, name)) for name in ("accounts", "guests", "paced", "synced")}
        return {**same, "subscriptions": {id: tuple(keys) for id, keys in self.subscriptions.items()}}


# What follows from other features.


@follows(Joined)
def _joined(chat: Chat, _person_id: int, event: Joined) -> Iterator[Event]:
    """Tells the subscribers in a room the values of a new member."""
    room = chat.rooms.get(fold(event.room))
    if room is not None:
        for key, value in Metadata.of(chat).values_of(event.person).items():
            to = _subscribed_members(chat, room, key, event.person)
            yield from showing(event.person, key, value, to - {event.person.id})


@follows(HistoryHidden)
def _taken_over(chat: Chat, _person_id: int, event: HistoryHidden) -> Iterator[Event]:
    """Whoever takes over a closed room reads nothing older, so its values end."""
    room = chat.rooms.get(fold(event.room))
    for key in room.metadata if room is not None else ():
        yield api.RoomMetadataChanged(event.room, NOBODY, key, None)


@follows(MonitorOnline)
def _monitor_online(chat: Chat, _person_id: int, event: MonitorOnline) -> Iterator[Event]:
    """Tells the people who monitor a person its values when it comes, even if there are none."""
    watchers: dict[tuple[tuple[str, str], ...], list[int]] = {}
    for person_id in event.to:
        told = tuple((key, value) for _, key, value in told_of(chat, event.person, keys_of(chat, person_id)))
        watchers.setdefault(told, []).append(person_id)
    for told, to in watchers.items():
        yield api.MetadataOnline(event.person.name, told, tuple(to), event.sessions)


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
                yield api.AccountMetadataChanged(now.account, now, key, value)
    for key in {**before, **after}:
        if before.get(key) != after.get(key):
            yield from showing(now, key, after.get(key), recipients(chat, now, key))


# Keys, and what may be under them.


def is_key(key: str) -> bool:
    """Whether this can be a key (metadata, "Keys and Values")."""
    return len(key) <= KEY_BYTES and _KEY.fullmatch(key) is not None


def fault_of(
    values: dict[str, str], key: str, value: str | None, in_all: int = 0
) -> api.MetadataFault | None:
    """Why a value can't be set beside these values of a person or a room, and all others, or None."""
    if not is_key(key):
        return api.MetadataFault.KEY
    if value is None:
        return None
    if size(value) > VALUE_BYTES:
        return api.MetadataFault.TOO_LONG
    full = key not in values and (len(values) >= KEYS_EACH or in_all >= VALUES_IN_ALL)
    return api.MetadataFault.FULL if full else None


def changed(values: dict[str, str], key: str, value: str | None) -> dict[str, str]:
    """The values with one changed, or removed (None)."""
    if value is None:
        return {other: old for other, old in values.items() if other != key}
    return {**values, key: value}


def subscribing(mine: Iterable[str], keys: Iterable[str], on: bool = True) -> api.SubscribedNow:
    """Which keys a session with the subscriptions ``mine`` may add, in order, up to the limit; or remove.

    See the metadata specification, "METADATA SUB". Processing stops at the first key beyond the limit.
    """
    have = set(mine)
    full_before = len(have) >= SUBSCRIBED_EACH
    granted: dict[str, None] = {}
    invalid: dict[str, None] = {}
    for key in keys:
        if not is_key(key):
            invalid[key] = None
        elif on and len(have) >= SUBSCRIBED_EACH and not (full_before and key in have):
            return api.SubscribedNow(tuple(granted), tuple(invalid), key)
        else:
            have.add(key)
            granted[key] = None
    return api.SubscribedNow(tuple(granted), tuple(invalid), on=on)


# Who is told what.


def keys_of(chat: Chat, person_id: int) -> dict[str, None]:
    """The keys that a person subscribed to in any session. The caller must not change them."""
    subscriptions = Metadata.of(chat).subscriptions
    devices = chat.sessions.several.get(person_id)
    if devices is None:
        return subscriptions.get(person_id, _NONE)
    return {key: None for session_id in devices for key in subscriptions.get(session_id, _NONE)}


def recipients(chat: Chat, person: Person, key: str) -> set[int]:
    """The ids of subscribers of a key who share a room with a person, monitor it, or are the person."""
    subscribers = Metadata.of(chat).subscribers.get(key)
    if not subscribers:
        return set()
    found = subscribers.keys() & {*Monitor.of(chat).people_watching(person.key), person.id}
    for room in chat.rooms_with(person.id):
        found |= _subscribed_members(chat, room, key, person)
    return found


def _subscribed_members(chat: Chat, room: Room, key: str, person: Person) -> set[int]:
    """The members of a room who subscribed to a key and may see a person there."""
    members = Metadata.of(chat).subscribers.get(key, {}).keys() & room.member_blocks.keys()
    if AUDITORIUM in room.flags:
        return {person_id for person_id in members if not chat.hides_member(room, person_id, person.id)}
    return members


def showing(
    target: Person | Room, key: str, value: str | None, to: Iterable[int], *, answered: bool = False
) -> Iterator[Event]:
    """The event that tells people (``to``) a value; none if nobody is to be told."""
    people = tuple(sorted(to))
    if people:
        person_id = target.id if isinstance(target, Person) else 0
        yield api.MetadataShown(target.name, person_id, key, value, people, answered)


def told_of(chat: Chat, target: Person | Room, keys: Iterable[str]) -> Iterator[api.Told]:
    """The values of a person or a room under these keys."""
    values = Metadata.of(chat).values_of(target)
    if values:
        yield from ((target.name, key, values[key]) for key in keys if key in values)


def told_of_members(
    chat: Chat, blocks: Iterable[Block], keys: Iterable[str], seen: set[int]
) -> Iterator[api.Told]:
    """The values of the members in these blocks; those in ``seen`` are skipped, the others added to it."""
    if Metadata.of(chat).accounts or Metadata.of(chat).guests:
        for person in (member.person for block in blocks for member in block.members):
            if person.id not in seen:
                seen.add(person.id)
                yield from told_of(chat, person, keys)


def put_off(chat: Chat, room: Room, person_id: int, *, full: bool = False) -> api.MetadataLater | None:
    """When a person may ask for the metadata of a room that is large, or if the answer is ``full`` already.

    It is different for people who join together. None: now.
    """
    large = len(room.member_blocks) - (person_id in room.member_blocks) >= LARGE
    may_be = room.metadata or Metadata.of(chat).accounts or Metadata.of(chat).guests
    return api.MetadataLater(room.name, 2 + person_id % 10) if full or (large and may_be) else None


# What events change.


@applies(api.AccountMetadataChanged, api.MetadataChanged)
def _of_person(chat: Chat, event: api.AccountMetadataChanged | api.MetadataChanged) -> None:
    metadata = Metadata.of(chat)
    holders: dict[Any, dict[str, str]] = metadata.guests
    holder: int | str = event.person.id
    if isinstance(event, api.AccountMetadataChanged):
        holders, holder = metadata.accounts, fold(event.account)
    if holders is metadata.guests or holder in chat.accounts:
        before = holders.pop(holder, _NONE)
        after = changed(before, event.key, event.value)
        metadata.count += len(after) - len(before)
        if after:
            holders[holder] = after
    _pace(chat, event.person.id, event.time)


@applies(api.RoomMetadataChanged)
def _of_room(chat: Chat, event: api.RoomMetadataChanged) -> None:
    room = chat.rooms[fold(event.room)]
    before = len(room.metadata)
    room.metadata = changed(room.metadata, event.key, event.value)
    Metadata.of(chat).count += len(room.metadata) - before
    _pace(chat, event.person.id, event.time)


def _pace(chat: Chat, person_id: int, time: int) -> None:
    """Counts a change towards the person's rate limit."""
    if time and person_id in chat.people:
        paced = Metadata.of(chat).paced
        paced[person_id] = max(paced.get(person_id, 0), time) + CHANGE_COST


@applies(api.Subscribed)
def _subscribed(chat: Chat, event: api.Subscribed) -> None:
    Metadata.of(chat).subscribe(event.person.id, event.session or event.person.id, event.keys, event.on)


@applies(api.Synced)
def _synced(chat: Chat, event: api.Synced) -> None:
    Metadata.of(chat).synced[event.person.id] = event.time, fold(event.room), event.next
