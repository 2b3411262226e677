"""``asyncchat cluster``."""

import asyncio

from asyncchat.cli import cluster
from asyncchat.control.requests import ClusterStatus, NodeRow
from asyncchat.log.sqlite import SqliteLog
from tests.cli.calling import call


def test_status_lists_the_nodes_and_how_far_each_is(monkeypatch):
    rows = (
        NodeRow("one", hub=True, sessions=3, last=40, silent=0.5, version="0.1.0", equal=True),
        NodeRow("two", hub=False, sessions=2, last=38, silent=1.0, version="0.2.0"),
    )
    found = ClusterStatus("chat", 7, connected=False, nodes=rows, level=1)
    monkeypatch.setattr(cluster, "ask", lambda *_: found)
    assert call("cluster", "status").stdout.splitlines() == [
        "stream chat, term 7, level 1, NATS is not reached",
        "one (hub): 3 clients, 0 behind, heard 0.5 s ago, version 0.1.0, state equal",
        "two: 2 clients, 2 behind, heard 1 s ago, version 0.2.0, state not compared",
    ]


def test_a_history_without_a_server_is_no_node(tmp_path):
    async def make() -> None:
        await (await SqliteLog.open(tmp_path / "chat.db")).close()

    asyncio.run(make())
    done = call("cluster", "status", "--db", str(tmp_path / "chat.db"))
    assert done.returncode == 1
    assert "No server is running with this history" in done.stderr
