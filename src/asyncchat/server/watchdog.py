"""A watchdog of the event loop: says when something blocked it, and what.

Owns the thread that looks at the loop's stack. Must not know what runs on the loop.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import selectors
import sys
import threading
import time
from collections.abc import Callable
from pathlib import PurePath
from types import FrameType

import msgspec

_logger = logging.getLogger("asyncchat.watchdog")

LOOKS = 2
"""How often the thread looks at the loop in the time that it may be blocked. Whoever waits is not woken."""

LOG_SECONDS = 1.0
"""Seconds between two lines in the log; what happens meanwhile is counted only."""

MOST_FRAMES = 12
"""Functions of a stack that are told, the innermost ones."""


class Block(msgspec.Struct, frozen=True):
    """The loop was blocked: for how many seconds, and where it was, outermost function first.

    They count from when the thread found it at work, so it may have been ``seconds / LOOKS`` longer.
    ``stack`` is empty if the thread came too late to look again.
    """

    seconds: float
    stack: tuple[str, ...]


class Watchdog:
    """Watches one event loop while it ``run``s.

    Args:
        seconds: a longer block is reported; 0: nothing is watched.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.blocks = 0
        """How often the loop was blocked."""
        self.blocked_seconds = 0.0
        """For how long in all."""
        self.looked = 0
        """How often the thread looked what blocks the loop."""
        self.on_block: Callable[[Block], None] = self._log
        self._logged_at = -LOG_SECONDS
        self._ended = threading.Event()

    async def run(self) -> None:
        """Watches the running loop, until cancelled."""
        if not self.seconds:
            return
        loop = asyncio.get_running_loop()
        arguments = (loop, threading.get_ident(), sys._getframe().f_back)
        threading.Thread(target=self._watch, args=arguments, name="watchdog", daemon=True).start()
        try:
            await loop.create_future()
        finally:
            self._ended.set()

    def _report(self, block: Block) -> None:
        self.blocks += 1
        self.blocked_seconds += block.seconds
        self.on_block(block)

    def _log(self, block: Block) -> None:
        now = time.monotonic()
        if now - self._logged_at >= LOG_SECONDS:
            self._logged_at = now
            where = " > ".join(block.stack) or "unknown"
            _logger.warning("The event loop was blocked for %.0f ms by %s", block.seconds * 1000, where)

    def _watch(self, loop: asyncio.AbstractEventLoop, thread: int, outside: FrameType | None) -> None:
        """The thread: has a loop that works give a sign of life, and looks what it does if that is late.

        ``outside``: the function that runs the loop. uvloop has no function of its own while it waits.
        """
        while not self._ended.wait(self.seconds / LOOKS):
            frame = _frame_of(thread)
            if frame is None or frame is outside or frame.f_code in _WAITING:
                continue
            alive = threading.Event()
            began = time.monotonic()
            try:
                loop.call_soon_threadsafe(alive.set)
                if alive.wait(self.seconds):
                    continue
                stack = _functions(_frame_of(thread))
                self.looked += 1
                while not (alive.wait(self.seconds) or self._ended.is_set()):
                    pass
                if self._ended.is_set():
                    return
                loop.call_soon_threadsafe(self._report, Block(time.monotonic() - began, stack))
            except RuntimeError:  # the loop is closed
                return


_WAITING = frozenset(one.select.__code__ for one in (selectors.DefaultSelector, selectors.SelectSelector))
"""Where asyncio's own loops wait."""


def _frame_of(thread: int) -> FrameType | None:
    """What a thread is at.

    The collector must not run meanwhile: in Python 3.11 (CPython issue 106883) the call has a lock that a new
    thread needs, too, and a collection may let that begin. Then each waits for the other: the process stands.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        return sys._current_frames().get(thread)
    finally:
        if was_enabled:
            gc.enable()


def _functions(frame: FrameType | None) -> tuple[str, ...]:
    """The functions of a stack, as ``module:line function``, outermost first."""
    found: list[str] = []
    while frame is not None and len(found) < MOST_FRAMES:
        code = frame.f_code
        module = "/".join(PurePath(code.co_filename).parts[-2:])
        found.append(f"{module}:{frame.f_lineno} {code.co_qualname}")
        frame = frame.f_back
    return tuple(reversed(found))
