"""Asking without a server, and what stands in the way."""

import asyncio
import os
import socket
import threading

import pytest

from asyncchat.control import client
from asyncchat.control.client import ask
from asyncchat.control.requests import GetStatus, Status
from asyncchat.control.wire import Refused
from asyncchat.log.lockfile import LockFile
from asyncchat.log.sqlite import SqliteLog


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "chat.db"

    async def make() -> None:
        await (await SqliteLog.open(path)).close()

    asyncio.run(make())
    return path


def test_without_a_server_the_file_is_asked(database):
    status = ask(database, GetStatus(), Status)
    assert (status.running, status.people) == (False, 0)
    with socket.socket(socket.AF_UNIX) as left:  # by a server that was killed
        left.bind(f"{database}-control")
    assert not ask(database, GetStatus(), Status).running


def test_a_held_lock_without_a_socket_is_one_line(database):
    owner = LockFile(database)
    with pytest.raises(Refused) as refused:
        ask(database, GetStatus(), Status)
    owner.release("")
    assert str(refused.value) == (
        f"The history {database} is in use (pid {os.getpid()}), and its control socket does not answer. "
        "When the server is starting or stopping, try again; else stop it first"
    )


def test_a_system_without_unix_sockets(database, monkeypatch):
    monkeypatch.setattr(client, "supported", lambda: False)
    assert not ask(database, GetStatus(), Status).running
    owner = LockFile(database)
    with pytest.raises(Refused, match=r"this system has no Unix sockets, by which .* Stop it first$"):
        ask(database, GetStatus(), Status)
    owner.release("")


def test_a_question_makes_no_history(tmp_path):
    with pytest.raises(Refused, match=r"There is no history .*chat.db yet"):
        ask(tmp_path / "chat.db", GetStatus(), Status)
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_goes_before_it_answers(database):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{database}-control")
        listener.listen()

        def hear_and_go() -> None:
            connection, _ = listener.accept()
            connection.recv(100)
            connection.close()

        going = threading.Thread(target=hear_and_go)
        going.start()
        with pytest.raises(Refused, match=r"^The server ended before it answered"):
            ask(database, GetStatus(), Status)
        going.join()
