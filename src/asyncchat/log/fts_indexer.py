"""The indexer: fills the full-text index behind the appends.

Owns the task that follows the appends, its thread and the index. It never writes to the history and holds
nobody up. The single steps belong to ``fts``.
"""

import asyncio
import logging
import sqlite3
from contextlib import suppress
from time import perf_counter

from asyncchat.log import fts, schema
from asyncchat.log.base import LogError
from asyncchat.log.database import Database
from asyncchat.log.fts import SearchIndex
from asyncchat.log.tuning import Tuning
from asyncchat.log.worker import Worker
from asyncchat.log.writer import Writer

_log = logging.getLogger(__name__)


class Indexer:
    """Keeps an index up to date while its log is open: in quiet moments, or when it lags too far.

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
        self._thread = Worker("history-fts")
        self._done_upto = -1
        """The last number that was handled; -1 before the first run."""
        self._wake = asyncio.Event()
        self._wake.set()  # a history from before may have much to index
        self._due = asyncio.Event()
        self._running = asyncio.Lock()
        self._failed = index is None
        """Whether it was told that there is no index."""
        self._task = asyncio.create_task(self._run(), name="history-fts")

    def appended(self) -> None:
        """Something was appended."""
        if self._done_upto >= 0:
            self._wake.set()
            if self._writer.last - self._done_upto >= self._tuning.lag:
                self._due.set()

    async def run_now(self) -> None:
        """Does all that there is to do; what hinders it is logged."""
        await self._advance(least=1)

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
        while fts.is_supported():
            await self._wake.wait()
            self._wake.clear()
            last = self._writer.last
            if self.index is None:
                await asyncio.sleep(self._tuning.retry)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._tuning.quiet):
                    await self._due.wait()
            self._due.clear()
            quiet = last == self._writer.last
            if not quiet and last - self._done_upto < self._tuning.lag and self._done_upto >= 0:
                self._wake.set()
                continue
            try:
                await self._advance(self._tuning.least(quiet))
            except Exception:  # noqa: BLE001  # the task's edge: without an index a search still finds everything
                _log.exception("The search index failed")
                return

    async def _advance(self, least: int) -> None:
        try:
            await self._reopen()
            await self._catch_up(least)
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

    async def _catch_up(self, least: int) -> None:
        """Does short steps until fewer than ``least`` records are unindexed."""
        index, writer, most = self.index, self._writer, self._tuning.slice
        if index is None:
            return
        async with self._running:
            while True:
                last = writer.last
                start = perf_counter()
                if not await self._thread.run(index.advance, last, most, least):
                    break
                if writer.last != last:
                    # On a machine with one processor, half of its time is left to the chat.
                    await asyncio.sleep(perf_counter() - start)
            self._done_upto = last


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
    history = database.connect()
    schema.replace_bad_text(history)
    try:
        return SearchIndex(history, database.path, database.ids, last, volume)
    except BaseException:
        history.close()
        raise
