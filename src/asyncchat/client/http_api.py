"""The HTTP API of a server, for commands that ask one thing and end: no join, no thread, no event loop.

Owns requests, their answers as values, and what of a failure a person is told. Must not know what is shown.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any, BinaryIO, Final
from urllib.parse import quote, urlencode

from asyncchat.client import http_shapes
from asyncchat.client.address import Address
from asyncchat.client.errors import ClientError, TimedOut, Unreachable
from asyncchat.client.http_exchange import ConnectionBroken, Exchange, NotOurs
from asyncchat.client.http_shapes import Shape, fits
from asyncchat.client.trust import SYSTEM, Trust, layer_for

PAGE: Final = 200
"""Messages of one page at the most."""

_EPOCH: Final = "1970-01-01T00:00:00.000Z"
"""The time from which on everything is read."""

SILENCE: Final = 40.0
"""Seconds without a byte after which a stream is dead; a living one says something every 15 s."""

_KEY: Final = "Idempotency-Key"

Message = dict[str, Any]
"""A message as the API gives it."""


class ApiError(ClientError):
    """The server refuses a request; ``status`` is HTTP's, ``id`` that of a message that it names."""

    def __init__(self, status: int, detail: str, id: str = "") -> None:
        super().__init__(detail)
        self.status = status
        self.id = id


class HttpApi:
    """The API of a server, or of several that are one chat: where one does not answer, the next is asked.

    Args:
        address: where it is.
        trust: whom to trust there, over TLS.
        token: a bot's or an account's token; empty: a guest asks.
        timeout: seconds for a connection and for each answer.
        patience: seconds for which a server that asks to come later is asked again.
        sleep: waits until then.

    Raises:
        ValueError: the fingerprint is none, or something for TLS is given for an address without it.
        ClientError: a file can't be used.
    """

    def __init__(
        self,
        address: Address,
        *,
        trust: Trust = SYSTEM,
        token: str = "",
        timeout: float = 30.0,
        patience: float = 60.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.address = address
        self._places = [(one, layer_for(one, trust)) for one in address.each]
        self._at = 0
        self._authorization = {"Authorization": f"Bearer {token}"} if token else {}
        self._timeout = timeout
        self._patience = patience
        self._sleep = sleep

    # What can be asked.

    def post(self, room: str, text: str, name: str, key: str = "") -> Message:
        """Says something; under a key only once.

        Where there are several servers it gets a key, so that another one can be asked when one breaks off.

        Raises:
            ApiError: it was refused; under the key of another message with that message's ``id``.
            ClientError: there is no server, or no answer.
        """
        if self.address.others and not key:
            key = secrets.token_urlsafe(16)
        headers = {"Content-Type": "application/json", **({_KEY: key_header(key)} if key else {})}
        # What came from bytes that are no UTF-8 can't be sent.
        draft = {"text": _whole(text), "name": _whole(name)}
        target, body = f"{_room(room)}/messages", json.dumps(draft).encode()
        said: Message = self._ask(http_shapes.MESSAGE, "POST", target, body, headers)
        return said

    def upload(self, file: BinaryIO, name: str, nick: str) -> str:
        """Sends a file that can be read in binary, as a guest under a nick, and returns its link.

        Raises:
            ClientError: it was refused, or there is no server.
        """
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(_whole(name), safe='')}",
        }
        target = f"/upload?{_query({'name': nick})}"
        link: str = self._ask(http_shapes.UPLOADED, "POST", target, file, headers)["url"]
        return link

    def messages(self, room: str, **query: str | int) -> tuple[list[Message], bool]:
        """A page of a room's history, oldest first, and whether there is more."""
        page = self._ask(http_shapes.MESSAGES, "GET", f"{_room(room)}/messages?{_query(query)}")
        return page["messages"], page["more"]

    def forwards(self, room: str, after: str = "", since: str = "", until: str = "") -> Iterator[Message]:
        """All messages after one (by its id), or from a time on (empty: all), oldest first."""
        bound = {"after": after} if after else {"since": since or _EPOCH}
        while True:
            page, more = self.messages(room, limit=PAGE, until=until, **bound)
            yield from page
            if not (more and page):
                return
            bound = {"after": page[-1]["id"]}

    def backwards(self, room: str, count: int, before: str = "", until: str = "") -> list[Message]:
        """The last messages, oldest first."""
        found: list[Message] = []
        while len(found) < count:
            limit = min(PAGE, count - len(found))
            page, more = self.messages(room, limit=limit, before=before, until=until)
            found[:0] = page
            if not (more and page):
                break
            before = page[0]["id"]
        return found

    def search(self, room: str, text: str, name: str, count: int) -> tuple[list[Message], bool]:
        """The last messages that have these words, oldest first, and whether there may be more."""
        found: list[Message] = []
        before = ""
        while len(found) < count:
            asked: dict[str, str | int] = {
                "text": text,
                "name": name,
                "limit": min(PAGE, count - len(found)),
                "before": before,
            }
            page = self._ask(http_shapes.FOUND, "GET", f"{_room(room)}/search?{_query(asked)}")
            found[:0] = page["messages"]
            before = page["next"]
            if not before:
                break
        return found, bool(before)

    def members(self, room: str) -> list[Message]:
        """Who is in a room."""
        found: list[Message] = self._ask(http_shapes.MEMBERS, "GET", f"{_room(room)}/members")["members"]
        return found

    def rooms(self) -> list[Message]:
        """The rooms that may be read."""
        found: list[Message] = self._ask(http_shapes.ROOMS, "GET", "/api/v1/rooms")["rooms"]
        return found

    def metrics(self) -> str:
        """The server's figures, in Prometheus' text format.

        Raises:
            ClientError: it was refused, or there is no server.
        """
        with closing(self._exchange(self._timeout)) as exchange:
            exchange.ask("GET", f"{self.address.base_path}/metrics", self._authorization, b"")
            if exchange.status != 200:
                raise self._error(exchange)
            return exchange.read().decode("utf-8", "replace")

    @contextmanager
    def stream(
        self, room: str, after: str, left: Callable[[], float]
    ) -> Generator[Iterator[tuple[str, Message]], None, None]:
        """The events of a room after a message (empty: from now on), as (kind, data).

        Args:
            room: the room.
            after: the id of the message.
            left: how many seconds the caller still waits.

        Raises:
            ApiError: it was refused.
            Unreachable: there is no server.
            ConnectionBroken: the connection is lost, here or while events are read.
            NotOurs: what comes is no stream of ours.
            TimedOut: the caller waits no longer.
        """
        headers = {"Accept": "text/event-stream", **({"Last-Event-ID": after} if after else {})}
        timeout = min(self._timeout, max(0.1, left()))
        try:
            with closing(self._exchange(timeout)) as exchange:
                exchange.ask(
                    "GET",
                    f"{self.address.base_path}{_room(room)}/stream",
                    {**self._authorization, **headers},
                    b"",
                )
                if exchange.status != 200:
                    raise self._error(exchange)
                yield self._events(exchange.lines(SILENCE, left))
        except ClientError:
            self._go_to_next()  # for whoever tries again
            raise

    # How it is asked.

    def _ask(
        self,
        shape: Shape,
        method: str,
        target: str,
        body: bytes | BinaryIO = b"",
        headers: Mapping[str, str] = {},
    ) -> Any:
        """What the server answers, JSON of that shape; one that is busy is asked again."""
        waited, others = 0.0, len(self.address.others)
        may_repeat = method == "GET" or _KEY in headers
        while True:
            with closing(self._exchange(self._timeout)) as exchange:
                try:
                    exchange.ask(
                        method, self.address.base_path + target, {**self._authorization, **headers}, body
                    )
                    if exchange.status in (200, 201):
                        return self._read(exchange.read(), shape)
                    error = self._error(exchange)
                except (ConnectionBroken, TimedOut):
                    if not (may_repeat and others):
                        raise
                    others -= 1
                    self._go_to_next()
                    continue
            if exchange.status == 503 and others and isinstance(body, bytes):
                others -= 1
                self._go_to_next()
                continue
            pause = exchange.headers.get("retry-after", "")
            seconds = float(pause) if pause.isascii() and pause.isdigit() else self._patience
            is_over = waited + seconds > self._patience or not isinstance(body, bytes)  # a file is sent once
            if exchange.status not in (429, 503) or is_over:
                raise error
            waited += seconds
            self._sleep(seconds)

    def _exchange(self, timeout: float) -> Exchange:
        """A connection to the first server that there is."""
        for left in range(len(self._places) - 1, -1, -1):
            address, tls = self._places[self._at]
            try:
                return Exchange(address, tls=tls, timeout=timeout)
            except Unreachable as error:
                if not left:
                    places = " or ".join(str(one) for one, _ in self._places)
                    raise Unreachable(places, error.reason, error.hint) from error
                self._go_to_next()
        raise AssertionError("there is an address")

    def _go_to_next(self) -> None:
        self._at = (self._at + 1) % len(self._places)

    def _read(self, raw: bytes | str, shape: Shape) -> Any:
        try:
            value = json.loads(raw)
        except (ValueError, RecursionError) as error:
            raise NotOurs(self._places[self._at][0]) from error
        if not fits(value, shape):
            raise NotOurs(self._places[self._at][0])
        return value

    def _events(self, lines: Iterator[str]) -> Iterator[tuple[str, Message]]:
        """Server-sent events (WHATWG HTML), as the server writes them."""
        kind = ""
        for line in lines:
            name, _, value = line.partition(": ")
            if name == "event":
                kind = value
            elif name == "data":
                yield kind, self._read(value, http_shapes.EVENTS.get(kind, {}))

    def _error(self, exchange: Exchange) -> ClientError:
        """Why a request failed."""
        told = self._read(exchange.read(), http_shapes.PROBLEM)
        if exchange.status == 401 and not self._authorization:
            return ApiError(401, "The server wants a token: --token TOKEN, or ASYNCCHAT_TOKEN.")
        id = told.get("id")
        return ApiError(exchange.status, told["detail"], id if http_shapes.is_id(id) else "")


def key_header(key: str) -> str:
    """A key as a header has it: what is not printable ASCII is encoded."""
    return "".join(char if " " <= char <= "~" else quote(char) for char in _whole(key)).strip()


def _whole(text: str) -> str:
    """A text without lone surrogates."""
    return text.encode("utf-8", "replace").decode()


def _room(room: str) -> str:
    return f"/api/v1/rooms/{quote(_whole(room), safe='')}"


def _query(values: Mapping[str, str | int]) -> str:
    return urlencode({name: value for name, value in values.items() if value}, errors="replace")
