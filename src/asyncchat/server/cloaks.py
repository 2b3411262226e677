"""Cloaks: what others see in the place of somebody's address.

Owns the key and the form. Must not know sessions or bans.
"""

import base64
import hashlib
import hmac
import ipaddress
import secrets
import sys
from functools import lru_cache

from asyncchat.core.people import Person, with_host
from asyncchat.server.addresses import LOCALHOST, is_local
from asyncchat.server.secret_file import KEY_BYTES

_PART_BYTES = 6
"""Letters of a part: with 30 bits, two networks in one chat will hardly share one."""

_PREFIXES = {4: (32, 24, 16), 6: (64, 48, 32)}
"""The bits of an address that each part is made of, by IP version. One customer has an IPv6 /64."""


class Cloaks:
    """Makes cloaks such as ``k3xq7a.p5mzd2.h4ncyw.ip``, the same for an address as long as the key is.

    The first part is made from the whole address (of IPv6 its /64), the second from its network, the third
    from the larger network around it: ``*.p5mzd2.h4ncyw.ip`` matches everyone from one network, without
    telling which. Without the key, an address can't be found by trying all of them.

    Args:
        key: a secret, ``KEY_BYTES`` long; b'' makes no cloaks, so that addresses are seen as they are.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.of = lru_cache(maxsize=1024)(self._of)
        """The cloak of an address; cached, so that many people behind one address share one string."""

    @property
    def active(self) -> bool:
        """Whether there are cloaks."""
        return bool(self._key)

    def hide(self, person: Person) -> Person:
        """The person with a cloak, if its host is an address."""
        return with_host(person, self.of(person.host)) if self._key and is_address(person.host) else person

    def _of(self, address: str) -> str:
        if not self._key:
            return address
        if is_local(address):
            return LOCALHOST
        parsed = ipaddress.ip_address(address.partition("%")[0])
        parts = (self._part(parsed, bits) for bits in _PREFIXES[parsed.version])
        return sys.intern(f"{'.'.join(parts)}.ip")

    def _part(self, address: ipaddress.IPv4Address | ipaddress.IPv6Address, bits: int) -> str:
        network = ipaddress.ip_network((address, bits), strict=False)
        digest = hmac.digest(self._key, str(network).encode(), hashlib.sha256)
        return base64.b32encode(digest)[:_PART_BYTES].decode().lower()


@lru_cache(maxsize=1024)
def is_address(host: str) -> bool:
    """Whether a host that is seen is somebody's address: it was here when there were no cloaks."""
    if not (host[-1:].isdigit() or ":" in host):
        return False
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def new_key() -> bytes:
    """A key for one run, kept nowhere."""
    return secrets.token_bytes(KEY_BYTES)
