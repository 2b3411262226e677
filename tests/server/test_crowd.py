"""A small hostile crowd puts nobody out. The whole one, with figures: ``python -m tests.server.crowd``."""

from tests.server.crowd import measure


def test_nobody_is_put_out_by_a_hostile_crowd():
    figures = measure(1.0, 0.01, [], blocked_ms=20)
    for phase in ("quiet", "beside the crowd", "after it"):
        assert figures[phase]["lost"] == 0
        assert figures[phase]["deliveries"] > 0
    assert figures["bugs"] == 0
