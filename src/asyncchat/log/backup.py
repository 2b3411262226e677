"""Copies of a history: made while a server has it open, read and checked, and put in its place.

Owns the database's file alone. Must not know what a server keeps beside it, nor who shows how far it is.
"""

import os
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from asyncchat.core.ids import Ids
from asyncchat.core.names import ROOM_SIGNS
from asyncchat.log import postings, schema
from asyncchat.log.base import LogError
from asyncchat.log.database import last_record
from asyncchat.log.fts import path_of as index_of
from asyncchat.log.lockfile import LockFile

STEP_PAGES = 1024
"""Pages that are copied between two looks at how far it is: 4 MB, some milliseconds."""

Progress = Callable[[int, int], object]
"""Is told how many pages are done, and of how many."""


@dataclass(frozen=True)
class Contents:
    """What a history has.

    Attributes:
        path: where it is.
        size: its bytes.
        messages: those that can be read.
        last: the number of its last record.
        last_id: that record's id; empty: there is none.
        last_time: its time, in microseconds since 1970 UTC.
    """

    path: Path
    size: int
    messages: int
    last: int
    last_id: str
    last_time: int


@dataclass(frozen=True)
class Usage:
    """What a history's space is used for.

    Attributes:
        free: bytes in the file that are used again.
        search: bytes of the search's index.
        first_time: the time of its oldest record, in microseconds since 1970 UTC.
        rooms: its rooms with their messages, the largest first.
    """

    free: int
    search: int
    first_time: int
    rooms: list[tuple[str, int]]


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A history as it is at this moment; a server may have it open and goes on writing.

    Raises:
        LogError: it can't be read; the text says why.
    """
    path = path.expanduser()
    try:
        with closing(schema.connect_to_read(path)) as connection, schema.read_transaction(connection):
            yield connection
    except sqlite3.Error as error:
        raise schema.explain(error, path) from error


def contents(connection: sqlite3.Connection, path: Path) -> Contents:
    """What the history has that a connection reads."""
    last, last_time = last_record(connection)
    indexed, messages = connection.execute("SELECT indexed, messages FROM marks").fetchone()
    epochs = connection.execute("SELECT first, name FROM epochs ORDER BY place").fetchall()
    messages += postings.read_slice(connection, indexed, last).messages
    last_id = Ids(epochs).id_of(last) if last else ""
    return Contents(path, _size_of(connection), messages, last, last_id, last_time)


def usage(connection: sqlite3.Connection, path: Path) -> Usage:
    """What the space of a history is used for."""
    last, _ = last_record(connection)
    (indexed,) = connection.execute("SELECT indexed FROM marks").fetchone()
    rooms = Counter[str]()
    for room, count in connection.execute("SELECT room, sum(count) FROM places GROUP BY room"):
        rooms[room] += count
    for row in postings.read_slice(connection, indexed, last).postings:
        rooms[row[0]] += row[3]
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    firsts = [
        connection.execute(f"SELECT time FROM {table} ORDER BY number LIMIT 1").fetchone() or (0,)  # noqa: S608  # constants
        for table in ("said", "facts")
    ]
    index = index_of(path)
    return Usage(
        free * _page_bytes(connection),
        index.stat().st_size if index.exists() else 0,
        min((time for (time,) in firsts if time), default=0),
        [(room, count) for room, count in rooms.most_common() if room[:1] in ROOM_SIGNS],
    )


def _size_of(connection: sqlite3.Connection) -> int:
    """The bytes of a database, with those that are still in its write-ahead log."""
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    return int(pages * _page_bytes(connection))


def _page_bytes(connection: sqlite3.Connection) -> int:
    (found,) = connection.execute("PRAGMA page_size").fetchone()
    return int(found)


def check(path: Path) -> Contents:
    """Reads all of a history, or of a copy, and looks whether it is whole.

    Raises:
        LogError: it is not, or can't be read; the text says what to do.
    """
    with reading(path) as connection:
        return _checked(connection, path)


def _checked(connection: sqlite3.Connection, path: Path) -> Contents:
    (fault,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if fault != "ok":
        raise schema.damaged(path, str(fault).replace("\n", " "))
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    schema.check_shape(connection, path, schema.STEPS[:version])
    found = contents(connection, path)
    if version == len(schema.STEPS):  # one of an earlier version is checked when it is upgraded
        schema.check_content(connection, path, found.last, found.last_time)
    return found


def back_up(path: Path, copy: Path, progress: Progress) -> Contents:
    """Copies a history as it is at this moment, and checks the copy; a server may have it open.

    Raises:
        LogError: it can't be read, or the copy can't be written; the text says why.
    """
    _copy(path, copy, progress)
    return check(copy)


@contextmanager
def restoring(copy: Path, path: Path, progress: Progress) -> Iterator[tuple[Contents, Path | None]]:
    """Puts a copy in the place of a history; nobody else has that before the block has ended.

    Gives what is there now, and where the history is that was there before.

    Raises:
        InUse: a server has the history.
        LogError: the copy is damaged, or can't be put there; the text says why.
    """
    if copy.resolve() == path.resolve():
        raise LogError(f"{copy} is the history itself. Name another file, or another history: --db FILE")
    check(copy)
    lock = _locked(path)
    try:
        new = path.with_name(f"{path.name}.new")
        new.unlink(missing_ok=True)
        _copy(copy, new, progress)
        found = check(new)
        before = _put_aside(path)
        new.replace(path)
        for left in (Path(f"{path}-shm"), index_of(path)):  # the index is made anew
            left.unlink(missing_ok=True)
        lock.note(found.last)
        lock.note_checkpointed(0)
        yield replace(found, path=path), before
    except OSError as error:
        raise LogError(f"The history {path} can't be restored: {error}") from error
    finally:
        lock.release("")


def _locked(path: Path) -> LockFile:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise LogError(f"The history {path} can't be restored: {error}") from error
    return LockFile(path)


def _copy(path: Path, to: Path, progress: Progress) -> None:
    if to.exists():
        raise LogError(f"{to} exists already. Name another file, or remove it first")
    part = to.with_name(f"{to.name}.part")
    with reading(path) as source:
        last_record(source)  # the transaction begins with the first read
        try:
            part.unlink(missing_ok=True)
            os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            with closing(sqlite3.connect(part, isolation_level=None)) as target:
                source.backup(
                    target, pages=STEP_PAGES, progress=lambda _, left, pages: progress(pages - left, pages)
                )
                target.execute("PRAGMA journal_mode = DELETE")  # it is one file, wherever it is opened
            part.replace(to)
        except (OSError, sqlite3.Error) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise LogError(f"{to} can't be written: {why}. Nothing was changed") from error
        finally:
            for left in (part, Path(f"{part}-journal")):
                left.unlink(missing_ok=True)


def _put_aside(path: Path) -> Path | None:
    """Gives a history another name, beside its own until another one takes that; None: there is none."""
    if not path.exists():
        return None
    before = path.with_name(f"{path.name}.{datetime.now():%Y%m%d-%H%M%S}")
    # Its write-ahead log goes into it; that of a damaged one stays as it is, under the other name too.
    with suppress(sqlite3.Error), closing(schema.connect(path)) as connection:
        schema.checkpoint(connection, "TRUNCATE")
    wal = Path(f"{path}-wal")
    if wal.exists():
        wal.replace(f"{before}-wal")
    try:
        os.link(path, before)
    except OSError:  # a file system without a second name
        path.replace(before)
    return before
