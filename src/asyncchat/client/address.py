"""Addresses of chats, as people write them.

Owns the grammar: ``host``, ``host:port``, ``[::1]:1234``, ``irc://host[:port][/room]``,
``udp://host[:port][/room]``, ``plain://host[:port]``, and the page's ``http://host[:port]/#room``.
"""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import unquote

from asyncchat.client.errors import AddressError
from asyncchat.core.names import room_fault

DEFAULT_PORT = 1234
"""The port of the original chat and of ``asyncchat serve``."""

DEFAULT_ADDRESS = f"127.0.0.1:{DEFAULT_PORT}"

SCHEMES = ("irc", "udp", "plain")

PAGE_PORT = 80
"""The port of a page's link that names none."""

_HOST = re.compile(r"[^\s/:@?#\[\]%<>\\]+")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a chat is, and the dialect to speak there.

    Attributes:
        scheme: ``irc``, ``udp`` for the same over UDP, or ``plain`` for a plain-text server.
        host: a name or an IP literal, without brackets.
        port: 1 to 65535.
        room: the room in the address; '' for none.
        key: its key, or the code of an invitation to it; '' for none.
    """

    scheme: str
    host: str
    port: int = DEFAULT_PORT
    room: str = ""
    key: str = ""

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'' if self.scheme == 'irc' else f'{self.scheme}://'}{host}:{self.port}"


def parse_address(text: str) -> Address:
    """Reads an address.

    Raises:
        AddressError: it is not valid.
    """
    scheme, found, rest = text.strip().partition("://")
    if not found:
        scheme, rest = "irc", text.strip()
    scheme = scheme.lower()
    if scheme == "http":
        return _page(text, rest)
    if scheme in ("https", "ircs", "tls", "wss"):
        raise AddressError(
            text,
            "this client has no TLS; use irc://HOST:PORT on a network that you trust, or through a tunnel",
        )
    if scheme not in SCHEMES:
        raise AddressError(
            text,
            f"it begins with {scheme}:// instead of {', '.join(f'{s}://' for s in SCHEMES[:-1])} or {SCHEMES[-1]}://",
        )
    place, slash, path = rest.partition("/")
    host, port = _place(text, place)
    if slash and path and scheme == "plain":
        raise AddressError(text, "a plain-text server has only one room, without a name")
    if slash and not found:
        raise AddressError(text, f"an address with a room begins with irc://: irc://{rest}")
    return Address(scheme, host, port, _room(text, path) if path else "")


def _page(text: str, rest: str) -> Address:
    """The server of a page, which speaks IRC on the same port; behind the ``#`` a room, perhaps a code."""
    before, _, behind = rest.partition("#")
    place, _, path = before.partition("/")
    if path.partition("?")[0]:
        raise AddressError(text, "the page's link is http://host:port/#room")
    host, port = _place(text, place, PAGE_PORT)
    room, _, code = behind.partition("?invite=")
    room = unquote(room).lstrip("#")
    return Address("irc", host, port, _room(text, room), code) if room else Address("irc", host, port)


def _place(text: str, place: str, default: int = DEFAULT_PORT) -> tuple[str, int]:
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
