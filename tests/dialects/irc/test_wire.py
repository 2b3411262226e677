"""What the coverage page lists has gone over the wire in this very run: no text of a test is proof of it.

It is the last file of its folder, and asks for all of the others.
"""

from pathlib import Path

import pytest

from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.registry import COMMANDS
from tests.dialects.driver import SENT, TOLD

HERE = Path(__file__).parent


@pytest.fixture
def whole(request):
    """Skips where not all tests of this folder run."""
    asked = {item.path for item in request.session.items}
    if not set(HERE.rglob("test_*.py")) <= asked or request.config.getoption("keyword"):
        pytest.skip("only a run of the whole folder has seen everything")


def test_every_command_was_sent(whole):
    assert sorted(set(COMMANDS) - SENT) == []


def test_every_numeric_was_told(whole):
    known = {name: code for name, code in vars(numerics).items() if name.startswith(("RPL_", "ERR_"))}
    untold = {name for name, code in known.items() if code not in TOLD}
    assert sorted(untold) == []


def test_this_file_is_the_last_of_its_folder():
    files = sorted(path.name for path in HERE.glob("test_*.py"))
    assert files[-1] == Path(__file__).name
