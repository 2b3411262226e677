"""A watchdog of the event loop: says when something blocked it, and what.

Owns the thread that looks at the loop's stack. Must not know what runs on the loop.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time
from collections.abc import Callable
from pathlib import PurePath
from types import FrameType

import msgspec

_logger = logging.getLogger("asyncchat.watchdog")

BEATS = 4
"""How often the loop gives a sign of life in the time that it may be blocked: some 80 times a second."""

LOG_SECONDS = 1.0
"""Seconds between two lines in the log; what happens meanwhile is counted only."""

MOST_FRAMES = 12
"""Functions of a stack that are told, the innermost ones."""


class Block(msgspec.Struct, frozen=True):
    """The loop was blocked: for how many seconds, and where it was, outermost function first.

    ``stack`` is empty if the thread came too late to look.
    """

    seconds: float
    stack: tuple[str, ...]


class Watchdog:
    """Watches one event loop while it ``run``s.

    Args:
        seconds: a longer block is reported; 0: nothing is watched.
        clock: seconds; one that counts the CPU time of the loop's thread is not misled by a busy machine.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self.clock = clock
        self.blocks = 0
        """How often the loop was blocked."""
        self.blocked_seconds = 0.0
        """For how long in all."""
        self.on_block: Callable[[Block], None] = self._log
        self._logged_at = -LOG_SECONDS
        self._beat = 0.0
        self._looked_at = -1.0
        self._stack: tuple[str, ...] = ()
        self._ended = threading.Event()

    async def run(self) -> None:
        """Watches the running loop, until cancelled."""
        if not self.seconds:
            return
        interval = self.seconds / BEATS
        self._beat = self.clock()
        arguments = (threading.get_ident(), interval)
        thread = threading.Thread(target=self._watch, args=arguments, name="watchdog", daemon=True)
        thread.start()
        try:
            while True:
                await asyncio.sleep(interval)
                now = self.clock()
                blocked = now - self._beat - interval
                if blocked > self.seconds:
                    self._report(blocked)
                self._beat = now
        finally:
            self._ended.set()

    def _report(self, seconds: float) -> None:
        self.blocks += 1
        self.blocked_seconds += seconds
        self.on_block(Block(seconds, self._stack if self._looked_at == self._beat else ()))

    def _log(self, block: Block) -> None:
        now = time.monotonic()
        if now - self._logged_at >= LOG_SECONDS:
            self._logged_at = now
            where = " > ".join(block.stack) or "unknown"
            _logger.warning("The event loop was blocked for %.0f ms by %s", block.seconds * 1000, where)

    def _watch(self, loop: int, interval: float) -> None:
        """The thread: looks once at what the loop does when its sign of life is late."""
        while not self._ended.wait(interval):
            beat = self._beat
            if beat != self._looked_at and self.clock() - beat > self.seconds + interval:
                frame = sys._current_frames().get(loop)
                self._stack = _functions(frame)
                self._looked_at = beat


def _functions(frame: FrameType | None) -> tuple[str, ...]:
    """The functions of a stack, as ``module:line function``, outermost first."""
    found: list[str] = []
    while frame is not None and len(found) < MOST_FRAMES:
        code = frame.f_code
        module = "/".join(PurePath(code.co_filename).parts[-2:])
        found.append(f"{module}:{frame.f_lineno} {code.co_qualname}")
        frame = frame.f_back
    return tuple(reversed(found))
