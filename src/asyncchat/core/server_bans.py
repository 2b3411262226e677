"""Bans from the server as a whole: by mask or by network, possibly for a time.

Owns what such a ban means; who may set one stands in ``rules.operators``.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

import msgspec

from asyncchat.core.names import mask_of, matches
from asyncchat.core.people import Person


class ServerBan(msgspec.Struct, frozen=True):
    """One ban; times in microseconds since 1970 UTC, ``until`` 0 for good. ``by`` is ``name!user@host``."""

    mask: str
    by: str
    time: int
    until: int = 0
    reason: str = ""

    def holds(self, now: int) -> bool:
        """Whether it is not over yet."""
        return not self.until or now < self.until

    def means(self, person: Person) -> bool:
        """Whether it describes a person."""
        return describes(self.mask, person)


def completed(typed: str) -> str:
    """The mask for what an operator typed: a name, ``user@host``, an address or a network is enough."""
    if "!" not in typed and "@" not in typed and (_network(typed) is not None or "." in typed):
        return f"*!*@{typed}"
    return mask_of(typed)


def describes(mask: str, person: Person) -> bool:
    """Whether a mask means a person; its host may be a network, such as ``192.0.2.0/24``."""
    rest, _, host = mask.rpartition("@")
    network = _network(host) if "/" in host else None
    if network is None:
        return matches(mask, person.origin)
    try:
        inside = ip_address(person.host) in network
    except ValueError:
        return False
    return inside and matches(f"{rest}@*", person.origin)


@lru_cache(maxsize=1024)
def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None
