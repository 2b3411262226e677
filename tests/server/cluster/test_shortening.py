"""A person who is forgotten is in no file of any node, nor in the stream."""

import asyncio
import tempfile
import threading
from contextlib import ExitStack

import pytest

from asyncchat.control import requests
from asyncchat.control.operations import carry_out
from asyncchat.control.wire import line_of
from asyncchat.log.sqlite import SqliteLog
from asyncchat.server.cluster import shortening
from tests.cluster.conftest import server  # noqa: F401  # a fixture
from tests.cluster.streams import api
from tests.server.cluster.conftest import Nodes
from tests.server.cluster.test_node import soon  # noqa: F401  # a fixture
from tests.server.harness import PATIENCE, logged
from tests.server.http.test_files import upload
from tests.server.test_uploads import said, someone, sweep

DONE = "nothing of who was forgotten"


@pytest.fixture
def nodes(server, name, tmp_path, monkeypatch):  # noqa: F811
    """Nodes with histories in files, and NATS with a folder of its own."""
    monkeypatch.setattr(shortening, "FORGET_AFTER", 0.1)
    monkeypatch.setattr(shortening, "SETTLED", 0.1)
    with ExitStack() as stack:
        yield Nodes(server.url, name, tmp_path, stack)


def add(nodes, tmp_path):
    number = len(nodes.all) + 1
    return nodes.add(asyncio.run(SqliteLog.open(tmp_path / f"n{number}.db")))


def files_with(folder, *words):
    """The files below a folder in which one of these words is."""
    found = []
    for file in folder.rglob("*"):
        content = file.read_bytes().lower() if file.is_file() else b""
        found += [str(file.relative_to(folder)) for word in words if word in content]
    return found


@pytest.mark.parametrize("on", [0, 1], ids=["on the hub", "on another node"])
def test_who_is_forgotten_is_in_no_file_of_any_node_and_not_in_nats(nodes, tmp_path, caplog, on):
    caplog.set_level("INFO", "asyncchat.cluster")
    one, two = running = [add(nodes, tmp_path) for _ in range(2)]
    anna, ben = someone(one, "annabel"), someone(two, "ben")
    status, _told = upload(two, b"geheim file", "a.txt", "/upload?name=annabel2", Authorization="")
    assert status == 201
    for number in range(3):
        said(anna, "#lobby", f"geheim {number}")
    said(anna, "ben", "geheim to ben")
    for client in (anna, ben):
        client.send("JOIN #tea\r\n")
        client.until(" 366 ")
    anna.send("TOPIC #tea :geheim topic\r\n")
    ben.until("geheim topic")
    for node in running:
        node.wait(node.server.log.run_maintenance())
    one.wait(one.server.node.shortening.shorten())  # NATS has a snapshot with it, too
    said(anna, "#lobby", "one more geheim")
    ben.until("one more geheim")
    words = b"geheim", b"annabel"
    assert {"n1.db", "n2.db"} <= {name.removesuffix("-wal") for name in files_with(tmp_path, *words)}
    with logged(DONE) as done:
        for name in ("annabel", "annabel2"):
            forget = line_of(requests.Forget(name))
            running[on].wait(carry_out(running[on].server.hub, forget))
        assert done.wait(PATIENCE)
    other = running[1 - on]
    other.wait(other.server.log.run_maintenance())  # which it does in a quiet moment
    sweep(other)  # which it does within a second
    one.wait(_is_in_nothing_that_nats_gives(one.server.node.stream, tmp_path, words))
    assert files_with(tmp_path, *words) == []


def test_the_copy_of_the_history_is_removed_in_a_thread(nodes, tmp_path, monkeypatch):
    node = add(nodes, tmp_path)
    cleanup, threads = tempfile.TemporaryDirectory.cleanup, []

    def noted(folder):
        threads.append(threading.get_ident())
        cleanup(folder)

    monkeypatch.setattr(tempfile.TemporaryDirectory, "cleanup", noted)
    before = set(tmp_path.iterdir())

    async def shorten():
        await node.server.node.shortening.shorten()
        return threading.get_ident()

    assert node.wait(shorten()) not in threads
    assert len(threads) == 1
    assert set(tmp_path.iterdir()) <= before


def test_the_next_hub_does_what_the_last_one_had_begun(nodes, tmp_path, caplog):
    caplog.set_level("INFO", "asyncchat.cluster")
    one, two = (add(nodes, tmp_path) for _ in range(2))
    anna, ben = someone(one, "annabel"), someone(two, "ben")
    said(anna, "#lobby", "geheim")
    ben.until("geheim")
    leader = one.server.node.leader
    pad, begun = leader.pad, threading.Event()

    async def begin(size):
        begun.set()
        return await pad(100 * size)

    leader.pad = begin
    two.wait(carry_out(two.server.hub, line_of(requests.Forget("annabel"))))
    assert begun.wait(PATIENCE)
    said(ben, "#lobby", "others go on meanwhile")
    with logged(DONE) as done:
        one.stop()
        said(ben, "#lobby", "and afterwards")
        assert done.wait(PATIENCE)
    two.wait(_is_in_nothing_that_nats_gives(two.server.node.stream, tmp_path, (b"geheim", b"annabel")))


async def _is_in_nothing_that_nats_gives(stream, folder, words):
    for sequence in range(stream.first, (await stream.at_end()).sequence + 1):
        batch = (await stream.get(sequence)).batch.lower()
        assert not any(word in batch for word in words)
    snapshot = folder / "snapshot"
    assert await stream.get_snapshot(snapshot) is not None
    content = snapshot.read_bytes().lower()
    assert b"ben" in content
    assert not any(word in content for word in words)
    info = await api(stream, f"STREAM.INFO.OBJ_{stream.name}-snapshot", {"subjects_filter": ">"})
    assert len(info["state"]["subjects"]) == 2  # the new one, and what says so
    async with asyncio.timeout(PATIENCE):
        while await stream.contents.names():  # noqa: ASYNC110  # nodes look once a second
            await asyncio.sleep(0.1)
