"""Limits of one connection and of the process: flood control, deadlines, file descriptors.

Owns the bucket, and the numbers that nobody configures, with their reasons (the others: ``config.options``);
must not know sessions.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncchat.config import ServeConfig

READ_BYTES = 16_384
"""The largest chunk taken from a connection at a time."""

REGISTRATION_SECONDS = 120.0
"""Until when a connection must have a name: long enough to think of one, too short to hold thousands open."""

REQUEST_SECONDS = 10.0
"""Until when an HTTP request must be complete."""

RESERVED_FILES = 64
"""File descriptors kept for the history, the listeners and the log beside the connections."""


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
