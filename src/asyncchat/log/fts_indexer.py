"""The indexer: fills the full-text index when the server is idle.

Owns the task that follows the appends, its thread and the index. It never writes to the history and holds
nobody up: while more than ``Tuning.busy`` records a second come, it waits, and the index lags however far. A
search scans what is not indexed, as far as it comes, and says how far. The single steps belong to ``fts``.
"""

import asyncio
import logging
import sqlite3
from time import perf_counter

from asyncchat.log import fts
from asyncchat.log.base import LogError
from asyncchat.log.database import Database
from asyncchat.log.fts import SearchIndex
from asyncchat.log.tuning import Tuning
from asyncchat.log.worker import Worker
from asyncchat.log.writer import Writer

_log = logging.getLogger(__name__)


_NICENESS = 5
"""Of its thread. On one processor a loop that woke up was 1.2 ms late instead of 3.4 (p99). Lower is no
better: a thread that waits for a processor with the interpreter's lock holds up the loop, at 10 and with
other programs beside it for up to 260 ms."""

_TRIES = 5
"""How often it is tried to clear the index: a search reads it for half a second at most."""


class Indexer:
    """Keeps an index up to date while its log is open, when the server is idle.

    While the index can't be used, such as on a full disk, searches scan the history, and the index is tried
    again from time to time.

    Args:
        database: the history.
        writer: has the history's last number.
        index: the index; None: it could not be opened.
        tuning: when to do how much.

    Attributes:
        index: the index that searches may use; None: there is none just now.
    """

    def __init__(self, database: Database, writer: Writer, index: SearchIndex | None, tuning: Tuning) -> None:
        self._database = database
        self._writer = writer
        self.index = index
        self._tuning = tuning
        self._thread = Worker("history-fts", niceness=_NICENESS)
        self._erasures = writer.erasures
        """``writer.erasures`` when all of them had left the index."""
        self._wake = asyncio.Event()
        self._wake.set()  # a history from before may have much to index
        self._running = asyncio.Lock()
        self._failed = index is None
        """Whether it was told that there is no index."""
        self._task = asyncio.create_task(self._run(), name="history-fts")
        self.appended = self._wake.set
        """Called when something was appended."""

    async def run_now(self) -> None:
        """Does all that there is to do; what hinders it is logged."""
        await self._advance(least=1, yields=False)

    async def clear(self) -> None:
        """Has everything leave the index, which is filled again when the server is idle.

        Raises:
            LogError, sqlite3.Error, OSError: it can't be done now.
        """
        async with self._running:
            if self.index is None:
                fts.remove(self._database.path)
                return
            self._wake.set()
            for _ in range(_TRIES):
                if await self._thread.run(self.index.clear):
                    return
                await asyncio.sleep(self._tuning.quiet)
        raise LogError("The search's index is read all the time")

    async def disable(self, error: Exception) -> None:
        """Continues without an index until it can be opened again; a damaged one is deleted."""
        index, self.index = self.index, None
        self._wake.set()
        if not self._failed:
            self._failed = True
            _log.warning("The search continues without its index, which is tried again later: %s", error)
        if index is None:
            return
        async with self._running:
            await self._thread.run(index.close)
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
                fts.remove(self._database.path)

    async def close(self) -> None:
        """Ends the task and its thread, and closes the index."""
        self._task.cancel()
        await asyncio.wait((self._task,))
        if not self._task.cancelled():
            await self._task
        async with self._running:
            if self.index is not None:
                await self._thread.run(self.index.close)
        self._thread.close()

    async def _run(self) -> None:
        tuning, writer = self._tuning, self._writer
        while fts.is_supported():
            await self._wake.wait()
            self._wake.clear()
            if self.index is None:
                await asyncio.sleep(tuning.retry)
            last = writer.last
            await asyncio.sleep(tuning.quiet)
            try:
                if writer.last - last <= tuning.busy * tuning.quiet:
                    await self._advance(tuning.least(quiet=True), yields=True)
                elif writer.erasures != self._erasures:
                    await self._advance(0, yields=True)
            except Exception:  # noqa: BLE001  # the task's edge: without an index a search still finds everything
                _log.exception("The search index failed")
                return

    async def _advance(self, least: int, yields: bool) -> None:
        try:
            await self._reopen()
            await self._catch_up(least, yields)
        except (sqlite3.Error, LogError, OSError) as error:
            await self.disable(error)
            return
        if self._failed and self.index is not None:
            self._failed = False
            _log.warning("The search has its index again")

    async def _reopen(self) -> None:
        if self.index is None and fts.is_supported():
            async with self._running:
                self._writer.check_file()
                last, volume = self._writer.last, self._tuning.volume
                self.index = await self._thread.run(_opened, self._database, last, volume)

    async def _catch_up(self, least: int, yields: bool) -> None:
        """Does short steps until fewer than ``least`` records are unindexed, or the server is busy again.

        Args:
            least: 0 for erasures only: those do not wait until the server is idle.
            yields: whether to end, and begin again later, when the server is busy.
        """
        index, writer, tuning = self.index, self._writer, self._tuning
        if index is None:
            return
        async with self._running:
            first, since = writer.last, perf_counter()
            while True:
                erasures, last, start = writer.erasures, writer.last, perf_counter()
                more = await self._thread.run(index.advance, last, tuning.slice, least)
                if not more:
                    self._erasures = erasures
                    return
                now = perf_counter()
                if yields and writer.last - first > tuning.busy * tuning.quiet:
                    self._wake.set()
                    return
                if now - since >= tuning.quiet:
                    first, since = writer.last, now
                if writer.last != last:
                    # On a machine with one processor, half of its time is left to the chat.
                    await asyncio.sleep(now - start)


def open_index(database: Database, volume: int) -> SearchIndex | None:
    """Opens the index of a history, or logs why the search has none; blocks."""
    if not fts.is_supported():
        _log.warning("This SQLite has no trigrams (3.34, FTS5), so each search scans the history")
        return None
    try:
        return _opened(database, database.last, volume)
    except (sqlite3.Error, OSError) as error:
        _log.warning("The search has no index, which is tried again later: %s", error)
        return None


def _opened(database: Database, last: int, volume: int) -> SearchIndex:
    return SearchIndex(database.path, database.ids, last, volume)
