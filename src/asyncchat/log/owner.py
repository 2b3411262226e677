"""One owner: the lock file beside the database, and whether its last owner left it in order.

Owns ``FILE-lock``; must not know what is in the database.
"""

import os
import sys
from contextlib import suppress
from pathlib import Path

from asyncchat.log.base import LogError

if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> None:
        os.lseek(file, 1 << 30, os.SEEK_SET)  # a byte nobody reads: Windows' locks are mandatory
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        os.lseek(file, 0, os.SEEK_SET)
else:
    import fcntl

    def _lock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


_MOST = 4096
"""Bytes of a lock file that are read."""


class InUse(LogError):
    """The history has an owner already; ``pid`` is its process, None when it did not say."""

    def __init__(self, path: Path, pid: int | None) -> None:
        self.pid = pid
        who = "" if pid is None else f" (pid {pid})"
        super().__init__(
            f"The history {path} is in use{who}. Stop the server there first, or choose another: --db FILE"
        )


class Owner:
    """The sole right to write a database, held until ``release`` or the end of the process.

    The file stays when the lock goes. Where it is taken away nevertheless, whoever has just locked it looks
    whether it is still there, so that there are never two of them.

    Attributes:
        mark: what the last owner left at its ``release``; empty when it did not get there.

    Raises:
        InUse: somebody holds it.
        LogError: the lock file can't be made.
    """

    def __init__(self, database: Path) -> None:
        self._path = Path(f"{database}-lock")
        self._made = not self._path.exists()
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
            os.close(self._file)  # its maker withdrew meanwhile, and took it away
        self.mark = self._read()[1]
        self._write("")

    def withdraw(self) -> None:
        """Gives the right up as if it had never been taken: what is locked is no database of ours."""
        if not self._made:
            self.release(self.mark)
            return
        with suppress(OSError):  # Windows does not let go of a file that is open
            self._path.unlink()
        os.close(self._file)

    def release(self, mark: str) -> None:
        """Gives the right up, leaving a mark for the next owner; empty: something is not in order."""
        self._write(mark)
        os.close(self._file)

    def _read(self) -> tuple[str, str]:
        os.lseek(self._file, 0, os.SEEK_SET)
        lines = os.read(self._file, _MOST).decode("ascii", "replace").split("\n")
        return lines[0], lines[1] if len(lines) > 1 else ""

    def _write(self, mark: str) -> None:
        try:
            os.ftruncate(self._file, 0)
            os.lseek(self._file, 0, os.SEEK_SET)
            os.write(self._file, f"{os.getpid()}\n{mark}\n".encode("ascii"))
        except OSError:
            # A full disk: the lock holds without words, and a missing mark only begins a new epoch.
            return


def _opened(path: Path, database: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
    try:
        return os.open(path, flags, 0o600)
    except OSError as error:
        raise LogError(
            f"The history {database} can't be locked: {path}: {error.strerror}. "
            "Make its folder writable, or choose another: --db FILE"
        ) from error


def _is_at(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), os.stat(path))
    except FileNotFoundError:
        return False
