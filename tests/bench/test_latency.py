import pytest

from asyncchat.bench.latency import CURVE, percentiles


def test_percentiles_over_all_samples_in_milliseconds():
    samples = [range(1, 501), range(501, 1001)]
    found = percentiles(samples, (50.0, 99.0, 100.0))
    assert found == pytest.approx([0.5, 0.99, 1.0], rel=0.002)


def test_without_samples_there_are_none():
    assert percentiles([[], []], (50.0,)) == []


def test_what_is_too_small_or_too_large_counts_at_the_end():
    assert percentiles([[0, 10**12]], (1.0, 100.0)) == pytest.approx([0.001, 3_600_000], rel=0.002)


def test_the_curve_goes_on_to_the_end():
    assert CURVE[0] == 0
    assert CURVE[-1] > 99.99
    assert list(CURVE) == sorted(CURVE)
