"""What the tests of the server share."""

import pytest

from asyncchat.server import protocol_detection


@pytest.fixture(scope="session", autouse=True)
def prompt():
    """The prompt comes soon, for the many tests that wait for it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(protocol_detection, "PROMPT_SECONDS", 0.25)
        yield
