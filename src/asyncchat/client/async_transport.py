"""The task of an asyncio client: it connects, reads, writes and waits for a chat.

Owns the task and what wakes it; must not know the dialect, or when to try again (``lifecycle``).
"""

import asyncio
import logging
from collections.abc import Callable

from asyncchat.client.errors import ClientError, reason_of
from asyncchat.client.lifecycle import Lifecycle
from asyncchat.client.pending import Pending
from asyncchat.client.streams import Stream, connect
from asyncchat.client.strict_transport import note

_log = logging.getLogger(__name__)

_END_SECONDS = 2.0
"""Seconds that ``stop`` waits for the task, after which it is cancelled."""


class AsyncTransport:
    """Connects a chat with the network.

    Args:
        life: the chat.
        timeout: seconds for a connection.
    """

    def __init__(self, life: Lifecycle, timeout: float) -> None:
        self._life = life
        self._timeout = timeout
        self._woken = asyncio.Event()
        self._waiters: list[asyncio.Future[None]] = []
        self._connecting: asyncio.Task[Stream] | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Starts the task, once."""
        if self._task is not None or self._life.over:
            raise RuntimeError("a client is entered once")
        self._task = asyncio.create_task(self._run(), name=f"asyncchat {self._life.address}")

    def wake(self) -> None:
        """Makes the task look at the session."""
        self._woken.set()

    async def wait_for(self, condition: Callable[[], bool], seconds: float | None) -> bool:
        """Waits until a condition holds; whether it does."""
        try:
            async with asyncio.timeout(seconds):
                while not condition():
                    waiter = asyncio.get_running_loop().create_future()
                    self._waiters.append(waiter)
                    await waiter
        except TimeoutError:
            return condition()
        return True

    async def stop(self, reason: str = "") -> None:
        """Ends the chat: sends the goodbye, and waits for the task."""
        self._life.stop(reason)
        self._woken.set()
        self._notify()
        if self._connecting is not None:
            self._connecting.cancel()
        if self._task is None:
            self._life.end()
            return
        try:
            await asyncio.wait([self._task], timeout=_END_SECONDS)
        finally:
            self._task.cancel()
        await asyncio.wait([self._task])

    # The task.

    def _notify(self) -> None:
        """Tells those who wait that something may have changed."""
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def _run(self) -> None:
        life = self._life
        failure: ClientError | None = None
        try:
            while (pause := await self._attempt()) is not None:
                self._notify()
                if await self.wait_for(lambda: life.stopping, pause):
                    return
        except Exception as error:  # noqa: BLE001 - the edge of the task; it logs the traceback
            # A bug of ours: nothing may wait forever for a task that has ended.
            _log.exception("the client's task failed")
            failure = ClientError(f"The client failed: {error!r}")
        finally:
            life.end(failure)
            self._notify()

    async def _attempt(self) -> float | None:
        """One connection, from its start to its end; returns the pause before the next, if there is one."""
        life = self._life
        life.begin()
        self._connecting = asyncio.create_task(connect(life.address, life.tls, self._timeout))
        try:
            stream = await self._connecting
        except OSError as error:
            return life.unreachable(error)
        except ClientError as error:
            return life.after(error)
        except asyncio.CancelledError:
            self._connecting.cancel()
            if life.stopping:
                return None
            raise
        finally:
            self._connecting = None
        last_words = b""
        try:
            life.session.connected()
            failure = await self._exchange(stream)
            if life.stopping:
                last_words = life.last_words()
        except OSError as error:
            failure = ClientError(reason_of(error))
        finally:
            if life.stopping:
                await stream.close_politely(last_words)
            else:
                await stream.close()
            life.lost()
            self._notify()
        await self._note()
        return life.after(failure)

    async def _note(self) -> None:
        policy = self._life.take_policy()
        if policy is not None:
            await asyncio.to_thread(note, self._life.address, policy)

    async def _exchange(self, stream: Stream) -> ClientError:
        """Reads and writes until something ends the connection; returns what did."""
        life = self._life
        reading = asyncio.create_task(self._read(stream))
        try:
            while True:
                self._woken.clear()
                stream.write(life.turn())
                self._notify()
                await self._note()
                if life.session.failure is not None or life.stopping:
                    return life.session.failure or ClientError("closed")
                if reading.done():
                    return reading.result()
                try:
                    async with asyncio.timeout(life.wait()):
                        await self._woken.wait()
                except TimeoutError:
                    pass  # something is due
        finally:
            reading.cancel()
            await asyncio.wait([reading])

    async def _read(self, stream: Stream) -> ClientError:
        """Reads to the end of the connection; returns why it ended."""
        try:
            while (ended := self._life.receive(await stream.read())) is None:
                self._woken.set()
            return ended
        finally:
            self._woken.set()


async def finished(pending: Pending, seconds: float | None) -> None:
    """Waits until something is done, or its time is over."""
    if pending.done:
        return
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    pending.when_done(lambda: None if done.done() else done.set_result(None))
    try:
        async with asyncio.timeout(seconds):
            await done
    except TimeoutError:
        pass  # whoever asks for the result is told
