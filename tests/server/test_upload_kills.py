"""A few kills during uploads; ``python -m tests.server.upload_kills 100`` does more."""

import sys

import pytest

from tests.server.upload_kills import run


@pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9 there")
def test_no_message_is_without_its_file(tmp_path):
    assert run(tmp_path, 2) > 0
