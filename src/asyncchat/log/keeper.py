"""The keeper: when the file's upkeep is done.

Owns the task that follows the appends, its thread and its connection; what is done stands in ``places`` and
``upkeep``. It reads beside the appends and holds them, by ``turn``, only for what it writes.
"""

import asyncio
import logging
import sqlite3
import time
from contextlib import suppress
from functools import partial

from asyncchat.log import places, retention, upkeep
from asyncchat.log.base import LogError, Retention
from asyncchat.log.opening import Database
from asyncchat.log.tuning import Tuning
from asyncchat.log.worker import Worker
from asyncchat.log.writing import Writer

_log = logging.getLogger(__name__)

_LONGEST_SLEEP = 3600.0
"""Seconds after which it is looked at without an append."""

_PAGE = 4096
"""Bytes of a page of the file, SQLite's default."""


_SHELVED_AT_ONCE = 1000
"""Records whose shelves are written in one step: each may be a row of its own, and appends wait meanwhile."""


class Keeper:
    """Keeps a database in order while its log is open.

    Args:
        database: the file.
        writer: the one that writes it.
        turn: held by who uses the writer.
        writing: the thread for it.
        tuning: when to do what.
    """

    def __init__(
        self, database: Database, writer: Writer, turn: asyncio.Lock, writing: Worker, tuning: Tuning
    ) -> None:
        self._connection = database.connect()
        self._worker = Worker("history-keep")
        self._writer = writer
        self._turn = turn
        self._writing = writing
        self._tuning = tuning
        self._indexed = database.indexed
        self._shelved = database.shelved
        self._moved = 0
        self._blanked = 0
        self._snapshot_at = tuning.snapshot_at
        self._keep = Retention()
        self._awake = False
        self._stirred = asyncio.Event()
        self._due = asyncio.Event()
        self._busy = asyncio.Lock()
        self._task = asyncio.create_task(self._run(), name="history-keep")

    def retain(self, keep: Retention) -> None:
        """Removes what need not stay from now on."""
        self._keep = keep
        self._stirred.set()

    def appended(self) -> None:
        """Something was appended."""
        if not self._awake:
            self._awake = True
            self._stirred.set()
        writer, tuning = self._writer, self._tuning
        if (
            writer.last - self._indexed >= tuning.lag
            or writer.written - self._moved >= tuning.checkpoint_at
            or writer.erasures != self._blanked
        ):
            self._due.set()

    async def settle(self) -> None:
        """Does all there is to do now.

        Raises:
            LogError, sqlite3.Error: the disk does not let it.
        """
        await self._tidy(quiet=True)

    async def close(self) -> None:
        """Ends the task, its thread and its connection."""
        self._task.cancel()
        await asyncio.wait((self._task,))
        if not self._task.cancelled():
            await self._task
        async with self._busy:
            await self._worker.run(self._connection.close)
        self._worker.close()

    async def _run(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LONGEST_SLEEP):  # what grows old needs no append for it
                    await self._stirred.wait()
            self._stirred.clear()
            await self._until_quiet()
            self._awake = False

    async def _until_quiet(self) -> None:
        quiet, last = False, -1
        # Erased texts stand in the write-ahead log until it can be emptied: a reader may be in the way.
        while not quiet or self._writer.last != last or self._writer.erasures != self._blanked:
            last = self._writer.last
            try:
                async with asyncio.timeout(self._tuning.quiet):
                    await self._due.wait()
            except TimeoutError:
                quiet = last == self._writer.last
            self._due.clear()
            try:
                await self._tidy(quiet)
            except (sqlite3.Error, LogError) as error:
                # Nothing is lost by upkeep not done: the next append calls for it again.
                _log.warning("The history's upkeep has to wait: %s", error)
                return
            except Exception:  # noqa: BLE001  # the task's edge: a fault of ours must not end all upkeep
                _log.exception("The history's upkeep failed")
                return

    async def _tidy(self, quiet: bool) -> None:
        async with self._busy:
            self._writer.look()
            await self._index(quiet)
            await self._shelve(quiet)
            await self._take_snapshot()
            await self._sweep(quiet)
            await self._remove(quiet)
            await self._checkpoint(quiet)

    async def _index(self, quiet: bool) -> None:
        writer, most = self._writer, self._tuning.lag
        # When it is quiet a short slice too, but not for a few rows: many short lists make a long index.
        least = max(1, most // 20) if quiet else most
        while writer.last - self._indexed >= least:
            erasures = writer.erasures
            upto = min(self._indexed + most, writer.last)
            part = await self._worker.run(places.slice_of, self._connection, self._indexed, upto)
            async with self._turn:
                if writer.erasures == erasures:  # else the slice may have what was erased meanwhile
                    await self._writing.run(writer.change, partial(places.add, part=part))
                    self._indexed = upto

    async def _shelve(self, quiet: bool) -> None:
        writer, most = self._writer, self._tuning.lag
        least = max(1, most // 20) if quiet else most
        while writer.last - self._shelved >= least:
            erasures = writer.erasures
            # A renaming has moved it on itself.
            self._shelved = await self._worker.run(places.shelved, self._connection)
            upto = min(self._shelved + min(most, _SHELVED_AT_ONCE), writer.last)
            found = await self._worker.run(places.shelve, self._connection, self._shelved, upto)
            async with self._turn:
                if writer.erasures == erasures:
                    await self._writing.run(
                        writer.change, partial(places.add_shelves, places=found, upto=upto)
                    )
                    self._shelved = upto

    async def _take_snapshot(self) -> None:
        if self._writer.states < self._snapshot_at:
            return
        states = self._writer.states
        found = await self._worker.run(upkeep.new_snapshot, self._connection)
        if found is None:
            self._snapshot_at = 2 * states
            return
        number, count, facts = found
        async with self._turn:
            await self._writing.run(
                self._writer.change, partial(upkeep.keep_snapshot, number=number, facts=facts)
            )
            self._writer.states -= states
        self._snapshot_at = max(self._tuning.snapshot_at, count)

    async def _sweep(self, quiet: bool) -> None:
        while True:
            part = await self._worker.run(upkeep.old_presence, self._connection, self._writer.last_time)
            if part is None:
                return
            async with self._turn:
                await self._writing.run(
                    self._writer.change, partial(upkeep.sweep, after=part[0], upto=part[1])
                )
            if not quiet:
                return

    async def _remove(self, quiet: bool) -> None:
        while True:
            now = max(self._writer.last_time, time.time_ns() // 1000)
            part = await self._worker.run(retention.next_slice, self._connection, self._keep, now)
            if part is None:
                return
            async with self._turn:
                await self._writing.run(
                    self._writer.change, partial(retention.remove, after=part[0], upto=part[1])
                )
            if not quiet:
                return

    async def _checkpoint(self, quiet: bool) -> None:
        writer = self._writer
        if not (
            writer.erasures != self._blanked
            or writer.written - self._moved >= self._tuning.checkpoint_at
            or (quiet and writer.written != self._moved)
        ):
            return
        written = writer.written
        _, pages = await self._worker.run(upkeep.checkpoint, self._connection, "PASSIVE")
        self._moved = written
        if not (quiet or writer.erasures != self._blanked or pages * _PAGE >= self._tuning.rewind_at):
            return
        async with self._turn:
            written, erasures = writer.written, writer.erasures
            how = "PASSIVE" if erasures == self._blanked else "TRUNCATE"
            done, _ = await self._worker.run(upkeep.checkpoint, self._connection, how)
            if done:
                self._moved, self._blanked = written, erasures
                await self._writing.run(writer.change, upkeep.rewind)
