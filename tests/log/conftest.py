"""Where the tests of the logs keep their files."""

from pathlib import Path

import pytest


@pytest.fixture
def path(tmp_path):
    return Path(tmp_path, "state", "chat.db")
