"""``asyncchat serve`` as people and scripts meet it: as a process of its own."""

import json
import os
import pty
import re
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from asyncchat import __version__
from asyncchat.cli import main
from asyncchat.control.client import ask
from asyncchat.control.requests import GetStatus, Status
from tests.server.harness import free_port

PATIENCE = 60


class Serving:
    """A running ``asyncchat serve``; what it says is read as far as it is asked for."""

    def __init__(self, *args: str, **options: Any) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "asyncchat", "serve", *args],
            stdout=subprocess.PIPE,
            text=True,
            **{"stderr": subprocess.PIPE, **options},
        )
        assert self.process.stdout is not None
        self.first = self.process.stdout.readline()
        self.banner = self.first
        while self.first and not self.banner.endswith("Stop with Ctrl-C.\n"):
            self.banner += self.process.stdout.readline()
        self.port = int(self.first.rpartition(":")[2]) if "tcp://" in self.first else 0

    def connect(self, name: str = "") -> socket.socket:
        client = socket.create_connection(("127.0.0.1", self.port), PATIENCE)
        if name:
            client.sendall(f"{name}\n".encode())
            until(client, f"Hello, {name}!")
        return client

    def end(self, number: int = signal.SIGINT) -> tuple[int, str]:
        """Asks it to stop; gives its exit status and all it wrote to standard error."""
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, errors


def until(client: socket.socket, expected: str) -> str:
    data = b""
    while expected.encode() not in data:
        more = client.recv(1)
        assert more, data
        data += more
    return data.decode()


def rest(client: socket.socket) -> str:
    data = b""
    while more := client.recv(65536):
        data += more
    return data.decode()


@pytest.fixture
def serve() -> Iterator[Any]:
    """Starts servers, in memory unless a database is named, and ends what a test left running."""
    started: list[Serving] = []

    def start(*args: str, **options: Any) -> Serving:
        if "--db" not in args and "--no-history" not in args:
            args = ("--db", ":memory:", *args)
        started.append(Serving(*(args if "--port" in args else ("--port", "0", *args)), **options))
        return started[-1]

    yield start
    for server in started:
        if server.process.poll() is None:
            server.process.kill()
        server.process.communicate()


def failing(*args: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "asyncchat", "serve", *args],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    return done


def test_the_banner(serve):
    server = serve()
    port = server.port
    code = re.search(r"/owner (\S+)", server.banner)
    assert code is not None
    assert server.banner == (
        f"Listening on tcp://127.0.0.1:{port}\n"
        f"asyncchat {__version__}, history in memory only, gone when the server stops\n"
        "\n"
        "Join #lobby with\n"
        f"  nc             nc 127.0.0.1 {port}\n"
        f"  our client     asyncchat join 127.0.0.1:{port} --nick NAME\n"
        f"  an IRC client  irc://127.0.0.1:{port}/lobby   (no TLS)\n"
        f"  a browser      http://127.0.0.1:{port}/#lobby\n"
        "Only this machine can join. For your network: asyncchat serve --lan\n"
        f"You moderate with: /owner {code[1]}   (IRC clients: /oper owner {code[1]})\n"
        "Stop with Ctrl-C.\n"
    )
    assert "no history is kept" in serve("--no-history").banner


def test_commands_beside_it_are_answered_by_it_and_after_its_end_by_the_file(serve, tmp_path):
    database = tmp_path / "chat.db"
    server = serve("--db", str(database))
    with server.connect("alice"):
        assert ask(database, GetStatus(), Status) == Status(__version__, True, 1, 1)
        server.process.kill()
        server.process.wait()
    assert (tmp_path / "chat.db-control").is_socket()
    assert ask(database, GetStatus(), Status) == Status(__version__, False, 0, 1)
    server = serve("--db", str(database))
    assert ask(database, GetStatus(), Status).running
    status, errors = server.end()
    warnings = [line for line in errors.splitlines() if "WARNING" in line]
    assert (status, [line for line in warnings if "was blocked for" not in line]) == (0, [])  # by other work
    assert not (tmp_path / "chat.db-control").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_in_order(serve, number):
    server = serve()
    with server.connect("alice") as alice:
        status, errors = server.end(number)
        assert status == 0
        assert rest(alice).endswith("the server is stopping\n")
    assert re.search(r"alice \(127\.0\.0\.1\) is online\n", errors)
    assert "Traceback" not in errors


def test_standard_error_that_nobody_reads_stops_neither_the_chat_nor_a_signal(serve):
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with suppress(BlockingIOError):
        while True:
            os.write(writing, bytes(4096))
    os.set_blocking(writing, True)
    server = serve(stderr=writing)
    with server.connect("alice") as alice, server.connect("bob") as bob:
        bob.sendall(b"hi\n")
        until(alice, "bob: hi\n")
        assert server.end(signal.SIGTERM)[0] == 0
    os.close(reading)
    os.close(writing)


def test_a_second_ctrl_c_forces(serve):
    """The first one waits for a client that does not take its last bytes."""
    server = serve("--no-limits")
    with socket.socket() as stalled, server.connect("talker") as talker:
        stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stalled.connect(("127.0.0.1", server.port))
        stalled.sendall(b"stalled\n")
        until(talker, "stalled is online\n")
        talker.sendall((b"x" * 8000 + b"\n") * 60 + b"/me\n")
        until(talker, "Usage: /me")
        server.process.send_signal(signal.SIGINT)
        assert server.process.stderr is not None
        while "Stopping" not in (line := server.process.stderr.readline()):
            assert line
        server.process.send_signal(signal.SIGINT)
        _, errors = server.process.communicate(timeout=PATIENCE)
        assert server.process.returncode == 130
        assert "Forced to stop" in errors


def test_a_port_in_use_names_its_holder(serve):
    server = serve()
    done = failing("--db", ":memory:", "--port", str(server.port))
    assert done.returncode == 1
    assert done.stderr == (
        f"Error: Port {server.port} is in use (pid {server.process.pid}, asyncchat). "
        f"Choose another: --port {server.port + 1}\n"
    )


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["--listen", "tcp://127.0.0.1:99999"], "65535"),
        (["--listen", "unix://"], "no path"),
        (["--listen", "http://x"], "no listener"),
        (["--name", "a b"], "letters, digits, dots and dashes"),
        (["--name", ""], "letters, digits, dots and dashes"),
        (["--name", "x" * 64], "at most 63"),
        (["--name", "-x.example"], "begins and ends with a letter"),
        (["--name", "x.example-"], "begins and ends with a letter"),
        (["--name", "x..example"], "begins and ends with a letter"),
        (["--port", "65536"], "65535"),
        (["--no-history", "--db", "x"], "exclude"),
        (["--lan", "--host", "127.0.0.1"], "exclude"),
        (["--log-level", "loud"], "loud"),
    ],
)
def test_misuse_exits_2(args, says):
    done = CliRunner().invoke(main, ["serve", *args])
    assert done.exit_code == 2, done.exception
    assert says in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["--motd", "/no/such/file"], "The message of the day /no/such/file can't be read: No such file"),
        (["--motd", "/"], "can't be read"),
        (["--motd", sys.executable], "is not UTF-8 text"),
        (["--host", "192.0.2.77"], "192.0.2.77 is not an address of this machine"),
        (["--host", "no.such.invalid"], "There is no address for the host no.such.invalid"),
    ],
)
def test_what_can_t_be_served_exits_1_with_one_line(args, says):
    done = failing("--db", ":memory:", "--port", "0", *args)
    assert done.returncode == 1
    assert says in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["--listen", "tls://127.0.0.1:0"], "A tls:// listener needs a certificate: --tls-cert FILE"),
        (["--port", "0", "--tls-cert", "/none.pem"], "The certificate /none.pem can't be read: No such file"),
        (["--port", "0", "--tls-key", "/none.pem"], "--tls-key needs the certificate: --tls-cert FILE"),
    ],
)
def test_a_certificate_that_can_t_be_used_exits_2_with_the_reason(args, says):
    done = failing("--db", ":memory:", *args)
    assert done.returncode == 2
    assert says in done.stderr


def test_the_log_as_json(serve):
    server = serve("--log-format", "json", "--log-level", "debug")
    alice = server.connect("alice")
    alice.close()
    with server.connect() as stranger:
        stranger.sendall(b"\x16\x03\x01\x02\x00")
        rest(stranger)
    _, errors = server.end()
    entries = [json.loads(line) for line in errors.splitlines()]
    assert all({"time", "level", "logger", "message"} <= entry.keys() for entry in entries)
    assert any(entry["message"] == "alice (127.0.0.1) is online" for entry in entries)
    assert any(entry["level"] == "warning" and "TLS" in entry["message"] for entry in entries)


def test_a_message_of_the_day(serve, tmp_path):
    motd = tmp_path / "motd"
    motd.write_text("Добро пожаловать\n", encoding="utf-8")
    server = serve("--motd", str(motd))
    with server.connect() as carol:
        carol.sendall(b"NICK carol\r\nUSER c 0 * :c\r\n")
        assert "Добро пожаловать" in until(carol, " 376 ")


def test_a_unix_socket(serve, tmp_path):
    path = tmp_path / "chat.sock"
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(path))
    server = serve("--port", "0", "--listen", f"unix://{path}?mode=620")
    assert f"Listening on unix://{path}\n" in server.banner  # as clients take it
    assert path.stat().st_mode == stat.S_IFSOCK | 0o620
    in_use = failing("--db", ":memory:", "--listen", f"unix://{path}")
    assert in_use.returncode == 1
    assert in_use.stderr == f"Error: Can't listen on unix://{path}: Address already in use\n"
    with socket.socket(socket.AF_UNIX) as alice, server.connect("bob") as bob:
        alice.settimeout(PATIENCE)
        alice.connect(str(path))
        alice.sendall(b"alice\nhello\n")
        until(bob, "alice: hello\n")
    assert server.end()[0] == 0
    assert not path.exists()


def test_only_a_unix_socket(serve, tmp_path):
    path = tmp_path / "chat.sock"
    process = Serving("--db", ":memory:", "--listen", f"unix://{path}")
    assert process.first == f"Listening on unix://{path}\n"
    assert f"nc -U {path}\n" in process.banner
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(PATIENCE)
        client.connect(str(path))
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert f"nc -U {path}" in rest(client)
    assert process.end()[0] == 0


def test_a_start_that_fails_leaves_no_unix_socket(tmp_path):
    path = tmp_path / "chat.sock"
    done = failing("--db", ":memory:", "--listen", f"unix://{path}", "--listen", "tcp://192.0.2.77:1")
    assert done.returncode == 1
    assert not path.exists()


def test_all_addresses_are_shown_as_real_ones(serve):
    server = serve("--host", "0.0.0.0")  # noqa: S104  # that is what is tested
    assert "0.0.0.0" not in server.banner  # noqa: S104
    assert server.first.startswith("Listening on tcp://")
    server.connect("alice").close()


def test_lan_has_one_port_for_all_also_where_the_system_chooses_it(serve):
    server = serve("--lan", "--port", "0")
    assert len(set(re.findall(r"tcp://\S+:([0-9]+)", server.banner))) == 1


def test_lan_listens_on_private_addresses_and_the_loopback(serve):
    server = serve("--lan", "--port", str(free_port()))
    lines = [line for line in server.banner.splitlines() if line.startswith("Listening on ")]
    assert lines[0] == f"Listening on tcp://127.0.0.1:{server.port}"
    server.connect("alice").close()


def test_without_standard_output_it_serves():
    port = free_port()
    process = subprocess.Popen(
        ["sh", "-c", f"exec {sys.executable} -m asyncchat serve --db :memory: --port {port} >&-"],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        while True:
            try:
                with socket.create_connection(("127.0.0.1", port), PATIENCE) as client:
                    client.sendall(b"alice\n")
                    until(client, "Hello, alice!")
                break
            except ConnectionRefusedError:
                assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE)
        assert (process.returncode, "Traceback" in errors) == (0, False)
    finally:
        process.kill()
        process.communicate()


def test_lan_shows_the_page_s_link_and_its_code(serve):
    server = serve(
        "--lan", "--port", "0", "--db", ":memory:", env={**os.environ, "PYTHONIOENCODING": "utf-8"}
    )
    link = re.search(r"a browser +(http://\S+/#lobby)\n", server.banner)
    assert link
    assert server.banner.count("█") > 100
    assert "\x1b" not in server.banner  # this is no terminal


def test_open_opens_the_page_in_a_browser(serve, tmp_path):
    opened = tmp_path / "opened"
    os.mkfifo(opened)
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {opened}\n')
    browser.chmod(0o755)
    environment = {**os.environ, "BROWSER": f"{browser} %s"}
    server = serve("--open", env=environment)
    assert opened.read_text() == f"http://127.0.0.1:{server.port}/#lobby\n"


def test_the_history_s_file_outlives_the_server(serve, tmp_path):
    database = tmp_path / "state" / "chat.db"
    server = serve("--db", str(database))
    assert f"history in {database} (0 messages)\n" in server.banner
    with server.connect("alice") as alice:
        alice.sendall(b"kept\n/me\n")
        until(alice, "Usage: /me")
    assert server.end()[0] == 0
    again = serve("--db", str(database))
    assert f"history in {database} (1 message)\n" in again.banner
    with again.connect() as bob:
        bob.sendall(b"bob\n")
        until(bob, "alice: kept\n")


def test_the_owner_code_is_kept_and_no_longer_shown_once_claimed(serve, tmp_path):
    database = tmp_path / "chat.db"
    server = serve("--db", str(database))
    code = (tmp_path / "chat.db.owner").read_text().strip()
    assert stat.S_IMODE((tmp_path / "chat.db.owner").stat().st_mode) == 0o600
    assert stat.S_IMODE(database.stat().st_mode) == 0o600
    assert f"You moderate with: /owner {code}   (IRC clients: /oper owner {code})\n" in server.banner
    assert server.end()[0] == 0
    again = serve("--db", str(database))
    assert f"/owner {code}" in again.banner
    with again.connect("alice") as alice:
        alice.sendall(f"/owner {code}\n/me\n".encode())
        until(alice, "Usage: /me")
    assert again.end()[0] == 0
    third = serve("--db", str(database))
    assert "You moderate with" not in third.banner
    with third.connect("bob") as bob:
        bob.sendall(f"/owner {code}\n/topic claimed\n".encode())
        until(bob, "claimed")


def test_a_database_in_use_says_who_holds_it(serve, tmp_path):
    database = tmp_path / "chat.db"
    server = serve("--db", str(database))
    done = failing("--db", str(database), "--port", "0")
    assert done.returncode == 1
    assert str(server.process.pid) in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_database_that_is_none(tmp_path):
    corrupt = tmp_path / "chat.db"
    corrupt.write_bytes(b"this is no database" * 1000)
    done = failing("--db", str(corrupt), "--port", "0")
    assert done.returncode == 1
    assert str(corrupt) in done.stderr
    assert done.stderr.count("\n") == 1
    assert corrupt.read_bytes().startswith(b"this is no database")


def test_a_database_of_something_else(tmp_path):
    other = tmp_path / "letters.db"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE letters (text)")
    connection.close()
    done = failing("--db", str(other), "--port", "0")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_database_that_can_t_be_written(tmp_path):
    database = tmp_path / "chat.db"
    Serving("--port", "0", "--db", str(database)).end()
    database.chmod(0o400)
    done = failing("--db", str(database), "--port", "0")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("path", ["/proc/chat.db", "/dev/null/chat.db", "/"])
def test_a_place_where_no_database_can_be(path):
    done = failing("--db", path, "--port", "0")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1


def test_in_the_state_directory_by_default(tmp_path):
    state = Path(tmp_path)
    server = Serving("--port", "0", env={**os.environ, "XDG_STATE_HOME": str(state)})
    assert (state / "asyncchat" / "chat.db").exists()
    assert stat.S_IMODE((state / "asyncchat").stat().st_mode) == 0o700
    assert server.end()[0] == 0


def test_a_file_of_options_with_a_password(serve, tmp_path):
    file = tmp_path / "chat.toml"
    file.write_text('name = "chat.test"\npassword = "open sesame"\ndb = ":memory:"\nport = 1\n')
    server = serve("--config", str(file))
    assert "A password is needed to join.\n" in server.banner
    assert "open sesame" not in server.banner
    with server.connect() as carol:
        carol.sendall(b"PASS :open sesame\r\nNICK carol\r\nUSER c 0 * :c\r\n")
        until(carol, ":chat.test 001 carol ")
    assert server.end()[0] == 0


def test_a_hangup_within_the_start_does_not_end_it(tmp_path):
    """It waits for NATS, which is not there."""
    url = f"nats://127.0.0.1:{free_port()}"
    with subprocess.Popen(
        [sys.executable, "-m", "asyncchat", "serve", "--port", "0", "--db", "chat.db", "--cluster", url],
        cwd=tmp_path, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, start_new_session=True,
    ) as process:  # fmt: skip
        assert process.stderr is not None
        assert "NATS" in process.stderr.readline()
        process.send_signal(signal.SIGHUP)
        process.send_signal(signal.SIGTERM)  # of the two, the lower number is taken first
        assert process.wait(60) == -signal.SIGTERM


def test_a_hangup_reloads_and_says_so_in_the_log(serve, tmp_path):
    file = tmp_path / "chat.toml"
    quiet = "log_blocked_ms = 0\n"  # else a busy machine has it say more
    file.write_text(f'{quiet}log_level = "info"')
    server = serve("--config", str(file), start_new_session=True)
    file.write_text(f'{quiet}log_level = "debug"\nname = "other.test"\n[limits]\nburst = 3')
    server.process.send_signal(signal.SIGHUP)
    assert server.process.stderr is not None
    while "Reloaded" not in (line := server.process.stderr.readline()):
        assert line
    assert line.endswith("Reloaded (SIGHUP); changed: limits.burst, log_level\n")
    assert server.process.stderr.readline().endswith("Only a restart changes: name\n")
    file.write_text("lisen = 1")
    server.process.send_signal(signal.SIGHUP)
    while "Not reloaded" not in (line := server.process.stderr.readline()):
        assert line
    assert line.endswith(f'Unknown key "lisen" in {file}, line 1: did you mean "listen"?\n')
    server.connect("alice").close()
    assert server.end()[0] == 0


def test_the_end_of_its_terminal_ends_it():
    parent, child = pty.openpty()
    command = [sys.executable, "-m", "asyncchat", "serve", "--db", ":memory:", "--port", "0"]
    own_terminal = (
        "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
        "os.execv(sys.argv[1], sys.argv[1:])"
    )
    with subprocess.Popen(
        [sys.executable, "-c", own_terminal, *command],
        stdin=child,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        text=True,
    ) as process:
        os.close(child)
        assert process.stdout is not None
        while "Stop with" not in (line := process.stdout.readline()):
            assert line
        os.close(parent)
        assert process.wait(PATIENCE) == 0
