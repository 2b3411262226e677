"""The HTTP API of a server, for commands that ask one thing and end: no join, no thread, no event loop.

Owns requests, their answers as values, and what of a failure a person is told. Must not know what is shown.
"""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from typing import Any, Final
from urllib.parse import quote, urlencode

from asyncchat.client.address import Address
from asyncchat.client.errors import START_HINT, ClientError, TimedOut, Unreachable, reason_of

PAGE: Final = 200
"""Messages of one page at the most."""

EPOCH: Final = "1970-01-01T00:00:00.000Z"
"""The time from which on everything is read."""

SILENCE: Final = 40.0
"""Seconds without a byte after which a stream is dead; a living one says something every 15 s."""

Message = dict[str, Any]
"""A message as the API gives it."""


class ApiError(ClientError):
    """The server refuses a request; ``status`` is HTTP's, ``id`` that of a message that it names."""

    def __init__(self, status: int, detail: str, id: str = "") -> None:
        super().__init__(detail)
        self.status = status
        self.id = id


class ConnectionBroken(ClientError):
    """The connection broke before the answer came."""

    def __init__(self, address: str) -> None:
        super().__init__(f"The connection to {address} broke before it answered.")


class HttpApi:
    """One server's API.

    Args:
        address: where it is.
        tls: whether a proxy with TLS is there.
        token: a bot's or an account's token; empty: a guest asks.
        timeout: seconds for a connection and for each answer.
        patience: seconds for which a server that asks to come later is asked again.
    """

    def __init__(
        self,
        address: Address,
        *,
        tls: bool = False,
        token: str = "",
        timeout: float = 30.0,
        patience: float = 60.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.address = address
        self._tls = tls
        self._token = token
        self._timeout = timeout
        self._patience = patience
        self._sleep = sleep

    # What can be asked.

    def post(self, room: str, text: str, name: str, key: str = "") -> Message:
        """Says something; under a key only once.

        Raises:
            ApiError: it was refused; under the key of another message with that message's ``id``.
            ClientError: there is no server, or no answer.
        """
        headers = {"Idempotency-Key": key} if key else {}
        draft = {"text": text, "name": name}
        said: Message = self._ask("POST", f"{_room(room)}/messages", json.dumps(draft).encode(), headers)
        return said

    def upload(self, file: Any, name: str) -> str:
        """Sends a file that can be read in binary, and returns its link.

        Raises:
            ClientError: it was refused, or there is no server.
        """
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        }
        link: str = self._ask("POST", "/upload", file, headers)["url"]
        return link

    def messages(self, room: str, **query: str | int) -> tuple[list[Message], bool]:
        """A page of a room's history, oldest first, and whether there is more."""
        page = self._ask("GET", f"{_room(room)}/messages?{_query(query)}")
        return page["messages"], page["more"]

    def forwards(self, room: str, after: str = "", since: str = EPOCH, until: str = "") -> Iterator[Message]:
        """All messages after one (by its id), or from a time on, oldest first."""
        bound = {"after": after} if after else {"since": since}
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
            page = self._ask("GET", f"{_room(room)}/search?{_query(asked)}")
            found[:0] = page["messages"]
            before = page["next"]
            if not before:
                break
        return found, bool(before)

    def members(self, room: str) -> list[Message]:
        """Who is in a room."""
        members: list[Message] = self._ask("GET", f"{_room(room)}/members")["members"]
        return members

    def rooms(self) -> list[Message]:
        """The rooms that may be read."""
        rooms: list[Message] = self._ask("GET", "/api/v1/rooms")["rooms"]
        return rooms

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
            TimedOut: the caller waits no longer.
        """
        headers = {"Accept": "text/event-stream", **({"Last-Event-ID": after} if after else {})}
        connection = self._connected(min(self._timeout, max(0.1, left())))
        with closing(connection):
            connected = connection.sock  # the connection forgets it when it has answered
            response = self._answer(connection, "GET", f"{_room(room)}/stream", None, headers)
            if response.status != 200:
                raise self._error(response)
            with closing(response):
                yield self._events(connected, response, left)

    # How it is asked.

    def _events(
        self, connected: socket.socket, response: http.client.HTTPResponse, left: Callable[[], float]
    ) -> Iterator[tuple[str, Message]]:
        kind = ""
        while True:
            seconds = left()
            if seconds <= 0:
                raise TimedOut("No answer came in time.")
            connected.settimeout(min(SILENCE, seconds))
            try:
                line = response.readline()
            except (OSError, http.client.HTTPException) as error:
                if isinstance(error, TimeoutError) and left() <= 0:
                    continue
                raise ConnectionBroken(str(self.address)) from error
            if not line:
                raise ConnectionBroken(str(self.address))
            name, _, value = line.decode().rstrip("\r\n").partition(": ")
            if name == "event":
                kind = value
            elif name == "data":
                yield kind, json.loads(value)

    def _ask(self, method: str, target: str, body: Any = None, headers: Mapping[str, str] = {}) -> Any:
        """What the server answers, as JSON; one that is busy is asked again."""
        if isinstance(body, bytes):
            headers = {"Content-Type": "application/json", **headers}
        waited = 0.0
        while True:
            with closing(self._connected(self._timeout)) as connection:
                response = self._answer(connection, method, target, body, headers)
                if response.status in (200, 201):
                    return self._json(response)
                pause = response.getheader("Retry-After", "")
                error = self._error(response)
            seconds = float(pause) if pause.isdigit() else self._patience
            is_sent_whole = body is None or isinstance(body, bytes)  # a file is not sent again
            if response.status not in (429, 503) or waited + seconds > self._patience or not is_sent_whole:
                raise error
            waited += seconds
            self._sleep(seconds)

    def _connected(self, timeout: float) -> http.client.HTTPConnection:
        host, port = self.address.host, self.address.port
        if self._tls:
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(host, port, timeout=timeout)
        else:
            connection = http.client.HTTPConnection(host, port, timeout=timeout)
        try:
            connection.connect()
        except OSError as error:
            reason = f"no answer in {timeout:g} s" if isinstance(error, TimeoutError) else reason_of(error)
            hint = START_HINT if isinstance(error, ConnectionRefusedError) else ""
            raise Unreachable(str(self.address), reason, hint) from error
        return connection

    def _answer(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        target: str,
        body: Any,
        headers: Mapping[str, str],
    ) -> http.client.HTTPResponse:
        authorization = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        try:
            with suppress(BrokenPipeError, ConnectionResetError):  # it may have answered before all was sent
                connection.request(method, target, body, {**headers, **authorization})
            return connection.getresponse()
        except TimeoutError as error:
            raise TimedOut(f"{self.address} did not answer in {self._timeout:g} s.") from error
        except http.client.BadStatusLine as error:
            if isinstance(error, http.client.RemoteDisconnected):
                raise ConnectionBroken(str(self.address)) from error
            raise self._stranger() from error
        except (OSError, http.client.HTTPException) as error:
            raise ConnectionBroken(str(self.address)) from error

    def _json(self, response: http.client.HTTPResponse) -> Any:
        try:
            return json.loads(response.read())
        except TimeoutError as error:
            raise TimedOut(f"{self.address} did not answer in {self._timeout:g} s.") from error
        except (OSError, http.client.HTTPException) as error:
            raise ConnectionBroken(str(self.address)) from error
        except ValueError as error:
            raise self._stranger() from error

    def _error(self, response: http.client.HTTPResponse) -> ClientError:
        """Why a request failed."""
        told = self._json(response)
        if not isinstance(told, dict) or "detail" not in told:
            return self._stranger()
        if response.status == 401 and not self._token:
            words = "The server wants a token: --token TOKEN, or ASYNCCHAT_TOKEN."
            return ApiError(401, words)
        return ApiError(response.status, str(told["detail"]), str(told.get("id", "")))

    def _stranger(self) -> ClientError:
        return ClientError(f"{self.address} is not the address of an asyncchat server.")


def _room(room: str) -> str:
    return f"/api/v1/rooms/{quote(room, safe='')}"


def _query(values: Mapping[str, str | int]) -> str:
    return urlencode({name: value for name, value in values.items() if value})
