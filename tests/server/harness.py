"""A server on a loop of its own in a thread, and blocking clients that talk to it over real sockets."""

import asyncio
import logging
import secrets
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Self, TypeVar

import uvloop

from asyncchat.config.options import ServeConfig
from asyncchat.log.base import Log
from asyncchat.log.memory import MemoryLog
from asyncchat.server import addresses
from asyncchat.server.addresses import Address
from asyncchat.server.launch import join, keys_beside, stream_of
from asyncchat.server.secret_file import RunKeys
from asyncchat.server.server import Server
from asyncchat.server.server_passwords import OwnerCode

PATIENCE = 60.0
"""Seconds after which a test that waits for the other side fails: only a hang takes so long."""

CODE = "7KQ2-M9XD"

T = TypeVar("T")


class ServerThread:
    """One server; everything of it is touched in its loop's thread only, by way of ``call``."""

    def __init__(
        self,
        config: ServeConfig,
        log: Log,
        *,
        udp: int | None = None,
        tls: bool = False,
        unix: str = "",
        insecure: bool = False,
        **options: Any,
    ) -> None:
        self.loop = uvloop.new_event_loop()
        self.troubles: list[str] = []
        self.clients: list[Client] = []
        self.loop.set_exception_handler(lambda _loop, context: self.troubles.append(str(context)))
        self._config = config
        self._log = log
        self._options = options
        self._udp = udp
        self._tls = tls
        self._unix = unix
        self._insecure = insecure
        self.udp_port = self.tls_port = 0
        self._ready: threading.Event = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.failure: BaseException | None = None
        self.server: Server
        self.port = 0
        self.serving: asyncio.Task[None]

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(PATIENCE)
        assert self.port, self.failure
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        for client in self.clients:
            client.close()

    def call(self, function: Callable[..., T], *args: Any) -> T:
        """What a function gives that runs in the server's thread."""

        async def called() -> T:
            return function(*args)

        return asyncio.run_coroutine_threadsafe(called(), self.loop).result(PATIENCE)

    def wait(self, coroutine: Any) -> Any:
        """Awaits in the server's thread."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(PATIENCE)

    def left(self, connections: int = 0) -> None:
        """Waits until there are only so many connections, and the others are forgotten."""

        async def ended() -> None:
            sessions = self.server.context.sessions
            while len(sessions) > connections:
                tasks = [task for task in sessions.values() if task is not None]
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)

        self.wait(ended())

    def stop(self, reason: str = "the server is stopping") -> None:
        """Stops the server in order, once or again, and joins its thread."""
        if self._thread.is_alive():
            with suppress(RuntimeError):
                self.loop.call_soon_threadsafe(self._stopping.set_result, reason)
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()

    def ended(self) -> None:
        """Waits until the server has ended by itself."""
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()

    def connect(self, **options: Any) -> "Client":
        client = Client(self.port, **options)
        self.clients.append(client)
        return client

    def people(self) -> list[str]:
        """Who is in the chat now."""
        return self.call(lambda: sorted(person.name for person in self.server.hub.chat.people.values()))

    def person(self, name: str) -> "Client":
        """Somebody with ``nc``, in the lobby, to whom all that belongs to its coming is told."""
        client = self.connect()
        client.send(f"{name}\n/me\n")
        client.until(f"Hello, {name}!")
        client.until("Usage: /me")
        client.until("\n")
        return client

    def irc(self, name: str) -> "Client":
        """Somebody with an IRC client, in the lobby."""
        client = self.connect()
        client.send(f"NICK {name}\r\nUSER {name} 0 * :{name}\r\nJOIN #lobby\r\nPING settled\r\n")
        client.until(" PONG ")
        client.until("\n")
        return client

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: self.loop) as runner:
                runner.run(self._serve())
        except BaseException as error:  # noqa: BLE001  # the test's thread asks for it
            self.failure = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._stopping: asyncio.Future[str] = self.loop.create_future()
        async with stream_of(self._config) as stream:
            node = await join(stream, self._config, self._log, self._options.get("database"))
            if node is not None:
                keys = keys_beside(RunKeys(), self._config, self._options["database"])
                self._options |= {"node": node, "chat": node.chat, "keys": keys}
            self.server = Server(self._config, self._log, OwnerCode(CODE), **self._options)
            await self._serve_until_stopped()

    async def _serve_until_stopped(self) -> None:
        address = Address("127.0.0.1", 0, insecure=self._insecure)
        listening = [address]
        if self._udp is not None:
            listening.append(Address("127.0.0.1", self._udp, udp=True))
        if self._tls:
            listening.append(Address("127.0.0.1", 0, tls=True))
        if self._unix:
            listening.append(Address(path=self._unix))
        await self.server.start([(one, addresses.open_listener(one)) for one in listening])
        self.serving = asyncio.create_task(self.server.run())
        self.tls_port = self.server.listeners.addresses[-1].port
        self.udp_port = self.server.listeners.addresses[-1].port
        self.port = self.server.listeners.addresses[0].port
        self._ready.set()
        await asyncio.wait((self.serving, self._stopping), return_when=asyncio.FIRST_COMPLETED)
        if not self.serving.done():
            await self.server.stop(self._stopping.result())
            self.serving.cancel()
        with suppress(asyncio.CancelledError):
            await self.serving


def free_port() -> int:
    """A port that nobody has, below those that systems give to connections, also to those of other tests."""
    while True:
        with socket.socket() as listener, suppress(OSError):
            listener.bind(("127.0.0.1", secrets.choice(range(20_000, 32_000))))
            return int(listener.getsockname()[1])


def free_ports(count: int) -> list[int]:
    """So many ports as ``free_port`` gives, each another one."""
    found: set[int] = set()
    while len(found) < count:
        found.add(free_port())
    return list(found)


class Client:
    """A client that reads only when it is asked to."""

    def __init__(self, port: int, *, receive_buffer: int = 0, source: str = "127.0.0.1") -> None:
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.settimeout(PATIENCE)
        self.socket.bind((source, 0))
        self.socket.connect(("127.0.0.1", port))
        self.unread = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, data: str | bytes) -> None:
        self.socket.sendall(data.encode() if isinstance(data, str) else data)

    def until(self, expected: str | bytes) -> str:
        """All that comes up to and with this; what follows stays unread."""
        wanted = expected.encode() if isinstance(expected, str) else expected
        while wanted not in self.unread:
            data = self.socket.recv(65536)
            assert data, f"the end came before {wanted[:200]!r}, after {self.unread[-200:]!r}"
            self.unread += data
        end = self.unread.index(wanted) + len(wanted)
        found, self.unread = self.unread[:end], self.unread[end:]
        return found.decode()

    def line(self) -> str:
        return self.until("\n").rstrip("\r\n")

    def rest(self) -> bytes:
        """All that comes until the server closes."""
        with suppress(ConnectionResetError):
            while data := self.socket.recv(65536):
                self.unread += data
        found, self.unread = self.unread, b""
        return found

    def end_input(self) -> None:
        self.socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self.socket.close()

    def abort(self) -> None:
        """Goes without a goodbye: the server sees a reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


@contextmanager
def serving(log: Log | None = None, **options: Any) -> Iterator[ServerThread]:
    """A running server; a bug that it only logs fails the test."""
    server_options = {
        name: options.pop(name)
        for name in (
            "motd",
            "most_sessions",
            "keys",
            "sources",
            "udp",
            "tls",
            "unix",
            "insecure",
            "certificate",
            "webhook_positions",
            "database",
        )
        if name in options
    }
    seen = _Errors()
    logging.getLogger("asyncchat").addHandler(seen)
    try:
        server = ServerThread(
            ServeConfig(port=0, db=":memory:", **options), log or MemoryLog(), **server_options
        )
        with server:
            yield server
    finally:
        logging.getLogger("asyncchat").removeHandler(seen)
    assert not seen.found, seen.found
    assert not server.troubles, server.troubles
    if server.failure is not None:
        raise server.failure


@contextmanager
def logged(text: str) -> Iterator[threading.Event]:
    """An event that is set when the log says something."""
    said = threading.Event()
    handler = logging.Handler()
    handler.emit = lambda record: said.set() if text in record.getMessage() else None  # type: ignore[method-assign]
    logging.getLogger("asyncchat").addHandler(handler)
    try:
        yield said
    finally:
        logging.getLogger("asyncchat").removeHandler(handler)


class _Errors(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info:
            self.found.append(logging.Formatter().format(record))
