"""One thread with a queue of jobs that take long.

Owns the thread. It must not know what the jobs do.

``concurrent.futures`` would do the same, but a job that takes 100 µs costs as much again there: in locks, in
two futures, and in the waiting for them.
"""

import asyncio
import os
import sys
import threading
import weakref
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import ParamSpec, TypeVar, cast

P = ParamSpec("P")
T = TypeVar("T")


class _Job:
    """A job and what comes of it. Only the loop's thread knows whether it has ended."""

    __slots__ = ("_loop", "error", "has_ended", "result", "waiter", "work")

    def __init__(self, work: Callable[[], object]) -> None:
        self.work = work
        self._loop = asyncio.get_running_loop()
        self.waiter: asyncio.Future[None] = self._loop.create_future()
        self.has_ended = False
        self.result: object = None
        self.error: BaseException | None = None

    def do(self) -> None:
        """Does it, in the worker's thread."""
        try:
            self.result = self.work()
        except BaseException as error:  # noqa: BLE001  # whoever waits is told
            self.error = error
        with suppress(RuntimeError):  # the loop is closed: nobody waits
            self._loop.call_soon_threadsafe(self._end)

    def _end(self) -> None:
        self.has_ended = True
        if not self.waiter.done():
            self.waiter.set_result(None)

    async def ended(self) -> None:
        """Waits for its end, even when cancelled."""
        cancelled: asyncio.CancelledError | None = None
        while not self.has_ended:
            try:
                await self.waiter
            except asyncio.CancelledError as error:
                cancelled = error
                self.waiter = self._loop.create_future()
        if cancelled is not None:
            raise cancelled


class Worker:
    """A thread that is started with its first job.

    Args:
        name: its name; on Linux the system has it too, such as for ``top -H``.
        niceness: by how much its priority is lower, on Linux: elsewhere it is the whole process's.
    """

    def __init__(self, name: str, niceness: int = 0) -> None:
        self._name = name
        self._niceness = niceness
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._end: Callable[[], object] | None = None
        """Ends the thread; None: it has not begun."""
        self._is_closed = False

    async def run(self, job: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs a job and waits for its end, even when cancelled: nobody else may use its connection."""
        if self._is_closed:
            raise RuntimeError("the worker is closed")
        if self._end is None:
            self._begin()
        asked = _Job(partial(job, *args, **kwargs))
        self._jobs.put(asked)
        try:
            await asked.ended()
            if asked.error is not None:
                raise asked.error
            return cast("T", asked.result)
        finally:
            asked.error = None  # its traceback has this frame, which has the job

    def close(self) -> None:
        """Ends the thread; no job may be running."""
        self._is_closed = True
        if self._end is not None:
            self._end()

    def _begin(self) -> None:
        thread = threading.Thread(
            target=_do_all, args=(self._jobs, self._name, self._niceness), name=self._name, daemon=True
        )
        thread.start()
        # Whoever forgets to close it, or fails before, lets a job end before the process does.
        self._end = weakref.finalize(self, _end, self._jobs, thread)


def _do_all(jobs: "SimpleQueue[_Job | None]", name: str, niceness: int) -> None:
    _tell_system(name, niceness)
    while (job := jobs.get()) is not None:
        job.do()
        del job


def _end(jobs: "SimpleQueue[_Job | None]", thread: threading.Thread) -> None:
    jobs.put(None)
    thread.join()


def _tell_system(name: str, niceness: int) -> None:
    """Gives the calling thread its name, of which Linux keeps 15 bytes, and its priority."""
    if sys.platform == "linux":
        thread = threading.get_native_id()
        with suppress(OSError):  # /proc may be missing, or only be read
            Path(f"/proc/self/task/{thread}/comm").write_text(name, "ascii")
        if niceness:
            with suppress(OSError):  # a sandbox may forbid it
                os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + niceness)
