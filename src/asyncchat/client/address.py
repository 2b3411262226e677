"""Addresses of chats, as people write them.

Owns the grammar: ``host``, ``host:port``, ``[::1]:1234``, ``irc://host[:port][/room]``, the same with
``ircs://`` (or ``tls://``) and ``udp://``, ``plain://host[:port]``, ``unix:///path[#room]``, and the page's
``http[s]://host[:port]/#room``, which may be below a path of its host (``http[s]://host/path/#room``). The
nodes of a cluster are one chat: all of them may stand in the place of a host, as ``host:1234,other:1234``.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, unquote

from asyncchat.client.errors import AddressError
from asyncchat.core.names import room_fault

DEFAULT_PORT = 1234
"""The port of the original chat and of ``asyncchat serve``."""

DEFAULT_ADDRESS = f"127.0.0.1:{DEFAULT_PORT}"

TLS_PORT = 6697
"""The port of ``ircs://`` (RFC 7194)."""

SCHEMES = ("irc", "ircs", "udp", "unix", "plain")

_PAGES = {"http": ("irc", 80), "https": ("ircs", 443)}
"""What to speak where a page is, and the port of a link that names none."""

_PATH = "/%:@!$&'()*+,;="
"""What stands in a path as it is (RFC 3986, 3.3), beside what ``quote`` leaves."""

_HOST = re.compile(r"[^\s/:@?#\[\]%<>\\]+")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a chat is, and the dialect to speak there.

    Attributes:
        scheme: ``irc``, the same over TLS (``ircs``), UDP (``udp``) or a Unix socket (``unix``), or ``plain``
            for a plain-text server.
        host: a name or an IP literal, without brackets; the path of a Unix socket.
        port: 1 to 65535; 0 for a Unix socket.
        room: the room in the address; '' for none.
        key: its key, or the code of an invitation to it; '' for none.
        base_path: below which a proxy has the page and the HTTP API, as ``/chat``; '' for none.
        others: host and port of the other servers of the same chat.
    """

    scheme: str
    host: str
    port: int = DEFAULT_PORT
    room: str = ""
    key: str = ""
    base_path: str = ""
    others: tuple[tuple[str, int], ...] = ()

    def __str__(self) -> str:
        places = [one.place for one in self.each]
        if self.base_path:
            page = "https" if self.tls else "http"
            usual = f":{_PAGES[page][1]}"
            return f"{page}://{','.join(place.removesuffix(usual) for place in places)}{self.base_path}/"
        return f"{'' if self.scheme == 'irc' else f'{self.scheme}://'}{','.join(places)}"

    @property
    def each(self) -> tuple[Address, ...]:
        """The servers one by one."""
        places = ((self.host, self.port), *self.others)
        return tuple(replace(self, host=host, port=port, others=()) for host, port in places)

    @property
    def place(self) -> str:
        """Host and port; the path of a Unix socket."""
        if self.scheme == "unix":
            return self.host
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def tls(self) -> bool:
        """Whether the connection is over TLS."""
        return self.scheme == "ircs"

    @property
    def socket_path(self) -> tuple[tuple[Any, ...], ...]:
        """A Unix socket as ``getaddrinfo`` gives the addresses of a host; empty for a host."""
        if self.scheme != "unix":
            return ()
        return ((socket.AF_UNIX, socket.SOCK_STREAM, 0, "", self.host),)


def parse_address(text: str, *, only_http: bool = False) -> Address:
    """Reads an address.

    Args:
        text: what a person wrote.
        only_http: whether nothing but the HTTP API is asked there, so that it may be below a path.

    Raises:
        AddressError: it is not valid.
    """
    scheme, found, rest = text.strip().partition("://")
    if not found:
        scheme, rest = "irc", text.strip()
    scheme = scheme.lower()
    if scheme in _PAGES:
        return _page(text, scheme, rest, only_http=only_http)
    scheme = "ircs" if scheme == "tls" else scheme
    if scheme not in SCHEMES:
        raise AddressError(
            text,
            f"it begins with {scheme}:// instead of {', '.join(f'{s}://' for s in SCHEMES[:-1])} or {SCHEMES[-1]}://",
        )
    if scheme == "unix":
        path, _, room = rest.partition("#")
        if not path.startswith("/"):
            raise AddressError(text, "it names no path; use unix:///run/chat.sock")
        return Address(scheme, path, 0, _room(text, room) if room else "")
    place, slash, path = rest.partition("/")
    (host, port), *others = _places(text, place, TLS_PORT if scheme == "ircs" else DEFAULT_PORT)
    if slash and path and scheme == "plain":
        raise AddressError(text, "a plain-text server has only one room, without a name")
    if slash and not found:
        raise AddressError(text, f"an address with a room begins with irc://: irc://{rest}")
    return Address(scheme, host, port, _room(text, path) if path else "", others=tuple(others))


def _page(text: str, page_scheme: str, rest: str, *, only_http: bool) -> Address:
    """The server of a page, which speaks IRC on the same port; behind the ``#`` a room, perhaps a code."""
    before, _, behind = rest.partition("#")
    place, _, path = before.partition("/")
    path = path.partition("?")[0].strip("/")
    if path and not only_http:
        raise AddressError(
            text,
            "below a path is a proxy that takes only HTTP, and here IRC is spoken. Use irc://host:port or "
            f"ircs://host:port; a link without a path is {page_scheme}://host:port/#room",
        )
    scheme, usual_port = _PAGES[page_scheme]
    (host, port), *others = _places(text, place, usual_port)
    room, _, code = behind.partition("?invite=")
    room = unquote(room).lstrip("#")
    base = f"/{quote(path, safe=_PATH)}" if path else ""
    code = code if room else ""
    return Address(scheme, host, port, _room(text, room) if room else "", code, base, tuple(others))


def _places(text: str, places: str, default: int) -> list[tuple[str, int]]:
    """Hosts and ports, each once."""
    return list(dict.fromkeys(_place(text, place.strip(), default) for place in places.split(",")))


def _place(text: str, place: str, default: int) -> tuple[str, int]:
    if place.startswith("["):
        host, bracket, after = place[1:].partition("]")
        if not bracket or (after and not after.startswith(":")):
            raise AddressError(text, "an IPv6 address with a port is written [::1]:1234")
        if not _is_ipv6(host):
            raise AddressError(text, f"{host!r} is not an IPv6 address")
        port = after[1:] if after else str(default)
    elif place.count(":") > 1:
        if not _is_ipv6(place):
            raise AddressError(text, "it has more than one colon")
        host, port = place, str(default)
    else:
        host, colon, port = place.partition(":")
        if not host:
            raise AddressError(text, "it has no host; use host:port")
        if not _HOST.fullmatch(host):
            raise AddressError(text, f"{host!r} is not a host name")
        port = port if colon else str(default)
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and 0 < int(port) < 65536):
        raise AddressError(text, f"the port must be a number from 1 to 65535, not {port!r}")
    return host, int(port)


def _is_ipv6(host: str) -> bool:
    try:
        ipaddress.IPv6Address(host)
    except ValueError:
        return False
    return True


def _room(text: str, path: str) -> str:
    # As in IRC clients: irc://host/room leaves out the first '#' of the room's name.
    room = path.rstrip("/").replace("%23", "#")
    room = room if room.startswith(("#", "&")) else f"#{room}"
    fault = room_fault(room)
    if fault is not None and not room.startswith("&"):
        raise AddressError(text, f"{room!r} is not a room: {fault}")
    return room
