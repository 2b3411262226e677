"""Metadata: who may set what of whom, and what askers are told.

Owns the rules; who hears of changes is ``state``'s.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from asyncchat.core.events import Event
from asyncchat.core.features.metadata.facts import (
    AccountMetadataChanged,
    ClearMetadata,
    GetMetadata,
    GetSubscribed,
    MetadataChanged,
    MetadataFault,
    MetadataLater,
    MetadataNow,
    MetadataPrepared,
    MetadataRefused,
    MetadataShown,
    MetadataTold,
    MetadataView,
    Pending,
    PrepareMetadata,
    RoomMetadataChanged,
    SetMetadata,
    Subscribe,
    Subscribed,
    SubscribedNow,
    Subscribing,
    SubscriptionsView,
    Synced,
    SyncMetadata,
    Unsubscribe,
)
from asyncchat.core.features.metadata.state import (
    KEYS_EACH,
    REST,
    VALUE_BYTES,
    VALUES_IN_ALL,
    Metadata,
    changed,
    hearers,
    in_room,
    is_key,
    keys_of,
    of_person,
    patience,
    shown,
    subscribing,
    waits,
)
from asyncchat.core.features.monitor import Monitor, MonitorStatusView
from asyncchat.core.features.rooms import RoomClosed, closing_empty
from asyncchat.core.names import ROOM_SIGNS, fold
from asyncchat.core.people import Person
from asyncchat.core.registry import Items, answers, follows, handles
from asyncchat.core.replies import NotConnectedYet, Refusal, Reply
from asyncchat.core.roles import Right
from asyncchat.core.rooms import Room
from asyncchat.core.text import size
from asyncchat.core.visibility import visible

if TYPE_CHECKING:
    from asyncchat.core.chat import Chat


@handles(SetMetadata)
def set_value(chat: Chat, person_id: int, command: SetMetadata, now: int) -> Items:
    """Gives oneself or a room a value, or takes it away."""
    key, value = command.key, command.value
    found = _settable(chat, person_id, command.target, key)
    if isinstance(found, Refusal):
        return (found,)
    values = found.metadata if isinstance(found, Room) else Metadata.of(chat).values_of(found)
    fault = _fault(chat, values, key, value)
    if fault is not None:
        return (MetadataRefused(fault, command.target, key),)
    told = MetadataNow(command.target, key, value)
    if values.get(key) == value:
        return (told,)
    seconds = Metadata.of(chat).wait(person_id, now)
    if seconds:
        return (MetadataRefused(MetadataFault.TOO_FAST, command.target, key, seconds),)
    closed = _closed(chat, found, () if value is not None else (key,))
    return (*_changing(chat, chat.people[person_id], found, key, value, now), *closed, told)


@handles(ClearMetadata)
def clear(chat: Chat, person_id: int, command: ClearMetadata, now: int) -> Items:
    """Takes all values of oneself or a room away."""
    found = _settable(chat, person_id, command.target)
    if isinstance(found, Refusal):
        return (found,)
    values = found.metadata if isinstance(found, Room) else Metadata.of(chat).values_of(found)
    me = chat.people[person_id]
    facts = (fact for key in values for fact in _changing(chat, me, found, key, None, now))
    return (*facts, *_closed(chat, found, tuple(values)), MetadataView(found.name, tuple(values.items())))


@handles(PrepareMetadata)
def prepare(chat: Chat, _person_id: int, command: PrepareMetadata, _now: int) -> Items:
    """Checks what somebody wants to have set when it enters; nothing changes until then."""
    stored = Metadata.of(chat).accounts.get(fold(command.account), {}) if command.account else {}
    values = _with(stored, command.pending)
    key, value = command.key, command.value
    if not key:
        view = MetadataView("", tuple(values.items()))
        return (MetadataPrepared(tuple((old, None) for old in stored), view),)
    fault = _fault(chat, values, key, value)
    if fault is not None:
        return (MetadataRefused(fault, "", key),)
    pending = dict(command.pending)
    pending.pop(key, None)
    if value is not None or key in stored:
        pending[key] = value
    return (MetadataPrepared(tuple(pending.items()), MetadataNow("", key, value)),)


def entering(
    chat: Chat, me: Person, session_id: int, pending: Pending, keys: tuple[str, ...]
) -> Iterator[Event]:
    """What somebody set and subscribed to before its session entered, as far as it may."""
    values = Metadata.of(chat).values_of(me)
    for key, value in pending:
        if _fault(chat, values, key, value) is None and values.get(key) != value:
            values = changed(values, key, value)
            yield from _changing(chat, me, me, key, value, 0)
    granted = subscribing((), keys).granted
    if granted:
        yield Subscribed(me, granted, True, session_id)


@handles(GetMetadata)
def ask(chat: Chat, person_id: int, command: GetMetadata, _now: int) -> Items:
    """Tells what values somebody or a room has."""
    if person_id not in chat.people:
        stored = Metadata.of(chat).accounts.get(fold(command.account), {}) if command.account else {}
        values = _with(stored, command.pending)
        return (MetadataView("", tuple(values.items()), command.keys),)
    found = _target(chat, person_id, command.target)
    if found is None:
        return (MetadataRefused(MetadataFault.NO_TARGET, command.target),)
    values = found.metadata if isinstance(found, Room) else Metadata.of(chat).values_of(found)
    return (MetadataView(found.name, tuple(values.items()), command.keys),)


@handles(SyncMetadata)
def sync(chat: Chat, person_id: int, command: SyncMetadata, now: int) -> Items:
    """Tells what the asker subscribed to, of a room with all its members; of a large one not too often."""
    if person_id not in chat.people:
        return (NotConnectedYet(),)
    found = _target(chat, person_id, command.target)
    if found is None:
        return (MetadataRefused(MetadataFault.NO_TARGET, command.target),)
    keys = keys_of(chat, person_id)
    if isinstance(found, Person):
        return (MetadataTold(found.name, tuple(of_person(chat, found, keys)), asked=True),)
    if person_id not in found.member_blocks:
        return (MetadataTold(found.name, tuple(in_room(chat, found, (), keys, set())), asked=True),)
    large = waits(chat, found, person_id)
    if large:
        left = Metadata.of(chat).synced.get(person_id, 0) + REST - now
        if left > 0:
            return (MetadataLater(found.name, -(-left // 1_000_000)),)
    told = tuple(in_room(chat, found, visible(chat, person_id, found), keys, {person_id}))
    view = MetadataTold(found.name, told, asked=True)
    return (Synced(chat.people[person_id], found.name, now), view) if large else (view,)


@handles(Subscribe)
def subscribe(chat: Chat, person_id: int, command: Subscribe, _now: int) -> Items:
    """Has somebody told of keys: how they are now, then whenever they change."""
    me = chat.people.get(person_id)
    if me is None:
        return (NotConnectedYet(),)
    session_id = _session(chat, person_id, command.session)
    mine = Metadata.of(chat).subscriptions.get(session_id, {})
    result = subscribing(mine, command.keys)
    new = tuple(key for key in result.granted if key not in mine)
    answer = SubscribedNow(result, True)
    if not new:
        return (answer,)
    return (Subscribed(me, new, True, session_id), answer, *_as_it_is(chat, me, new))


@handles(Unsubscribe)
def unsubscribe(chat: Chat, person_id: int, command: Unsubscribe, _now: int) -> Items:
    """Has somebody told of keys no longer."""
    me = chat.people.get(person_id)
    if me is None:
        return (NotConnectedYet(),)
    session_id = _session(chat, person_id, command.session)
    mine = Metadata.of(chat).subscriptions.get(session_id, {})
    valid = dict.fromkeys(key for key in command.keys if is_key(key))
    invalid = dict.fromkeys(key for key in command.keys if not is_key(key))
    result = Subscribing(tuple(valid), tuple(invalid))
    gone = tuple(key for key in valid if key in mine)
    answer = SubscribedNow(result, False)
    return (Subscribed(me, gone, False, session_id), answer) if gone else (answer,)


@answers(GetSubscribed)
def subscribed(chat: Chat, person_id: int, query: GetSubscribed) -> Reply:
    """The keys that a session subscribed to."""
    return SubscriptionsView(
        tuple(Metadata.of(chat).subscriptions.get(_session(chat, person_id, query.session), ()))
    )


@follows(MonitorStatusView)
def _monitored(chat: Chat, person_id: int, view: MonitorStatusView) -> tuple[MetadataTold, ...]:
    """What somebody is told of people whom it watches from now on."""
    keys = keys_of(chat, person_id)
    told = tuple(one for person in view.online for one in of_person(chat, person, keys)) if keys else ()
    return (MetadataTold("", told),) if told else ()


def _as_it_is(chat: Chat, me: Person, keys: tuple[str, ...]) -> Iterator[Reply]:
    """What is under keys now, of all whom somebody hears of: its rooms, who is there, whom it watches."""
    seen: set[int] = {me.id}
    own = tuple(of_person(chat, me, keys))
    if own:
        yield MetadataTold(me.name, own)
    for room in chat.rooms_with(me.id):
        if waits(chat, room, me.id):
            yield MetadataLater(room.name, patience(me.id))
            continue
        told = tuple(in_room(chat, room, visible(chat, me.id, room), keys, seen))
        if told:
            yield MetadataTold(room.name, told)
    watched = (chat.person_named(name) for name in Monitor.of(chat).names.get(me.id, ()))
    others = (person for person in watched if person is not None and person.id not in seen)
    told = tuple(one for person in others for one in of_person(chat, person, keys))
    if told:
        yield MetadataTold("", told)


def _session(chat: Chat, person_id: int, session_id: int) -> int:
    """The session that asks, if it is one of the asker's."""
    devices = chat.sessions.several.get(person_id, (person_id,))
    return session_id if session_id in devices else devices[0]


def _target(chat: Chat, person_id: int, target: str) -> Person | Room | None:
    if not target:
        return chat.people[person_id]
    if target[:1] in ROOM_SIGNS:
        return chat.room_shown(target, person_id)
    return chat.person_named(target)


def _settable(chat: Chat, person_id: int, target: str, key: str | None = None) -> Person | Room | Refusal:
    """Whose values the asker may change here: its own, or those of a room that it is an operator of."""
    if person_id not in chat.people:
        return NotConnectedYet()
    found = _target(chat, person_id, target)
    if found is None:
        return MetadataRefused(MetadataFault.NO_TARGET, target, key or "")
    if key is not None and not is_key(key):
        return MetadataRefused(MetadataFault.KEY, target, key)
    if isinstance(found, Room) and not chat.may(person_id, found, Right.MANAGE):
        return MetadataRefused(MetadataFault.NOT_YOURS, target, key or "*")
    if isinstance(found, Person) and found.id != person_id:
        return MetadataRefused(MetadataFault.NOT_YOURS, target, key or "*")
    return found


def _closed(chat: Chat, found: Person | Room, gone: tuple[str, ...]) -> tuple[RoomClosed, ...]:
    """The end of a room that nobody is in, when the last that was set for it is taken away."""
    if isinstance(found, Person) or not gone or not found.metadata.keys() <= set(gone):
        return ()
    return closing_empty(chat, found, Metadata)


def _fault(chat: Chat, values: Mapping[str, str], key: str, value: str | None) -> MetadataFault | None:
    """Why a value can't be set, whoever asks."""
    if not is_key(key):
        return MetadataFault.KEY
    if value is None:
        return None if key in values else MetadataFault.NOT_SET
    if size(value) > VALUE_BYTES:
        return MetadataFault.TOO_LONG
    if key not in values and (len(values) >= KEYS_EACH or Metadata.of(chat).count >= VALUES_IN_ALL):
        return MetadataFault.FULL
    return None


def _with(stored: Mapping[str, str], pending: Pending) -> dict[str, str]:
    values = dict(stored)
    for key, value in pending:
        values = changed(values, key, value)
    return values


def _changing(
    chat: Chat, me: Person, target: Person | Room, key: str, value: str | None, now: int
) -> Iterator[Event]:
    """A change, and what those are told who are to hear of it."""
    if isinstance(target, Room):
        yield RoomMetadataChanged(target.name, me, key, value, now)
        there = Metadata.of(chat).subscribers.get(key, {}).keys() & target.member_blocks.keys()
        if there:
            yield MetadataShown(target.name, 0, me, key, value, tuple(sorted(there)))
        return
    if not me.account:
        yield MetadataChanged(me, key, value, now)
        yield from shown(me, key, value, hearers(chat, me, key), me)
        return
    yield AccountMetadataChanged(me.account, me, key, value, now)
    if Metadata.of(chat).subscribers.get(key):
        others = (one for one in chat.people.values() if one.account == me.account and one.id != me.id)
        for person in (me, *others):
            yield from shown(person, key, value, hearers(chat, person, key), me)
