"""Reads: a page of a room's messages, the newest ones, who wrote which, the audit.

Owns the way from a query to rows. It must not know threads. Each function is one short transaction on a
connection that only reads: a long one would keep the write-ahead log from being rewound. So generators are
always closed: an open cursor is an open transaction.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from functools import lru_cache
from heapq import merge
from itertools import chain, compress, groupby, islice
from pathlib import Path
from typing import Final

from asyncchat.core.events import Record, Retention
from asyncchat.core.features import EVENTS
from asyncchat.core.features.history import Window
from asyncchat.core.features.messages import Said, SaidInPrivate
from asyncchat.core.features.redaction import IN_PRIVATE, IN_ROOMS
from asyncchat.core.names import fold
from asyncchat.core.text import size
from asyncchat.log import postings, retention, rows, schema
from asyncchat.log.base import PAGE_BYTES, LogError, Page, PageQuery, StreamRange
from asyncchat.log.streams import PRESENCE_PREFIX

_STATE_ACTS = tuple(
    event.__struct_config__.tag for event in EVENTS if event.audited and event.retention is Retention.STATE
)
"""The tags of the acts that are state too: their rows stand among the state's, not among the audit's."""

MAX_CONVERSATIONS: Final = 2000
"""Private conversations of one person whose newest message is looked for: some 20 ms."""

_MESSAGES = (Said, SaidInPrivate)

_NAMED = (*IN_ROOMS, *IN_PRIVATE)
"""What a number can name for people."""

_MAX_UNINDEXED = 200_000
"""Facts above the streams' watermark that are scanned: half a second. There are more only for a minute after
the upgrade of a large file; until then a room's page has its messages alone."""

_MAX_NUMBER = 2**63 - 1
"""SQLite's greatest number."""

_ROWS_AT_ONCE = 64
"""Records of a page that are read in one query. A query for each takes three times as long."""

_SAID = f"SELECT {rows.READ_COLUMNS} FROM said WHERE number"  # noqa: S608  # constants
_ONE_SAID = f"{_SAID} = ?"
_FACTS = "SELECT number, time, event FROM facts WHERE number"


@lru_cache(2 * _ROWS_AT_ONCE)
def _all(query: str, count: int) -> str:
    """A query for so many numbers. Out of ``json_each`` they would take a quarter longer."""
    return f"{query} IN ({', '.join('?' * count)})"


def page(connection: sqlite3.Connection, query: PageQuery, count_to: int) -> Page:
    """A page of a room; see ``Log.read``."""
    newest, limit = query.window.newest, query.window.limit
    with schema.read_transaction(connection), ExitStack() as open_cursors:
        low, high = bounds(connection, query.window, query.upto)
        if low >= high:
            return Page((), 0, _is_cut(connection, query))
        numbers = _numbers(connection, query, low, high, open_cursors)
        found: list[Record] = []
        beyond: list[int] = []
        length = 0
        while not beyond and (part := list(islice(numbers, min(max(limit - len(found), 1), _ROWS_AT_ONCE)))):
            records = _find_all(connection, part) if len(found) < limit else {}
            for at, number in enumerate(part):
                if len(found) == limit or length >= PAGE_BYTES:
                    beyond = part[at:]
                    break
                record = records.get(number)
                if record is None:
                    continue
                if isinstance(record.event, _MESSAGES):
                    text = record.event.text
                    length += len(text) if text.isascii() else size(text)
                elif not query.events:
                    continue
                found.append(record)
        more = min(len(beyond), 1)
        if newest:
            found.reverse()
            if beyond:  # the others are counted without being read
                more = len(beyond) + len(list(islice(numbers, max(0, count_to - len(beyond)))))
            more = min(more, count_to)
        ended = not more or not newest
        return Page(tuple(found), more, ended and _is_cut(connection, query))


def _is_cut(connection: sqlite3.Connection, query: PageQuery) -> bool:
    after, time = query.window.after or 0, query.window.after_time or 0
    return any(
        retention.is_cut(connection, room, after, time)
        for room in (fold(query.room), *(stream.name for stream in query.streams))
    )


def _numbers(
    connection: sqlite3.Connection, query: PageQuery, low: int, high: int, open_cursors: ExitStack
) -> Iterator[int]:
    """The numbers of a page's records, from the end that is asked for; some may have been removed."""
    newest = query.window.newest
    sources: list[Generator[Iterable[int], None, None]] = []
    if query.room:
        sources.append(postings.room_numbers(connection, fold(query.room), low, high, newest=newest))
    unindexed = high - postings.streams_indexed_upto(connection) if query.streams else 0
    if unindexed > _MAX_UNINDEXED and not query.room:
        raise LogError("The history of private conversations is still being indexed")
    if query.streams and unindexed <= _MAX_UNINDEXED:
        (swept,) = connection.execute("SELECT swept FROM marks").fetchone()
        lows = {}
        for stream in query.streams:
            start = max(low, _low(connection, stream, high))
            if stream.name.startswith(PRESENCE_PREFIX):
                start = max(start, swept)
            end = min(high, _last_until(connection, stream.until - 1, high)) if stream.until else high
            if stream.name[:1] == "#":
                sources.append(postings.room_numbers(connection, stream.name, start, end, newest=newest))
            else:
                sources.append(postings.listed_numbers(connection, stream.name, start, end, newest=newest))
                lows[stream.name] = start
        sources.append(postings.unindexed(connection, lows, low, high, newest=newest))
    for source in sources:
        open_cursors.enter_context(closing(source))
    sorted_sources = [chain.from_iterable(source) for source in sources]
    if len(sorted_sources) == 1:
        return sorted_sources[0]
    return (number for number, _ in groupby(merge(*sorted_sources, reverse=newest)))


def _low(connection: sqlite3.Connection, stream: StreamRange, high: int) -> int:
    """The number after which a stream's facts are wanted."""
    if not stream.since:
        return stream.after
    return max(stream.after, _last_until(connection, stream.since - 1, high))


def find(connection: sqlite3.Connection, number: int) -> Record | None:
    """The message, reaction or TAGMSG with a number; see ``Log.find``."""
    record = _find(connection, number)
    return record if record is not None and isinstance(record.event, _NAMED) else None


def _find(connection: sqlite3.Connection, number: int) -> Record | None:
    row = connection.execute(_ONE_SAID, (number,)).fetchone()
    if row is not None:
        return None if row[4] is None else rows.record(row)
    fact = connection.execute("SELECT time, event FROM facts WHERE number = ?", (number,)).fetchone()
    return None if fact is None else rows.fact_record(number, *fact)


def _find_all(connection: sqlite3.Connection, numbers: Sequence[int]) -> dict[int, Record | None]:
    """The records with these numbers; for an erased one None, or no entry."""
    found = rows.records(connection.execute(_all(_SAID, len(numbers)), numbers).fetchall())
    if len(found) < len(numbers):
        rest = [number for number in numbers if number not in found]
        facts = connection.execute(_all(_FACTS, len(rest)), rest).fetchall()
        found.update((fact[0], rows.fact_record(*fact)) for fact in facts)
    return found


def newest(
    connection: sqlite3.Connection, rooms: Sequence[str], owners: Sequence[StreamRange], upto: int
) -> tuple[tuple[str, Record], ...]:
    """The newest message of rooms and conversations; see ``Log.newest``."""
    with schema.read_transaction(connection):
        return tuple(_newest(connection, rooms, owners, upto))


def _newest(
    connection: sqlite3.Connection, rooms: Sequence[str], owners: Sequence[StreamRange], upto: int
) -> Iterator[tuple[str, Record]]:
    for room in rooms:
        with closing(postings.room_numbers(connection, fold(room), 0, upto, newest=True)) as numbers:
            readable = (_find(connection, number) for number in chain.from_iterable(numbers))
            record = next(filter(None, readable), None)
        if record is not None:
            yield fold(room), record
    unindexed = _unindexed_streams(connection, owners, upto)
    for owner in owners:
        after = _low(connection, owner, upto)
        names = {stream for stream in unindexed if stream.startswith(owner.name)}
        names.update(islice(postings.stream_names(connection, owner.name), MAX_CONVERSATIONS))
        for stream in names:
            newer = [number for number in unindexed.get(stream, ()) if number > after]
            with closing(postings.listed_numbers(connection, stream, after, upto, newest=True)) as numbers:
                listed = chain.from_iterable(numbers)
                found = (_find(connection, number) for number in chain(newer, listed))
                record = next((one for one in found if one and isinstance(one.event, SaidInPrivate)), None)
            if record is not None:
                yield stream, record


def _unindexed_streams(
    connection: sqlite3.Connection, owners: Sequence[StreamRange], upto: int
) -> dict[str, list[int]]:
    """The streams of these owners that have facts above the watermark, with their numbers, newest first."""
    if not owners:
        return {}
    if upto - postings.streams_indexed_upto(connection) > _MAX_UNINDEXED:
        raise LogError("The history of private conversations is still being indexed")
    prefixes = tuple(owner.name for owner in owners)
    found: dict[str, list[int]] = defaultdict(list)
    for number, names in postings.unindexed_streams(connection, upto):
        for stream in names:
            if stream.startswith(prefixes):
                found[stream].append(number)
    return found


def bounds(connection: sqlite3.Connection, window: Window, upto: int) -> tuple[int, int]:
    """A window as numbers: after the first, up to the second."""
    low = window.after or 0
    high = upto if window.before is None else min(upto, window.before - 1)
    if window.after_time is not None:
        low = max(low, _last_until(connection, window.after_time, upto))
    if window.before_time is not None:
        high = min(high, _last_until(connection, window.before_time - 1, upto))
    return low, high


def last_before(connection: sqlite3.Connection, time: int, upto: int) -> int:
    """A number that separates the records before a time from those of it and after."""
    with schema.read_transaction(connection):
        return _last_until(connection, time - 1, upto)


_LAST_UPTO = (
    "SELECT number, time FROM said WHERE number <= ? ORDER BY number DESC LIMIT 1",
    "SELECT number, time FROM facts WHERE number <= ? ORDER BY number DESC LIMIT 1",
)


def _last_until(connection: sqlite3.Connection, time: int, upto: int) -> int:
    """A number that separates the records up to a time from those after it.

    Times never decrease with numbers, so a binary search finds it without an index: 20 rows in a million.
    """
    low, high = 0, upto + 1
    while high - low > 1:
        middle = (low + high) // 2
        row = max(
            filter(None, (connection.execute(query, (middle,)).fetchone() for query in _LAST_UPTO)),
            default=None,
        )
        if row is None or row[0] <= low or row[1] <= time:
            low = middle
        else:
            high = row[0]
    return low


def numbers_by(
    connection: sqlite3.Connection, room: str, name: str, after: int, upto: int, limit: int
) -> tuple[list[int], int]:
    """A part of ``Log.numbers_by``: the next ``limit`` messages after a number.

    Returns:
        The numbers found, and the number after which to continue; ``upto`` when there are no more.
    """
    key = fold(name)
    with schema.read_transaction(connection):
        with closing(postings.room_numbers(connection, fold(room), after, upto, newest=False)) as numbers:
            looked_at = list(islice(chain.from_iterable(numbers), limit))
        reached = looked_at[-1] if len(looked_at) == limit else upto
        if not key:
            return looked_at, reached
        query = "SELECT origin FROM said WHERE number = ?"
        origins = [connection.execute(query, (number,)).fetchone()[0] for number in looked_at]
    by_name = [fold(origin.partition("!")[0]) == key for origin in origins]
    return list(compress(looked_at, by_name)), reached


def numbers_in_rooms(
    connection: sqlite3.Connection, name: str, after: int, upto: int, limit: int
) -> tuple[list[tuple[str, int]], int]:
    """A part of ``Log.numbers_in_rooms``: rooms' keys and numbers among the next ``limit`` messages.

    Returns:
        What is found, and the number after which to continue; ``upto`` when there are no more.
    """
    query = (
        "SELECT room, number, origin FROM said WHERE number > ? AND number <= ? AND text IS NOT NULL "
        "ORDER BY number LIMIT ?"
    )
    key = fold(name)
    with schema.read_transaction(connection):
        looked_at = connection.execute(query, (after, upto, limit)).fetchall()
    reached = looked_at[-1][1] if len(looked_at) == limit else upto
    return [
        (room, number)
        for room, number, origin in looked_at
        if not key or fold(origin.partition("!")[0]) == key
    ], reached


def links(connection: sqlite3.Connection, files: Sequence[str]) -> dict[str, bool]:
    """Which of these files texts link; see ``Log.links``."""
    found = connection.execute(
        "SELECT file, max(number) > 0 FROM links WHERE file IN (SELECT value FROM json_each(?)) "
        "GROUP BY file",
        (rows.encode_texts(files),),
    )
    return {file: bool(kept) for file, kept in found}


def audit(connection: sqlite3.Connection, upto: int, after_time: int, limit: int) -> tuple[Record, ...]:
    """The newest acts of operators of the server; see ``Log.audit``."""
    tagged = " OR ".join(f'event GLOB \'{{"is":"{tag}"*\'' for tag in _STATE_ACTS)
    found: list[tuple[int, int, str]] = []
    with schema.read_transaction(connection):
        # Each query uses one partial index; a single one would read the whole table.
        for which in ("kept = 4", f"kept = 1 AND ({tagged})"):
            found += connection.execute(
                f"SELECT number, time, event FROM facts WHERE {which} AND number <= ? AND time > ? "  # noqa: S608  # constants
                "ORDER BY number DESC LIMIT ?",
                (upto, after_time, limit),
            )
    newest = sorted(found)[-limit:]
    return tuple(Record(number, time, rows.decode(number, line)) for number, time, line in newest)


def audit_of_file(path: Path, after_time: int) -> tuple[Record, ...]:
    """What operators of the server did, oldest first, from a file that another process may have open.

    It takes no lock, needs no server and changes nothing.

    Raises:
        LogError: it can't be read; the text says why.
    """
    path = path.expanduser()
    try:
        with closing(schema.connect_to_read(path)) as connection:
            return audit(connection, _MAX_NUMBER, after_time, _MAX_NUMBER)
    except sqlite3.Error as error:
        raise schema.explain(error, path) from error
