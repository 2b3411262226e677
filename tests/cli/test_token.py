"""``asyncchat token`` from outside: without a server, and beside one whose API takes what it makes."""

import json
import signal
import urllib.request

import pytest

from tests.cli.calling import call, call_outside
from tests.cli.test_serve import Serving


@pytest.fixture
def database(tmp_path):
    return str(tmp_path / "chat.db")


def token(*args):
    return call("token", *args)


def test_without_a_server(database):
    made = token("add", "ci", "--room", "builds", "--allow", "post", "--allow", "read", "--db", database)
    assert (made.returncode, made.stderr) == (0, "")
    assert made.stdout.startswith("act_")
    assert len(made.stdout.strip()) == 36
    (row,) = token("list", "--db", database).stdout.splitlines()
    assert row.split()[0] == "ci"
    assert row.split()[2:] == ["post,read", "#builds"]
    again = token("add", "CI", "--room", "*", "--db", database)
    assert (again.returncode, again.stdout) == (1, "")
    assert again.stderr == "Error: Not done: there is a token of that name already\n"
    assert token("revoke", "ci", "--db", database).stdout == "Revoked ci\n"
    assert token("list", "--db", database).stdout == ""
    assert token("revoke", "ci", "--db", database).returncode == 1


@pytest.mark.parametrize("action", ["admin", "metrics"])
def test_what_is_for_the_whole_server_needs_no_room(database, action):
    token("add", "warden", "--allow", action, "--db", database)
    (row,) = token("list", "--db", database).stdout.splitlines()
    assert row.split()[2:] == [action, "*"]


@pytest.mark.parametrize(
    ("args", "status", "words"),
    [
        (("add", "ci"), 1, "a token needs at least one room: --room ROOM"),
        (("add", "ci", "--allow", "admin", "--allow", "post"), 1, "a token needs at least one room"),
        (
            ("add", "ci", "--room", "x", "--allow", "admin"),
            1,
            "a token that allows admin is for all rooms: --room '*'",
        ),
        (("add", "c i", "--room", "x"), 1, "that can't be a name"),
        (("add", "ci", "--room", "a b"), 1, "that is not the name of a room: #a b"),
        (("add", "ci", "--room", "x", "--allow", "all"), 2, "'all' is not one of"),
        (("add",), 2, "Missing argument"),
    ],
)
def test_misuse_is_one_clear_line(database, args, status, words):
    done = token(*args, "--db", database)
    assert done.returncode == status
    assert words in done.stderr


def post(server, secret, text, key=""):
    """The answer to a post, as JSON."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{server.port}/api/v1/rooms/builds/messages",
        json.dumps({"text": text}).encode(),
        {"Authorization": f"Bearer {secret}", "Content-Type": "application/json", "Idempotency-Key": key},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        return json.load(answer)


def test_beside_a_server(database):
    server = Serving("--port", "0", "--db", database)
    secret = call_outside("token", "add", "ci", "--room", "builds", "--db", database).stdout.strip()
    assert post(server, secret, "build 42 failed")["name"] == "ci"
    assert token("revoke", "ci", "--db", database).returncode == 0
    with pytest.raises(urllib.error.HTTPError, match="401"):
        post(server, secret, "x")
    assert server.end()[0] == 0


def test_what_was_posted_under_a_key_is_not_posted_again_after_a_kill(database):
    secret = token("add", "ci", "--room", "builds", "--db", database).stdout.strip()
    posted = []
    for _ in range(3):
        server = Serving("--port", "0", "--db", database)
        posted.append(post(server, secret, "build 42 failed", "build-42"))
        with pytest.raises(urllib.error.HTTPError, match="409"):
            post(server, secret, "build 43 failed", "build-42")
        server.end(signal.SIGKILL)
    assert posted[0] == posted[1] == posted[2]
