"""Slices: long work of one session, a little of it in each pass of the loop.

Owns how long a slice lasts, and that there is one in a pass, whoever's it is: fifty sessions with long
answers delay the others no more than one does. Must not know what the work is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator, Iterator
from contextlib import suppress
from time import perf_counter
from typing import Protocol, TypeVar

SLICE_SECONDS = 0.002
"""How long a slice lasts: with what else a pass of the loop does, nobody waits longer than 20 ms."""

WAIT_SECONDS = 0.02
"""How long a slice waits at the most while there is something to deliver."""

CHARGED_SECONDS = 0.001
"""Time that counts as one line. The first slice is free: an ordinary list fits."""

GATHERED_SECONDS = 0.05
"""How often those are written to who are over their budgets: nobody notices it who sends so much."""

SLICE_BYTES = 65_536
"""Bytes that one slice of an answer gives at the most, or little more."""

T = TypeVar("T")


class Turns:
    """Lets one in a pass of the loop go on, in the order in which they came."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()

    async def wait(self) -> None:
        """Waits for a turn."""
        async with self._turn:
            await asyncio.sleep(0)


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

    async def finish(self, work: Generator[None, None, T], charge: Callable[[float], object]) -> T:
        """Does work to its end, and gives its result; slices after the first are charged by their time."""
        is_first = True
        while True:
            async with self._turn:
                await self._pass()
                began = self._clock()
                end = began + SLICE_SECONDS
                try:
                    next(work)
                    while self._clock() < end:
                        next(work)
                except StopIteration as done:
                    result: T = done.value
                    return result
                spent = self._clock() - began
            if not is_first:
                charge(spent / CHARGED_SECONDS)
            is_first = False

    async def take(self, pieces: Iterator[bytes]) -> bytes | None:
        """The next pieces of an answer, joined, as many as fit a slice; None: there are no more."""
        async with self._turn:
            await self._pass()
            end = self._clock() + SLICE_SECONDS
            taken: list[bytes] = []
            size = 0
            for piece in pieces:
                taken.append(piece)
                size += len(piece)
                if size >= SLICE_BYTES or self._clock() >= end:
                    break
        return b"".join(taken) if taken else None

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

    def write_gathered(self) -> bool:
        """Sends what was gathered, unless much waits to be sent. Returns whether little waits."""

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

    def _write(self) -> Generator[None, None, None]:
        for session in list(self._sessions):
            if session.write_gathered() and not session.over_budget:
                session.end_gathering()
                del self._sessions[session]
            yield
