"""A server as a part of another program: it runs in that program's event loop.

Owns what such a program sees of it. It must take over nothing of the process: no signals, no logging, no
standard output, no limits.
"""

import asyncio
import weakref
from collections import deque
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from asyncchat.config.sources import Sources
from asyncchat.control.executor import sentence
from asyncchat.core.events import Record
from asyncchat.core.features.bots import PostFromProgram, posted_text
from asyncchat.core.features.messages import Said, Speech, reply_tags
from asyncchat.core.ids import Ids
from asyncchat.core.names import room_fault
from asyncchat.core.replies import Refusal
from asyncchat.dialects.irc.client_values import Message
from asyncchat.errors import AsyncChatError, Misuse
from asyncchat.server.addresses import bracketed, is_wildcard
from asyncchat.server.control_socket import control_socket
from asyncchat.server.delivery import Delivery
from asyncchat.server.launch import end, launched, most_connections
from asyncchat.server.recipients import Watcher
from asyncchat.server.server import Server as ChatServer

BACKLOG = 10_000
"""Messages that wait for a program that does not take them: some 5 MB."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_REPLY_TAG = reply_tags("")[0][0]
_SPOKEN = (Speech.MESSAGE, Speech.NOTICE, Speech.ACTION)

_decode = msgspec.json.Decoder(Message).decode


class _MessageEncoder:
    """Encodes messages as lines of JSON, once for all subscriptions of a server."""

    join = staticmethod(b"".join)

    def __init__(self, ids: Ids) -> None:
        self._ids = ids

    def encode(self, record: Record) -> bytes:
        """The line; nothing for an event that is not a message."""
        event = record.event
        if not isinstance(event, Said) or event.speech not in _SPOKEN:
            return b""
        message = Message(
            self._ids.id_of(record.number),
            _EPOCH + timedelta(milliseconds=record.time // 1000),  # as every surface tells it
            event.room,
            event.person.name,
            event.text,
            action=event.speech is Speech.ACTION,
            notice=event.speech is Speech.NOTICE,
            reply_to=dict(event.tags).get(_REPLY_TAG, ""),
        )
        return msgspec.json.encode(message) + b"\n"


class _Feed(Watcher):
    """What a subscription is told, until it takes it."""

    def __init__(self, delivery: Delivery, encoder: _MessageEncoder) -> None:
        super().__init__(encoder)
        self._delivery = delivery
        self.messages: deque[Message] = deque()
        self.came = asyncio.Event()
        self.fault = ""

    def write(self, data: bytes) -> None:
        """Takes lines of messages."""
        if self.fault:
            return
        self.messages.extend(map(_decode, data.splitlines()))
        self.came.set()
        if len(self.messages) > BACKLOG:
            self.fault = f"{BACKLOG:,} messages waited and were not read, so the subscription has ended."
            asyncio.get_running_loop().call_soon(self.end)  # not in the middle of a delivery

    def end(self) -> None:
        """It is told nothing more."""
        if not self.ended:
            self.ended = True
            self.came.set()
            self._delivery.unsubscribe(self)


class Subscription:
    """The messages of a room from now on: ``async for message in server.subscribe("#ci")``.

    A message is not missed between two steps of the loop. The subscription follows a room that is renamed. It
    ends with the server, by ``close``, or when nobody refers to it any more.
    """

    def __init__(self, feed: _Feed) -> None:
        self._feed = feed
        # Not in the finalizer: it may run anywhere, also while a delivery walks through the room.
        loop = asyncio.get_running_loop()
        self._finalizer = weakref.finalize(self, _end_soon, loop, feed)
        self._finalizer.atexit = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Message:
        """The next message.

        Raises:
            AsyncChatError: 10,000 messages waited; those that follow are lost.
        """
        feed = self._feed
        while not feed.messages:
            if feed.fault:
                raise AsyncChatError(feed.fault)
            if feed.ended:
                raise StopAsyncIteration
            feed.came.clear()
            await feed.came.wait()
        return feed.messages.popleft()

    def close(self) -> None:
        """Ends it; what waits can still be read."""
        self._finalizer.detach()
        self._feed.end()


def _end_soon(loop: asyncio.AbstractEventLoop, feed: _Feed) -> None:
    with suppress(RuntimeError):  # the loop is closed
        loop.call_soon_threadsafe(feed.end)


class Server:
    """A chat server in this program's event loop.

        async with Server(port=1234, db="chat.db") as server:
            await server.post("#ci", "hi", nick="app")
            async for message in server.subscribe("#ci"):
                print(message.nick, message.text)

    It takes over no signals and no logging: messages for its log go to the logger ``asyncchat``. Several may
    run in one program, each with its own history. After the block nothing of it is left but its history.

    Args:
        host: where it listens; None: as the configuration says, else on 127.0.0.1.
        port: 0: any free port.
        db: the file of its history; ``:memory:``: in memory.
        config: a file with further options, as for ``asyncchat serve``. The environment is not read.
        options: options of ``asyncchat serve`` by their flags or keys with ``_``: ``limits=False``,
            ``limits_burst=50``, ``password="…"``.

    Raises:
        AsyncChatError: an option is not valid, or the file can't be read. On entering: the port is in use,
            the history is another program's, …; the text says what to do.
    """

    def __init__(
        self,
        *,
        host: str | None = None,
        port: int = 0,
        db: str | Path = ":memory:",
        config: str | Path | None = None,
        **options: Any,
    ) -> None:
        # Neither a thread that watches the program's loop, nor a reload that sets the level of its logging.
        stated: dict[str, object] = {"port": port, "log_blocked_ms": 0, "log_level": "info", **options}
        if stated.get("history", stated.get("history_keep", True)):
            stated["db"] = str(db)
        if host is not None:
            stated["host"] = host
        self._sources = Sources(None if config is None else str(config), {}, values=stated)
        self._config = self._sources.load().config
        self._running: ChatServer | None = None
        self._serving: asyncio.Task[None]
        self._encoder: _MessageEncoder
        self._feeds: weakref.WeakSet[_Feed] = weakref.WeakSet()
        self._stack = AsyncExitStack()

    def __repr__(self) -> str:
        return f"<Server at {self.url}>" if self._running is not None else "<Server: not running>"

    async def __aenter__(self) -> Self:
        if self._running is not None:
            raise Misuse("This server runs already.")
        async with AsyncExitStack() as stack:
            server, listening, database, _owns = await stack.enter_async_context(
                launched(self._config, most_connections(), self._sources)
            )
            await server.start(listening)
            self._serving = asyncio.create_task(server.run(), name="asyncchat server")
            stack.push_async_callback(self._end, server)
            await stack.enter_async_context(control_socket(server.hub, database))
            self._encoder = _MessageEncoder(server.log.ids)
            self._serving.add_done_callback(self._end_feeds)
            self._running = server
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    @property
    def url(self) -> str:
        """The address of the page and of the HTTP API: ``http://127.0.0.1:1234``."""
        return f"http://{self.address}"

    @property
    def address(self) -> str:
        """Host and port, as clients take it: ``127.0.0.1:1234``."""
        first = self._server.listeners.addresses[0]
        host = first.host
        if is_wildcard(host):
            host = "::1" if ":" in host else "127.0.0.1"
        return f"{bracketed(host)}:{first.port}"

    async def post(
        self, room: str, text: str, *, nick: str, action: bool = False, notice: bool = False
    ) -> str:
        """Says something in a room, which need not be open; returns when it is kept and on its way.

        Args:
            room: the room (``#…``).
            text: the text, of at most 8,192 bytes; it may have several lines.
            nick: who says it: a name that nobody in the chat has.
            action: whether it is an action (``/me``).
            notice: whether it is a notice, which is never answered automatically.

        Returns:
            The message's id.

        Raises:
            AsyncChatError: it was refused, or the history can't be written.
        """
        speech = Speech.ACTION if action else Speech.NOTICE if notice else Speech.MESSAGE
        for item in await self._server.hub.request(PostFromProgram(nick, room, posted_text(text), speech)):
            if isinstance(item, Record):
                return self._server.log.ids.id_of(item.number)
            if isinstance(item, Refusal):
                raise AsyncChatError(sentence(item))
        raise AssertionError("a post without an outcome")

    def subscribe(self, room: str) -> Subscription:
        """The messages of a room from now on.

        Raises:
            AsyncChatError: no room can be called so.
        """
        server = self._server
        fault = room_fault(room)
        if fault is not None:
            raise AsyncChatError(f"No room can be called so: {fault}.")
        feed = _Feed(server.delivery, self._encoder)
        self._feeds.add(feed)
        server.delivery.subscribe(feed, room)
        return Subscription(feed)

    @property
    def _server(self) -> ChatServer:
        if self._running is None:
            raise AsyncChatError("The server does not run: enter it with “async with”.")
        return self._running

    async def _end(self, server: ChatServer) -> None:
        self._running = None
        await end(server, self._serving, "the server is stopping")

    def _end_feeds(self, _serving: object) -> None:
        for feed in list(self._feeds):
            feed.end()
