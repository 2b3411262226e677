"""Opening and closing a database file: the lock, the checks, the epochs.

Owns which start begins a new epoch; must not know appends or reads.

A new epoch: which starts need one
----------------------------------
An id must never name two messages. A number comes twice when the file goes back to an earlier state after its
numbers were shown to people. With ``synchronous=NORMAL`` a killed process loses nothing, the system has its
writes. But the tail is lost by a crash of the machine, and whoever puts a copy in the file's place goes back
to the copy's last number, on this machine or another. The file itself can't tell: it is as it once was,
including all it says of itself. So a start goes on with the old epoch only where a witness beside the file
agrees that this is the newest state: at a clean close file and lock file get the same mark, the boot's id and
a number drawn at random, once all is on the disk. Any other start begins an epoch:

- after a kill: nothing is lost, but a copy taken earlier in the same run would look the same;
- after a crash of the machine: the file may look cleanly closed, because the write that took the mark away
  was lost with the rest, but it was so in another boot;
- after a clean close in an earlier boot: a disk or a machine put back to an earlier state looks like it;
- when a copy, even a cleanly closed one, was put back: its mark is not that of the lock file.

An epoch too many costs a row of a few bytes and nothing else, since older ids stay valid; an epoch that
nothing was recorded in is replaced.
"""

import secrets
import sqlite3
import sys
from pathlib import Path

from asyncchat.core.ids import Ids
from asyncchat.log import places, schema, upkeep
from asyncchat.log.base import LogError, new_epoch
from asyncchat.log.owner import Owner


class Database:
    """A database file, locked and ready to be written.

    Args:
        path: where it is.
        power: whether each commit is to survive the loss of power.

    Attributes:
        path: its real path.
        connection: the one that writes.
        last: the number of its last record.
        last_time: that record's time.
        indexed: up to where ``places`` has it.
        shelved: up to where it has the facts.
        states: state facts above the newest snapshot.
        messages: readable messages.
        ids: its epochs.

    Raises:
        LogError: it can't be opened; nothing of it was changed then.
    """

    def __init__(self, path: Path, power: bool = False) -> None:
        self._power = power
        try:
            self.path = path.expanduser().resolve()
            schema.make_file(self.path)
        except (OSError, RuntimeError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise LogError(
                f"The history {path} can't be opened: {reason}. Choose another: --db FILE"
            ) from error
        self._owner = Owner(self.path)
        try:
            self._open()
        except BaseException:
            self._owner.withdraw()
            raise

    def connect(self) -> sqlite3.Connection:
        """Another connection, opened at once: later another file may stand in the path's place."""
        connection = schema.connect(self.path)
        places.indexed(connection)
        return connection

    def close(self) -> None:
        """Closes it; what the disk refuses now leaves it as after a kill: whole, but not cleanly closed."""
        mark = f"{boot()} {secrets.token_hex(8)}"
        try:
            self.connection.execute("UPDATE marks SET closed = ?", (mark,))
            done, _ = upkeep.checkpoint(self.connection, "TRUNCATE")
        except sqlite3.Error:
            done = False
        try:
            self.connection.close()
        finally:
            self._owner.release(mark if done and boot() else "")

    def _open(self) -> None:
        mark = self._owner.mark
        try:
            self.connection = schema.connect(self.path)
        except sqlite3.Error as error:
            raise schema.plainly(error, self.path) from error
        try:
            self._begin(mark)
        except BaseException as error:
            self.connection.close()
            if isinstance(error, sqlite3.Error):
                raise schema.plainly(error, self.path) from error
            raise

    def _begin(self, mark: str) -> None:
        connection = self.connection
        with_mark = bool(boot()) and mark.startswith(f"{boot()} ")
        schema.prepare(connection, self.path, clean=with_mark)
        upkeep.checkpoint(connection, "TRUNCATE")
        connection.execute(f"PRAGMA synchronous = {'FULL' if self._power else 'NORMAL'}")
        self.last, self.last_time = newest(connection)
        self.indexed: int
        indexed_messages: int
        self.indexed, indexed_messages, closed = connection.execute(
            "SELECT indexed, messages, closed FROM marks"
        ).fetchone()
        self.shelved = places.shelved(connection)
        self.states = upkeep.states_since(connection)
        self.messages = indexed_messages + places.slice_of(connection, self.indexed, self.last).messages
        connection.execute("BEGIN IMMEDIATE")
        if not (with_mark and mark == closed):
            # One that nothing was recorded in named no message.
            connection.execute("DELETE FROM epochs WHERE first > ?", (self.last,))
            connection.execute("INSERT INTO epochs (first, name) VALUES (?, ?)", (self.last + 1, new_epoch()))
        connection.execute("UPDATE marks SET closed = ''")
        connection.execute("COMMIT")
        self.ids = Ids(connection.execute("SELECT first, name FROM epochs ORDER BY place").fetchall())


def newest(connection: sqlite3.Connection) -> tuple[int, int]:
    """The number and the time of the last record; zeros when there is none."""
    found = [
        connection.execute(query).fetchone() or (0, 0)
        for query in (
            "SELECT number, time FROM said ORDER BY number DESC LIMIT 1",
            "SELECT number, time FROM facts ORDER BY number DESC LIMIT 1",
        )
    ]
    return max(found)


def boot() -> str:
    """What names this run of the machine; empty where the system does not say: then no mark holds."""
    if sys.platform != "linux":
        return ""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return ""
