"""Sockets as the client's thread uses them: connecting, waiting, closing, each of which can be cut short.

Owns the system calls of TCP, and connecting for UDP too (``udp_socket``); must not know what is sent.
"""

from __future__ import annotations

import math
import os
import selectors
import socket
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar

from asyncchat.client.address import Address

if TYPE_CHECKING:
    import ssl

    from asyncchat.client.tls import TlsLayer

RECEIVE_BYTES = 65536
"""Most bytes read at a time."""

SAY_GOODBYE = 1.0
"""Seconds for the server to close first, so that a reset does not cut off our last bytes."""


class Interrupted(Exception):
    """The connection that is being made is no longer wanted."""


class Waker:
    """Wakes a thread that waits on sockets."""

    def __init__(self) -> None:
        self.receiver, self._sender = socket.socketpair()
        self.receiver.setblocking(False)
        self._sender.setblocking(False)

    def ring(self) -> None:
        """Wakes the thread, now or at its next wait."""
        with suppress(OSError):  # the buffer is full, or it is closed
            self._sender.send(b"\0")

    def hush(self) -> None:
        """Clears all calls of ``ring``."""
        with suppress(OSError):
            while self.receiver.recv(4096):
                pass

    def close(self) -> None:
        """Closes it."""
        self.receiver.close()
        self._sender.close()


class Connection(ABC):
    """A connection, or the attempt to make one. It blocks nowhere but in ``close_politely``.

    Args:
        made: its socket.
        tls: encrypts it, if it is over TCP; None: it is not encrypted.

    Attributes:
        is_open: whether the server has answered.
        opens_with: the event of a selector after which the attempt goes on.
    """

    KIND: ClassVar[int]
    """The kind of its socket."""
    PATIENCE: ClassVar[float] = math.inf
    """Seconds for which an answer is waited for at the most."""
    opens_with = selectors.EVENT_READ

    def __init__(self, made: socket.socket, tls: TlsLayer | None) -> None:
        self._socket = made
        self._tls = tls
        self._socket.setblocking(False)
        self.is_open = False

    def fileno(self) -> int:
        """The file descriptor."""
        return self._socket.fileno()

    @abstractmethod
    def begin(self, place: tuple[Any, ...]) -> None:
        """Begins to connect with an address."""

    @abstractmethod
    def go_on(self) -> None:
        """Goes on with that, when the event has come or the timer has ended.

        Raises:
            OSError: nobody listens there.
        """

    def deadline(self) -> float | None:
        """When ``receive``, or ``go_on``, must be called at the latest (``time.monotonic``); None: never."""
        return None

    @abstractmethod
    def send(self, out: bytearray) -> None:
        """Takes what can be sent now out of the buffer."""

    @abstractmethod
    def receive(self) -> bytes | None:
        """What has come; empty at the end, None for nothing yet.

        Raises:
            OSError: the connection is lost.
        """

    def close(self) -> None:
        """Closes it at once."""
        self._socket.close()

    @abstractmethod
    def close_politely(self, last_words: bytes) -> None:
        """Sends the last bytes, waits a moment for the server, and closes."""


class TcpSocket(Connection):
    """A connection over TCP, perhaps with TLS, or over a Unix socket."""

    KIND = socket.SOCK_STREAM
    opens_with = selectors.EVENT_WRITE

    def __init__(self, made: socket.socket, tls: TlsLayer | None = None) -> None:
        super().__init__(made, tls)
        self._encrypted: ssl.SSLSocket | None = None
        self._later = (BlockingIOError,) if tls is None else tls.later

    def begin(self, place: tuple[Any, ...] | str) -> None:
        """Begins to connect with an address, or a path."""
        if isinstance(place, tuple):
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        with suppress(BlockingIOError):
            self._socket.connect(place)

    def go_on(self) -> None:
        """Looks how connecting ended, then makes the handshake of TLS."""
        number = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if number:
            raise OSError(number, os.strerror(number))
        if self._tls is not None:
            if self._encrypted is None:
                self._socket = self._encrypted = self._tls.wrap(self._socket)
            waits_for = self._tls.shake_hands(self._encrypted)
            if waits_for:
                self.opens_with = waits_for
                return
        self.is_open = True

    def send(self, out: bytearray) -> None:
        """Takes what can be sent now out of the buffer."""
        if not out:
            return
        with suppress(*self._later):
            del out[: self._socket.send(out)]

    def receive(self) -> bytes | None:
        """What has come; empty at the end, None for nothing yet."""
        with suppress(*self._later):
            # More than a record of TLS (RFC 8446, 5.1): nothing stays unseen behind the socket.
            return self._socket.recv(RECEIVE_BYTES)
        return None

    def close_politely(self, last_words: bytes) -> None:
        """Sends the last bytes, waits a moment for the server to close, and closes."""
        until = time.monotonic() + SAY_GOODBYE
        try:
            self._socket.settimeout(SAY_GOODBYE)
            self._socket.sendall(last_words)
            self._socket.shutdown(socket.SHUT_WR)
            while (left := until - time.monotonic()) > 0:
                self._socket.settimeout(left)
                if not self._socket.recv(RECEIVE_BYTES):
                    break
        except OSError:
            pass  # it is gone already, or too slow
        finally:
            self._socket.close()


def connect(
    kind: type[Connection],
    address: Address,
    tls: TlsLayer | None,
    timeout: float,
    waker: Waker,
    stopping: Callable[[], bool],
) -> Connection:
    """A connection; each address of the host is tried.

    Args:
        kind: over TCP or UDP.
        address: where to.
        tls: encrypts it; None: it is not encrypted.
        timeout: seconds for each address.
        waker: is rung when ``stopping`` has changed.
        stopping: whether the connection is no longer wanted.

    Raises:
        OSError: no address answers.
        ClientError: the server does not speak TLS, or is not trusted.
        Interrupted: the connection is no longer wanted.
    """
    failure: OSError | None = None
    found = address.socket_path or socket.getaddrinfo(address.host, address.port, type=kind.KIND)
    for family, type_, protocol, _, place in found:
        attempt = kind(socket.socket(family, type_, protocol), tls)
        try:
            attempt.begin(place)
            _open(attempt, min(timeout, kind.PATIENCE), waker, stopping)
        except OSError as error:
            attempt.close()
            failure = failure or error
        except BaseException:
            attempt.close()
            raise
        else:
            return attempt
    if tls is not None and failure is not None:
        raise tls.failure(failure, timeout) or failure
    raise failure or OSError("the name has no address")


def _open(attempt: Connection, timeout: float, waker: Waker, stopping: Callable[[], bool]) -> None:
    """Goes on with an attempt until it is open."""
    until = time.monotonic() + timeout
    with selectors.DefaultSelector() as selector:
        selector.register(attempt, attempt.opens_with)
        selector.register(waker.receiver, selectors.EVENT_READ)
        while not attempt.is_open:
            now = time.monotonic()
            if now >= until:
                raise TimeoutError(f"no answer in {timeout:g} s")
            timer = attempt.deadline()
            wait = until - now if timer is None else max(0.0, min(until, timer) - now)
            ready = {key.fileobj for key, _ in selector.select(wait)}
            waker.hush()
            if stopping():
                raise Interrupted
            if attempt in ready or timer is not None:
                attempt.go_on()
                selector.modify(attempt, attempt.opens_with)
