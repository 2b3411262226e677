"""Retention: what is too old, or too much, is taken out of the history for good.

Owns how the next slice is chosen and what goes with it; must not know when that is done. Numbers are never
given again, so ids stay valid: those of what is gone name nothing. What decisions read goes only where a
snapshot says it too, and acts of operators go with the texts of their time.
"""

import sqlite3

from asyncchat.core.events import Kept
from asyncchat.log import places
from asyncchat.log.base import Retention

ROWS = 500
"""Rows of each table that one step removes at most: some 15 ms with all that is overwritten, in a thread."""

_DAY = 24 * 3600 * 1_000_000
_MEGABYTE = 1_000_000

_GONE = ", ".join(str(int(kept)) for kept in (Kept.TEXT, Kept.PRESENCE, Kept.ACT))


def next_slice(connection: sqlite3.Connection, keep: Retention, now: int) -> tuple[int, int] | None:
    """Which records go next: those after the first number, up to the second. None: all may stay.

    Args:
        connection: any.
        keep: what may stay.
        now: microseconds since 1970 UTC.
    """
    (removed,) = connection.execute("SELECT removed FROM marks").fetchone()
    bound = _newest(connection) - 1  # that one stays, whatever it is
    if removed >= bound or not (keep.days or keep.megabytes):
        return None
    too_much = bool(keep.megabytes) and _used(connection) > keep.megabytes * _MEGABYTE
    if not (too_much or keep.days):
        return None
    upto = bound
    for table in ("said", "facts"):
        found = connection.execute(
            f"SELECT number FROM {table} WHERE number > ? ORDER BY number LIMIT 1 OFFSET ?",  # noqa: S608  # constants
            (removed, ROWS - 1),
        ).fetchone()
        upto = upto if found is None else min(upto, found[0])
    if not too_much:
        before = now - keep.days * _DAY
        upto = max(_last_before(connection, table, removed, upto, before) for table in ("said", "facts"))
    return (removed, upto) if upto > removed else None


def _newest(connection: sqlite3.Connection) -> int:
    return max(
        int(connection.execute(f"SELECT coalesce(max(number), 0) FROM {table}").fetchone()[0])  # noqa: S608  # constants
        for table in ("said", "facts")
    )


def _last_before(connection: sqlite3.Connection, table: str, after: int, upto: int, time: int) -> int:
    """The last number up to ``upto`` of what is older than a time; ``after`` where there is none."""
    (found,) = connection.execute(
        f"SELECT max(number) FROM {table} WHERE number > ? AND number <= ? AND time < ?",  # noqa: S608  # constants
        (after, upto, time),
    ).fetchone()
    return after if found is None else int(found)


def _used(connection: sqlite3.Connection) -> int:
    """The bytes of the file that hold something."""
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    return int((pages - free) * size)


def remove(connection: sqlite3.Connection, after: int, upto: int) -> None:
    """Takes records out; within the caller's transaction."""
    between = (after, upto)
    indexed = places.indexed(connection)  # of what is above it, neither lists nor the count know yet
    rooms = connection.execute(
        "SELECT room, count(text), sum(text IS NOT NULL AND number <= ?), max(number), max(time) FROM said "
        "WHERE number > ? AND number <= ? GROUP BY room",
        (indexed, *between),
    ).fetchall()
    (private,) = connection.execute(
        "SELECT count(*) FROM facts WHERE number > ? AND number <= ? AND kept = 0",
        (after, min(upto, indexed)),
    ).fetchone()
    for shelf in {room for room, *_ in rooms} | places.shelves_between(connection, after, upto):
        places.trim(connection, shelf, upto)
    connection.execute("DELETE FROM said WHERE number > ? AND number <= ?", between)
    connection.execute(
        f"DELETE FROM facts WHERE number > ? AND number <= ? AND kept IN ({_GONE})",  # noqa: S608  # constants
        between,
    )
    connection.execute(
        "DELETE FROM facts WHERE kept = 1 AND number <= ? "
        "AND number <= coalesce((SELECT max(number) FROM snapshots), 0)",
        (upto,),
    )
    connection.executemany(
        "INSERT OR REPLACE INTO removals VALUES (?, ?, ?)",
        [(room, number, time) for room, count, _, number, time in rooms if count],
    )
    connection.execute(
        "UPDATE marks SET removed = ?, messages = messages - ?",
        (upto, private + sum(counted for _, _, counted, _, _ in rooms)),
    )


def is_cut(connection: sqlite3.Connection, room: str, after: int, after_time: int) -> bool:
    """Whether messages of a room (its key) were removed, of those above a number and after a time."""
    found = connection.execute(
        "SELECT 1 FROM removals WHERE room = ? AND number > ? AND time > ?", (room, after, after_time)
    ).fetchone()
    return found is not None
