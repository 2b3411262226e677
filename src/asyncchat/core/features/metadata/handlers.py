"""Metadata: who may set which values, and what is replied.

Owns the decisions. Who is told of a change is in ``state``.
"""

from collections.abc import Generator, Iterator, Mapping
from itertools import chain

from asyncchat.core.chat import Chat
from asyncchat.core.events import Event
from asyncchat.core.features.metadata.api import (
    AccountMetadataChanged,
    ClearMetadata,
    GetMetadata,
    GetSubscribed,
    MetadataChanged,
    MetadataFault,
    MetadataLater,
    MetadataNow,
    MetadataRefused,
    MetadataShown,
    MetadataTold,
    MetadataView,
    Pending,
    RoomMetadataChanged,
    SetMetadata,
    Subscribe,
    Subscribed,
    SubscribedNow,
    SubscriptionsView,
    Synced,
    SyncMetadata,
    Told,
    Unsubscribe,
)
from asyncchat.core.features.metadata.state import (
    PART_VALID,
    SYNC_VALUES,
    VALUES_IN_ALL,
    Metadata,
    changed,
    fault_of,
    in_room,
    is_deferred,
    is_key,
    keys_of,
    of_members,
    of_person,
    recipients,
    retry_seconds,
    showing,
    subscribing,
    unsubscribing,
)
from asyncchat.core.features.monitor import Monitor, MonitorStatusView
from asyncchat.core.features.rooms import RoomClosed, closing_empty
from asyncchat.core.modes import INVITE_ONLY
from asyncchat.core.names import ROOM_SIGNS
from asyncchat.core.people import Person
from asyncchat.core.permissions import silenced_in
from asyncchat.core.registry import Items, answers, follows, for_people, handles, handles_in_slices
from asyncchat.core.replies import NotConnectedYet, Refusal, Reply
from asyncchat.core.roles import Right
from asyncchat.core.rooms import Room
from asyncchat.core.visibility import visible


@handles(SetMetadata)
def set_value(chat: Chat, person_id: int, command: SetMetadata, now: int) -> Items:
    """Sets or removes a value of the requester or of a room."""
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
    if isinstance(found, Person) and value is not None and silenced_in(chat, found) is not None:
        return (MetadataRefused(MetadataFault.SILENCED, command.target, key),)
    seconds = Metadata.of(chat).wait(person_id, now)
    if seconds:
        return (MetadataRefused(MetadataFault.TOO_FAST, command.target, key, seconds),)
    closed = _closing(chat, found, () if value is not None else (key,))
    return (*_changing(chat, chat.people[person_id], found, key, value, now), *closed, told)


@handles(ClearMetadata)
def clear(chat: Chat, person_id: int, command: ClearMetadata, now: int) -> Items:
    """Removes all values of the requester or of a room."""
    found = _settable(chat, person_id, command.target)
    if isinstance(found, Refusal):
        return (found,)
    values = found.metadata if isinstance(found, Room) else Metadata.of(chat).values_of(found)
    me = chat.people[person_id]
    events = (event for key in values for event in _changing(chat, me, found, key, None, now))
    return (*events, *_closing(chat, found, tuple(values)), MetadataView(found.name, (), tuple(values)))


def entering(
    chat: Chat, me: Person, session_id: int, pending: Pending, keys: tuple[str, ...]
) -> Iterator[Event]:
    """The events for what a session set and subscribed to before it connected, as far as that is allowed."""
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
    """Tells the values of a person or a room."""
    found = _readable(chat, person_id, command.target)
    if isinstance(found, Refusal):
        return (found,)
    values = found.metadata if isinstance(found, Room) else Metadata.of(chat).values_of(found)
    return (MetadataView(found.name, tuple(values.items()), command.keys),)


@handles_in_slices(SyncMetadata)
def sync(chat: Chat, person_id: int, command: SyncMetadata, now: int) -> Generator[None, None, Items]:
    """Tells the values that the requester subscribed to, of a room with all its members."""
    if command.every and person_id in chat.people:
        return (yield from _sync_all(chat, chat.people[person_id]))
    found = _readable(chat, person_id, command.target)
    if isinstance(found, Refusal):
        return (found,)
    keys = keys_of(chat, person_id)
    if isinstance(found, Person):
        return (MetadataTold(found.name, tuple(of_person(chat, found, keys)), asked=True),)
    if person_id not in found.member_blocks:
        return (MetadataTold(found.name, tuple(in_room(chat, found, (), keys, set())), asked=True),)
    last, room, first = Metadata.of(chat).synced.get(person_id, (0, "", 0))
    if room != found.key or now - last > PART_VALID:
        first = 0
    told: list[Told] = []
    seen = {person_id}
    if not first:
        told += in_room(chat, found, (), keys, seen)
    for block in visible(chat, person_id, found):
        number = found.member_blocks.get(block.members[0].person.id, first)
        if number < first:
            continue
        if len(told) >= SYNC_VALUES:
            part = MetadataTold(found.name, tuple(told), asked=True)
            synced = Synced(chat.people[person_id], found.name, now, number)
            return (synced, part, MetadataLater(found.name, 1))
        told += of_members(chat, (block,), keys, seen)
        yield
    view = MetadataTold(found.name, tuple(told), asked=True)
    return (Synced(chat.people[person_id], found.name, now), view) if first else (view,)


@for_people(Subscribe)
def subscribe(chat: Chat, me: Person, command: Subscribe, _now: int) -> Items:
    """Subscribes a session to keys; it asks for their current values when it wants."""
    session_id = chat.sessions.sender(me.id, command.session)
    mine = Metadata.of(chat).subscriptions.get(session_id, {})
    result = subscribing(mine, command.keys)
    new = tuple(key for key in result.granted if key not in mine)
    answer = SubscribedNow(result, True)
    if not new:
        return (answer,)
    return (Subscribed(me, new, True, session_id), answer, MetadataLater("", 0))


@for_people(Unsubscribe)
def unsubscribe(chat: Chat, me: Person, command: Unsubscribe, _now: int) -> Items:
    """Unsubscribes a session from keys."""
    session_id = chat.sessions.sender(me.id, command.session)
    mine = Metadata.of(chat).subscriptions.get(session_id, {})
    result = unsubscribing(command.keys)
    removed = tuple(key for key in result.granted if key in mine)
    answer = SubscribedNow(result, False)
    return (Subscribed(me, removed, False, session_id), answer) if removed else (answer,)


@answers(GetSubscribed)
def subscribed(chat: Chat, person_id: int, query: GetSubscribed) -> Reply:
    """The keys that a session subscribed to."""
    return SubscriptionsView(
        tuple(Metadata.of(chat).subscriptions.get(chat.sessions.sender(person_id, query.session), ()))
    )


@follows(MonitorStatusView)
def _monitored(chat: Chat, person_id: int, view: MonitorStatusView) -> Iterator[MetadataTold]:
    """Tells a person the values of people whom it monitors, even if there are none."""
    keys = keys_of(chat, person_id)
    return (MetadataTold(person.name, tuple(of_person(chat, person, keys))) for person in view.online)


def _sync_all(chat: Chat, me: Person) -> Generator[None, None, Items]:
    """The values of a person's rooms, their members, and the people that it monitors; not of large rooms."""
    keys = keys_of(chat, me.id)
    told = list(of_person(chat, me, keys))
    seen = {me.id}
    later: list[MetadataLater] = []
    for room in list(chat.rooms_with(me.id)):
        if me.id not in room.member_blocks:
            continue
        if is_deferred(chat, room, me.id) or len(told) >= SYNC_VALUES:
            later.append(MetadataLater(room.name, retry_seconds(me.id)))
            continue
        told += in_room(chat, room, visible(chat, me.id, room), keys, seen)
        yield
    lists = (Monitor.of(chat).names.get(session_id, ()) for session_id in chat.sessions.of(me.id))
    for name in dict.fromkeys(chain.from_iterable(lists)):
        person = chat.person_named(name)
        if person is not None and person.id not in seen:
            seen.add(person.id)
            told += of_person(chat, person, keys)
    return (MetadataTold("", tuple(told), asked=True), *later)


def _target(chat: Chat, person_id: int, target: str) -> Person | Room | None:
    if not target:
        return chat.people[person_id]
    if target[:1] in ROOM_SIGNS:
        return chat.room_shown(target, person_id)
    return chat.person_named(target)


def _readable(chat: Chat, person_id: int, target: str) -> Person | Room | Refusal:
    """The person or room whose values the requester may read; an invite-only room's are for its members."""
    if person_id not in chat.people:
        return NotConnectedYet()
    found = _target(chat, person_id, target)
    if found is None:
        return MetadataRefused(MetadataFault.NO_TARGET, target)
    if (
        isinstance(found, Room)
        and INVITE_ONLY in found.flags
        and person_id not in found.member_blocks
        and person_id not in chat.server_operators
    ):
        return MetadataRefused(MetadataFault.HIDDEN, target, "*")
    return found


def _settable(chat: Chat, person_id: int, target: str, key: str | None = None) -> Person | Room | Refusal:
    """The person or room whose values the requester may change: itself, or a room that it operates."""
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


def _closing(chat: Chat, found: Person | Room, removed: tuple[str, ...]) -> tuple[RoomClosed, ...]:
    """Closes an empty room if nothing is set for it after these values are removed."""
    if isinstance(found, Person) or not removed or not found.metadata.keys() <= set(removed):
        return ()
    return closing_empty(chat, found, Metadata)


def _fault(chat: Chat, values: Mapping[str, str], key: str, value: str | None) -> MetadataFault | None:
    """Why nobody can set this value, or None."""
    fault = fault_of(values, key, value)
    if fault is None and value is not None and key not in values:
        return MetadataFault.FULL if Metadata.of(chat).count >= VALUES_IN_ALL else None
    return fault


def _changing(
    chat: Chat, me: Person, target: Person | Room, key: str, value: str | None, now: int
) -> Iterator[Event]:
    """The event of a change, and the events that tell the subscribers."""
    if isinstance(target, Room):
        yield RoomMetadataChanged(target.name, me, key, value, now)
        members = Metadata.of(chat).subscribers.get(key, {}).keys() & target.member_blocks.keys()
        if members:
            yield MetadataShown(target.name, 0, key, value, tuple(sorted(members)), answered=True)
        return
    if not me.account:
        yield MetadataChanged(me, key, value, now)
        yield from showing(me, key, value, recipients(chat, me, key), answered=True)
        return
    yield AccountMetadataChanged(me.account, me, key, value, now)
    if Metadata.of(chat).subscribers.get(key):
        people = chat.people.values()
        others = (other for other in people if other.account == me.account and other.id != me.id)
        for person in (me, *others):
            yield from showing(person, key, value, recipients(chat, person, key), answered=True)
