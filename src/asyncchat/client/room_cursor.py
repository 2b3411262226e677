"""What a client remembers of a room across connections, and how it fills what it missed.

Owns positions, duplicates and the paging of one room's history; must not know connections, nor other rooms.
"""

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from asyncchat.client.events import Event, Gap, Message
from asyncchat.dialects.irc.client_values import HistoryPage

SEEN = 4096
"""Ids remembered of each room, against duplicates: several pages of a history."""

MESSAGES = 10_000
"""Most messages fetched of one room after a break; what is beyond becomes a gap."""

_MARGIN = timedelta(milliseconds=1)
"""server-time is cut to milliseconds and AFTER excludes its position: ask from just before."""


def position_at(time: datetime) -> str:
    """A time as CHATHISTORY takes it."""
    return f"timestamp={time.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


@dataclass(slots=True)
class Backfill:
    """A reading of the history under way; what the room says meanwhile is held.

    ``latest`` is how many messages are wanted of a room that is new to us; 0: all after our position.
    """

    latest: int = 0
    held: list[Event] = field(default_factory=list)
    fetched: int = 0
    position: str = ""
    asked: int = 0
    by_time: bool = False
    gap: bool = False
    """Whether what is found next may not follow what was seen last."""


class RoomCursor:
    """One room that we are in, or want to be in again."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.joined = False
        """Whether we are in it on this connection."""
        self.known = False
        """Whether we were in it at all: joining it again is a resume."""
        self.complete = True
        """Whether the last resume read to the end of the history."""
        self.backfill: Backfill | None = None
        self.last_id = ""
        self.last_time: datetime | None = None
        self._seen: set[tuple[str, int]] = set()
        self._order: deque[tuple[str, int]] = deque()

    def is_new(self, message: Message) -> bool:
        """Whether a message was not given before; it counts as given from now on."""
        if message.id:
            key = (message.id, message.part)
            if key in self._seen:
                return False
            self._seen.add(key)
            self._order.append(key)
            if len(self._order) > SEEN:
                self._seen.discard(self._order.popleft())
            self.last_id = message.id
        elif message.replayed and self.last_time is not None and message.time <= self.last_time:
            return False
        self.touch(message.time)
        return True

    def touch(self, time: datetime) -> None:
        """Something happened in the room at that time: what comes later is later."""
        if self.last_time is None or time > self.last_time:
            self.last_time = time

    def begin(self, latest: int = 0) -> Backfill:
        """Begins to backfill; ``backfill.position`` says from where, '' when nothing is known."""
        self.backfill = Backfill(latest)
        self.backfill.position = self._from_here(by_time=False)
        return self.backfill

    def by_time(self) -> bool:
        """Goes on from the time of what was seen last, its id meaning nothing (any more). False: it can't."""
        backfill = self.backfill
        if backfill is None or backfill.by_time or self.last_time is None or backfill.latest:
            return False
        backfill.by_time = backfill.gap = True
        backfill.position = self._from_here(by_time=True)
        return True

    def use_times(self) -> None:
        """The server takes times only."""
        if self.backfill is not None:
            self.backfill.by_time = True
            self.backfill.position = self._from_here(by_time=True)

    def page(self, page: HistoryPage) -> tuple[list[Event], bool]:
        """Takes a page: what of it is new, and whether more is to be asked for."""
        backfill = self.backfill
        if backfill is None:
            return [], False
        found: list[Event] = []
        held = {(event.id, event.part) for event in backfill.held if isinstance(event, Message) and event.id}
        after, since = self.last_id, self.last_time
        met = False
        for message in page.messages:
            if (message.id, message.part) in held:
                met = True
                break
            if self.is_new(message):
                if backfill.gap and since is not None:
                    found.append(Gap(self.name, after, message.id, since, message.time))
                backfill.gap = False
                found.append(message)
        backfill.fetched += len(found)
        position, backfill.position = backfill.position, self._from_here(by_time=backfill.by_time)
        heads = sum(1 for message in page.messages if not message.part)
        more = not (met or backfill.latest or heads < backfill.asked or backfill.position == position)
        if more and backfill.fetched >= MESSAGES:
            backfill.gap = True
            self.complete = False
            more = False
        return found, more

    def cancel_backfill(self) -> None:
        """The line broke: what was held is in the history too, and is read with it next time."""
        self.backfill = None

    def finish(self, now: datetime) -> list[Event]:
        """Ends the backfill: the gap that remains, if there is one, and what was held and is new."""
        backfill, self.backfill = self.backfill, None
        if backfill is None:
            return []
        events: list[Event] = []
        if backfill.gap:
            first = next((event for event in backfill.held if isinstance(event, Message)), None)
            until = first.time if first is not None else now
            before = first.id if first is not None else ""
            events.append(Gap(self.name, self.last_id, before, self.last_time or until, until))
        events.extend(backfill.held)
        return events

    def _from_here(self, *, by_time: bool) -> str:
        if self.last_id and not by_time:
            return f"msgid={self.last_id}"
        return position_at(self.last_time - _MARGIN) if self.last_time is not None else ""
