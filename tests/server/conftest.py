"""What the tests of the server share."""

import gc

import pytest

from asyncchat.server import auth, protocol_detection
from tests.server.cluster import server_tests  # noqa: F401  # in that exam, servers are nodes
from tests.server.harness import PATIENCE


@pytest.fixture(scope="module", autouse=True)
def waits():
    """Who is silent gets no prompt: on a busy machine, what a test sends at once comes late.

    The answer to a wrong password comes soon, for the many tests that wait for it.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(protocol_detection, "PROMPT_SECONDS", PATIENCE)
        patch.setattr(auth, "WRONG_SECONDS", 0.1)
        yield


@pytest.fixture
def prompted(monkeypatch):
    """The prompt comes soon, for tests that wait for it."""
    monkeypatch.setattr(protocol_detection, "PROMPT_SECONDS", 0.25)


@pytest.fixture
def garbage():
    """What the cyclic collector finds in the test, as a list that is filled when it is asked."""

    def collect():
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        gc.set_debug(0)
        found = list(gc.garbage)
        gc.garbage.clear()
        return found

    while gc.collect():  # what the end of something leaves, as the server of the test before
        pass
    gc.disable()
    yield collect
    gc.enable()
