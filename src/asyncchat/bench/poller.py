"""Waits for sockets and for an exact time: edge-triggered epoll on Linux, selectors elsewhere.

Owns waiting; must not know what the sockets carry.
"""

import select
import selectors
import sys
import time
from typing import Protocol

READ = 1
WRITE = 4
CLOSED = 0x2000 | 0x10 | 0x8  # EPOLLRDHUP, EPOLLHUP, EPOLLERR: no more will come

# For so long before an exact time it polls without sleeping: a sleeping process wakes about 50 us late (the
# kernel's timer slack), which would be measured as the server's latency.
SPIN_SECONDS = 100e-6
# Most events of one turn: few enough that the first message of a turn does not wait for the last.
_MOST_EVENTS = 256


class Poller(Protocol):
    """Tells which sockets are ready; edge-triggered where possible, so read until nothing is left."""

    spun: float  # seconds of polling without sleeping: this is no work

    def add(self, fd: int) -> None:
        """Watch a socket for input, and for room after a full buffer."""

    def remove(self, fd: int) -> None:
        """No longer watch a socket."""

    def wait(self, seconds: float) -> list[tuple[int, int]]:
        """Return the sockets that become ready within so many seconds."""

    def wait_until(self, at: float) -> list[tuple[int, int]]:
        """Return the sockets that are ready, or nothing at exactly this time of ``time.monotonic``."""

    def close(self) -> None:
        """Stop watching."""


if sys.platform == "linux":

    class EpollPoller:
        """Edge-triggered epoll."""

        def __init__(self) -> None:
            self._epoll = select.epoll()
            self._both = [self._epoll.fileno()]
            self.spun = 0.0

        def add(self, fd: int) -> None:
            """Watch a socket for input, and for room after a full buffer."""
            self._epoll.register(fd, select.EPOLLIN | select.EPOLLOUT | select.EPOLLRDHUP | select.EPOLLET)

        def remove(self, fd: int) -> None:
            """No longer watch a socket."""
            self._epoll.unregister(fd)

        def wait(self, seconds: float) -> list[tuple[int, int]]:
            """Return the sockets that become ready."""
            return self._epoll.poll(seconds, _MOST_EVENTS)

        def wait_until(self, at: float) -> list[tuple[int, int]]:
            """Sleep until just before the time (epoll itself rounds to milliseconds), then poll."""
            left = at - time.monotonic()
            if left > SPIN_SECONDS:
                select.select(self._both, (), (), left - SPIN_SECONDS)
            began = now = time.monotonic()
            while not (events := self._epoll.poll(0, _MOST_EVENTS)):
                now = time.monotonic()
                if now >= at:
                    break
            self.spun += now - began
            return events

        def close(self) -> None:
            """Stop watching."""
            self._epoll.close()


class SelectorPoller:
    """The portable fallback: level-triggered, and as exact as the system's timer."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self.spun = 0.0

    def add(self, fd: int) -> None:
        """Watch a socket for input (a full buffer is tried again in each turn)."""
        self._selector.register(fd, selectors.EVENT_READ)

    def remove(self, fd: int) -> None:
        """No longer watch a socket."""
        self._selector.unregister(fd)

    def wait(self, seconds: float) -> list[tuple[int, int]]:
        """Return the sockets that are ready; each may also be written to."""
        return [(key.fd, READ | WRITE) for key, _ in self._selector.select(max(seconds, 0.0))]

    def wait_until(self, at: float) -> list[tuple[int, int]]:
        """Return the sockets that are ready, or nothing at about this time."""
        return self.wait(at - time.monotonic())

    def close(self) -> None:
        """Stop watching."""
        self._selector.close()


def make_poller() -> Poller:
    """Return the best poller of this system."""
    if sys.platform == "linux":
        return EpollPoller()
    return SelectorPoller()
