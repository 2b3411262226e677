"""The fixture ``asyncchat_server`` for people who test bots."""

import subprocess
import sys
import threading

from asyncchat import Client, Message

BOT_TEST = """
from asyncchat import Client, Message

def test_bot(asyncchat_server):
    with Client(asyncchat_server.address, nick="bot", rooms=["#ci"]) as bot:
        id = asyncchat_server.post("#ci", "ping", nick="anna")
        while not isinstance(event := bot.receive(timeout=60), Message):
            pass
        assert (event.id, event.text) == (id, "ping")

def test_another(asyncchat_server):
    with Client(asyncchat_server.address, nick="bot", rooms=["#ci"]) as bot:
        assert bot.history("#ci") == []
"""

STARTED = """
import sys

def pytest_report_header(config):
    ours = {name for name in sys.modules if name.startswith("asyncchat.")}
    return f"loaded: {sorted(ours)}"
"""


def test_a_test_of_a_bot(asyncchat_server):
    with Client(asyncchat_server.address, nick="bot", rooms=["#ci"]) as bot:
        id = asyncchat_server.post("#ci", "ping", nick="anna")
        while not isinstance(event := bot.receive(timeout=60), Message):
            pass
        assert (event.id, event.nick, event.text) == (id, "anna", "ping")
    assert repr(asyncchat_server) == f"<ServerInThread at {asyncchat_server.url}>"


def test_the_plugin_is_found_and_loads_nothing_before_it_is_used(tmp_path):
    (tmp_path / "test_bot.py").write_text(BOT_TEST)
    (tmp_path / "conftest.py").write_text(STARTED)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-W", "error", "-p", "no:cacheprovider", "-v", str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "loaded: ['asyncchat.pytest_plugin', 'asyncchat.version']" in done.stdout
    assert "2 passed" in done.stdout


def test_no_thread_is_left(asyncchat_server):
    names = [thread.name for thread in threading.enumerate()]
    assert names.count("asyncchat_server") == 1  # those of the tests before have ended
