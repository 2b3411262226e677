"""Writes: an append as one transaction, and what to do when it is unclear whether it was committed.

Owns the connection that writes, and the log's last number. It must not know threads: the caller makes sure
that only one call runs at a time, on whatever thread.
"""

import os
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

from asyncchat.core.events import MovesRoom, Record
from asyncchat.core.features.edits import Correction
from asyncchat.core.features.redaction import Erased
from asyncchat.core.names import fold
from asyncchat.log import postings, rename, schema
from asyncchat.log.base import LogError, SequenceConflict
from asyncchat.log.database import Database, last_record
from asyncchat.log.rows import PLAIN_COLUMNS, READ_COLUMNS, RowBatch, Value

_ROWS_PER_STATEMENT = 16
"""Plain rows in one statement: such a row costs 0.9 µs, a single one 1.2 µs; 80 would save 0.1 µs more."""

_ROW = "(?, ?, ?, ?, ?)"
_PLAIN = "INSERT INTO said (number, time, room, origin, text) VALUES "
_ONE_PLAIN = _PLAIN + _ROW
_MANY_PLAIN = _PLAIN + ", ".join([_ROW] * _ROWS_PER_STATEMENT)
_WIDE = f"INSERT INTO said ({READ_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608  # constants
_FACT = "INSERT INTO facts VALUES (?, ?, ?, ?)"
_FACT_COLUMNS = 4
_LINK = "INSERT INTO links VALUES (?, ?)"

_BUSY_TIMEOUT = 2000
"""Milliseconds that a write in a thread waits for another program's lock."""

_COMMIT_BYTES = 4200
"""What a commit writes in addition to its rows: the last page again."""

_ROW_BYTES = 64
"""What a row takes in addition to its text."""


class FileLocked(LogError):
    """Another program holds the file's lock."""


class Writer:
    """The only writer of a database.

    Attributes:
        last: the number of the newest record.
        last_time: its time.
        uncertain: an append failed, perhaps after its commit: the next one reads what the file has.
        written: bytes by which the write-ahead log grew since the start, roughly.
        states: state facts above the newest snapshot.
        erasures: how many erasures and renames of rooms there were since the start: both change older rows
            and the index.
        forgotten: how many people were forgotten since the start.
    """

    def __init__(self, database: Database) -> None:
        self.last = database.last
        self.last_time = database.last_time
        self.uncertain = False
        self.written = 0
        self.states = database.states
        self.erasures = 0
        self.forgotten = 0
        self._connection = database.connection
        self._cursor = database.connection.cursor()
        self._execute = self._cursor.execute
        self._committed = database.committed
        self._path = database.path
        self._files = _identities(database.path)
        self._is_missing = False
        self._waits = False

    def prepare(self, expected_last: int, records: Sequence[Record]) -> RowBatch | None:
        """An append's rows; None where it does not simply follow: then ``append_again`` decides."""
        if expected_last != self.last or self.uncertain:
            return None
        return RowBatch(expected_last, self.last_time, records)

    def commit(self, batch: RowBatch, wait: bool = False) -> None:
        """Adds a batch that follows, all or nothing.

        Args:
            batch: the rows.
            wait: whether to wait for another program's lock.

        Raises:
            SequenceConflict: somebody else wrote records under these numbers.
            FileLocked: another program holds the lock.
            LogError: it can't be written; ``uncertain`` is set.
        """
        self._raise_if_missing()
        try:
            if wait != self._waits:
                self._connection.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT if wait else 0}")
                self._waits = wait
            if len(batch.plain) == PLAIN_COLUMNS and batch.count == 1 and not batch.links:
                self._execute(_ONE_PLAIN, batch.plain)
            else:
                self._execute("BEGIN IMMEDIATE")
                self._insert(batch)
                self._execute("COMMIT")
        except BaseException as error:
            self.uncertain = True
            self._roll_back()
            if isinstance(error, sqlite3.IntegrityError):
                raise SequenceConflict(f"The history {self._path} has records after {self.last}.") from error
            if isinstance(error, sqlite3.Error):
                plain = schema.explain(error, self._path)
                raise FileLocked(str(plain)) if _is_busy(error) else plain from error
            raise
        self.last = batch.last
        self.last_time = batch.last_time
        self._committed(batch.last)
        self.written += _COMMIT_BYTES + _ROW_BYTES * batch.count + batch.size
        self.states += batch.states
        self.forgotten += batch.forgotten
        if batch.changing:
            self.erasures += sum(not isinstance(event, Correction) for _, event in batch.changing)

    def append(self, expected_last: int, records: Sequence[Record]) -> None:
        """Appends records, however many: for a thread, where making their rows may take long, too.

        Raises:
            SequenceConflict, LogError: as ``append_again`` does.
        """
        batch = self.prepare(expected_last, records)
        if batch is None:
            self.append_again(expected_last, records)
        else:
            self.commit(batch, wait=True)

    def append_again(self, expected_last: int, records: Sequence[Record]) -> None:
        """Appends records after reading the file's last number, unless the file ends with them already.

        Raises:
            SequenceConflict: it ends with other records.
            LogError: as ``commit`` does.
        """
        try:
            self._roll_back()
            self.last, self.last_time = last_record(self._connection)
        except sqlite3.Error as error:
            raise schema.explain(error, self._path) from error
        self.uncertain = False
        batch = self.prepare(expected_last, records)
        if batch is not None:
            self.commit(batch, wait=True)
        elif not self._ends_with(RowBatch(expected_last, 0, records)):
            raise SequenceConflict(f"The last record of {self._path} is {self.last}, not {expected_last}.")

    def transact(self, step: Callable[[sqlite3.Connection], None]) -> None:
        """Runs a step of maintenance as one transaction.

        Raises:
            sqlite3.Error: it can't be written; nothing was changed.
        """
        with schema.transaction(self._connection):
            step(self._connection)

    def vacuum(self) -> None:
        """Writes the file anew, without free pages. What it needs meanwhile is in a file, not in memory.

        Raises:
            sqlite3.Error: it can't be written; nothing was changed.
        """
        self._connection.execute("PRAGMA temp_store = FILE")
        try:
            self._connection.execute("VACUUM")
        finally:
            self._connection.execute("PRAGMA temp_store = MEMORY")

    def close(self) -> None:
        """Closes the cursor: a failed statement would keep the file open after the connection's close."""
        self._cursor.close()

    def check_file(self) -> None:
        """Checks that the file and its write-ahead log are still there: else nobody finds what is written.

        Raises:
            LogError: it is not. Appends raise the same until it is back.
        """
        self._is_missing = _identities(self._path) != self._files
        self._raise_if_missing()

    def _raise_if_missing(self) -> None:
        if self._is_missing and _identities(self._path) == self._files:
            self._is_missing = False
        if self._is_missing:
            raise LogError(
                f"The history {self._path} or its {self._path.name}-wal was moved or deleted. Put it back, "
                "or stop the server and put a copy in its place"
            )

    def _insert(self, batch: RowBatch) -> None:
        execute, plain = self._execute, batch.plain
        end = len(plain)
        step = PLAIN_COLUMNS * _ROWS_PER_STATEMENT
        whole = end - end % step
        for at in range(0, whole, step):
            execute(_MANY_PLAIN, plain[at : at + step])
        for at in range(whole, end, PLAIN_COLUMNS):
            execute(_ONE_PLAIN, plain[at : at + PLAIN_COLUMNS])
        if batch.wide:
            self._connection.executemany(_WIDE, batch.wide)
        if batch.facts:
            self._connection.executemany(_FACT, batch.facts)
        if batch.links:
            self._connection.executemany(_LINK, batch.links)
        for number, event in batch.changing:
            if isinstance(event, MovesRoom):
                rename.rename(self._connection, number, event)
            elif isinstance(event, Erased):
                postings.erase(self._connection, fold(event.former_room or event.room), event.numbers)
            elif isinstance(event, Correction):
                postings.edit(self._connection, number, event)
            else:
                postings.erase_private(self._connection, event.number)

    def _roll_back(self) -> None:
        try:
            schema.roll_back(self._connection)
        except sqlite3.Error:
            self.uncertain = True  # the next append tries again

    def _ends_with(self, batch: RowBatch) -> bool:
        if batch.last != self.last:
            return False
        first = batch.last - batch.count
        kept = [
            *self._connection.execute(f"SELECT {READ_COLUMNS} FROM said WHERE number > ?", (first,)),  # noqa: S608
            *self._connection.execute("SELECT * FROM facts WHERE number > ?", (first,)),
        ]
        kept.sort(key=lambda row: row[0])
        rows = batch.rows()
        renamed = any(isinstance(event, MovesRoom) for _, event in batch.changing)
        edited = {event.message for _, event in batch.changing if isinstance(event, Correction)}
        return len(kept) == len(rows) and all(
            there == row
            or there == _erased(row)
            or (renamed and _without_room(there) == _without_room(row))
            or (row[0] in edited and there[:2] == row[:2])
            for there, row in zip(kept, rows, strict=True)
        )


def _erased(row: tuple[Value | None, ...]) -> tuple[Value | None, ...]:
    """A row as an erasure leaves it."""
    if len(row) == _FACT_COLUMNS:
        return (*row[:3], "")
    return (*row[:4], None, *row[5:7], None)


def _without_room(row: tuple[Value | None, ...]) -> tuple[Value | None, ...]:
    """A row without what a rename of its room changes."""
    return row if len(row) == _FACT_COLUMNS else (*row[:2], *row[3:6], *row[7:])


def _is_busy(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY


def _identities(path: Path) -> list[tuple[int, int] | None]:
    """Device and inode of a database and of its write-ahead log."""
    found: list[tuple[int, int] | None] = []
    for file in (path, Path(f"{path}-wal")):
        try:
            status = os.stat(file)
        except OSError:
            found.append(None)
        else:
            found.append((status.st_dev, status.st_ino))
    return found
