"""MONITOR: who is told that a person came, went or changed, without sharing a room.

Owns the index of names to those who monitor them, and what follows from an event for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, ClassVar

from asyncchat.core.commands import Command, Question
from asyncchat.core.events import Event, Kept, Reach
from asyncchat.core.features.away import AwayChanged
from asyncchat.core.features.host import HostChanged
from asyncchat.core.features.presence import Entered, Left, LoggedIn, LoggedOut, RealnameChanged, Renamed
from asyncchat.core.names import fold, name_fault
from asyncchat.core.parts import Part
from asyncchat.core.people import Person
from asyncchat.core.registry import Items, answers, applies, follows, handles
from asyncchat.core.replies import NotEntered, Reply

if TYPE_CHECKING:
    from asyncchat.core.chat import Chat


class Monitor(Part):
    """Which names each session watches, and the same by name."""

    def __init__(self) -> None:
        self.names: dict[int, dict[str, str]] = {}
        """The names that a session watches as it spelled them, by key; only for who watches any."""
        self.watchers: dict[str, dict[int, None]] = {}
        """Sessions by the key of what they watch, in the order in which they began."""

    def add(self, who: int, names: Iterable[str]) -> None:
        """A session watches these names from now on."""
        mine = self.names.setdefault(who, {})
        for name in names:
            key = fold(name)
            mine[key] = name
            self.watchers.setdefault(key, {})[who] = None

    def remove(self, who: int, names: Iterable[str]) -> None:
        """A session does not watch these names any more."""
        mine = self.names.get(who, {})
        for key in map(fold, names):
            if mine.pop(key, None) is not None:
                watchers = self.watchers[key]
                del watchers[who]
                if not watchers:
                    del self.watchers[key]
        if not mine:
            self.names.pop(who, None)

    def forget_person(self, who: int, _sessions: tuple[int, ...]) -> None:
        """A person has left."""
        if who in self.names:
            self.remove(who, list(self.names[who]))

    def state(self) -> object:
        """What is equal in equal chats, as plain data."""
        return {who: dict(names) for who, names in self.names.items()}

    def end_run(self) -> None:
        """Everybody is gone."""
        self.names.clear()
        self.watchers.clear()


@follows(Entered)
def _entered(chat: Chat, _who: int, event: Entered) -> Iterator[Event]:
    return _came(chat, event.person)


@follows(Left)
def _left(chat: Chat, _who: int, event: Left) -> Iterator[Event]:
    to = Monitor.of(chat).watchers.get(event.person.key)
    if to:
        yield Went(event.person, tuple(to))


@follows(Renamed)
def _renamed(chat: Chat, _who: int, event: Renamed) -> Iterator[Event]:
    before = event.person
    if before.key == event.now.key:
        return
    to = Monitor.of(chat).watchers.get(before.key)
    if to:
        yield Went(before, tuple(to))
    yield from _came(chat, event.now)


@follows(AwayChanged, RealnameChanged, HostChanged, LoggedIn, LoggedOut)
def _changed(chat: Chat, _who: int, event: Changed) -> Iterator[Event]:
    """Those who share a room are told of the event itself."""
    person = event.person
    watchers = Monitor.of(chat).watchers.get(person.key)
    if watchers:
        rooms = set(chat.rooms.joined.get(person.id, ()))
        to = tuple(
            who for who in watchers if who != person.id and rooms.isdisjoint(chat.rooms.joined.get(who, ()))
        )
        if to:
            yield Noticed(person, event, to)


Changed = AwayChanged | RealnameChanged | HostChanged | LoggedIn | LoggedOut
"""What those are told of a person who watch it."""


class Watch(Command, frozen=True):
    """Be told when people of these names come and go."""

    names: tuple[str, ...]


class Unwatch(Command, frozen=True):
    """Be no longer told of these names; ``all``: of any."""

    names: tuple[str, ...] = ()
    all: bool = False


class AskWatched(Question, frozen=True):
    """The names that the asker watches; ``here``: and who of them is here."""

    here: bool


class Watched(Event, frozen=True, tag="watched"):
    """A person watches these names, or no longer."""

    reach: ClassVar[Reach] = Reach.NOBODY
    person: Person
    names: tuple[str, ...]
    on: bool


class Came(Event, frozen=True, tag="came"):
    """Somebody whom sessions (``to``) watch is here now."""

    kept: ClassVar[Kept] = Kept.NEVER
    reach: ClassVar[Reach] = Reach.SOME
    person: Person
    to: tuple[int, ...]


class Went(Event, frozen=True, tag="went"):
    """Somebody whom sessions (``to``) watch is not here any more, or not by that name."""

    kept: ClassVar[Kept] = Kept.NEVER
    reach: ClassVar[Reach] = Reach.SOME
    person: Person
    to: tuple[int, ...]


class Noticed(Event, frozen=True, tag="noticed"):
    """Something changed about somebody whom sessions (``to``) watch that share no room with it."""

    kept: ClassVar[Kept] = Kept.NEVER
    reach: ClassVar[Reach] = Reach.SOME
    person: Person
    change: Changed
    to: tuple[int, ...]


class WatchedView(Reply, frozen=True):
    """The names that the asker watches, as it spelled them."""

    names: tuple[str, ...]


class HereView(Reply, frozen=True):
    """Who of some watched names is here, and which are not; ``over``: those past the limit, not watched."""

    here: tuple[Person, ...]
    gone: tuple[str, ...]
    over: tuple[str, ...] = ()
    limit: int = 0


WATCHED_EACH = 100
"""Names that one session may watch (the IRC dialect's MONITOR): some 20 KB."""


def _came(chat: Chat, person: Person) -> Iterator[Event]:
    to = Monitor.of(chat).watchers.get(person.key)
    if to:
        yield Came(person, tuple(to))


@handles(Watch)
def watch(chat: Chat, who: int, command: Watch, _now: int) -> Items:
    """Watches names as far as there is place, and tells who of them is here."""
    me = chat.people.get(who)
    if me is None:
        return (NotEntered(),)
    mine = Monitor.of(chat).names.get(who, {})
    added: dict[str, str] = {}
    known: list[str] = []
    over: list[str] = []
    for name in command.names:
        if name_fault(name) is not None:
            continue
        key = fold(name)
        if key not in mine and key not in added:
            if len(mine) + len(added) >= WATCHED_EACH:
                over.append(name)
                continue
            added[key] = name
        known.append(name)
    view = _here(chat, known, tuple(over))
    return (Watched(me, tuple(added.values()), True), view) if added else (view,)


@handles(Unwatch)
def unwatch(chat: Chat, who: int, command: Unwatch, _now: int) -> Items:
    """Watches names no longer."""
    me = chat.people.get(who)
    if me is None:
        return (NotEntered(),)
    mine = Monitor.of(chat).names.get(who, {})
    keys = list(mine) if command.all else dict.fromkeys(map(fold, command.names))
    removed = tuple(mine[key] for key in keys if key in mine)
    return (Watched(me, removed, False),) if removed else ()


@answers(AskWatched)
def watched(chat: Chat, who: int, question: AskWatched) -> Reply:
    """The names that are watched, or who of them is here."""
    names = Monitor.of(chat).names.get(who, {}).values()
    return _here(chat, names, ()) if question.here else WatchedView(tuple(names))


def _here(chat: Chat, names: Iterable[str], over: tuple[str, ...]) -> HereView:
    found = [(name, chat.person_named(name)) for name in names]
    return HereView(
        tuple(person for _, person in found if person is not None),
        tuple(name for name, person in found if person is None),
        over,
        WATCHED_EACH,
    )


@applies(Watched)
def _watched(chat: Chat, event: Watched) -> None:
    change = Monitor.of(chat).add if event.on else Monitor.of(chat).remove
    change(event.person.id, event.names)
