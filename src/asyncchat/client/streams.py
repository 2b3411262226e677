"""Connections as an asyncio program uses them: over TCP and over UDP alike.

Owns asyncio's streams and datagram endpoints, the counterpart of ``sockets``. Must not know what is sent.
"""

import asyncio
import socket
from abc import ABC, abstractmethod
from contextlib import suppress
from typing import Any, ClassVar, Self

from asyncchat.client.address import Address
from asyncchat.client.sockets import RECEIVE_BYTES, SAY_GOODBYE
from asyncchat.client.tls import TlsLayer
from asyncchat.client.udp_socket import OPEN_SECONDS, UdpChannel


class Stream(ABC):
    """A connection of an asyncio program. One task reads it."""

    KIND: ClassVar[int]
    """The kind of its socket."""
    PATIENCE: ClassVar[float | None] = None
    """Seconds for which an answer is waited for at the most."""

    @classmethod
    @abstractmethod
    async def open(cls, family: int, place: tuple[Any, ...], tls: TlsLayer | None) -> Self:
        """Connects with an address.

        Raises:
            OSError: nobody listens there.
            Untrusted: the server is not the one that is known.
        """

    @abstractmethod
    def write(self, data: bytes) -> None:
        """Sends, now or when the network takes more."""

    @abstractmethod
    async def read(self) -> bytes:
        """What comes next; empty at the end.

        Raises:
            OSError: the connection is lost.
        """

    @abstractmethod
    async def say_goodbye(self, last_words: bytes) -> None:
        """Sends the last bytes, and waits until the server has them."""

    @abstractmethod
    async def close(self) -> None:
        """Closes it at once."""

    async def close_politely(self, last_words: bytes) -> None:
        """Sends the last bytes, waits a moment for the server, and closes."""
        try:
            with suppress(OSError):
                async with asyncio.timeout(SAY_GOODBYE):
                    await self.say_goodbye(last_words)
        finally:
            await self.close()


class TcpStream(Stream):
    """A connection over TCP, perhaps with TLS, or over a Unix socket."""

    KIND = socket.SOCK_STREAM

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, family: int, place: tuple[Any, ...] | str, tls: TlsLayer | None) -> Self:
        """Connects with an address, or a path; asyncio sets TCP_NODELAY."""
        secured: dict[str, Any] = {}
        if tls is not None:
            secured = {"ssl": tls.context, "server_hostname": tls.server_name}
        if isinstance(place, str):
            return cls(*await asyncio.open_unix_connection(place, limit=RECEIVE_BYTES))
        reader, writer = await asyncio.open_connection(
            *place[:2], family=family, limit=RECEIVE_BYTES, **secured
        )
        if tls is not None:
            try:
                tls.check(writer.get_extra_info("ssl_object"))
            except BaseException:
                writer.transport.abort()
                raise
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        return cls(reader, writer)

    def write(self, data: bytes) -> None:
        """Sends, now or when the network takes more."""
        if data and not self._writer.is_closing():
            self._writer.write(data)

    async def read(self) -> bytes:
        """What comes next; empty at the end."""
        return await self._reader.read(RECEIVE_BYTES)

    async def say_goodbye(self, last_words: bytes) -> None:
        """Sends the last bytes, and waits for the server to close."""
        self.write(last_words)
        if self._writer.can_write_eof():
            self._writer.write_eof()
        else:  # with TLS both sides end
            self._writer.close()
        while await self.read():
            pass

    async def close(self) -> None:
        """Closes it at once."""
        self._writer.transport.abort()
        with suppress(OSError):
            await self._writer.wait_closed()


class UdpStream(Stream, asyncio.DatagramProtocol):
    """A connection over UDP."""

    KIND = socket.SOCK_DGRAM
    PATIENCE = OPEN_SECONDS

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._channel = UdpChannel(self._loop.time())
        self._came = asyncio.Event()
        self._closed = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.DatagramTransport

    @classmethod
    async def open(cls, family: int, place: tuple[Any, ...], tls: TlsLayer | None) -> Self:
        """Says hello to an address until the server has the connection."""
        _, stream = await asyncio.get_running_loop().create_datagram_endpoint(
            cls, remote_addr=(place[0], place[1]), family=family
        )
        try:
            while not stream._channel.is_open:
                stream._came.clear()
                stream._channel.read()
                await stream._came.wait()
        except BaseException:
            await stream.close()
            raise
        return stream

    def write(self, data: bytes) -> None:
        """Sends what the network takes, and the rest when that is acknowledged."""
        if data:
            self._channel.write(data)
            self._flush()

    async def read(self) -> bytes:
        """What comes next; empty at the end."""
        while True:
            self._came.clear()
            data = self._channel.read()
            self._flush()
            if data is not None:
                return data
            await self._came.wait()

    async def say_goodbye(self, last_words: bytes) -> None:
        """Sends the last bytes, and waits until the server has all."""
        self._channel.write(last_words)
        self._channel.end()
        while self._channel.over is None:
            self._came.clear()
            self._channel.take()
            self._flush()
            await self._came.wait()

    async def close(self) -> None:
        """Closes it at once; the server is told, if that arrives."""
        if self._channel.is_open and self._channel.over is None:
            self._transport.sendto(self._channel.abort())
        if self._timer is not None:
            self._timer.cancel()
        self._transport.close()
        await self._closed.wait()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is open."""
        self._transport = transport  # type: ignore[assignment]  # asyncio types it too broadly
        self._flush()

    def datagram_received(self, data: bytes, addr: object) -> None:
        """A datagram has come; it is answered when it is read."""
        self._channel.receive_datagram(data, self._loop.time())
        self._came.set()
        if not self._channel.is_open:
            self._flush()

    def error_received(self, exc: Exception) -> None:
        """The kernel tells of an earlier datagram."""
        if isinstance(exc, ConnectionRefusedError | ConnectionResetError):  # Windows calls it a reset
            self._channel.refused(self._loop.time())
            self._came.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is closed."""
        self._closed.set()

    def _flush(self) -> None:
        """Sends what is due, and sets the timer for what will be."""
        if self._transport.is_closing():
            return
        now = self._loop.time()
        for datagram in self._channel.data_to_send(now):
            self._transport.sendto(datagram)
        if self._channel.over is not None:
            self._came.set()
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(max(now + _TICK, self._channel.deadline()), self._flush)


_TICK = 0.005
"""Seconds between two looks at the clock at the least."""


async def connect(address: Address, tls: TlsLayer | None, patience: float) -> Stream:
    """A connection; each address of the host is tried.

    Args:
        address: where to.
        tls: encrypts it; None: it is not encrypted.
        patience: seconds for each address.

    Raises:
        OSError: no address answers.
        ClientError: the server does not speak TLS, or is not trusted.
    """
    kind: type[TcpStream | UdpStream] = UdpStream if address.scheme == "udp" else TcpStream
    patience = min(patience, kind.PATIENCE or patience)
    failure: OSError | None = None
    loop = asyncio.get_running_loop()
    found = address.socket_path or await loop.getaddrinfo(address.host, address.port, type=kind.KIND)
    for family, _type, _protocol, _, place in found:
        try:
            async with asyncio.timeout(patience):
                return await kind.open(family, place, tls)
        except TimeoutError:
            failure = failure or TimeoutError(f"no answer in {patience:g} s")
        except OSError as error:
            failure = failure or error
    if tls is not None and failure is not None:
        raise await asyncio.to_thread(tls.failure, failure, patience) or failure
    raise failure or OSError("the name has no address")
