"""Writes: an append as one transaction, and what to do when it is not clear whether it was one.

Owns the connection that writes and the log's last number; must not know threads. The caller sees to it that
nothing here runs twice at a time, on whatever thread.
"""

import os
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

from asyncchat.core.events import Erased, Record, RoomRenamed
from asyncchat.core.names import fold
from asyncchat.log import places, renaming, schema
from asyncchat.log.base import LogError, OutOfStep
from asyncchat.log.opening import Database, newest
from asyncchat.log.rows import PLAIN_COLUMNS, READ_COLUMNS, Batch, Value

_TOGETHER = 16
"""Plain rows in one statement: such a row costs 0.9 µs, one by itself 1.2 µs; 80 would save 0.1 µs more."""

_ROW = "(?, ?, ?, ?, ?)"
_PLAIN = "INSERT INTO said (number, time, room, origin, text) VALUES "
_ONE_PLAIN = _PLAIN + _ROW
_MANY_PLAIN = _PLAIN + ", ".join([_ROW] * _TOGETHER)
_WIDE = f"INSERT INTO said ({READ_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608  # constants
_FACT = "INSERT INTO facts VALUES (?, ?, ?, ?)"
_FACT_COLUMNS = 4

_PATIENCE = 2000
"""Milliseconds that a write off the loop waits for another program's lock."""

_COMMIT_BYTES = 4200
"""What a commit writes beside its rows: the last page again."""

_ROW_BYTES = 64
"""What a row takes beside its text."""


class Busy(LogError):
    """Another program holds the file's lock just now."""


class Writer:
    """The one that writes a database.

    Attributes:
        last: the number of the newest record.
        last_time: its time.
        unsure: an append failed, perhaps after it was kept: the next one looks.
        written: bytes by which the write-ahead log grew since the start, roughly.
        states: state facts above the newest snapshot.
        erasures: how many erasures there were since the start, and renamings: both change rows and index.
    """

    def __init__(self, database: Database) -> None:
        self.last = database.last
        self.last_time = database.last_time
        self.unsure = False
        self.written = 0
        self.states = database.states
        self.erasures = 0
        self._connection = database.connection
        self._cursor = database.connection.cursor()
        self._execute = self._cursor.execute
        self._path = database.path
        self._file = _identity(database.path)
        self._moved = False
        self._patient = False

    def batch(self, expected_last: int, records: Sequence[Record]) -> Batch | None:
        """An append's rows; None where it does not simply follow: ``again`` finds out."""
        if expected_last != self.last or self.unsure:
            return None
        return Batch(expected_last, self.last_time, records)

    def commit(self, batch: Batch, patient: bool = False) -> None:
        """Adds a batch that follows, all or nothing.

        Args:
            batch: the rows.
            patient: whether it may wait for another program's lock.

        Raises:
            OutOfStep: somebody else wrote records under these numbers.
            Busy: another program holds the lock.
            LogError: it can't be written; ``unsure`` is set.
        """
        self._in_place()
        try:
            if patient != self._patient:
                self._connection.execute(f"PRAGMA busy_timeout = {_PATIENCE if patient else 0}")
                self._patient = patient
            if len(batch.plain) == PLAIN_COLUMNS and batch.count == 1:
                self._execute(_ONE_PLAIN, batch.plain)
            else:
                self._execute("BEGIN IMMEDIATE")
                self._insert(batch)
                self._execute("COMMIT")
        except BaseException as error:
            self.unsure = True
            self._roll_back()
            if isinstance(error, sqlite3.IntegrityError):
                raise OutOfStep(f"The history {self._path} has records after {self.last}.") from error
            if isinstance(error, sqlite3.Error):
                plain = schema.plainly(error, self._path)
                raise Busy(str(plain)) if _is_busy(error) else plain from error
            raise
        self.last = batch.last
        self.last_time = batch.last_time
        self.written += _COMMIT_BYTES + _ROW_BYTES * batch.count + batch.size
        self.states += batch.states
        self.erasures += len(batch.changing)

    def again(self, expected_last: int, records: Sequence[Record]) -> None:
        """Appends records after a look at the file's last number; taken as written when it ends with them.

        Raises:
            OutOfStep: it ends with others.
            LogError: as ``commit`` does.
        """
        try:
            self._roll_back()
            self.last, self.last_time = newest(self._connection)
        except sqlite3.Error as error:
            raise schema.plainly(error, self._path) from error
        self.unsure = False
        batch = self.batch(expected_last, records)
        if batch is not None:
            self.commit(batch, patient=True)
        elif not self._ends_with(Batch(expected_last, 0, records)):
            raise OutOfStep(f"The last record of {self._path} is {self.last}, not {expected_last}.")

    def change(self, step: Callable[[sqlite3.Connection], None]) -> None:
        """Runs a step of upkeep as one transaction.

        Raises:
            sqlite3.Error: it can't be written; nothing was changed.
        """
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            step(self._connection)
            self._connection.execute("COMMIT")
        except BaseException:
            self._roll_back()
            raise

    def close(self) -> None:
        """Lets the connection go: a statement that failed would keep the file open beyond its close."""
        self._cursor.close()

    def look(self) -> None:
        """Looks whether the file is still where it was: else nobody would ever find what is written to it.

        Raises:
            LogError: it is not; appends raise the same until it is back.
        """
        self._moved = _identity(self._path) != self._file
        self._in_place()

    def _in_place(self) -> None:
        if self._moved:
            raise LogError(f"The history {self._path} was moved or deleted. Stop the server and put it back")

    def _insert(self, batch: Batch) -> None:
        execute, plain = self._execute, batch.plain
        end = len(plain)
        step = PLAIN_COLUMNS * _TOGETHER
        together = end - end % step
        for at in range(0, together, step):
            execute(_MANY_PLAIN, plain[at : at + step])
        for at in range(together, end, PLAIN_COLUMNS):
            execute(_ONE_PLAIN, plain[at : at + PLAIN_COLUMNS])
        if batch.wide:
            self._connection.executemany(_WIDE, batch.wide)
        if batch.facts:
            self._connection.executemany(_FACT, batch.facts)
        for number, event in batch.changing:
            if isinstance(event, RoomRenamed):
                renaming.rename(self._connection, number, event)
            elif isinstance(event, Erased):
                places.erase(self._connection, fold(event.said_in or event.room), event.numbers)
            else:
                places.erase_private(self._connection, event.number)

    def _roll_back(self) -> None:
        try:
            schema.roll_back(self._connection)
        except sqlite3.Error:
            self.unsure = True  # the next append tries again

    def _ends_with(self, batch: Batch) -> bool:
        if batch.last != self.last:
            return False
        first = batch.last - batch.count
        kept = [
            *self._connection.execute(f"SELECT {READ_COLUMNS} FROM said WHERE number > ?", (first,)),  # noqa: S608
            *self._connection.execute("SELECT * FROM facts WHERE number > ?", (first,)),
        ]
        kept.sort(key=lambda row: row[0])
        rows = batch.rows()
        renamed = any(isinstance(event, RoomRenamed) for _, event in batch.changing)
        return len(kept) == len(rows) and all(
            there == row or there == _erased(row) or (renamed and _stripped(there) == _stripped(row))
            for there, row in zip(kept, rows, strict=True)
        )


def _erased(row: tuple[Value | None, ...]) -> tuple[Value | None, ...]:
    """What an erasure makes of a row."""
    if len(row) == _FACT_COLUMNS:
        return (*row[:3], "")
    return (*row[:4], None, *row[5:7], None)


def _stripped(row: tuple[Value | None, ...]) -> tuple[Value | None, ...]:
    """A row without what a renaming changes."""
    return row if len(row) == _FACT_COLUMNS else (*row[:2], *row[3:6], *row[7:])


def _is_busy(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
