"""The host names under which HTTP is answered, and the origins whose pages may use it.

A foreign name that points here (DNS rebinding) is refused, and so is a page of another origin.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from functools import lru_cache

from asyncchat.config.origins import DEFAULT_PORTS, parse_authority, parse_origin

_REMEMBERED = 128
"""Hosts of which is remembered whether they are answered; most clients name one of a few."""

_REMEMBERED_LETTERS = 300
"""A host has at most 253 letters (RFC 1035, 2.3.4), a port six with its colon: longer ones are none."""


class Hosts:
    """The names and origins of one configuration.

    Args:
        names: host names that are accepted beside IP literals and ``localhost``.
        origins: further origins whose pages may use the server; their hosts are accepted too, as a reverse
            proxy has one.
    """

    def __init__(self, names: Iterable[str], origins: Iterable[str]) -> None:
        self._origins = frozenset(parse_origin(origin) for origin in origins)
        self._names = frozenset(name.lower().rstrip(".") for name in names) | {"localhost"}
        self._names |= {host for _, host, _ in self._origins}
        self._remembered = lru_cache(_REMEMBERED)(self._answers_to)

    def answers_to(self, authority: str) -> bool:
        """Whether a request for this host is answered."""
        return self._remembered(authority) if len(authority) <= _REMEMBERED_LETTERS else False

    def _answers_to(self, authority: str) -> bool:
        found = parse_authority(authority)
        if found is None:
            return False
        if found[0] in self._names:
            return True
        try:
            ipaddress.ip_address(found[0].strip("[]"))
        except ValueError:
            return False
        return True

    def lets_in(self, origin: str, authority: str) -> bool:
        """Whether a page of this origin may use the server under this host.

        A host without a port means a default port; the scheme that a proxy speaks is not known.
        """
        try:
            parsed = parse_origin(origin)
        except ValueError:
            return False
        return parsed in self._origins or _is_own(parsed, authority)

    def origin_for(self, authority: str, origin: str, scheme: str) -> str:
        """The origin in links for a request to this host: with the scheme that a browser or a configured
        origin tells; without either, that of the connection."""
        if origin and origin != "null" and not self.is_foreign(origin, authority):
            return origin
        asked = parse_authority(authority)
        if asked is None:
            return ""
        for known, host, port in self._origins:
            if host == asked[0] and asked[1] in (port, None):
                return f"{known}://{authority}"
        return f"{scheme}://{authority}"

    def is_foreign(self, origin: str, authority: str) -> bool:
        """Whether an allowed origin is not the server's own under this host."""
        return not _is_own(parse_origin(origin), authority)


def _is_own(origin: tuple[str, str, int], authority: str) -> bool:
    _, host, port = origin
    asked = parse_authority(authority)
    if asked is None or asked[0] != host:
        return False
    return asked[1] == port or (asked[1] is None and port in DEFAULT_PORTS.values())
