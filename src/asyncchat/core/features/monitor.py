"""MONITOR: people are told when others connect, leave or change, without sharing a room.

Owns who monitors which names, and the events for them.
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
from asyncchat.core.registry import Items, answers, applies, follows, for_people
from asyncchat.core.replies import Reply


class Monitor(Part):
    """Which names each person monitors, and the same by name."""

    def __init__(self) -> None:
        self.names: dict[int, dict[str, str]] = {}
        """By a person's id: the names that it monitors, as it spelled them, by key."""
        self.watchers: dict[str, dict[int, None]] = {}
        """By a monitored name's key: the ids of the people who monitor it, in the order of beginning."""

    def add(self, person_id: int, names: Iterable[str]) -> None:
        """Adds names that a person monitors."""
        mine = self.names.setdefault(person_id, {})
        for name in names:
            key = fold(name)
            mine[key] = name
            self.watchers.setdefault(key, {})[person_id] = None

    def remove(self, person_id: int, names: Iterable[str]) -> None:
        """Removes names that a person monitors."""
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
        """Forgets what a person who left monitored."""
        if person_id in self.names:
            self.remove(person_id, list(self.names[person_id]))

    def state(self) -> object:
        """This part as plain data: equal in equal chats."""
        return {person_id: dict(names) for person_id, names in self.names.items()}

    def end_run(self) -> None:
        """Forgets all of it."""
        self.names.clear()
        self.watchers.clear()


@follows(Connected)
def _connected(chat: Chat, _person_id: int, event: Connected) -> Iterator[Event]:
    return _online(chat, event.person)


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
    yield from _online(chat, event.now)


@follows(AwayChanged, RealnameChanged, HostChanged, LoggedIn, LoggedOut)
def _changed(chat: Chat, _person_id: int, event: PersonChange) -> Iterator[Event]:
    """Tells those who share no room with the person; the others are told of the event itself."""
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
"""The changes of a person that monitors are told of."""


class MonitorAdd(Command, frozen=True):
    """Monitor these names: be told when people connect or leave under them."""

    names: tuple[str, ...]


class MonitorRemove(Command, frozen=True):
    """Stop monitoring these names; ``all``: all names."""

    names: tuple[str, ...] = ()
    all: bool = False


class GetMonitored(Query, frozen=True):
    """The names that the requester monitors; ``status``: and which of them are online."""

    status: bool


class MonitorListChanged(Event, frozen=True, tag="watched"):
    """A person monitors these names, or no longer."""

    recipients: ClassVar[Recipients] = Recipients.NOBODY
    person: Person
    names: tuple[str, ...]
    on: bool


class MonitorOnline(Event, frozen=True, tag="came"):
    """A person that others (``to``) monitor is online now."""

    retention: ClassVar[Retention] = Retention.EPHEMERAL
    recipients: ClassVar[Recipients] = Recipients.SOME
    person: Person
    to: tuple[int, ...]


class MonitorOffline(Event, frozen=True, tag="went"):
    """A person that others (``to``) monitor is not online any more, or not under that name."""

    retention: ClassVar[Retention] = Retention.EPHEMERAL
    recipients: ClassVar[Recipients] = Recipients.SOME
    person: Person
    to: tuple[int, ...]


class MonitorChange(Event, frozen=True, tag="noticed"):
    """A person changed; ``to`` are the people who monitor it and share no room with it."""

    retention: ClassVar[Retention] = Retention.EPHEMERAL
    recipients: ClassVar[Recipients] = Recipients.SOME
    person: Person
    change: PersonChange
    to: tuple[int, ...]


class MonitorListView(Reply, frozen=True):
    """The names that the requester monitors, as it spelled them."""

    names: tuple[str, ...]


class MonitorStatusView(Reply, frozen=True):
    """Which of some names are online and which are not; ``over``: names beyond the limit, not monitored."""

    online: tuple[Person, ...]
    offline: tuple[str, ...]
    over: tuple[str, ...] = ()
    limit: int = 0


MONITOR_EACH = 100
"""Names that one person may monitor (MONITOR in IRC's 005): some 20 KB."""


def _online(chat: Chat, person: Person) -> Iterator[Event]:
    to = Monitor.of(chat).watchers.get(person.key)
    if to:
        yield MonitorOnline(person, tuple(to))


@for_people(MonitorAdd)
def monitor_add(chat: Chat, me: Person, command: MonitorAdd, _now: int) -> Items:
    """Monitors names, up to the limit, and tells which of them are online."""
    mine = Monitor.of(chat).names.get(me.id, {})
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
    view = _status(chat, known, tuple(over))
    return (MonitorListChanged(me, tuple(added.values()), True), view) if added else (view,)


@for_people(MonitorRemove)
def monitor_remove(chat: Chat, me: Person, command: MonitorRemove, _now: int) -> Items:
    """Stops monitoring names."""
    mine = Monitor.of(chat).names.get(me.id, {})
    keys = list(mine) if command.all else dict.fromkeys(map(fold, command.names))
    removed = tuple(mine[key] for key in keys if key in mine)
    return (MonitorListChanged(me, removed, False),) if removed else ()


@answers(GetMonitored)
def monitored(chat: Chat, person_id: int, query: GetMonitored) -> Reply:
    """The names that the requester monitors, or which of them are online."""
    names = Monitor.of(chat).names.get(person_id, {}).values()
    return _status(chat, names, ()) if query.status else MonitorListView(tuple(names))


def _status(chat: Chat, names: Iterable[str], over: tuple[str, ...]) -> MonitorStatusView:
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
