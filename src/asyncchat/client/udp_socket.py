"""A UDP socket as the client's thread uses it: like a TCP connection, with a timer.

Owns the system calls; ``dialects/udp`` has the protocol. Must not know what is said.
"""

import base64
import secrets
import selectors
import socket
import time
from collections.abc import Callable
from contextlib import suppress

from asyncchat.client.address import Address
from asyncchat.client.sockets import SAY_GOODBYE, Interrupted, Waker
from asyncchat.dialects.udp.client import UdpClientConnection

OPEN_SECONDS = 10.0
"""Seconds for an answer: five hellos are sent by then."""

REFUSED_SECONDS = 2.0
"""Seconds in which a server must answer after the kernel was told that nobody listens: that may be forged."""

SEND_BYTES = 65_536
"""Bytes that may wait to be acknowledged before the session keeps the rest."""

_DATAGRAM = 2048
"""More than the longest datagram."""

_DATAGRAMS = 64
"""Most datagrams read at a time."""


class UdpSocket:
    """A connection over UDP; used like ``sockets.TcpSocket``.

    Args:
        connected: a UDP socket that is connected with the server's address, non-blocking.
    """

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        id = base64.b32encode(secrets.token_bytes(10)).decode()
        self._protocol = UdpClientConnection(id, time.monotonic())
        self._is_refused = False

    @property
    def is_open(self) -> bool:
        """Whether the server has answered."""
        return self._protocol.is_open

    def fileno(self) -> int:
        """The file descriptor."""
        return self._socket.fileno()

    def deadline(self) -> float:
        """When ``receive`` must be called at the latest, in seconds of ``time.monotonic``."""
        return self._protocol.deadline()

    def send(self, out: bytearray) -> None:
        """Takes what can be sent now out of the buffer."""
        if out and self._protocol.waiting < SEND_BYTES:
            self._protocol.write(bytes(out))
            out.clear()
            self._flush()

    def receive(self) -> bytes | None:
        """What has come; empty at the end, None for nothing yet.

        Raises:
            OSError: the connection is lost.
        """
        protocol = self._protocol
        self._read()
        data = protocol.take()
        self._flush()
        if data:
            return data
        if protocol.over:
            raise ConnectionRefusedError if self._is_refused else OSError(protocol.over)
        return b"" if protocol.ended or protocol.over is not None else None

    def open(self) -> None:
        """Says hello, or takes the answer to it; what comes behind that waits for ``receive``."""
        self._read()
        self._flush()

    def close(self) -> None:
        """Closes it at once; the server is told, if that arrives."""
        if self._protocol.is_open and self._protocol.over is None:
            with suppress(OSError):
                self._socket.send(self._protocol.abort())
        self._socket.close()

    def close_politely(self, last_words: bytes) -> None:
        """Sends the last bytes, waits a moment until the server has all, and closes."""
        protocol = self._protocol
        protocol.write(last_words)
        protocol.end()
        until = time.monotonic() + SAY_GOODBYE
        with suppress(OSError), selectors.DefaultSelector() as selector:
            selector.register(self._socket, selectors.EVENT_READ)
            self._flush()
            while protocol.over is None and (now := time.monotonic()) < until:
                selector.select(max(0.0, min(until, protocol.deadline()) - now))
                self.receive()
        self.close()

    def _read(self) -> None:
        """Reads the datagrams that have come."""
        for _ in range(_DATAGRAMS):
            try:
                datagram = self._socket.recv(_DATAGRAM)
            except BlockingIOError:
                return
            except (ConnectionRefusedError, ConnectionResetError):  # Windows calls it a reset
                self._refused()
            else:
                self._protocol.receive_datagram(datagram, time.monotonic())

    def _flush(self) -> None:
        """Sends what is due."""
        for datagram in self._protocol.data_to_send(time.monotonic()):
            try:
                self._socket.send(datagram)
            except BlockingIOError:
                return  # it is lost, and will be repeated
            except ConnectionRefusedError:
                self._refused()

    def _refused(self) -> None:
        """The kernel was told that nobody listens there."""
        if not self._protocol.is_open:
            raise ConnectionRefusedError
        self._is_refused = True
        self._protocol.expect(REFUSED_SECONDS, time.monotonic())


def connect(address: Address, timeout: float, waker: Waker, stopping: Callable[[], bool]) -> UdpSocket:
    """A connection; each address of the host is tried.

    Args:
        address: where to.
        timeout: seconds for each address; more than ``OPEN_SECONDS`` are not waited.
        waker: is rung when ``stopping`` has changed.
        stopping: whether the connection is no longer wanted.

    Raises:
        OSError: no address answers.
        Interrupted: the connection is no longer wanted.
    """
    failure: OSError | None = None
    for family, kind, protocol, _, place in socket.getaddrinfo(
        address.host, address.port, type=socket.SOCK_DGRAM
    ):
        udp = socket.socket(family, kind, protocol)
        attempt = UdpSocket(udp)
        try:
            udp.setblocking(False)
            udp.connect(place)
            _open(attempt, min(timeout, OPEN_SECONDS), waker, stopping)
        except OSError as error:
            attempt.close()
            failure = failure or error
        except BaseException:
            attempt.close()
            raise
        else:
            return attempt
    raise failure or OSError("the name has no address")


def _open(attempt: UdpSocket, timeout: float, waker: Waker, stopping: Callable[[], bool]) -> None:
    """Says hello until the server has the connection."""
    until = time.monotonic() + timeout
    with selectors.DefaultSelector() as selector:
        selector.register(attempt, selectors.EVENT_READ)
        selector.register(waker.receiver, selectors.EVENT_READ)
        while True:
            attempt.open()
            if attempt.is_open:
                return
            now = time.monotonic()
            if now >= until:
                raise OSError("nobody answers")
            selector.select(max(0.0, min(until, attempt.deadline()) - now))
            waker.hush()
            if stopping():
                raise Interrupted
