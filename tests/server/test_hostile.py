"""A crowd that sends anything does no harm. Longer: ``python -m tests.server.hostile 0 100 500``."""

import pytest

from asyncchat.server import auth
from tests.server.hostile import riot


@pytest.mark.parametrize("seed", range(4))
def test_a_crowd_that_sends_anything(seed, monkeypatch):
    monkeypatch.setattr(auth, "WRONG_SECONDS", 0.0)
    riot(seed, 200)
