"""Every hostile request is answered. How long each blocks: ``python -m tests.server.blocking``."""

import pytest

from tests.server import blocking


@pytest.mark.parametrize(
    "attack",
    [
        blocking.attack_http,
        blocking.attack_websocket,
        blocking.attack_plain,
        lambda watch: blocking.attack_by_leaving(watch, 50),
    ],
)
def test_every_hostile_request_is_answered(attack):
    with blocking.watched() as watch:
        watch.fill(people=50, rooms=50, messages=60)
        attack(watch)
        assert len(watch.server.server.hub.chat.people) >= 50
