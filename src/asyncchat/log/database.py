"""A database file from its opening to its close: the lock, the checks, the epochs.

Owns which start begins a new epoch. It must not know appends or reads.

When a new epoch begins
-----------------------
An id must never name two messages. A number is used twice when the file goes back to an earlier state after
people have seen its numbers. With ``synchronous=NORMAL`` a killed process loses nothing, since the system has
its writes. But a crash of the machine loses the last ones, and whoever restores a copy goes back to the
copy's last number, on this machine or another. The file itself can't tell: all it contains is as it was.
So a start continues the old epoch only where a second file confirms that this is the newest state: at a clean
close the database and the lock file get the same id, of the boot's id and a random number, once everything
is on the disk. Any other start begins an epoch:

- after a kill: nothing is lost, but a copy taken earlier in the same run would look the same;
- after a crash of the machine: the file may look cleanly closed, because the write that removed the id was
  lost with the rest, but that close was in another boot;
- after a clean close in an earlier boot: a disk or a machine put back to an earlier state looks the same;
- after a copy was restored, even a cleanly closed one: its id is not the one in the lock file;
- where the last record came from a stream: what this file alone has next is not in the stream. A node that
  joins gives it the stream's epoch back (``set_epochs``).

When a large file is checked
----------------------------
Only a crash of the machine, a disk or a hand damages a file, not the end of its process: the system has all
writes. So after a kill the file is not checked if it is the same one, in the same boot, and has all records
that the lock file knows of. A check reads all of the file: 10,000,000 messages took 21 s.

A needless epoch costs one row of a few bytes and nothing else, since older ids stay valid. An epoch without
records is replaced.

A copy of a stream (``cluster``) has the epoch of the stream, and no start begins one: its numbers are those
of the stream, which gives back what the file lost.
"""

import logging
import secrets
import sqlite3
import stat
import sys
from collections.abc import Sequence
from pathlib import Path

from asyncchat.core.ids import Ids
from asyncchat.log import postings, schema, snapshot
from asyncchat.log.base import LogError, is_copy, new_epoch
from asyncchat.log.lockfile import LockFile

_log = logging.getLogger(__name__)


class Database:
    """A database file, locked and ready to be written.

    Args:
        path: where it is.
        power: whether each commit must survive a loss of power.
        epoch: of the stream of which it is a copy; empty for a history of its own.

    Attributes:
        path: its real path.
        connection: the one that writes.
        last: the number of its last record.
        last_time: that record's time.
        indexed_upto: the last number whose message is in the index (``postings``).
        states: state facts above the newest snapshot.
        messages: how many readable messages it has.
        ids: its epochs.

    Raises:
        LogError: it can't be opened; it was not changed.
    """

    def __init__(self, path: Path, power: bool = False, epoch: str = "") -> None:
        self._power = power
        self._epoch = epoch
        try:
            self.path = path.expanduser().resolve()
            schema.make_file(self.path)
        except (OSError, RuntimeError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise LogError(
                f"The history {path} can't be opened: {reason}. Choose another: --db FILE"
            ) from error
        self._lock = LockFile(self.path, _run_of(self.path))
        try:
            _refuse_links(self.path)
            self._open()
        except BaseException:
            self._lock.abandon()
            raise

    def connect(self) -> sqlite3.Connection:
        """Another connection, opened at once: later the path may lead to another file."""
        connection = schema.connect(self.path)
        postings.indexed_upto(connection)
        return connection

    def committed(self, last: int) -> None:
        """Notes beside the file the number of the last record that it has."""
        self._lock.note(last)

    def set_epochs(self, epochs: Sequence[tuple[int, str]]) -> None:
        """Keeps these epochs instead of its own.

        Raises:
            LogError: it can't be written.
        """
        try:
            with schema.transaction(self.connection):
                self.connection.execute("DELETE FROM epochs")
                self.connection.executemany("INSERT INTO epochs (first, name) VALUES (?, ?)", epochs)
        except sqlite3.Error as error:
            raise schema.explain(error, self.path) from error

    def checkpoint(self, connection: sqlite3.Connection, mode: str, last: int) -> tuple[bool, int]:
        """A checkpoint (``schema.checkpoint``), when ``last`` is the number of the last record.

        A process that is killed meanwhile leaves a file of which nothing is known.
        """
        before = self._lock.checkpointed
        self._lock.note_checkpointed(0)
        done = False
        try:
            done, pages = schema.checkpoint(connection, mode)
        finally:
            self._lock.note_checkpointed(last if done else before)
        return done, pages

    def close(self) -> None:
        """Closes it; after an error of the disk the file is complete, but counts as not cleanly closed."""
        close_id = f"{boot_id()} {secrets.token_hex(8)}"
        try:
            self.connection.execute("UPDATE marks SET closed = ?", (close_id,))
            done, _ = self.checkpoint(self.connection, "TRUNCATE", self._lock.committed)
        except sqlite3.Error:
            done = False
        try:
            self.connection.close()
        finally:
            self._lock.release(close_id if done and boot_id() else "")

    def _open(self) -> None:
        close_id = self._lock.close_id
        self._refuse_foreign_wal()
        try:
            self.connection = schema.connect(self.path)
            schema.replace_bad_text(self.connection)
        except sqlite3.Error as error:
            raise schema.explain(error, self.path) from error
        try:
            self._begin(close_id)
        except BaseException as error:
            self.connection.close()
            if isinstance(error, sqlite3.Error):
                raise schema.explain(error, self.path) from error
            raise

    def _begin(self, close_id: str) -> None:
        connection = self.connection
        clean = bool(boot_id()) and close_id.startswith(f"{boot_id()} ")
        schema.prepare(connection, self.path, clean=clean or self._was_only_killed())
        self.last, self.last_time = last_record(connection)
        self.checkpoint(connection, "TRUNCATE", self.last)
        connection.execute(f"PRAGMA synchronous = {'FULL' if self._power else 'NORMAL'}")
        schema.check_content(connection, self.path, self.last, self.last_time)
        self.indexed_upto: int
        indexed_messages: int
        self.indexed_upto, indexed_messages, closed = connection.execute(
            "SELECT indexed, messages, closed FROM marks"
        ).fetchone()
        self.states = snapshot.states_since(connection)
        self.messages = (
            indexed_messages + postings.read_slice(connection, self.indexed_upto, self.last).messages
        )
        with schema.transaction(connection):
            if self._epoch:
                self._follow_epoch()
            elif not (clean and close_id == closed) or self._is_copy():
                # An epoch without records named no message.
                connection.execute("DELETE FROM epochs WHERE first > ?", (self.last,))
                connection.execute(
                    "INSERT INTO epochs (first, name) VALUES (?, ?)", (self.last + 1, new_epoch())
                )
            connection.execute("UPDATE marks SET closed = ''")
        self.ids = Ids(connection.execute("SELECT first, name FROM epochs ORDER BY place").fetchall())
        self._tell_what_is_missing()

    def _is_copy(self) -> bool:
        """Whether its last record has a number of a stream: what follows here is not in that."""
        epochs = self.connection.execute("SELECT first, name FROM epochs ORDER BY place").fetchall()
        return bool(epochs) and is_copy(Ids(epochs), self.last)

    def _follow_epoch(self) -> None:
        """Has the stream's epoch.

        Raises:
            LogError: the file is of another stream, or of none.
        """
        (newest,) = self.connection.execute(
            "SELECT name FROM epochs ORDER BY place DESC LIMIT 1"
        ).fetchone() or ("",)
        if newest == self._epoch:
            return
        if self.last:
            raise LogError(
                f"The history {self.path} is not this cluster's: its epoch is {newest}, the stream's "
                f"{self._epoch}. Choose another: --db FILE"
            )
        self.connection.execute("DELETE FROM epochs")
        self.connection.execute("INSERT INTO epochs (first, name) VALUES (1, ?)", (self._epoch,))

    def _was_only_killed(self) -> bool:
        """Whether nothing but the last process can have ended since it had this file."""
        run = _run_of(self.path)
        try:
            last, _ = last_record(self.connection)
        except sqlite3.Error:
            return False  # what is wrong with it is told below
        return bool(run) and run == self._lock.last_run and last >= self._lock.committed

    def _refuse_foreign_wal(self) -> None:
        """Refuses a write-ahead log of another file, such as the one that a copy was put in the place of.

        SQLite would write its pages into this file. They follow what the earlier file had at its last
        checkpoint, so this file must have that too. A copy that is newer than that checkpoint has it.

        Raises:
            LogError: the file does not have it.
        """
        wal = Path(f"{self.path}-wal")
        known = self._lock.checkpointed
        if not known or not wal.exists() or not wal.stat().st_size:
            return
        try:
            alone = schema.connect_alone(self.path)
            try:
                last, _ = last_record(alone)
            finally:
                alone.close()
        except sqlite3.Error:
            return  # what is wrong with it is told below
        if last < known:
            raise LogError(
                f"The history {self.path} ends with record {last}, but {wal} follows a file that had {known}."
                f" If you put a copy in its place, remove {wal} and {self.path}-shm. If both belong "
                f"together, remove {self.path}-lock"
            )

    def _tell_what_is_missing(self) -> None:
        missing = self._lock.committed - self.last
        if missing > 0 and not self._epoch:
            _log.error(
                "The history %s lacks what was written to it last: %d records (messages, joins, …) after "
                "number %d. Its write-ahead log is damaged or gone, or an older copy was put in its place. "
                "If you have a newer copy, stop the server and put that in its place",
                self.path,
                missing,
                self.last,
            )
        self.committed(self.last)


def _refuse_links(path: Path) -> None:
    """Refuses a file with several names (hard links): each name has its own lock and write-ahead log.

    Raises:
        LogError: it has another name.
        OSError: it is gone.
    """
    status = path.stat()
    names = status.st_nlink
    if names > 1 and stat.S_ISREG(status.st_mode):
        raise LogError(
            f"The history {path} has {names} names (hard links), under which two servers could write to it. "
            f"Keep one of them: find / -samefile {path}"
        )


def _run_of(path: Path) -> str:
    """A boot of the machine and a file in it; empty where the system names no boot."""
    boot, status = boot_id(), path.stat()
    return f"{boot} {status.st_dev} {status.st_ino}" if boot else ""


def last_record(connection: sqlite3.Connection) -> tuple[int, int]:
    """The number and the time of the last record; zeros when there is none."""
    found = [
        connection.execute(query).fetchone() or (0, 0)
        for query in (
            "SELECT number, time FROM said ORDER BY number DESC LIMIT 1",
            "SELECT number, time FROM facts ORDER BY number DESC LIMIT 1",
        )
    ]
    return max(found)


def boot_id() -> str:
    """The id of this boot of the machine; empty where the system has none: then no close id is valid."""
    if sys.platform != "linux":
        return ""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return ""
