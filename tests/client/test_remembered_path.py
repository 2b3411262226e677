"""Where the file is."""

from pathlib import Path

from asyncchat.client.remembered_path import remembered_file


def test_where_the_file_is(tmp_path):
    assert remembered_file({"XDG_CONFIG_HOME": str(tmp_path)}) == tmp_path / "asyncchat/client.toml"
    home = Path("~/.config").expanduser() / "asyncchat/client.toml"
    assert remembered_file({}) == remembered_file({"XDG_CONFIG_HOME": "relative"}) == home
