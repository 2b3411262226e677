"""A room's history under its new name: its rows, and where the index lists them.

Owns what a renaming changes in the file, within the transaction that keeps the fact; must not know threads.
It takes some 3 µs a message: a third of a second for 100,000, in which nothing else is written.
"""

import sqlite3
from typing import Final

from asyncchat.core.events import RoomRenamed
from asyncchat.core.names import fold
from asyncchat.log import places, shelves

_CAUGHT_UP: Final = 50_000
"""Facts that are put on their shelves first, so that they move too; more are there only in an older file."""


def rename(connection: sqlite3.Connection, number: int, event: RoomRenamed) -> None:
    """Moves what stands under a room's old name to the new one.

    What a room of the new name had said before it was closed is nobody's from now on.

    Args:
        connection: with an open transaction, in which the fact has been added.
        number: the fact's number.
        event: the fact.
    """
    old, key = fold(event.room), fold(event.to)
    if old == key:
        return
    watermark = places.indexed(connection)
    shelved = places.shelved(connection)
    if number - shelved <= _CAUGHT_UP:
        places.add_shelves(connection, places.shelve(connection, shelved, number), number)
    name = None if key == event.to else event.to
    nobody = f"{key} {number}"
    below = "number > ? AND number < ? AND room = ?"
    for there, now, spelled in ((key, nobody, key), (old, key, name)):
        connection.execute(
            f"UPDATE said SET room = ?, name = ? WHERE {below}",  # noqa: S608  # constants
            (now, spelled, watermark, number, there),
        )
        connection.executemany(
            "UPDATE said SET room = ?, name = ? WHERE number = ?",
            [(now, spelled, at) for at in places.listed_forwards(connection, there, 0, watermark)],
        )
    connection.execute("DELETE FROM removals WHERE room = ?", (key,))
    connection.execute("UPDATE removals SET room = ? WHERE room = ?", (key, old))
    for shelf in (str, shelves.notes, shelves.comings):
        move = "UPDATE places SET room = ? WHERE room = ?"
        connection.execute(move, (shelf(nobody), shelf(key)))
        connection.execute(move, (shelf(key), shelf(old)))
