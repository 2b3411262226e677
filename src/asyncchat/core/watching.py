"""Watching people by name: who is told that somebody came, went, or changed, without sharing a room.

Owns the index of names to those who watch them, and what follows from an event for them; must not know rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from asyncchat.core import events
from asyncchat.core.names import fold

if TYPE_CHECKING:
    from asyncchat.core.chat import Chat
    from asyncchat.core.people import Person


class Watching:
    """Which names each session watches, and the same by name."""

    __slots__ = ("names", "watchers")

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

    def forget(self, who: int) -> None:
        """A session is gone."""
        if who in self.names:
            self.remove(who, list(self.names[who]))

    def clear(self) -> None:
        """Forgets all."""
        self.names.clear()
        self.watchers.clear()


def followed(chat: Chat, items: tuple[Any, ...]) -> tuple[Any, ...]:
    """What is decided, each event followed by what those hear who watch its person."""
    if len(items) == 1 and type(items[0]) not in _FOLLOWS:
        return items
    return tuple(told for item in items for told in (item, *_FOLLOWS.get(type(item), _nothing)(chat, item)))


def _nothing(_chat: Chat, _item: object) -> Iterator[events.AnyEvent]:
    return iter(())


def _entered(chat: Chat, event: events.Entered) -> Iterator[events.AnyEvent]:
    return _came(chat, event.person)


def _came(chat: Chat, person: Person) -> Iterator[events.AnyEvent]:
    to = chat.watching.watchers.get(person.key)
    if to:
        yield events.Came(person, tuple(to))


def _left(chat: Chat, event: events.Left) -> Iterator[events.AnyEvent]:
    to = chat.watching.watchers.get(event.person.key)
    if to:
        yield events.Went(event.person, tuple(to))


def _renamed(chat: Chat, event: events.Renamed) -> Iterator[events.AnyEvent]:
    before = event.person
    if before.key == event.now.key:
        return
    to = chat.watching.watchers.get(before.key)
    if to:
        yield events.Went(before, tuple(to))
    yield from _came(chat, event.now)


def _changed(chat: Chat, event: events.Changed) -> Iterator[events.AnyEvent]:
    """Those who share a room are told of the event itself."""
    person = event.person
    watchers = chat.watching.watchers.get(person.key)
    if watchers:
        rooms = set(chat.rooms_of.get(person.id, ()))
        to = tuple(
            who for who in watchers if who != person.id and rooms.isdisjoint(chat.rooms_of.get(who, ()))
        )
        if to:
            yield events.Noticed(person, event, to)


_FOLLOWS: dict[type, Callable[[Chat, Any], Iterator[events.AnyEvent]]] = {
    events.Entered: _entered,
    events.Left: _left,
    events.Renamed: _renamed,
    events.AwayChanged: _changed,
    events.RealnameChanged: _changed,
    events.HostChanged: _changed,
    events.LoggedIn: _changed,
    events.LoggedOut: _changed,
}
