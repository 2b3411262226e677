"""Nothing blocks the loop for long, with small sizes. Larger: ``python -m tests.server.blocking``."""

import pytest

from tests.server import blocking

SECONDS = 0.05
"""More than the loop may be held: other tests that run on the machine take its caches."""


@pytest.mark.parametrize(
    "attack",
    [
        blocking.attack_http,
        blocking.attack_websocket,
        blocking.attack_plain,
        lambda watch: blocking.attack_by_leaving(watch, 50),
    ],
)
def test_nothing_holds_the_loop(attack):
    with blocking.watched(seconds=SECONDS) as watch:
        watch.fill(people=50, rooms=50, messages=60)
        watch.forget()
        attack(watch)
        assert not watch.blocks, blocking.report(watch)
