"""A connection as its session has it: what goes out at once, what waits, and what comes in.

Owns the bytes' way and their measure; must not know what they mean.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from ipaddress import ip_address
from typing import TYPE_CHECKING

from asyncchat.server.limits import READ_BYTES

if TYPE_CHECKING:
    from asyncchat.server.pacing import Pacer
    from asyncchat.server.service import Service

CLOSE_SECONDS = 5.0
"""How long a closing connection may take to take its last bytes."""


def _discard(_data: bytes) -> None:
    """Where a closed connection's bytes go."""


def _nothing_waits() -> int:
    return 0


class Line:
    """One client's connection.

    ``write`` takes bytes now, whatever becomes of them; ``waiting`` gives how many the kernel has not yet
    taken; ``send`` writes past a hold.
    """

    __slots__ = (
        "_allowance", "_backlog", "_held", "_pacer", "_reader", "_writer", "address", "ended", "heard",
        "send", "service", "waiting", "write",
    )  # fmt: skip

    def __init__(
        self, service: Service, address: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.service = service
        self.address = address
        """Where the client comes from: for this server's eyes, its log's and its bans'."""
        self.ended = False
        self.heard = service.now()
        self._reader = reader
        self._writer = writer
        self._allowance = 0
        self._pacer: Pacer | None = None
        self._held: list[bytes] | None = None
        self.send: Callable[[bytes], object] = writer.transport.write
        self.write: Callable[[bytes], object] = self.send
        self._backlog: Callable[[], int] = writer.transport.get_write_buffer_size
        self.waiting = self._backlog

    @property
    def private(self) -> bool:
        """Whether nobody listens on the way: the connection does not leave a private network."""
        try:
            address = ip_address(self.address.partition("%")[0])
        except ValueError:
            return True  # a Unix socket
        return address.is_private or address.is_loopback or address.is_link_local

    def tell(self, data: bytes) -> None:
        """Writes, where the speed of ``write`` is not needed; to a connection that is gone, nothing."""
        try:
            self.write(data)
        except RuntimeError:
            self.lose()

    def hold(self) -> None:
        """Lets deliveries wait, because an answer made meanwhile goes before them."""
        held: list[bytes] = []
        self._held = held
        self.write = held.append
        self.waiting = lambda: sum(map(len, held))

    def release(self, answer: bytes = b"") -> None:
        """Ends a hold: the answer, then what waited."""
        held, self._held = self._held or [], None
        if not self.ended:
            self.write = self.send
            self.waiting = self._backlog
            self.tell(answer + b"".join(held))

    def lose(self) -> None:
        """The connection is gone: uvloop raises RuntimeError for one that was lost a moment ago.

        The session's task is about to notice; until then what it is told goes nowhere.
        """
        self.write = _discard
        self.waiting = _nothing_waits

    def is_slow(self) -> bool:
        """Whether too much of what others said waits for this session that the loop could not write.

        A long answer of its own, a list of thousands of rooms, does not count.
        """
        return self._waits_more_than(self.service.options.slow_bytes + self._allowance)

    def is_crowded(self) -> bool:
        """Whether so much waits to be sent that this session's commands should wait too."""
        return self._waits_more_than(self.service.options.send_bytes)

    def _waits_more_than(self, limit: int) -> bool:
        try:
            return self.waiting() > limit
        except RuntimeError:
            self.lose()
            return False

    async def drained(self) -> None:
        """Waits until little is left to send."""
        if self.is_crowded():
            await self._writer.drain()
        self._allowance = 0

    async def read(self, seconds: float | None = None) -> bytes | None:
        """The next chunk; empty at the end of input, None when none came in this time."""
        if seconds is None:
            data = await self._reader.read(READ_BYTES)
        else:
            try:
                async with asyncio.timeout(seconds):
                    data = await self._reader.read(READ_BYTES)
            except TimeoutError:
                return None
        self.heard = self.service.now()
        return data

    def pace(self, pacer: Pacer) -> None:
        """Sends through a pacer from now on."""
        self._pacer = pacer
        direct = self._backlog
        self.send = self.write = pacer.write
        self.waiting = self._backlog = lambda: direct() + pacer.backlog

    def half_close(self) -> None:
        """Tells the peer that nothing more comes, while what it sends is still read."""
        with contextlib.suppress(RuntimeError):  # uvloop's word for a connection that is gone
            self._writer.write_eof()

    def probe_by_kernel(self, seconds: int) -> None:
        """Lets TCP find out within so many seconds whether a peer that answers no question is there."""
        connection = self._writer.get_extra_info("socket")
        if connection is None or connection.family == getattr(socket, "AF_UNIX", None):
            return
        # Where the last is set, Linux counts its time and not the probes (tcp(7)).
        asked = (
            ("TCP_KEEPIDLE", 1),
            ("TCP_KEEPINTVL", 1),
            ("TCP_KEEPCNT", seconds - 1),
            ("TCP_USER_TIMEOUT", seconds * 1000),
        )
        for name, value in asked:
            if hasattr(socket, name):
                with contextlib.suppress(OSError, ValueError):  # it is gone already
                    connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)

    def _close(self) -> None:
        """Closes the connection once what waits is sent, or does so the hard way."""
        if self._pacer is not None:
            self._pacer.finish()
        self.lose()
        transport = self._writer.transport
        if not transport.is_closing():
            left = transport.get_write_buffer_size()
            transport.close()
            if left:
                self.service.loop.call_later(CLOSE_SECONDS, transport.abort)
