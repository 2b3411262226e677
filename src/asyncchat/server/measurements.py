"""Measurements: how long things take, for ``/metrics`` and ``asyncchat top``.

Owns histograms, and the lag of the loop. What is measured is only noted where it happens, and sorted once a
second: a message costs no call more. Must not know how the figures are shown.
"""

import asyncio
from array import array
from bisect import bisect_left
from itertools import accumulate

LAG_SECONDS = 1.0
"""How often the loop is asked how late it is."""

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""The bounds of all histograms: what nobody notices, up to what everybody does."""


class Histogram:
    """Seconds, counted by their upper bounds.

    Attributes:
        fresh: values that are not sorted yet; whoever measures appends here.
    """

    __slots__ = ("_counts", "_total", "fresh")

    def __init__(self) -> None:
        self._counts = [0] * (len(SECONDS) + 1)
        self._total = 0.0
        self.fresh = array("d")

    def sort(self) -> None:
        """Counts the values that were measured."""
        for value in self.fresh:
            self._counts[bisect_left(SECONDS, value)] += 1
            self._total += value
        del self.fresh[:]

    @property
    def total(self) -> float:
        """All values together."""
        self.sort()
        return self._total

    @property
    def up_to(self) -> list[int]:
        """How many values are at most each of ``SECONDS``; the last one: how many there are."""
        self.sort()
        return list(accumulate(self._counts))


class Measurements:
    """What a server measures of itself.

    Args:
        delivery: how long batches take from their first outcome until they are told.
        commit: how long they take to be kept.
    """

    def __init__(self, delivery: Histogram, commit: Histogram) -> None:
        self.delivery = delivery
        self.commit = commit
        self.loop_lag = Histogram()
        self.http = [Histogram() for _ in range(6)]
        """Answers by the first digit of their status, without streams and WebSockets."""

    async def run(self) -> None:
        """Measures how late the loop is, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + LAG_SECONDS
            await asyncio.sleep(LAG_SECONDS)
            self.loop_lag.fresh.append(max(0.0, loop.time() - due))
            self.sort()

    def sort(self) -> None:
        """Counts all that was measured."""
        for histogram in (self.delivery, self.commit, self.loop_lag, *self.http):
            histogram.sort()
