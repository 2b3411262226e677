"""Metadata: who may set which values, and what is replied.

Owns the decisions. Who is told of a change is in ``state``.
"""

from collections.abc import Generator, Iterator
from itertools import chain
from typing import Final

from asyncchat.core.chat import Chat
from asyncchat.core.events import Event
from asyncchat.core.features.metadata import api, state
from asyncchat.core.features.metadata.api import MetadataFault
from asyncchat.core.features.metadata.state import Metadata
from asyncchat.core.features.monitor import Monitor, MonitorStatusView
from asyncchat.core.features.rooms import RoomClosed, closing_empty
from asyncchat.core.modes import INVITE_ONLY
from asyncchat.core.names import ROOM_SIGNS
from asyncchat.core.people import Person
from asyncchat.core.permissions import silenced_in
from asyncchat.core.registry import Items, answers, follows, for_people, handles_in_slices
from asyncchat.core.replies import NotConnectedYet, Refusal, Reply
from asyncchat.core.roles import Right
from asyncchat.core.rooms import Room
from asyncchat.core.visibility import visible

SYNC_VALUES: Final = 1000
"""Values of one answer, from which on the rest is for a further request: 300 KB at most."""

PART_VALID: Final = 60_000_000
"""Microseconds within which the next part may be requested; after that an answer begins anew."""


@for_people(api.SetMetadata)
def set_value(chat: Chat, me: Person, command: api.SetMetadata, now: int) -> Items:
    """Sets or removes a value of the requester or of a room."""
    key, value = command.key, command.value
    found = _found(chat, me, command.target, key)
    if isinstance(found, Refusal):
        return (found,)
    metadata = Metadata.of(chat)
    values = metadata.values_of(found)
    told = api.MetadataNow(command.target, key, value)
    fault, seconds = state.fault_of(values, key, value, metadata.count), 0
    if fault is None and values.get(key) == value:
        return (told,)
    if fault is None and value is not None and found is me and silenced_in(chat, me) is not None:
        fault = MetadataFault.SILENCED
    if fault is None and (seconds := metadata.wait(me.id, now)):
        fault = MetadataFault.TOO_FAST
    if fault is not None:
        return (api.MetadataRefused(fault, command.target, key, seconds),)
    closed = () if value is not None else _closing(chat, found, (key,))
    return (*_changing(chat, me, found, key, value, now), *closed, told)


@for_people(api.ClearMetadata)
def clear(chat: Chat, me: Person, command: api.ClearMetadata, now: int) -> Items:
    """Removes all values of the requester or of a room."""
    found = _found(chat, me, command.target, "*")
    if isinstance(found, Refusal):
        return (found,)
    keys = tuple(Metadata.of(chat).values_of(found))
    events = (event for key in keys for event in _changing(chat, me, found, key, None, now))
    return (*events, *_closing(chat, found, keys), api.MetadataView(found.name, (), keys))


def entering(
    chat: Chat, me: Person, session_id: int, pending: api.Pending, keys: tuple[str, ...]
) -> Iterator[Event]:
    """The events for what a session set and subscribed to before it connected, as far as that is allowed."""
    values = Metadata.of(chat).values_of(me)
    for key, value in pending:
        fault = state.fault_of(values, key, value, Metadata.of(chat).count)
        if fault is None and values.get(key) != value:
            values = state.changed(values, key, value)
            yield from _changing(chat, me, me, key, value, 0)
    granted = state.subscribing((), keys).granted
    if granted:
        yield api.Subscribed(me, granted, True, session_id)


@for_people(api.GetMetadata)
def ask(chat: Chat, me: Person, command: api.GetMetadata, _now: int) -> Items:
    """Tells the values of a person or a room."""
    found = _found(chat, me, command.target)
    if isinstance(found, Refusal):
        return (found,)
    return (api.MetadataView(found.name, tuple(Metadata.of(chat).values_of(found).items()), command.keys),)


@handles_in_slices(api.SyncMetadata)
def sync(chat: Chat, person_id: int, command: api.SyncMetadata, now: int) -> Generator[None, None, Items]:
    """Tells the values that the requester subscribed to, of a room with all its members."""
    me = chat.people.get(person_id)
    if me is None:
        return (NotConnectedYet(),)
    if command.every:
        return (yield from _sync_all(chat, me))
    found = _found(chat, me, command.target)
    if isinstance(found, Refusal):
        return (found,)
    keys = state.keys_of(chat, person_id)
    if isinstance(found, Person) or person_id not in found.member_blocks:
        return (api.MetadataTold(found.name, tuple(state.told_of(chat, found, keys)), asked=True),)
    last, room, first = Metadata.of(chat).synced.get(person_id, (0, "", 0))
    if room != found.key or now - last > PART_VALID:
        first = 0
    told = [] if first else list(state.told_of(chat, found, keys))
    seen = {person_id}
    for block in visible(chat, person_id, found):
        number = found.member_blocks.get(block.members[0].person.id, first)
        if number < first:
            continue
        if len(told) >= SYNC_VALUES:
            part = api.MetadataTold(found.name, tuple(told), asked=True)
            return (api.Synced(me, found.name, now, number), part, api.MetadataLater(found.name, 1))
        told += state.told_of_members(chat, (block,), keys, seen)
        yield
    view = api.MetadataTold(found.name, tuple(told), asked=True)
    return (api.Synced(me, found.name, now), view) if first else (view,)


@for_people(api.Subscribe)
def subscribe(chat: Chat, me: Person, command: api.Subscribe, _now: int) -> Items:
    """Subscribes a session to keys, or unsubscribes it; it asks for their current values when it wants."""
    session_id = chat.sessions.sender(me.id, command.session)
    mine = Metadata.of(chat).subscriptions.get(session_id, {})
    answer = state.subscribing(mine, command.keys, command.on)
    keys = tuple(key for key in answer.granted if (key in mine) is not command.on)
    if not keys:
        return (answer,)
    later = (api.MetadataLater("", 0),) if command.on else ()
    return (api.Subscribed(me, keys, command.on, session_id), answer, *later)


@answers(api.GetSubscribed)
def subscribed(chat: Chat, person_id: int, query: api.GetSubscribed) -> Reply:
    """The keys that a session subscribed to."""
    session_id = chat.sessions.sender(person_id, query.session)
    return api.SubscriptionsView(tuple(Metadata.of(chat).subscriptions.get(session_id, ())))


@follows(MonitorStatusView)
def _monitored(chat: Chat, person_id: int, view: MonitorStatusView) -> Iterator[api.MetadataTold]:
    """Tells a person the values of people whom it monitors, even if there are none."""
    keys = state.keys_of(chat, person_id)
    return (api.MetadataTold(one.name, tuple(state.told_of(chat, one, keys))) for one in view.online)


def _sync_all(chat: Chat, me: Person) -> Generator[None, None, Items]:
    """The values of a person's rooms, their members, and the people that it monitors; not of large rooms."""
    keys = state.keys_of(chat, me.id)
    told = list(state.told_of(chat, me, keys))
    seen = {me.id}
    later: list[api.MetadataLater] = []
    for room in list(chat.rooms_with(me.id)):
        if me.id not in room.member_blocks:
            continue
        put_off = state.put_off(chat, room, me.id, full=len(told) >= SYNC_VALUES)
        if put_off is not None:
            later.append(put_off)
            continue
        told += state.told_of(chat, room, keys)
        told += state.told_of_members(chat, visible(chat, me.id, room), keys, seen)
        yield
    lists = (Monitor.of(chat).names.get(session_id, ()) for session_id in chat.sessions.of(me.id))
    for name in dict.fromkeys(chain.from_iterable(lists)):
        person = chat.person_named(name)
        if person is not None and person.id not in seen:
            seen.add(person.id)
            told += state.told_of(chat, person, keys)
    return (api.MetadataTold("", tuple(told), asked=True), *later)


def _found(chat: Chat, me: Person, target: str, key: str | None = None) -> Person | Room | Refusal:
    """The person or room whose values the requester may read; with a key it may change that one (``*``: all).

    It may change its own, and those of a room that it operates. Those of an invite-only room are for members.
    """
    found: Person | Room | None = me
    if target:
        found = chat.room_shown(target, me.id) if target[:1] in ROOM_SIGNS else chat.person_named(target)
    fault = None
    if found is None:
        fault = MetadataFault.NO_TARGET
    elif key is None:
        shut = isinstance(found, Room) and INVITE_ONLY in found.flags and me.id not in found.member_blocks
        if shut and me.id not in chat.server_operators:
            fault = MetadataFault.HIDDEN
    elif key != "*" and not state.is_key(key):
        fault = MetadataFault.KEY
    elif not (chat.may(me.id, found, Right.MANAGE) if isinstance(found, Room) else found is me):
        fault = MetadataFault.NOT_YOURS
    if found is None or fault is not None:
        return api.MetadataRefused(fault or MetadataFault.NO_TARGET, target, "*" if key is None else key)
    return found


def _closing(chat: Chat, found: Person | Room, removed: tuple[str, ...]) -> tuple[RoomClosed, ...]:
    """Closes an empty room if nothing is set for it after these values are removed."""
    if isinstance(found, Person) or not removed or not found.metadata.keys() <= set(removed):
        return ()
    return closing_empty(chat, found, Metadata)


def _changing(
    chat: Chat, me: Person, target: Person | Room, key: str, value: str | None, now: int
) -> Iterator[Event]:
    """The event of a change, and the events that tell the subscribers."""
    if isinstance(target, Room):
        yield api.RoomMetadataChanged(target.name, me, key, value, now)
        members = Metadata.of(chat).subscribers.get(key, {}).keys() & target.member_blocks.keys()
        yield from state.showing(target, key, value, members, answered=True)
        return
    if me.account:
        yield api.AccountMetadataChanged(me.account, me, key, value, now)
    else:
        yield api.MetadataChanged(me, key, value, now)
    if key in Metadata.of(chat).subscribers:
        for one in chat.people.values() if me.account else (me,):
            if one.account == me.account:
                yield from state.showing(one, key, value, state.recipients(chat, one, key), answered=True)
