"""The bounded queue of events that the program has not taken yet.

Owns the limit, and reports dropped messages as a gap; must not know threads.
"""

from collections import deque
from collections.abc import Iterable

from asyncchat.client.events import Event, Gap, Message

EVENTS = 100_000
"""Most events kept for a program that does not take them: about 50 MB."""


class EventQueue:
    """A queue that drops its oldest events at the limit."""

    def __init__(self, limit: int = EVENTS) -> None:
        self._limit = limit
        self._events: deque[Event] = deque()
        self._gaps: dict[str, Gap] = {}
        self._last: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._events) + len(self._gaps)

    def put(self, events: Iterable[Event]) -> None:
        """Adds events; what does not fit becomes a gap at the front."""
        self._events.extend(events)
        while len(self._events) > self._limit:
            event = self._events.popleft()
            if isinstance(event, Message):
                known = self._gaps.get(event.room)
                since = known.since if known is not None else event.time
                self._gaps[event.room] = Gap(
                    event.room, self._last.get(event.room, ""), "", since, event.time
                )

    def take(self) -> Event:
        """Removes and returns the next event; there must be one."""
        if self._gaps:
            return self._gaps.pop(next(iter(self._gaps)))
        event = self._events.popleft()
        if isinstance(event, Message) and event.id:
            self._last[event.room] = event.id
        return event
