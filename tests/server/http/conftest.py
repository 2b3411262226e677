"""What the tests of HTTP share."""

import pytest

from asyncchat.server import protocol_detection
from tests.server.harness import PATIENCE


@pytest.fixture(scope="module", autouse=True)
def patience():
    """No prompt: on a busy machine a request comes later than a person with ``nc`` would be greeted."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(protocol_detection, "PROMPT_SECONDS", PATIENCE)
        yield
