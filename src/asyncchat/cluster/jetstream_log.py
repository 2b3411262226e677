"""The log in a stream of NATS JetStream, with a copy in an SQLite file for all reads.

Owns the order of both: an append is in the stream first, then in the file; an opening gives the file what the
stream has more. It must not know what records mean.

One append is one batch of the stream, in several messages where it is too large (``cluster.envelope``). Each
message expects the stream's last sequence, so a second writer is noticed at once. ``Stream`` resolves whether
a message was added. An append that failed may be tried again, and goes on where it was; if another one comes
instead, what the stream has decides.
"""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any, Literal, Self

from asyncchat.cluster import envelope
from asyncchat.cluster import records as codec
from asyncchat.cluster.envelope import Assembler, Envelope
from asyncchat.cluster.errors import Deposed
from asyncchat.cluster.place import place_of
from asyncchat.cluster.stream import Stream
from asyncchat.core.events import Record
from asyncchat.core.ids import Ids
from asyncchat.log.base import LogError, SequenceConflict, check_sequence
from asyncchat.log.sqlite import SqliteLog
from asyncchat.log.tuning import DEFAULT_TUNING, Tuning

_FOLDED = 2000
"""Records that go into the file at once while it catches up: some 10 ms in the writer's thread."""


class _Batch:
    """An append on its way.

    Attributes:
        records: what is appended.
        after: the sequence of the last message before it.
        left: its messages that are not in the stream yet.
    """

    def __init__(self, number: int, after: int, records: Sequence[Record]) -> None:
        self.records = list(records)
        self.after = after
        whole = Envelope(0, number, records[0].number, codec.KIND, codec.encode(records))
        self.left = list(whole.split())


class JetStreamLog:
    """A log in a stream; opened with ``JetStreamLog.open``, closed with ``close``.

    What is read, searched and kept is its copy's (``SqliteLog``).
    """

    def __init__(self, stream: Stream, copy: SqliteLog, options: dict[str, Any]) -> None:
        self._stream = stream
        self._copy = copy
        self._options = options
        self._turn = asyncio.Lock()
        self._sequence = 0
        self._batches = 0
        self._unfinished: _Batch | None = None
        self._closed = False
        self.path = copy.path
        self.ids: Ids = copy.ids
        self.messages = copy.messages
        self.state = copy.state
        self.chat = copy.chat
        self.set_retention = copy.set_retention
        self.read = copy.read
        self.find = copy.find
        self.newest = copy.newest
        self.search = copy.search
        self.numbers_by = copy.numbers_by
        self.numbers_in_rooms = copy.numbers_in_rooms
        self.links = copy.links
        self.audit = copy.audit
        self.traces = copy.traces
        self.set_epochs = copy.set_epochs
        self.run_maintenance = copy.run_maintenance

    @classmethod
    async def open(
        cls,
        url: str,
        path: str | Path,
        durable: Literal["process", "power"] = "process",
        tuning: Tuning = DEFAULT_TUNING,
        **options: Any,
    ) -> Self:
        """Opens a stream and its copy, and gives the copy what it lacks.

        Args:
            url: of NATS.
            path: the copy's file.
            durable: what the copy survives. What it lost, the stream gives back.
            tuning: of the copy.
            options: more of ``Stream.open``.

        Raises:
            StreamDown: NATS can't be reached.
            LogError: the stream or the file can't be used, or they do not belong together.
        """
        stream = await Stream.open(url, **options)
        try:
            copy = await SqliteLog.open(path, durable, tuning, stream.epoch)
            log = cls(stream, copy, {"url": url, **options})
            try:
                await log._begin()
            except BaseException:
                await copy.close()
                raise
        except BaseException:
            await stream.close()
            raise
        return log

    @property
    def last(self) -> int:
        """The number of the newest record that the copy has."""
        return self._copy.last

    @property
    def last_time(self) -> int:
        """The time of the newest record that the copy has."""
        return self._copy.last_time

    async def append(self, expected_last: int, records: Sequence[Record]) -> None:
        """Adds records; see ``Log.append``.

        Raises:
            SequenceConflict: as there, and when somebody else writes to the stream.
            StreamDown: it is not known whether they were added; the same call may be tried again.
            LogError: as there.
        """
        if self._closed:
            raise RuntimeError("the log is closed")
        if not records:
            return
        async with self._turn:
            await self._append(expected_last, records)

    async def forget(self, *, vacuum: bool = False) -> bool:
        """Has the copy forget people; see ``Log.forget``.

        The stream keeps what was said before. With ``vacuum``, all but its last message is removed: then only
        the copy has the history.
        """
        async with self._turn:
            is_clean = await self._copy.forget(vacuum=vacuum)
            if is_clean and vacuum:
                await self._stream.cut(self._sequence)
            return is_clean and self._stream.first >= self._sequence

    async def close(self) -> None:
        """Closes stream and copy."""
        self._closed = True
        await self._stream.close()
        async with self._turn:
            await self._copy.close()

    async def reopen(self) -> None:
        """Opens both again after ``close``.

        Raises:
            LogError: as ``open``.
        """
        self._stream = await Stream.open(**self._options)
        try:
            await self._copy.reopen()
            self.messages = self._copy.messages
            try:
                await self._begin()
            except BaseException:
                await self._copy.close()
                raise
        except BaseException:
            await self._stream.close()
            raise
        self._closed = False

    async def _append(self, expected_last: int, records: Sequence[Record]) -> None:
        batch = self._unfinished
        if batch is not None and batch.records != list(records):
            end = (await self._stream.at_end()).sequence
            self._sequence = batch.after
            await self._catch_up(end)
            batch = self._unfinished = None
        if expected_last != self._copy.last:
            await self._copy.append(expected_last, records)  # it knows what it ends with
            return
        if batch is None:
            check_sequence(expected_last, self._copy.last_time, records)
            self._batches += 1
            batch = self._unfinished = _Batch(self._batches, self._sequence, records)
        while batch.left:
            message = batch.left[0]
            try:
                await self._stream.append(self._sequence, envelope.encode(message), message.id)
            except Deposed as error:
                self._unfinished = None
                raise SequenceConflict(
                    f"Somebody else writes to the stream '{self._stream.name}': one server is enough"
                ) from error
            self._sequence += 1
            batch.left.pop(0)
        await self._copy.append(expected_last, records)
        self._unfinished = None

    async def _begin(self) -> None:
        """Gives the copy what it lacks, after a look at whether it is a copy of this stream.

        Raises:
            LogError: it is not.
        """
        last = self._copy.last
        end = (await self._stream.at_end()).sequence
        self._unfinished = None
        self._sequence = await place_of(self._stream, last, end) - 1
        newest = await self._catch_up(end)
        if newest < last:
            raise LogError(
                f"The history {self.path} has records up to {last}, and the stream '{self._stream.name}' "
                f"only up to {newest}: the file is not its copy, or NATS lost the end of the stream. "
                "Choose another: --db FILE, or start the cluster anew from this one"
            )

    async def _catch_up(self, end: int) -> int:
        """Puts into the copy what the stream has up to a sequence.

        Returns:
            The number of the last record of the stream up to there.

        Raises:
            LogError: there is a hole, or something can't be read or written.
        """
        assembler = Assembler()
        found: list[Record] = []
        newest = 0
        if self._sequence >= end:
            return newest
        async with aclosing(self._stream.follow(self._sequence)) as messages:
            async for sequence, message, _ in messages:
                part = envelope.decode(sequence, message)
                newest = max(newest, part.first_number - 1)
                batch = assembler.take(part)
                if batch is not None:
                    records = self._records(batch)
                    newest = max(newest, batch.first_number + len(records) - 1)
                    found += records
                if len(found) >= _FOLDED or sequence >= end:
                    await self._fold(found)
                    found = []
                    self._sequence = sequence
                if sequence >= end:
                    break
        return newest

    async def _fold(self, found: list[Record]) -> None:
        last = self._copy.last
        for record in found:
            if record.number == last and record.time != self._copy.last_time:
                raise LogError(
                    f"The history {self.path} has another record {last} than the stream "
                    f"'{self._stream.name}': the file is not its copy. Choose another: --db FILE"
                )
        new = [record for record in found if record.number > last]
        if not new:
            return
        if new[0].number != last + 1:
            raise LogError(
                f"The history {self.path} ends with record {last}, and the stream '{self._stream.name}' goes "
                f"on with {new[0].number}: begin with a copy of another node's history"
            )
        try:
            await self._copy.append(last, new)
        except ValueError as error:
            raise LogError(f"The stream '{self._stream.name}' has a hole ({error})") from error

    def _records(self, batch: Envelope) -> list[Record]:
        if batch.kind != codec.KIND:
            raise LogError(
                f"The stream '{self._stream.name}' has batches of kind '{batch.kind}': it is a cluster's, "
                "start this server as a node of it"
            )
        return codec.decode(batch.first_number, batch.payload)
