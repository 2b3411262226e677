"""Measures the turns of an event loop: how long its thread is busy between two looks at its connections.

What counts is the CPU time of the loop's thread, so that a busy machine does not matter. Garbage collections
are told apart: they come with whatever is allocated, not with what is asked.
"""

import asyncio
import gc
import sys
import threading
import time
from types import FrameType
from typing import Any, NamedTuple

from asyncchat.server.watchdog import _functions

BUSY = 0.000_05
"""After a turn that took more CPU seconds, the next pass of the loop is measured by itself …"""

IDLE = 0.001
"""… else all passes of so many seconds together."""

LOOP_NUMBERS = 100_000
"""The length of the loop that says how fast a processor is …"""

LOOP_SECONDS = 0.0042
"""… and the CPU seconds that it takes where the limits of the tests were measured."""


class Collection(NamedTuple):
    """A garbage collection: its generation, its CPU seconds, and how many objects it freed."""

    generation: int
    seconds: float
    collected: int


class Turn(NamedTuple):
    """A turn that took long: what was asked, the seconds, what the thread was seen to do, collections."""

    doing: str
    cpu: float
    wall: float
    stack: tuple[str, ...]
    collections: tuple[Collection, ...]

    @property
    def own(self) -> float:
        """CPU seconds without those of collections."""
        return self.cpu - sum(one.seconds for one in self.collections)


class Turns:
    """Measures the turns of one loop.

    Args:
        limit: CPU seconds; a longer turn is kept with its stack.
    """

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self.doing = ""
        """What is asked now."""
        self.over: list[Turn] = []
        """The turns above the limit, those of collections too."""
        self.longest: dict[str, float] = {}
        """The most CPU seconds of a turn without its collections, by what was asked."""
        self._loop: asyncio.AbstractEventLoop
        self._thread = 0
        self._began = self._began_at = self._collecting = 0.0
        self._collections: list[Collection] = []
        self._looked_at = -1.0
        self._stack: tuple[str, ...] = ()
        self._ended = threading.Event()

    def start(self) -> None:
        """Begins; to be called in the loop's thread."""
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        gc.callbacks.append(self._note_collection)
        self._began, self._began_at = time.thread_time(), time.perf_counter()
        clock = time.pthread_getcpuclockid(self._thread)
        threading.Thread(target=self._watch, args=(clock,), name="turns", daemon=True).start()
        self._next()

    def end(self) -> None:
        """Ends; to be called in any thread."""
        self._ended.set()
        gc.callbacks.remove(self._note_collection)

    def forget(self) -> None:
        """Forgets what was measured."""
        self.over.clear()
        self.longest.clear()

    def _next(self) -> None:
        now, at = time.thread_time(), time.perf_counter()
        turn = Turn(self.doing, now - self._began, at - self._began_at, (), tuple(self._collections))
        self._collections.clear()
        if turn.cpu > BUSY:
            self.longest[turn.doing] = max(turn.own, self.longest.get(turn.doing, 0.0))
        if turn.cpu > self.limit:
            self.over.append(turn._replace(stack=self._stack if self._looked_at == self._began else ()))
        if self._ended.is_set():
            return
        if turn.cpu > BUSY:
            self._loop.call_soon(self._next)
        else:
            self._loop.call_later(IDLE, self._next)
        self._began, self._began_at = time.thread_time(), time.perf_counter()

    def _note_collection(self, phase: str, info: dict[str, Any]) -> None:
        if threading.get_ident() != self._thread:
            return
        if phase == "start":
            self._collecting = time.thread_time()
        else:
            seconds = time.thread_time() - self._collecting
            self._collections.append(Collection(info["generation"], seconds, info["collected"]))

    def _watch(self, clock: int) -> None:
        """The thread: looks once at what the loop does when its turn is too long."""
        while not self._ended.wait(self.limit / 8):
            began = self._began
            try:
                spent = time.clock_gettime(clock) - began
            except OSError:
                return  # the loop's thread has ended
            if began != self._looked_at and spent > self.limit * 3 / 4:
                frame: FrameType | None = sys._current_frames().get(self._thread)
                self._stack = _functions(frame)
                self._looked_at = began


def slowness() -> float:
    """How many times slower this processor is now than where the limits were measured; at least 1."""
    best = min(_loop_seconds() for _ in range(5))
    return max(1.0, best / LOOP_SECONDS)


def _loop_seconds() -> float:
    began = time.thread_time()
    total = 0
    for number in range(LOOP_NUMBERS):
        total += number & 3
    return time.thread_time() - began
