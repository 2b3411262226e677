"""One client's connection: bytes in, bytes out, and how many of them wait.

Must not know what the bytes mean.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from asyncchat.dialects.base import Way
from asyncchat.server import tls
from asyncchat.server.addresses import LOCALHOST, bracketed, is_local, is_private
from asyncchat.server.limits import READ_BYTES
from asyncchat.server.udp import UdpTransport
from asyncchat.server.unix_peers import account_of_peer

if TYPE_CHECKING:
    from asyncchat.config.options import ServeConfig
    from asyncchat.server.chunked_writer import ChunkedWriter
    from asyncchat.server.tls import Certificate

_logger = logging.getLogger("asyncchat.connection")

MOST_SLOW = 16
"""How many times ``slow_bytes`` may wait at all, however short: the memory that one reader can take."""

GATHER_BYTES = 16_384
"""Bytes that wait to be sent, above which what follows is gathered: each write that the kernel does not take
costs 500 bytes of memory besides."""

CLOSE_SECONDS = 5.0
"""How long a closing connection may take to take its last bytes."""


_TCP_CLOSE = 7
"""The state of a TCP connection that is over (Linux: include/net/tcp_states.h)."""


def _discard(_data: bytes) -> None:
    """Where a closed connection's bytes go."""


def _nothing_waits() -> int:
    return 0


class _Gathered(list[bytes]):
    """What was gathered for a connection. It may be thousands of parts, so each is counted once."""

    __slots__ = ("_bytes", "_parts")

    def __init__(self) -> None:
        super().__init__()
        self._bytes = self._parts = 0

    def size(self) -> int:
        """How many bytes that is."""
        if len(self) != self._parts:
            self._bytes += sum(map(len, self[self._parts :]))
            self._parts = len(self)
        return self._bytes

    def take(self) -> bytes:
        """All of it; nothing is left."""
        data = b"".join(self)
        self.clear()
        self._bytes = self._parts = 0
        return data


class ReadTimer:
    """Ends a task's reads that take too long.

    A timer for each read would cost as much as the read, and most end long before their time. So a timer that
    is early enough is left, and looks when the present read ends only as it fires.

    Args:
        loop: the task's.
    """

    __slots__ = ("_cancelling", "_fires_at", "_handle", "_has_fired", "_loop", "_task", "_until")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._task: asyncio.Task[Any] | None = None
        self._handle: asyncio.TimerHandle | None = None
        self._fires_at = 0.0
        self._until = 0.0
        """When the present read must have ended; 0: there is none."""
        self._has_fired = False
        """Whether it has cancelled the task, which has not been told of it yet."""
        self._cancelling = 0

    def begin(self, until: float) -> None:
        """A read of the current task begins, and may take until this time of the loop."""
        self._until = until
        if self._handle is None or self._fires_at > until:
            self.stop()
            self._task = asyncio.current_task()
            self._set(until)

    def end(self) -> None:
        """The read has ended."""
        self._until = 0.0

    def expire(self) -> None:
        """The present read, if there is one, is too late now."""
        if self._until and not self._has_fired and self._task is not None:
            self._cancel(self._task)

    def was_late(self) -> bool:
        """Whether a cancelled read was only too late: the task goes on."""
        if not self._has_fired or self._task is None:
            return False
        self._has_fired = False
        return self._task.uncancel() <= self._cancelling

    def stop(self) -> None:
        """There are no more reads for now."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _set(self, at: float) -> None:
        self._fires_at = at
        self._handle = self._loop.call_at(at, self._fire)

    def _fire(self) -> None:
        self._handle = None
        if self._until > self._fires_at:
            self._set(self._until)
        elif self._until and self._task is not None:
            self._cancel(self._task)

    def _cancel(self, task: asyncio.Task[Any]) -> None:
        self._has_fired = True
        self._cancelling = task.cancelling()
        task.cancel()


class ConnectionContext:
    """What all connections of a server share: the loop, its clock, and the options.

    Args:
        options: those of the server; a reload replaces them here.
        certificate: for connections over TLS; None: there are none.
    """

    def __init__(self, options: ServeConfig, certificate: Certificate | None = None) -> None:
        self.loop = asyncio.get_running_loop()
        self.now = self.loop.time
        self.options = options
        self.certificate = certificate
        self.proxies_refused = 0
        """Headers of the PROXY protocol that were not taken."""


class Connection:
    """One client's connection.

    ``write`` takes bytes now; ``waiting`` gives how many of them the kernel has not taken yet; ``send``
    writes even while output is paused.
    """

    __slots__ = (
        "_allowance",
        "_backlog",
        "_chunked_writer",
        "_gathered",
        "_held",
        "_much_since",
        "_read_timer",
        "_reader",
        "_writer",
        "address",
        "certificate",
        "context",
        "encrypted",
        "ended",
        "heard_at",
        "secure",
        "send",
        "waiting",
        "write",
    )  # fmt: skip

    def __init__(
        self,
        context: ConnectionContext,
        address: str,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.context = context
        self.address = address
        """The client's real address: only for this server, its log and its bans."""
        self.ended = False
        self.encrypted = False
        """Whether it is over TLS."""
        self.secure = False
        """Whether the client's own connection is, to this server or to a trusted proxy, as that says."""
        self.certificate = ""
        """The fingerprint of the certificate that the client showed over TLS; empty: none."""
        self.heard_at = context.now()
        self._reader = reader
        self._writer = writer
        self._read_timer: ReadTimer | None = None
        self._allowance = 0
        self._chunked_writer: ChunkedWriter | None = None
        self._gathered: _Gathered | None = None
        self._held: list[bytes] | None = None
        self._much_since: float | None = None
        """Since when too much of what others said waits to be sent; None: it does not."""
        self.send: Callable[[bytes], object] = writer.transport.write
        self.write: Callable[[bytes], object] = self.send
        self._backlog: Callable[[], int] = writer.transport.get_write_buffer_size
        self.waiting = self._backlog

    @property
    def tls(self) -> str | None:
        """Over TLS the fingerprint of the client's certificate, or empty; None: it is not encrypted."""
        return self.certificate if self.secure else None

    @property
    def way(self) -> Way:
        """How the client is connected."""
        if self.secure:
            return Way.CERTIFICATE if self.certificate else Way.TLS
        return Way.LOCAL if is_local(self.address) else Way.OPEN

    @property
    def private(self) -> bool:
        """Whether nobody can listen: it is encrypted, or stays within a private network."""
        return self.secure or is_private(self.address)

    @property
    def peer_account(self) -> str:
        """The account of the machine's user who has connected by a Unix socket, as the options say."""
        stated = self.context.options.unix_accounts
        # Elsewhere a proxy has connected for somebody.
        return account_of_peer(self._socket, stated) if self.address == LOCALHOST else ""

    @property
    def _socket(self) -> Any:
        return self._writer.get_extra_info("socket")

    @property
    def reached_at(self) -> str:
        """Where the client reached the server, as the beginning of a URL; empty on a Unix socket."""
        name = self._writer.get_extra_info("sockname")
        if not isinstance(name, tuple):
            return ""
        host = bracketed(name[0].removeprefix("::ffff:"))
        scheme = "https" if self.secure else "http"
        return sys.intern(f"{scheme}://{host}:{name[1]}")  # thousands of sessions have the same few

    def tell(self, data: bytes) -> None:
        """Writes, but ignores a connection that is gone."""
        try:
            self.write(data)
        except RuntimeError:
            self.mark_lost()

    def pause_output(self) -> None:
        """Keeps deliveries back until ``resume_output``: an answer that is being made goes before them."""
        if self._held is not None:
            return
        self.end_gathering()
        held: list[bytes] = []
        self._held = held
        self.write = held.append
        self.waiting = lambda: sum(map(len, held))

    def resume_output(self, answer: bytes = b"") -> None:
        """Sends the answer, then what was kept back, and writes directly again."""
        held, self._held = self._held or [], None
        if not self.ended:
            self.write = self.send
            self.waiting = self._backlog
            self.tell(answer + b"".join(held))

    def gather_output(self) -> bool:
        """Gathers what it is told, for ``write_gathered``. Returns whether it does so from now on."""
        if self._gathered is not None or self._held is not None or self.ended:
            return False
        gathered = self._gathered = _Gathered()
        self.write = gathered.append
        self.waiting = lambda: self._backlog() + gathered.size()
        return True

    def write_gathered(self) -> int | None:
        """Sends what was gathered, and returns how many bytes that were; None: much waits, so it does not."""
        try:
            if self._backlog() > GATHER_BYTES:
                return None
            if self._gathered:
                data = self._gathered.take()
                self.send(data)
                return len(data)
        except RuntimeError:
            self.mark_lost()
        return 0

    def end_gathering(self) -> None:
        """Sends what was gathered, and writes directly again."""
        gathered, self._gathered = self._gathered, None
        if gathered is not None:
            self.write = self.send
            self.waiting = self._backlog
            if gathered:
                self.tell(gathered.take())

    def mark_lost(self) -> None:
        """Drops all output: uvloop raised RuntimeError because the connection was lost a moment ago.

        The session's task notices soon.
        """
        self.write = _discard
        self.waiting = _nothing_waits

    def is_slow(self) -> bool:
        """Whether too much of what others said waits to be sent, and has for too long.

        A long answer to its own command, such as a list of thousands of rooms, does not count.
        """
        options = self.context.options
        if not self._waits_more_than(options.slow_bytes + self._allowance):
            self._much_since = None
            return False
        now = self.context.now()
        if self._much_since is None:
            self._much_since = now
        return now - self._much_since >= options.slow_seconds or self._waits_more_than(
            options.slow_bytes * MOST_SLOW + self._allowance
        )

    def is_crowded(self) -> bool:
        """Whether so much waits to be sent that no more commands should be read."""
        return self._waits_more_than(self.context.options.send_bytes)

    def _waits_more_than(self, limit: int) -> bool:
        try:
            return self.waiting() > limit
        except RuntimeError:
            self.mark_lost()
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
            timer = self._read_timer
            if timer is None:
                timer = self._read_timer = ReadTimer(self.context.loop)
            timer.begin(self.context.now() + seconds)
            try:
                data = await self._reader.read(READ_BYTES)
            except asyncio.CancelledError:
                if not timer.was_late():
                    raise
                return None
            finally:
                timer.end()
        self.heard_at = self.context.now()
        return data

    async def encrypt(self, certificate: Certificate, begun: bytes) -> bool:
        """Goes on over TLS after the client's first record; whether that succeeded."""
        raw = self._writer.transport
        try:
            shown = await tls.encrypt(self._writer, certificate, begun + await self._rest())
        except (OSError, RuntimeError) as error:  # also TimeoutError, and uvloop's word for one that is gone
            _logger.info("%s: the TLS handshake failed: %s", self.address, str(error) or "the client left")
            self.mark_lost()
            return False
        transport = self._writer.transport
        transport.set_write_buffer_limits(high=self.context.options.send_bytes)
        self.encrypted = self.secure = True
        self.certificate = shown
        self.send = self.write = transport.write
        self.waiting = self._backlog = lambda: transport.get_write_buffer_size() + raw.get_write_buffer_size()
        return True

    async def _rest(self) -> bytes:
        """All that came and was not read yet; no more is received until somebody resumes.

        It came before the handshake, perhaps from somebody between: it must not be read as what came after.
        """
        rest = b""
        while True:
            self._writer.transport.pause_reading()  # type: ignore[attr-defined]
            data = await self.read(0.0)
            if data == b"":
                raise ConnectionResetError("it sends no more")
            if data is None:
                return rest
            rest += data

    def expire_read(self) -> None:
        """What is read with a deadline is too late now."""
        if self._read_timer is not None:
            self._read_timer.expire()

    def read_no_more(self) -> None:
        """Leaves what comes from now on to the kernel, until ``read_on``."""
        with contextlib.suppress(RuntimeError):  # uvloop's word for a connection that is gone
            self._writer.transport.pause_reading()  # type: ignore[attr-defined]

    def read_on(self) -> None:
        """Receives again."""
        with contextlib.suppress(RuntimeError):
            self._writer.transport.resume_reading()  # type: ignore[attr-defined]

    @property
    def unread(self) -> bytes:
        """What was received and nobody has read."""
        return bytes(self._reader._buffer)  # type: ignore[attr-defined]  # reading it would need the loop

    @property
    def is_datagrams(self) -> bool:
        """Whether it is over UDP."""
        return isinstance(self._writer.transport, UdpTransport)

    @property
    def descriptor(self) -> int:
        """The number of its open file; -1: it is gone."""
        connection = self._writer.get_extra_info("socket")
        return -1 if connection is None else int(connection.fileno())

    @property
    def unsent(self) -> int:
        """Bytes that the kernel has not taken."""
        with contextlib.suppress(RuntimeError):
            return self._backlog()
        return 0

    def write_in_chunks(self, writer: ChunkedWriter) -> None:
        """Sends through a chunked writer from now on."""
        self._chunked_writer = writer
        direct = self._backlog
        self.send = self.write = writer.write
        self.waiting = self._backlog = lambda: direct() + writer.backlog

    def half_close(self) -> None:
        """Ends the output; input is still read. With TLS, which can't, the peer is asked to end it too."""
        if self.encrypted:
            self._writer.close()
            return
        with contextlib.suppress(RuntimeError):  # uvloop's word for a connection that is gone
            self._writer.write_eof()

    @property
    def lost(self) -> bool:
        """Whether the client is gone: reset, or closed without reading what was sent.

        Once the client has sent its end, only the kernel knows; elsewhere than on Linux it is found later.
        """
        if isinstance(self._writer.transport, UdpTransport):
            return self._writer.transport.is_closing()
        connection = self._socket
        if self._reader.exception() is not None or connection is None:
            return True
        if connection.family == getattr(socket, "AF_UNIX", None) or not hasattr(socket, "TCP_INFO"):
            return False
        try:
            return bool(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == _TCP_CLOSE)
        except OSError:
            return True

    def probe_by_kernel(self, seconds: int) -> None:
        """Has TCP, or what UDP has instead, find out within so many seconds whether the peer is there."""
        if isinstance(self._writer.transport, UdpTransport):
            return self._writer.transport.probe(seconds)
        connection = self._socket
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

    def forget_error(self) -> None:
        """Lets all of a connection that was lost be freed now, and not by the cyclic collector.

        The reader keeps the error, its traceback the frames it was raised in, and those the reader.
        """
        error = self._reader.exception()
        if error is not None:
            error.__traceback__ = error.__context__ = None

    def _close(self) -> None:
        """Closes the connection once what waits is sent, or aborts it after ``CLOSE_SECONDS``."""
        self.end_gathering()
        if self._read_timer is not None:
            self._read_timer.stop()
        if self._chunked_writer is not None:
            self._chunked_writer.finish()
        self.mark_lost()
        transport = self._writer.transport
        if not transport.is_closing():
            left = transport.get_write_buffer_size()
            transport.close()
            if left or self.encrypted:  # the peer is asked to end TLS too, which it may not do
                self.context.loop.call_later(CLOSE_SECONDS, transport.abort)
