"""The log that forgets: nothing outlives the process, and of the messages only the newest are readable.

Owns the bounded memory behind ``--db :memory:`` and ``--no-history``; must not know a file.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from heapq import merge
from itertools import groupby, islice

import msgspec

from asyncchat.core.events import (
    ACTS,
    AnyEvent,
    Erased,
    Kept,
    Reacted,
    ReactedTo,
    Record,
    Retracted,
    RoomRenamed,
    Said,
    Whispered,
)
from asyncchat.core.ids import Ids
from asyncchat.core.names import fold
from asyncchat.core.searching import UNSEEN, holds
from asyncchat.log import shelves
from asyncchat.log.base import Found, OutOfStep, Page, Query, Range, Retention, Shelf, misuse, new_epoch
from asyncchat.log.shelves import shelves_of
from asyncchat.log.snapshot import snapshot

KEEP = 10_000
"""Messages kept unless told otherwise, and as many other facts of the history: some 5 MB of usual ones."""

_TOLD = (Said, Whispered, Reacted, ReactedTo)
"""What a number can name for people."""

ACTS_KEPT = 1000
"""Acts of operators of the server that stay readable."""

_LOOKED_AT_ONCE = 250
"""Messages that a search looks at before others have a turn: half a millisecond."""

_DAY = 24 * 3600 * 1_000_000

_STATE_FACTS = 10_000
"""State facts gathered before they are folded into a snapshot."""


class MemoryLog:
    """A log in memory, of which the newest messages can be read.

    Args:
        keep: how many messages stay readable, over all rooms; 0 for none (``--no-history``).
    """

    def __init__(self, keep: int = KEEP) -> None:
        self._keep = keep
        self._last = 0
        self._last_time = 0
        self._ids = Ids([(1, new_epoch())])
        self._newest_batch: tuple[Record, ...] = ()
        self._rooms: dict[str, deque[Record]] = {}
        self._order: deque[tuple[int, int, tuple[str, ...]]] = deque()
        self._notes: deque[tuple[int, int, tuple[str, ...]]] = deque()
        self._removed: dict[str, tuple[int, int]] = {}
        """Rooms of which messages are gone: the last one's number and time."""
        self._days = 0
        self._oldest = 0
        self._told: dict[int, Record] = {}
        self._acts: deque[Record] = deque(maxlen=ACTS_KEPT)
        self._facts: list[AnyEvent] = []
        self._fold_at = _STATE_FACTS

    @property
    def last(self) -> int:
        """The number of the newest record."""
        return self._last

    @property
    def last_time(self) -> int:
        """The time of the newest record."""
        return self._last_time

    @property
    def ids(self) -> Ids:
        """The ids of this run's records."""
        return self._ids

    @property
    def messages(self) -> int:
        """None were there when it was opened."""
        return 0

    def state(self) -> Iterable[AnyEvent]:
        """The state facts of this run."""
        return tuple(self._facts)

    def retain(self, keep: Retention) -> None:
        """Forgets what is older than its days with the next append; its megabytes are none of a memory."""
        self._days = keep.days
        self._oldest = 0

    async def append(self, expected_last: int, records: Sequence[Record]) -> None:
        """Adds records; see ``Log.append``."""
        if not records:
            return
        if expected_last != self._last:
            if tuple(records) == self._newest_batch and expected_last + len(records) == self._last:
                return
            raise OutOfStep(f"The log's last record is {self._last}, not {expected_last}.")
        misuse(expected_last, self._last_time, records)
        for record in records:
            event = record.event
            if type(event) in ACTS:
                self._acts.append(record)
            if event.kept is Kept.STATE:
                self._facts.append(event)
                if type(event) is RoomRenamed:
                    self._rename_room(event)
                if type(event) is Erased:
                    self._erase(event.numbers, fold(event.said_in or event.room))
                elif type(event) is Retracted and event.number in self._told:
                    self._take_out({event.number})
            if self._keep:
                self._remember(record)
        self._last = records[-1].number
        self._last_time = records[-1].time
        self._newest_batch = tuple(records)
        if self._days:
            self._oldest = self._last_time - self._days * _DAY
        for order in (self._order, self._notes):
            if len(order) > self._keep or self._days:
                self._forget(order)
        if len(self._facts) > self._fold_at:
            self._fold()

    async def read(self, wanted: Range, count_to: int = 0) -> Page:
        """Messages of a room; see ``Log.read``."""
        if wanted.newest:
            found = self._backwards(wanted)
            records = tuple(islice(found, wanted.limit))[::-1]
            more = sum(1 for _ in islice(found, count_to))
            return Page(records, more, not more and self._is_cut(wanted))
        # The oldest end: as many as it takes are walked over, all within the few that are kept.
        ordered = list(self._backwards(wanted))[::-1]
        return Page(tuple(ordered[: wanted.limit]), int(len(ordered) > wanted.limit), self._is_cut(wanted))

    async def find(self, number: int) -> Record | None:
        """What was said under a number; see ``Log.find``."""
        return self._told.get(number)

    async def newest(
        self, rooms: Sequence[str], owners: Sequence[Shelf], upto: int
    ) -> tuple[tuple[str, Record], ...]:
        """The newest messages; see ``Log.newest``."""
        wanted = [Shelf(fold(room)) for room in rooms]
        for owner in owners:
            found = (key for key in self._rooms if key.startswith(owner.name))
            wanted += [Shelf(key, owner.after, owner.since) for key in found]
        newest = []
        for shelf in wanted:
            said = (
                record
                for record in self._shelf(shelf)
                if record.number <= upto and isinstance(record.event, Said | Whispered)
            )
            record = next(said, None)
            if record is not None:
                newest.append((shelf.name, record))
        return tuple(newest)

    async def search(self, query: Query) -> Found:
        """Messages that have what is searched for, read one by one; see ``Log.search``."""
        wanted = Range("", query.upto, query.after, query.before, query.after_time, query.before_time)
        records = [
            record
            for room in query.rooms
            for record in self._backwards(msgspec.structs.replace(wanted, room=room))
        ]
        records.sort(key=lambda record: record.number, reverse=query.newest)
        found: list[Record] = []
        for at, record in enumerate(records):
            if at % _LOOKED_AT_ONCE == _LOOKED_AT_ONCE - 1:
                await asyncio.sleep(0)
            if _fits(query, record):
                if len(found) == query.limit:
                    return Found(_oldest_first(query, found), found[-1].number, found[-1].time)
                found.append(record)
        return Found(_oldest_first(query, found), None)

    async def numbers_by(self, room: str, name: str, upto: int) -> tuple[int, ...]:
        """The numbers of what a name said in a room; see ``Log.numbers_by``."""
        key = fold(name)
        return tuple(
            record.number
            for record in self._rooms.get(fold(room), ())
            if record.number <= upto
            and isinstance(record.event, Said)
            and (not key or record.event.person.key == key)
        )

    async def acts(self, upto: int, after_time: int, most: int) -> tuple[Record, ...]:
        """What operators of the server did; see ``Log.acts``."""
        found = [act for act in self._acts if act.number <= upto and act.time > after_time]
        return tuple(found[-most:])

    async def close(self) -> None:
        """Nothing is kept, so there is nothing to do."""

    def _backwards(self, wanted: Range) -> Iterator[Record]:
        """The range's messages, newest first."""
        shelves = [Shelf(fold(wanted.room)), *wanted.beside]
        found = merge(
            *(self._shelf(shelf) for shelf in shelves),
            key=lambda record: record.number,
            reverse=True,
        )
        for _, (record, *_rest) in groupby(found, lambda record: record.number):
            if (wanted.after is not None and record.number <= wanted.after) or (
                wanted.after_time is not None and record.time <= wanted.after_time
            ):
                return
            if (
                record.number <= wanted.upto
                and (wanted.events or isinstance(record.event, Said | Whispered))
                and (wanted.before is None or record.number < wanted.before)
                and (wanted.before_time is None or record.time < wanted.before_time)
            ):
                yield record

    def _shelf(self, shelf: Shelf) -> Iterator[Record]:
        for record in reversed(self._rooms.get(shelf.name, ())):
            if record.number <= shelf.after or record.time < shelf.since:
                return
            if not shelf.until or record.time < shelf.until:
                yield record

    def _remember(self, record: Record) -> None:
        event = record.event
        keys = (fold(event.room),) if type(event) is Said else shelves_of(event)
        if not keys:
            return
        kept = event.to_keep()
        if kept is not event:
            record = msgspec.structs.replace(record, event=kept)
        for key in keys:
            self._rooms.setdefault(key, deque()).append(record)
        told = isinstance(event, _TOLD)
        (self._order if told else self._notes).append((record.number, record.time, keys))
        if told:
            self._told[record.number] = record

    def _erase(self, numbers: Iterable[int], room: str) -> None:
        """Takes messages of a room, and reactions in it, out of it."""
        gone = {
            number
            for number in numbers
            if number in self._told and fold(getattr(self._told[number].event, "room", "")) == room
        }
        self._take_out(gone)

    def _take_out(self, gone: set[int]) -> None:
        keys: set[str] = set()
        for number in gone:
            event = self._told.pop(number).event
            keys.update((fold(event.room),) if type(event) is Said else shelves_of(event))
        for key in keys:
            self._rooms[key] = deque(record for record in self._rooms[key] if record.number not in gone)

    def _rename_room(self, event: RoomRenamed) -> None:
        """Moves what stands under a room's old name to the new one."""
        old, key = fold(event.room), fold(event.to)
        if old == key:
            return
        moves = {shelf(old): shelf(key) for shelf in (str, shelves.notes, shelves.comings)}
        for was, now in moves.items():
            self._rooms.pop(now, None)
            records = self._rooms.pop(was, None)
            if records:
                self._rooms[now] = moved = deque(_said_in(record, event.to) for record in records)
                self._told.update((record.number, record) for record in moved if record.number in self._told)
        if old in self._removed:
            self._removed[key] = self._removed.pop(old)
        for order in (self._order, self._notes):
            for at, (number, time, keys) in enumerate(order):
                if not moves.keys().isdisjoint(keys):
                    order[at] = (number, time, tuple(moves.get(shelf, shelf) for shelf in keys))

    def _forget(self, order: deque[tuple[int, int, tuple[str, ...]]]) -> None:
        while order and (len(order) > self._keep or order[0][1] < self._oldest):
            number, time, keys = order.popleft()
            told = self._told.pop(number, None)
            if told is not None and type(told.event) is Said:
                self._removed[keys[0]] = (number, time)
            for key in keys:
                room = self._rooms.get(key)
                # Erased ones are gone already; of a shelf, the other kind of fact may be older.
                while room and room[0].number <= number:
                    room.popleft()
                if not room:
                    self._rooms.pop(key, None)

    def _is_cut(self, wanted: Range) -> bool:
        rooms = (fold(wanted.room), *(shelf.name for shelf in wanted.beside))
        return any(
            number > (wanted.after or 0) and time > (wanted.after_time or 0)
            for number, time in (self._removed.get(room, (0, 0)) for room in rooms)
        )

    def _fold(self) -> None:
        facts = snapshot(self._facts)
        if facts is not None:
            self._facts = list(facts)
        self._fold_at = 2 * len(self._facts) + _STATE_FACTS


def _fits(query: Query, record: Record) -> bool:
    event = record.event
    return (
        isinstance(event, Said)
        and event.speech not in UNSEEN
        and (not query.name or event.person.key == query.name)
        and holds(event.text, query.terms)
    )


def _oldest_first(query: Query, found: list[Record]) -> tuple[Record, ...]:
    return tuple(found[::-1] if query.newest else found)


def _said_in(record: Record, room: str) -> Record:
    """A message as it stands in the history of a room that has another name now."""
    if not isinstance(record.event, Said):
        return record
    return msgspec.structs.replace(record, event=msgspec.structs.replace(record.event, room=room))
