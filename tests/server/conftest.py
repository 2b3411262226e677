"""What the tests of the server share."""

import gc

import pytest

from asyncchat.server import auth, protocol_detection
from tests.server.cluster import server_tests  # noqa: F401  # in that exam, servers are nodes


@pytest.fixture(scope="session", autouse=True)
def waits():
    """The prompt and the answer to a wrong password come soon, for the many tests that wait for them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(protocol_detection, "PROMPT_SECONDS", 0.25)
        patch.setattr(auth, "WRONG_SECONDS", 0.1)
        yield


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
