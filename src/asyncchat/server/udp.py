"""UDP: the endpoint of a listener, and the transport through which a session reads and writes.

Owns who is at which address, the timers, and the memory of what is over; ``dialects/udp`` has the protocol.
To a session it is a connection like any other: its reader and its writer are asyncio's. Must not know what is
said.
"""

import asyncio
import logging
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from asyncchat.dialects.udp.admission import Admission, Entered, Opened
from asyncchat.dialects.udp.bare import BareConnection
from asyncchat.dialects.udp.connection import UdpConnection
from asyncchat.dialects.udp.datagrams import Gone, Hello, Move, Open, Packet, decode, encode
from asyncchat.server.limits import READ_BYTES, Budget, Rate

_logger = logging.getLogger("asyncchat.udp")

KERNEL_BYTES = 1_000_000
"""Bytes that wait for the kernel, above which datagrams are dropped: else they would fill the memory."""

CLOSE_SECONDS = 5.0
"""How long the other end may take to acknowledge the last bytes."""

REMEMBERED = 1000
"""Connections that are over and whose ids are remembered: a doubled datagram must not open one again."""

STRANGERS = Rate(2000, 2000)
"""Datagrams a second that are answered for all together who are not known, or not at this address; more are
dropped. It is a fiftieth of the loop's time, and lets a school in within a second."""

PACKETS = Rate(2000, 500)
"""Datagrams of one connection, at once and a second; more are lost. Who says as much is over its budgets, and
of acknowledgements the next one has all."""

TICK = 0.001
"""Seconds until a timer fires at the least: the loop counts milliseconds."""

UdpAddress = tuple[Any, ...]
"""What the kernel says of a datagram: host, port, and more of an IPv6 address."""

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[None, None, None]]
"""Serves a session."""

Admit = Callable[[str, bytes | None], bytes | Serve]
"""(host, the first lines of a person with ``nc -u``, else None): how it is served, or what refuses it."""


class UdpTransport(asyncio.Transport):
    """What a session writes to: one connection at an address.

    Args:
        endpoint: sends the datagrams.
        connection: the protocol.
        address: of the other end, at first.
        key: by which the endpoint knows it.
    """

    def __init__(
        self,
        endpoint: "UdpEndpoint",
        connection: UdpConnection | BareConnection,
        address: UdpAddress,
        key: str | UdpAddress,
    ) -> None:
        super().__init__()
        self.connection = connection
        self.address = address
        self.key = key
        self._endpoint = endpoint
        self._loop = asyncio.get_running_loop()
        self.reader = asyncio.StreamReader(READ_BYTES, self._loop)
        self._protocol = asyncio.StreamReaderProtocol(self.reader, loop=self._loop)
        self._high = 65_536
        self._is_full = False
        self._reading = True
        self._closing = False
        self._is_over = False
        self._had_end = False
        self._is_due = False
        self._timer: asyncio.TimerHandle | None = None
        self._abort_timer: asyncio.TimerHandle | None = None
        self._budget = Budget(self._loop.time(), PACKETS)
        self._protocol.connection_made(self)

    def stream(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """The reader and the writer of a session."""
        return self.reader, asyncio.StreamWriter(self, self._protocol, self.reader, self._loop)

    # What the endpoint calls.

    def packet(self, packet: Packet) -> None:
        """Takes a packet of a numbered connection."""
        now = self._loop.time()
        if isinstance(self.connection, UdpConnection) and self._budget.take(now):
            self.connection.receive(packet, now)
            self._received()

    def lines(self, data: bytes) -> None:
        """Takes a datagram of a bare person."""
        now = self._loop.time()
        if isinstance(self.connection, BareConnection) and self._budget.take(now):
            self.connection.receive(data, now)
            self._received()

    def gone(self) -> None:
        """The other end has no such connection any more."""
        if isinstance(self.connection, UdpConnection):
            self.connection.gone()
            self._schedule()

    def move(self, address: UdpAddress) -> None:
        """The other end has proven another address."""
        if address != self.address:
            _logger.info("%s goes on from %s", _shown(self.address), _shown(address))
            self.address = address
            if isinstance(self.connection, UdpConnection):
                self.connection.moved(self._loop.time())
            self._schedule()

    # What a session calls.

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Takes bytes to be sent, in the next datagrams."""
        if self._closing:
            return
        self.connection.write(bytes(data))
        if not self._is_full and self.connection.waiting > self._high:
            self._is_full = True
            self._protocol.pause_writing()
        self._schedule()

    def get_write_buffer_size(self) -> int:
        """Bytes that are not sent, or not acknowledged."""
        return self.connection.waiting

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Sets from how many waiting bytes on ``drain`` waits; until a quarter is left."""
        self._high = self._high if high is None else high

    def pause_reading(self) -> None:
        """What comes is held, up to a limit; the other end waits."""
        self._reading = False

    def resume_reading(self) -> None:
        """What was held is read."""
        self._reading = True
        self._received()

    def is_reading(self) -> bool:
        """Whether what comes is read."""
        return self._reading

    def can_write_eof(self) -> bool:
        """Yes: the last packet says that it is the last one."""
        return True

    def write_eof(self) -> None:
        """Nothing more is written."""
        self.connection.end()
        self._schedule()

    def probe(self, seconds: float) -> None:
        """Asks the other end whether it is there; it is lost if nothing comes in this time."""
        self.connection.expect(seconds, self._loop.time())
        self._schedule()

    def is_closing(self) -> bool:
        """Whether it is over, or will be soon."""
        return self._closing

    def close(self) -> None:
        """Ends it when all that was written is acknowledged, or after ``CLOSE_SECONDS``."""
        if not self._closing:
            self._closing = True
            self.connection.end()
            self._schedule()
            self._abort_timer = self._loop.call_later(CLOSE_SECONDS, self.abort)

    def abort(self) -> None:
        """Ends it now."""
        if not self._is_over:
            farewell = self.connection.abort()
            if farewell:
                self._endpoint.send(farewell, self.address)
            self._finish("")

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """The address of the other end; there is no socket of its own."""
        return self.address if name == "peername" else default

    # Details.

    def _received(self) -> None:
        """Reads what has come, and answers at the end of this pass of the loop."""
        if self._reading and not self._is_over:
            data = self.connection.take()
            if data:
                self.reader.feed_data(data)
            if self.connection.ended and not self._had_end:
                self._had_end = True
                self._protocol.eof_received()
        self._schedule()

    def _schedule(self) -> None:
        if not self._is_due and not self._is_over:
            self._is_due = True
            self._loop.call_soon(self._flush)

    def _fire(self) -> None:
        self._timer = None
        self._schedule()

    def _flush(self) -> None:
        """Sends what is due, and looks whether it is over."""
        self._is_due = False
        if self._is_over:
            return
        now = self._loop.time()
        connection = self.connection
        for datagram in connection.data_to_send(now):
            self._endpoint.send(datagram, self.address)
        if self._is_full and connection.waiting <= self._high // 4:
            self._is_full = False
            self._protocol.resume_writing()
        if connection.over is not None:
            self._finish(connection.over)
        elif self._closing and not connection.unfinished:
            self._finish("")
        else:
            self._set_timer(max(connection.deadline(), now + TICK))

    def _set_timer(self, when: float) -> None:
        """A timer that is early enough stays: it looks again when it fires."""
        if self._timer is not None:
            if self._timer.when() <= when:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(when, self._fire)

    def _finish(self, reason: str) -> None:
        self._is_over = self._closing = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._endpoint.forget(self)
        if self._abort_timer is not None:
            self._abort_timer.cancel()
            self._abort_timer = None
        self._loop.call_soon(self._lose, ConnectionResetError(reason) if reason else None)

    def _lose(self, error: Exception | None) -> None:
        """Tells the session. What refers to each other is parted: it is freed now, not by the collector."""
        self._protocol.connection_lost(error)
        del self._protocol, self.reader


class UdpEndpoint(asyncio.DatagramProtocol):
    """One UDP socket, and all connections over it.

    Args:
        admission: answers those who are not known.
        admit: begins sessions.
        locked: whether the server asks for a password first.
    """

    def __init__(self, admission: Admission, admit: Admit, locked: Callable[[], bool]) -> None:
        self._admission = admission
        self._admit = admit
        self._locked = locked
        self._is_accepting = True
        self._connections: dict[str | UdpAddress, UdpTransport] = {}
        """By their ids; those of bare persons by their addresses."""
        self._over: dict[str, None] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()
        self._strangers = Budget(self._loop.time(), STRANGERS)
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is open."""
        self._transport = transport

    def error_received(self, exc: Exception) -> None:
        """The kernel tells of an earlier datagram; whoever does not answer is found by the time-outs."""
        _logger.debug("UDP: %s", exc)

    def stop_accepting(self) -> None:
        """Begins no more sessions; those that are there go on."""
        self._is_accepting = False

    def close(self) -> None:
        """Closes the socket."""
        self._transport.close()

    def send(self, data: bytes, address: UdpAddress) -> None:
        """Sends a datagram, unless so much waits for the kernel that it is better lost."""
        if not self._transport.is_closing() and self._transport.get_write_buffer_size() < KERNEL_BYTES:
            self._transport.sendto(data, address)

    def forget(self, transport: UdpTransport) -> None:
        """A connection is over."""
        if self._connections.pop(transport.key, None) is not None and isinstance(transport.key, str):
            self._over[transport.key] = None
            if len(self._over) > REMEMBERED:
                del self._over[next(iter(self._over))]

    def datagram_received(self, data: bytes, addr: UdpAddress) -> None:
        """Hands a datagram to its connection, or answers whoever sent it."""
        datagram = decode(data)
        match datagram:
            case Packet(id) if (known := self._connections.get(id)) is not None:
                if known.address == addr:
                    known.packet(datagram)
                elif self._strangers.take(now := self._loop.time()):
                    self._answer(self._admission.renewed(data, addr[:2], now), addr)
                return
            case Gone(id):
                known = self._connections.get(id)
                if known is not None and known.address == addr:
                    known.gone()
                return
            case Hello() | Open() | Move():
                pass
            case _ if (person := self._connections.get(addr)) is not None:
                person.lines(data)
                return
        now = self._loop.time()
        if not self._strangers.take(now):
            return
        answer = self._admission.answer(data, addr[:2], now, locked=self._locked())
        if isinstance(answer, Opened):
            self._open(answer, addr)
        elif isinstance(answer, Entered):
            self._enter(data, answer.lines, addr)
        else:
            self._answer(answer, addr)

    def _answer(self, answer: bytes, address: UdpAddress) -> None:
        if answer:
            self.send(answer, address)

    def _open(self, opened: Opened, address: UdpAddress) -> None:
        """Opens a connection, or goes on with it from another address."""
        known = self._connections.get(opened.id)
        if known is None and (opened.moves or opened.id in self._over or not self._is_accepting):
            self.send(encode(Gone(opened.id)), address)
        elif known is None:
            serve = self._admit(_host(address), None)
            if isinstance(serve, bytes):
                self.send(encode(Packet(opened.id, 1, is_last=True, text=serve)), address)
                return
            known = UdpTransport(self, UdpConnection(opened.id, self._loop.time()), address, opened.id)
            self._begin(known, serve)
        if known is not None:
            known.move(address)
            known.packet(Packet(opened.id, asks=True))

    def _enter(self, data: bytes, lines: bytes, address: UdpAddress) -> None:
        """Begins with a bare person."""
        if not self._is_accepting:
            return
        serve = self._admit(_host(address), lines)
        if isinstance(serve, bytes):
            self.send(serve, address)
            return
        person = UdpTransport(self, BareConnection(data, self._loop.time()), address, address)
        self._begin(person, serve)
        person.lines(lines)

    def _begin(self, transport: UdpTransport, serve: Serve) -> None:
        self._connections[transport.key] = transport
        task = self._loop.create_task(serve(*transport.stream()))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _host(address: UdpAddress) -> str:
    """The host, interned: a thousand people behind one address share one string."""
    return sys.intern(str(address[0]).removeprefix("::ffff:"))


def _shown(address: UdpAddress) -> str:
    return f"{address[0]} port {address[1]}"
