"""MONITOR: who is told that a person came, went or changed, without sharing a room.

Owns the index of names to those who monitor them, and what follows from an event for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

from asyncchat.core.chat import Chat, Part
from asyncchat.core.commands import Command, Query
from asyncchat.core.events import Event, Recipients, Retention
from asyncchat.core.features.away import AwayChanged
from asyncchat.core.features.host import HostChanged
from asyncchat.core.features.presence import Connected, Left, LoggedIn, LoggedOut, RealnameChanged, Renamed
from asyncchat.core.names import fold, name_fault
from asyncchat.core.people import Person
from asyncchat.core.registry import Items, answers, applies, follows, handles
from asyncchat.core.replies import NotConnectedYet, Reply


class Monitor(Part):
    """Which names each session watches, and the same by name."""

    def __init__(self) -> None:
        self.names: dict[int, dict[str, str]] = {}
        """The names that a session watches as it spelled them, by key; only for who watches any."""
        self.watchers: dict[str, dict[int, None]] = {}
        """Sessions by the key of what they watch, in the order in which they began."""

    def add(self, person_id: int, names: Iterable[str]) -> None:
        """A session watches these names from now on."""
        mine = self.names.setdefault(person_id, {})
        for name in names:
            key = fold(name)
            mine[key] = name
            self.watchers.setdefault(key, {})[person_id] = None

    def remove(self, person_id: int, names: Iterable[str]) -> None:
        """A session does not watch these names any more."""
        mine = self.names.get(person_id, {})
        for key in map(fold, names):
            if mine.pop(key, None) is not None:
                watchers = self.watchers[key]
                del watchers[person_id]
                if not watchers:
                    del self.watchers[key]
        if not mine:
            self.names.pop(person_id, None)

    def forget_person(self, person_id: int, _sessions: tuple[int, ...]) -> None:
        """A person has left."""
        if person_id in self.names:
            self.remove(person_id, list(self.names[person_id]))

    def state(self) -> object:
        """What is equal in equal chats, as plain data."""
        return {person_id: dict(names) for person_id, names in self.names.items()}

    def end_run(self) -> None:
        """Everybody is gone."""
        self.names.clear()
        self.watchers.clear()


@follows(Connected)
def _connected(chat: Chat, _person_id: int, event: Connected) -> Iterator[Event]:
    return _came(chat, event.person)


@follows(Left)
def _left(chat: Chat, _person_id: int, event: Left) -> Iterator[Event]:
    to = Monitor.of(chat).watchers.get(event.person.key)
    if to:
        yield MonitorOffline(event.person, tuple(to))


@follows(Renamed)
def _renamed(chat: Chat, _person_id: int, event: Renamed) -> Iterator[Event]:
    before = event.person
    if before.key == event.now.key:
        return
    to = Monitor.of(chat).watchers.get(before.key)
    if to:
        yield MonitorOffline(before, tuple(to))
    yield from _came(chat, event.now)


@follows(AwayChanged, RealnameChanged, HostChanged, LoggedIn, LoggedOut)
def _changed(chat: Chat, _person_id: int, event: PersonChange) -> Iterator[Event]:
    """Those who share a room are told of the event itself."""
    person = event.person
    watchers = Monitor.of(chat).watchers.get(person.key)
    if watchers:
        rooms = set(chat.rooms.joined.get(person.id, ()))
        to = tuple(
            person_id
            for person_id in watchers
            if person_id != person.id and rooms.isdisjoint(chat.rooms.joined.get(person_id, ()))
        )
        if to:
            yield MonitorChange(person, event, to)


PersonChange = AwayChanged | RealnameChanged | HostChanged | LoggedIn | LoggedOut
"""What those are told of a person who watch it."""


class MonitorAdd(Command, frozen=True):
    """Be told when people of these names come and go."""

    names: tuple[str, ...]


class MonitorRemove(Command, frozen=True):
    """Be no longer told of these names; ``all``: of any."""

    names: tuple[str, ...] = ()
    all: bool = False


class GetMonitored(Query, frozen=True):
    """The names that the asker watches; ``here``: and who of them is here."""

    here: bool


class MonitorListChanged(Event, frozen=True, tag="watched"):
    """A person watches these names, or no longer."""

    recipients: ClassVar[Recipients] = Recipients.NOBODY
    person: Person
    names: tuple[str, ...]
    on: bool


class MonitorOnline(Event, frozen=True, tag="came"):
    """Somebody whom sessions (``to``) watch is here now."""

    retention: ClassVar[Retention] = Retention.EPHEMERAL
    recipients: ClassVar[Recipients] = Recipients.SOME
    person: Person
    to: tuple[int, ...]


class MonitorOffline(Event, frozen=True, tag="went"):
    """Somebody whom sessions (``to``) watch is not here any more, or not by that name."""

    retention: ClassVar[Retention] = Retention.EPHEMERAL
    recipients: ClassVar[Recipients] = Recipients.SOME
    person: Person
    to: tuple[int, ...]


class MonitorChange(Event, frozen=True, tag="noticed"):
    """Something changed about somebody whom sessions (``to``) watch that share no room with it."""

    retention: ClassVar[Retention] = Retention.EPHEMERAL
    recipients: ClassVar[Recipients] = Recipients.SOME
    person: Person
    change: PersonChange
    to: tuple[int, ...]


class MonitorListView(Reply, frozen=True):
    """The names that the asker watches, as it spelled them."""

    names: tuple[str, ...]


class MonitorStatusView(Reply, frozen=True):
    """Who of some watched names is here, and which are not; ``over``: those past the limit, not watched."""

    online: tuple[Person, ...]
    offline: tuple[str, ...]
    over: tuple[str, ...] = ()
    limit: int = 0


MONITOR_EACH = 100
"""Names that one session may watch (the IRC dialect's MONITOR): some 20 KB."""


def _came(chat: Chat, person: Person) -> Iterator[Event]:
    to = Monitor.of(chat).watchers.get(person.key)
    if to:
        yield MonitorOnline(person, tuple(to))


@handles(MonitorAdd)
def monitor_add(chat: Chat, person_id: int, command: MonitorAdd, _now: int) -> Items:
    """Watches names as far as there is place, and tells who of them is here."""
    me = chat.people.get(person_id)
    if me is None:
        return (NotConnectedYet(),)
    mine = Monitor.of(chat).names.get(person_id, {})
    added: dict[str, str] = {}
    known: list[str] = []
    over: list[str] = []
    for name in command.names:
        if name_fault(name) is not None:
            continue
        key = fold(name)
        if key not in mine and key not in added:
            if len(mine) + len(added) >= MONITOR_EACH:
                over.append(name)
                continue
            added[key] = name
        known.append(name)
    view = _here(chat, known, tuple(over))
    return (MonitorListChanged(me, tuple(added.values()), True), view) if added else (view,)


@handles(MonitorRemove)
def monitor_remove(chat: Chat, person_id: int, command: MonitorRemove, _now: int) -> Items:
    """Watches names no longer."""
    me = chat.people.get(person_id)
    if me is None:
        return (NotConnectedYet(),)
    mine = Monitor.of(chat).names.get(person_id, {})
    keys = list(mine) if command.all else dict.fromkeys(map(fold, command.names))
    removed = tuple(mine[key] for key in keys if key in mine)
    return (MonitorListChanged(me, removed, False),) if removed else ()


@answers(GetMonitored)
def watched(chat: Chat, person_id: int, query: GetMonitored) -> Reply:
    """The names that are watched, or who of them is here."""
    names = Monitor.of(chat).names.get(person_id, {}).values()
    return _here(chat, names, ()) if query.here else MonitorListView(tuple(names))


def _here(chat: Chat, names: Iterable[str], over: tuple[str, ...]) -> MonitorStatusView:
    found = [(name, chat.person_named(name)) for name in names]
    return MonitorStatusView(
        tuple(person for _, person in found if person is not None),
        tuple(name for name, person in found if person is None),
        over,
        MONITOR_EACH,
    )


@applies(MonitorListChanged)
def _monitor_list_changed(chat: Chat, event: MonitorListChanged) -> None:
    change = Monitor.of(chat).add if event.on else Monitor.of(chat).remove
    change(event.person.id, event.names)
