"""Which files stay: those that a text links to, and for an hour those that nobody has linked yet."""

import os
from urllib.parse import urlsplit

import pytest

from asyncchat.core.features.files import Files
from asyncchat.server import uploads
from tests.server.harness import serving
from tests.server.http.api.client import give_token
from tests.server.http.test_files import ask, stored, upload


@pytest.fixture
def server(tmp_path):
    with serving(database=tmp_path / "chat.db") as running:
        give_token(running, "bot", "post")
        yield running


def shared(server, content, name="a.txt"):
    status, told = upload(server, content, name)
    assert status == 201
    return told["url"]


def kept(server, url):
    return ask(server, "GET", urlsplit(url).path)[0].status == 200


def sweep(server):
    server.wait(server.server.uploads.sweep())


def said(client, room, text):
    """Says something; gives its id."""
    client.send(f"@label=x PRIVMSG {room} :{text}\r\n")
    line = client.until(text)
    client.until("\n")
    return line.rpartition("msgid=")[2].split(";")[0].split(" ")[0]


def someone(server, name):
    client = server.connect()
    client.send("CAP REQ :message-tags echo-message labeled-response batch draft/message-redaction\r\n")
    client.send(f"NICK {name}\r\nUSER {name} 0 * :{name}\r\nCAP END\r\nJOIN #lobby\r\nPING settled\r\n")
    client.until(" PONG ")
    client.until("\n")
    return client


def test_what_a_message_links_stays_until_it_is_erased(server, monkeypatch):
    anna = someone(server, "anna")
    first, second = shared(server, b"first"), shared(server, b"second")
    same = shared(server, b"first")
    monkeypatch.setattr(uploads, "UNSAID_SECONDS", 0)
    one, again = said(anna, "#lobby", f"see {first}"), said(anna, "#lobby", f"again {first}")
    said(anna, "#lobby", second)
    sweep(server)
    assert [kept(server, url) for url in (first, second, same)] == [True, True, False]
    assert len(stored(server)) == 2  # another file still has the content of the third
    monkeypatch.undo()
    for id in (one, again):
        assert kept(server, first)
        anna.send(f"REDACT #lobby {id}\r\n")
        anna.until(" REDACT ")
        anna.until("\n")
        sweep(server)
    assert [kept(server, url) for url in (first, second)] == [False, True]  # at once, though it is new
    assert len(stored(server)) == 1


def test_what_nobody_said_stays_for_an_hour(server, monkeypatch):
    url = shared(server, b"x")
    sweep(server)
    assert kept(server, url)
    monkeypatch.setattr(uploads, "UNSAID_SECONDS", 0)
    sweep(server)
    assert not kept(server, url)
    assert stored(server) == []


def test_a_private_message_and_a_topic_link_too(server, monkeypatch):
    anna, _ben = someone(server, "anna"), someone(server, "ben")
    private, topic, lost = (shared(server, content) for content in (b"private", b"topic", b"lost"))
    id = said(anna, "ben", private)
    anna.send(f"JOIN #plan\r\nTOPIC #plan :{topic}\r\n")
    anna.until(topic)
    monkeypatch.setattr(uploads, "UNSAID_SECONDS", 0)
    sweep(server)
    assert [kept(server, url) for url in (private, topic, lost)] == [True, True, False]
    anna.send(f"REDACT ben {id}\r\nPING done\r\n")
    anna.until(" PONG ")
    sweep(server)
    assert [kept(server, url) for url in (private, topic)] == [False, True]


def test_the_server_looks_by_itself_after_an_erasure(server):
    anna = someone(server, "anna")
    url = shared(server, b"x")
    id = said(anna, "#lobby", url)
    removed = server.call(lambda: server.loop.create_future())
    drop = server.server.uploads._drop_contents

    async def noted(hashes):
        await drop(hashes)
        removed.set_result(hashes)

    server.server.uploads._drop_contents = noted
    anna.send(f"REDACT #lobby {id}\r\n")

    async def wait():
        return await removed

    assert server.wait(wait())
    assert not kept(server, url)


def test_what_is_said_while_a_file_is_removed_keeps_it(server, monkeypatch):
    """Between the look and the removal: the message was first, so it has its file."""
    anna = someone(server, "anna")
    url = shared(server, b"x")
    monkeypatch.setattr(uploads, "UNSAID_SECONDS", 0)
    service = server.server.uploads
    look = service._unlinked

    async def looked(ids):
        found = await look(ids)
        await server.loop.run_in_executor(None, said, anna, "#lobby", url)
        return found

    monkeypatch.setattr(service, "_unlinked", looked)
    sweep(server)
    assert kept(server, url)


def test_contents_that_the_history_does_not_know_are_removed(tmp_path):
    database = tmp_path / "chat.db"

    with serving(database=database) as first:
        give_token(first, "bot", "post")
        url = shared(first, b"x")
        (name,) = stored(first)
    with serving(database=database) as second:  # its history is in memory, so it knows none
        assert os.listdir(f"{database}-files") == [name]
        assert not kept(second, url)
        os.utime(second.server.uploads.store.folder / name, (0, 0))
        sweep(second)
        assert stored(second) == []
        assert Files.of(second.server.hub.chat).bytes == 0
