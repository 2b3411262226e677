"""Forgetting a person beside a running server: who is told what, over sockets."""

import asyncio
from urllib.parse import urlsplit

import pytest

from asyncchat.control import requests
from asyncchat.control.operations import carry_out
from asyncchat.control.wire import line_of
from asyncchat.core.features.accounts import RegisterAccountVerified
from asyncchat.log.memory import MemoryLog
from asyncchat.log.sqlite import SqliteLog
from tests.server.harness import serving
from tests.server.http.api import client as api
from tests.server.http.api.client import give_token
from tests.server.http.test_files import PASSWORD, ask, basic, link_of, stored, upload
from tests.server.test_uploads import said, someone


@pytest.fixture(params=["memory", "sqlite"])
def server(request, tmp_path):
    path = tmp_path / "chat.db"
    log = MemoryLog() if request.param == "memory" else asyncio.run(SqliteLog.open(path))
    with serving(log, database=path) as running:
        give_token(running, "reader", "read")
        yield running
        for file in tmp_path.glob("chat.db*"):
            content = file.read_bytes().lower() if file.is_file() else b""
            assert b"secret" not in content, file.name
            assert b"annabel" not in content, file.name


def forget(server, name="annabel"):
    return server.wait(carry_out(server.server.hub, line_of(requests.Forget(name))))


def test_everybody_is_told_and_nobody_finds_anything(server):
    bob, anna = someone(server, "bob"), someone(server, "Annabel")
    plain = server.person("carla")
    for client in (anna, bob):
        client.send("JOIN #tea\r\n")
        client.until(" 366 ")
    messages = [said(anna, "#lobby", f"secret {number}") for number in range(3)]
    messages.append(said(anna, "bob", "secret to bob"))
    anna.send("TOPIC #tea :secret topic\r\nPRIVMSG #lobby :\x01ACTION shares a secret\x01\r\n")
    bob.until("shares a secret")
    bob.send("PRIVMSG Annabel :an answer\r\n")
    anna.until("an answer")
    found = forget(server)
    assert found == requests.TracesFound(5, 0, 0, account=False)
    assert "Killed (console (all that you left here is erased))" in anna.rest().decode()
    told = bob.until(f"REDACT bob {messages[-1]}")
    assert " QUIT " in told
    assert ":console TOPIC #tea :" in told
    assert all(f":console REDACT #lobby {id}" in told for id in messages[:-1])
    assert told.endswith(f":Annabel!Annabel@localhost REDACT bob {messages[-1]}")
    assert "console erased 4 messages from the history" in plain.until("from the history")
    bob.send("WHOWAS annabel\r\nWHOIS annabel\r\nTOPIC #tea\r\nPING done\r\n")
    answers = bob.until(" PONG ")
    assert "There was no such nickname" in answers
    assert "secret" not in answers
    page = api.ask(server, "GET", "/rooms/lobby/messages", bearer="reader")
    assert (page.status, page.json["messages"]) == (200, [])


def test_a_person_who_is_not_there_is_forgotten_too_and_the_name_is_free(server):
    anna = server.irc("annabel")
    anna.send("PRIVMSG #lobby :secret\r\nQUIT :secret\r\n")
    anna.rest()
    assert forget(server, "ANNABEL").messages == 1
    again = server.irc("annabel")
    again.send("PRIVMSG #lobby :hello\r\nPING done\r\n")
    again.until(" PONG ")
    page = api.ask(server, "GET", "/rooms/lobby/messages", bearer="reader")
    assert [message["text"] for message in page.json["messages"]] == ["hello"]
    forget(server)


def test_files_are_removed_at_once(server):
    anna, bob = someone(server, "annabel"), someone(server, "bob")
    status, told = upload(server, b"secret", "a.txt", urlsplit(link_of(anna)).path, Authorization="")
    assert status == 201
    said(bob, "#lobby", told["url"])  # what others say of it does not keep it
    assert forget(server).files == 1
    assert stored(server) == []
    assert ask(server, "GET", urlsplit(told["url"]).path)[0].status == 404


def test_many_messages_are_erased_in_parts(server, monkeypatch):
    monkeypatch.setattr("asyncchat.control.forget.ERASED_AT_ONCE", 2)
    monkeypatch.setattr("asyncchat.control.forget.REDACTED_AT_ONCE", 2)
    anna, bob, plain = someone(server, "annabel"), someone(server, "bob"), server.person("carla")
    ids = [said(anna, "#lobby", f"secret {number}") for number in range(5)]
    private = [said(anna, "bob", f"secret {number}") for number in range(3)]
    assert forget(server).messages == 8
    told = bob.until(f"REDACT bob {private[-1]}")
    assert all(f"REDACT #lobby {id}" in told for id in ids)
    assert all(f"REDACT bob {id}" in told for id in private)
    assert "console erased 5 messages from the history" in plain.until("from the history")


def test_an_account_goes_with_all_its_sessions(server):
    server.wait(server.server.hub.request(RegisterAccountVerified("annabel", "verifier")))
    anna = server.irc("eve")
    forget(server)
    assert server.people() == ["eve"]
    assert "annabel" not in server.server.hub.chat.accounts
    assert anna


def test_what_is_still_being_sent_is_not_kept(server, monkeypatch):
    dora = server.irc("annabel")
    dora.send(f"REGISTER * * :{PASSWORD}\r\n")
    dora.until("REGISTER SUCCESS")
    begun = server.call(lambda: server.loop.create_future())
    receive = server.server.uploads._receive

    async def noted(*args):
        begun.set_result(None)
        return await receive(*args)

    async def wait():
        await begun

    monkeypatch.setattr(server.server.uploads, "_receive", noted)
    sender = server.connect()
    sender.send(
        f"POST /upload HTTP/1.1\r\nHost: localhost\r\nAuthorization: {basic('annabel', PASSWORD)}\r\n"
    )
    sender.send("Content-Length: 6\r\n\r\nsec")
    server.wait(wait())
    forget(server)
    sender.send("ret")
    assert sender.until("meanwhile.").startswith("HTTP/1.1 403 ")
    assert stored(server) == []
