"""A line between a client and a server on which things go wrong: a proxy for the socket tests.

It delays, joins what was sent apart, splits it into single bytes, and breaks: by a close, by a reset, or by
closing one direction first. What goes wrong is drawn by a seed. It breaks so many times, then it stays whole.
"""

import asyncio
import math
import random
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial

SHAPES = ("as it is", "bytes", "joined", "late")
"""How bytes may be passed on."""

BREAKS = ("close", "reset", "half-close")
"""How a connection may end."""


class FaultyLine:
    """Passes bytes on to a port, badly.

    Args:
        target: the server's port.
        seed: of what goes wrong when.
        shapes: how bytes may be passed on, of ``SHAPES``.
    """

    def __init__(self, target: int, seed: int, shapes: Sequence[str] = SHAPES) -> None:
        self.port = 0
        self.broken: list[str] = []
        """How connections were ended, in order."""
        self._target = target
        self._shapes = shapes
        self._chance = random.Random(seed)  # noqa: S311  # reproducible
        self._is_stopping = False
        self._breaks = 0
        self._left: list[float] = []

    def break_often(self, times: int) -> None:
        """Breaks so many times from now on; called in any thread."""
        self._breaks = times
        self._left[:] = [self._soon()] if times else [math.inf]

    def _soon(self) -> float:
        """After how many bytes, of both directions together, it breaks."""
        return self._chance.randrange(600, 6000) if self._breaks else math.inf

    async def serve(self, ready: Callable[[], object]) -> None:
        """Accepts connections until it is told to stop, and ends them."""
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.setblocking(False)
            self.port = listener.getsockname()[1]
            ready()
            async with asyncio.TaskGroup() as tasks:
                while True:
                    connection, _ = await loop.sock_accept(listener)
                    if self._is_stopping:
                        break
                    tasks.create_task(self._connect(connection, ended))
                connection.close()
                ended.set()

    def stop(self) -> None:
        """Ends it; called in any thread. No task is cancelled, which would leave open what it just made."""
        self._is_stopping = True
        with suppress(ConnectionError):  # a client that came just then has woken it already
            socket.create_connection(("127.0.0.1", self.port)).close()

    async def _connect(self, connection: socket.socket, ended: asyncio.Event) -> None:
        reader, writer = await asyncio.open_connection(sock=connection)
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except ConnectionRefusedError:  # then the client's connection ends, too
            writer.close()
            return
        both = (writer, far_writer)
        left = self._left = [self._soon()]
        ways = (partial(self._pass, reader, far_writer), partial(self._pass, far_reader, writer))
        passing = [asyncio.create_task(way(left)) for way in ways]
        ending = asyncio.create_task(ended.wait())
        await asyncio.wait([*passing, ending], return_when=asyncio.FIRST_COMPLETED)
        if left[0] <= 0:
            self._breaks -= 1
            await self._break(both)
        elif not ended.is_set():  # one side has closed: the other gets what is on its way
            far_writer.close() if passing[0].done() else writer.close()
            await asyncio.wait(passing, timeout=1.0)
        for task in (*passing, ending):
            task.cancel()
        await asyncio.gather(*passing, ending, return_exceptions=True)
        for one in both:
            one.close()
        for one in both:
            with suppress(OSError):
                await asyncio.wait_for(one.wait_closed(), 1.0)
            one.transport.abort()

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, left: list[float]
    ) -> None:
        """One direction, until its end or until the line breaks; what is left of a piece then is lost."""
        with suppress(OSError):
            while data := await reader.read(4096):
                shape = self._chance.choice(self._shapes)
                if shape == "joined":  # with what comes next
                    with suppress(TimeoutError):
                        data += await asyncio.wait_for(reader.read(4096), 0.01)
                elif shape == "late":
                    await asyncio.sleep(self._chance.uniform(0, 0.01))
                pieces = [data[at : at + 1] for at in range(len(data))] if shape == "bytes" else [data]
                for piece in pieces:
                    writer.write(piece if len(piece) <= left[0] else piece[: max(0, int(left[0]))])
                    left[0] -= len(piece)
                    if left[0] <= 0:
                        return
                    await writer.drain()
                    if len(pieces) > 1:
                        await asyncio.sleep(0)

    async def _break(self, both: Sequence[asyncio.StreamWriter]) -> None:
        how = self._chance.choice(BREAKS)
        self.broken.append(how)
        if how == "half-close":
            self._chance.choice(both).write_eof()
            await asyncio.sleep(0.02)
        if how == "reset":
            for one in both:
                linger = struct.pack("ii", 1, 0)
                one.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                one.transport.abort()


@contextmanager
def faulty_line(target: int, seed: int, shapes: Sequence[str] = SHAPES) -> Iterator[FaultyLine]:
    """A faulty line to a port of this machine, for one connection at a time, while the block runs."""
    line = FaultyLine(target, seed, shapes)
    ready = threading.Event()
    thread = threading.Thread(target=asyncio.run, args=(line.serve(ready.set),))
    thread.start()
    try:
        assert ready.wait(60)
        yield line
    finally:
        line.stop()
        thread.join(60)
