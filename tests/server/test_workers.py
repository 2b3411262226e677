"""``asyncchat serve --workers``: several processes that are one server, as people and scripts meet them."""

import hashlib
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import asyncchat.server.workers
from asyncchat.bench.process import tree
from asyncchat.cli import main
from asyncchat.control.client import ask
from asyncchat.control.requests import Drain, Drained, Upgrade, Upgraded
from asyncchat.control.wire import Refused
from tests.cli.test_serve import Serving
from tests.client_programs import waits_for
from tests.cluster.nats import binary
from tests.server.harness import PATIENCE, Client

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="workers are for Linux")

MANY = 20
"""So many clients are on both of two workers: that all are on one has a chance of 1 in 500,000."""


class Workers(Serving):
    """A server with workers."""

    def __init__(self, database: Path, *words: str) -> None:
        self.database = database
        self.log = database.with_name("log").open("a+")
        self.people: list[Person] = []
        super().__init__(
            *(() if "--config" in words else ("--workers", "2")),
            *("--port", "0", "--db", str(database), *words),
            stderr=self.log,
        )

    @property
    def written(self) -> str:
        """What all processes have written to standard error."""
        self.log.seek(0)
        return self.log.read()

    def has_written(self, text: str) -> bool:
        return text in self.written

    def pid(self, word: str) -> int:
        """The process whose command has this word; 0: there is none."""
        for pid in tree(self.process.pid)[1:]:
            try:
                words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            except FileNotFoundError:
                continue
            if word.encode() in words:
                return pid
        return 0

    def kill(self, word: str) -> None:
        """Kills a process, and waits until there is another in its place."""
        pid = self.pid(word)
        os.kill(pid, signal.SIGKILL)
        assert waits_for(lambda: self.pid(word) not in (0, pid), PATIENCE)

    def person(self, nick: str) -> "Person":
        """Somebody with an IRC client in #tea."""
        self.people.append(Person(self.port, nick))
        return self.people[-1]

    def close(self) -> None:
        for person in self.people:
            person.close()
        self.process.kill()
        self.process.communicate()
        self.log.close()


@pytest.fixture
def workers(tmp_path) -> Iterator[Any]:
    """Starts such servers, and ends them."""
    pytest.importorskip("nats", reason="needs nats-py")
    binary()
    with ExitStack() as stack:

        def start(*words: str) -> Workers:
            started = Workers(tmp_path / "chat.db", *words)
            stack.callback(started.close)
            assert started.banner.endswith("Stop with Ctrl-C.\n"), started.written
            return started

        yield start


class Person(Client):
    """Somebody with an IRC client in #tea."""

    def __init__(self, port: int, nick: str) -> None:
        super().__init__(port)
        self.nick = nick
        self.send(f"NICK {nick}\r\nUSER {nick} 0 * :{nick}\r\nJOIN #tea\r\nPING settled\r\n")
        self.until(" PONG ")

    def is_there(self) -> bool:
        """Whether its worker still is."""
        try:
            self.send("PING there\r\n")
            self.until(":there\r\n")
        except (OSError, AssertionError):
            return False
        return True

    def names(self) -> set[str]:
        """Who is in the room."""
        self.send("NAMES #tea\r\n")
        listed = self.until(" 366 ")
        return {name.lstrip("@") for line in re.findall(" 353 .*:(.*)\r", listed) for name in line.split()}


def say(one: Person, others: list[Person], text: str) -> None:
    one.send(f"PRIVMSG #tea :{text}\r\n")
    for other in others:
        if other is not one:
            other.until(f" PRIVMSG #tea :{text}\r\n")


def test_people_are_spread_and_are_in_one_chat_whichever_process_is_killed(workers):
    server = workers()
    assert len(re.findall("Listening on", server.banner)) == 1
    code = re.search(r"/owner (\S+)", server.banner)
    assert code is not None
    people = [server.person(f"p{number}") for number in range(MANY)]
    say(people[0], people, "good morning")

    server.kill("worker-2")
    server.process.send_signal(signal.SIGHUP)  # the one that starts is told when it can hear that
    assert waits_for(partial(server.has_written, "worker-2: Reloaded (SIGHUP)"), PATIENCE)
    assert "ended by SIGHUP" not in server.written
    left = [person for person in people if person.is_there()]
    assert 0 < len(left) < MANY
    say(left[0], left, "one worker is killed")

    server.kill("nats.conf")
    say(left[-1], left, "the server of NATS is killed")
    assert "worker-2 was ended by SIGKILL: it is started again" in server.written
    assert "nats-server was ended by SIGKILL: it is started again" in server.written

    # Who was on the lost worker comes back with the same name, and everybody has the owner code.
    lost = {person.nick for person in people} - {person.nick for person in left}
    assert waits_for(lambda: not lost & left[0].names(), PATIENCE)
    back = [server.person(person.nick) for person in people if person not in left]
    say(back[0], left + back, "here again")
    for person in (left[0], *back):
        person.send(f"OPER owner {code[1]}\r\n")
        person.until(f" 381 {person.nick} ")

    server.end(signal.SIGINT)
    for person in left + back:
        last = person.rest().decode()
        assert "the server is stopping" in last
        assert "QUIT" not in last
    assert server.process.returncode == 0
    assert "Traceback" not in server.written


def test_nothing_is_left_of_one_that_is_killed_and_it_goes_on(workers):
    server = workers()
    before = tree(server.process.pid)
    anna = server.person("anna")
    say(anna, [], "good morning")
    anna.send("PING kept\r\n")
    anna.until(":kept\r\n")
    server.process.kill()
    server.process.wait()
    assert waits_for(lambda: not any(map(is_running, before)), PATIENCE)
    again = workers()
    ben = again.person("ben")
    ben.send("CAP REQ :draft/chathistory\r\nCHATHISTORY LATEST #tea * 10\r\n")
    ben.until("PRIVMSG #tea :good morning\r\n")


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except FileNotFoundError:
        return False


def test_it_listens_as_a_server_does_reads_its_options_again_and_is_started_anew(workers, tmp_path):
    config = tmp_path / "chat.toml"
    config.write_text('name = "chat.example.org"\nworkers = 2\n')
    unix = tmp_path / "chat.sock"
    server = workers(
        *("--config", str(config), "--tls", "self-signed", "--listen", f"unix://{unix}"),
        *("--listen", "udp://127.0.0.1:0", "--listen", "tls://127.0.0.1:0"),
    )
    tls_port = re.findall(r"Listening on tls://127.0.0.1:(\d+)", server.banner)[0]
    assert f"Listening on unix://{unix}\n" in server.banner
    assert "Listening on udp://127.0.0.1:" in server.banner
    (shown,) = re.findall("SHA-256 (.*)", server.banner)
    ports = [int(tls_port), server.port] * (MANY // 2)
    assert {fingerprint(port) for port in ports} == {"".join(shown.split()).replace(":", "").lower()}

    # One asks all to reload, whoever has the connection.
    config.write_text('name = "chat.example.org"\ndescription = "about tea"\nworkers = 3\n')
    server.process.send_signal(signal.SIGHUP)
    for worker in ("worker-1", "worker-2"):
        text = f"{worker}: Reloaded (SIGHUP); changed: description"
        assert waits_for(partial(server.has_written, text), PATIENCE)
    assert waits_for(partial(server.has_written, "WARNING Only a restart changes: workers"), PATIENCE)

    with pytest.raises(Refused, match="“asyncchat reload” starts all anew, in turn"):
        ask(server.database, Drain(1.0), Drained)
    anna = server.person("anna")
    before = [server.pid("worker-1"), server.pid("worker-2")]
    assert ask(server.database, Upgrade(), Upgraded).process == 0
    assert waits_for(partial(server.has_written, "All workers were started anew"), PATIENCE)
    assert not {server.pid("worker-1"), server.pid("worker-2")} & {0, *before}
    assert "this server stops; connect to another one of this chat" in anna.rest().decode()
    say(server.person("anna"), [], "here again")  # nobody has the name any more
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(unix))
    assert server.end(signal.SIGTERM)[0] == 0
    assert not unix.exists()
    assert "is started again" not in server.written


def fingerprint(port: int) -> str:
    """That of the certificate which is shown there."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", port)) as client,
        context.wrap_socket(client) as encrypted,
    ):
        return hashlib.sha256(encrypted.getpeercert(binary_form=True) or b"").hexdigest()


def test_what_is_in_use_is_refused(workers, tmp_path):
    server = workers()
    assert failing("--workers", "2", "--port", "0", "--db", str(server.database)) == (
        f"Error: The history {server.database} is in use (pid {server.process.pid}). Stop the server there "
        "first, or choose another: --db FILE\n"
    )
    other = failing("--workers", "2", "--port", str(server.port), "--db", str(tmp_path / "other.db"))
    assert f"Error: Port {server.port} is in use (pid " in other
    unix = tmp_path / "other.sock"
    told = failing(
        "--workers", "2", "--db", str(tmp_path / "other.db"), "--listen", f"unix://{unix}", status=2
    )
    assert "Error: Workers share TCP ports" in told
    assert not unix.exists()
    server.end(signal.SIGINT)
    with Serving("--port", "0", "--db", str(server.database), stderr=subprocess.DEVNULL).process as single:
        told = failing("--workers", "2", "--port", "0", "--db", str(server.database))
        single.terminate()
    assert f"Error: The history {server.database} is in use (pid {single.pid}). Stop" in told
    assert told.endswith("Error: worker-1 could not start; what it wrote above says why\n")


def failing(*words: str, status: int = 1) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "asyncchat", "serve", *words],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stdout) == (status, "")
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("--cluster nats://127.0.0.1:4222", "--workers and --cluster exclude each other"),
        ("--node one", "--node and --replicas are for --cluster"),
        ("--replicas 3", "--node and --replicas are for --cluster"),
        ("--no-history", "Workers keep the history in files: take away --db :memory: and --no-history"),
        ("--db :memory:", "Workers keep the history in files: take away --db :memory: and --no-history"),
        ("--workers 65", "65 is not in the range 1<=x<=64"),
    ],
)
def test_what_does_not_go_together_is_refused(words, reason, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pytest.importorskip("nats", reason="needs nats-py")
    binary()
    done = CliRunner().invoke(main, f"serve --workers 2 {words}".split())
    assert done.exit_code == 2
    assert reason in done.output


def test_a_folder_that_can_t_be_made_is_refused(tmp_path):
    pytest.importorskip("nats", reason="needs nats-py")
    binary()
    (tmp_path / "file").touch()
    database = tmp_path / "file" / "chat.db"
    done = CliRunner().invoke(main, ["serve", "--workers", "2", "--db", str(database)])
    assert done.exit_code == 1
    assert f"Error: The history {database} can't be kept: File exists." in done.output


def test_sockets_of_systemd_are_refused(monkeypatch):
    monkeypatch.setenv("LISTEN_PID", str(os.getpid()))
    monkeypatch.setenv("LISTEN_FDS", "1")
    done = CliRunner().invoke(main, ["serve", "--workers", "2"])
    assert (done.exit_code, "Workers can't share the sockets of systemd" in done.output) == (2, True)


def test_what_is_not_installed_is_said(monkeypatch):
    monkeypatch.setattr(asyncchat.server.workers, "find_spec", lambda _name: None)
    done = CliRunner().invoke(main, ["serve", "--workers", "2"])
    assert (done.exit_code, 'pip install "asyncchat[workers]"' in done.output) == (2, True)
