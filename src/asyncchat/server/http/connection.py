"""HTTP on one connection: requests are answered one by one, until it ends or becomes a WebSocket.

Owns how an answer is written, and when the connection ends. Must not know what is answered, or how
requests are read (``reader``).
"""

from __future__ import annotations

import asyncio
import logging
import sys
from contextlib import aclosing
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from time import perf_counter, time
from typing import TYPE_CHECKING

from asyncchat.dialects import websocket
from asyncchat.server.addresses import is_local, is_within
from asyncchat.server.drain import TURNED_AWAY
from asyncchat.server.http.forwarded import origin_of
from asyncchat.server.http.messages import Headers, Request, Requesting, Response, headers_of, problem, text
from asyncchat.server.http.reader import RequestReader
from asyncchat.server.limits import FILE_BYTES

if TYPE_CHECKING:
    from asyncchat.dialects.websocket import WebSocket
    from asyncchat.server.http.app import App
    from asyncchat.server.session import Session

_logger = logging.getLogger("asyncchat.http")

_TAIL_BYTES = 1_048_576
_TAIL_SECONDS = 1.0
_TAIL_LONGEST = 5.0


class HttpConnection:
    """HTTP over one session.

    Args:
        session: the connection's session.
        app: answers requests.
        websockets: gives dialects to WebSockets.
        begun: what has been read so far.
        ended: whether that is all.
        before: what another process knew of the connection, which has had requests already.
    """

    def __init__(
        self,
        session: Session,
        app: App,
        websockets: WebSocket,
        begun: bytes,
        *,
        ended: bool,
        before: Requesting | None = None,
    ) -> None:
        self._session = session
        self._app = app
        self._websockets = websockets
        self._now = session.context.now
        self._peer = session.address if before is None else before.peer
        """Where the requests come from: the client, or a proxy with those of many."""
        self._peer_secure = session.secure if before is None else before.peer_secure
        self._banned = app.ban(session)
        self._reader = RequestReader(session, begun, ended=ended)

    async def serve(self) -> bytes | None:
        """Answers requests.

        Returns:
            What followed the handshake, if the connection has become a WebSocket; None when it is over.
        """
        session, reader = self._session, self._reader
        session.how_to_go_on = lambda: Requesting(reader.rest(), self._peer, self._peer_secure)
        while not session.ended:
            session.waiting_since = self._now()  # keepalive counts from here
            request = await reader.head()
            if request is None:
                break
            began = perf_counter()
            if isinstance(request, Response):
                self._send(request, close=True)
                break
            options = session.context.options
            if options.trusted_proxies or options.base_path:
                request = self._as_sent(request)
                if isinstance(request, Response):
                    self._send(request, close=True)
                    break
            await session.pay()
            response = self._banned or self._app.refusal(request)
            if response is None and request.is_upgrade:
                begun = self._upgrade(request)
                if isinstance(begun, bytes):
                    return begun
                response = begun
            if response is None:
                try:
                    response = await self._app.respond(request, reader, session)
                except Exception:
                    _logger.exception("A request could not be answered; this is a bug of asyncchat")
                    response = problem(500, "The server failed at that; its log says more.", close=True)
            is_head = request.method == "HEAD"
            if response.stream is not None and not is_head:
                session.tell(_head(response, ("Transfer-Encoding", "chunked"), _CLOSE))
                await response.stream(session)
                return None
            close = response.close or request.is_last or not reader.may_follow
            self._send(response, close=close, is_head=is_head)
            if response.pieces is not None and not is_head and not await self._send_pieces(response):
                break
            if session.is_crowded():
                await session.drained()
            session.context.measurements.http[response.status // 100].fresh.append(perf_counter() - began)
            if close or (reader.unread and not await reader.skip()):
                break
            if reader.waits:
                await asyncio.sleep(0)  # others first: the next request is here already
        await self._drain_input()
        return None

    async def stream_on(self, request: Request) -> None:
        """Goes on with the stream that was the answer to a request, whose head has been sent."""
        response = await self._app.respond(request, self._reader, self._session)
        if response.stream is not None:
            await response.stream(self._session)
        elif not self._app.end_stream(self._session):
            self._session.tell(_LAST_CHUNK)

    def _as_sent(self, request: Request) -> Request | Response:
        """The request as its client sent it to a trusted proxy, without the base path."""
        session = self._session
        options = session.context.options
        host, target = request.host, request.origin_form
        base = options.base_path
        if base and (target == base or target.startswith((f"{base}/", f"{base}?"))):
            target = target[len(base) :]
            if not target.startswith("/"):
                return text(308, "The page has a / behind that.\n", (("Location", f"{base}/{target}"),))
        if is_within(self._peer, options.trusted_proxies):
            origin = origin_of(request, self._peer, options.trusted_proxies, options.forwarded)
            session.secure = origin.scheme == "https" if origin.scheme else self._peer_secure
            if not session.relocate(origin.address):
                return problem(
                    429, "Too many connections are open from your address.", (("Retry-After", "10"),)
                )
            self._banned = self._app.ban(session)
            host = origin.host or host
        return request if (host, target) == (request.host, request.target) else request.seen_as(host, target)

    def _upgrade(self, request: Request) -> bytes | Response:
        """Upgrades the connection to WebSocket, or says why not."""
        if request.length:
            # What follows would be read as frames here, as a body elsewhere.
            return problem(400, "This is no WebSocket handshake: it has a body.", close=True)
        session = self._session
        if session.context.draining:
            return problem(503, TURNED_AWAY, (("Retry-After", "1"),), close=True)
        compression = session.context.options.compression
        handshake = websocket.shake_hands(
            request.method,
            request.target,
            request.headers,
            # Within a machine, bytes cost less than their compression.
            compression=compression == "always" or (compression == "auto" and not is_local(session.address)),
        )
        if handshake.status != 101:
            return problem(
                handshake.status, f"This is no WebSocket handshake: {handshake.reason}.", handshake.headers
            )
        session.tell(_head(Response(101), *handshake.headers))
        session.waiting_since = self._now()
        session.adopt(
            self._websockets.dialect(
                session.id,
                session.host,
                binary=handshake.binary,
                how=handshake.deflate,
                is_confidential=session.private,
                reached_at=sys.intern(self._app.base(request, session)),
                way=session.way,
            )
        )
        return self._reader.rest()

    def _send(self, response: Response, *, close: bool, is_head: bool = False) -> None:
        # A 304 and a 204 have no body (RFC 9110, 8.6), and the length of a stream is not known.
        has_length = response.status not in _BODILESS and response.stream is None
        length = len(response.body) if response.pieces is None else response.length
        strict = self._session.secure and self._session.context.options.strict_days
        head = b"%bDate: %b\r\n%b%b%b\r\n" % (
            _beginning(response.status, response.headers),
            _date(int(time())),
            _STRICT % (max(0, strict) * 86_400) if strict else b"",
            b"Connection: close\r\n" if close else b"",
            b"Content-Length: %d\r\n" % length if has_length else b"",
        )
        self._session.tell(head if is_head else head + response.body)

    async def _send_pieces(self, response: Response) -> bool:
        """Sends a long body at the pace of its reader and its budgets; whether all of it was there.

        If not, the connection ends before the announced length, which tells the client.
        """
        session = self._session
        left = response.length
        assert response.pieces is not None  # noqa: S101  # the caller has looked
        async with aclosing(response.pieces()) as pieces:
            async for piece in pieces:
                await session.pay(len(piece) / FILE_BYTES)
                if session.ended:
                    return False
                session.waiting_since = self._now()  # keepalive counts from here
                session.tell(piece)
                left -= len(piece)
                await session.drained()
        return left == 0

    async def _drain_input(self) -> None:
        """Reads the rest of a request's body: closing with unread data would drop the answer."""
        await asyncio.sleep(0)
        session = self._session
        if session.ended or self._reader.ended:
            return
        session.half_close()
        session.is_parting = True
        taken = 0
        until = self._now() + _TAIL_LONGEST  # a client may send a byte a second
        while taken < _TAIL_BYTES and self._now() < until:
            data = await session.read(_TAIL_SECONDS)
            if not data:
                return
            taken += len(data)
            await asyncio.sleep(0)


_STRICT = b"Strict-Transport-Security: max-age=%d\r\n"
"""RFC 6797; over HTTP alone it must not be sent (7.2)."""

_CLOSE = ("Connection", "close")
_LAST_CHUNK = b"0\r\n\r\n"
_BODILESS = (204, 304)


def _head(response: Response, *further: tuple[str, str]) -> bytes:
    """The head of an answer, up to and with the empty line."""
    more = "".join([f"{name}: {value}\r\n" for name, value in further])
    return b"%bDate: %b\r\n%b\r\n" % (
        _beginning(response.status, response.headers),
        _date(int(time())),
        more.encode("latin-1", "replace"),
    )


@lru_cache(256)
def _beginning(status: int, headers: Headers) -> bytes:
    """The head of an answer without what each has for itself. Many have the same."""
    every = headers_of(headers) if status >= 200 else ()
    lines = "".join([f"{name}: {value}\r\n" for name, value in every])
    return f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n{lines}".encode("latin-1", "replace")


@lru_cache(1)
def _date(second: int) -> bytes:
    """The value of the Date header at a second since 1970."""
    return formatdate(second, usegmt=True).encode()
