"""What proxies say of a request in its headers: where the client is, and what it asked them for.

Owns the headers ``X-Forwarded-…`` and ``Forwarded`` (RFC 7239). Must not know sessions. Whoever sends a
request can write such headers, so what a trusted proxy added is read from the right, and the first address
that is not a trusted proxy's is the client's: what stands left of it is only said by the client.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from asyncchat.server.addresses import is_within, parse_address

if TYPE_CHECKING:
    from asyncchat.server.http.messages import Request

Kind = Literal["x-forwarded", "forwarded"]

_MOST_HOPS = 20
"""Elements that are looked at; there are as many proxies at the most."""

_REMEMBERED = 128

_PAIR = re.compile(r'([!#$%&\'*+.^_`|~0-9A-Za-z-]+)=(?:"([^"\\]*)"|([!#$%&\'*+.^_`|~0-9A-Za-z:\[\]-]*))')
"""A pair of an element of ``Forwarded`` (RFC 7239, 4). Some proxies write a port without the quotes."""

_NODE = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+))(?::[A-Za-z0-9._-]{1,32})?|([0-9A-Fa-f:.]+)")
"""An address with or without a port (RFC 7239, 6), or as proxies write one of IPv6 in ``X-Forwarded-For``."""


class Origin(NamedTuple):
    """The client of a request, as far as proxies say it.

    Attributes:
        address: the client's.
        scheme: with which it asked; empty: nobody says.
        host: which host it asked; empty: nobody says.
    """

    address: str
    scheme: str = ""
    host: str = ""


def origin_of(request: Request, peer: str, trusted: tuple[str, ...], kind: Kind) -> Origin:
    """The client of a request that a trusted proxy has sent.

    Args:
        request: with the proxy's headers.
        peer: the proxy's address.
        trusted: the networks of trusted proxies.
        kind: which headers these proxies write.
    """
    get = request.values.get
    if kind == "forwarded":
        return _from_forwarded(get("forwarded", ""), peer, trusted)
    return _from_lists(
        get("x-forwarded-for", ""), get("x-forwarded-proto", ""), get("x-forwarded-host", ""), peer, trusted
    )


@lru_cache(_REMEMBERED)
def _from_lists(fors: str, proto: str, host: str, peer: str, trusted: tuple[str, ...]) -> Origin:
    """By ``X-Forwarded-…``: the last scheme and host are what the nearest proxy says."""
    address = peer
    for element in reversed(fors.split(",")[-_MOST_HOPS:]):
        node = _address(element.strip())
        if not node:
            break
        address = node
        if not is_within(address, trusted):
            break
    return Origin(address, _scheme(proto.rpartition(",")[2].strip()), host.rpartition(",")[2].strip())


@lru_cache(_REMEMBERED)
def _from_forwarded(value: str, peer: str, trusted: tuple[str, ...]) -> Origin:
    """By ``Forwarded``: scheme and host are those of the element that names the client."""
    found = Origin(peer)
    # A client can leave a quotation open: so a comma ends an element, whatever stands left of it.
    for text in reversed(value.split(",")[-_MOST_HOPS:]):
        pairs = [_PAIR.fullmatch(pair.strip()) for pair in text.split(";")]
        element = {pair[1].lower(): pair[2] or pair[3] or "" for pair in pairs if pair is not None}
        node = _address(element.get("for", ""))
        # "unknown" and names of a proxy's own hide the client: then it is where the proxy is.
        found = Origin(node or found.address, _scheme(element.get("proto", "")), element.get("host", ""))
        if not node or not is_within(node, trusted):
            break
    return found


def _scheme(text: str) -> str:
    lower = text.lower()
    return "https" if lower in ("https", "wss") else "http" if lower in ("http", "ws") else ""


def _address(node: str) -> str:
    """The address of a node; empty if it has none."""
    found = _NODE.fullmatch(node)
    return "" if found is None else parse_address(found[1] or found[2] or found[3])
