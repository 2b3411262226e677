"""Slices: long work of one session, a little of it in each pass of the loop.

Owns how long a slice lasts, and that there is one in a pass, whoever's it is: fifty sessions with long
answers delay the others no more than one does. Likewise a few turns in a pass for those who can wait, and for
all when thousands ask something at the same moment. Must not know what the work is.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Generator, Iterator
from contextlib import suppress
from time import perf_counter, thread_time
from typing import Protocol, TypeVar

SLICE_SECONDS = 0.002
"""How long a slice lasts: with what else a pass of the loop does, nobody waits longer than 20 ms."""

WAIT_SECONDS = 0.02
"""How long a slice waits at the most while there is something to deliver."""

TURNS_SECONDS = 0.001
"""How long those may take in a pass who wait for their turns."""

PASS_SECONDS = 0.005
"""How long those who have read something may take in a pass; the others go on a few in each of the next."""

MOST_TURNS = 64
"""How many of them go on in a pass at the most."""

CHARGED_SECONDS = 0.001
"""Time that counts as one line. The first slice is free: an ordinary list fits."""

GATHERED_SECONDS = 0.05
"""How often those are written to who are over their budgets: nobody notices it who sends so much."""

SLICE_BYTES = 65_536
"""Bytes that one slice of an answer gives at the most, or little more."""

WRITE_BYTES = 1024
"""A write takes about as long as this many bytes of a longer one."""

PIECE_BYTES = 4096
"""How much input a dialect is given at a time: cut into short lines it takes up to 20 times the memory."""

T = TypeVar("T")


def next_piece(data: bytes) -> tuple[bytes, bytes]:
    """The first lines of what was read, and the rest. A longer line is cut."""
    if len(data) <= PIECE_BYTES:
        return data, b""
    end = data.rfind(b"\n", 0, PIECE_BYTES) + 1 or PIECE_BYTES
    return data[:end], data[end:]


class Turns:
    """Lets a few in a pass of the loop go on, in the order in which they came: as many as take a millisecond.

    Args:
        clock: seconds.
        seconds: how long they may take in a pass.
    """

    def __init__(self, clock: Callable[[], float] = perf_counter, seconds: float = TURNS_SECONDS) -> None:
        self._clock = clock
        self._seconds = seconds
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._is_running = False
        self._most = 1
        """How many go on in the next pass."""
        self._began = 0.0

    async def wait(self) -> None:
        """Waits for a turn. Whoever comes alone goes on at once."""
        loop = asyncio.get_running_loop()
        if not self._is_running:
            self._is_running = True
            loop.call_soon(self._let_go_on, 0)
            return
        turn = loop.create_future()
        self._waiting.append(turn)
        await turn

    def _begin(self) -> None:
        self._began = self._clock()

    def _let_go_on(self, before: int) -> None:
        """Lets the next go on. The loop runs it right behind those ``before``, and ``_begin`` before them."""
        if before:
            took = self._clock() - self._began
            if took > self._seconds:
                self._most = max(1, self._most // 2)
            elif before == self._most and took < self._seconds / 2:
                self._most = min(2 * self._most, MOST_TURNS)
        loop = asyncio.get_running_loop()
        loop.call_soon(self._begin)
        count = 0
        while self._waiting and count < self._most:
            turn = self._waiting.popleft()
            if not turn.done():  # cancelled, when the server stops
                turn.set_result(None)
                count += 1
        self._is_running = count > 0
        if count:
            loop.call_soon(self._let_go_on, count)


class PassTurns(Turns):
    """Lets all go on at once who come in a pass of the loop, until they have taken long; then a few a pass.

    Nothing is scheduled to learn when a pass ends: a message in a small room would cost a fifth more. Batches
    leave in other passes than those in which they fill, so where one has left, a pass has ended.

    Args:
        clock: seconds.
        batches: how many batches have left the outbox.
        processor: seconds for which the loop had the processor; it takes six times as long as the clock.
    """

    def __init__(
        self,
        clock: Callable[[], float] = perf_counter,
        batches: Callable[[], int] = lambda: 0,
        processor: Callable[[], float] = thread_time,
    ) -> None:
        super().__init__(clock, PASS_SECONDS)
        self.late_at = 0.0
        """When this pass may have lasted for long. Whoever comes then asks for a turn."""
        self._batches = batches
        self._batch = 0
        self._processor = processor
        self._worked = 0.0

    async def wait(self) -> None:
        """Waits for a turn, unless a pass has ended meanwhile."""
        now, batch = self._clock(), self._batches()
        if self.late_at and batch == self._batch and (self._waiting or now - self.late_at < PASS_SECONDS):
            return await super().wait()
        self._batch = batch
        self.late_at = now + PASS_SECONDS
        self._worked = self._processor()

    def worked(self) -> float:
        """For how long a turn that ends now had the processor, at the most; a busy machine takes it away."""
        return self._processor() - self._worked

    async def take(self) -> None:
        """Waits for a turn, if those who ask something in this pass have taken long."""
        if self._clock() >= self.late_at:
            await self.wait()


class Slices:
    """Gives long work its turns, in the order in which they are asked for.

    What is to be delivered goes first.

    Args:
        delivered: waits until there is nothing to deliver.
        clock: seconds.
    """

    def __init__(
        self, delivered: Callable[[], Awaitable[None]], clock: Callable[[], float] = perf_counter
    ) -> None:
        self._delivered = delivered
        self._clock = clock
        self._turn = asyncio.Lock()
        self._end = 0.0
        """When the last slice is over, if it was not used up: what comes until then has the rest of it."""

    async def finish(self, work: Generator[bool | None, None, T], charge: Callable[[float], object]) -> T:
        """Does work to its end, and gives its result; slices after the first are charged by their time.

        Where the work yields true, its slice is over.
        """
        is_first = True
        while True:
            async with self._turn:
                began = await self._begin()
                try:
                    while not next(work) and self._clock() < self._end:
                        pass
                except StopIteration as done:
                    result: T = done.value
                    return result
                spent = self._clock() - began
                self._end = 0.0
            if not is_first:
                charge(spent / CHARGED_SECONDS)
            is_first = False

    async def take(self, pieces: Iterator[bytes]) -> bytes | None:
        """The next pieces of an answer, joined, as many as fit a slice; None: there are no more."""
        async with self._turn:
            await self._begin()
            taken: list[bytes] = []
            size = 0
            for piece in pieces:
                taken.append(piece)
                size += len(piece)
                if size >= SLICE_BYTES or self._clock() >= self._end:
                    self._end = 0.0
                    break
        return b"".join(taken) if taken else None

    async def _begin(self) -> float:
        """Goes on in the slice before, where that was short, or waits for the next; gives the time."""
        now = self._clock()
        if now >= self._end:
            await self._pass()
            now = self._clock()
            self._end = now + SLICE_SECONDS
        return now

    async def _pass(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(WAIT_SECONDS):
                await self._delivered()
        await asyncio.sleep(0)


class Gathering(Protocol):
    """Whose output may be gathered: a session."""

    over_budget: bool
    """Whether it waits for its budgets."""

    def gather_output(self) -> bool:
        """Gathers what it is told. Returns whether it does so from now on."""

    def write_gathered(self) -> int | None:
        """Sends what was gathered, and returns how many bytes that were; None: much waits, so it does not."""

    def end_gathering(self) -> None:
        """Sends what was gathered, and writes directly again."""


class GatheredOutput:
    """Writes together, and in slices, what those are told who are over their budgets or read slowly.

    The others need not wait until each line is written to each of a hundred flooders.
    """

    def __init__(self, slices: Slices) -> None:
        self._slices = slices
        self._sessions: dict[Gathering, None] = {}
        self._task: asyncio.Task[None] | None = None

    def add(self, session: Gathering) -> None:
        """Gathers what a session is told, until it is within its budgets and little waits for it."""
        if session.gather_output():
            self._sessions[session] = None
            if self._task is None:
                self._task = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        while self._sessions:
            await asyncio.sleep(GATHERED_SECONDS)
            await self._slices.finish(self._write(), lambda _lines: None)
        self._task = None

    def _write(self) -> Generator[bool, None, None]:
        sent = 0
        for session in list(self._sessions):
            size = session.write_gathered()
            if size is not None and not session.over_budget:
                session.end_gathering()
                del self._sessions[session]
            # uvloop writes at the end of its pass, where the clock of a slice does not see it.
            sent += WRITE_BYTES + size if size else 0
            if sent < SLICE_BYTES:
                yield False
            else:
                sent = 0
                yield True
