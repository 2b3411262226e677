"""Percentiles of latencies, exact over all samples.

Latencies are whole microseconds, so counting them by value keeps memory small over millions of samples.
"""

import itertools
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence

PERCENTILES = (50.0, 90.0, 99.0, 99.9, 100.0)
# For the plot: enough points for a smooth curve, closer together towards the end.
CURVE = tuple(100.0 - 100.0 / 2**half for half in (step / 2 for step in range(29)))
# One microsecond to an hour: what is outside counts at the end.
_LEAST, _MOST = 1, 3_600_000_000


def percentiles(samples: Iterable[Sequence[int]], wanted: Sequence[float]) -> list[float]:
    """Return the wanted percentiles in milliseconds, of samples in microseconds; empty without samples.

    A percentile is the sample whose rank is nearest to so many percent of all, as in HdrHistogram.
    """
    counts: Counter[int] = Counter()
    for values in samples:
        counts.update(values)
    if not counts:
        return []
    values = sorted(counts)
    ranks = list(itertools.accumulate(counts[value] for value in values))
    found = (values[bisect_left(ranks, max(1, int(part / 100 * ranks[-1] + 0.5)))] for part in wanted)
    return [min(max(value, _LEAST), _MOST) / 1000 for value in found]
