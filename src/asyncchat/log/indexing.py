"""The indexer: when the search's index is filled.

Owns the task that follows the appends, its thread and the index; it writes nothing of the history and holds
nobody up. What is done stands in ``index``.
"""

import asyncio
import logging
import sqlite3
from contextlib import suppress
from time import perf_counter

from asyncchat.log import index
from asyncchat.log.base import LogError
from asyncchat.log.index import Index
from asyncchat.log.opening import Database
from asyncchat.log.tuning import Tuning
from asyncchat.log.worker import Worker
from asyncchat.log.writing import Writer

_log = logging.getLogger(__name__)


class Indexer:
    """Keeps an index up to date while its log is open: in quiet moments, or when it lags too far.

    Args:
        database: the history.
        writer: tells how far that is.
        opened: the index; None: there is none, and nothing to do.
        tuning: when to do how much.
    """

    def __init__(self, database: Database, writer: Writer, opened: Index | None, tuning: Tuning) -> None:
        self._path = database.path
        self._writer = writer
        self._index = opened
        self._tuning = tuning
        self._worker = Worker("history-index")
        self._seen = -1
        """The last number up to which all was done."""
        self._stirred = asyncio.Event()
        self._stirred.set()  # an older history may have much to index
        self._due = asyncio.Event()
        self._busy = asyncio.Lock()
        self._task = asyncio.create_task(self._run(), name="history-index")

    @property
    def works(self) -> bool:
        """Whether there is an index."""
        return self._index is not None

    def appended(self) -> None:
        """Something was appended."""
        if self._seen >= 0:
            self._stirred.set()
            if self._writer.last - self._seen >= self._tuning.lag:
                self._due.set()

    async def settle(self) -> None:
        """Does all there is to do now.

        Raises:
            LogError, sqlite3.Error, OSError: the disk does not let it.
        """
        await self._catch_up(least=1)

    async def give_up(self, error: Exception) -> None:
        """Goes on without an index; where it is damaged, the next start makes a new one."""
        opened, self._index = self._index, None
        _log.warning("The search goes on without its index: %s", error)
        if opened is None:
            return
        async with self._busy:
            await self._worker.run(opened.close)
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
                index.remove(self._path)

    async def close(self) -> None:
        """Ends the task and its thread, and closes the index."""
        self._task.cancel()
        await asyncio.wait((self._task,))
        if not self._task.cancelled():
            await self._task
        async with self._busy:
            if self._index is not None:
                await self._worker.run(self._index.close)
        self._worker.close()

    async def _run(self) -> None:
        while self._index is not None:
            await self._stirred.wait()
            self._stirred.clear()
            last = self._writer.last
            with suppress(TimeoutError):
                async with asyncio.timeout(self._tuning.quiet):
                    await self._due.wait()
            self._due.clear()
            quiet = last == self._writer.last
            if not quiet and last - self._seen < self._tuning.lag and self._seen >= 0:
                self._stirred.set()
                continue
            try:
                await self._catch_up(self._least(quiet))
            except (sqlite3.Error, LogError, OSError) as error:
                await self.give_up(error)
            except Exception:  # noqa: BLE001  # the task's edge: without an index a search still finds all
                _log.exception("The search's index failed")
                return

    def _least(self, quiet: bool) -> int:
        # Not for a few rows: many small pieces make an index that has to be merged all the time.
        return max(1, self._tuning.lag // 20) if quiet else self._tuning.lag

    async def _catch_up(self, least: int) -> None:
        """Does what there is to do, a short piece at a time, until fewer records than that are missing."""
        opened, writer, most = self._index, self._writer, self._tuning.slice
        if opened is None:
            return
        async with self._busy:
            while True:
                last = writer.last
                start = perf_counter()
                if not await self._worker.run(opened.advance, last, most, least):
                    break
                if writer.last != last:
                    # Where there is one processor for all, half of it is the chat's.
                    await asyncio.sleep(perf_counter() - start)
            self._seen = last


def open_index(database: Database, volume: int) -> Index | None:
    """Opens the index of a history, or says why the search has none; called in a thread."""
    if not index.works():
        _log.warning(
            "This SQLite has no trigrams (3.34, FTS5), so that each search reads the history through"
        )
        return None
    history = database.connect()
    try:
        return Index(history, database.path, database.ids, database.last, volume)
    except (sqlite3.Error, OSError) as error:
        history.close()
        _log.warning("The search has no index: %s", error)
        return None
