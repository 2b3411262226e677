"""The server killed under the page, while others talk: afterwards every message once."""

import signal
import subprocess
import sys

import pytest

from tests.server.harness import PATIENCE, Client, free_port
from tests.web.conftest import say, sees, texts


class Process:
    """``asyncchat serve`` on a file, which can be killed and started again."""

    def __init__(self, db):
        self.db = db
        self.port = free_port()
        self._process = None

    def start(self):
        self._process = subprocess.Popen(
            [sys.executable, "-m", "asyncchat", "serve", "--port", str(self.port), "--db", str(self.db)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self._process.stdout
        assert "Listening" in self._process.stdout.readline()

    def kill(self):
        assert self._process
        self._process.send_signal(signal.SIGKILL)
        self._process.communicate(timeout=PATIENCE)


@pytest.fixture
def process(tmp_path):
    started = Process(tmp_path / "chat.db")
    started.start()
    yield started
    started.kill()


def irc(port, name):
    client = Client(port)
    client.send(f"NICK {name}\r\nUSER {name} 0 * :{name}\r\nJOIN #lobby\r\n")
    client.until(" 366 ")
    return client


def test_a_killed_server_comes_back_and_nothing_is_missing(process, visits):
    page = visits.join(process.port, "anna")
    with irc(process.port, "iris") as iris:
        iris.send("PRIVMSG #lobby :before\r\n")
        sees(page, "before")
    process.kill()
    page.get_by_text("Not connected:").wait_for()
    url = page.evaluate("asyncchat.connection.url")
    page.evaluate("asyncchat.connection.url = 'ws://127.0.0.1:1/'")  # it does not come back too early
    say(page, "written meanwhile")
    process.start()
    with irc(process.port, "iris") as iris:
        for number in range(20):
            iris.send(f"PRIVMSG #lobby :while away {number}\r\n")
        iris.send("PING done\r\n")
        iris.until("done")
        page.evaluate("(url) => { asyncchat.connection.url = url; asyncchat.connection.retry(); }", url)
        iris.until("written meanwhile")
    sees(page, "written meanwhile")
    assert texts(page) == ["before", *(f"while away {number}" for number in range(20)), "written meanwhile"]
