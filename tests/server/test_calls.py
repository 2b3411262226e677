"""What a message costs in calls, and a connection in bytes, may not rise unnoticed."""

import sys

import pytest

from tests.server.calls import IDLE_BYTES, SCENARIOS, VERSION, idle_bytes, measure, table

SLACK = 1.05


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts a thread's reads and writes")
@pytest.mark.skipif(VERSION not in table(), reason=f"nobody has counted the calls of Python {VERSION}")
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_no_more_calls_than_before(scenario):
    """If they fell, or rose for a reason, write the table anew: ``python -m tests.server.calls --write``."""
    before, now = table()[VERSION][scenario], measure(scenario)
    for what in now.__struct_fields__:
        was, is_now = getattr(before, what), getattr(now, what)
        assert was / SLACK - 0.2 <= is_now <= was * SLACK + 0.2, f"{what}: {was} before, now {is_now}"


@pytest.mark.skipif(VERSION not in table(), reason=f"nobody has counted the bytes of Python {VERSION}")
def test_an_idle_connection_takes_no_more_memory_than_before():
    assert idle_bytes() <= IDLE_BYTES
