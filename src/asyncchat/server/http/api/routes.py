"""Routes: which function answers which method and path, with which parameters and responses.

Owns the form of the tables and how a request becomes a call. Must not know what the functions do.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote_to_bytes

import msgspec

from asyncchat.core.chat import Chat
from asyncchat.core.features.bots import Token
from asyncchat.core.ids import Ids
from asyncchat.log.base import Log
from asyncchat.server.http.messages import Body, Request, Response, problem
from asyncchat.server.page_cache import PageCache
from asyncchat.server.search import Searcher
from asyncchat.server.session import Session, SessionContext

if TYPE_CHECKING:
    from asyncchat.server.http.api.open_streams import Streams
    from asyncchat.server.password_guard import PasswordGuard

PREFIX = "/api/v1"

_REMEMBERED = 128
"""Queries that are remembered: a program asks alike, or for another page each time."""

_REMEMBERED_LETTERS = 128
"""Letters of the longest of them."""

_JSON = (("Content-Type", "application/json"),)

NEEDS_TOKEN = (("WWW-Authenticate", "Bearer"),)

OPEN = ""
"""The action of a route that needs no token."""


class ApiContext(msgspec.Struct, frozen=True):
    """What all handlers share: what sessions share, the log, its ids, the newest pages of rooms, the open
    streams, and who searches."""

    sessions: SessionContext
    log: Log
    ids: Ids
    pages: PageCache
    streams: Streams
    searcher: Searcher
    guard: PasswordGuard
    started: int
    """When the run began, in microseconds since 1970 UTC."""

    @property
    def chat(self) -> Chat:
        """The state, only to be read."""
        return self.sessions.hub.chat

    @property
    def locked(self) -> bool:
        """Whether the server asks for a password."""
        return bool(self.sessions.options.password)


class Call(msgspec.Struct):
    """One request for a handler.

    ``token`` is None without one; ``account`` is the name of the account whose login token came instead, with
    its ``digest``; ``operator`` is the id under which it administers, where the route is of that; ``room`` is
    '' on routes without a room; ``query`` is the query as the route's schema.
    """

    context: ApiContext
    session: Session
    request: Request
    body: Body
    query: Any
    room: str = ""
    token: Token | None = None
    account: str = ""
    digest: str = ""
    operator: int = 0


class Answer(msgspec.Struct, frozen=True):
    """An answer that a route may give.

    ``shape`` is the schema of its JSON, None if ``kind`` is not JSON; ``kind`` is empty if it has no body.
    """

    words: str
    shape: type[msgspec.Struct] | None = None
    kind: str = "application/json"
    headers: Mapping[str, str] = {}


_encode = msgspec.json.Encoder().encode

Handler = Callable[[Call], Awaitable[Response]]


class Route(msgspec.Struct, frozen=True):
    """One route.

    ``action`` is what the token must allow (``bots.ACTIONS``), ``optional`` whether the token may be
    missing. ``problems`` are the errors beyond those that every route has. ``path`` follows ``prefix``.
    ``refused`` is the answer to a wrong token in the path; a route with one has problems in plain text, too.
    """

    method: str
    path: str
    name: str
    handler: Handler
    summary: str
    answers: Mapping[int, Answer]
    action: str = OPEN
    optional: bool = False
    query: type[msgspec.Struct] = msgspec.Struct
    headers: Mapping[str, str] = {}
    body: Mapping[str, type[msgspec.Struct] | type[str]] = {}
    problems: Mapping[int, str] = {}
    prefix: str = PREFIX
    refused: Response | None = None

    def match(self, segments: Sequence[str]) -> dict[str, str] | None:
        """The parameters in a path that is split at its slashes; None if it is another route's."""
        own = f"{self.prefix}{self.path}".split("/")[1:]
        if len(own) != len(segments):
            return None
        found: dict[str, str] = {}
        for mine, theirs in zip(own, segments, strict=True):
            if mine.startswith("{"):
                found[mine.strip("{}")] = theirs
            elif mine != theirs:
                return None
        return found


def segments_of(raw_path: str) -> list[str]:
    """A path, split at its slashes and then decoded: a room's name may have a slash."""
    parts = raw_path.split("/")[1:]
    return [unquote_to_bytes(part).decode("utf-8", "replace") for part in parts]


def query_of(kind: type[msgspec.Struct], text: str) -> Any:
    """A query as its schema; that of a short text is remembered.

    Raises:
        ValueError: it is not valid; the text says why.
    """
    return (_remembered if len(text) <= _REMEMBERED_LETTERS else _query_of)(kind, text)


def _query_of(kind: type[msgspec.Struct], text: str) -> Any:
    stated: dict[str, str] = {}
    fields = kind.__struct_fields__
    for name, value in parse_qsl(text, keep_blank_values=True, max_num_fields=50):
        if name in stated:
            raise ValueError(f"The parameter {name} is given twice.")
        if name in fields:  # others are for a cache or a proxy
            stated[name] = value
    try:
        return msgspec.convert(stated, kind, strict=False)
    except msgspec.ValidationError as error:
        raise ValueError(f"The query is not valid: {error}.") from error


_remembered = lru_cache(_REMEMBERED)(_query_of)


async def body_of(call: Call, kinds: Mapping[str, type[Any]]) -> Any:
    """A body as its schema; a response if it is not valid."""
    kind = call.request.media_type
    if kind not in kinds:
        return problem(415, f"Send the body as {' or '.join(kinds)}.")
    body = await call.body.read()
    if isinstance(body, Response):
        return body
    try:
        if kinds[kind] is str:
            return body.decode()
        return msgspec.json.decode(body, type=kinds[kind])
    except UnicodeDecodeError:
        return problem(400, "The body is not UTF-8.")
    except msgspec.ValidationError as error:
        return problem(422, f"The body is not valid: {error}.")
    except msgspec.DecodeError as error:
        return problem(400, f"The body is no JSON: {error}.")


def json(status: int, value: msgspec.Struct, *headers: tuple[str, str]) -> Response:
    """A response of JSON."""
    return json_body(status, _encode(value) + b"\n", *headers)


def json_body(status: int, body: bytes, *headers: tuple[str, str]) -> Response:
    """A response of what is JSON already."""
    return Response(status, body, (*_JSON, *headers) if headers else _JSON)
