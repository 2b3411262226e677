"""The server's clock: it never goes back, and goes on while the machine's clock is set back.

Owns the time of records and of whatever ends after a while. Must not know what that is.
"""

import time
from collections.abc import Callable


def wall_clock() -> int:
    """Microseconds since 1970 UTC, as the machine has them."""
    return time.time_ns() // 1000


class SteadyClock:
    """Microseconds since 1970 UTC.

    While the machine's clock is behind what this one said (it was ahead, and somebody has set it right), this
    one goes on by the monotonic clock, at nine tenths of the speed. So a mute for an hour ends after an hour
    or little more, times still increase, and one day both clocks agree again.

    Args:
        last: what the clock said last, in the run before.
        wall: the machine's clock, in nanoseconds.
        monotonic: a clock that nobody sets, in nanoseconds.
    """

    def __init__(
        self,
        last: int,
        wall: Callable[[], int] = time.time_ns,
        monotonic: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._agreed = last * 1000
        """What it said when both clocks agreed for the last time, or began."""
        self._agreed_at = monotonic()

    def __call__(self) -> int:
        """Now."""
        wall, monotonic = self._wall(), self._monotonic()
        slowed = self._agreed + (monotonic - self._agreed_at) * 9 // 10
        if wall < slowed:
            return slowed // 1000
        self._agreed, self._agreed_at = wall, monotonic
        return wall // 1000
