"""Invitation codes over sockets: made by a person, used by nc and IRC, over a restart; guesses."""

import asyncio
import re

import pytest

from asyncchat.log.sqlite import SqliteLog
from asyncchat.server import auth
from tests.server.harness import serving
from tests.server.test_pins import copied

PASSWORD = "open sesame"  # noqa: S105


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    monkeypatch.setattr(auth, "WRONG_SECONDS", 0.0)


def host(server):
    """The operator of a room for invited people, and the code of an invitation."""
    anna = server.person("anna")
    anna.send("/join #tea\n/rule invite-only on\n/invitecode 2 2h voice\n")
    found = re.search(r"Invitation code 1 for #tea: (\S+)\n", anna.until("Link: "))
    assert found is not None
    link = anna.line()
    assert link == f"http://127.0.0.1:{server.port}/#tea?invite={found[1]}"
    return anna, found[1]


def test_nc_and_irc_join_by_a_code_and_the_log_does_not_have_it():
    with serving() as server:
        anna, code = host(server)
        bob, iris = server.person("bob"), server.irc("iris")
        bob.send(f"/join #tea {code}\n")
        bob.until("What you type goes to #tea now.")
        iris.send(f"JOIN #tea {code}\r\n")
        assert " MODE #tea +v iris" in iris.until("+v iris")
        anna.until("[#tea] iris joined\n")
        zoe = server.person("zoe")
        zoe.send(f"/join #tea {code}\n")
        zoe.until("You can't join #tea: the invitation code has let in as many people as it may.\n")
        assert code not in repr(server.call(lambda: server.server.hub.chat.state()))


def test_codes_and_whom_they_let_in_survive_a_restart(tmp_path):
    path = tmp_path / "chat.db"
    with serving(asyncio.run(SqliteLog.open(path))) as server:
        _, code = host(server)
        bob = server.person("bob")
        bob.send(f"/join #tea {code}\n")
        bob.until("What you type goes to #tea now.")
        server.stop()
    with serving(asyncio.run(SqliteLog.open(copied(path)))) as server:
        for name in ("bob", "carol"):
            guest = server.irc(name)
            guest.send(f"JOIN #tea {code}\r\n")
            guest.until(" JOIN #tea\r\n")
        zoe = server.irc("zoe")
        zoe.send(f"JOIN #tea {code}\r\n")
        zoe.until("473 zoe #tea :Cannot join channel: the invitation code has let in as many people")
        server.stop()


def test_a_guess_costs_as_much_as_a_wrong_password(monkeypatch):
    waited, sleep = [], asyncio.sleep

    async def wait(seconds):
        waited.append(seconds)
        await sleep(0.0 if seconds == 1.0 else seconds)  # others sleep too

    with serving() as server:
        host(server)
        monkeypatch.setattr(auth, "WRONG_SECONDS", 1.0)
        monkeypatch.setattr("asyncchat.server.auth.asyncio.sleep", wait)
        mallory = server.irc("mallory")
        mallory.send("JOIN #tea 2345-6789-ABCD\r\nJOIN #tea sesame\r\n")
        mallory.until("no such invitation code")
        mallory.until("473 mallory #tea :Cannot join channel (+i)")
    assert waited.count(1.0) == 1


def test_a_code_is_enough_where_the_server_has_a_password():
    with serving(password=PASSWORD) as server:
        anna = server.connect()
        anna.send(f"{PASSWORD}\nanna\n/join #tea\n/invitecode 1 2h\n")
        code = anna.until("Link: ").partition("for #tea: ")[2].partition("\n")[0]
        bob = server.connect()
        bob.send(f"{code}\nbob\nhi\n")
        bob.until("What you type goes to #tea.")
        anna.until("[#tea] bob: hi\n")
        zoe = server.connect()
        zoe.send(f"{code}\nzoe\n")
        zoe.until("The invitation code has let in as many people as it may. Enter another name: ")
        assert server.people() == ["anna", "bob"]


def test_the_link_has_the_public_name():
    with serving(origins=("https://chat.example.org",)) as server:
        anna = server.person("anna")
        anna.send("/join #tea\n/invitecode\n")
        anna.until("Link: https://chat.example.org/#tea?invite=")
