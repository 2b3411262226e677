"""HTTP requests and responses as values.

Owns the headers that every response has. Must not know sockets or sessions.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from functools import cached_property
from http import HTTPStatus
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, Protocol
from urllib.parse import unquote_to_bytes

import msgspec

from asyncchat.version import __version__

if TYPE_CHECKING:
    from asyncchat.server.session import Session

Headers = tuple[tuple[str, str], ...]

PLAIN = "text/plain; charset=utf-8"
PROBLEM = "application/problem+json"
"""Errors that programs can read (RFC 9457)."""


CHUNKED = -1
"""The length of a body in the chunked coding, which is not known before its end."""


class Request(msgspec.Struct, frozen=True, dict=True):
    """The head of one request: headers have lower-case names, ``path`` is decoded, ``query`` is not.

    It has nothing but what its bytes say: the same bytes may be given the same request (``parser``). So what
    is found out about it is kept. ``length`` is that of the body, which is read when somebody asks for it
    (``Body``).
    """

    method: str
    target: str
    headers: Headers = ()
    version: str = "1.1"
    length: int = 0

    @cached_property
    def values(self) -> dict[str, str]:
        """The headers' values by their names; several of one name are joined as a list."""
        values = dict(self.headers)
        if len(values) < len(self.headers):
            values.clear()
            for name, value in self.headers:
                values[name] = f"{values[name]}, {value}" if name in values else value
        return values

    @cached_property
    def path(self) -> str:
        """The path of the target, decoded; an encoded ``?`` belongs to it."""
        return unquote_to_bytes(self.raw_path).decode("utf-8", "replace")

    @cached_property
    def raw_path(self) -> str:
        """The path as it was sent."""
        return self._split[0]

    @property
    def origin_form(self) -> str:
        """The target without scheme and authority (RFC 9112, 3.2.1)."""
        absolute = _ABSOLUTE.fullmatch(self.target)
        return self.target if absolute is None else absolute[2] or "/"

    @cached_property
    def query(self) -> str:
        """What follows the question mark."""
        return self._split[1]

    @cached_property
    def host(self) -> str:
        """The host that is asked: the target's authority if it has one (RFC 9112, 3.2.2), else the
        header's."""
        absolute = _ABSOLUTE.fullmatch(self.target)
        return self.header("host") if absolute is None else absolute[1]

    @cached_property
    def is_last(self) -> bool:
        """Whether the client wants no other answer on the connection."""
        return self.version == "1.0" or self.names("connection", "close")

    @cached_property
    def is_upgrade(self) -> bool:
        """Whether it asks for a WebSocket."""
        return self.version == "1.1" and self.names("upgrade", "websocket")

    @cached_property
    def expects(self) -> bool:
        """Whether the client waits for a 100 before it sends the body."""
        return self.version == "1.1" and bool(self.header("expect"))

    @cached_property
    def media_type(self) -> str:
        """That of the body, in lower case and without parameters."""
        return self.header("content-type").partition(";")[0].strip().lower()

    @cached_property
    def accepts_html(self) -> bool:
        """Whether the Accept header names HTML itself; a wildcard does not count."""
        return any(
            part.split(";")[0].strip().lower() == "text/html" and _weight(part) > 0
            for part in self.header("accept").split(",")
        )

    def header(self, name: str) -> str:
        """A header's value; '' without one, several joined as a list."""
        return self.values.get(name, "")

    def names(self, header: str, token: str) -> bool:
        """Whether a header that is a list has this token, in any case."""
        value = self.values.get(header)
        return value is not None and token in (part.strip().lower() for part in value.split(","))

    def knows(self, tag: str) -> bool:
        """Whether the client has what this entity tag names (If-None-Match; RFC 9110, 13.1.2)."""
        return knows(self.header("if-none-match"), tag)

    def seen_as(self, host: str, target: str) -> Request:
        """This request with another host and target, which is kept with it."""
        seen: Request | None = self.__dict__.get("_seen_as")
        if seen is None or (seen.host, seen.target) != (host, target):
            headers = tuple([pair for pair in self.headers if pair[0] != "host"])
            seen = Request(self.method, target, (("host", host), *headers), self.version, self.length)
            self.__dict__["_seen_as"] = seen
        return seen

    @cached_property
    def _split(self) -> tuple[str, str]:
        path, _, query = self.origin_form.partition("#")[0].partition("?")
        return path, query


def knows(if_none_match: str, tag: str) -> bool:
    """Whether this If-None-Match has an entity tag."""
    known = [part.strip().removeprefix("W/") for part in if_none_match.split(",")]
    return tag in known or "*" in known


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether this Accept-Encoding would have gzip, and not rather no coding (RFC 9110, 12.5.3).

    What is named counts more than the wildcard; ``identity`` has no weight unless it is named.
    """
    weights = {part.partition(";")[0].strip().lower(): _weight(part) for part in accept_encoding.split(",")}
    weight = weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0)))
    return weight > 0 and weight >= weights.get("identity", 0.0)


class Body(Protocol):
    """Reads the body of a request; one that nobody asks for is dropped."""

    async def read(self) -> bytes | Response:
        """The body, or the answer if it is too large, too slow or malformed."""

    def parts(self, most: int) -> AsyncGenerator[bytes, None]:
        """A long body as it comes, of at most so many bytes.

        Raises:
            BodyFault: it is too large, too slow or malformed.
        """


class BodyFault(Exception):
    """A body does not come as it should; ``response`` is the answer."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://([^/?#]*)(.*)", re.DOTALL)
"""A target in absolute form: its authority, and the rest."""


_WEIGHT = re.compile(r"\d(?:\.\d*)?")


def _weight(part: str) -> float:
    """The weight of an element of an Accept header, 0 to 1 (RFC 9110, 12.4.2); 0 if it is malformed."""
    for parameter in part.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            found = _WEIGHT.fullmatch(value.strip())
            return min(float(found[0]), 1.0) if found else 0.0
    return 1.0


class Requesting(NamedTuple):
    """HTTP between two requests. ``peer``: where they come from, perhaps a proxy."""

    begun: bytes
    peer: str
    peer_secure: bool


class Streaming(NamedTuple):
    """A stream of events that a request began."""

    request: Request


class Response(msgspec.Struct, frozen=True):
    """One response; ``close``: the connection is closed after it.

    ``stream`` writes the body, in the chunked coding, after the head has been sent. ``pieces`` gives one of
    ``length`` bytes that is too long for ``body``.
    """

    status: int
    body: bytes = b""
    headers: Headers = ()
    close: bool = False
    stream: Callable[[Session], Awaitable[None]] | None = None
    pieces: Callable[[], AsyncGenerator[bytes, None]] | None = None
    length: int = 0


def text(status: int, words: str, headers: Headers = (), *, close: bool = False) -> Response:
    """A response of plain text."""
    return Response(status, words.encode(), (("Content-Type", PLAIN), *headers), close)


def problem(
    status: int,
    detail: str,
    headers: Headers = (),
    *,
    close: bool = False,
    more: Mapping[str, str] = MappingProxyType({}),
) -> Response:
    """An error; ``detail`` is a sentence that says what to do, ``more`` is for programs (RFC 9457, 3.2)."""
    title = HTTPStatus(status).phrase
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
    return Response(status, msgspec.json.encode(body) + b"\n", (("Content-Type", PROBLEM), *headers), close)


ALWAYS: Headers = (
    ("Server", f"asyncchat/{__version__}"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
"""Headers of every response: other sites must not embed it, guess its type, or learn the referrer."""

NO_CONTENT_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""The content security policy of everything but the page."""


def headers_of(own: Headers) -> list[tuple[str, str]]:
    """All headers of a response that has these of its own, except those of the connection."""
    said = {name.lower() for name, _ in own}
    headers = [*ALWAYS, *own]
    if "content-security-policy" not in said:
        headers.append(("Content-Security-Policy", NO_CONTENT_POLICY))
    if "cache-control" not in said:
        headers.append(("Cache-Control", "no-store"))
    return headers
