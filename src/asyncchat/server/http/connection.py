"""HTTP on one connection: requests are read and answered one by one, until it ends or becomes a WebSocket.

Owns the limits of a request's time and size; h11 has the protocol. Must not know what is answered.
"""

from __future__ import annotations

import asyncio
import logging
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING

import h11

from asyncchat.dialects import websocket
from asyncchat.server.http.messages import Request, Response, headers_of, problem
from asyncchat.server.limits import REQUEST_SECONDS

if TYPE_CHECKING:
    from asyncchat.dialects.websocket import WebSocket
    from asyncchat.server.http.app import App
    from asyncchat.server.session import Session

_logger = logging.getLogger("asyncchat.http")

HEAD_BYTES = 16_384
"""The largest request head that is read."""

BODY_BYTES = 65_536
"""The largest request body: eight times the longest message, as JSON with escapes."""

IDLE_SECONDS = 75.0
"""How long a connection is kept open for the next request; browsers keep theirs for one to five minutes."""

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
    """

    def __init__(
        self, session: Session, app: App, websockets: WebSocket, begun: bytes, *, ended: bool
    ) -> None:
        self._session = session
        self._app = app
        self._websockets = websockets
        self._now = session.context.now
        self._h11 = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_BYTES)
        if begun:
            self._h11.receive_data(begun)
        if ended:
            self._h11.receive_data(b"")
        self._deadline = 0.0
        self._method = ""

    async def serve(self) -> bytes | None:
        """Answers requests.

        Returns:
            What followed the handshake, if the connection has become a WebSocket; None when it is over.
        """
        session = self._session
        first = True
        while not session.ended:
            session.waiting_since = self._now()  # keepalive counts from here
            self._deadline = session.waiting_since + (REQUEST_SECONDS if first else IDLE_SECONDS)
            first = False
            try:
                request = await self._next_request()
            except h11.RemoteProtocolError as error:
                status = error.error_status_hint
                self._send(
                    problem(
                        status if 400 <= status < 600 else 400,
                        f"This is no HTTP request: {error}.",
                        close=True,
                    )
                )
                break
            if request is None:
                break
            if isinstance(request, Response):
                self._send(request)
                break
            response = self._app.refusal(request)
            if response is None and request.version == "1.1" and request.names("upgrade", "websocket"):
                begun = self._upgrade(request)
                if isinstance(begun, bytes):
                    return begun
                response = begun
            if response is None:
                response = await self._respond(request)
            if response.stream is not None and self._method != "HEAD":
                headers = (("Transfer-Encoding", "chunked"), ("Connection", "close"))
                self._tell(self._h11.send(_head(response, *headers)))
                await response.stream(session)
                return None
            self._send(response)
            await session.drained()
            if self._h11.our_state is not h11.DONE or self._h11.their_state is not h11.DONE:
                break
            self._h11.start_next_cycle()
        await self._drain_input()
        return None

    async def _respond(self, request: Request) -> Response:
        try:
            return await self._app.respond(request, self._session)
        except Exception:
            _logger.exception("A request could not be answered; this is a bug of asyncchat")
            return problem(500, "The server failed at that; its log says more.", close=True)

    async def _next_request(self) -> Request | Response | None:
        """The next request; an answer if it is too large or too slow; None if there is none."""
        head = await self._next_event()
        if head is None and self._h11.trailing_data[0]:
            return _too_late()
        if not isinstance(head, h11.Request):
            return None
        self._method = head.method.decode("ascii")
        self._deadline = self._now() + REQUEST_SECONDS
        headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in head.headers)
        if head.http_version not in (b"1.0", b"1.1"):
            return problem(505, "This server speaks HTTP/1.1.", close=True)
        if sum(len(name) + len(value) for name, value in headers) > HEAD_BYTES:
            return problem(431, f"A request's headers are at most {HEAD_BYTES:,} bytes.", close=True)
        declared = next((value for name, value in headers if name == "content-length"), "0")
        if int(declared) > BODY_BYTES:
            return _too_large()
        body = b""
        if self._h11.they_are_waiting_for_100_continue:
            self._tell(self._h11.send(h11.InformationalResponse(status_code=100, headers=[])))
        while True:
            event = await self._next_event()
            if isinstance(event, h11.Data):
                body += bytes(event.data)
                if len(body) > BODY_BYTES:
                    return _too_large()
            elif isinstance(event, h11.EndOfMessage):
                break
            elif event is None:
                return _too_late()
            else:
                return None
        target = head.target.decode("latin-1")
        return Request(self._method, target, headers, body, head.http_version.decode("ascii"))

    async def _next_event(self) -> h11.Event | type[h11.PAUSED] | None:
        """h11's next event; None when time is up."""
        while True:
            event = self._h11.next_event()
            if event is not h11.NEED_DATA:
                return event  # type: ignore[return-value]  # mypy does not narrow by "is" of a class
            data = await self._session.read(max(0.0, self._deadline - self._now()))
            if data is None:
                return None
            self._h11.receive_data(data)

    def _upgrade(self, request: Request) -> bytes | Response:
        """Upgrades the connection to WebSocket, or says why not."""
        handshake = websocket.shake_hands(request.method, request.target, request.headers)
        if handshake.status != 101:
            return problem(
                handshake.status, f"This is no WebSocket handshake: {handshake.reason}.", handshake.headers
            )
        self._tell(
            self._h11.send(h11.InformationalResponse(status_code=101, headers=list(handshake.headers)))
        )
        session = self._session
        session.waiting_since = self._now()
        session.adopt(
            self._websockets.dialect(
                session.id, session.host, binary=handshake.binary, is_confidential=session.private
            )
        )
        return bytes(self._h11.trailing_data[0])

    def _send(self, response: Response) -> None:
        headers = []
        if response.status != 304 and response.status != 204:
            headers.append(("Content-Length", str(len(response.body))))
        if response.close:
            headers.append(("Connection", "close"))
        try:
            data = self._h11.send(_head(response, *headers)) or b""
            if response.body and self._method != "HEAD":
                data += self._h11.send(h11.Data(data=response.body)) or b""
            data += self._h11.send(h11.EndOfMessage()) or b""
        except h11.LocalProtocolError:
            # The request broke off: nobody waits for an answer.
            _logger.debug("%s broke off a request", self._session.host)
            return
        self._tell(data)

    def _tell(self, data: bytes | None) -> None:
        if data:
            self._session.tell(data)

    async def _drain_input(self) -> None:
        """Reads the rest of a request's body: closing with unread data would drop the answer."""
        await asyncio.sleep(0)
        session = self._session
        if session.ended or self._h11.their_state is h11.CLOSED:
            return
        session.half_close()
        taken = 0
        until = self._now() + _TAIL_LONGEST  # a client may send a byte a second
        while taken < _TAIL_BYTES and self._now() < until:
            data = await session.read(_TAIL_SECONDS)
            if not data:
                return
            taken += len(data)


def _head(response: Response, *further: tuple[str, str]) -> h11.Response:
    return h11.Response(
        status_code=response.status,
        headers=[*headers_of(response), ("Date", formatdate(usegmt=True)), *further],
        reason=HTTPStatus(response.status).phrase.encode(),
    )


def _too_large() -> Response:
    return problem(413, f"A request's body is at most {BODY_BYTES:,} bytes.", close=True)


def _too_late() -> Response:
    return problem(408, f"The request was not complete after {REQUEST_SECONDS:g} s.", close=True)
