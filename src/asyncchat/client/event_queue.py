"""The bounded queue of events that the program has not taken yet.

Owns the limit, and reports dropped messages as a gap; must not know threads.
"""

from collections import deque
from collections.abc import Iterable

import msgspec

from asyncchat.client.events import Event, Gap, Message

EVENTS = 100_000
"""Most events kept for a program that does not take them: about 50 MB."""

CHARACTERS = 20_000_000
"""Most characters in them: 200 for each. A character takes up to four bytes."""

ROOMS = 10_000
"""Of how many rooms gaps and the last messages are known; a server may name any number."""


class EventQueue:
    """A queue that drops its oldest events at the limits.

    Args:
        limit: most events.
        characters: most characters in them.
        rooms: of how many rooms gaps are told.
    """

    def __init__(self, limit: int = EVENTS, characters: int = CHARACTERS, rooms: int = ROOMS) -> None:
        self._limit = limit
        self._most_characters = characters
        self._rooms = rooms
        self._characters = 0
        self._events: deque[Event] = deque()
        self._gaps: dict[str, Gap] = {}
        self._last: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._events) + len(self._gaps)

    def put(self, events: Iterable[Event]) -> None:
        """Adds events; what does not fit becomes a gap at the front."""
        for event in events:
            self._events.append(event)
            self._characters += _size(event)
        while len(self._events) > self._limit or self._characters > self._most_characters:
            event = self._pop()
            if isinstance(event, Message):
                known = self._gaps.get(event.room)
                since = known.since if known is not None else event.time
                self._gaps[event.room] = Gap(
                    event.room, self._last.get(event.room, ""), "", since, event.time
                )
                self._forget(self._gaps)

    def take(self) -> Event:
        """Removes and returns the next event; there must be one."""
        if self._gaps:
            return self._gaps.pop(next(iter(self._gaps)))
        event = self._pop()
        if isinstance(event, Message) and event.id:
            self._last.pop(event.room, None)  # it is the newest from now on
            self._last[event.room] = event.id
            self._forget(self._last)
        return event

    def _pop(self) -> Event:
        event = self._events.popleft()
        self._characters -= _size(event)
        return event

    def _forget(self, rooms: dict[str, Gap] | dict[str, str]) -> None:
        """Forgets the oldest room, if there are too many."""
        if len(rooms) > self._rooms:
            del rooms[next(iter(rooms))]


def _size(event: Event) -> int:
    """Characters of an event."""
    size = 0
    for value in msgspec.structs.astuple(event):
        if type(value) is str:
            size += len(value)
        elif type(value) is tuple:
            size += sum(map(len, value)) + len(value)
    return size
