"""``asyncchat invite`` from outside: without a server, and beside one that takes what it makes."""

import re

import pytest

from tests.cli.calling import call, call_outside
from tests.cli.test_serve import Serving
from tests.server.harness import Client


@pytest.fixture
def database(tmp_path):
    return str(tmp_path / "chat.db")


def invite(*args):
    return call("invite", *args)


def code_in(text):
    found = re.search(r"nc             /join #class (\S{14})\n", text)
    assert found is not None, text
    return found[1]


def test_without_a_server(database):
    made = invite("--room", "class", "--uses", "2", "--expires", "2h", "--role", "voice", "--db", database)
    assert (made.returncode, made.stderr) == (0, "")
    assert re.match(
        r"Invitation 1 to #class: 2 people until [-0-9]{10} [:0-9]{5}, with the role voice\.", made.stdout
    )
    code = code_in(made.stdout)
    assert f"the page’s address, and then #class?invite={code}" in made.stdout
    linked = invite("--room", "#class", "--url", "https://chat.example.org/chat", "--db", database)
    code = code_in(linked.stdout)
    assert f"  a browser      https://chat.example.org/chat/#class?invite={code}\n" in linked.stdout
    first, second = invite("--list", "--db", database).stdout.splitlines()
    assert re.fullmatch(r"1  #class  0 of 2  until [-0-9]{10} [:0-9]{5}  voice", first)
    assert second.startswith("2  #class  0 of 30  until ")
    assert invite("--revoke", "1", "--db", database).stdout == "Revoked 1\n"
    assert invite("--list", "--room", "class", "--db", database).stdout.startswith(
        "1  #class  0 of 2  revoked  "
    )
    assert invite("--list", "--room", "den", "--db", database).stdout == ""
    again = invite("--revoke", "1", "--db", database)
    assert (again.returncode, again.stderr) == (1, "Error: There is no code of that number\n")


@pytest.mark.parametrize(
    ("args", "status", "words"),
    [
        (("--expires", "soon"), 2, "use a time like 45m, 2h or 7d"),
        (("--uses", "0"), 1, "A code lets in 1 to 1,000 people"),
        (("--room", "a b"), 1, "There can be no room of that name"),
        (("--role", "king"), 2, "'king' is not one of"),
    ],
)
def test_misuse_is_one_clear_line(database, args, status, words):
    done = invite(*args, "--db", database)
    assert done.returncode == status
    assert words in done.stderr


def test_beside_a_server(database):
    server = Serving("--port", "0", "--db", database)
    made = call_outside("invite", "--room", "#class", "--uses", "1", "--db", database)
    code = code_in(made.stdout)
    assert f"  a browser      http://127.0.0.1:{server.port}/#class?invite={code}\n" in made.stdout
    assert "The link works only on this machine." in made.stdout
    bob = Client(server.port)
    bob.send(f"bob\n/join #class {code}\n")
    bob.until("What you type goes to #class now.")
    assert "1  #class  1 of 1  used up" in invite("--list", "--db", database).stdout
    bob.close()
    assert server.end()[0] == 0
