"""Flood control's bucket, and the file limit."""

import resource

import pytest

from asyncchat.config.options import ServeConfig
from asyncchat.server.limits import RESERVED_FILES, AddressCounter, Bucket, network_of, raise_file_limit

OPTIONS = ServeConfig()
BURST, LINES_A_SECOND = OPTIONS.burst, OPTIONS.rate


def test_an_ipv6_network_is_one_place():
    assert network_of("192.0.2.7") == "192.0.2.7"
    assert network_of("2001:db8:1:2:3::7%eth0") == network_of("2001:db8:1:2::") == "2001:db8:1:2::"
    assert network_of("2001:db8:1:3::") != network_of("2001:db8:1:2::")


def test_so_many_connections_from_a_place():
    counter = AddressCounter()
    assert [counter.acquire("192.0.2.7", 2) for _ in range(3)] == [True, True, False]
    assert counter.acquire("192.0.2.8", 2)
    counter.release("192.0.2.7")
    assert [counter.acquire("192.0.2.7", 2) for _ in range(2)] == [True, False]
    assert counter.acquire("192.0.2.7", 0)
    for address in ("127.0.0.1", "127.1.2.3", "::1", "localhost"):
        assert all(counter.acquire(address, 1) for _ in range(3))
        counter.release(address)


def test_a_burst_at_once_then_so_many_a_second():
    bucket = Bucket(1000.0, OPTIONS)
    assert bucket.allowed(1000.0, OPTIONS) == BURST == 100
    bucket.take(100)
    assert bucket.allowed(1000.0, OPTIONS) == 0
    assert bucket.wait(OPTIONS) == pytest.approx(1 / LINES_A_SECOND)
    assert bucket.allowed(1000.05, OPTIONS) == 0
    assert bucket.wait(OPTIONS) == pytest.approx(0.05)
    assert bucket.allowed(1001.0, OPTIONS) == LINES_A_SECOND
    bucket.take(10)
    assert bucket.allowed(1e9, OPTIONS) == BURST


def test_time_makes_no_more_than_a_burst():
    bucket = Bucket(0.0, OPTIONS)
    taken = 0
    for tenth in range(600):
        allowed = bucket.allowed(tenth / 10, OPTIONS)
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


def test_other_limits_hold_from_the_next_call_on():
    bucket = Bucket(0.0, OPTIONS)
    fewer = ServeConfig(burst=3, rate=0.5)
    assert bucket.allowed(0.0, fewer) == 3
    bucket.take(3)
    assert bucket.wait(fewer) == pytest.approx(2.0)
