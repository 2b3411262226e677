"""One thread with a queue of jobs that take long.

Owns the thread. It must not know what the jobs do.
"""

import asyncio
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Worker:
    """A thread that is started with its first job.

    Args:
        name: its name; on Linux the system has it too, such as for ``top -H``.
    """

    def __init__(self, name: str) -> None:
        self._executor = ThreadPoolExecutor(1, name, _name_thread, (name,))

    async def run(self, job: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs a job and waits for its end, even when cancelled: nobody else may use its connection."""
        done = asyncio.wrap_future(self._executor.submit(job, *args, **kwargs))
        cancelled: asyncio.CancelledError | None = None
        while not done.done():
            try:
                await asyncio.wait((done,))
            except asyncio.CancelledError as error:
                cancelled = error
        if cancelled is not None:
            if not done.cancelled():
                done.exception()  # retrieved, so that asyncio does not warn about it
            raise cancelled
        return done.result()

    def close(self) -> None:
        """Ends the thread; no job may be running."""
        self._executor.shutdown()


def _name_thread(name: str) -> None:
    """Tells the system the calling thread's name, of which Linux keeps 15 bytes."""
    if sys.platform == "linux":
        with suppress(OSError):  # /proc may be missing, or only be read
            Path(f"/proc/self/task/{threading.get_native_id()}/comm").write_text(name, "ascii")
