"""``asyncchat config`` from outside."""

import os
import pty
import subprocess
import sys

import pytest

from asyncchat.config.passwords import Password
from tests.cli.calling import Done, call

COMMAND = [sys.executable, "-m", "asyncchat", "config"]


def config(*args: str, given: str = "", **environment: str) -> Done:
    return call("config", *args, given=given, **environment)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "chat.toml"
    path.write_text(
        'password = "very secret"\nname = "x"\n[operators.alice]\npassword = "also secret"\n'
        "[rooms.'#a']\ntopic = 't'\n"
    )
    return str(path)


def test_show_tells_values_and_origins_and_no_secret(file):
    done = config("show", "--config", file, ASYNCCHAT_LIMITS_BURST="5")
    assert (done.returncode, done.stderr) == (0, "")
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert f'name = "x" # {file}, line 2' in lines
    assert f"password = (hidden) # {file}, line 1" in lines
    assert f"operators = [alice] # {file}, line 3" in lines
    assert "limits.burst = 5 # $ASYNCCHAT_LIMITS_BURST" in lines
    assert "port = 1234 # default" in lines
    assert "secret" not in done.stdout


def test_check(file, tmp_path):
    done = config("check", file)
    assert (done.returncode, done.stdout) == (0, f"{file} is valid\n")
    assert "Warning: The name x has no dot" in done.stderr
    assert config("check", ASYNCCHAT_CONFIG=file).returncode == 0
    assert config("check").returncode == 2
    wrong = tmp_path / "wrong.toml"
    wrong.write_text("\nlisen = []")
    done = config("check", str(wrong))
    assert done.returncode == 2
    assert done.stderr == f'Error: Unknown key "lisen" in {wrong}, line 2: did you mean "listen"?\n'
    wrong.write_text('listen = ["http://x"]')
    done = config("check", str(wrong))
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert f"{wrong}, line 1: " in done.stderr
    wrong.write_text('motd = "none.txt"')
    assert config("check", str(wrong)).returncode == 1
    wrong.write_text('[tls]\ncert = "none.pem"')
    done = config("check", str(wrong))
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "none.pem can't be read" in done.stderr
    wrong.write_text('listen = ["tls://127.0.0.1:6697"]')
    done = config("check", str(wrong))
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "A tls:// listener needs a certificate" in done.stderr
    wrong.write_text('[tls]\nkey = "none.pem"')
    assert config("check", str(wrong)).returncode == 2
    done = config("check", str(tmp_path / "none"))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)


def test_a_password_on_a_pipe():
    done = config("password", given="tea-for-two\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert Password(done.stdout.strip()).verify("tea-for-two")
    done = config("password", given="\n")
    assert (done.returncode, done.stderr) == (2, "Error: The password is empty\n")


@pytest.mark.parametrize(("again", "status"), [("tea-for-two", 0), ("other", 2)])
def test_a_password_at_a_terminal_is_asked_twice_and_not_shown(again, status):
    parent, child = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, "password"], stdin=child, stdout=subprocess.PIPE, stderr=child, start_new_session=True
    ) as process:
        os.close(child)
        shown = b""
        for prompt, typed in ((b"Password: ", "tea-for-two"), (b"Repeat: ", again)):
            while prompt not in shown:
                shown += os.read(parent, 1024)
            os.write(parent, typed.encode() + b"\n")
        output, _ = process.communicate(timeout=60)
        assert process.returncode == status
    os.close(parent)
    assert b"tea-for-two" not in shown
    right = status == 0 and Password(output.decode().strip()).verify("tea-for-two")
    assert right if status == 0 else not output
