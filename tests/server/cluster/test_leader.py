"""The hub decides what all ask, and is killed while people talk."""

import asyncio
from itertools import count, pairwise
from typing import Any

import pytest

from asyncchat.config.sources import Sources
from asyncchat.core.chat import Chat
from asyncchat.core.features.room_defaults import RoomDefaults
from asyncchat.log.memory import MemoryLog
from asyncchat.server.cluster import leader as leader_module
from asyncchat.server.cluster.leader import Leader, Position
from asyncchat.server.cluster.wire import Asked
from asyncchat.server.reload import SIGNAL
from asyncchat.server.slices import SLICE_SECONDS
from tests.server.cluster.faults import Exam


def test_much_that_is_asked_at_once_is_decided_in_order_a_little_in_each_pass(monkeypatch):
    clock = count(0, SLICE_SECONDS / 4)
    monkeypatch.setattr(leader_module, "perf_counter", lambda: next(clock))
    nothing: Any = None

    async def run():
        leader = Leader(MemoryLog(), nothing, 0, 1, Chat(), Position(0, 0), {}, {})
        told: list[Any] = leader._gathered.waiting
        passes = [0]
        for queue in (1, 2):  # as of two nodes that were waiting for a hub
            leader.take(Asked(queue, counter, 0, 0, ()) for counter in range(1, 51))
        while passes[-1] < 100:
            passes.append(len(told))
            await asyncio.sleep(0)
        assert [(one.queue, one.counter) for one in told] == [(q, n) for q in (1, 2) for n in range(1, 51)]
        assert all(now - before <= 4 for before, now in pairwise(passes))
        await asyncio.sleep(0)
        leader.take([Asked(1, 51, 0, 0, ())])
        assert len(told) == 101  # one alone does not wait

    asyncio.run(run())


def test_nothing_that_was_seen_is_lost_or_doubled_when_the_hub_is_killed(tmp_path):
    async def run():
        exam = Exam(tmp_path, writers=1, kinds=("hub",))
        try:
            return await exam.run(faults=1, seconds=1)
        finally:
            await exam.close()

    assert asyncio.run(run())


@pytest.fixture
def sources(tmp_path):
    """Those of an empty file, which is also given."""
    file = tmp_path / "chat.toml"
    file.write_text("")
    return Sources(str(file), {}, {"port": 0, "db": ":memory:"}), file


def asked(client, line):
    """The answer to a line, and to a PING after it."""
    client.send(f"{line}\r\nPING answered\r\n")
    return client.until(" PONG ") + client.until("\n")


def test_what_the_hub_s_node_reads_again_holds_at_once(nodes, sources):
    both, file = sources
    one = nodes.add(sources=both)
    two = nodes.add()
    ben = two.irc("ben")
    assert " NICK Ваня" in asked(ben, "NICK Ваня")
    file.write_text("ascii_names = true\n")
    one.wait(one.server.reloader.reload(SIGNAL))
    assert "NICK Петя" not in asked(ben, "NICK Петя")


def test_a_node_that_starts_gives_rooms_their_defaults(nodes):
    nodes.add()
    two = nodes.add(rooms={"#tea": RoomDefaults("black")})
    ben = two.irc("ben")
    ben.send("JOIN #tea\r\n")
    assert " 332 ben #tea :black" in ben.until(" 366 ")


def test_a_room_that_somebody_has_opened_meanwhile_stays_as_it_is(nodes, sources, behind):
    both, file = sources
    one, two = nodes.add(), nodes.add(sources=both)
    anna, ben = one.irc("anna"), two.irc("ben")
    file.write_text('[rooms."#tea"]\ntopic = "black"\n')
    with behind(two):
        asked(anna, "JOIN #tea\r\nTOPIC #tea :green")
        two.wait(two.server.reloader.reload(SIGNAL))
    ben.send("JOIN #tea\r\n")
    told = ben.until(" 366 ")
    assert " 332 ben #tea :green" in told
    assert ":@anna ben" in told
