"""TCP sockets as the client's thread uses them: connecting, waiting, closing, each of which can be cut short.

Owns the system calls; must not know what is sent.
"""

import os
import selectors
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

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


def reason_of(error: OSError, timeout: float) -> str:
    """Why a connection failed, as the end of a sentence."""
    if isinstance(error, socket.gaierror):
        return "the name is unknown"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, TimeoutError):
        return f"no answer in {timeout:g} s"
    if isinstance(error, ConnectionResetError | BrokenPipeError | ConnectionAbortedError):
        return "the connection was reset"
    return (error.strerror or str(error) or type(error).__name__).lower()


class TcpSocket:
    """A connection over TCP.

    Args:
        connected: its socket, non-blocking.
    """

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected

    def fileno(self) -> int:
        """The file descriptor."""
        return self._socket.fileno()

    def deadline(self) -> None:
        """It has no timer of its own."""

    def send(self, out: bytearray) -> None:
        """Takes what can be sent now out of the buffer."""
        if not out:
            return
        with suppress(BlockingIOError):
            del out[: self._socket.send(out)]

    def receive(self) -> bytes | None:
        """What has come; empty at the end, None for nothing yet.

        Raises:
            OSError: the connection is lost.
        """
        try:
            return self._socket.recv(RECEIVE_BYTES)
        except BlockingIOError:
            return None

    def close(self) -> None:
        """Closes it at once."""
        self._socket.close()

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


def connect(address: Address, timeout: float, waker: Waker, stopping: Callable[[], bool]) -> TcpSocket:
    """A connection; each address of the host is tried.

    Args:
        address: where to.
        timeout: seconds for each address.
        waker: is rung when ``stopping`` has changed.
        stopping: whether the connection is no longer wanted.

    Raises:
        OSError: no address answers.
        Interrupted: the connection is no longer wanted.
    """
    failure: OSError | None = None
    for family, kind, protocol, _, place in socket.getaddrinfo(
        address.host, address.port, type=socket.SOCK_STREAM
    ):
        attempt = socket.socket(family, kind, protocol)
        try:
            _connect_one(attempt, place, timeout, waker, stopping)
        except OSError as error:
            attempt.close()
            failure = failure or error
        except BaseException:
            attempt.close()
            raise
        else:
            attempt.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            attempt.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            return TcpSocket(attempt)
    raise failure or OSError("the name has no address")


def _connect_one(
    attempt: socket.socket,
    place: tuple[Any, ...],
    timeout: float,
    waker: Waker,
    stopping: Callable[[], bool],
) -> None:
    attempt.setblocking(False)
    try:
        attempt.connect(place)
    except BlockingIOError:
        pass
    else:
        return
    with selectors.DefaultSelector() as selector:
        selector.register(attempt, selectors.EVENT_WRITE)
        selector.register(waker.receiver, selectors.EVENT_READ)
        until = time.monotonic() + timeout
        while True:
            left = until - time.monotonic()
            ready = {key.fileobj for key, _ in selector.select(left)} if left > 0 else set()
            waker.hush()
            if stopping():
                raise Interrupted
            if attempt in ready:
                break
            if left <= 0:
                raise TimeoutError
    number = attempt.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if number:
        raise OSError(number, os.strerror(number))
