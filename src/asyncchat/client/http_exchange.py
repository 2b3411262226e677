"""One HTTP request and its answer, over a connection of its own.

Owns the bytes (h11), and what a failure of the line becomes. Must not know what is asked. ``http.client``
takes as long to load as all else that a short command needs.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, BinaryIO

import h11

from asyncchat.client.address import Address
from asyncchat.client.errors import START_HINT, ClientError, TimedOut, Unreachable, reason_of

if TYPE_CHECKING:
    from asyncchat.client.tls import TlsLayer

_PIECE_BYTES = 65_536
"""Most bytes that are sent or received at a time."""

_ANSWER_BYTES = 32_000_000
"""Most bytes of an answer, or of a line of a stream: a page of 131,072 characters is far shorter."""


class ConnectionBroken(ClientError):
    """The connection broke before the answer had come to its end."""

    def __init__(self, address: Address) -> None:
        super().__init__(f"The connection to {address} broke.")


class NotOurs(ClientError):
    """What answers there is no asyncchat server."""

    def __init__(self, address: Address) -> None:
        super().__init__(f"{address} is not the address of an asyncchat server.")


class Exchange:
    """A connection for one request.

    Args:
        address: where to.
        tls: encrypts it; None: it is not encrypted.
        timeout: seconds for the connection, and for each piece of the answer.

    Raises:
        Unreachable: there is no server.
        Untrusted: it is not the right one.
    """

    def __init__(self, address: Address, *, tls: TlsLayer | None, timeout: float) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        """Those of the answer, with names in lower case."""
        self._address = address
        self._timeout = timeout
        self._http = h11.Connection(h11.CLIENT)
        self._heard = False
        self._host = address.place if address.port else "localhost"
        try:
            if not self._host.isascii():
                self._host = self._host.replace(address.host, address.host.encode("idna").decode())
            self._socket = _connected(address, timeout)
            if tls is not None:
                self._socket = tls.opened(self._socket)
        except UnicodeError as error:  # it can't be asked for, so nobody has it
            raise Unreachable(str(address), "the name is unknown") from error
        except OSError as error:
            failure = None if tls is None else tls.failure(error, timeout)
            if failure is not None:
                raise failure from error
            reason = f"no answer in {timeout:g} s" if isinstance(error, TimeoutError) else reason_of(error)
            hint = START_HINT if isinstance(error, ConnectionRefusedError) else ""
            raise Unreachable(str(address), reason, hint) from error

    def close(self) -> None:
        """Closes the connection."""
        self._socket.close()

    def ask(self, method: str, target: str, headers: Mapping[str, str], body: bytes | BinaryIO) -> None:
        """Sends the request, and reads the head of the answer.

        Raises:
            ConnectionBroken: the connection is lost.
            NotOurs: the other side does not speak HTTP.
            TimedOut: it does not answer.
        """
        own = {"Host": self._host, "Connection": "close", **headers}
        if isinstance(body, bytes):
            own["Content-Length"] = str(len(body))
            pieces = iter((body,))
        else:
            own["Transfer-Encoding"] = "chunked"
            pieces = iter(partial(body.read, _PIECE_BYTES), b"")
        try:
            with suppress(BrokenPipeError, ConnectionResetError):  # it may have answered before all was sent
                self._send(h11.Request(method=method, target=target, headers=list(own.items())))
                for piece in pieces:
                    self._send(h11.Data(data=piece))
                self._send(h11.EndOfMessage())
            event = self._event()
            while isinstance(event, h11.InformationalResponse):
                event = self._event()
        except TimeoutError as error:
            raise TimedOut(f"{self._address} did not answer in {self._timeout:g} s.") from error
        if not isinstance(event, h11.Response):
            raise ConnectionBroken(self._address)
        self.status = event.status_code
        self.headers = {name.decode(): value.decode("latin-1") for name, value in event.headers}

    def read(self) -> bytes:
        """All of the answer's body.

        Raises:
            ConnectionBroken: the connection is lost.
            NotOurs: no answer is so long.
            TimedOut: it does not go on.
        """
        pieces, size = [], 0
        try:
            for piece in self._pieces():
                pieces.append(piece)
                size += len(piece)
                if size > _ANSWER_BYTES:
                    raise NotOurs(self._address)
            return b"".join(pieces)
        except TimeoutError as error:
            raise TimedOut(f"{self._address} did not answer in {self._timeout:g} s.") from error

    def lines(self, silence: float, left: Callable[[], float]) -> Iterator[str]:
        """The lines of the answer's body as they come.

        Args:
            silence: seconds without a byte after which the connection counts as lost.
            left: how many seconds the caller still waits.

        Raises:
            ConnectionBroken: it is lost, or its end has come.
            NotOurs: no line is so long.
            TimedOut: the caller waits no longer.
        """

        def patience() -> float:
            seconds = left()
            if seconds <= 0:
                raise TimedOut("No answer came in time.")
            return min(silence, seconds)

        held = bytearray()
        try:
            for piece in self._pieces(patience):
                held += piece
                if b"\n" in piece:
                    *lines, held = held.split(b"\n")
                    for line in lines:
                        yield line.decode("utf-8", "replace")
                elif len(held) > _ANSWER_BYTES:
                    raise NotOurs(self._address)
        except TimeoutError as error:
            patience()
            raise ConnectionBroken(self._address) from error
        raise ConnectionBroken(self._address)

    def _pieces(self, patience: Callable[[], float] | None = None) -> Iterator[bytes]:
        while True:
            if patience is not None:
                self._socket.settimeout(patience())
            event = self._event()
            if not isinstance(event, h11.Data):
                return
            yield bytes(event.data)

    def _send(self, event: h11.Event) -> None:
        self._socket.sendall(self._http.send(event) or b"")

    def _event(self) -> h11.Event:
        """What comes next; a TimeoutError passes."""
        while True:
            try:
                event = self._http.next_event()
                if event is not h11.NEED_DATA:
                    assert not isinstance(event, type)  # noqa: S101 - nothing follows an answer here
                    return event
                data = self._socket.recv(_PIECE_BYTES)
                self._heard = self._heard or bool(data)
                self._http.receive_data(data)
            except TimeoutError:
                raise
            except h11.RemoteProtocolError as error:
                is_strange = self._heard and not self.status
                raise (NotOurs if is_strange else ConnectionBroken)(self._address) from error
            except OSError as error:
                raise ConnectionBroken(self._address) from error


def _connected(address: Address, timeout: float) -> socket.socket:
    if address.port:
        return socket.create_connection((address.host, address.port), timeout)
    made = socket.socket(socket.AF_UNIX)
    try:
        made.settimeout(timeout)
        made.connect(address.host)
    except OSError:
        made.close()
        raise
    return made
