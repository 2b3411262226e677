"""The rename of a room in the file: its rows and its postings move to the new name.

Owns what a rename changes, in the transaction that records the event. It must not know threads. It takes some
3 µs a message: a third of a second for 100,000, while nothing else is written.
"""

import sqlite3
from typing import Final

from asyncchat.core.events import MovesRoom
from asyncchat.core.names import fold
from asyncchat.log import postings, streams

_INDEXED_FIRST: Final = 50_000
"""The most facts that are indexed first, so that they move too; there are more only in an older file."""


def rename(connection: sqlite3.Connection, number: int, event: MovesRoom) -> None:
    """Moves what belongs to a room's old name to the new one.

    Messages of a closed room that had the new name before belong to no room from now on.

    Args:
        connection: with an open transaction, in which the fact has been added.
        number: the fact's number.
        event: the fact.
    """
    old, key = fold(event.room), fold(event.to)
    if old == key:
        return
    watermark = postings.indexed_upto(connection)
    streams_upto = postings.streams_indexed_upto(connection)
    if number - streams_upto <= _INDEXED_FIRST:
        found, _ = postings.read_stream_postings(connection, streams_upto, number, most=number)
        postings.add_stream_postings(connection, found, streams_upto, number)
    name = None if key == event.to else event.to
    nobody = f"{key} {number}"
    below = "number > ? AND number < ? AND room = ?"
    for source, target, spelled in ((key, nobody, key), (old, key, name)):
        connection.execute(
            f"UPDATE said SET room = ?, name = ? WHERE {below}",  # noqa: S608  # constants
            (target, spelled, watermark, number, source),
        )
        numbers = postings.listed_numbers(connection, source, 0, watermark, newest=False)
        connection.executemany(
            "UPDATE said SET room = ?, name = ? WHERE number = ?",
            [(target, spelled, listed) for part in numbers for listed in part],
        )
    connection.execute("DELETE FROM removals WHERE room = ?", (key,))
    connection.execute("UPDATE removals SET room = ? WHERE room = ?", (key, old))
    for stream in (str, streams.room_changes, streams.room_presence):
        move = "UPDATE places SET room = ? WHERE room = ?"
        connection.execute(move, (stream(nobody), stream(key)))
        connection.execute(move, (stream(key), stream(old)))
