"""``asyncchat cluster``."""

import asyncio

import pytest

from asyncchat.cli import cluster
from asyncchat.control.requests import ClusterStatus, Drain, Drained, NodeRow
from asyncchat.control.wire import Refused
from asyncchat.errors import Misuse
from asyncchat.log.sqlite import SqliteLog
from tests.cli.calling import call
from tests.server.harness import serving


def test_status_lists_the_nodes_and_how_far_each_is(monkeypatch):
    rows = (
        NodeRow("one", hub=True, sessions=3, last=40, silent=0.5, version="0.1.0", equal=True),
        NodeRow("two", hub=False, sessions=1, last=38, silent=1.0, version="0.2.0"),
    )
    found = ClusterStatus("chat", 7, connected=False, nodes=rows, level=1, read_only=True)
    monkeypatch.setattr(cluster, "ask", lambda *_: found)
    assert call("cluster", "status").stdout.splitlines() == [
        "stream chat, term 7, level 1, NATS is not reached, people can only read",
        "one (hub): 3 clients, 0 behind, heard 0.5 s ago, version 0.1.0, state equal",
        "two: 1 client, 2 behind, heard 1 s ago, version 0.2.0, state not compared",
    ]


async def make(folder) -> None:
    await (await SqliteLog.open(folder / "chat.db")).close()


def test_a_history_without_a_server_is_no_node(tmp_path):
    asyncio.run(make(tmp_path))
    done = call("cluster", "status", "--db", str(tmp_path / "chat.db"))
    assert done.returncode == 1
    assert "No server is running with this history" in done.stderr


def test_drain_tells_how_far_it_is_until_the_server_has_ended(monkeypatch):
    looks = [
        Drained(2, running=True),
        Drained(1, running=True),
        Refused("it ends"),
        Drained(0, running=False),
    ]

    def ask(_database, request, _kind):
        assert request == Drain(5)
        found = looks.pop(0)
        if isinstance(found, Refused):
            raise found
        return found

    monkeypatch.setattr(cluster, "ask", ask)
    monkeypatch.setattr(cluster, "_LOOK_SECONDS", 0)
    assert call("cluster", "drain", "--seconds", "5").stdout.splitlines() == [
        "2 clients are asked to go within 5 s.",
        "1 left.",
        "The node has left the cluster, and its server has ended.",
    ]


def test_drain_needs_a_node_that_runs(tmp_path):
    with serving() as server, pytest.raises(Misuse, match="is no node of a cluster"):
        server.call(server.server.hub.drain, 1.0)
    asyncio.run(make(tmp_path))
    done = call("cluster", "drain", "--db", str(tmp_path / "chat.db"))
    assert (done.returncode, done.stdout) == (1, "")
    assert "No server is running with this history" in done.stderr
