"""Processes that a server starts and keeps running: they are started again when they end, and end with it.

Owns their start, their signals and their end (Linux). Must not know what they do.
"""

import asyncio
import logging
import os
import signal
import socket
import sys
from abc import ABC, abstractmethod
from asyncio.subprocess import DEVNULL, Process
from contextlib import suppress
from typing import Any

from asyncchat.server.reload import ServeError

_logger = logging.getLogger("asyncchat.workers")

MOST_FAILURES = 5
"""How often in a row a process may end soon after its start."""

SETTLED_SECONDS = 60.0
"""After so long an end is not taken for one of a row."""

FIRST_PAUSE, LONGEST_PAUSE = 0.25, 8.0
"""Seconds before a process is started again, twice as long each time."""

SILENCE_SECONDS = 30.0
"""After which one that gave signs of life and gives none any more is killed."""

_SIGN_BYTES = 4096

_TIED = """
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, int(signal.SIGKILL))
if os.getppid() != int(sys.argv[1]):
    sys.exit(1)
os.execv(sys.argv[2], sys.argv[2:])
"""
"""Becomes another program, which the kernel kills when the process that started it ends (PR_SET_PDEATHSIG of
prctl(2)): a supervisor that was killed leaves nobody behind."""


class Signs:
    """Signs of life of a process, given as to systemd (``WatchdogSec=``): they come from its loop."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind("")  # the system gives it a name

    @property
    def environment(self) -> dict[str, str]:
        """Has a process give them."""
        name = self._socket.getsockname()[1:].decode()
        return {"NOTIFY_SOCKET": f"@{name}", "WATCHDOG_USEC": str(int(SILENCE_SECONDS * 1_000_000))}

    async def wait_silence(self) -> None:
        """Waits until there was none for ``SILENCE_SECONDS``."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                async with asyncio.timeout(SILENCE_SECONDS):
                    await loop.sock_recv(self._socket, _SIGN_BYTES)
            except TimeoutError:
                try:
                    self._socket.recv(_SIGN_BYTES)  # this process may have stood still, not that one
                except BlockingIOError:
                    return

    def close(self) -> None:
        """Takes none any more."""
        self._socket.close()


class Child(ABC):
    """A process that is started, and started again when it ends.

    Args:
        name: what logs call it.
        signs: those that it gives when it is ready; None: it gives none.
    """

    def __init__(self, name: str, signs: Signs | None = None) -> None:
        self.name = name
        self._signs = signs
        self.process: Process | None = None
        self.ready = asyncio.Event()
        self._is_wanted = False
        """Whether its end is."""

    @abstractmethod
    async def start(self) -> Process:
        """Starts it."""

    @abstractmethod
    async def wait_ready(self, process: Process) -> bool:
        """Waits until it can be used; False: it ended before."""

    async def keep(self) -> None:
        """Has it run until cancelled.

        Raises:
            ServeError: it can't be started.
        """
        loop = asyncio.get_running_loop()
        was_ready, failures = False, 0
        while True:
            self._is_wanted = False
            began = loop.time()
            try:
                self.process = await self.start()
            except OSError as error:
                raise ServeError(f"{self.name} can't be started: {error.strerror}") from error
            if await self.wait_ready(self.process):
                was_ready = True
                self.ready.set()
            status = await self._wait(self.process)
            self.process = None
            self.ready.clear()
            if not was_ready:
                raise ServeError(f"{self.name} could not start; what it wrote above says why")
            if self._is_wanted:
                failures = 0
                continue
            failures = 1 if loop.time() - began > SETTLED_SECONDS else failures + 1
            if failures > MOST_FAILURES:
                raise ServeError(
                    f"{self.name} ended {failures} times in a row, so all stopped; the log says why it did"
                )
            _logger.error("%s %s: it is started again", self.name, _ending(status))
            await asyncio.sleep(min(FIRST_PAUSE * 2 ** (failures - 1), LONGEST_PAUSE))

    async def _wait(self, process: Process) -> int:
        """Waits for its end, and sees to it that one comes; gives its exit status."""
        watching = asyncio.create_task(self._end_silence())
        try:
            return await process.wait()
        finally:
            watching.cancel()

    async def _end_silence(self) -> None:
        if self._signs is not None and self.ready.is_set():
            await self._signs.wait_silence()
            _logger.error("%s has given no sign of life for %g s: it is killed", self.name, SILENCE_SECONDS)
            self.send(signal.SIGKILL)

    def send(self, number: signal.Signals) -> None:
        """Sends it a signal, if it runs."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                self.process.send_signal(number)

    async def send_when_ready(self, number: signal.Signals) -> None:
        """Sends it a signal that would end it while it starts."""
        await self.ready.wait()
        self.send(number)

    def close(self) -> None:
        """Takes no more signs of it."""
        if self._signs is not None:
            self._signs.close()

    async def renew(self) -> None:
        """Stops it in order, and waits until it is there again."""
        self._is_wanted = True
        self.ready.clear()
        self.send(signal.SIGTERM)
        await self.ready.wait()

    async def end(self, seconds: float) -> None:
        """Stops it in order, or kills it after some time; nobody keeps it any more."""
        if self.process is None:
            return
        self.send(signal.SIGTERM)
        try:
            async with asyncio.timeout(seconds):
                await self.process.wait()
        except TimeoutError:
            _logger.error("%s does not stop within %g s: it is killed", self.name, seconds)
            self.send(signal.SIGKILL)
            await self.process.wait()


async def spawn(command: list[str], environment: dict[str, str], **options: Any) -> Process:
    """Starts a process that ends with this one, and that signals of the terminal do not reach.

    The kernel kills it with the thread that called this: it must be the one that runs to the end.
    """
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-S", "-c", _TIED, str(os.getpid()), *command),
        env=environment,
        stdin=DEVNULL,
        start_new_session=True,
        **options,
    )


def _ending(status: int) -> str:
    """How a process has ended, for its exit status."""
    if status >= 0:
        return f"has ended with status {status}"
    try:
        return f"was ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"was ended by signal {-status}"
