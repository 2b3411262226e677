"""The lock file of a database: only one process uses it, and the next one learns how it was closed, and what
the last record was.

Owns ``FILE-lock``. It must not know what is in the database.
"""

import os
import stat
import sys
import threading
from contextlib import suppress
from pathlib import Path

from asyncchat.log.base import LogError

if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> None:
        os.lseek(file, 1 << 30, os.SEEK_SET)  # a byte that nobody reads: locks of Windows are mandatory
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        os.lseek(file, 0, os.SEEK_SET)

    def _write_at(file: int, data: bytes, at: int) -> None:
        os.lseek(file, at, os.SEEK_SET)
        os.write(file, data)
else:
    import fcntl

    def _lock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    _write_at = os.pwrite


_DIGITS = 19
"""Digits of the greatest number of a record."""

_NUMBER = b"%019d\n"

_MAX_BYTES = 4096
"""The most bytes of a lock file that are read."""


class InUse(LogError):
    """Another process uses the history; ``pid`` is that process, None where the lock file has none."""

    def __init__(self, path: Path, pid: int | None) -> None:
        self.pid = pid
        who = "" if pid is None else f" (pid {pid})"
        super().__init__(
            f"The history {path} is in use{who}. Stop the server there first, or choose another: --db FILE"
        )


class LockFile:
    """The exclusive right to write a database, held until ``release`` or the end of the process.

    The file stays after the lock is released. It may be deleted nevertheless, so whoever has locked it checks
    that it is still there: two processes never hold the lock.

    Args:
        database: the database.
        run: what the next process learns of this one, however it ends; one line.

    Attributes:
        last_run: the ``run`` of the last process; empty when it is not known.
        close_id: what the last process wrote at its ``release``; empty when it did not get that far.
        committed: the last record's number that the last process noted; 0 when it noted none.
        checkpointed: the last record's number that the database has without its write-ahead log; 0: unknown.

    Raises:
        InUse: another process holds it.
        LogError: the lock file can't be made.
    """

    def __init__(self, database: Path, run: str = "") -> None:
        self._run = run
        self._path = Path(f"{database}-lock")
        self._created = not os.path.exists(self._path)  # ``Path.exists`` may raise
        while True:
            self._file = _opened(self._path, database)
            try:
                _lock(self._file)
            except OSError as error:
                pid = self._read()[0]
                os.close(self._file)
                raise InUse(database, int(pid) if pid.isdigit() else None) from error
            if _is_at(self._file, self._path):
                break
            os.close(self._file)  # the process that created it abandoned and deleted it meanwhile
        _, self.close_id, *numbers, self.last_run = self._read()
        self.committed, self.checkpointed = (
            int(number) if len(number) == _DIGITS and number.isdigit() else 0 for number in numbers
        )
        self._number_at = 0
        self._writing = (
            threading.Lock()
        )  # a checkpoint's thread notes too, and Windows can't write at a place
        self._write("")

    def note(self, number: int) -> None:
        """Notes the number of the last record that was committed: 2.5 µs, into the system's memory."""
        self.committed = number
        with self._writing:
            try:
                _write_at(self._file, _NUMBER % number, self._number_at)
            except OSError:  # a full disk: then less is known at the next start
                return

    def note_checkpointed(self, number: int) -> None:
        """Notes the number of the last record that the database has without its write-ahead log."""
        self.checkpointed = number
        with self._writing, suppress(OSError):
            _write_at(self._file, _NUMBER % number, self._number_at + len(_NUMBER % 0))

    def abandon(self) -> None:
        """Releases the lock and leaves everything as it was: the file is no database of ours."""
        if not self._created:
            self._run = self.last_run
            self.release(self.close_id)
            return
        with suppress(OSError):  # Windows can't delete an open file
            self._path.unlink()
        os.close(self._file)

    def release(self, close_id: str) -> None:
        """Releases the lock and leaves an id for the next process; empty: it was not closed cleanly."""
        self._write(close_id)
        os.close(self._file)

    def _read(self) -> tuple[str, str, str, str, str]:
        os.lseek(self._file, 0, os.SEEK_SET)
        lines = os.read(self._file, _MAX_BYTES).decode("ascii", "replace").split("\n")
        pid, close_id, committed, checkpointed, run, *_ = (*lines, "", "", "", "")
        return pid, close_id, committed, checkpointed, run

    def _write(self, close_id: str) -> None:
        head = f"{os.getpid()}\n{close_id}\n".encode("ascii")
        self._number_at = len(head)
        try:
            os.ftruncate(self._file, 0)
            numbers = _NUMBER % self.committed + _NUMBER % self.checkpointed
            _write_at(self._file, head + numbers + f"{self._run}\n".encode("ascii"), 0)
        except OSError:
            # The disk is full: the lock holds without text, and a missing id only begins a new epoch.
            return


def _opened(path: Path, database: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
    try:
        file = os.open(path, flags | getattr(os, "O_NONBLOCK", 0), 0o600)
    except OSError as error:
        raise LogError(
            f"The history {database} can't be locked: {path}: {error.strerror}. "
            "Make its folder writable, or choose another: --db FILE"
        ) from error
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise LogError(f"The history {database} can't be locked: {path} is not a file. Remove it")
    return file


def _is_at(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), os.stat(path))
    except FileNotFoundError:
        return False
