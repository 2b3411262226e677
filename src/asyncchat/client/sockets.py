"""Sockets as the client's thread uses them: connecting, waiting, closing, each of which can be cut short.

Owns the system calls of TCP, and connecting for UDP too (``udp_socket``); must not know what is sent.
"""

import math
import os
import selectors
import socket
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from typing import Any, ClassVar

from asyncchat.client.address import Address

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

    Attributes:
        is_open: whether the server has answered.
    """

    KIND: ClassVar[int]
    """The kind of its socket."""
    PATIENCE: ClassVar[float] = math.inf
    """Seconds for which an answer is waited for at the most."""
    OPENS_WITH: ClassVar[int]
    """The event of a selector after which the attempt goes on."""

    def __init__(self, made: socket.socket) -> None:
        self._socket = made
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
    """A connection over TCP."""

    KIND = socket.SOCK_STREAM
    OPENS_WITH = selectors.EVENT_WRITE

    def begin(self, place: tuple[Any, ...]) -> None:
        """Begins to connect with an address."""
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        try:
            self._socket.connect(place)
        except BlockingIOError:
            return
        self.is_open = True

    def go_on(self) -> None:
        """Looks how connecting ended."""
        number = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if number:
            raise OSError(number, os.strerror(number))
        self.is_open = True

    def send(self, out: bytearray) -> None:
        """Takes what can be sent now out of the buffer."""
        if not out:
            return
        with suppress(BlockingIOError):
            del out[: self._socket.send(out)]

    def receive(self) -> bytes | None:
        """What has come; empty at the end, None for nothing yet."""
        try:
            return self._socket.recv(RECEIVE_BYTES)
        except BlockingIOError:
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
    kind: type[Connection], address: Address, timeout: float, waker: Waker, stopping: Callable[[], bool]
) -> Connection:
    """A connection; each address of the host is tried.

    Args:
        kind: over TCP or UDP.
        address: where to.
        timeout: seconds for each address.
        waker: is rung when ``stopping`` has changed.
        stopping: whether the connection is no longer wanted.

    Raises:
        OSError: no address answers.
        Interrupted: the connection is no longer wanted.
    """
    failure: OSError | None = None
    for family, type_, protocol, _, place in socket.getaddrinfo(address.host, address.port, type=kind.KIND):
        attempt = kind(socket.socket(family, type_, protocol))
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
    raise failure or OSError("the name has no address")


def _open(attempt: Connection, timeout: float, waker: Waker, stopping: Callable[[], bool]) -> None:
    """Goes on with an attempt until it is open."""
    until = time.monotonic() + timeout
    with selectors.DefaultSelector() as selector:
        selector.register(attempt, attempt.OPENS_WITH)
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
