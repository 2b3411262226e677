"""Edits over sockets: at a terminal, in IRC, in the history, over HTTP and over a restart."""

import asyncio
import json
from contextlib import contextmanager
from urllib.request import urlopen

import pytest

from asyncchat.log.sqlite import SqliteLog
from tests.server.harness import serving
from tests.server.test_pins import copied

CAPS = "message-tags echo-message batch draft/message-edit draft/chathistory draft/event-playback"


@contextmanager
def kept(path):
    with serving(asyncio.run(SqliteLog.open(path))) as running:
        yield running
        running.stop()


@pytest.fixture(params=["memory", "sqlite"])
def server(request, tmp_path):
    with serving() if request.param == "memory" else kept(tmp_path / "chat.db") as running:
        yield running


def editor(server, name):
    client = server.connect()
    client.send(
        f"CAP REQ :{CAPS}\r\nNICK {name}\r\nUSER {name} 0 * :{name}\r\nCAP END\r\nJOIN #lobby\r\nPING a\r\n"
    )
    client.until(" PONG ")
    client.until("\n")
    return client


def test_at_a_terminal_and_everywhere_the_new_text(server):
    anna, bob, iris = server.person("anna"), server.person("bob"), editor(server, "iris")
    anna.send("tee is at four\n")
    bob.until("anna: tee is at four\n")
    iris.until(":tee is at four\r\n")
    anna.send("/edit tea is at four\n")
    anna.until("Your message is edited.\n")
    bob.until("anna corrected: tea is at four\n")
    told = iris.until("PRIVMSG #lobby :tea is at four\r\n")
    id = told.partition("asyncchat/edit=")[2].partition(" ")[0]
    bob.send("/history 5\n")
    assert "tee" not in bob.until("anna: tea is at four\n")
    bob.send("/edits\n")
    shown = bob.until("anna: tea is at four\n")
    assert "anna: tee is at four\n" in shown
    bob.send("/search tea\n")
    bob.until("anna: tea is at four\n")
    with urlopen(f"http://127.0.0.1:{server.port}/api/v1/rooms/lobby/messages") as answer:
        (message,) = [one for one in json.load(answer)["messages"] if one["id"] == id]
    assert (message["text"], message["edited"]) == ("tea is at four", True)
    iris.send("CHATHISTORY LATEST #lobby * 10\r\n")
    page = iris.until("BATCH -")
    assert "asyncchat/edits=" in page.partition(" PRIVMSG #lobby :tea is at four")[0]
    anna.send("/unsay\n")
    bob.until("erased 1 message")
    bob.send("/edits anna\n")
    bob.until("Not edited: there is no such message.\n")


def test_a_private_message(server):
    anna, bob = editor(server, "anna"), editor(server, "bob")
    anna.send("PRIVMSG bob :helo\r\n")
    told = bob.until("PRIVMSG bob :helo\r\n")
    id = told.rpartition("msgid=")[2].partition(" ")[0].partition(";")[0]
    anna.send(f"@+draft/edit={id} PRIVMSG bob :hello\r\n")
    assert f"asyncchat/edit={id} " in bob.until("PRIVMSG bob :hello\r\n")
    anna.send(f"EDITS bob {id}\r\n")
    shown = anna.until("BATCH -")
    assert shown.index(":helo\r\n") < shown.index(":hello\r\n")


def test_over_a_restart(tmp_path):
    path = tmp_path / "chat.db"
    with kept(path) as server:
        anna = server.person("anna")
        anna.send("tee\n/edit tea\n")
        anna.until("Your message is edited.\n")
    with kept(copied(path)) as server:
        bob = server.person("bob")
        bob.send("/edits\n")
        shown = bob.until("anna: tea\n")
        assert "anna: tee\n" in shown
