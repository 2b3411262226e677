"""What the search's index of a server that we started does during and after a run: how much it lacks, what it
costs.

Reads the files of the history beside the running server. Must not know the load.
"""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from asyncchat.bench import process

_THREAD = "history-fts"
# The server leaves so many rows, which a search reads at once.
_LEFT = 1000
# It begins one quiet second after the load. So long without a step forward, and it is stuck, or off.
_STUCK_SECONDS = 5.0
_TURN_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Filling:
    """How the index was filled after a run.

    Args:
        lacked: Rows that it lacked at the end of the run.
        left: Rows that it still lacks.
        seconds: How long it took, from the end of the run.
        filling: How much of that it was being filled: before, the server was not idle yet.
        cpu: Processor time meanwhile: its thread's, or, of an older version, the server's.
        during: Its thread's processor time during the run; None: an older version, which does not tell.
    """

    lacked: int
    left: int
    seconds: float
    filling: float
    cpu: float
    during: float | None

    @property
    def rows(self) -> int:
        """Return how many rows it took in."""
        return self.lacked - self.left

    @property
    def row_us(self) -> float | None:
        """Return the processor time of a row in microseconds; None: there were too few."""
        return self.cpu / self.rows * 1e6 if self.rows >= _LEFT else None

    def describe(self) -> str:
        """Return what a reader must know, in words."""
        said = f"the search's index lacked {self.lacked:,} rows at the end"
        if self.row_us is not None:
            said += (
                f"; {self.seconds:.1f} s later it "
                f"{'was full' if self.left <= _LEFT else f'still lacked {self.left:,}'}: "
                f"{self.rows / self.filling:,.0f} rows/s, {self.row_us:.1f} us of CPU each"
            )
        return said if self.during is None else f"{said}; during the run it took {self.during:.2f} s of CPU"


def last_record(database: Path) -> int:
    """Return the number of a history's last record; 0: it has none.

    Raises:
        sqlite3.Error: It is no history.
    """
    with closing(_opened(database)) as history:
        (last,) = history.execute(
            "SELECT max((SELECT coalesce(max(number), 0) FROM said), "
            "(SELECT coalesce(max(number), 0) FROM facts))"
        ).fetchone()
    return int(last)


class IndexWatch:
    """Watches the index beside a server's history.

    Args:
        database: The history's file.
        pid: The server's process.
    """

    def __init__(self, database: Path, pid: int) -> None:
        self._database, self._pid = database, pid
        self._begin = process.thread_seconds(pid, _THREAD) or 0.0

    def lacks(self) -> int:
        """Return how many rows the index lacks; 0 if there is none."""
        try:
            last = last_record(self._database)
            with closing(_opened(Path(f"{self._database}-search"))) as index:
                (indexed,) = index.execute("SELECT total(upto - since) FROM volumes").fetchone()
        except sqlite3.Error:
            return 0
        return last - int(indexed)

    def filled(self, progress: Callable[[str], None]) -> Filling:
        """Wait until the index is full, or no longer gets fuller."""
        began = moved = time.monotonic()
        thread, server = process.thread_seconds(self._pid, _THREAD), process.cpu_seconds(self._pid) or 0.0
        lacked = left = self.lacks()
        first = 0.0
        while left > _LEFT and time.monotonic() - moved < _STUCK_SECONDS:
            progress(f"the search's index lacks {left:,} rows")
            time.sleep(_TURN_SECONDS)
            if (now := self.lacks()) < left:
                left, moved = now, time.monotonic()
                first = first or moved - _TURN_SECONDS
        used = process.thread_seconds(self._pid, _THREAD)
        if used is None:  # an older version
            cpu, during = (process.cpu_seconds(self._pid) or 0.0) - server, None
        else:
            cpu, during = used - (thread or 0.0), (thread or 0.0) - self._begin
        return Filling(lacked, left, moved - began, moved - first, cpu, during)


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=1)
