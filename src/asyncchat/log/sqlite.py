"""The log in an SQLite file: the default, one node's history.

Owns who may use which connection on which thread: appends on the loop or in the writer's thread, one at
a time; reads in a second; upkeep in a third; searches and their index in two more. What is done to the file
stands in the modules beside it.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path
from time import perf_counter
from typing import Concatenate, Literal, ParamSpec, Self, TypeVar

from asyncchat.core.events import AnyEvent, Record
from asyncchat.core.ids import Ids
from asyncchat.log import reading, schema, searching, tuning, upkeep
from asyncchat.log.base import Found, LogError, Page, Query, Range, Retention, Shelf
from asyncchat.log.index import Index
from asyncchat.log.indexing import Indexer, open_index
from asyncchat.log.keeper import Keeper
from asyncchat.log.opening import Database
from asyncchat.log.rows import Batch
from asyncchat.log.tuning import Tuning
from asyncchat.log.worker import Worker
from asyncchat.log.writing import Busy, Writer

P = ParamSpec("P")
T = TypeVar("T")

_LOOKED_AT_ONCE = 2000
"""Messages that one step of ``numbers_by`` looks at: some 5 ms, between which other reads come."""

_LONGEST_DETOUR = 1024
"""Commits in the thread before a slow disk is tried from the loop again."""


class SqliteLog:
    """A log in an SQLite file; opened with ``SqliteLog.open``, closed with ``close``.

    Upkeep (index, checkpoints, snapshots, old presence) is done by a task of its own: nobody has to call it.
    """

    def __init__(self, database: Database, index: Index | None, power: bool, figures: Tuning) -> None:
        self._database = database
        self._power = power
        self._figures = figures
        self._path = database.path
        self._writer = Writer(database)
        self._turn = asyncio.Lock()
        self._in_thread = 0
        self._detour = figures.detour
        self._closed = False
        self._writing = Worker("history-write")
        self._reading = Worker("history-read")
        self._read_connection = database.connect()
        self._keeper = Keeper(database, self._writer, self._turn, self._writing, figures)
        self._indexer = Indexer(database, self._writer, index, figures)
        self._searching = Worker("history-search")
        self._search_connection: sqlite3.Connection | None = None
        self._search_by_index = False

    @classmethod
    async def open(
        cls,
        path: str | Path,
        durable: Literal["process", "power"] = "process",
        figures: Tuning = tuning.DEFAULT,
    ) -> Self:
        """Opens a history; makes one where there is none.

        Args:
            path: the database file. Beside it stand ``-wal``, ``-shm`` and ``-lock``.
            durable: what appended records survive: the death of the process, or also the loss of power (the
                disk is synced with each append).
            figures: when what is done where.

        Raises:
            InUse: another process has it.
            LogError: it can't be used; the text says why and what to do. What it holds is as it was.
        """
        database = await asyncio.to_thread(Database, Path(path), durable == "power")
        index = await asyncio.to_thread(open_index, database, figures.volume)
        return cls(database, index, durable == "power", figures)

    @property
    def last(self) -> int:
        """The number of the newest record."""
        return self._writer.last

    @property
    def last_time(self) -> int:
        """The time of the newest record."""
        return self._writer.last_time

    @property
    def ids(self) -> Ids:
        """The ids of the file's records."""
        return self._database.ids

    @property
    def messages(self) -> int:
        """How many messages it held when it was opened."""
        return self._database.messages

    @property
    def path(self) -> Path:
        """The file's real path."""
        return self._path

    def state(self) -> Iterable[AnyEvent]:
        """The state facts; reads the file at once, on the caller's thread: for the start, before serving.

        Raises:
            LogError: it can't be read, or holds a fact of a newer version.
        """
        with closing(self._database.connect()) as connection:
            try:
                return upkeep.state(connection)
            except sqlite3.Error as error:
                raise schema.plainly(error, self._path) from error
            except LogError as error:
                raise LogError(
                    f"The history {self._path} can't be used: {error}. Upgrade asyncchat"
                ) from error

    def retain(self, keep: Retention) -> None:
        """Removes from now on what need not stay; see ``Log.retain``."""
        self._keeper.retain(keep)

    async def append(self, expected_last: int, records: Sequence[Record]) -> None:
        """Adds records; see ``Log.append``."""
        if self._closed:
            raise RuntimeError("the log is closed")
        if not records:
            return
        async with self._turn:
            batch = self._writer.batch(expected_last, records)
            if batch is None:
                await self._writing.run(self._writer.again, expected_last, records)
            elif self._in_thread or self._power or batch.count > self._figures.inline_rows or batch.changing:
                self._in_thread = max(0, self._in_thread - 1)
                await self._writing.run(self._writer.commit, batch, True)
            else:
                await self._commit_here(batch)
        self._keeper.appended()
        self._indexer.appended()

    async def read(self, wanted: Range, count_to: int = 0) -> Page:
        """Messages of a room; see ``Log.read``."""
        return await self._read(reading.page, wanted, count_to)

    async def find(self, number: int) -> Record | None:
        """What was said under a number; see ``Log.find``."""
        return await self._read(reading.told, number)

    async def newest(
        self, rooms: Sequence[str], owners: Sequence[Shelf], upto: int
    ) -> tuple[tuple[str, Record], ...]:
        """The newest messages; see ``Log.newest``."""
        return await self._read(reading.newest, rooms, owners, upto)

    async def numbers_by(self, room: str, name: str, upto: int) -> tuple[int, ...]:
        """The numbers of what a name said in a room; see ``Log.numbers_by``."""
        found: list[int] = []
        after = 0
        while after < upto:
            part, after = await self._read(reading.numbers_by, room, name, after, upto, _LOOKED_AT_ONCE)
            found += part
        return tuple(found)

    async def acts(self, upto: int, after_time: int, most: int) -> tuple[Record, ...]:
        """What operators of the server did; see ``Log.acts``."""
        return await self._read(reading.acts, upto, after_time, most)

    async def search(self, query: Query) -> Found:
        """Messages that have what is searched for; see ``Log.search``.

        It takes its turns in a thread beside other searches, and ends when it has had its time.
        """
        if not query.rooms:
            return Found((), None)
        try:
            try:
                return await self._search(query)
            except sqlite3.DatabaseError as error:
                if not self._search_by_index:
                    raise
                await self._indexer.give_up(error)
                return await self._search(query)
        except sqlite3.Error as error:
            raise schema.plainly(error, self._path) from error

    async def settle(self) -> None:
        """Does all upkeep now that else waits for a quiet moment.

        Raises:
            LogError: the disk does not let it; nothing is lost by that.
        """
        try:
            await self._keeper.settle()
            await self._indexer.settle()
        except sqlite3.Error as error:
            raise schema.plainly(error, self._path) from error

    async def close(self) -> None:
        """Closes it cleanly: all is on the disk, and the next start goes on with the same epoch."""
        if self._closed:
            return
        self._closed = True
        await self._indexer.close()
        await self._keeper.close()
        async with self._turn:
            await self._reading.run(self._read_connection.close)
            if self._search_connection is not None:
                await self._searching.run(self._search_connection.close)
            self._writer.close()
            await self._writing.run(self._database.close)
        self._reading.close()
        self._searching.close()
        self._writing.close()

    async def _commit_here(self, batch: Batch) -> None:
        """Commits on the loop; a disk or a lock in the way sends this or the next ones to the thread."""
        start = perf_counter()
        try:
            self._writer.commit(batch)
        except Busy:
            await self._writing.run(self._writer.again, batch.first - 1, batch.records)
        if perf_counter() - start <= self._figures.slow:
            self._detour = self._figures.detour
            return
        # A thread's own times say nothing of the disk, it waits for the loop too: so the loop tries again.
        self._in_thread = self._detour
        self._detour = min(2 * self._detour, _LONGEST_DETOUR)

    async def _search(self, query: Query) -> Found:
        run, figures = self._searching.run, self._figures
        connection = await run(self._connect_search)
        left = await run(searching.begin, connection, query)
        found: list[Record] = []
        took = 0.0
        # One more than wanted tells whether that is all.
        while not left.over and len(found) <= query.limit and took < figures.search_for:
            step = await run(
                searching.step,
                connection,
                query,
                left,
                query.limit + 1 - len(found),
                figures.search_turn,
                figures.volume if self._search_by_index else 0,
            )
            found += step.records
            left = step.left
            took += step.took
        if left.over and len(found) <= query.limit:
            return Found(tuple(found[::-1] if query.newest else found), None)
        if len(found) > query.limit:
            del found[query.limit :]
            reached = found[-1].number if found else query.upto + 1
        else:
            reached = left.high + 1 if query.newest else left.low
        time = await run(searching.time_at, connection, reached)
        return Found(tuple(found[::-1] if query.newest else found), reached, time)

    def _connect_search(self) -> sqlite3.Connection:
        """The connection of the searches, opened with the first one."""
        if self._search_connection is None:
            self._search_connection = self._database.connect()
        if self._search_by_index and not self._indexer.works:
            self._search_connection.execute("DETACH found")
            self._search_by_index = False
        elif self._indexer.works and not self._search_by_index:
            searching.attach(self._search_connection, self._path)
            self._search_by_index = True
        return self._search_connection

    async def _read(
        self, job: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        try:
            return await self._reading.run(job, self._read_connection, *args, **kwargs)
        except sqlite3.Error as error:
            raise schema.plainly(error, self._path) from error
