"""systemd: what it is told, the sockets that it hands over, and the unit of the documentation."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from asyncchat.errors import Misuse
from asyncchat.server import systemd
from tests.server.harness import PATIENCE

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(params=["/", "@"])
def told(request, monkeypatch, tmp_path):
    """What systemd is told, at a path and at an abstract address."""
    name = f"{request.param}{tmp_path}/notify" if request.param == "@" else f"{tmp_path}/notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(f"\0{name[1:]}" if request.param == "@" else name)
        receiver.settimeout(PATIENCE)
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        yield receiver


def test_it_is_told_in_one_datagram(told):
    systemd.notify("READY=1", "STATUS=Listening")
    systemd.notify_reload(True)
    systemd.notify_reload(False)
    assert told.recv(1000) == b"READY=1\nSTATUS=Listening"
    begins, _, moment = told.recv(1000).partition(b"\nMONOTONIC_USEC=")
    assert begins == b"RELOADING=1"
    assert moment.isdigit()
    assert told.recv(1000) == b"READY=1"


def test_signs_of_life_come_from_the_loop(told, monkeypatch):
    monkeypatch.setenv("WATCHDOG_USEC", "3000")

    async def live():
        signs = asyncio.create_task(systemd.keep_alive())
        seen = [await asyncio.to_thread(told.recv, 1000) for _ in range(3)]
        signs.cancel()
        return seen

    assert asyncio.run(live()) == [b"WATCHDOG=1"] * 3


@pytest.mark.parametrize(
    ("usec", "pid", "seconds"),
    [("30000000", "", 30.0), ("30000000", "1", 0.0), ("", "", 0.0), ("soon", "", 0.0)],
)
def test_a_sign_of_life_is_wanted_or_not(monkeypatch, usec, pid, seconds):
    monkeypatch.setenv("WATCHDOG_USEC", usec)
    monkeypatch.setenv("WATCHDOG_PID", pid or str(os.getpid()))
    assert systemd.watchdog_seconds() == seconds


def test_without_it_nothing_is_told(monkeypatch, caplog):
    for name in ("", "relative"):
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        systemd.notify("READY=1")
    assert not caplog.records
    monkeypatch.setenv("NOTIFY_SOCKET", "/no/such/socket")
    systemd.notify("READY=1", "STATUS=x")
    assert "systemd can't be told READY=1" in caplog.text


def handed_over(monkeypatch, *sockets, names="", pid=0):
    monkeypatch.setattr(systemd, "FIRST_DESCRIPTOR", min(map(socket.socket.fileno, sockets)))
    monkeypatch.setenv("LISTEN_PID", str(pid or os.getpid()))
    monkeypatch.setenv("LISTEN_FDS", str(len(sockets)))
    monkeypatch.setenv("LISTEN_FDNAMES", names)
    return systemd.inherited()


def test_sockets_of_another_process_are_left_alone(monkeypatch):
    with socket.socket() as listener:
        assert handed_over(monkeypatch, listener, pid=1) == []
    assert "LISTEN_FDS" not in os.environ  # no process of ours takes them for its own
    assert systemd.inherited() == []


def test_what_a_socket_is_decides_what_is_taken_there(monkeypatch):
    for kind, name, url in (
        (socket.SOCK_STREAM, "", "tcp://127.0.0.1:"),
        (socket.SOCK_STREAM, "tls", "tls://127.0.0.1:"),
        (socket.SOCK_DGRAM, "", "udp://127.0.0.1:"),
    ):
        made = socket.socket(socket.AF_INET, kind)
        made.bind(("127.0.0.1", 0))
        if kind is socket.SOCK_STREAM:
            made.listen()
        ((address, (listener,)),) = handed_over(monkeypatch, made, names=name)
        made.detach()
        with listener:
            assert str(address) == f"{url}{listener.getsockname()[1]}"
            assert not listener.getblocking()
            assert not listener.get_inheritable()


def test_a_connection_is_not_listened_on(monkeypatch):
    ours, theirs = socket.socketpair()
    with closing(theirs), pytest.raises(Misuse, match="Accept=no"):
        handed_over(monkeypatch, ours)
    ours.detach()  # it is closed


def test_a_service_from_its_start_to_its_end(tmp_path):
    path = str(tmp_path / "chat.sock")
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified,
        socket.socket() as tcp,
        socket.socket(socket.AF_UNIX) as unix,
    ):
        notified.bind(str(tmp_path / "notify"))
        notified.settimeout(PATIENCE)
        for listener, name in ((tcp, ("127.0.0.1", 0)), (unix, path)):
            listener.bind(name)
            listener.listen()
        port = tcp.getsockname()[1]
        service = subprocess.Popen(
            ["bash", "-c", f'LISTEN_PID=$$ exec "$@" 3<&{tcp.fileno()} 4<&{unix.fileno()}', "bash",
             sys.executable, "-m", "asyncchat", "serve", "--db", ":memory:"],
            env={**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "90000",
                 "LISTEN_FDS": "2"},
            pass_fds=(tcp.fileno(), unix.fileno()), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip
        try:

            def until(state):
                while state not in (said := notified.recv(1000)):
                    pass
                return said.decode()

            status = f"STATUS=Listening on tcp://127.0.0.1:{port}, unix://{path}"
            assert until(b"READY=1") == f"READY=1\n{status}"
            until(b"WATCHDOG=1")
            for family, name in ((socket.AF_INET, ("127.0.0.1", port)), (socket.AF_UNIX, path)):
                with socket.socket(family) as client:
                    client.settimeout(PATIENCE)
                    client.connect(name)
                    client.sendall(b"GET /api/v1/health HTTP/1.0\r\n\r\n")
                    assert client.recv(15) == b"HTTP/1.1 200 OK"
            service.send_signal(signal.SIGHUP)
            until(b"RELOADING=1\nMONOTONIC_USEC=")
            until(b"READY=1")
            service.send_signal(signal.SIGTERM)
            until(b"STOPPING=1")
            assert service.wait(PATIENCE) == 0
            assert Path(path).exists()  # it is systemd's
        finally:
            service.kill()
            service.communicate()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_the_unit_is_valid_and_locked_down(tmp_path):
    for name in ("asyncchat.service", "asyncchat.socket"):
        text = (DOCS / name).read_text("utf-8")
        (tmp_path / name).write_text(text.replace("/opt/asyncchat/bin/asyncchat", sys.executable))
    service = str(tmp_path / "asyncchat.service")
    for arguments in (
        ["verify", "--man=no", service, str(tmp_path / "asyncchat.socket")],
        ["security", "--offline=true", "--threshold=15", service],
    ):
        done = subprocess.run(
            ["systemd-analyze", *arguments], capture_output=True, text=True, timeout=PATIENCE
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "asyncchat" not in done.stderr
