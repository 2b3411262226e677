"""Reads requests off one connection: a head when the last request is answered, a body when it is asked for.

Owns the limits of a request's time and size. Must not know what is answered.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable
from contextlib import aclosing
from typing import TYPE_CHECKING

from asyncchat.server.http import parser
from asyncchat.server.http.messages import CHUNKED, BodyFault, Request, Response, problem
from asyncchat.server.limits import FILE_BYTES, LINE_BYTES, READ_BYTES, REQUEST_SECONDS

if TYPE_CHECKING:
    from asyncchat.server.session import Session

HEAD_BYTES = 16_384
"""The largest request head that is read, with its empty line."""

BODY_BYTES = 65_536
"""The largest request body: eight times the longest message, as JSON with escapes."""

MOST_CHUNKS = 1_000
"""Chunks of one body: each costs more than its bytes. Programs send a few kilobytes in each."""

LEAST_CHUNK_BYTES = 512
"""What the chunks beyond those have on average in a long body."""

SLOWEST_BYTES = 4_096
"""Bytes a second that a long body has at the least, after ``SLOWEST_SECONDS``: those of a bad radio link."""

SLOWEST_SECONDS = 30.0

CHUNK_LINE_BYTES = 256
"""The longest line that begins a chunk, with its extensions."""

TRAILER_BYTES = 1_024
"""All trailers of a body; nobody here reads them."""

IDLE_SECONDS = 75.0
"""How long a connection is kept open for the next request; browsers keep theirs for one to five minutes."""

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class RequestReader:
    """The input of one connection.

    Args:
        session: the connection's session.
        begun: what has been read so far.
        ended: whether that is all.
    """

    def __init__(self, session: Session, begun: bytes, *, ended: bool) -> None:
        self._session = session
        self._now = session.context.now
        self._buffer = bytearray(begun)
        self.ended = ended
        """Whether the client sends no more."""
        self._deadline = self._now() + REQUEST_SECONDS
        self.unread = 0
        """Bytes of the last request's body that nobody has read; ``CHUNKED``: nobody knows how many."""
        self._waited = 0.0
        """Seconds for which the last request's body was waited for."""
        self._received = 0
        """Bytes of it that came, where it is read in parts."""
        self._is_first = True
        self._expects = False

    async def head(self) -> Request | Response | None:
        """The next request; an answer if it is none, too large or too slow; None if there is none."""
        buffer = self._buffer
        searched = 0
        if not self._is_first:
            self._deadline = self._now() + IDLE_SECONDS
        while True:
            if buffer.startswith(b"\r\n"):  # an empty line before a request (RFC 9112, 2.2)
                del buffer[:2]
                searched = 0
                continue
            # What is behind the limit decides nothing: it may be here already, or not.
            end = buffer.find(b"\r\n\r\n", max(0, searched - 3), HEAD_BYTES)
            if end >= 0:
                break
            if parser.BARE_LF.search(buffer, searched, HEAD_BYTES):
                return parser.bare_line_feed()
            if len(buffer) >= HEAD_BYTES:
                if buffer.find(b"\n", 0, parser.TARGET_BYTES) < 0:
                    return parser.target_too_long()
                return problem(431, f"A request's headers are at most {HEAD_BYTES:,} bytes.", close=True)
            searched = len(buffer)
            if buffer:
                self._deadline = min(self._deadline, self._now() + REQUEST_SECONDS)
            self._session.may_stop = True
            came = await self._more()
            self._session.may_stop = False
            if not came:
                return _too_late() if buffer and not self.ended else None
        self._is_first = False
        await self._session.context.pass_turns.take()
        request = parser.parse_head(bytes(buffer[: end + 4]))
        del buffer[: end + 4]
        if isinstance(request, Request):
            self._deadline = self._now() + REQUEST_SECONDS
            self.unread = request.length
            self._expects = request.expects
        return request

    async def read(self) -> bytes | Response:
        """The body of the last request (``Body``)."""
        length, self.unread = self.unread, 0
        if length > BODY_BYTES:
            self.unread = length
            return _too_large()
        if self._expects and not self._buffer:
            self._session.tell(_CONTINUE)
        buffer = self._buffer
        if 0 <= length <= len(buffer):
            data = bytes(buffer[:length])
            del buffer[:length]
            return data
        body = await (self._chunks() if length == CHUNKED else self._take(length))
        if not isinstance(body, bytes):
            self.unread = CHUNKED  # nobody knows where it ends
        return (_moved() if self._is_cut else _too_late()) if body is None else body

    async def parts(self, most: int) -> AsyncGenerator[bytes, None]:
        """The body of the last request as it comes (``Body``): at the pace of whoever takes it."""
        session, buffer = self._session, self._buffer
        length, self.unread = self.unread, CHUNKED  # until all of it is read
        if length > most:
            raise BodyFault(_too_large(most))
        if self._expects and not buffer:
            session.tell(_CONTINUE)
        self._waited = 0.0
        self._received = 0
        paid = 0
        async with aclosing(self._chunk_sizes(most) if length == CHUNKED else _once(length)) as sizes:
            async for size in sizes:
                left = size
                while left:
                    if not buffer and not await self._more_of_body():
                        raise BodyFault(self._came_no_further())
                    part = bytes(buffer[:left])
                    del buffer[:left]
                    left -= len(part)
                    self._received += len(part)
                    yield part
                    if self._received - paid >= FILE_BYTES:
                        paid = self._received
                        await session.pay(0.0)
        self.unread = 0

    async def _chunk_sizes(self, most: int) -> AsyncGenerator[int, None]:
        """The sizes of the chunks of a long body; whoever takes one reads its bytes before the next."""
        total = chunks = 0
        while True:
            line = await self._whole(self._line(CHUNK_LINE_BYTES))
            size = parser.chunk_size(line)
            if size is None:
                raise BodyFault(parser.malformed("a chunk of its body has no size"))
            if not size:
                await self._whole(self._trailers(b""))
                return
            total += size
            chunks += 1
            if total > most:
                raise BodyFault(_too_large(most))
            if chunks > MOST_CHUNKS + total // LEAST_CHUNK_BYTES:
                raise BodyFault(_too_many_chunks())
            yield size
            if await self._whole(self._take(2)) != b"\r\n":
                raise BodyFault(parser.malformed("a chunk of its body is longer than its size"))

    async def _whole(self, read: Awaitable[bytes | Response | None]) -> bytes:
        """What a read between two chunks gives, in the time that a long body has."""
        began = self._now()
        self._deadline = began + self._patience()
        data = await read
        self._waited += self._now() - began
        if isinstance(data, bytes):
            return data
        raise BodyFault(self._came_no_further() if data is None else data)

    async def _more_of_body(self) -> bool:
        """Reads more of a long body; whether there was more in time."""
        began = self._session.waiting_since = self._now()  # keepalive counts from here
        self._deadline = began + self._patience()
        came = await self._more(FILE_BYTES)
        self._waited += self._now() - began
        return came

    def _patience(self) -> float:
        """Seconds for which more of a long body is waited for."""
        allowed = SLOWEST_SECONDS + self._received / SLOWEST_BYTES
        return max(0.0, min(REQUEST_SECONDS, allowed - self._waited))

    def _came_no_further(self) -> Response:
        if self._is_cut:
            return _moved()
        return problem(408, "The rest of the body did not come in time.", close=True)

    @property
    def may_follow(self) -> bool:
        """Whether another request may follow the last one, whose body is read or can be skipped.

        What has come of the body decides nothing, or the same client would be closed at times.
        """
        # Whoever waits for a 100 may send the body or not (RFC 9110, 10.1.1).
        return self.unread == 0 or (0 < self.unread <= BODY_BYTES and not self._expects)

    async def skip(self) -> bool:
        """Drops the body of the last request if nobody read it; whether all of it came in time."""
        length, self.unread = self.unread, 0
        return await self._take(length) is not None

    def rest(self) -> bytes:
        """What has been read beyond the last request."""
        return bytes(self._buffer)

    @property
    def waits(self) -> bool:
        """Whether another request has come already, or a part of it."""
        return bool(self._buffer)

    async def _chunks(self) -> bytes | Response | None:
        """A body in the chunked coding (RFC 9112, 7.1)."""
        body = bytearray()
        for _ in range(MOST_CHUNKS):
            line = await self._line(CHUNK_LINE_BYTES)
            if not isinstance(line, bytes):
                return line
            size = parser.chunk_size(line)
            if size is None:
                return parser.malformed("a chunk of its body has no size")
            if not size:
                return await self._trailers(bytes(body))
            if len(body) + size > BODY_BYTES:
                return _too_large()
            chunk = await self._take(size + 2)
            if chunk is None:
                return None
            if not chunk.endswith(b"\r\n"):
                return parser.malformed("a chunk of its body is longer than its size")
            body += chunk[:-2]
        return _too_many_chunks()

    async def _trailers(self, body: bytes) -> bytes | Response | None:
        left = TRAILER_BYTES
        while line := await self._line(left):
            if not isinstance(line, bytes):
                return line
            left -= len(line)
            if parser.parse_fields(line + b"\r\n") is None:
                return parser.malformed("a trailer is not NAME: VALUE on one line")
        return body if line is not None else None

    async def _line(self, most: int) -> bytes | Response | None:
        """A line of a chunked body, without its end; None when time is up."""
        buffer = self._buffer
        while (end := buffer.find(b"\r\n", 0, most + 2)) < 0:
            if len(buffer) >= most + 2:
                return parser.malformed("a line between the chunks of its body is too long")
            if not await self._more():
                return None
        line = bytes(buffer[:end])
        del buffer[: end + 2]
        return line

    async def _take(self, size: int) -> bytes | None:
        """So many bytes; None when time is up."""
        buffer = self._buffer
        while len(buffer) < size:
            if not await self._more():
                return None
        taken = bytes(buffer[:size])
        del buffer[:size]
        return taken

    @property
    def _is_cut(self) -> bool:
        """Whether the rest of a request is not waited for, because another process takes over."""
        return self._session.context.cutting and not self._session.may_stop

    async def _more(self, bytes_a_line: int = LINE_BYTES) -> bool:
        """Reads more, which is charged a line for so many bytes; whether there was more in time."""
        session = self._session
        if session.context.cutting and not session.may_stop:  # as _is_cut, without a call more
            return False
        data = await session.read(max(0.0, self._deadline - self._now()))
        if not data:
            self.ended = self.ended or data is not None
            return False
        self._buffer += data
        session.charge(len(data) / bytes_a_line)
        if len(data) == READ_BYTES:
            await asyncio.sleep(0)  # more has come already: the next read would not wait
        return True


async def _once(size: int) -> AsyncGenerator[int, None]:
    yield size


def _too_large(most: int = BODY_BYTES) -> Response:
    return problem(413, f"A request's body is at most {most:,} bytes.", close=True)


def _too_many_chunks() -> Response:
    most = f"at most {MOST_CHUNKS:,}, and one more for each {LEAST_CHUNK_BYTES} bytes of a file"
    return problem(400, f"The body comes in too many chunks: {most}. Send larger ones.", close=True)


def _moved() -> Response:
    words = "The server is upgraded at this moment. Send that again."
    return problem(503, words, (("Retry-After", "1"),), close=True)


def _too_late() -> Response:
    return problem(408, f"The request was not complete after {REQUEST_SECONDS:g} s.", close=True)
