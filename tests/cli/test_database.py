"""Which history a command beside a server means."""

from pathlib import Path

import pytest

from asyncchat.cli._database import named_database
from asyncchat.errors import Misuse


@pytest.fixture(autouse=True)
def home(monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", "/state")


def test_flag_before_environment_before_file_before_default(tmp_path, monkeypatch):
    file = tmp_path / "chat.toml"
    file.write_text('db = "file.db"\n')
    assert named_database(None, None) == Path("/state/asyncchat/chat.db")
    assert named_database(None, str(file)) == tmp_path / "file.db"
    monkeypatch.setenv("ASYNCCHAT_DB", "environment.db")
    assert named_database(None, str(file)) == Path("environment.db")
    assert named_database("flag.db", str(file)) == Path("flag.db")


def test_the_environment_may_name_the_configuration(tmp_path, monkeypatch):
    file = tmp_path / "chat.toml"
    file.write_text('db = "file.db"\n')
    monkeypatch.setenv("ASYNCCHAT_CONFIG", str(file))
    assert named_database(None, None) == tmp_path / "file.db"


def test_what_names_no_file_is_misuse(tmp_path):
    with pytest.raises(Misuse, match="Name it with --db FILE"):
        named_database(":memory:", None)
    file = tmp_path / "chat.toml"
    file.write_text('dbb = "file.db"\n')
    with pytest.raises(Misuse, match='did you mean "db"'):
        named_database(None, str(file))
