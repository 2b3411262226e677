"""Upkeep of the database: old presence, snapshots of the state, the write-ahead log.

Owns what is done when there is time; must not know when that is. Each function is one short step.
"""

import sqlite3

from asyncchat.core.events import AnyEvent, Kept
from asyncchat.log import places, rows
from asyncchat.log.snapshot import snapshot

PRESENCE_KEPT = 7 * 24 * 3600 * 1_000_000
"""Microseconds that records of kind ``Kept.PRESENCE`` stay."""

SWEPT_AT_ONCE = 500
"""Facts looked at in one step: under a millisecond."""


def state(connection: sqlite3.Connection) -> list[AnyEvent]:
    """The state facts, from the newest snapshot on; no text is read.

    Raises:
        LogError: one of them is unknown to this version.
    """
    number = 0
    facts: list[AnyEvent] = []
    found = connection.execute("SELECT number, facts FROM snapshots ORDER BY number DESC LIMIT 1").fetchone()
    if found is not None:
        number = found[0]
        facts += rows.decode_many(number, found[1])
    later = connection.execute(
        "SELECT number, event FROM facts WHERE kept = 1 AND number > ? ORDER BY number", (number,)
    ).fetchall()
    facts += [rows.decode(number, line) for number, line in later]
    return facts


def states_since(connection: sqlite3.Connection) -> int:
    """How many state facts lie above the newest snapshot."""
    (count,) = connection.execute(
        "SELECT count(*) FROM facts WHERE kept = 1 "
        "AND number > coalesce((SELECT max(number) FROM snapshots), 0)"
    ).fetchone()
    return int(count)


def new_snapshot(connection: sqlite3.Connection) -> tuple[int, int, str] | None:
    """A snapshot of all state facts there are: the last one's number, how many facts it has, their text.

    None when a snapshot can't say all of the state.
    """
    connection.execute("BEGIN")
    try:
        (last,) = connection.execute("SELECT max(number) FROM facts WHERE kept = 1").fetchone()
        facts = None if last is None else snapshot(state(connection))
    finally:
        connection.execute("ROLLBACK")
    return None if facts is None else (last, len(facts), rows.encode_many(facts))


def keep_snapshot(connection: sqlite3.Connection, number: int, facts: str) -> None:
    """Writes a snapshot in the place of the earlier ones; within the caller's transaction."""
    # How far somebody has read is said often, and nobody asks for what was said before.
    connection.execute(
        'DELETE FROM facts WHERE kept = 1 AND number < ? AND event GLOB \'{"is":"read",*\' '
        "AND number > coalesce((SELECT max(number) FROM snapshots), 0)",
        (number,),
    )
    connection.execute("INSERT INTO snapshots VALUES (?, ?)", (number, facts))
    connection.execute("DELETE FROM snapshots WHERE number < ?", (number,))


def old_presence(connection: sqlite3.Connection, now: int) -> tuple[int, int] | None:
    """Which facts are to be swept next: those after the first number, up to the second. None: there are none.

    The newest record of all stays, whatever it is: a file's last number must never go back.
    """
    (swept,) = connection.execute("SELECT swept FROM marks").fetchone()
    (last,) = connection.execute("SELECT max(number) FROM facts").fetchone()
    upto = swept
    next_ones = connection.execute(
        "SELECT number, time FROM facts WHERE number > ? AND number < ? ORDER BY number LIMIT ?",
        (swept, last or 0, SWEPT_AT_ONCE),
    )
    for number, time in next_ones:
        if time >= now - PRESENCE_KEPT:
            break
        upto = number
    return (swept, upto) if upto > swept else None


def sweep(connection: sqlite3.Connection, after: int, upto: int) -> None:
    """Removes the presence among these facts; within the caller's transaction."""
    places.clear_shelves(connection, after, upto)
    connection.execute(
        "DELETE FROM facts WHERE number > ? AND number <= ? AND kept = ?", (after, upto, int(Kept.PRESENCE))
    )
    connection.execute("UPDATE marks SET swept = ?", (upto,))


def checkpoint(connection: sqlite3.Connection, how: str) -> tuple[bool, int]:
    """Moves the write-ahead log into the database.

    Args:
        connection: any but one in a transaction.
        how: ``PASSIVE`` waits for nobody, ``TRUNCATE`` leaves an empty file.

    Returns:
        Whether all of it was moved, and its pages.
    """
    busy, pages, moved = connection.execute(f"PRAGMA wal_checkpoint({how})").fetchone()
    return not busy and pages == moved, max(0, pages)


def rewind(connection: sqlite3.Connection) -> None:
    """Begins the write-ahead log anew after a complete checkpoint.

    The first commit after one syncs the log's new header to the disk, milliseconds long: so that no append
    pays for it, this writes something at once.
    """
    connection.execute("UPDATE marks SET rewound = rewound + 1")
