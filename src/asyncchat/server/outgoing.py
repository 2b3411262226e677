"""Requests to addresses that people name: a push service, a page of which there is a preview.

Owns where the server lets itself be sent: only to public addresses, and to networks that its operator lists.
The address that was checked is the one that is connected to. All of it blocks, so it is for threads; nothing
takes longer than its seconds, however long the system looks for a name.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import cache
from queue import SimpleQueue
from time import monotonic
from typing import Final, TypeVar, cast
from urllib.parse import SplitResult, urlsplit

import h11
import msgspec

from asyncchat.version import __version__

T = TypeVar("T")

_MOST_ADDRESSES: Final = 3
"""Addresses of one host that are tried."""

_NAMES = threading.BoundedSemaphore(64)
"""Names that are looked for at a time. Whoever asks goes on when its time is over; the system looks on, for
30 s mostly, in a thread that does nothing else. Previews and pushes can't leave more than 45 behind."""

_HEAD_BYTES: Final = 65_536
"""Bytes of the head of an answer."""

_MOST_STEPS: Final = 10_000
"""Parts of an answer that are looked at: a tenth of a second, were each chunk of it one byte."""

_EMBEDDING: Final = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "::ffff:0:0:0/96")))
"""IPv6 addresses that end with the IPv4 address they stand for (RFC 6052, 7915)."""

_LOCAL: Final = tuple(map(ipaddress.IPv6Network, ("fec0::/10", "64:ff9b:1::/48", "::/96")))
"""Networks that are of one site or of none (RFC 3879, 8215, 4291); this Python may take them for public."""

FAULTS: Final = (OSError, h11.ProtocolError, ValueError)
"""What a request raises; ``TimeoutError``, ``ssl.SSLError`` and ``NotPublic`` are among them."""


class NotPublic(OSError):
    """The host has no address that the server may connect to."""


class Threads:
    """Threads for requests. A server that stops waits for none of them, however long somebody else takes.

    Args:
        count: how many there are at the most.
        name: what they are called.
    """

    def __init__(self, count: int, name: str) -> None:
        self._free = count
        self._name = name
        self._jobs: SimpleQueue[tuple[Callable[[], object], asyncio.Future[object]] | None] = SimpleQueue()
        self._started = 0

    async def run(self, work: Callable[[], T]) -> T:
        """What a piece of work gives, in one of the threads."""
        future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self._jobs.put((work, future))
        if self._free:
            self._free -= 1
            self._started += 1
            threading.Thread(target=self._serve, name=self._name, daemon=True).start()
        return cast("T", await future)

    def close(self) -> None:
        """Ends the threads when they have done what they do."""
        for _ in range(self._started):
            self._jobs.put(None)

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None:
            work, future = job
            if future.cancelled():
                continue
            result: object = None
            fault: BaseException | None = None
            try:
                result = work()
            except BaseException as error:  # noqa: BLE001  # whoever waits is told
                fault = error
            with suppress(RuntimeError):  # the loop is closed: nobody waits
                future.get_loop().call_soon_threadsafe(_settle, future, result, fault)


def _settle(future: asyncio.Future[object], result: object, fault: BaseException | None) -> None:
    if future.done():
        return
    if fault is None:
        future.set_result(result)
    else:
        future.set_exception(fault)


class Answer(msgspec.Struct, frozen=True):
    """An answer: header names are in lower case; ``body`` has no more bytes than were asked for."""

    status: int
    headers: dict[str, str]
    body: bytes = b""


def split(url: str) -> SplitResult:
    """The parts of a URL of the web.

    Raises:
        ValueError: it is none; the text says why.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise ValueError("it is no address of the web")
    if parts.username is not None or not url.isascii() or not url.isprintable() or " " in url:
        raise ValueError("it has a name, or letters that no such address has")
    _ = parts.port  # raises
    return parts


def port_of(parts: SplitResult) -> int:
    """The port of a URL."""
    return parts.port or (443 if parts.scheme == "https" else 80)


def is_allowed(address: str, networks: Collection[str]) -> bool:
    """Whether the server may connect to an address: it is public, or in one of these networks."""
    found = ipaddress.ip_address(address.partition("%")[0])
    inner = _inner(found)
    if inner is not None:
        return is_allowed(str(inner), networks)
    if any(found in ipaddress.ip_network(network, strict=False) for network in networks):
        return True
    is_near = any(found in network for network in _LOCAL)
    is_tunnel = isinstance(found, ipaddress.IPv6Address) and found.teredo is not None
    return found.is_global and not (found.is_multicast or is_near or is_tunnel)


def _inner(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 address stands for."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if any(address in network for network in _EMBEDDING):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def addresses_of(parts: SplitResult, networks: Collection[str], seconds: float) -> list[str]:
    """The addresses of a URL's host to which the server may connect, found within so many seconds.

    Raises:
        NotPublic: there are none.
        OSError: the host is not found, or not in time.
    """
    found = _found(parts, monotonic() + seconds)
    allowed = [one for one in found if is_allowed(one, networks)]
    if not allowed:
        raise NotPublic(f"{parts.hostname} is in a private network")
    return list(dict.fromkeys(allowed))[:_MOST_ADDRESSES]


def _found(parts: SplitResult, deadline: float) -> list[str]:
    """All addresses of a URL's host. A thread of its own asks the system, which can't be told when to end."""
    if not _NAMES.acquire(timeout=max(0.0, deadline - monotonic())):
        raise TimeoutError("too many names are looked for")
    answer: Future[list[str]] = Future()

    def look() -> None:
        try:
            found = socket.getaddrinfo(parts.hostname, port_of(parts), type=socket.SOCK_STREAM)
            answer.set_result([str(one[4][0]) for one in found])
        except Exception as error:  # noqa: BLE001  # whoever waits is told
            answer.set_exception(error)
        finally:
            _NAMES.release()

    threading.Thread(target=look, name="names", daemon=True).start()
    try:
        return answer.result(max(0.0, deadline - monotonic()))
    except TimeoutError as error:
        raise TimeoutError(f"{parts.hostname} is not found in time") from error


def request(
    method: str,
    url: str,
    headers: Sequence[tuple[str, str]] = (),
    body: bytes = b"",
    *,
    networks: Collection[str] = (),
    seconds: float = 10.0,
    most_bytes: int = 0,
) -> Answer:
    """Asks a server; a redirect is an answer like others.

    Args:
        method: what is asked.
        url: of what.
        headers: besides those of every request.
        body: what is sent.
        networks: private networks that are allowed.
        seconds: the most that all of it takes.
        most_bytes: how much of the answer's body is read.

    Raises:
        ValueError: the URL is not of the web.
        NotPublic: the server may not connect to its host.
        OSError: it can't be reached, or not in time.
        h11.ProtocolError: it does not speak HTTP.
    """
    parts = split(url)
    deadline = monotonic() + seconds
    found = addresses_of(parts, networks, seconds)
    connection = _connected(parts, found, deadline)
    with connection:
        asked = h11.Request(
            method=method,
            target=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
            headers=[
                ("Host", parts.netloc),
                ("User-Agent", f"asyncchat/{__version__}"),
                ("Accept-Encoding", "identity"),
                ("Connection", "close"),
                *((("Content-Length", str(len(body))),) if method == "POST" else ()),
                *headers,
            ],
        )
        return _exchange(connection, asked, body, deadline, most_bytes)


def _connected(parts: SplitResult, found: Sequence[str], deadline: float) -> socket.socket:
    fault: OSError = TimeoutError("it took too long")
    for address in found:
        left = deadline - monotonic()
        if left <= 0:
            break
        try:
            connection = socket.create_connection((address, port_of(parts)), timeout=left / 2)
        except OSError as error:
            fault = error
            continue
        if parts.scheme == "http":
            return connection
        try:
            connection.settimeout(max(0.1, deadline - monotonic()))
            return _tls().wrap_socket(connection, server_hostname=parts.hostname)
        except OSError:
            connection.close()
            raise
    raise fault


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def _exchange(
    connection: socket.socket, asked: h11.Request, body: bytes, deadline: float, most_bytes: int
) -> Answer:
    http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_HEAD_BYTES)
    sent = [
        http.send(event) for event in (asked, *((h11.Data(data=body),) if body else ()), h11.EndOfMessage())
    ]
    _wait(connection, deadline)
    connection.sendall(b"".join([part for part in sent if part]))
    head: h11.Response | None = None
    got = bytearray()
    received = 0
    for _ in range(_MOST_STEPS):
        event = http.next_event()
        if event is h11.NEED_DATA:
            if received >= most_bytes + 2 * _HEAD_BYTES:
                break
            _wait(connection, deadline)
            data = connection.recv(65_536)
            received += len(data)
            http.receive_data(data)
        elif isinstance(event, h11.Response):
            head = event
        elif isinstance(event, h11.Data):
            got += event.data
        elif isinstance(event, h11.EndOfMessage | h11.ConnectionClosed):
            break
        if head is not None and len(got) >= most_bytes:
            break
    if head is None:
        raise ConnectionResetError("it closed without an answer")
    return Answer(
        head.status_code,
        {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in head.headers},
        bytes(got[:most_bytes]),
    )


def _wait(connection: socket.socket, deadline: float) -> None:
    """Gives the next step what is left of the time."""
    left = deadline - monotonic()
    if left <= 0:
        raise TimeoutError("it took too long")
    connection.settimeout(left)
