"""The log in an SQLite file: the default, the history of one node.

Owns which thread uses which connection: appends on the loop or in the writer's thread, one at a time; reads
in a second thread; maintenance in a third; searches and their index in two more. What is done to the file
belongs to the other modules of this folder.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path
from time import perf_counter
from typing import Concatenate, Literal, ParamSpec, Self, TypeVar

from asyncchat.core.chat import Chat
from asyncchat.core.events import Event, Record
from asyncchat.core.forgotten import Identity
from asyncchat.core.ids import Ids
from asyncchat.core.names import fold
from asyncchat.log import base, forgetting, reader, schema, search, snapshot
from asyncchat.log.database import Database
from asyncchat.log.fts import SearchIndex
from asyncchat.log.fts_indexer import Indexer, open_index
from asyncchat.log.maintenance import Maintenance
from asyncchat.log.rows import RowBatch, UnknownEvent
from asyncchat.log.tuning import DEFAULT_TUNING, Tuning
from asyncchat.log.worker import Worker
from asyncchat.log.writer import FileLocked, Writer

_log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

_NUMBERS_BY_STEP = 2000
"""Messages that one step of ``numbers_by`` looks at: some 5 ms; other reads may come between two steps."""

_LINKED_FILES_STEP = 500
"""Files that one step of ``links`` looks at: some 3 ms."""

_MAX_DETOUR = 1024
"""The most commits in the thread before a slow disk is tried from the loop again."""


class SqliteLog:
    """A log in an SQLite file; opened with ``SqliteLog.open``, closed with ``close``.

    Maintenance (index, checkpoints, snapshots, retention) runs in tasks of its own: nobody has to call it.
    """

    def __init__(
        self, database: Database, index: SearchIndex | None, power: bool, tuning: Tuning, epoch: str = ""
    ) -> None:
        self._database = database
        self._power = power
        self._epoch = epoch
        self._tuning = tuning
        self.path = database.path
        self.ids = database.ids
        self.messages = database.messages
        self._writer = Writer(database)
        self._turn = asyncio.Lock()
        self._in_thread = 0
        self._detour = tuning.detour
        self._closed = False
        self._writer_thread = Worker("history-write")
        self._reader_thread = Worker("history-read")
        self._read_connection = database.connect()
        self._indexer = Indexer(database, self._writer, index, tuning)
        self._maintenance = Maintenance(
            database, self._writer, self._turn, self._writer_thread, tuning, self._indexer.clear
        )
        self._search_thread = Worker("history-search")
        self._search_connection: sqlite3.Connection | None = None
        self._search_index: SearchIndex | None = None
        """The index that the searches' connection has attached."""

    @classmethod
    async def open(
        cls,
        path: str | Path,
        durable: Literal["process", "power"] = "process",
        tuning: Tuning = DEFAULT_TUNING,
        epoch: str = "",
    ) -> Self:
        """Opens a history; creates it where there is none.

        Args:
            path: the database file. Next to it are ``-wal``, ``-shm``, ``-lock`` and ``-search``.
            durable: what appended records survive: the end of the process, or also a loss of power (each
                append syncs the disk).
            tuning: sizes and times.
            epoch: of the stream of which it is a copy; empty for a history of its own.

        Raises:
            InUse: another process uses it.
            LogError: it can't be used; the text says why and what to do. It was not changed.
        """
        database = await asyncio.to_thread(Database, Path(path), durable == "power", epoch)
        index = await asyncio.to_thread(open_index, database, tuning.volume)
        log = cls(database, index, durable == "power", tuning, epoch)
        if not forgetting.pending(database.connection):
            return log
        try:
            await log.forget()  # a process was killed
        except base.LogError as error:
            _log.error("%s. It still has somebody who is to be forgotten; the next start tries again", error)
            return log
        except BaseException:
            await log.close()
            raise
        await log.close()
        return await cls.open(path, durable, tuning, epoch)  # with fewer messages

    async def reopen(self) -> None:
        """Opens it again after ``close``.

        Raises:
            LogError: it can't be used any more.
        """
        power: Literal["process", "power"] = "power" if self._power else "process"
        ids, newer = self.ids, await self.open(self.path, power, self._tuning, self._epoch)
        ids.follow(newer.ids)  # there may be a new epoch, where somebody had it meanwhile
        self.__dict__.update(newer.__dict__, ids=ids)

    @property
    def last(self) -> int:
        """The number of the newest record."""
        return self._writer.last

    @property
    def last_time(self) -> int:
        """The time of the newest record."""
        return self._writer.last_time

    def state(self) -> Iterable[Event]:
        """The state facts; blocks the caller's thread, so it is for the start, before serving.

        Raises:
            LogError: it can't be read, or has a fact of a newer version.
        """
        with closing(self._database.connect()) as connection:
            try:
                return snapshot.state(connection)
            except sqlite3.Error as error:
                raise schema.explain(error, self.path) from error
            except UnknownEvent as error:
                raise base.LogError(
                    f"The history {self.path} can't be used: {error}. Upgrade asyncchat"
                ) from error
            except base.LogError as error:
                raise schema.contradiction(self.path, str(error)) from error

    def chat(self) -> Chat:
        """The chat that these facts give; as ``state``.

        Raises:
            LogError: they can't be read, or contradict each other.
        """
        facts = self.state()
        try:
            return base.replay(facts)
        except base.LogError as error:
            raise schema.contradiction(self.path, str(error)) from error

    def set_retention(self, policy: base.RetentionPolicy) -> None:
        """Removes from now on what the policy does not keep; see ``Log.set_retention``."""
        self._maintenance.set_retention(policy)

    async def append(self, expected_last: int, records: Sequence[Record]) -> None:
        """Adds records; see ``Log.append``."""
        if self._closed:
            raise RuntimeError("the log is closed")
        if not records:
            return
        done = False
        if not self._turn.locked() and not self._is_for_thread(records):
            # Nothing is awaited here, so the turn need not be taken.
            batch = self._writer.prepare(expected_last, records)
            done = batch is not None and not batch.changing and self._commit_on_loop(batch)
        if not done:
            async with self._turn:
                await self._append(expected_last, records)
        self._maintenance.appended()
        self._indexer.appended()

    async def read(self, query: base.PageQuery, count_to: int = 0) -> base.Page:
        """Messages of a room; see ``Log.read``."""
        return await self._read(reader.page, query, count_to)

    async def find(self, number: int) -> Record | None:
        """The message, reaction or TAGMSG with a number; see ``Log.find``."""
        return await self._read(reader.find, number)

    async def newest(
        self, rooms: Sequence[str], owners: Sequence[base.StreamRange], upto: int
    ) -> tuple[tuple[str, Record], ...]:
        """The newest messages; see ``Log.newest``."""
        return await self._read(reader.newest, rooms, owners, upto)

    async def numbers_by(self, room: str, name: str, upto: int, since: int = 0) -> tuple[int, ...]:
        """The numbers of what a name said in a room; see ``Log.numbers_by``."""
        found: list[int] = []
        after = await self._read(reader.last_before, since, upto) if since else 0
        while after < upto:
            part, after = await self._read(reader.numbers_by, room, name, after, upto, _NUMBERS_BY_STEP)
            found += part
        return tuple(found)

    async def numbers_in_rooms(self, name: str, upto: int, since: int = 0) -> dict[str, tuple[int, ...]]:
        """The numbers of what a name said in all rooms; see ``Log.numbers_in_rooms``."""
        found: dict[str, list[int]] = {}
        after = await self._read(reader.last_before, since, upto) if since else 0
        while after < upto:
            part, after = await self._read(reader.numbers_in_rooms, name, after, upto, _NUMBERS_BY_STEP)
            for room, number in part:
                found.setdefault(room, []).append(number)
        return {room: tuple(numbers) for room, numbers in found.items()}

    async def links(self, files: Sequence[str]) -> dict[str, bool]:
        """Which of these files texts link; see ``Log.links``."""
        found: dict[str, bool] = {}
        for at in range(0, len(files), _LINKED_FILES_STEP):
            found |= await self._read(reader.links, files[at : at + _LINKED_FILES_STEP])
        return found

    async def audit(self, upto: int, after_time: int, limit: int) -> tuple[Record, ...]:
        """What operators of the server did; see ``Log.audit``."""
        return await self._read(reader.audit, upto, after_time, limit)

    async def search(self, query: base.SearchQuery) -> base.SearchResult:
        """Messages that have what is searched for; see ``Log.search``.

        Searches take turns in one thread. Each ends after a limited time.
        """
        if not query.rooms:
            return base.SearchResult((), None)
        try:
            try:
                return await self._search(query)
            except sqlite3.DatabaseError as error:
                if self._search_index is None:
                    raise
                await self._indexer.disable(error)
                return await self._search(query)
        except sqlite3.Error as error:
            raise schema.explain(error, self.path) from error

    async def traces(self, name: str, upto: int, after: int = 0) -> base.Traces:
        """What a person said; see ``Log.traces``."""
        who, traces = Identity(fold(name)), base.Traces()
        for start in range(after, upto, forgetting.SAID_STEP):
            end = min(upto, start + forgetting.SAID_STEP)
            traces.namesakes |= await self._read(forgetting.namesakes, who, start, end)
            for number, room, readable, origin in await self._read(forgetting.said_by, who, start, end):
                traces.origins.add(origin.partition(" ")[0])
                if readable:
                    traces.rooms.setdefault(room, []).append(number)
                    traces.messages += 1
        while found := await self._read(forgetting.facts, after, upto):
            after = found[-1][0]
            await self._reader_thread.run(forgetting.note_traces, found, who, traces)
        return traces

    async def forget(self, *, vacuum: bool = False) -> bool:
        """Has all records forget people; see ``Log.forget``."""
        try:
            return await self._maintenance.forget(vacuum=vacuum)
        except sqlite3.Error as error:
            raise schema.explain(error, self.path) from error

    async def run_maintenance(self) -> None:
        """Does all maintenance now, which else waits for a quiet moment.

        Raises:
            LogError: the disk does not allow it; nothing is lost.
        """
        try:
            await self._maintenance.run_now()
            await self._indexer.run_now()
        except sqlite3.Error as error:
            raise schema.explain(error, self.path) from error

    async def set_epochs(self, epochs: Sequence[tuple[int, str]]) -> None:
        """Has other epochs; see ``Log.set_epochs``."""
        if epochs != self.ids.epochs:
            async with self._turn:
                await self._writer_thread.run(self._database.set_epochs, epochs)
            self.ids.follow(Ids(epochs))

    async def close(self) -> None:
        """Closes it cleanly: everything is on the disk, and the next start continues the same epoch."""
        if self._closed:
            return
        self._closed = True
        await self._indexer.close()
        await self._maintenance.close()
        async with self._turn:
            await self._reader_thread.run(self._read_connection.close)
            if self._search_connection is not None:
                await self._search_thread.run(self._search_connection.close)
            self._writer.close()
            await self._writer_thread.run(self._database.close)
        self._reader_thread.close()
        self._search_thread.close()
        self._writer_thread.close()

    async def _append(self, expected_last: int, records: Sequence[Record]) -> None:
        """Commits, with the writer's turn."""
        if len(records) > self._tuning.inline_rows:
            self._in_thread = max(0, self._in_thread - 1)
            await self._writer_thread.run(self._writer.append, expected_last, records)
        elif (batch := self._writer.prepare(expected_last, records)) is None:
            await self._writer_thread.run(self._writer.append_again, expected_last, records)
        elif batch.changing or self._is_for_thread(records):
            self._in_thread = max(0, self._in_thread - 1)
            await self._writer_thread.run(self._writer.commit, batch, True)
        elif not self._commit_on_loop(batch):
            await self._writer_thread.run(self._writer.append_again, expected_last, records)

    def _is_for_thread(self, records: Sequence[Record]) -> bool:
        """Whether to commit takes too long for the loop."""
        return bool(self._in_thread or self._power or len(records) > self._tuning.inline_rows)

    def _commit_on_loop(self, batch: RowBatch) -> bool:
        """Commits at once; whether it could. A slow disk sends the next batches to the thread."""
        start = perf_counter()
        done = True
        try:
            self._writer.commit(batch)
        except FileLocked:
            done = False
        if perf_counter() - start <= self._tuning.slow:
            self._detour = self._tuning.detour
            return done
        # Times in the thread include waiting for the loop, so only the loop can tell a fast disk again.
        self._in_thread = self._detour
        self._detour = min(2 * self._detour, _MAX_DETOUR)
        return done

    async def _search(self, query: base.SearchQuery) -> base.SearchResult:
        run, tuning = self._search_thread.run, self._tuning
        window, limit = query.window, query.window.limit
        connection = await run(self._connect_search)
        asked = left = await run(search.number_range, connection, query)
        found: list[Record] = []
        took = 0.0
        # One more than wanted tells whether there are more.
        while not left.is_empty and len(found) <= limit and took < tuning.search_for:
            step = await run(
                schema.read_leniently,
                search.step,
                connection,
                query,
                left,
                limit + 1 - len(found),
                tuning.search_turn,
                tuning.volume if self._search_index is not None else 0,
            )
            found += step.records
            left = step.left
            took += step.took
        if left.is_empty and len(found) <= limit:
            return base.SearchResult(window.oldest_first(found), None)
        indexing = False
        if len(found) > limit:
            del found[limit:]
            reached = found[-1].number if found else query.upto + 1
        else:
            reached = left.high + 1 if window.newest else left.low
            if self._search_index is not None:
                start, end = (left.high, asked.high) if window.newest else (asked.low, left.low)
                lacks = await run(search.unindexed, connection, search.NumberRange(start, end))
                indexing = lacks > tuning.slice
        time = await run(search.time_at, connection, reached)
        return base.SearchResult(window.oldest_first(found), reached, time, indexing)

    def _connect_search(self) -> sqlite3.Connection:
        """The connection of the searches, opened with the first one."""
        if self._search_connection is None:
            self._search_connection = self._database.connect()
        index = self._indexer.index
        if index is not self._search_index:  # it failed, or was made anew
            if self._search_index is not None:
                self._search_index = None
                search.detach(self._search_connection)
            if index is not None:
                search.attach(self._search_connection, self.path)
                self._search_index = index
        return self._search_connection

    async def _read(
        self, job: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        def read() -> T:
            return schema.read_leniently(job, self._read_connection, *args, **kwargs)

        try:
            return await self._reader_thread.run(read)
        except sqlite3.Error as error:
            raise schema.explain(error, self.path) from error
