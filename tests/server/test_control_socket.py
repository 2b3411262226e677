"""The control socket of a running server: who may ask, what it answers, how it comes and goes."""

import asyncio
import logging
import os
import socket
import stat
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from asyncchat.control.client import ask
from asyncchat.control.executor import execute
from asyncchat.control.requests import Forget, GetStatus, Status
from asyncchat.control.wire import REQUEST_BYTES, Refused, line_of
from asyncchat.core.features.connect import CheckName, Connect
from asyncchat.core.features.presence import Connected
from asyncchat.core.permissions import SERVER
from asyncchat.log.base import LogError
from asyncchat.log.memory import MemoryLog
from asyncchat.server.control_socket import control_socket
from asyncchat.server.handover import HandoverFailed
from asyncchat.server.launch import Launched
from asyncchat.server.upgrade import Upgrade
from tests.server.harness import PATIENCE, serving


@contextmanager
def held(server, database):
    """The control socket of a server while the block runs; it can be closed before."""
    manager = control_socket(server.server.hub, database)
    server.wait(manager.__aenter__())
    try:
        yield
    finally:
        server.wait(manager.__aexit__(None, None, None))


@pytest.fixture
def server():
    with serving() as running:
        yield running


@pytest.fixture
def database(tmp_path):
    return tmp_path / "chat.db"


@pytest.fixture
def connection(server, database):
    with held(server, database), socket.socket(socket.AF_UNIX) as client:
        client.settimeout(PATIENCE)
        client.connect(f"{database}-control")
        yield client


def reply(client: socket.socket) -> dict[str, object]:
    data = b""
    while not data.endswith(b"\n"):
        part = client.recv(1024)
        assert part, data
        data += part
    found: dict[str, object] = msgspec.json.decode(data)
    return found


def test_who_runs_it_is_answered(server, database):
    server.person("anna")
    with held(server, database):
        status = ask(database, GetStatus(), Status)
    assert (status.running, status.people, status.rooms) == (True, 1, 1)


def test_it_is_its_owners_alone_and_goes_with_the_server(server, database):
    path = Path(f"{database}-control")
    before = os.umask(0)
    try:
        with held(server, database):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            assert os.umask(0) == 0  # it was put back
    finally:
        os.umask(before)
    assert not path.exists()


def test_what_a_killed_server_left_is_replaced(server, database):
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(f"{database}-control")
    with held(server, database):
        assert ask(database, GetStatus(), Status).running


@pytest.mark.parametrize("thing", ["file", "folder", "link"])
def test_what_is_no_socket_stays_and_is_told_of(server, database, thing, caplog, tmp_path):
    path = Path(f"{database}-control")
    if thing == "file":
        path.write_text("mine")
    elif thing == "folder":
        path.mkdir()
    else:
        path.symlink_to(tmp_path / "elsewhere")
    with held(server, database):
        (record,) = [record for record in caplog.records if record.name == "asyncchat.control"]
        assert record.levelno == logging.WARNING
        assert str(path) in record.getMessage()
    assert path.is_symlink() if thing == "link" else path.exists()
    assert not (tmp_path / "elsewhere").exists()


def test_a_long_path_is_no_hindrance_but_a_long_name_is(server, tmp_path, caplog):
    folder = tmp_path / ("a" * 100) / ("b" * 100)
    folder.mkdir(parents=True)
    with held(server, folder / "chat.db"):
        assert ask(folder / "chat.db", GetStatus(), Status).running
    assert not [record for record in caplog.records if record.name == "asyncchat.control"]
    with held(server, folder / ("c" * 120)):
        assert "No control socket" in caplog.text


@pytest.mark.parametrize(
    "line", [b"hello\n", b"\n", b'{"do":"nonesuch"}\n', b'{"do":"status","more":1}\n', b"\xff\n", b"[]\n"]
)
def test_what_it_does_not_know_it_says_so_and_goes_on(connection, line):
    connection.sendall(line)
    assert "another version" in str(reply(connection)["error"])
    connection.sendall(line_of(GetStatus()))
    assert "result" in reply(connection)


def test_a_request_in_pieces_and_several_on_one_connection(connection):
    for byte in line_of(GetStatus()):
        connection.send(bytes((byte,)))
    assert "result" in reply(connection)
    connection.sendall(line_of(GetStatus()) * 2)
    assert connection.makefile("rb").readline().startswith(b'{"result":')


def test_while_another_process_is_to_take_over_nothing_is_begun(server, database):
    """Nobody hands a server over in the middle of what the console asks: it would never be answered."""
    executor = server.server.hub
    begun, goes_on = server.call(asyncio.Event), server.call(asyncio.Event)

    async def drop_files(ids):
        begun.set()
        await goes_on.wait()

    async def hand_over():
        await begun.wait()
        made = Launched(server.server, [], None, owns_sockets=False)
        try:
            with pytest.raises(HandoverFailed, match="another command of the console is not done"):
                await Upgrade(made, control)._hand_over(here)
        finally:
            goes_on.set()

    executor.remove_files = drop_files
    manager = control_socket(executor, database)
    control = server.wait(manager.__aenter__())
    here, there = socket.socketpair()
    there.close()
    with here, socket.socket(socket.AF_UNIX) as client:
        client.settimeout(PATIENCE)
        client.connect(f"{database}-control")
        client.sendall(line_of(Forget("anna")))
        server.wait(hand_over())
        assert "result" in reply(client)
        client.sendall(line_of(GetStatus()))
        assert "result" in reply(client)
        server.call(control.pause)
        client.sendall(line_of(GetStatus()))
        assert "is being upgraded" in str(reply(client))
        assert not server.call(lambda: control.is_busy)
        server.wait(manager.__aexit__(None, None, None))


def test_a_request_that_is_too_long(connection):
    connection.sendall(b"x" * (REQUEST_BYTES * 3))
    assert "longer than 65,536 bytes" in str(reply(connection)["error"])


def test_the_end_within_a_request_is_the_end(connection):
    connection.sendall(b'{"do":"sta')
    connection.shutdown(socket.SHUT_WR)
    assert connection.recv(10) == b""


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root becomes another user")
def test_another_user_is_refused_even_where_the_mode_lets_him(server, database, tmp_path):
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    program = (
        "import os, socket; os.setuid(65534); client = socket.socket(socket.AF_UNIX);"
        f"client.connect('{database}-control'); print(client.recv(999))"
    )

    def asked_by_another() -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    with held(server, database):
        assert "PermissionError" in asked_by_another().stderr
        Path(f"{database}-control").chmod(0o777)
        assert "another user" in asked_by_another().stdout


def test_a_command_goes_the_one_way_and_is_answered_when_the_log_has_it():
    log = MemoryLog()
    with serving(log) as server:
        server.person("anna")
        executor = server.server.hub
        (event,) = server.wait(execute(executor, Connect("carl", "u", "h")))
        assert isinstance(event, Connected)
        assert event.person.id == SERVER
        assert log.last == server.call(lambda: server.server.delivery.delivered)
        with pytest.raises(Refused, match=r"^anna is already in use$"):
            server.wait(execute(executor, CheckName("anna")))


class Broken(MemoryLog):
    """A log that can't be written once it is told so."""

    broken = False

    def __init__(self) -> None:
        super().__init__()
        self.refused = asyncio.Event()

    async def append(self, expected_last, records):
        if self.broken:
            self.refused.set()
            raise LogError("the disk is full")
        await super().append(expected_last, records)


def test_what_the_log_can_not_take_is_refused(database):
    log = Broken()
    with serving(log) as server:
        executor = server.server.hub
        anna = server.person("anna")
        log.broken = True
        anna.send("hello\n")
        server.wait(log.refused.wait())
        with pytest.raises(Refused, match="can't be written"):
            server.wait(execute(executor, Connect("carl", "u", "h")))
        log.broken = False


def test_when_it_stops_idle_connections_end(server, database):
    with held(server, database):
        idle = socket.socket(socket.AF_UNIX)
        idle.settimeout(PATIENCE)
        idle.connect(f"{database}-control")
        idle.sendall(line_of(GetStatus()))
        reply(idle)
    with idle:
        assert idle.recv(10) == b""
