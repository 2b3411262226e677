"""What the tests of the log in SQLite share."""

import sqlite3
from pathlib import Path

from asyncchat.core.events import Record
from asyncchat.core.features.history import Window
from asyncchat.core.features.messages import Said
from asyncchat.core.ids import Ids
from asyncchat.log.base import PageQuery
from asyncchat.log.sqlite import SqliteLog
from asyncchat.log.tuning import Tuning

HASTY = Tuning(lag=4, snapshot_at=3, quiet=3600.0, slow=3600.0, search_for=3600.0)
"""The index and snapshots follow after a few records. How long anything takes, decides nothing."""

STILL = Tuning(quiet=3600.0, slow=3600.0, search_for=3600.0)
"""Nothing happens to the file but by appends and ``run_maintenance``."""


def text_of(record: Record) -> str:
    """The text of a record that is a message; a page without events has no others."""
    assert isinstance(record.event, Said)
    return record.event.text


async def texts(log: SqliteLog, room: str = "#lobby") -> list[str]:
    page = await log.read(PageQuery(room, log.last, Window(limit=100_000)))
    return [text_of(record) for record in page.records]


async def write(path: Path, *batches: list[Record]) -> str:
    """Appends batches, closes cleanly; returns the first id of this run's epoch."""
    log = await SqliteLog.open(path, tuning=HASTY)
    for batch in batches:
        await log.append(log.last, batch)
    found = log.ids.id_of(log.last + 1)
    await log.close()
    return found


async def all_of(path: Path) -> tuple[list[tuple[int, str]], int, Ids]:
    """The lobby's messages, the last number, the ids."""
    log = await SqliteLog.open(path)
    found: list[Record] = []
    more = True
    while more:  # a page ends after some bytes
        window = Window(found[-1].number if found else 0, limit=10**6, newest=False)
        page = await log.read(PageQuery("#lobby", log.last, window))
        found += page.records
        more = bool(page.more)
    numbers = await log.numbers_by("#lobby", "", log.last)
    assert list(numbers) == [record.number for record in found]
    await log.close()
    return [(record.number, text_of(record)) for record in found], log.last, log.ids


def raw(path: Path, *statements: str) -> list[tuple[object, ...]]:
    """Another program at the file."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        return [row for statement in statements for row in connection.execute(statement).fetchall()]
    finally:
        connection.close()
