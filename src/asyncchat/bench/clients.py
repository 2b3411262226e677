"""Connects a scenario's clients, as many at once as a server can take, until each has joined its room.

Owns the sockets. It must not know what is sent afterwards, nor what is measured.
"""

import contextlib
import errno
import os
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NoReturn, Self

from asyncchat.bench.poller import CLOSED, Poller
from asyncchat.bench.protocols import JOINED, Address, Dialect
from asyncchat.bench.tls import TlsSocket
from asyncchat.bench.websocket import Frames
from asyncchat.errors import AsyncChatError

if sys.platform == "linux":
    from fcntl import ioctl
    from termios import TIOCOUTQ  # for a socket: the bytes that the other side has not acknowledged
else:
    ioctl = None

CHUNK = 64 * 1024
# How many connect at the same time. InspIRCd lets waiting clients in only once a second.
AT_ONCE = 1000
# So many connect in a millisecond. When the server's backlog is full, TCP tries again after one second, then
# two, four, and gives up. So no more are started while three wait. One that waits for 0.1 s (longer than a
# delayed acknowledgement) shows a short backlog (ngIRCd has 10); then no more connect at once than fit into
# it.
_BURST, _MOST_WAITING, _SHORT_BACKLOG = 10, 3, 8
_BURST_SECONDS, _WAITING_SECONDS, _TURN_SECONDS = 0.001, 0.1, 0.05
# While others join, those who have joined are read only this often: each of thousands is told of a thousand
# joins, and reading each line at once would measure the generator instead of the server.
_SWEEP_SECONDS = 0.1
_STUCK_SECONDS = 30.0
# The plain dialect has no ping: a client that receives nothing for so long has received everything.
_QUIET_SECONDS = 0.3
# Enough for the line in which a server says why it closes the connection.
_LAST_WORDS = 300
_CONNECTING, _UPGRADING = -2, -1

Progress = Callable[[str], None]


class ServerClosed(AsyncChatError):
    """The server closed a connection that should stay."""


class Connection:
    """One client's socket, and how far its registration has come."""

    __slots__ = (
        "address",
        "dialect",
        "end",
        "fd",
        "frames",
        "nick",
        "pinged",
        "recv",
        "room",
        "sock",
        "stage",
        "tail",
        "version",
    )

    def __init__(self, address: Address, dialect: Dialect, nick: str, room: int) -> None:
        self.address, self.dialect, self.nick, self.room = address, dialect, nick, room
        self.stage = _CONNECTING
        self.tail = b""
        self.pinged = False  # a PING was sent, and no PONG has come
        self.end = b""  # the last bytes that were received
        self.version: str | None = None
        self.frames = None if dialect.shared is None else Frames(dialect.shared)
        family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = TlsSocket(sock) if address.tls else sock
        self.fd, self.recv = self.sock.fileno(), self.sock.recv
        if (code := sock.connect_ex((address.host, address.port))) not in (0, errno.EINPROGRESS):
            self._failed(code)

    @property
    def joined(self) -> bool:
        """Tell whether it is in its room."""
        return self.stage == JOINED

    def advance(self, mask: int = 0) -> bool:
        """Do what the socket allows; return whether something was received.

        Args:
            mask: The poller's event; if the connection is closed, everything up to the end is read.

        Raises:
            AsyncChatError: The server cannot be reached, refuses, or closes.
        """
        if self.stage == _CONNECTING:
            if code := self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                self._failed(code)
            opening = self.dialect.opening(self.address, self.nick)
            try:
                self.sock.send(opening or self.dialect.hello(self.nick))
            except (BlockingIOError, OSError) as error:
                if error.errno in (errno.ENOTCONN, errno.EAGAIN):
                    return False
                self._closed(error.strerror or "an error")
            self.stage = _UPGRADING if opening else 0
        received = False
        while chunk := self.read():
            self._heard(chunk)
            received = True
            if len(chunk) < CHUNK and not mask & CLOSED:
                break
        return received

    def send(self, lines: bytes) -> None:
        """Send a few short lines; the socket's buffer is empty enough for them."""
        with contextlib.suppress(OSError):  # reading finds a closed connection
            self.sock.send(self.dialect.wire(lines))

    def waits(self) -> bool:
        """Tell whether the server has not accepted the connection yet, because its backlog is full."""
        if self.stage == _CONNECTING:
            return True
        if ioctl is None:
            return False
        return bool(int.from_bytes(ioctl(self.fd, TIOCOUTQ, bytes(4)), sys.byteorder))

    def close(self) -> None:
        """Close the socket."""
        self.sock.close()

    def read(self) -> bytes:
        """Return what has arrived; empty if nothing has.

        Raises:
            ServerClosed: The server has closed the connection.
        """
        try:
            chunk = self.recv(CHUNK)
        except BlockingIOError:
            return b""
        except OSError as error:
            self._closed(error.strerror or "an error")
        if not chunk:
            self._closed("it does not say why")
        return chunk

    def _heard(self, chunk: bytes) -> None:
        if self.stage == _UPGRADING:
            head, found, chunk = (self.tail + chunk).partition(b"\r\n\r\n")
            if not found:
                self.tail = head
                return
            self.tail = b""
            status = head.partition(b"\r\n")[0].decode(errors="replace")
            if " 101 " not in status:
                raise AsyncChatError(f"{self.address} is no WebSocket: {status}")
            self.stage = 0
            self.send(self.dialect.hello(self.nick))
        if self.frames is not None:
            chunk = self.frames.read(chunk)
        text = self.tail + chunk if self.tail else chunk
        self.end = text[-_LAST_WORDS:]
        whole = text.rfind(b"\n") + 1
        self.tail = text[whole:]
        if not self.joined:
            if said := self.dialect.refusal(text):
                raise AsyncChatError(f"{self.address} refuses a client: {said}")
            self.version = self.version or self.dialect.version(text[:whole])
            self.stage, answer = self.dialect.step(self.stage, text, self.nick, self.room)
            if answer:
                self.send(answer)
        # Only one search: most of it is others' joins, a hundred million bytes in all.
        if b"PING" in text:
            for line in text[:whole].splitlines():
                if answer := self.dialect.answer(line):
                    self.send(answer)
        if self.pinged and b"PONG" in text:
            self.pinged = False

    def _closed(self, why: str) -> NoReturn:
        said = self.dialect.closing(self.end) or why
        raise ServerClosed(f"{self.address} closes the connection of {self.nick}: {said}")

    def _failed(self, code: int) -> NoReturn:
        raise AsyncChatError(f"cannot connect to {self.address}: {os.strerror(code)}")


class Clients:
    """All clients of a scenario.

    Args:
        address: The server.
        dialect: The dialect that they speak.
        rooms: The room's number of each client, in order.
        poller: Watches their sockets; it has all of them when ``settle`` returns.
        progress: Called with how many have joined.
        others: The server's other nodes: each room's clients are spread evenly over all.
    """

    def __init__(
        self,
        address: Address,
        dialect: Dialect,
        rooms: Iterable[int],
        poller: Poller,
        progress: Progress,
        others: Sequence[Address] = (),
    ) -> None:
        self.connections: list[Connection] = []
        self.version: str | None = None
        self._nodes = (address, *others)
        self._in_room: Counter[int] = Counter()
        self.address, self._dialect, self._poller, self._progress = address, dialect, poller, progress
        self._rooms = list(rooms)
        self._watched = False
        self._table: dict[int, Connection] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def join(self) -> float:
        """Connect and join all; return the seconds from the first attempt until all have joined.

        Raises:
            AsyncChatError: The server cannot be reached, refuses, closes, or nothing happens for 30 s.
        """
        began = moved = now = time.monotonic()
        swept = told = began
        coming: dict[int, Connection] = {}
        inside: list[Connection] = []
        waiting: dict[Connection, float] = {}
        at_once, started = AT_ONCE, 0.0
        while len(inside) < len(self._rooms):
            more = min(at_once - len(coming), len(self._rooms) - len(self.connections), _BURST)
            if more > 0 and now - started >= _BURST_SECONDS:
                waiting = {each: since for each, since in waiting.items() if each.waits()}
                if any(now - since > _WAITING_SECONDS for since in waiting.values()):
                    at_once = _SHORT_BACKLOG
                self._start(more, coming, waiting)
                started = now
            for fd, mask in self._poller.wait(_BURST_SECONDS if more > 0 else _TURN_SECONDS):
                connection = coming[fd]
                if connection.advance(mask):
                    moved = now
                if connection.joined:
                    inside.append(coming.pop(fd))
                    self._poller.remove(fd)
            now = time.monotonic()
            if now - swept > _SWEEP_SECONDS:
                for connection in inside:
                    connection.advance()
                swept = time.monotonic()
            if now - told > 1:
                told = now
                self._progress(f"{len(inside):,} of {len(self._rooms):,} clients have joined")
            if now - moved > _STUCK_SECONDS:
                raise AsyncChatError(
                    f"{self.address}: {len(inside)} of {len(self._rooms)} clients have joined, "
                    f"then nothing for {_STUCK_SECONDS:.0f} s"
                )
        took = time.monotonic() - began
        self.version = next((each.version for each in inside if each.version), None)
        return took

    def settle(self) -> None:
        """Wait until each client has read everything that was sent before: the others' joins.

        Raises:
            AsyncChatError: The server closes a connection, or does not answer for 30 s.
        """
        for connection in self.connections:
            if not self._watched:
                self._poller.add(connection.fd)
            connection.pinged = True
            connection.advance()
            if self._dialect.has_ping:
                connection.send(b"PING bench\r\n")
        self._watched = True
        missing = {connection.fd for connection in self.connections if connection.pinged}
        heard = time.monotonic()
        while missing:
            if answered := self._turn():
                heard = time.monotonic()
            missing -= {connection.fd for connection in answered if not connection.pinged}
            silent = time.monotonic() - heard
            if not self._dialect.has_ping and silent > _QUIET_SECONDS:
                break
            if silent > _STUCK_SECONDS:
                raise AsyncChatError(f"{self.address} does not answer {len(missing)} clients")

    def stay(self, seconds: float) -> None:
        """Stay connected for so long after ``settle``, answering only pings."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._turn()

    def _turn(self) -> list[Connection]:
        table = self._table
        if not table:
            table.update((connection.fd, connection) for connection in self.connections)
        heard = []
        for fd, mask in self._poller.wait(0.1):
            table[fd].advance(mask)
            heard.append(table[fd])
        return heard

    def leave(self) -> None:
        """Quit with all clients; what is still in transit is not read."""
        for connection in self.connections:
            connection.send(self._dialect.leave())
        self.close()

    def close(self) -> None:
        """Close all sockets."""
        for connection in self.connections:
            connection.close()
        self.connections.clear()

    def _start(self, burst: int, coming: dict[int, Connection], waiting: dict[Connection, float]) -> None:
        """Start a burst of connections, until too many wait for the server to take them."""
        for _ in range(burst):
            if len(waiting) >= _MOST_WAITING:
                return
            number = len(self.connections)
            room = self._rooms[number]
            # A room's first client is not always on the first node: often only that one sends.
            node = (room + self._in_room[room]) % len(self._nodes)
            self._in_room[room] += 1
            connection = Connection(self._nodes[node], self._dialect, nick(self._dialect, number), room)
            self.connections.append(connection)
            coming[connection.fd] = connection
            connection.advance()
            self._poller.add(connection.fd)
            if connection.waits():
                waiting[connection] = time.monotonic()


def nick(dialect: Dialect, number: int) -> str:
    """Return a client's name: at most nine characters, RFC 2812's limit."""
    return f"b{dialect.tag}{number:05x}"
