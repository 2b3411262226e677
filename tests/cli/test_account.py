"""``asyncchat account`` from outside, beside a server and without one."""

import json
import os
import pty
import re
import signal
import stat
import subprocess
import sys

import pytest

from asyncchat.core import scram
from asyncchat.log.database import Database
from asyncchat.log.snapshot import state
from tests.cli.calling import call, call_outside

COMMAND = [sys.executable, "-m", "asyncchat", "account"]


@pytest.fixture
def database(tmp_path):
    return tmp_path / "chat.db"


@pytest.fixture
def account(database):
    return lambda *args, given="": call("account", *args, "--db", str(database), given=given)


@pytest.fixture
def served(database):
    command = [sys.executable, "-m", "asyncchat", "serve", "--port", "0", "--db", str(database)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        while server.stdout.readline() != "Stop with Ctrl-C.\n":
            pass
        yield
        server.send_signal(signal.SIGINT)
        server.communicate(timeout=60)
        assert server.returncode == 0


def names(account) -> list[str]:
    return [json.loads(line)["name"] for line in account("list", "--json").stdout.splitlines()]


def a_life(account) -> None:
    """The life of two accounts; the same beside a server and without one."""
    assert account("add", "Anna", given="tea-for-two\n").stdout == "Created the account Anna\n"
    assert account("add", "bob", given="tea-for-two\r\n").returncode == 0
    again = account("add", "anna", given="tea-for-two\n")
    assert (again.returncode, again.stdout) == (1, "")
    assert again.stderr == "Error: Not done: there is an account of that name already\n"
    assert names(account) == ["Anna", "bob"]
    assert re.fullmatch(r"Anna  since [0-9-]{10}\nbob   since [0-9-]{10}\n", account("list").stdout)
    changed = account("password", "anna", given="tea-for-three\n")
    assert changed.stdout == "Changed the password of anna\n"
    assert (account("devices", "anna").returncode, account("devices", "anna").stdout) == (0, "")
    nobody = account("sign-out", "anna")
    assert (nobody.returncode, nobody.stderr) == (1, "Error: Not done: no device stays signed in\n")
    assert account("remove", "BOB").stdout == "Removed the account BOB\n"
    gone = account("remove", "bob")
    assert (gone.returncode, gone.stderr) == (1, "Error: Not done: there is no such account\n")
    assert account("password", "bob", given="tea-for-three\n").returncode == 1
    assert names(account) == ["Anna"]


def verifiers(database) -> list[scram.Verifier]:
    opened = Database(database)
    found = [event.verifier for event in state(opened.connection) if hasattr(event, "verifier")]
    opened.close()
    return [scram.read_verifier(text) for text in found]


def test_without_a_server(account, database):
    a_life(account)
    assert stat.S_IMODE(database.stat().st_mode) == 0o600
    _, _, changed = verifiers(database)
    assert scram.is_password(changed, "tea-for-three")
    assert not scram.is_password(changed, "tea-for-two")


@pytest.mark.usefixtures("served")
def test_beside_a_server(account):
    a_life(account)


@pytest.mark.usefixtures("served")
def test_what_a_server_was_asked_is_there_without_it(account, database):
    call_outside("account", "add", "anna", "--db", str(database), given="tea-for-two\n")
    assert database.with_name("chat.db-control").is_socket()
    assert names(account) == ["anna"]


def test_nothing_is_made_by_asking(account, database):
    for args in (["list"], ["remove", "anna"]):
        done = account(*args)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == f"Error: There is no history {database} yet. Name another: --db FILE\n"
    assert list(database.parent.iterdir()) == []


def test_a_password_from_a_file(account, database, tmp_path):
    file = tmp_path / "password"
    file.write_text("from a file\nsecond line\n")
    assert account("add", "anna", "--password-file", str(file)).returncode == 0
    (made,) = verifiers(database)
    assert scram.is_password(made, "from a file")
    none = account("add", "bob", "--password-file", str(tmp_path / "none"))
    assert (none.returncode, none.stderr.count("\n")) == (1, 1)
    assert f"{tmp_path}/none can't be read" in none.stderr


@pytest.mark.parametrize("given", ["", "\n", "\r\n"])
def test_an_empty_password_is_misuse(account, given, database):
    done = account("add", "anna", given=given)
    assert (done.returncode, done.stderr) == (2, "Error: The password is empty\n")
    assert not database.exists()


@pytest.mark.parametrize("given", ["a\x01b", "x" * 301])
def test_what_can_be_no_password(account, given):
    done = account("add", "anna", given=f"{given}\n")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith("Error: Not done: the password ")


def test_at_a_terminal_it_is_asked_twice_and_not_shown(database):
    parent, child = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, "add", "anna", "--db", str(database)],
        stdin=child,
        stdout=subprocess.PIPE,
        stderr=child,
        start_new_session=True,
    ) as process:
        os.close(child)
        shown = b""
        for prompt in (b"Password: ", b"Repeat: "):
            while prompt not in shown:
                shown += os.read(parent, 1024)
            os.write(parent, b"tea-for-two\n")
        output, _ = process.communicate(timeout=60)
    os.close(parent)
    assert (process.returncode, output) == (0, b"Created the account anna\n")
    assert b"tea-for-two" not in shown
    (made,) = verifiers(database)
    assert scram.is_password(made, "tea-for-two")
