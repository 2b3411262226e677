"""The outbox: one first-in-first-out queue between the hub and delivery, emptied when the log has the
records.

Owns when a batch leaves, its commit, and what happens while the log can't be written (docs/architecture.md).
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from time import perf_counter

from asyncchat.core.events import Record
from asyncchat.dialects.base import Outcome
from asyncchat.log.base import Log, LogError, SequenceConflict
from asyncchat.server.delivery import Batch, Delivery
from asyncchat.server.measurements import Histogram
from asyncchat.server.recipients import Recipient

_logger = logging.getLogger("asyncchat.outbox")

GATHER = 0.0035
"""Least seconds between two batches: what comes meanwhile shares a commit and a write."""

COSTLY_WRITES = 32
"""An outcome that took more writes than this cost most by them, so it is worth waiting for more …"""

COSTLY_FACTOR = 8.0
"""… for this multiple of the delivery's time: it takes an eighth of a core then, on any machine. Only if more
came with it this time: where messages come one by one, a wait costs each and saves nothing."""

COSTLY_GATHER = 0.008
"""The most seconds between two batches for that. 500 messages a second in a room of 200 then go out four at
a time, not two: 3.9 us of CPU a delivery, not 6.9 (``asyncchat bench steady``)."""

STORM = 0.003
"""A batch whose delivery worked for more seconds than this may be a storm …"""

STORM_WRITES = 8
"""… and is one if each outcome took more writes than this: in so large rooms, waiting for more outcomes saves
thousands of writes. In many small rooms it saves none."""

STORM_FACTOR = 2.0
"""In a storm, the time between two batches as a multiple of the delivery's: half of it is left to read what
the next batch joins. 5,000 people who join at once then cost 5 s of CPU instead of 9."""

STORM_GATHER = 0.05
"""The most seconds between two batches in a storm: nobody notices 50 ms when delivery takes 25."""

MOST_RECORDS = 10_000
"""Records in the outbox from which on sessions stop reading."""

MOST_OUTCOMES = 20_000
"""The same for outcomes, also those without a record (a PONG)."""

MOST_BYTES = 4 * 1024 * 1024
"""The same for bytes that sessions have read since the last batch left."""

RETRY = 0.25
"""Seconds between two tries to write the same batch."""

GIVE_UP = 30.0
"""Seconds without a successful write after which the process tells people and exits."""


def gap(took: float, outcomes: int, writes: float) -> float:
    """Seconds between two batches, after one of so many outcomes.

    Args:
        took: seconds of its delivery.
        outcomes: how many it had.
        writes: writes an outcome.
    """
    seconds = GATHER
    if writes > COSTLY_WRITES and outcomes > 1:
        seconds = max(seconds, min(took * COSTLY_FACTOR, COSTLY_GATHER))
    if took > STORM and writes > STORM_WRITES:
        seconds = max(seconds, min(took * STORM_FACTOR, STORM_GATHER))
    return seconds


class StorageLost(Exception):
    """The log could not be written for too long; what was accepted last is not known to be kept."""


class Outbox:
    """Gathers outcomes, commits their records as one batch, then has them delivered.

    Args:
        log: keeps the records.
        delivery: tells people.
    """

    def __init__(self, log: Log, delivery: Delivery) -> None:
        self._log = log
        self._delivery = delivery
        self._queue: list[tuple[Recipient, Outcome]] = []
        self._stuck: list[tuple[Recipient, Outcome]] = []
        self._records = 0
        self.batches = 0
        """Batches that have left; the one that gathers is the next."""
        self.weight = 0
        """Bytes that sessions have read since the last batch left; the sessions add to it."""
        self._filled: asyncio.Future[None] | None = None
        self.watcher: Callable[[Batch], Awaitable[None]] | None = None
        """Called with each batch when it is told; None most of the time."""
        self.full = False
        """Whether sessions should stop reading until ``room``."""
        self.overfull = False
        """Whether that is for what waits here …"""
        self.crowded = False
        """… or for what the hub of a cluster has not decided yet; who sets that sets ``full``, too."""
        self.delays = Histogram()
        """Seconds from the first outcome of a batch until all of the batch is told."""
        self.commits = Histogram()
        """Seconds in which the records of a batch were kept."""
        self._since = 0.0
        self._busy = False
        """Whether something was put that is not delivered yet."""
        self._room: asyncio.Future[None] | None = None
        self._idle: asyncio.Future[None] | None = None
        self.held: asyncio.Future[None] | None = None
        """While this is not done nothing leaves: another process is taking over."""
        self.failing_since = 0.0
        """When the log began to fail (seconds since 1970)."""
        self.failing = False
        """Whether the log fails: then sessions answer commands themselves."""
        self.waits: Callable[[Recipient], bool] = lambda _session: False
        """Whether something that a session asked is not decided; in a cluster that takes a while."""

    @property
    def waiting(self) -> int:
        """Outcomes in the next batch."""
        return len(self._queue)

    async def room(self) -> None:
        """Waits until the outbox takes more of sessions."""
        while self.full:
            await self._batch_left()

    async def follower_room(self) -> None:
        """Waits until the outbox takes more of what is decided."""
        while self.overfull:
            await self._batch_left()

    async def _batch_left(self) -> None:
        if self._room is None:
            self._room = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._room)

    def holds(self, session: Recipient) -> bool:
        """Whether, while the log fails, an outcome of this session waits."""
        return self.waits(session) or any(
            cause is session for waiting in (self._stuck, self._queue) for cause, _ in waiting
        )

    async def emptied(self) -> None:
        """Waits until all that was put is delivered."""
        while self._busy:
            if self._idle is None:
                self._idle = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._idle)

    def put(self, session: Recipient, outcome: Outcome, records: int) -> None:
        """Adds a command's outcome at the end; ``records`` says how many of its items are records."""
        queue = self._queue
        if not queue:
            self._since = perf_counter()
        queue.append((session, outcome))
        self._records += records
        self._busy = True
        if self._filled is not None:
            if not self._filled.done():  # cancelled, when the server has stopped
                self._filled.set_result(None)
            self._filled = None
        if self._records > MOST_RECORDS or len(queue) > MOST_OUTCOMES or self.weight > MOST_BYTES:
            self.full = self.overfull = True

    async def run(self) -> None:
        """Commits and delivers, until cancelled.

        Raises:
            StorageLost: the log could not be written for 30 seconds.
        """
        loop = asyncio.get_running_loop()
        leave = 0.0
        while True:
            if not self._queue:
                self._busy = False
                if self._idle is not None:
                    self._idle.set_result(None)
                    self._idle = None
                self._filled = loop.create_future()
                await self._filled
            if self.held is not None:
                await self.held
                self.held = None
            early = leave - loop.time()
            if early > 0:
                await asyncio.sleep(early)
            left = loop.time()
            since = self._since
            batch, self._queue = self._queue, []
            self.batches += 1
            self.weight = 0
            if self._records:
                self._records = 0
                began = perf_counter()
                await self._commit(batch)
                self.commits.fresh.append(perf_counter() - began)
            if self.full:
                self.overfull = False
                self.full = self.crowded
                if self._room is not None:
                    self._room.set_result(None)
                    self._room = None
            writes, worked = self._delivery.writes, self._delivery.worked
            await self._delivery.deliver(batch)
            self.delays.fresh.append(perf_counter() - since)
            if self.watcher is not None:
                await self.watcher(batch)
            took = self._delivery.worked - worked
            leave = left + gap(took, len(batch), (self._delivery.writes - writes) / len(batch))

    async def _commit(self, batch: list[tuple[Recipient, Outcome]]) -> None:
        records = [item for _, outcome in batch for item in outcome if type(item) is Record]
        expected = records[0].number - 1
        deadline: float | None = None
        while True:
            try:
                await self._log.append(expected, records)
            except SequenceConflict as error:
                raise StorageLost(str(error)) from error
            except LogError as error:
                now = asyncio.get_running_loop().time()
                if deadline is None:
                    deadline = now + GIVE_UP
                    self.failing = True
                    self._stuck = batch
                    self.failing_since = time.time()
                    _logger.error("The history can't be written, trying again: %s", error)
                elif now >= deadline:
                    raise StorageLost(str(error)) from error
                await asyncio.sleep(RETRY)
            else:
                if deadline is not None:
                    self.failing = False
                    self._stuck = []
                    _logger.warning("The history is written again")
                return
