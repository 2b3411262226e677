"""``asyncchat top`` beside a server: once for people, once for programs, refused, and at a terminal."""

import json
import os
import pty
import subprocess
import sys

import pytest

from tests.cli.calling import call
from tests.server.harness import serving


@pytest.fixture(scope="module")
def server():
    with serving(limits=False) as running:
        running.person("anna")
        yield running


def top(server, *args):
    return call("top", "--interval", "0.1", "--count", "1", "--server", f"127.0.0.1:{server.port}", *args)


def test_people_and_programs_read_it(server):
    shown = top(server)
    assert shown.returncode == 0
    assert shown.stdout.startswith("asyncchat ")
    assert "people 1   connections 2   rooms 1" in shown.stdout
    assert "\n#lobby 1\n" in shown.stdout
    assert "\x1b" not in shown.stdout
    assert json.loads(top(server, "--json").stdout)["people"] == 1


def test_who_may_not_is_told_why(server):
    refused = top(server, "--token", "wrong")
    assert refused.returncode == 1
    assert refused.stderr == "Error: That is no token, or it was revoked.\n"


def test_at_a_terminal_it_has_a_screen_of_its_own(server):
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "asyncchat", "top", "--interval", "0.1", "--count", "2"]
    process = subprocess.Popen([*command, "--server", f"127.0.0.1:{server.port}"], stdout=slave, stderr=slave)
    os.close(slave)
    seen = b""
    try:
        while data := os.read(master, 65536):
            seen += data
    except OSError:  # the other end is closed
        pass
    os.close(master)
    assert process.wait() == 0
    assert seen.startswith(b"\x1b[?1049h")
    assert seen.count(b"\x1b[Hasyncchat ") == 2
    assert seen.endswith(b"\x1b[?25h\x1b[?1049l")
