"""Reads: a page of a room's messages, and who said which.

Owns the way from a ``Range`` to rows; must not know threads. Each function is one short transaction on a
connection that only reads: a long one would keep the write-ahead log from beginning anew. So generators are
closed, whatever happens: an open cursor is an open transaction.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, closing
from heapq import merge
from itertools import chain, groupby, islice
from typing import Final, TypeVar

from asyncchat.core.events import ACTS, Kept, Reacted, ReactedTo, Record, Said, Whispered
from asyncchat.core.names import fold
from asyncchat.log import places, retention, rows
from asyncchat.log.base import LogError, Page, Range, Shelf
from asyncchat.log.shelves import PASSING

T = TypeVar("T")

_STATE_ACTS = tuple(act.__struct_config__.tag for act in ACTS if act.kept is Kept.STATE)
"""How the acts are tagged that decisions read too: they stand among the state, the others by themselves."""

MOST_CONVERSATIONS: Final = 2000
"""Private conversations of one person that are looked through for their newest messages: some 20 ms."""

_TOLD = (Said, Whispered, Reacted, ReactedTo)
"""What a number can name for people."""

_MOST_UNSHELVED = 200_000
"""Records that are looked through for what stands on no shelf yet: half a second. More there are only after
the upgrade of a large file, for a minute; until then a room's page has its messages alone."""

_ONE_SAID = f"SELECT {rows.READ_COLUMNS} FROM said WHERE number = ?"  # noqa: S608  # constants


def snapshot_of(connection: sqlite3.Connection, job: Callable[[], T]) -> T:
    """Runs a job that sees the file as it is at its start."""
    connection.execute("BEGIN")
    try:
        return job()
    finally:
        connection.execute("ROLLBACK")


def page(connection: sqlite3.Connection, wanted: Range, count_to: int) -> Page:
    """A page of a room; see ``Log.read``."""
    return snapshot_of(connection, lambda: _page(connection, wanted, count_to))


def _page(connection: sqlite3.Connection, wanted: Range, count_to: int) -> Page:
    low, high = bounds(connection, wanted)
    if low >= high:
        return Page((), 0, _is_cut(connection, wanted))
    with ExitStack() as open_cursors:
        numbers = _numbers(connection, wanted, low, high, open_cursors)
        found: list[Record] = []
        more = 0
        for number in numbers:
            if len(found) == wanted.limit:
                # One is taken; the others are counted without a look at them.
                more = 1 + sum(1 for _ in islice(numbers, count_to - 1)) if wanted.newest and count_to else 1
                break
            record = find(connection, number)
            if record is not None and (wanted.events or isinstance(record.event, Said | Whispered)):
                found.append(record)
    if wanted.newest:
        found.reverse()
        more = min(more, count_to)
    ended = not more or not wanted.newest
    return Page(tuple(found), more, ended and _is_cut(connection, wanted))


def _is_cut(connection: sqlite3.Connection, wanted: Range) -> bool:
    after, time = wanted.after or 0, wanted.after_time or 0
    return any(
        retention.is_cut(connection, room, after, time)
        for room in (fold(wanted.room), *(shelf.name for shelf in wanted.beside))
    )


def _numbers(
    connection: sqlite3.Connection, wanted: Range, low: int, high: int, open_cursors: ExitStack
) -> Iterator[int]:
    """The numbers of a range, from the end that is wanted; some may be of what is no longer there."""
    newest = wanted.newest
    sources: list[Generator[int, None, None]] = []
    if wanted.room:
        way = places.backwards if newest else places.forwards
        sources.append(way(connection, fold(wanted.room), low, high))
    behind = high - places.shelved(connection)
    if wanted.beside and behind > _MOST_UNSHELVED and not wanted.room:
        raise LogError("The history of private conversations is still being arranged")
    if wanted.beside and behind <= _MOST_UNSHELVED:
        listed = places.listed_backwards if newest else places.listed_forwards
        (swept,) = connection.execute("SELECT swept FROM marks").fetchone()
        lows = {}
        for shelf in wanted.beside:
            least = max(low, _low(connection, shelf, high), swept if shelf.name.startswith(PASSING) else 0)
            most = min(high, _last_until(connection, shelf.until - 1, high)) if shelf.until else high
            way = listed
            if shelf.name[:1] == "#":
                way = places.backwards if newest else places.forwards
            else:
                lows[shelf.name] = least
            sources.append(way(connection, shelf.name, least, most))
        sources.append(places.unlisted(connection, lows, low, high, newest=newest))
    for source in sources:
        open_cursors.enter_context(closing(source))
    if len(sources) == 1:
        return sources[0]
    return (number for number, _ in groupby(merge(*sources, reverse=newest)))


def _low(connection: sqlite3.Connection, shelf: Shelf, high: int) -> int:
    """The number after which a shelf's facts are wanted."""
    return max(shelf.after, _last_until(connection, shelf.since - 1, high)) if shelf.since else shelf.after


def find(connection: sqlite3.Connection, number: int) -> Record | None:
    """What a number names, of that which people are shown; None where it is erased or gone."""
    row = connection.execute(_ONE_SAID, (number,)).fetchone()
    if row is not None:
        return None if row[4] is None else rows.record(row)
    note = connection.execute("SELECT time, event FROM facts WHERE number = ?", (number,)).fetchone()
    return None if note is None else rows.note(number, *note)


def told(connection: sqlite3.Connection, number: int) -> Record | None:
    """What was said or reacted under a number; see ``Log.find``."""
    record = find(connection, number)
    return record if record is not None and isinstance(record.event, _TOLD) else None


def newest(
    connection: sqlite3.Connection, rooms: Sequence[str], owners: Sequence[Shelf], upto: int
) -> tuple[tuple[str, Record], ...]:
    """The newest message of rooms and conversations; see ``Log.newest``."""
    return snapshot_of(connection, lambda: tuple(_newest(connection, rooms, owners, upto)))


def _newest(
    connection: sqlite3.Connection, rooms: Sequence[str], owners: Sequence[Shelf], upto: int
) -> Iterator[tuple[str, Record]]:
    for room in rooms:
        with closing(places.backwards(connection, fold(room), 0, upto)) as numbers:
            record = next(filter(None, (find(connection, number) for number in numbers)), None)
        if record is not None:
            yield fold(room), record
    late = _late_shelves(connection, owners, upto)
    for owner in owners:
        after = _low(connection, owner, upto)
        listed = {shelf for shelf in late if shelf.startswith(owner.name)}
        listed.update(islice(places.shelves(connection, owner.name), MOST_CONVERSATIONS))
        for shelf in listed:
            with closing(places.listed_backwards(connection, shelf, after, upto)) as numbers:
                known = chain((number for number in late.get(shelf, ()) if number > after), numbers)
                found = (find(connection, number) for number in known)
                record = next((one for one in found if one and isinstance(one.event, Whispered)), None)
            if record is not None:
                yield shelf, record


def _late_shelves(connection: sqlite3.Connection, owners: Sequence[Shelf], upto: int) -> dict[str, list[int]]:
    """The shelves of these owners that facts above the watermark stand on, their numbers newest first."""
    if not owners:
        return {}
    if upto - places.shelved(connection) > _MOST_UNSHELVED:
        raise LogError("The history of private conversations is still being arranged")
    beginnings = tuple(owner.name for owner in owners)
    found: dict[str, list[int]] = defaultdict(list)
    for number, shelves in places.unlisted_shelves(connection, upto):
        for shelf in shelves:
            if shelf.startswith(beginnings):
                found[shelf].append(number)
    return found


def bounds(connection: sqlite3.Connection, wanted: Range) -> tuple[int, int]:
    """The range as numbers: after the first, up to the second."""
    low = wanted.after or 0
    high = wanted.upto if wanted.before is None else min(wanted.upto, wanted.before - 1)
    if wanted.after_time is not None:
        low = max(low, _last_until(connection, wanted.after_time, wanted.upto))
    if wanted.before_time is not None:
        high = min(high, _last_until(connection, wanted.before_time - 1, wanted.upto))
    return low, high


_NEWEST_UNTIL = (
    "SELECT number, time FROM said WHERE number <= ? ORDER BY number DESC LIMIT 1",
    "SELECT number, time FROM facts WHERE number <= ? ORDER BY number DESC LIMIT 1",
)


def _last_until(connection: sqlite3.Connection, time: int, upto: int) -> int:
    """A number that parts the records up to a time from those after it.

    Times never decrease with numbers, so halving finds it without an index: some 20 rows in a million.
    """
    low, high = 0, upto + 1
    while high - low > 1:
        middle = (low + high) // 2
        row = max(
            filter(None, (connection.execute(query, (middle,)).fetchone() for query in _NEWEST_UNTIL)),
            default=None,
        )
        if row is None or row[0] <= low or row[1] <= time:
            low = middle
        else:
            high = row[0]
    return low


def numbers_by(
    connection: sqlite3.Connection, room: str, name: str, after: int, upto: int, most: int
) -> tuple[list[int], int]:
    """A part of ``Log.numbers_by``: it looks at the next ``most`` messages after a number.

    Returns:
        The numbers found, and after which number to go on; ``upto`` when there are no more.
    """
    return snapshot_of(connection, lambda: _numbers_by(connection, fold(room), fold(name), after, upto, most))


def _numbers_by(
    connection: sqlite3.Connection, room: str, name: str, after: int, upto: int, most: int
) -> tuple[list[int], int]:
    with closing(places.forwards(connection, room, after, upto)) as numbers:
        looked_at = list(islice(numbers, most))
    reached = looked_at[-1] if len(looked_at) == most else upto
    if not name:
        return looked_at, reached
    query = "SELECT origin FROM said WHERE number = ?"
    found = []
    for number in looked_at:
        (origin,) = connection.execute(query, (number,)).fetchone()
        if fold(origin.partition("!")[0]) == name:
            found.append(number)
    return found, reached


def acts(connection: sqlite3.Connection, upto: int, after_time: int, most: int) -> tuple[Record, ...]:
    """The newest acts of operators of the server; see ``Log.acts``."""
    return snapshot_of(connection, lambda: _acts(connection, upto, after_time, most))


def _acts(connection: sqlite3.Connection, upto: int, after_time: int, most: int) -> tuple[Record, ...]:
    tagged = " OR ".join(f'event GLOB \'{{"is":"{tag}"*\'' for tag in _STATE_ACTS)
    found: list[tuple[int, int, str]] = []
    # Each asks one partial index; together they would read the whole table.
    for which in ("kept = 4", f"kept = 1 AND ({tagged})"):
        found += connection.execute(
            f"SELECT number, time, event FROM facts WHERE {which} AND number <= ? AND time > ? "  # noqa: S608  # constants
            "ORDER BY number DESC LIMIT ?",
            (upto, after_time, most),
        )
    newest = sorted(found)[-most:]
    return tuple(Record(number, time, rows.decode(number, line)) for number, time, line in newest)
