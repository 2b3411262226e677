"""Reads: a page of a room's messages, and who said which.

Owns the way from a ``Range`` to rows; must not know threads. Each function is one short transaction on a
connection that only reads: a long one would keep the write-ahead log from beginning anew. So generators are
closed, whatever happens: an open cursor is an open transaction.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from itertools import islice
from typing import TypeVar

from asyncchat.core.events import ACTS, Kept, Record
from asyncchat.core.names import fold
from asyncchat.log import places, rows
from asyncchat.log.base import Page, Range

T = TypeVar("T")

_STATE_ACTS = tuple(act.__struct_config__.tag for act in ACTS if act.kept is Kept.STATE)
"""How the acts are tagged that decisions read too: they stand among the state, the others by themselves."""


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
    room = fold(wanted.room)
    low, high = _bounds(connection, wanted)
    if low >= high:
        return Page((), 0)
    if wanted.newest:
        with closing(places.backwards(connection, room, low, high)) as found:
            numbers = list(islice(found, wanted.limit))[::-1]
            more = sum(1 for _ in islice(found, count_to))
    else:
        with closing(places.forwards(connection, room, low, high)) as found:
            numbers = list(islice(found, wanted.limit + 1))
        more = int(len(numbers) > wanted.limit)
        del numbers[wanted.limit :]
    query = f"SELECT {rows.READ_COLUMNS} FROM said WHERE number = ?"  # noqa: S608  # a constant
    return Page(
        tuple(rows.record(connection.execute(query, (number,)).fetchone()) for number in numbers), more
    )


def _bounds(connection: sqlite3.Connection, wanted: Range) -> tuple[int, int]:
    """The range as numbers: after the first, up to the second."""
    low = wanted.after or 0
    high = wanted.upto if wanted.before is None else min(wanted.upto, wanted.before - 1)
    if wanted.after_time is not None:
        low = max(low, _last_until(connection, wanted.after_time, wanted.upto))
    if wanted.before_time is not None:
        high = min(high, _last_until(connection, wanted.before_time - 1, wanted.upto))
    return low, high


def _last_until(connection: sqlite3.Connection, time: int, upto: int) -> int:
    """A number that parts the messages up to a time from those after it.

    Times never decrease with numbers, so halving finds it without an index: some 20 rows in a million.
    """
    low, high = 0, upto + 1
    while high - low > 1:
        middle = (low + high) // 2
        row = connection.execute(
            "SELECT number, time FROM said WHERE number <= ? ORDER BY number DESC LIMIT 1", (middle,)
        ).fetchone()
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
