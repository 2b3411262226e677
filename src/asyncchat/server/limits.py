"""Limits of one connection and of the process: flood control, deadlines, file descriptors.

Owns the bucket, the count of connections from one network, and the numbers that nobody configures, with their
reasons (the others: ``config.options``); must not know sessions.
"""

from __future__ import annotations

import sys
from collections import Counter
from ipaddress import IPv6Address
from typing import TYPE_CHECKING

from asyncchat.server.addresses import is_local

if TYPE_CHECKING:
    from asyncchat.config.options import ServeConfig

READ_BYTES = 16_384
"""The largest chunk taken from a connection at a time."""

REGISTRATION_SECONDS = 120.0
"""Until when a connection must have a name: long enough to think of one, too short to hold thousands open."""

REQUEST_SECONDS = 10.0
"""Until when an HTTP request must be complete."""

RESERVED_FILES = 64
"""File descriptors kept for the history, the listeners and the log beside the connections."""


def network_of(address: str) -> str:
    """The network that is counted as one: an IPv4 address, or an IPv6 /64, which one customer has."""
    if ":" not in address:
        return address
    try:
        return str(IPv6Address(int(IPv6Address(address.partition("%")[0])) >> 64 << 64))
    except ValueError:
        return address


class AddressCounter:
    """Counts the connections from each network."""

    def __init__(self) -> None:
        self._there: Counter[str] = Counter()

    def acquire(self, address: str, most: int) -> bool:
        """Counts one more, unless there are ``most`` already (0: no limit). Local ones are not counted."""
        if is_local(address):
            return True
        network = network_of(address)
        if 0 < most <= self._there[network]:
            return False
        self._there[network] += 1
        return True

    def release(self, address: str) -> None:
        """Counts one less."""
        if is_local(address):
            return
        network = network_of(address)
        self._there[network] -= 1
        if not self._there[network]:
            del self._there[network]


class Bucket:
    """A token bucket: ``burst`` lines at once, then ``rate`` a second; each call is told what they are."""

    __slots__ = ("_at", "_tokens")

    def __init__(self, now: float, options: ServeConfig) -> None:
        self._at = now
        self._tokens = float(options.burst)

    def allowed(self, now: float, options: ServeConfig) -> int:
        """Lines that may be taken now."""
        self._tokens = min(options.burst, self._tokens + (now - self._at) * options.rate)
        self._at = now
        return int(self._tokens)

    def take(self, lines: int) -> None:
        """Notes lines taken."""
        self._tokens -= lines

    def wait(self, options: ServeConfig) -> float:
        """Seconds until the next line may be taken."""
        return max(0.0, (1.0 - self._tokens) / options.rate)


def raise_file_limit() -> int:
    """Raises the soft limit of open files to the hard one.

    Returns:
        How many connections fit in it.
    """
    if sys.platform == "win32":
        return 500  # select() in C takes 512 handles there
    import resource

    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY:
        hard = 1_000_000
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return max(1, hard - RESERVED_FILES)
