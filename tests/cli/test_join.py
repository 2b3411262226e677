"""``asyncchat join`` from outside: on a pipe, on a terminal, and with everything that can be given wrong."""

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from tests.client.scripted import PATIENCE, Line, Original, Scripted

COMMAND = [sys.executable, "-m", "asyncchat", "join"]


def join(*args: str, given: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *args],
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, **environment},
    )


@pytest.fixture
def server() -> Iterator[str]:
    """The address of our own server."""
    with subprocess.Popen(
        [sys.executable, "-m", "asyncchat", "serve", "--port", "0", "--db", ":memory:"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip().removeprefix("Listening on tcp://")
        process.terminate()


def echoing(*extra: str, end: str = "QUIT"):
    """A script: acknowledges each message, then says the extra lines once, up to the client's end."""

    def script(line: Line) -> None:
        line.welcome(nick="me")
        line.let_in("#lobby")
        line.send(*extra)
        number = 0
        while said := line.read():
            number += 1
            if said.startswith("PRIVMSG"):
                line.send(f"@msgid=e1-{number} :me!u@h {said}")
            elif said.startswith("PING"):
                line.send(f":s PONG s {said.partition(' ')[2]}")

    return script


def test_pipe_posts_lines_and_leaves_when_all_is_acknowledged():
    said: list[str] = []

    def script(line: Line) -> None:
        line.welcome(nick="me")
        line.let_in("#lobby")
        while len(said) < 3:
            said.append(line.until("PRIVMSG"))
        assert line.read().startswith("PING")
        line.send(*(f"@msgid=e1-{n} :me!u@h {text}" for n, text in enumerate(said)))
        assert line.read() == "QUIT"
        line.to_the_end()

    with Scripted(script) as peer:
        done = join(peer.address, "--nick", "me", given="build 42\n/failed\n\n  spaced\n")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert said == ["PRIVMSG #lobby :build 42", "PRIVMSG #lobby /failed", "PRIVMSG #lobby :  spaced"]


def test_messages_are_lines_and_notices_are_on_standard_error():
    def script(line: Line) -> None:
        line.welcome(nick="me_")
        line.let_in("#lobby", nick="me_")
        line.send(
            ":bob!b@h JOIN #lobby",
            ":bob!b@h PRIVMSG #lobby :hello \x02there\x02\x1b[2J",
            ":bob!b@h PRIVMSG #lobby :\x01ACTION waves\x01",
        )
        line.until("PRIVMSG")
        line.send(":me_!u@h PRIVMSG #lobby mine")
        line.to_the_end()

    with Scripted(script) as peer:
        done = join(peer.address, "--nick", "me", given="mine\n")
    assert (done.returncode, done.stdout) == (0, "bob: hello there\n* bob waves\n")
    assert done.stderr == "-- you are me_ in #lobby --\n-- bob is online --\n"


@pytest.mark.parametrize("line", ["exit", "EXIT"])
def test_exit_leaves_a_pipe(line):
    with Scripted(echoing()) as peer:
        process = subprocess.Popen(
            [*COMMAND, peer.address, "--nick", "me"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        with process:
            assert process.stdin is not None
            process.stdin.write(f"{line}\n")
            process.stdin.flush()
            assert process.wait(60) == 0


def test_no_exit_posts_it():
    said = []

    def script(line: Line) -> None:
        line.welcome(nick="me")
        line.let_in("#lobby")
        said.append(line.until("PRIVMSG"))
        line.send(f"@msgid=e1-1 :me!u@h {said[0]}")
        line.to_the_end()

    with Scripted(script) as peer:
        assert join(peer.address, "--nick", "me", "--no-exit", given="exit\n").returncode == 0
    assert said == ["PRIVMSG #lobby exit"]


def test_refused_line_is_a_failure():
    def script(line: Line) -> None:
        line.welcome(nick="me")
        line.let_in("#lobby")
        line.until("PRIVMSG")
        line.send(":s 404 me #lobby :You are muted")
        line.to_the_end()

    with Scripted(script) as peer:
        done = join(peer.address, "--nick", "me", given="x\n")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "-- #lobby: You are muted (not sent: x) --\n"


def test_reader_that_goes_away_is_no_traceback():
    def script(line: Line) -> None:
        line.welcome(nick="me")
        line.let_in("#lobby")
        line.until("PRIVMSG")
        for number in range(3):
            line.send(f":bob!b@h PRIVMSG #lobby :{number}")
        line.to_the_end()

    reader, writer = os.pipe()
    with Scripted(script) as peer:
        process = subprocess.Popen(
            [*COMMAND, peer.address, "--nick", "me"],
            stdin=subprocess.PIPE,
            stdout=writer,
            stderr=subprocess.PIPE,
            text=True,
        )
        os.close(writer)
        os.close(reader)
        with process:
            assert process.stdin is not None
            assert process.stderr is not None
            process.stdin.write("go\n")
            process.stdin.flush()
            assert process.wait(60) == 1
            assert process.stderr.read() == ""


def test_ctrl_c_leaves_a_pipe():
    with Scripted(echoing(":bob!b@h PRIVMSG #lobby :here")) as peer:
        process = subprocess.Popen(
            [*COMMAND, peer.address, "--nick", "me"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with process:
            assert process.stdout is not None
            assert process.stderr is not None
            assert process.stdout.readline() == "bob: here\n"
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 130
            assert process.stderr.read() == "\n"


MISUSE = [
    (
        ["ftp://x"],
        "'ftp://x' is not a valid address: "
        "it begins with ftp:// instead of irc://, ircs://, udp://, unix:// or plain://",
    ),
    (
        ["host:99999"],
        "'host:99999' is not a valid address: the port must be a number from 1 to 65535, not '99999'",
    ),
    (
        ["--nick", "two words"],
        "--nick: 'two words' is not a valid nick: use letters and digits, without spaces",
    ),
    (["--room", "a,b"], "--room: '#a,b' is not a valid room name"),
    (["plain://x", "--room", "y"], "--room: a plain-text server has only one room, without a name"),
]


@pytest.mark.parametrize(("args", "line"), MISUSE)
def test_misuse_is_one_line(args, line):
    done = join(*args)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"Error: {line}\n")


def test_nobody_there_is_one_line():
    done = join("127.0.0.1:9", "--nick", "me")
    assert done.returncode == 1
    assert done.stderr == (
        "Error: Can't reach 127.0.0.1:9: connection refused. Is a server running there? asyncchat serve\n"
    )


def test_two_pipes_on_our_server(server):
    listener = subprocess.Popen(
        [*COMMAND, server, "--nick", "слушатель", "--room", "ci"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with listener:
        assert listener.stdin is not None
        assert listener.stdout is not None
        listener.stdin.write("я здесь\n")
        listener.stdin.flush()
        done = join(f"irc://{server}/ci", "--nick", "ci", given="сборка 42\nexit\nnever said\n")
        # Whoever came first, the room has both lines; ours came while it listened, or is not in its output.
        assert (done.returncode, done.stderr.replace("-- слушатель joined #ci --\n", "")) == (0, "")
        listener.stdin.close()
        assert listener.wait(60) == 0
        assert listener.stdout.read() in ("ci: сборка 42\n", "")


def test_why_it_has_another_name(server):
    host, _, port = server.rpartition(":")
    with socket.create_connection((host, int(port))) as other, other.makefile("rb") as lines:
        other.sendall(b"NICK eve\r\nUSER e 0 * :e\r\n")
        assert any(b" 001 eve " in line for line in lines)
        done = join(server, "--nick", "eve", given="hello\n")
    told = done.stderr.splitlines()
    assert told[:2] == ["-- eve: Nickname is already in use. Trying eve_ --", "-- you are eve_ in #lobby --"]


def test_original_style_server():
    with Original() as peer:
        done = join(peer.address, "--nick", "Борис", given="привет\nвторая\n")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


# On a terminal.

pty = pytest.importorskip("pty")


class Terminal:
    """``asyncchat join`` on a pseudo terminal, in its line mode or full-screen."""

    def __init__(
        self,
        *args: str,
        full_screen: bool = False,
        command: Sequence[str] = COMMAND,
        errors: int | None = None,
        **environment: str,
    ) -> None:
        import fcntl
        import struct
        import termios

        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
        self.seen = ""
        self._held = b""
        self.process = subprocess.Popen(
            [*command, *([] if full_screen else ["--line"]), *args],
            stdin=slave,
            stdout=slave,
            stderr=slave if errors is None else errors,
            start_new_session=True,
            env={**os.environ, "TERM": "xterm", "NO_COLOR": "1", **environment},
        )
        os.close(slave)

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.master)
        self.process.kill()
        self.process.wait()

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def until(self, text: str) -> str:
        """Reads on until the terminal was sent this text; what came since the last call."""
        deadline = time.monotonic() + PATIENCE
        while text not in self.seen:
            ready, _, _ = select.select([self.master], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, f"{text!r} never came: {self.seen!r}"
            try:
                self._held += os.read(self.master, 65536)
            except OSError:
                raise AssertionError(f"{text!r} never came: {self.seen!r}") from None
            self.seen += self._held.decode(errors="ignore")
            self._held = b""
        before, _, self.seen = self.seen.partition(text)
        return before + text

    def end(self) -> int:
        """Waits for the program's end, reading what it still writes."""
        try:
            while data := os.read(self.master, 65536):
                self.seen += data.decode(errors="ignore")
        except OSError:
            pass
        return self.process.wait(60)


def test_terminal_shows_and_says():
    def script(line: Line) -> None:
        line.welcome(nick="me")
        line.let_in("#lobby")
        assert line.until("CHATHISTORY").startswith("CHATHISTORY LATEST #lobby")
        line.send(
            ":s BATCH +b chathistory #lobby",
            "@batch=b;msgid=e1-1;time=2020-01-05T12:00:00.000Z :bob!b@h PRIVMSG #lobby :long ago",
            ":s BATCH -b",
        )
        assert line.until("PRIVMSG") == "PRIVMSG #lobby :hello all"
        line.send(
            "@msgid=e1-2 :me!u@h PRIVMSG #lobby :hello all",
            ":bob!b@h PRIVMSG #lobby :evil\x1b]0;x\x07\x1b[2J",
        )
        for text in ("bob: completed", "pasted 1", "pasted 2"):
            assert line.until("PRIVMSG") == f"PRIVMSG #lobby :{text}"
            line.send(f":me!u@h PRIVMSG #lobby :{text}")
        line.to_the_end()

    with Scripted(script) as peer, Terminal(peer.address, "--nick", "me") as terminal:
        terminal.until("-- Sun 5 Jan 2020 --")
        terminal.until("bob: long ago")
        terminal.until("#lobby>")
        terminal.type("hello all\r")
        terminal.until("me: hello all")
        assert "\x1b]0;x" not in terminal.until("bob: evil")
        terminal.type("bo\t")
        terminal.until("b:")  # drawn as a whole, or behind what was typed
        terminal.type("completed\r")
        terminal.type("\x1b[200~pasted 1\npasted 2\x1b[201~\r")
        terminal.type("exit\r")
        assert terminal.end() == 0


def test_full_screen_client_shows_says_and_leaves_the_terminal_as_it_was(tmp_path):
    def script(line: Line) -> None:
        line.welcome(nick="me")
        line.let_in("#lobby")
        line.until("CHATHISTORY")
        line.send(":s BATCH +b chathistory #lobby", ":s BATCH -b")
        line.send(":bob!b@h PRIVMSG #lobby :evil\x1b]0;x\x07\x1b[2J")
        assert line.until("PRIVMSG") == "PRIVMSG #lobby hello"
        line.send("@msgid=e1-2 :me!u@h PRIVMSG #lobby hello")
        line.to_the_end()

    with Scripted(script) as peer:
        address = peer.address
        with Terminal(address, "--nick", "me", full_screen=True, XDG_CONFIG_HOME=str(tmp_path)) as terminal:
            terminal.until("\x1b[?1049h")  # the alternate screen
            assert "\x1b]0;x" not in terminal.until("evil")
            terminal.type("\x1b[200~hello\x1b[201~\r")
            terminal.until("hello")
            terminal.type("\x11")  # Ctrl-Q
            terminal.until("\x1b[?1049l")
            assert terminal.end() == 0
        assert address in (tmp_path / "asyncchat" / "client.toml").read_text("utf-8")


def test_without_textual_a_line_says_how_to_get_it():
    def script(line: Line) -> None:
        line.welcome(nick="me", caps="")
        line.let_in("#lobby")
        line.to_the_end()

    missing = "import sys; sys.modules['textual'] = None; from asyncchat.cli import main; main()"
    with Scripted(script) as peer:
        command = [sys.executable, "-c", missing, "join"]
        with Terminal(peer.address, "--nick", "me", full_screen=True, command=command) as terminal:
            terminal.until(
                "For the full-screen client: pip install 'asyncchat[terminal]'. This is the line mode."
            )
            terminal.until("#lobby>")
            terminal.type("exit\r")
            assert terminal.end() == 0


def test_line_mode_where_standard_error_goes_elsewhere():
    def script(line: Line) -> None:
        line.welcome(nick="me", caps="")
        line.let_in("#lobby")
        line.to_the_end()

    options: dict[str, Any] = {"full_screen": True, "errors": subprocess.DEVNULL}
    with Scripted(script) as peer, Terminal(peer.address, "--nick", "me", **options) as terminal:
        terminal.until("#lobby>")
        terminal.type("exit\r")
        assert terminal.end() == 0


def test_line_mode_rings_when_one_is_called_and_names_the_room_one_is_in():
    def script(line: Line) -> None:
        line.welcome(nick="me", caps="")
        line.let_in("#lobby")
        line.send(":bob!b@h PRIVMSG #lobby :home", ":bob!b@h PRIVMSG #lobby :me: come")
        line.until("JOIN #secret")
        line.send(":s 473 me #secret :Cannot join channel (+i)")
        line.to_the_end()

    with Scripted(script) as peer, Terminal(peer.address, "--nick", "me") as terminal:
        assert "\a" not in terminal.until("bob: home")
        terminal.until("bob: me: come")
        terminal.until("\a")
        terminal.type("/join #secret\r")
        terminal.until("Cannot join channel")
        terminal.until("#lobby>")
        terminal.type("exit\r")
        assert terminal.end() == 0


def test_terminal_keeps_lines_over_a_break():
    def first(line: Line) -> None:
        line.welcome(nick="me")
        line.let_in("#lobby")
        line.until("CHATHISTORY")
        line.send(":s BATCH +b chathistory #lobby", ":s BATCH -b")
        line.until("PRIVMSG")
        line.send("@msgid=e1-1 :me!u@h PRIVMSG #lobby one")

    def second(line: Line) -> None:
        line.welcome(nick="me")
        line.let_in("#lobby")
        line.until("CHATHISTORY AFTER #lobby msgid=e1-1")
        line.send(":s BATCH +b chathistory #lobby", ":s BATCH -b")
        assert line.until("PRIVMSG") == "PRIVMSG #lobby two"
        line.send("@msgid=e1-2 :me!u@h PRIVMSG #lobby two")
        line.to_the_end()

    with Scripted(first, second) as peer, Terminal(peer.address, "--nick", "me") as terminal:
        terminal.until("#lobby>")
        terminal.type("one\r")
        terminal.until("me: one")
        terminal.until("-- disconnected --")
        terminal.type("two\r")
        terminal.until("-- connected again as me --")
        terminal.until(" me: two")  # with its time: what waits has none
        terminal.type("\x04")
        assert terminal.end() == 0


def test_terminal_left_with_ctrl_c_tells_what_was_not_sent():
    def script(line: Line) -> None:
        line.welcome(nick="me")
        line.let_in("#lobby")
        line.until("CHATHISTORY")
        line.send(":s BATCH +b chathistory #lobby", ":s BATCH -b")
        line.until("PRIVMSG")
        line.to_the_end()

    with Scripted(script) as peer, Terminal(peer.address, "--nick", "me") as terminal:
        terminal.until("#lobby>")
        terminal.type("never answered\r")
        terminal.until("me: never answered")
        terminal.type("\x03")
        terminal.until("not sent: never answered")
        assert terminal.end() == 130


def test_the_server_s_password(tmp_path):
    file = tmp_path / "password"
    file.write_text("open sesame\n")

    def let_in(line: Line) -> None:
        assert line.until("PASS") == "PASS :open sesame"
        line.welcome(nick="me")
        line.let_in("#lobby")
        line.to_the_end()

    def refuse(line: Line) -> None:
        line.until("USER")
        line.send(":s 464 * :Password incorrect", "ERROR :Closing link")

    with Scripted(let_in, let_in, refuse, refuse) as peer:
        done = join(peer.address, "--nick", "me", "--password-file", str(file))
        assert (done.returncode, done.stderr) == (0, "")
        done = join(peer.address, "--nick", "me", ASYNCCHAT_PASSWORD="open sesame")  # noqa: S106
        assert done.returncode == 0
        done = join(peer.address, "--nick", "me", ASYNCCHAT_PASSWORD="no")  # noqa: S106
        assert (done.returncode, done.stderr) == (
            1,
            "Error: The server does not accept the password: Password incorrect.\n",
        )
        done = join(peer.address, "--nick", "me")
        assert done.returncode == 1
        assert done.stderr.endswith(". Give it with --password-file FILE or in ASYNCCHAT_PASSWORD.\n")
        assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("content", "status", "says"),
    [(None, 1, "can't be read"), (b"\n", 2, "empty"), (b"\xff\n", 1, "not UTF-8"), (b"a\tb\n", 2, "control")],
)
def test_a_password_file_that_is_none(tmp_path, content, status, says):
    file = tmp_path / "password"
    if content is not None:
        file.write_bytes(content)
    done = join("127.0.0.1:1", "--password-file", str(file))
    assert (done.returncode, done.stderr.count("\n")) == (status, 1)
    assert says in done.stderr
