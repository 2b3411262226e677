"""Percentiles of latencies, by a histogram of high dynamic range."""

from collections import Counter
from collections.abc import Iterable, Sequence

from hdrh.histogram import HdrHistogram

PERCENTILES = (50.0, 90.0, 99.0, 99.9, 100.0)
# For the plot: enough points for a smooth curve, closer together towards the end.
CURVE = tuple(100.0 - 100.0 / 2**half for half in (step / 2 for step in range(29)))
# One microsecond to an hour, in three significant digits.
_LEAST, _MOST, _DIGITS = 1, 3_600_000_000, 3


def percentiles(samples: Iterable[Sequence[int]], wanted: Sequence[float]) -> list[float]:
    """Return the wanted percentiles in milliseconds, of samples in microseconds; empty without samples."""
    counts: Counter[int] = Counter()
    for values in samples:
        counts.update(values)
    if not counts:
        return []
    histogram = HdrHistogram(_LEAST, _MOST, _DIGITS)
    for value, count in counts.items():
        histogram.record_value(min(max(value, _LEAST), _MOST), count)
    return [histogram.get_value_at_percentile(percentile) / 1000 for percentile in wanted]
