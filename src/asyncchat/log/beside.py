"""Reading a history beside whoever has it: no lock, no server, nothing changed.

Owns the connection for one question; what it asks stands in ``reading``.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

from asyncchat.core.events import Record
from asyncchat.log import reading, schema

_ANY = 2**63 - 1
"""SQLite's greatest number."""


def acts_in(path: Path, after_time: int, most: int = _ANY) -> tuple[Record, ...]:
    """What operators of the server did, oldest first; see ``Log.acts``.

    Raises:
        LogError: it can't be read; the text says why.
    """
    path = path.expanduser()
    try:
        with closing(schema.connect_to_read(path)) as connection:
            return reading.acts(connection, _ANY, after_time, most)
    except sqlite3.Error as error:
        raise schema.plainly(error, path) from error
