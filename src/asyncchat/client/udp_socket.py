"""A UDP socket as the client's thread uses it: like a TCP connection, with a timer.

Owns the system calls, and what follows when nobody listens there; ``dialects/udp`` has the protocol. Must not
know what is said.
"""

import base64
import secrets
import selectors
import socket
import time
from contextlib import suppress
from typing import Any

from asyncchat.client.sockets import SAY_GOODBYE, Connection
from asyncchat.dialects.udp.client import UdpClientConnection

OPEN_SECONDS = 10.0
"""Seconds for an answer: five hellos are sent by then."""

REFUSED_SECONDS = 2.0
"""Seconds in which a server must answer after the kernel was told that nobody listens: that may be forged."""

_DATAGRAM = 2048
"""More than the longest datagram."""

_DATAGRAMS = 64
"""Most datagrams read at a time."""


class UdpChannel(UdpClientConnection):
    """A new connection over UDP; what a thread's and a task's sockets have in common.

    Args:
        now: seconds of any clock that does not go back.
    """

    def __init__(self, now: float) -> None:
        super().__init__(base64.b32encode(secrets.token_bytes(10)).decode(), now)
        self._is_refused = False

    def refused(self, now: float) -> None:
        """The kernel was told that nobody listens there."""
        self._is_refused = True
        if self.is_open:
            self.expect(REFUSED_SECONDS, now)

    def read(self) -> bytes | None:
        """What has come; empty at the end, None for nothing yet.

        Raises:
            OSError: the connection is lost, or nobody listens there.
        """
        data = self.take()
        if data:
            return data
        if self._is_refused and (self.over or not self.is_open):
            raise ConnectionRefusedError
        if self.over:
            raise OSError(self.over)
        return b"" if self.ended or self.over is not None else None


class UdpSocket(Connection):
    """A connection over UDP."""

    KIND = socket.SOCK_DGRAM
    PATIENCE = OPEN_SECONDS

    def __init__(self, made: socket.socket, tls: None = None) -> None:
        super().__init__(made, tls)
        self._channel = UdpChannel(time.monotonic())

    def begin(self, place: tuple[Any, ...]) -> None:
        """Says hello to an address."""
        self._socket.connect(place)
        self._flush()

    def go_on(self) -> None:
        """Says hello again, or takes the answer to it; what comes behind that waits for ``receive``."""
        self._read()
        self.is_open = self._channel.is_open
        if not self.is_open:
            self._channel.read()
        self._flush()

    def deadline(self) -> float:
        """When ``receive``, or ``go_on``, must be called at the latest, in seconds of ``time.monotonic``."""
        return self._channel.deadline()

    def send(self, out: bytearray) -> None:
        """Takes the buffer."""
        if out:
            self._channel.write(bytes(out))
            out.clear()
            self._flush()

    def receive(self) -> bytes | None:
        """What has come; empty at the end, None for nothing yet."""
        self._read()
        data = self._channel.read()
        self._flush()
        return data

    def close(self) -> None:
        """Closes it at once; the server is told, if that arrives."""
        if self._channel.is_open and self._channel.over is None:
            with suppress(OSError):
                self._socket.send(self._channel.abort())
        super().close()

    def close_politely(self, last_words: bytes) -> None:
        """Sends the last bytes, waits a moment until the server has all, and closes."""
        channel = self._channel
        channel.write(last_words)
        channel.end()
        until = time.monotonic() + SAY_GOODBYE
        with suppress(OSError), selectors.DefaultSelector() as selector:
            selector.register(self._socket, selectors.EVENT_READ)
            self._flush()
            while channel.over is None and (now := time.monotonic()) < until:
                selector.select(max(0.0, min(until, channel.deadline()) - now))
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
                self._channel.refused(time.monotonic())
            else:
                self._channel.receive_datagram(datagram, time.monotonic())

    def _flush(self) -> None:
        """Sends what is due."""
        for datagram in self._channel.data_to_send(time.monotonic()):
            try:
                self._socket.send(datagram)
            except BlockingIOError:
                return  # it is lost, and will be repeated
            except ConnectionRefusedError:
                self._channel.refused(time.monotonic())
