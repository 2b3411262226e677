"""Uploaded files on several nodes: each gives what was sent to another."""

import itertools
import json
import os
import pickle
import threading
import zlib
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest

from asyncchat.log.memory import MemoryLog
from asyncchat.server import uploads
from asyncchat.server.uploads import SMALL_IMAGE
from tests.client_programs import waits_for
from tests.cluster.conftest import server  # noqa: F401  # a fixture
from tests.server.cluster.conftest import Nodes
from tests.server.harness import PATIENCE, serving
from tests.server.http.api.client import give_token
from tests.server.http.test_files import ask, stored, upload
from tests.server.test_file_types import png
from tests.server.test_uploads import said, someone, sweep

_numbers = itertools.count(100)


def shared(node, content, name="a.txt"):
    """The path of a file that a guest has sent to a node."""
    status, told = upload(node, content, name, "/upload?name=guest", Authorization="")
    assert status == 201, told
    return urlsplit(told["url"]).path


def given(node, path, **headers):
    response, body = ask(node, "GET", path, **headers)
    return response.status, body


def in_nats(node):
    return node.wait(node.server.node.stream.contents.names())


def folded(*running):
    """Waits until all nodes have folded what happened so far: all are told something that is said now."""
    speaker, *readers = [node.irc(f"eye{next(_numbers)}") for node in running]
    text = f"now {next(_numbers)}"
    speaker.send(f"PRIVMSG #lobby :{text}\r\nPING said\r\n")
    speaker.until(" PONG ")
    for reader in readers:
        reader.until(f"PRIVMSG #lobby :{text}\r\n")
    for client in (speaker, *readers):
        client.close()


def test_a_file_is_given_by_each_node_also_when_the_one_that_took_it_is_gone(nodes):
    one, two = nodes.add(), nodes.add()
    content = os.urandom(400_000)
    path = shared(one, content)
    folded(one, two)
    assert stored(two) == []
    assert given(two, path, Range="bytes=5-9") == (206, content[5:10])
    assert given(two, path) == (200, content)
    assert stored(two) == stored(one)
    one.stop()
    three = nodes.add()
    assert ask(three, "HEAD", path)[0].status == 200
    assert given(three, path) == (200, content)


def test_a_small_picture_is_given_by_each_node(nodes):
    pytest.importorskip("PIL")
    one, two = nodes.add(), nodes.add()
    rows = b"".join(b"\0" + os.urandom(188) for _ in range(1500))
    image = png(1500, 1500, zlib.compress(rows, 0))
    assert len(image) > SMALL_IMAGE
    id = shared(one, image, "a.png").split("/")[2].split("-")[0]
    folded(one, two)
    response, small = ask(two, "GET", f"/thumbs/{id}")
    assert (response.status, response.headers["Content-Type"]) == (200, "image/webp")
    assert small == ask(one, "GET", f"/thumbs/{id}")[1]
    assert [name.partition(".")[2] for name in stored(two)] == ["thumb"]


def test_a_file_comes_once_for_all_who_ask(nodes):
    one, two = nodes.add(), nodes.add()
    path = shared(one, b"some text")
    folded(one, two)
    service = two.server.uploads
    contents = service._shared._contents
    fetch, get = service.fetch, contents.get
    waiting, asked = [], []
    all_wait = threading.Event()

    async def counted(name):
        waiting.append(name)
        if len(waiting) == 5:
            all_wait.set()
        return await fetch(name)

    async def slow(name, file):
        asked.append(name)
        await two.loop.run_in_executor(None, all_wait.wait)
        return await get(name, file)

    service.fetch, contents.get = counted, slow
    answers = []
    clients = [threading.Thread(target=lambda: answers.append(given(two, path))) for _ in range(5)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    assert answers == [(200, b"some text")] * 5
    assert len(asked) == 1


def test_a_file_goes_everywhere_when_its_message_is_erased(nodes):
    running = [nodes.add() for _ in range(3)]
    one, two, three = running
    path = shared(two, b"erased")
    stays = shared(two, b"stays")
    ben = someone(two, "ben")
    id = said(ben, "#lobby", f"see {path}")
    said(ben, "#lobby", f"see {stays}")
    folded(*running)
    for node in running:
        sweep(node)
        assert given(node, path)[0] == given(node, stays)[0] == 200
        assert len(stored(node)) == 2
    ben.send(f"REDACT #lobby {id}\r\n")
    ben.until(" REDACT ")
    folded(*running)
    sweep(one)  # the hub
    folded(*running)
    for node in (two, three):
        sweep(node)
    for node in running:
        assert given(node, path)[0] == 404
        assert given(node, stays) == (200, b"stays")
        assert len(stored(node)) == 1
    assert waits_for(lambda: len(in_nats(one)) == 1, PATIENCE)  # one may have given it back, and looks again


def test_what_a_node_gives_nats_that_does_not_know_yet_of_a_removal_goes_again(nodes):
    one, two = nodes.add(), nodes.add()
    id = shared(two, b"removed").split("/")[2].split("-")[0]
    folded(one, two)
    two.wait(two.server.node._standing.acquire())  # it reads nothing more
    one.wait(one.server.uploads.remove([id]))
    sweep(two)
    assert len(in_nats(one)) == 1
    two.call(two.server.node._standing.release)
    folded(one, two)
    assert waits_for(lambda: in_nats(one) == set(), PATIENCE)  # it looks once a second


def test_only_the_hub_looks_for_files_that_nothing_refers_to(nodes, monkeypatch):
    one, two = nodes.add(), nodes.add()
    path = shared(two, b"nobody says so")
    folded(one, two)
    monkeypatch.setattr(uploads, "UNSAID_SECONDS", -10)
    sweep(two)
    assert given(two, path)[0] == 200
    sweep(one)
    assert given(one, path)[0] == 404
    assert in_nats(one) == set()


def test_a_single_servers_files_are_the_clusters(nodes, tmp_path):
    log = MemoryLog()
    with serving(log, database=tmp_path / "n1.db") as single:
        give_token(single, "bot", "post")
        status, told = upload(single, b"early", "a.txt")
        assert status == 201
        path = urlsplit(told["url"]).path
        said(someone(single, "anna"), "#lobby", path)
    copies = [pickle.loads(pickle.dumps(log)) for _ in range(2)]  # noqa: S301  # our own
    one = nodes.add(log)
    sweep(one)
    assert given(nodes.add(copies[0]), path) == (200, b"early")
    one.wait(
        one.server.node.stream._connection.api(f"STREAM.DELETE.OBJ_{one.server.node.stream.name}-files", {})
    )
    sweep(one)
    assert given(nodes.add(copies[1]), path) == (200, b"early")


def test_a_node_that_is_to_have_all_files_gets_them(nodes):
    two = nodes.add()
    path = shared(two, b"early")
    one = nodes.add()
    one.call(lambda: setattr(one.server.uploads._shared, "is_complete", True))
    sweep(one)
    assert stored(one) == stored(two)
    later = shared(two, b"later")
    folded(two, one)
    sweep(one)
    assert stored(one) == stored(two)
    two.stop()
    assert [given(one, each) for each in (path, later)] == [(200, b"early"), (200, b"later")]


def test_without_nats_a_file_is_not_taken_and_those_that_are_here_are_given(
    server,  # noqa: F811
    name,
    tmp_path,
):
    with ExitStack() as stack:
        nodes = Nodes(server.url, name, tmp_path, stack)
        one, two = nodes.add(), nodes.add()
        path = shared(one, b"here")
        folded(one, two)
        server.kill()
        assert given(one, path) == (200, b"here")
        response, body = ask(two, "GET", path)
        assert (response.status, response.headers["Retry-After"]) == (503, "5")
        assert "another node" in json.loads(body)["detail"]
        status, told = upload(two, b"new", "a.txt", "/upload?name=guest", Authorization="")
        assert (status, told["detail"]) == (
            503,
            "The file can't be kept for all nodes of this chat now. Try again later.",
        )
        assert stored(two) == []
        server.start()
        folded(one, two)
        assert given(two, path) == (200, b"here")
