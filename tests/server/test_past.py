"""What was said before, over sockets: who may read it, react to it, take it back."""

import asyncio

import pytest

from asyncchat.log.memory import MemoryLog
from asyncchat.log.sqlite import SqliteLog
from tests.server.harness import serving

CAPS = "message-tags server-time batch echo-message draft/chathistory"


@pytest.fixture(params=["memory", "sqlite"])
def server(request, tmp_path):
    if request.param == "memory":
        with serving(MemoryLog()) as running:
            yield running
    else:
        log = asyncio.run(opened(tmp_path / "chat.db"))
        with serving(log) as running:
            yield running
            running.stop()


async def opened(path):
    return await SqliteLog.open(path)


def irc(server, name, caps=CAPS, room="#lobby"):
    """Somebody with an IRC client that has these capabilities, in a room."""
    client = server.connect()
    client.send(f"CAP REQ :{caps}\r\nNICK {name}\r\nUSER {name} 0 * :{name}\r\nCAP END\r\nJOIN {room}\r\n")
    client.until(" 366 ")
    client.until("\n")
    return client


def said(client, text, to="#lobby"):
    """The id of something said now, by a client with echo-message."""
    client.send(f"PRIVMSG {to} :{text}\r\n")
    line = client.until(f" :{text}\r\n")
    return line.rpartition("msgid=")[2].split(" ")[0].split(";")[0]


def pong(client):
    """All that comes up to the answer to a PING."""
    client.send("PING here\r\n")
    return client.until(" :here\r\n")


def test_a_reaction_is_told_to_everyone_in_its_own_way(server):
    anna, bob = irc(server, "anna"), server.person("bob")
    id = said(anna, "hello there")
    bob.until("hello there\n")
    anna.send(f"@+reply={id};+draft/react=👍 TAGMSG #lobby\r\n")
    assert bob.line() == "anna reacted 👍 to “anna: hello there”"
    bob.send("/react 🎉\n")
    assert f";+reply={id};+draft/reply={id};" in anna.until("+draft/react=🎉 :bob!")
    bob.send("/unreact anna 🎉\n")
    anna.until("+draft/unreact=🎉")
    bob.send("/reply anna yes\n")
    assert f"+reply={id}" in anna.until(":anna: yes\r\n")


def test_an_answer_keeps_its_tag_in_the_history(server):
    anna = irc(server, "anna")
    id = said(anna, "hello")
    anna.send(f"@+reply={id};+typing=done PRIVMSG #lobby :yes\r\n")
    anna.until("yes\r\n")
    anna.send("CHATHISTORY LATEST #lobby * 1\r\n")
    page = anna.until("BATCH -")
    assert f";+reply={id} :anna!" in page


@pytest.mark.parametrize("word", ["/react 👍", "/react nobody 👍", "/reply nobody hi"])
def test_there_is_nothing_to_react_to(server, word):
    bob = server.person("bob")
    bob.send(f"{word}\n")
    assert bob.line() == "There is no such message in the lobby."
