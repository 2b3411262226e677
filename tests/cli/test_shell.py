"""The commands of the shell beside one server: what they print, how they exit, what a failure says."""

import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from asyncchat.cli import _server
from tests.cli.calling import call
from tests.cli.test_serve import Serving
from tests.client.test_http_api import answering
from tests.server.harness import serving
from tests.server.http.api.client import give_login, give_token

PATIENCE = 60


@pytest.fixture(scope="module")
def server():
    with serving(limits=False) as running:
        give_token(running, "bot", "post", "read", "who")
        yield running


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return str(tmp_path_factory.mktemp("home"))


@pytest.fixture
def shell(server, home):
    """Calls a command of the shell as gus."""

    def called(*args, given="", **more):
        environment = {"XDG_CONFIG_HOME": home, "ASYNCCHAT_NICK": "gus", "TZ": "UTC", **more}
        return call(*args, given=given, ASYNCCHAT_SERVER=f"127.0.0.1:{server.port}", **environment)

    return called


def started(server, *args, **more):
    """The same in a process of its own, which is running."""
    return subprocess.Popen(
        [sys.executable, "-m", "asyncchat", *args, "--server", f"127.0.0.1:{server.port}"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "ASYNCCHAT_NICK": "gus"}, **more,
    )  # fmt: skip


def texts(done):
    return [json.loads(line)["text"] for line in done.stdout.splitlines()]


def test_bytes_that_are_no_text_are_said_as_signs(shell):
    assert shell("say", "signs", "a\udcffb").returncode == 0
    assert texts(shell("tail", "signs", "--json")) == ["a?b"]
    assert shell("who", "signs").stdout == ""


def test_what_is_said_is_read(shell, server):
    anna = server.person("anna")
    first = shell("say", "lobby", "hi", "all")
    assert (first.returncode, first.stderr) == (0, "")
    assert anna.line() == "gus: hi all"
    id = first.stdout.strip()
    (line,) = shell("tail", "#lobby", "-n", "1", "--json").stdout.splitlines()
    assert json.loads(line).items() >= {
        "id": id, "room": "#lobby", "nick": "gus", "text": "hi all", "kind": "message",
    }.items()  # fmt: skip
    assert shell("history", "lobby", "-n", "1").stdout.endswith(" gus: hi all\n")
    assert server.people() == ["anna"]
    assert shell("who").stdout == "anna\n"
    (room, *_) = shell("rooms", "--json").stdout.splitlines()
    assert json.loads(room) == {"room": "#lobby", "members": 1, "topic": "", "public": True}
    anna.close()


def test_standard_input_is_one_message(shell):
    assert shell("say", "in", given="one\ntwo\n\n").returncode == 0
    assert shell("say", "in", "--code", given="x = 1\n").returncode == 0
    assert texts(shell("tail", "in", "--json")) == ["one\ntwo", "```\nx = 1\n```"]
    assert shell("say", "in", given="\n").returncode == 1
    long = shell("say", "in", given="x" * 20_000)
    assert (long.returncode, long.stdout) == (1, "")
    assert long.stderr.startswith("Error: The text is too long")


def test_a_key_is_said_once(shell):
    first = shell("say", "once", "done", "--id", "k")
    again = shell("say", "once", "done", "--id", "k")
    other = shell("say", "once", "done, at last", "--id", "k")
    assert first.stdout == again.stdout == other.stdout
    assert (again.returncode, other.returncode, again.stderr) == (0, 0, "")
    assert "something else was said before" in other.stderr
    assert shell("say", "elsewhere", "done", "--id", "k").stdout != first.stdout
    odd = [shell("say", "elsewhere", "done", "--id", key).stdout for key in ("ключ é", "a\nb", "ключ é")]
    assert odd[0] == odd[2] != odd[1]
    assert texts(shell("tail", "once", "--json")) == ["done"]


def test_five_processes_with_one_key_say_it_once(server, shell):
    def run(_):
        done = started(server, "say", "five", "--id", "k", stdin=subprocess.PIPE).communicate(
            "done", PATIENCE
        )
        return done

    with ThreadPoolExecutor(5) as pool:
        outputs = set(pool.map(run, range(5)))
    assert len(outputs) == 1
    assert texts(shell("tail", "five", "--json")) == ["done"]


def test_a_key_outlives_a_killed_server(tmp_path):
    ids = set()
    for _ in range(2):
        server = Serving("--port", "0", "--db", str(tmp_path / "chat.db"))
        done = call("say", "ci", "done", "--id", "k", "--nick", "gus", "--server", f"127.0.0.1:{server.port}")
        ids.add(done.stdout)
        server.end(signal.SIGKILL)
    assert len(ids) == 1
    assert ids != {""}


def test_a_file_is_said_as_its_link(shell, tmp_path):
    file = tmp_path / "report.txt"
    file.write_text("all passed\n")
    assert shell("say", "files", "see", "--file", str(file)).returncode == 0
    (text,) = texts(shell("tail", "files", "--json"))
    assert text.startswith("see http://")
    assert text.endswith("/report.txt")
    assert shell("say", "files", "--file", str(tmp_path / "none")).returncode == 1


def test_parts_of_the_history(shell):
    ids = [shell("say", "parts", f"build {number}").stdout.strip() for number in range(5)]
    assert texts(shell("history", "parts", "--since", ids[1], "--json")) == ["build 2", "build 3", "build 4"]
    assert texts(shell("history", "parts", "--since", ids[1], "-n", "1", "--json")) == ["build 4"]
    assert texts(shell("history", "parts", "--until", ids[2], "--json")) == ["build 0", "build 1"]
    assert texts(shell("history", "parts", "--since", "1h", "--until", ids[1], "--json")) == ["build 0"]
    assert texts(shell("tail", "parts", "--since", "1h", "--json"))[0] == "build 0"
    assert texts(shell("history", "parts", "--until", "1h", "--json")) == []
    assert len(texts(shell("history", "parts", "--until", "2100-01-01", "-n", "3", "--json"))) == 3
    assert texts(shell("search", "parts", "BUILD", "3", "--json")) == ["build 3"]
    assert shell("search", "parts", "nothing").returncode == 1
    assert shell("history", "parts", "--since", "soon").returncode == 2


def test_export(shell):
    shell("say", "book", "hello *there*")
    assert shell("export", "book").stdout.startswith("# #book\n")
    assert texts(shell("export", "book", "--format", "json")) == ["hello *there*"]
    assert "<h1>#book</h1>" in shell("export", "book", "--format", "html").stdout


def test_an_answer_is_what_somebody_else_says_next(server, shell):
    anna, bob = server.irc("anna"), server.irc("bob")
    anna.send("CAP REQ message-tags\r\nJOIN #ops\r\nPRIVMSG #ops :before\r\nPING over\r\n")
    anna.until("PONG")
    bob.send("JOIN #ops\r\n")
    asker = started(server, "ask", "ops", "Deploy?", "--timeout", str(PATIENCE))
    told = anna.until(":Deploy?\r\n")
    other = told.partition("msgid=")[2][:8]
    anna.send(f"@+reply={other} PRIVMSG #ops :to another\r\n")
    bob.until("to another")
    bob.send("NOTICE #ops :beep\r\nPRIVMSG #ops :yes\r\n")
    assert asker.communicate(timeout=PATIENCE) == ("yes\n", "")
    assert asker.returncode == 0
    assert shell("ask", "ops", "Anybody?", "--timeout", "0.1").returncode == 3


def test_a_follower_tells_what_comes_until_its_reader_goes(server, shell):
    shell("say", "live", "before")
    follower = started(server, "tail", "live", "--follow", "--json")
    assert json.loads(follower.stdout.readline())["text"] == "before"
    shell("say", "live", "now")
    assert json.loads(follower.stdout.readline())["text"] == "now"
    follower.stdout.close()
    shell("say", "live", "nobody reads this")
    assert follower.wait(PATIENCE) == 1
    assert follower.stderr.read() == ""
    follower.stderr.close()


def test_ctrl_c_ends_a_follower(server, shell):
    shell("say", "live", "before")
    follower = started(server, "tail", "live", "-f")
    follower.stdout.readline()
    follower.send_signal(signal.SIGINT)
    assert follower.communicate(timeout=PATIENCE)[1].strip() == ""
    assert follower.returncode == 130


def test_a_bot_and_an_account_speak_in_their_names(server, shell):
    login = give_login(server, "ella")
    shell("say", "names", "x", "--token", "bot")
    shell("say", "names", "x", ASYNCCHAT_TOKEN=login)
    shell("say", "names", "x", "--nick", "Ella")
    names = [json.loads(line)["nick"] for line in shell("tail", "names", "--json").stdout.splitlines()]
    assert names == ["bot", "ella", "Ella_"]


@pytest.mark.parametrize(
    ("args", "status", "words"),
    [
        (("tail", "nowhere"), 1, "There is no such room, or it may not be read."),
        (("tail", "nowhere", "-f"), 1, "There is no such room, or it may not be read."),
        (("export", "nowhere", "--format", "html"), 1, "There is no such room, or it may not be read."),
        (("search", "nowhere", "x"), 1, "There is no such room, or it may not be read."),
        (("who", "nowhere"), 1, "There is no such room, or it may not be read."),
        (("say", "lobby", " "), 1, "There is nothing to say: the text is empty"),
        (("say", "lobby"), 1, "There is nothing to say: standard input is empty"),
        (("say", "a b", "x"), 2, "'a b' is not a room: it has a space"),
        (("say", "lobby", "x", "--token", "wrong"), 1, "That is no token, or it was revoked."),
        (("say", "lobby", "x", "--nick", "a b"), 1, "That name is not allowed: it has a space."),
        (("tail", "lobby", "--server", "127.0.0.1:1"), 1, "Can't reach 127.0.0.1:1: connection refused."),
        (("tail", "lobby", "--server", "a..b"), 1, "Can't reach a..b:1234: the name is unknown."),
        (("say", "lobby", "x", "--id", "k" * 201), 2, "--id: a key has at most 200 characters"),
        (("tail", "lobby", "--server", "ftp://x"), 2, "is not a valid address"),
        (("tail", "lobby", "--server", "plain://x"), 2, "can only be joined"),
        (("tail", "lobby", "--since", "soon"), 2, "neither the id"),
        (("tail", "lobby", "--since", "aa-1"), 1, "There is no message aa-1."),
    ],
)
def test_a_failure_is_one_line(shell, args, status, words):
    done = shell(*args)
    assert (done.returncode, done.stdout) == (status, "")
    assert done.stderr.splitlines()[-1].startswith("Error: ")
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_what_is_not_known_to_be_said():
    done = call("say", "lobby", "hi", "--server", f"127.0.0.1:{answering(b'')}", "--nick", "gus")
    assert (done.returncode, done.stdout) == (1, "")
    assert "broke. It may have been said; with --id it can be repeated.\n" in done.stderr


def test_where_the_server_has_a_password_a_token_is_needed():
    with serving(limits=False, password="plum-otter-41") as locked:  # noqa: S106  # a test's
        done = call("say", "lobby", "hi", "--server", f"127.0.0.1:{locked.port}", "--nick", "gus")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == "Error: The server wants a token: --token TOKEN, or ASYNCCHAT_TOKEN.\n"


def test_the_server_that_was_joined_last_is_asked(server, shell, home, tmp_path):
    folder = tmp_path / "asyncchat"
    folder.mkdir()
    (folder / "client.toml").write_text(f'[[servers]]\naddress = "127.0.0.1:{server.port}"\nnick = "zoe"\n')
    known = {"XDG_CONFIG_HOME": str(tmp_path)}
    assert call("say", "known", "hi", **known).returncode == 0
    with (folder / "client.toml").open("a") as file:
        file.write('token = "bot"\n')
    _server._loaded.cache_clear()
    assert call("say", "known", "hi", **known).returncode == 0
    names = [
        json.loads(line)["nick"] for line in call("tail", "known", "--json", **known).stdout.splitlines()
    ]
    assert names == ["zoe", "bot"]
    (folder / "client.toml").write_text("servers = 7")
    _server._loaded.cache_clear()
    wrong = call("who", **known)
    assert (wrong.returncode, wrong.stderr.count("\n")) == (1, 1)
    assert "correct or remove this file" in wrong.stderr
