"""Retention: removes records that are too old or too many, and presence after a week, or before others.

Owns which records are removed next, and what is removed with them. It must not know when that is done.
Numbers are never used again, so the ids of removed messages name nothing. State is removed only where a
snapshot has it too; the audit is removed with the texts of its time.
"""

import sqlite3
from collections.abc import Sequence

from asyncchat.core.events import Retention
from asyncchat.core.names import ROOM_SIGNS
from asyncchat.log import postings
from asyncchat.log.base import DAY, RetentionPolicy
from asyncchat.log.rows import encode_numbers
from asyncchat.log.streams import streams_in

ROWS = 500
"""The most rows of each table that one step removes: some 15 ms in a thread, with all that is overwritten."""

_PRESENCE_KEPT = 7 * 24 * 3600 * 1_000_000
"""Microseconds that records of kind ``Retention.PRESENCE`` stay."""

_PRESENCE_RECORDS = 500
"""Where there is too much, presence stays in so many of the newest records for each megabyte: about a tenth.
Strangers who come and go push out each other's presence then, not what was said."""

_SWEPT_FACTS = 500
"""Facts that one sweep looks at: under a millisecond."""

MEGABYTE = 1_000_000

_REMOVED = ", ".join(str(int(kept)) for kept in (Retention.TEXT, Retention.PRESENCE, Retention.AUDIT))


def next_slice(connection: sqlite3.Connection, policy: RetentionPolicy, now: int) -> tuple[int, int] | None:
    """Which records to remove next: those after the first number, up to the second. None: all may stay.

    Args:
        connection: any.
        policy: what stays.
        now: microseconds since 1970 UTC.
    """
    (removed,) = connection.execute("SELECT removed FROM marks").fetchone()
    bound = _newest(connection) - 1  # the newest record always stays
    if removed >= bound or not (policy.days or policy.megabytes):
        return None
    too_much = is_too_large(connection, policy)
    if not (too_much or policy.days):
        return None
    upto = bound
    for table in ("said", "facts"):
        found = connection.execute(
            f"SELECT number FROM {table} WHERE number > ? ORDER BY number LIMIT 1 OFFSET ?",  # noqa: S608  # constants
            (removed, ROWS - 1),
        ).fetchone()
        upto = upto if found is None else min(upto, found[0])
    if not too_much:
        before = now - policy.days * DAY
        upto = max(_last_before(connection, table, removed, upto, before) for table in ("said", "facts"))
    return (removed, upto) if upto > removed else None


def _newest(connection: sqlite3.Connection) -> int:
    return max(
        int(connection.execute(f"SELECT coalesce(max(number), 0) FROM {table}").fetchone()[0])  # noqa: S608  # constants
        for table in ("said", "facts")
    )


def _last_before(connection: sqlite3.Connection, table: str, after: int, upto: int, time: int) -> int:
    """The last number up to ``upto`` of a record before a time; ``after`` where there is none."""
    (found,) = connection.execute(
        f"SELECT max(number) FROM {table} WHERE number > ? AND number <= ? AND time < ?",  # noqa: S608  # constants
        (after, upto, time),
    ).fetchone()
    return after if found is None else int(found)


def used(connection: sqlite3.Connection) -> int:
    """The bytes of the file that are in use."""
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    return int((pages - free) * size)


def is_too_large(connection: sqlite3.Connection, policy: RetentionPolicy) -> bool:
    """Whether the history has more than it may keep."""
    return bool(policy.megabytes) and used(connection) > policy.megabytes * MEGABYTE


def remove(connection: sqlite3.Connection, after: int, upto: int) -> None:
    """Removes records; within the caller's transaction."""
    between = (after, upto)
    indexed = postings.indexed_upto(connection)  # the lists and the count have nothing above it yet
    rooms = connection.execute(
        "SELECT room, count(text), sum(text IS NOT NULL AND number <= ?), max(number), max(time) FROM said "
        "WHERE number > ? AND number <= ? GROUP BY room",
        (indexed, *between),
    ).fetchall()
    (private,) = connection.execute(
        "SELECT count(*) FROM facts WHERE number > ? AND number <= ? AND kept = 0",
        (after, min(upto, indexed)),
    ).fetchone()
    for name in {room for room, *_ in rooms} | postings.streams_between(connection, after, upto):
        postings.trim(connection, name, upto)
    connection.execute("DELETE FROM said WHERE number > ? AND number <= ?", between)
    connection.execute("DELETE FROM links WHERE number > ? AND number <= ?", between)
    connection.execute("DELETE FROM links WHERE number < ? AND number >= ?", (-after, -upto))
    connection.execute(
        f"DELETE FROM facts WHERE number > ? AND number <= ? AND kept IN ({_REMOVED})",  # noqa: S608  # constants
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


def next_in_rooms(
    connection: sqlite3.Connection, policy: RetentionPolicy, now: int
) -> tuple[str, list[int]] | None:
    """What to remove next of a room with days of its own: its key or stream, and numbers. None: nothing."""
    newest = _newest(connection)
    for room, before in policy.rooms_before(now):
        for stream in streams_in(room):
            table = "said" if stream == room else "facts"
            found = connection.execute(
                f"SELECT number FROM {table} WHERE number IN (SELECT value FROM json_each(?)) "  # noqa: S608  # constants
                "AND time < ? AND number < ? ORDER BY number",
                (encode_numbers(postings.oldest(connection, stream)), before, newest),
            ).fetchall()
            if found:
                return stream, [number for (number,) in found]
    return None


def remove_in_room(connection: sqlite3.Connection, stream: str, numbers: Sequence[int]) -> None:
    """Removes the oldest messages of a room, or facts of one of its streams; within the caller's transaction.

    State stays, as far as decisions read it.
    """
    upto = numbers[-1]
    these = "number IN (SELECT value FROM json_each(?))"
    asked = (encode_numbers(numbers),)
    postings.trim(connection, stream, upto)
    connection.execute(f"DELETE FROM links WHERE {these}", asked)  # noqa: S608  # constants
    if stream[:1] in ROOM_SIGNS:
        connection.execute(
            "INSERT OR REPLACE INTO removals SELECT ?, number, time FROM said WHERE number = ?",
            (stream, upto),
        )
        removed = connection.execute(f"DELETE FROM said WHERE {these}", asked).rowcount  # noqa: S608
    else:
        kinds = (int(Retention.TEXT), int(Retention.PRESENCE))
        (removed,) = connection.execute(
            f"SELECT count(*) FROM facts WHERE {these} AND kept = 0 AND event <> ''",  # noqa: S608  # constants
            asked,
        ).fetchone()
        connection.execute(f"DELETE FROM facts WHERE {these} AND kept IN (?, ?)", (*asked, *kinds))  # noqa: S608
    connection.execute("UPDATE marks SET messages = messages - ?", (removed,))


def is_cut(connection: sqlite3.Connection, room: str, after: int, after_time: int) -> bool:
    """Whether messages of a room (its key) after a number and a time were removed."""
    found = connection.execute(
        "SELECT 1 FROM removals WHERE room = ? AND number > ? AND time > ?", (room, after, after_time)
    ).fetchone()
    return found is not None


def old_presence(connection: sqlite3.Connection, policy: RetentionPolicy, now: int) -> tuple[int, int] | None:
    """Which facts to sweep next: those after the first number, up to the second. None: there are none.

    The newest record always stays: a file's last number must never go back.
    """
    too_many = 0
    if is_too_large(connection, policy):
        too_many = _newest(connection) - policy.megabytes * _PRESENCE_RECORDS
    (swept,) = connection.execute("SELECT swept FROM marks").fetchone()
    (last,) = connection.execute("SELECT max(number) FROM facts").fetchone()
    upto = swept
    following = connection.execute(
        "SELECT number, time FROM facts WHERE number > ? AND number < ? ORDER BY number LIMIT ?",
        (swept, last or 0, _SWEPT_FACTS),
    )
    for number, time in following:
        if time >= now - _PRESENCE_KEPT and number > too_many:
            break
        upto = number
    return (swept, upto) if upto > swept else None


def sweep(connection: sqlite3.Connection, after: int, upto: int) -> None:
    """Removes the presence from these facts; within the caller's transaction."""
    postings.clear_presence(connection, after, upto)
    connection.execute(
        "DELETE FROM facts WHERE number > ? AND number <= ? AND kept = ?",
        (after, upto, int(Retention.PRESENCE)),
    )
    connection.execute("UPDATE marks SET swept = ?", (upto,))
