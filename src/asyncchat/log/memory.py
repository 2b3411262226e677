"""The log in memory: it ends with the process, and only the newest messages are readable.

Owns the bounded memory of ``--db :memory:`` and ``--no-history``. It must not know files.
"""

import asyncio
import logging
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import merge
from itertools import groupby, islice

import msgspec

from asyncchat.core.chat import Chat
from asyncchat.core.events import Event, MovesRoom, Record, Retention
from asyncchat.core.features.edits import Correction, corrected, edits_of
from asyncchat.core.features.files import FILES_PATH, linked_files
from asyncchat.core.features.messages import Said, SaidInPrivate
from asyncchat.core.features.redaction import IN_PRIVATE, IN_ROOMS, Erased, RedactedInPrivate
from asyncchat.core.forgotten import Identity
from asyncchat.core.ids import Ids
from asyncchat.core.names import fold
from asyncchat.log import base, forgetting, streams
from asyncchat.log.snapshot import NoSnapshot, snapshot
from asyncchat.log.streams import streams_in, streams_of

_log = logging.getLogger(__name__)

KEEP = 10_000
"""Messages kept by default, and as many other facts of the history: some 5 MB of usual ones."""

_NAMED = (*IN_ROOMS, *IN_PRIVATE)
"""What a number can name for people."""

_AUDIT_KEPT = 1000
"""Acts of server operators that stay readable."""

_SEARCH_STEP = 4096
"""Bytes of texts that a search looks at before it yields, each message with ``_SEARCH_LEAST`` at least: some
milliseconds of the costliest."""

_SEARCH_LEAST = 16

_LINKS_STEP = 2000
"""Messages in which links are sought before others have their turn: under a millisecond."""


_STATE_FACTS = 10_000
"""State facts after which a snapshot replaces them."""

_RECORDS_A_TURN = 512
"""Records between two turns of the loop: they take some 3 ms."""

_Entry = tuple[int, int, tuple[str, ...]]
"""A record that counts against the limit: its number, its time, and where it stands."""


class MemoryLog:
    """A log in memory, whose newest messages can be read.

    Args:
        keep: how many messages stay readable, over all rooms; 0 for none (``--no-history``).
    """

    def __init__(self, keep: int = KEEP) -> None:
        self._keep = keep
        self.last = 0
        self.last_time = 0
        self.ids = Ids([(1, base.new_epoch())])
        self.messages = 0
        self._newest_batch: tuple[Record, ...] = ()
        self._streams: dict[str, deque[Record]] = {}
        """The records of rooms and streams, by the room's key or the stream's name."""
        self._named: deque[_Entry] = deque()
        self._other_facts: deque[_Entry] = deque()
        self._removed: dict[str, tuple[int, int]] = {}
        """The number and the time of the last message that was removed from a room."""
        self._policy = base.RetentionPolicy()
        self._oldest = 0
        self._by_number: dict[int, Record] = {}
        """What a number can name."""
        self._erased_links: set[str] = set()
        """Files to which erased texts had links."""
        self._acts: deque[Record] = deque(maxlen=_AUDIT_KEPT)
        self._facts: list[Event] = []
        self._snapshot_at = _STATE_FACTS
        self._turn = asyncio.Lock()
        """Of searches that run at once, one goes on in a pass of the loop."""

    def state(self) -> Iterable[Event]:
        """The state facts of this run."""
        return tuple(self._facts)

    def chat(self) -> Chat:
        """The chat that these facts give."""
        return base.replay(self._facts)

    def set_retention(self, policy: base.RetentionPolicy) -> None:
        """Removes what is older than the policy's days with the next append; megabytes do not apply."""
        self._policy = policy
        self._oldest = 0

    async def append(self, expected_last: int, records: Sequence[Record]) -> None:
        """Adds records; see ``Log.append``."""
        if not records:
            return
        if expected_last != self.last:
            if tuple(records) == self._newest_batch and expected_last + len(records) == self.last:
                return
            raise base.SequenceConflict(f"The log's last record is {self.last}, not {expected_last}.")
        base.check_sequence(expected_last, self.last_time, records)
        for record in records:
            event = record.event
            if event.audited:
                self._acts.append(record)
            if event.retention is Retention.STATE:
                self._facts.append(event)
                if isinstance(event, MovesRoom):
                    self._rename_room(event)
                if type(event) is Erased:
                    self._erase(event.numbers, fold(event.former_room or event.room))
                elif type(event) is RedactedInPrivate:
                    redacted = self._by_number.get(event.number)
                    if redacted is not None and isinstance(redacted.event, IN_PRIVATE):
                        self._remove({event.number})
            elif isinstance(event, Correction) and not self._edit(record.number, event):
                continue  # what it corrects was erased, and it has the text
            if self._keep:
                self._keep_record(record)
            if record.number % _RECORDS_A_TURN == 0:
                await asyncio.sleep(0)
        self.last = records[-1].number
        self.last_time = records[-1].time
        self._newest_batch = tuple(records)
        if self._policy.days:
            self._oldest = self.last_time - self._policy.days * base.DAY
        for order in (self._named, self._other_facts):
            if len(order) > self._keep or self._policy.days:
                self._trim(order)
        for room, before in self._policy.rooms_before(self.last_time):
            self._trim_room(room, before)
        if len(self._facts) > self._snapshot_at:
            await self._take_snapshot()

    async def read(self, query: base.PageQuery, count_to: int = 0) -> base.Page:
        """Messages of a room; see ``Log.read``."""
        if query.window.newest:
            found = self._newest_first(query)
            records = _first(found, query.window.limit)
            more = sum(1 for _ in islice(found, count_to))
            return base.Page(records[::-1], more, not more and self._is_cut(query))
        found = self._oldest_first(query)
        records = _first(found, query.window.limit)
        return base.Page(records, sum(1 for _ in islice(found, 1)), self._is_cut(query))

    async def find(self, number: int) -> Record | None:
        """The message, reaction or TAGMSG with a number; see ``Log.find``."""
        return self._by_number.get(number)

    async def newest(
        self, rooms: Sequence[str], owners: Sequence[base.StreamRange], upto: int
    ) -> tuple[tuple[str, Record], ...]:
        """The newest messages; see ``Log.newest``."""
        ranges = [base.StreamRange(fold(room)) for room in rooms]
        for owner in owners:
            found = (name for name in self._streams if name.startswith(owner.name))
            ranges += [base.StreamRange(name, owner.after, owner.since) for name in found]
        newest = []
        for stream in ranges:
            messages = (
                record
                for record in self._read_stream(stream, upto)
                if isinstance(record.event, Said | SaidInPrivate)
            )
            record = next(messages, None)
            if record is not None:
                newest.append((stream.name, record))
        return tuple(newest)

    async def search(self, query: base.SearchQuery) -> base.SearchResult:
        """Messages that have what is searched for, by reading all; see ``Log.search``."""
        window = query.window
        records = merge(
            *(
                self._ordered(base.PageQuery(room, query.upto, window), newest=window.newest, lasting=True)
                for room in query.rooms
            ),
            key=lambda record: record.number,
            reverse=window.newest,
        )
        found: list[Record] = []
        looked_at = 0
        for record in records:
            looked_at += _SEARCH_LEAST + base.text_bytes(record.event)
            if looked_at >= _SEARCH_STEP:
                looked_at = 0
                async with self._turn:
                    await asyncio.sleep(0)
            event = record.event
            if (
                isinstance(event, Said)
                and query.shows(fold(event.room), record.time)
                and query.matches(event)
            ):
                if len(found) == window.limit:
                    return base.SearchResult(window.oldest_first(found), found[-1].number, found[-1].time)
                found.append(record)
        return base.SearchResult(window.oldest_first(found), None)

    async def numbers_by(self, room: str, name: str, upto: int, since: int = 0) -> tuple[int, ...]:
        """The numbers of what a name said in a room; see ``Log.numbers_by``."""
        key = fold(name)
        return tuple(
            record.number
            for record in self._streams.get(fold(room), ())
            if record.number <= upto
            and record.time >= since
            and isinstance(record.event, Said)
            and (not key or record.event.person.key == key)
        )

    async def numbers_in_rooms(self, name: str, upto: int, since: int = 0) -> dict[str, tuple[int, ...]]:
        """The numbers of what a name said in all rooms; see ``Log.numbers_in_rooms``."""
        found: dict[str, tuple[int, ...]] = {}
        for room in list(self._streams):
            if numbers := await self.numbers_by(room, name, upto, since):
                found[room] = numbers
            await asyncio.sleep(0)
        return found

    async def links(self, files: Sequence[str]) -> dict[str, bool]:
        """Which of these files texts link, by reading all; see ``Log.links``."""
        wanted = set(files)
        found = dict.fromkeys(wanted & self._erased_links, False)
        for at, record in enumerate(list(self._by_number.values())):
            if at % _LINKS_STEP == 0:
                await asyncio.sleep(0)
            text = getattr(record.event, "text", "") + getattr(record.event, "before", "")
            if FILES_PATH in text:
                found.update(dict.fromkeys(wanted.intersection(linked_files(text)), True))
        return found

    async def audit(self, upto: int, after_time: int, limit: int) -> tuple[Record, ...]:
        """What operators of the server did; see ``Log.audit``."""
        found = [act for act in self._acts if act.number <= upto and act.time > after_time]
        return tuple(found[-limit:])

    async def traces(self, name: str, upto: int, after: int = 0) -> base.Traces:
        """What a person said; see ``Log.traces``."""
        who, traces = Identity(fold(name)), base.Traces()
        for at, (number, record) in enumerate(list(self._by_number.items())):
            if at % _RECORDS_A_TURN == 0:
                await asyncio.sleep(0)
            event = record.event
            if not after < number <= upto or not (isinstance(event, _NAMED) and who.is_person(event.person)):
                continue
            traces.origins.add(event.person.origin)
            traces.messages += isinstance(event, Said | SaidInPrivate)
            if isinstance(event, IN_ROOMS):
                traces.rooms.setdefault(fold(event.room), []).append(number)
            else:
                traces.private.setdefault(fold(event.to.account or event.to.name), []).append(number)
        return traces

    async def forget(self, *, vacuum: bool = False) -> bool:  # there is no file
        """Has all records forget people; see ``Log.forget``."""
        found = forgetting.to_forget(self._facts)
        if not found:
            return True
        await self._take_snapshot()
        if forgetting.to_forget(self._facts):
            raise base.LogError("Nobody can be forgotten: no snapshot of the state can be made")
        self._newest_batch = ()
        for who in found:
            await self._forget(who)
        return True

    async def _forget(self, who: Identity) -> None:
        changed: dict[int, Event | None] = {}
        messages = {
            number
            for number, record in self._by_number.items()
            if isinstance(record.event, Said) and who.is_person(record.event.person)
        }
        records = {record.number: record for stream in self._streams.values() for record in stream}
        for at, record in enumerate(records.values()):
            if at % _RECORDS_A_TURN == 0:
                await asyncio.sleep(0)
            stays = who.without(record.event, messages=messages)
            if stays is not record.event:
                changed[record.number] = stays
        self._remove({number for number in changed if number in self._by_number and changed[number] is None})
        for name, stream in list(self._streams.items()):
            self._streams[name] = deque(_changed(stream, changed))
        for number in self._by_number.keys() & changed.keys():
            (self._by_number[number],) = _changed((self._by_number[number],), changed)
        moves = {name: to for name in self._streams if (to := streams.without(name, who)) != name}
        for name, to in moves.items():
            moved = self._streams.pop(name)
            if to:
                both = merge(self._streams.get(to, ()), moved, key=lambda record: record.number)
                self._streams[to] = deque(both)
        for order in (self._named, self._other_facts):
            for at, (number, time, keys) in enumerate(order):
                if not moves.keys().isdisjoint(keys):
                    order[at] = (number, time, tuple(filter(None, (moves.get(key, key) for key in keys))))
        acts = [
            msgspec.structs.replace(act, event=forgetting.act_without(act.event, who)) for act in self._acts
        ]
        self._acts = deque(acts, maxlen=_AUDIT_KEPT)

    async def set_epochs(self, epochs: Sequence[tuple[int, str]]) -> None:
        """Has other epochs; see ``Log.set_epochs``."""
        self.ids.follow(Ids(epochs))

    async def close(self) -> None:
        """Nothing is kept, so there is nothing to do."""

    async def reopen(self) -> None:
        """All of it is still there."""

    def _newest_first(self, query: base.PageQuery) -> Iterator[Record]:
        return self._ordered(query, newest=True)

    def _oldest_first(self, query: base.PageQuery) -> Iterator[Record]:
        return self._ordered(query, newest=False)

    def _ordered(self, query: base.PageQuery, *, newest: bool, lasting: bool = False) -> Iterator[Record]:
        """What a query asks for, from one end; ``lasting``: records may be added and removed meanwhile."""
        window = query.window
        low, high = window.after or 0, query.upto
        if window.before is not None:
            high = min(high, window.before - 1)
        since, until = 0, window.before_time or 0
        if window.after_time is not None:
            since = window.after_time + 1
        ranges = (
            base.StreamRange(
                stream.name,
                max(low, stream.after),
                max(since, stream.since),
                min(until or stream.until, stream.until or until),
            )
            for stream in (base.StreamRange(fold(query.room)), *query.streams)
        )
        found = merge(
            *(self._read_stream(stream, high, newest=newest, lasting=lasting) for stream in ranges),
            key=lambda record: record.number,
            reverse=newest,
        )
        for _, (record, *_rest) in groupby(found, lambda record: record.number):
            if query.events or isinstance(record.event, Said | SaidInPrivate):
                yield record

    def _read_stream(
        self, stream: base.StreamRange, upto: int, *, newest: bool = True, lasting: bool = False
    ) -> Iterator[Record]:
        records: Sequence[Record] = self._streams.get(stream.name, ())
        if lasting:
            records = list(records)
        first = max(
            bisect_right(records, stream.after, key=lambda record: record.number),
            bisect_left(records, stream.since, key=lambda record: record.time),
        )
        end = bisect_right(records, upto, key=lambda record: record.number)
        if stream.until:
            end = min(end, bisect_left(records, stream.until, key=lambda record: record.time))
        for at in reversed(range(first, end)) if newest else range(first, end):
            yield records[at]

    def _keep_record(self, record: Record) -> None:
        event = record.event
        keys = _names(event)
        if not keys:
            return
        kept = event.to_store()
        if kept is not event:
            record = msgspec.structs.replace(record, event=kept)
        for key in keys:
            self._streams.setdefault(key, deque()).append(record)
        named = isinstance(event, _NAMED)
        (self._named if named else self._other_facts).append((record.number, record.time, keys))
        if named:
            self._by_number[record.number] = record

    def _erase(self, numbers: Iterable[int], room: str) -> None:
        gone = {
            number
            for number in numbers
            if number in self._by_number and fold(getattr(self._by_number[number].event, "room", "")) == room
        }
        self._remove(gone)

    def _edit(self, number: int, event: Correction) -> bool:
        """Replaces the text of a message; whether it is there."""
        record = self._by_number.get(event.message)
        said = None if record is None else corrected(record.event, number, event)
        if record is None or said is None:
            return False
        edited = self._by_number[event.message] = msgspec.structs.replace(record, event=said)
        for key in _names(said):
            stream = self._streams[key]
            stream[stream.index(record)] = edited
        return True

    def _remove(self, gone: set[int]) -> None:
        keys: set[str] = set()
        for number in list(gone):
            said = self._by_number[number].event
            if isinstance(said, Said | SaidInPrivate):
                gone.update(edit for edit in edits_of(said) if edit in self._by_number)
        for number in gone:
            event = self._by_number.pop(number).event
            keys.update(_names(event))
            self._erased_links.update(linked_files(getattr(event, "text", "")))
        for key in keys:
            self._streams[key] = deque(record for record in self._streams[key] if record.number not in gone)

    def _rename_room(self, event: MovesRoom) -> None:
        old, key = fold(event.room), fold(event.to)
        if old == key:
            return
        moves = {name(old): name(key) for name in (str, streams.room_changes, streams.room_presence)}
        for was, now in moves.items():
            self._streams.pop(now, None)
            records = self._streams.pop(was, None)
            if records:
                self._streams[now] = moved = deque(_moved_to(record, event.to) for record in records)
                self._by_number.update(
                    (record.number, record) for record in moved if record.number in self._by_number
                )
        if old in self._removed:
            self._removed[key] = self._removed.pop(old)
        for order in (self._named, self._other_facts):
            for at, (number, time, keys) in enumerate(order):
                if not moves.keys().isdisjoint(keys):
                    order[at] = (number, time, tuple(moves.get(name, name) for name in keys))

    def _trim(self, order: deque[_Entry]) -> None:
        while order and (len(order) > self._keep or order[0][1] < self._oldest):
            number, time, keys = order.popleft()
            record = self._by_number.pop(number, None)
            if record is not None and type(record.event) is Said:
                self._removed[keys[0]] = (number, time)
            for key in keys:
                stream = self._streams.get(key)
                # Erased records are removed already; a stream's other facts may be older.
                while stream and stream[0].number <= number:
                    stream.popleft()
                if not stream:
                    self._streams.pop(key, None)

    def _trim_room(self, room: str, before: int) -> None:
        for name in streams_in(room):
            stream = self._streams.get(name)
            while stream and stream[0].time < before and stream[0].number < self.last:
                record = stream.popleft()
                self._by_number.pop(record.number, None)
                if type(record.event) is Said:
                    self._removed[name] = (record.number, record.time)

    def _is_cut(self, query: base.PageQuery) -> bool:
        names = (fold(query.room), *(stream.name for stream in query.streams))
        return any(
            number > (query.window.after or 0) and time > (query.window.after_time or 0)
            for number, time in (self._removed.get(name, (0, 0)) for name in names)
        )

    async def _take_snapshot(self) -> None:
        try:
            self._facts = list(await asyncio.to_thread(snapshot, self._facts))
        except NoSnapshot as error:
            _log.error("The state in memory can't be shortened: %s", error)
        self._snapshot_at = 2 * len(self._facts) + _STATE_FACTS


def _first(records: Iterator[Record], limit: int) -> tuple[Record, ...]:
    """The first records of a page."""
    found: list[Record] = []
    length = 0
    while len(found) < limit and length < base.PAGE_BYTES and (record := next(records, None)) is not None:
        found.append(record)
        length += base.text_bytes(record.event)
    return tuple(found)


def _names(event: Event) -> tuple[str, ...]:
    """Where an event stands: in its room, or in streams."""
    return (fold(event.room),) if type(event) is Said else streams_of(event)


def _changed(records: Iterable[Record], changed: Mapping[int, Event | None]) -> Iterator[Record]:
    """Records, those that changed as they are now; None: they are no more."""
    for record in records:
        event = changed.get(record.number, record.event)
        if event is not None:
            yield record if event is record.event else msgspec.structs.replace(record, event=event)


def _moved_to(record: Record, room: str) -> Record:
    if not isinstance(record.event, Said):
        return record
    return msgspec.structs.replace(record, event=msgspec.structs.replace(record.event, room=room))
