"""What the tests of the server share."""

import pytest

from asyncchat.server import auth, protocol_detection


@pytest.fixture(scope="session", autouse=True)
def waits():
    """The prompt and the answer to a wrong password come soon, for the many tests that wait for them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(protocol_detection, "PROMPT_SECONDS", 0.25)
        patch.setattr(auth, "WRONG_SECONDS", 0.1)
        yield
