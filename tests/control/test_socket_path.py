"""Where the control socket is, and addresses for paths of any length."""

import os
import socket
from pathlib import Path

import pytest

from asyncchat.control.socket_path import address_of, socket_path


def test_two_ways_to_a_file_have_one_socket(tmp_path, monkeypatch):
    (tmp_path / "chat.db").touch()
    (tmp_path / "link.db").symlink_to("chat.db")
    expected = tmp_path / "chat.db-control"
    assert socket_path(tmp_path / "chat.db") == expected
    assert socket_path(tmp_path / "link.db") == expected
    monkeypatch.chdir(tmp_path)
    assert socket_path(Path("chat.db")) == expected


def test_a_short_path_is_its_own_address():
    with address_of(Path("/run/chat.db-control")) as address:
        assert address == "/run/chat.db-control"


@pytest.mark.parametrize("linux", [True, False])
def test_a_long_path_is_reached_from_its_folder(tmp_path, monkeypatch, linux):
    folder = tmp_path / ("a" * 100) / ("b" * 100)
    folder.mkdir(parents=True)
    path = folder / "chat.db-control"
    if not linux:
        monkeypatch.setattr("asyncchat.control.socket_path._DESCRIPTORS", tmp_path / "none")
    before, handles = os.getcwd(), len(os.listdir("/proc/self/fd"))
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as other:
        with address_of(path) as address:
            listener.bind(address)
            listener.listen()
        assert path.is_socket()
        with address_of(path) as address:
            other.connect(address)
    assert os.getcwd() == before
    assert len(os.listdir("/proc/self/fd")) == handles


def test_a_folder_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(OSError), address_of(tmp_path / ("a" * 120) / "chat.db-control"):  # noqa: PT011
        pass
