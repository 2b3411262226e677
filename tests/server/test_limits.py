"""Flood control's bucket, and the file limit."""

import resource

import pytest

from asyncchat.server.limits import BURST, LINES_A_SECOND, RESERVED_FILES, Bucket, raise_file_limit


def test_a_burst_at_once_then_so_many_a_second():
    bucket = Bucket(1000.0)
    assert bucket.allowed(1000.0) == BURST == 100
    bucket.take(100)
    assert bucket.allowed(1000.0) == 0
    assert bucket.wait() == pytest.approx(1 / LINES_A_SECOND)
    assert bucket.allowed(1000.05) == 0
    assert bucket.wait() == pytest.approx(0.05)
    assert bucket.allowed(1001.0) == LINES_A_SECOND
    bucket.take(10)
    assert bucket.allowed(1e9) == BURST


def test_time_makes_no_more_than_a_burst():
    bucket = Bucket(0.0)
    taken = 0
    for tenth in range(600):
        allowed = bucket.allowed(tenth / 10)
        bucket.take(allowed)
        taken += allowed
    assert BURST + 59 * LINES_A_SECOND <= taken <= BURST + 60 * LINES_A_SECOND


def test_the_file_limit_is_raised_to_the_hard_one():
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, before[1]), before[1]))
        assert raise_file_limit() == before[1] - RESERVED_FILES
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (before[1], before[1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
