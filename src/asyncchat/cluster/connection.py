"""A connection to NATS that is kept: requests to JetStream, and messages between nodes.

Owns the client of nats-py, its options, and how an answer that does not come is told. It must not know the
stream.
"""

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

import msgspec
import nats.errors
from nats.aio.client import Client, Srv
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.aio.transport import TcpTransport
from nats.js.client import JetStreamContext

from asyncchat.cluster.errors import NoAnswer, StreamDown
from asyncchat.errors import Misuse
from asyncchat.log.base import LogError

_log = logging.getLogger(__name__)

T = TypeVar("T")

_API = "$JS.API."
_CONNECT = b"CONNECT "

_ANSWER_SECONDS = 1.0
"""For one answer. What is asked is asked again, so this may be short; an fsync takes milliseconds."""
FIRST_PAUSE = 0.02
LONGEST_PAUSE = 0.5
"""Seconds between tries while NATS is connected but can't do it: others may need no more than an election."""

_TOLD_SECONDS = 1.0
"""Seconds after which the log says that NATS is not there, where it is waited for."""

_MOST_DENIED = 5
"""Subjects that a server does not allow of which the log tells."""

_PING_SECONDS = 1
_LOST_PINGS = 2
"""A server that is silent is left after three intervals."""
_RECONNECT_SECONDS = 0.25
_CONNECT_SECONDS = 2
_CLOSE_SECONDS = 2

_PORT = 4222
_NO_ADDRESS = "This is no address of NATS: use nats://host:port, or tls://host:port; several with commas"

_UNAVAILABLE = 503
"""The API's code for what may pass: no leader, no quorum, not started yet."""


class ApiError(Exception):
    """JetStream answers a request with an error that does not pass.

    Attributes:
        code: its ``err_code``.
    """

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


class _Client(Client):
    """A client that never gives up, and leaves no connection open.

    nats-py closes for good when a server says why it ends the connection.
    """

    def abort(self) -> None:
        """Closes at once what ``close`` leaves: nats-py takes itself for closed where a try has failed."""
        if isinstance(self._transport, TcpTransport) and self._transport._io_writer is not None:
            self._transport._io_writer.transport.abort()

    async def _connect_to_server(self, server: Srv) -> None:
        self.abort()  # of the try before
        await super()._connect_to_server(server)

    async def _process_err(self, err_msg: str) -> None:
        error = nats.errors.Error(err_msg.strip("'"))
        if "permissions violation" in err_msg.lower():
            await self._error_cb(error)
        else:
            await self._process_op_err(error)

    def _connect_command(self) -> bytes:
        """What the client says first, with its password: never in the clear where TLS was asked for."""
        server = self._current_server
        if server is not None and server.uri.scheme == "tls" and not self._server_info.get("tls_required"):
            raise nats.errors.SecureConnWantedError
        said = msgspec.json.decode(super()._connect_command().removeprefix(_CONNECT))
        for name in ("user", "pass", "auth_token"):  # nats-py takes them as they stand in the URL
            if name in said:
                said[name] = unquote(said[name])
        return b"%s%s\r\n" % (_CONNECT, msgspec.json.encode(said))


class Tries:
    """How long something is tried again.

    Args:
        connection: what is asked there.
        seconds: how long.
        tells: whether the log says that it is tried again.
    """

    def __init__(self, connection: "Connection", seconds: float, *, tells: bool = False) -> None:
        self._connection = connection
        self._end = monotonic() + seconds
        self._pause = FIRST_PAUSE
        self._tells = tells

    @property
    def over(self) -> bool:
        """Whether there is no time left."""
        return monotonic() >= self._end

    @property
    def seconds(self) -> float:
        """How long to wait for one answer."""
        return min(_ANSWER_SECONDS, max(self._end - monotonic(), FIRST_PAUSE))

    async def pause(self, error: Exception) -> None:
        """Waits until it may be tried again: for the connection, or a little longer each time.

        Raises:
            LogError: there is no time left: the error itself, or StreamDown with its text.
        """
        left = self._end - monotonic()
        if self._tells and left > _TOLD_SECONDS:
            self._tells = False
            _log.warning("%s. Trying for %.0f s", error, left)
        if left > 0 and not self._connection.connected:
            await self._connection.wait_connected(left)
        elif left > 0:
            await asyncio.sleep(min(self._pause, left))
            self._pause = min(2 * self._pause, LONGEST_PAUSE)
        if self.over or self._connection.closed:
            raise error if isinstance(error, LogError) else StreamDown(str(error)) from error


class Connection:
    """A connection to the servers of NATS, opened with ``open``, closed with ``close``.

    Raises:
        Misuse: a URL is not valid.

    Attributes:
        on_change: called with whether a server is connected, whenever that changes.
        listeners: called whenever a server was connected again.
        closed: whether it is closed.
    """

    def __init__(self, url: str) -> None:
        self.on_change: Callable[[bool], None] | None = None
        self.listeners: set[Callable[[], None]] = set()
        self._urls = [part.strip() for part in url.split(",") if part.strip()]
        self.address = ", ".join(map(_address, self._urls))
        if not self._urls:
            raise Misuse(_NO_ADDRESS)
        self._client = _Client()
        self._server = self.address
        self._up = asyncio.Event()
        self._lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._fault = "no answer"
        self._denied: list[str] = []
        """What this connection may not do, as the server said; each is told once."""
        self._refused: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.closed = False

    async def open(
        self, name: str, credentials: str | Path | None, tls: ssl.SSLContext | None, seconds: float
    ) -> None:
        """Connects.

        Raises:
            StreamDown: no server can be reached in this time.
            LogError: the server refuses the user, or the options can't be used.
        """
        connecting = asyncio.ensure_future(
            self._client.connect(
                self._urls,
                name=name,
                error_cb=self._on_error,
                disconnected_cb=self._on_disconnect,
                reconnected_cb=self._on_connect,
                max_reconnect_attempts=-1,
                reconnect_time_wait=_RECONNECT_SECONDS,  # type: ignore[arg-type]  # seconds, also parts
                connect_timeout=_CONNECT_SECONDS,
                ping_interval=_PING_SECONDS,
                max_outstanding_pings=_LOST_PINGS,
                user_credentials=credentials,
                tls=tls,
            )
        )
        events: set[asyncio.Future[Any]] = {connecting, self._refused}
        try:
            soon = min(seconds, _TOLD_SECONDS)
            done, _ = await asyncio.wait(events, timeout=soon, return_when=asyncio.FIRST_COMPLETED)
            if not done and seconds > soon:
                _log.warning("%s. Trying for %.0f s", self._down(), seconds - soon)
                await asyncio.wait(events, timeout=seconds - soon, return_when=asyncio.FIRST_COMPLETED)
            if connecting.done():
                connecting.result()
                await self._on_connect()
                return
        except (nats.errors.Error, OSError, ImportError, ValueError) as error:
            raise LogError(f"NATS at {self.address} can't be used: {error}") from error
        finally:
            connecting.cancel()
            await asyncio.wait({connecting})
        if self._refused.done():
            raise LogError(f"NATS at {self.address} can't be used: {self._refused.result()}")
        raise StreamDown(f"NATS can't be reached at {self.address}: {self._fault}")

    @property
    def connected(self) -> bool:
        """Whether a server is connected."""
        return self._up.is_set() and not self.closed

    @property
    def max_payload(self) -> int:
        """Bytes that the server takes in one message."""
        return self._client.max_payload

    async def wait_connected(self, seconds: float | None = None) -> bool:
        """Waits until a server is connected, or this is closed; whether one is."""
        try:
            async with asyncio.timeout(seconds):
                await self._up.wait()
        except TimeoutError:
            return False
        return self.connected

    async def ask(
        self,
        subject: str,
        data: bytes,
        headers: Mapping[str, str] | None = None,
        seconds: float = _ANSWER_SECONDS,
    ) -> Msg:
        """Sends a request once, and waits for the answer.

        Raises:
            NoAnswer: nobody listens there.
            StreamDown: there is no connection, or no answer in time: it is unclear whether it was done.
        """
        if not self.connected:
            raise self._down()
        # nats-py swallows cancellation while it writes, so its own time-out is not enough.
        asking = asyncio.ensure_future(
            self._client.request(subject, data, timeout=seconds, headers=dict(headers) if headers else None)
        )
        try:
            events: set[asyncio.Future[Any]] = {asking, self._lost}
            await asyncio.wait(events, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if asking.done():
                return asking.result()
        except nats.errors.NoRespondersError as error:
            raise NoAnswer(f"Nobody answers at NATS's subject '{subject}'") from error
        except (nats.errors.Error, OSError) as error:
            raise StreamDown(f"NATS at {self.address} does not answer ({error})") from error
        finally:
            asking.cancel()
        if not self.connected:
            raise self._down()
        denied = f", and does not allow what is needed: {', '.join(self._denied)}" if self._denied else ""
        raise StreamDown(f"NATS at {self.address} gives no answer{denied}")

    async def api(
        self, request: str, values: Mapping[str, Any], seconds: float = _ANSWER_SECONDS
    ) -> dict[str, Any]:
        """Asks the API of JetStream once.

        Raises:
            ApiError: it answers with an error.
            StreamDown: it does not answer, or can't do it now.
        """
        try:
            answer = await self.ask(
                _API + request, msgspec.json.encode(values) if values else b"", seconds=seconds
            )
        except NoAnswer as error:
            raise StreamDown(
                f"NATS at {self.address} has no JetStream now: it has no leader, or is not switched on "
                "(nats-server --jetstream)"
            ) from error
        return result(answer)

    async def send(self, subject: str, data: bytes, reply: str = "") -> None:
        """Sends a message to all who listen now.

        Args:
            subject: where they listen.
            data: the message.
            reply: a subject for answers.

        Raises:
            StreamDown: there is no connection.
        """
        if not self.connected:
            raise self._down()
        try:
            await self._client.publish(subject, data, reply)
        except nats.errors.Error as error:
            raise StreamDown(f"NATS at {self.address} takes nothing ({error})") from error

    async def subscribe(self, subject: str, take: Callable[[Msg], Awaitable[None]]) -> Subscription:
        """Calls ``take`` for each message, in their order, also after NATS was away."""
        return await self._client.subscribe(subject, cb=take)

    def inbox(self) -> str:
        """A new subject of this node alone."""
        return self._client.new_inbox()

    def jetstream(self) -> JetStreamContext:
        """The library's own view, for its object store."""
        return self._client.jetstream(timeout=_ANSWER_SECONDS)

    async def close(self) -> None:
        """Ends the connection."""
        self.closed = True
        self._fault = "the connection is closed"
        self._up.set()  # nobody waits for it any more
        if not self._lost.done():
            self._lost.set_result(None)
        # A server that takes nothing would keep it for ever.
        closing = asyncio.ensure_future(self._client.close())
        await asyncio.wait({closing}, timeout=_CLOSE_SECONDS)
        closing.cancel()
        self._client.abort()

    def _down(self) -> StreamDown:
        return StreamDown(f"NATS can't be reached at {self.address}: {self._fault}")

    async def _on_connect(self) -> None:
        if self.closed:
            return
        url = self._client.connected_url
        self._server = f"{url.hostname}:{url.port}" if url is not None else self.address
        if self._lost.done():
            _log.info("NATS is connected again, at %s", self._server)
        self._lost = asyncio.get_running_loop().create_future()
        self._denied.clear()
        self._up.set()
        if self.on_change is not None:
            self.on_change(True)
        for listener in tuple(self.listeners):
            listener()

    async def _on_disconnect(self) -> None:
        if not self.connected:
            return
        self._up.clear()
        self._lost.set_result(None)
        _log.warning("The connection to NATS at %s is lost (%s); trying again", self._server, self._fault)
        if self.on_change is not None:
            self.on_change(False)

    async def _on_error(self, error: Exception) -> None:
        """Notes what is wrong with the connection. An error of a subscriber is told here, too."""
        if not isinstance(error, nats.errors.Error | OSError):
            _log.error("A message from NATS can't be taken", exc_info=error)
            return
        text = str(error).removeprefix("nats: ").strip("'") or type(error).__name__
        if "permissions violation" in text.lower():
            if text not in self._denied and len(self._denied) < _MOST_DENIED:
                self._denied.append(text)
                _log.error("NATS at %s does not allow a subject that is needed: %s", self.address, text)
            return
        if isinstance(error, nats.errors.SecureConnWantedError):
            text = "the URL asks for TLS, and the server does not"
        is_refusal = isinstance(error, nats.errors.SecureConnWantedError | ssl.SSLCertVerificationError)
        if "authorization violation" in text.lower():
            text, is_refusal = "it does not take the user and password, or the token, of the URL", True
        self._fault = text
        if is_refusal and not self._refused.done():
            self._refused.set_result(text)


async def apart(job: Awaitable[T]) -> T:
    """Awaits what nats-py does, in a task of its own: it swallows cancellation while it writes."""
    doing = asyncio.ensure_future(job)
    doing.add_done_callback(lambda done: done.cancelled() or done.exception())  # nobody else may look
    try:
        await asyncio.wait({doing})
        return doing.result()
    finally:
        doing.cancel()


def result(answer: Msg) -> dict[str, Any]:
    """What JetStream answers.

    Raises:
        ApiError: an error that does not pass.
        StreamDown: an error that may pass.
    """
    try:
        values: dict[str, Any] = msgspec.json.decode(answer.data, type=dict)
    except msgspec.DecodeError as error:
        raise StreamDown(f"JetStream's answer can't be read: {error}") from error
    if "error" in values:
        fault = values["error"]
        text = f"JetStream says: {fault.get('description', fault)}"
        if fault.get("code") == _UNAVAILABLE:
            raise StreamDown(text)
        raise ApiError(fault.get("err_code", 0), text)
    return values


def _address(url: str) -> str:
    """Host and port of a URL, without what is secret in it."""
    try:
        parts = urlsplit(url if "://" in url else f"nats://{url}")
        if parts.scheme in ("nats", "tls") and parts.hostname:
            return f"{parts.hostname}:{parts.port or _PORT}"
    except ValueError:
        pass
    raise Misuse(_NO_ADDRESS)
