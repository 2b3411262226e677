"""Limits of one connection and of the process: flood control, deadlines, file descriptors.

Owns the numbers and their reasons; must not know sessions.
"""

import sys

BURST = 100.0
"""Lines a connection may send at once: a pasted page, a bot's report."""

LINES_A_SECOND = 10.0
"""Lines a second after that: faster than anyone reads."""

INPUT_BYTES = 1_000_000
"""What a connection that is slowed down may have waiting before it is closed."""

SEND_BYTES = 65_536
"""What may wait to be sent to a session before its commands are no longer read."""

SLOW_BYTES = 1_000_000
"""What may wait for a session, from others, after the loop has tried to write: then it is disconnected."""

READ_BYTES = 16_384
"""The largest chunk taken from a connection at a time."""

REGISTRATION_SECONDS = 120.0
"""Until when a connection must have a name: long enough to think of one, too short to hold thousands open."""

REQUEST_SECONDS = 10.0
"""Until when an HTTP request must be complete."""

RESERVED_FILES = 64
"""File descriptors kept for the history, the listeners and the log beside the connections."""


class Bucket:
    """A token bucket: ``BURST`` lines at once, then ``LINES_A_SECOND``."""

    __slots__ = ("_at", "_tokens")

    def __init__(self, now: float) -> None:
        self._at = now
        self._tokens = BURST

    def allowed(self, now: float) -> int:
        """Lines that may be taken now."""
        self._tokens = min(BURST, self._tokens + (now - self._at) * LINES_A_SECOND)
        self._at = now
        return int(self._tokens)

    def take(self, lines: int) -> None:
        """Notes lines taken."""
        self._tokens -= lines

    def wait(self) -> float:
        """Seconds until the next line may be taken."""
        return max(0.0, (1.0 - self._tokens) / LINES_A_SECOND)


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
