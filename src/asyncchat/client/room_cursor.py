"""The position up to which a client has read a room, over several connections, and the backfill of what it
missed.

Owns positions, duplicates and the paging of one room's history; must not know connections or other rooms.
"""

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from asyncchat.client.events import Edited, Event, Gap, Message, Reacted, Redacted
from asyncchat.client.pending import Lookup
from asyncchat.dialects.irc.client_values import HistoryPage

SEEN = 4096
"""How many messages and changes of each room are known, to find duplicates: several pages of a history."""

LONG_PAGE = 64_000
"""Characters of a page that the server may have ended early, for its length; ours does at 256 KB."""

_MARGIN = timedelta(milliseconds=1)
"""server-time is cut to milliseconds and AFTER excludes its position: ask from slightly earlier."""


def position_at(time: datetime) -> str:
    """A time as a position of CHATHISTORY."""
    return f"timestamp={time.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


@dataclass(slots=True)
class Backfill:
    """A reading of the history that is in progress; live events of the room are held meanwhile.

    Attributes:
        latest: how many messages of a new room are wanted; 0: all after our position.
        gap: whether what is found next may not directly follow what was seen last.
        first: gathers the latest messages of a new room, over several pages if these have few.
    """

    latest: int = 0
    held: list[Event] = field(default_factory=list)
    position: str = ""
    asked: int = 0
    by_time: bool = False
    gap: bool = False
    first: Lookup = field(default_factory=lambda: Lookup("The history can't be read"))

    def __post_init__(self) -> None:
        self.first.limit = self.latest


class RoomCursor:
    """One room that we are in, or will join again."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.joined = False
        """Whether we are in it on this connection."""
        self.known = False
        """Whether we were in it before: joining it again is a resume."""
        self.complete = True
        """Whether the last resume read to the end of the history."""
        self.backfill: Backfill | None = None
        self.last_id = ""
        self.last_time: datetime | None = None
        self._seen: set[Hashable] = set()
        self._order: deque[Hashable] = deque()

    def is_new(self, message: Message) -> bool:
        """Whether a message has not been yielded before; from now on it counts as yielded."""
        if message.id:
            if not self._is_first((message.id, message.part)):
                return False
            self.last_id = message.id
        elif message.replayed and self.last_time is not None and message.time <= self.last_time:
            return False
        self.touch(message.time)
        return True

    def is_new_change(self, change: Event) -> bool:
        """Whether a reaction, edit or redaction has not been yielded before: pages of the history overlap."""
        match change:
            case Reacted():
                return self._is_first((change.id, change.time, change.nick, change.reaction, change.on))
            case Edited():
                return self._is_first((change.id, change.time, change.text))
            case Redacted():
                return self._is_first((change.id, change.time))
        return True

    def _is_first(self, key: Hashable) -> bool:
        """Whether something is seen for the first time, among the last ones."""
        if key in self._seen:
            return False
        self._seen.add(key)
        self._order.append(key)
        if len(self._order) > SEEN:
            self._seen.discard(self._order.popleft())
        return True

    def touch(self, time: datetime) -> None:
        """Notes that something happened in the room at that time."""
        if self.last_time is None or time > self.last_time:
            self.last_time = time

    def begin(self, latest: int = 0) -> Backfill:
        """Begins a backfill from ``backfill.position``, which is '' if nothing is known."""
        self.backfill = Backfill(latest)
        self.backfill.position = self._from_here(by_time=False)
        return self.backfill

    def by_time(self) -> bool:
        """Continues from the last message's time, because its id is unknown; False if that is impossible."""
        backfill = self.backfill
        if backfill is None or backfill.by_time or self.last_time is None or backfill.latest:
            return False
        backfill.by_time = backfill.gap = True
        backfill.position = self._from_here(by_time=True)
        return True

    def use_times(self) -> None:
        """Uses times, because the server does not accept ids."""
        if self.backfill is not None:
            self.backfill.by_time = True
            self.backfill.position = self._from_here(by_time=True)

    def page(self, page: HistoryPage) -> tuple[list[Event], bool]:
        """Takes a page; returns what is new in it, and whether to ask for more."""
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
        # What happened to a message that is held comes behind it, and is held itself.
        later = {id for id, _ in held}
        found += [
            change
            for change in page.changes
            if getattr(change, "id", "") not in later and self.is_new_change(change)
        ]
        if page.until is not None:
            self.touch(page.until)
        position, backfill.position = backfill.position, self._from_here(by_time=backfill.by_time)
        if page.newest and not backfill.by_time:
            backfill.position = f"msgid={page.newest}"
        heads = sum(1 for message in page.messages if not message.part)
        is_short = heads < backfill.asked and _size(page) < LONG_PAGE
        is_last = page.ended or (is_short and not page.newest)
        more = not (met or backfill.latest or is_last or backfill.position == position)
        return found, more

    def finish(self, now: datetime) -> list[Event]:
        """Ends the backfill; returns the gap that remains, if any, and the events that were held."""
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


def _size(page: HistoryPage) -> int:
    return sum(len(message.text) for message in page.messages)
