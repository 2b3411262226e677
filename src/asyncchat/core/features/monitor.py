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
    """Which names each session monitors (IRCv3 monitor: a list for each client), and the same by name."""

    def __init__(self) -> None:
        self.names: dict[int, dict[str, str]] = {}
        """By a session's id: the names that it monitors, as it spelled them, by key."""
        self.watchers: dict[str, dict[int, int]] = {}
        """By a monitored name's key: the sessions that monitor it, in the order of beginning, with their
        people."""

    def add(self, person_id: int, session_id: int, names: Iterable[str]) -> None:
        """Adds names that a session of a person monitors."""
        mine = self.names.setdefault(session_id, {})
        for name in names:
            key = fold(name)
            mine[key] = name
            self.watchers.setdefault(key, {})[session_id] = person_id

    def remove(self, session_id: int, names: Iterable[str]) -> None:
        """Removes names that a session monitors."""
        mine = self.names.get(session_id, {})
        for key in map(fold, names):
            if mine.pop(key, None) is not None:
                watchers = self.watchers[key]
                del watchers[session_id]
                if not watchers:
                    del self.watchers[key]
        if not mine:
            self.names.pop(session_id, None)

    def people_watching(self, key: str) -> set[int]:
        """The people who monitor a name with one of their sessions."""
        return set(self.watchers.get(key, {}).values())

    def forget_person(self, person_id: int, sessions: tuple[int, ...]) -> None:
        """Forgets what a person who left monitored."""
        for session_id in sessions:
            self.forget_session(person_id, session_id)

    def forget_session(self, _person_id: int, session_id: int) -> None:
        """Forgets what a session that ended monitored."""
        self.remove(session_id, list(self.names.get(session_id, ())))

    def state(self) -> object:
        """This part as plain data: equal in equal chats."""
        return {session_id: dict(names) for session_id, names in self.names.items()}

    def end_run(self) -> None:
        """Forgets all of it."""
        self.names.clear()
        self.watchers.clear()


@follows(Connected)
def _connected(chat: Chat, _person_id: int, event: Connected) -> Iterator[Event]:
    return _online(chat, event.person)


@follows(Left)
def _left(chat: Chat, _person_id: int, event: Left) -> Iterator[Event]:
    yield from _offline(chat, event.person)


@follows(Renamed)
def _renamed(chat: Chat, _person_id: int, event: Renamed) -> Iterator[Event]:
    before = event.person
    if before.key == event.now.key:
        return
    yield from _offline(chat, before)
    yield from _online(chat, event.now)


@follows(AwayChanged, RealnameChanged, HostChanged, LoggedIn, LoggedOut)
def _changed(chat: Chat, _person_id: int, event: PersonChange) -> Iterator[Event]:
    """Tells those who share no room with the person; the others are told of the event itself."""
    person = event.person
    watchers = Monitor.of(chat).watchers.get(person.key)
    if watchers:
        rooms = set(chat.rooms.joined.get(person.id, ()))
        to = dict.fromkeys(
            person_id
            for person_id in watchers.values()
            if person_id != person.id and rooms.isdisjoint(chat.rooms.joined.get(person_id, ()))
        )
        if to:
            sessions = tuple(session for session, person_id in watchers.items() if person_id in to)
            yield MonitorChange(person, event, tuple(to), sessions)


PersonChange = AwayChanged | RealnameChanged | HostChanged | LoggedIn | LoggedOut
"""The changes of a person that monitors are told of."""


class MonitorAdd(Command, frozen=True):
    """Monitor these names with a session: be told when people connect or leave under them."""

    names: tuple[str, ...]
    session: int = 0


class MonitorRemove(Command, frozen=True):
    """Stop monitoring these names; ``all``: all names."""

    names: tuple[str, ...] = ()
    all: bool = False
    session: int = 0


class GetMonitored(Query, frozen=True):
    """The names that the requester monitors; ``status``: and which of them are online."""

    status: bool
    session: int = 0


class MonitorListChanged(Event, frozen=True, tag="watched"):
    """A session (0: the one it connected with) of a person monitors these names, or no longer."""

    recipients: ClassVar[Recipients] = Recipients.NOBODY
    person: Person
    names: tuple[str, ...]
    on: bool
    session: int = 0


class MonitorOnline(Event, frozen=True, tag="came"):
    """A person that others (``to``, in their ``sessions``) monitor is online now."""

    retention: ClassVar[Retention] = Retention.EPHEMERAL
    recipients: ClassVar[Recipients] = Recipients.SOME
    person: Person
    to: tuple[int, ...]
    sessions: tuple[int, ...] = ()


class MonitorOffline(Event, frozen=True, tag="went"):
    """A person that others (``to``, in their ``sessions``) monitor is not online under that name any more."""

    retention: ClassVar[Retention] = Retention.EPHEMERAL
    recipients: ClassVar[Recipients] = Recipients.SOME
    person: Person
    to: tuple[int, ...]
    sessions: tuple[int, ...] = ()


class MonitorChange(Event, frozen=True, tag="noticed"):
    """A person changed; ``to`` are the people who monitor it and share no room with it."""

    retention: ClassVar[Retention] = Retention.EPHEMERAL
    recipients: ClassVar[Recipients] = Recipients.SOME
    person: Person
    change: PersonChange
    to: tuple[int, ...]
    sessions: tuple[int, ...] = ()


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
"""Names that one session may monitor (MONITOR in IRC's 005): some 20 KB."""


def _online(chat: Chat, person: Person) -> Iterator[Event]:
    watchers = Monitor.of(chat).watchers.get(person.key)
    if watchers:
        yield MonitorOnline(person, tuple(dict.fromkeys(watchers.values())), tuple(watchers))


def _offline(chat: Chat, person: Person) -> Iterator[Event]:
    watchers = Monitor.of(chat).watchers.get(person.key)
    if watchers:
        yield MonitorOffline(person, tuple(dict.fromkeys(watchers.values())), tuple(watchers))


@for_people(MonitorAdd)
def monitor_add(chat: Chat, me: Person, command: MonitorAdd, _now: int) -> Items:
    """Monitors names, up to the limit, and tells which of them are online."""
    session_id = chat.sessions.sender(me.id, command.session)
    mine = Monitor.of(chat).names.get(session_id, {})
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
    return (MonitorListChanged(me, tuple(added.values()), True, session_id), view) if added else (view,)


@for_people(MonitorRemove)
def monitor_remove(chat: Chat, me: Person, command: MonitorRemove, _now: int) -> Items:
    """Stops monitoring names."""
    session_id = chat.sessions.sender(me.id, command.session)
    mine = Monitor.of(chat).names.get(session_id, {})
    keys = list(mine) if command.all else dict.fromkeys(map(fold, command.names))
    removed = tuple(mine[key] for key in keys if key in mine)
    return (MonitorListChanged(me, removed, False, session_id),) if removed else ()


@answers(GetMonitored)
def monitored(chat: Chat, person_id: int, query: GetMonitored) -> Reply:
    """The names that the requester monitors, or which of them are online."""
    session_id = chat.sessions.sender(person_id, query.session)
    names = Monitor.of(chat).names.get(session_id, {}).values()
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
    session_id = event.session or event.person.id
    if event.on:
        Monitor.of(chat).add(event.person.id, session_id, event.names)
    else:
        Monitor.of(chat).remove(session_id, event.names)
