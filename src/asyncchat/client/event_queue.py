"""What was received and not yet taken by the program: bounded.

Owns the bound, and that what it costs is told as a gap; must not know threads.
"""

from collections import deque
from collections.abc import Iterable

from asyncchat.client.events import Event, Gap, Message

EVENTS = 100_000
"""Most events kept for a program that does not take them: some 50 MB."""


class EventQueue:
    """A queue that forgets its oldest events rather than to grow."""

    def __init__(self, limit: int = EVENTS) -> None:
        self._limit = limit
        self._events: deque[Event] = deque()
        self._gaps: dict[str, Gap] = {}
        self._last: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._events) + len(self._gaps)

    def put(self, events: Iterable[Event]) -> None:
        """Adds events; what no longer fits becomes a gap in front."""
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
        """The next event; there must be one."""
        if self._gaps:
            return self._gaps.pop(next(iter(self._gaps)))
        event = self._events.popleft()
        if isinstance(event, Message) and event.id:
            self._last[event.room] = event.id
        return event
