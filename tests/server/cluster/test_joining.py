"""A node that comes finds the hub, or sees soon that there is none."""

import asyncio

import pytest

from asyncchat.cluster.envelope import encode
from asyncchat.core.features import levels
from asyncchat.core.features.server import starting
from asyncchat.log.memory import MemoryLog
from asyncchat.server.cluster import joining, wire
from asyncchat.server.cluster.joining import STATE, Joining
from asyncchat.server.cluster.wire import Decided, Elected
from tests.cluster.streams import opened
from tests.log.records import asynchronous
from tests.server.cluster.test_node import with_ids

LONG = 3600.0


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """What is not seen at once takes too long for a test."""
    for name in ("STATE_SECONDS", "QUIET", "RETURN_SECONDS"):
        monkeypatch.setattr(joining, name, LONG)


def joins(stream, log=None, number=7):
    joined = Joining(stream, log or MemoryLog(), number, f"n{number}").join(
        lambda chat, now: starting(chat, "1", now, 0)
    )
    return asyncio.ensure_future(joined)


async def beat(stream, message, batch):
    """What a hub says."""
    end = (await stream.at_end()).sequence
    await stream.append(end, encode(wire.envelope(message, batch, 2, levels.LEVEL)), f"x.{batch}")


@asynchronous
async def test_the_first_node_ever_begins_at_once(nats_url, name):
    async with opened(nats_url, name) as stream:
        assert (await joins(stream)).hub == 7


def test_a_node_begins_at_once_after_all_have_stopped(nodes):
    log = MemoryLog()
    one = nodes.add(log)
    with_ids(one, "anna")  # it has begun
    one.stop()
    assert nodes.add(log).server.node.term == 2


@asynchronous
async def test_a_node_begins_when_the_killed_ones_are_silent_and_gone(nats_url, name, monkeypatch):
    async with opened(nats_url, name) as stream:
        log = MemoryLog()
        await joins(stream, log)
        await beat(stream, Decided(1), 1)
        monkeypatch.setattr(joining, "QUIET", 0.2)  # by NATS's clock
        assert (await joins(stream, log, 8)).term == 2


@asynchronous
async def test_a_node_does_not_begin_while_others_are_there_that_elect_a_hub(nats_url, name, monkeypatch):
    monkeypatch.setattr(joining, "QUIET", 0.0)
    monkeypatch.setattr(joining, "ANSWER_SECONDS", 0.01)
    monkeypatch.setattr(joining, "ASK_EVERY", 0.01)
    async with opened(nats_url, name) as stream:
        await joins(stream)
        asked: asyncio.Queue[bytes] = asyncio.Queue()
        other = await stream.subscribe(STATE, lambda data, _reply: asked.put_nowait(data))
        joining_now = joins(stream, number=8)
        for _ in range(3):
            await asked.get()
        await beat(stream, Elected(2, 9, "n9", 2), 0)
        for _ in range(5):
            await asked.get()
        assert not joining_now.done()
        await other.unsubscribe()
        assert (await joining_now).term == 3


@asynchronous
async def test_others_have_time_to_come_back_where_nats_was_away(nats_url, name, monkeypatch):
    monkeypatch.setattr(joining, "QUIET", 0.0)
    monkeypatch.setattr(joining, "ASK_EVERY", 0.01)
    async with opened(nats_url, name) as stream:
        await joins(stream)
        stream.came_late = True
        request, asked = stream.request, asyncio.Semaphore(0)

        async def counted(*args):
            asked.release()
            return await request(*args)

        monkeypatch.setattr(stream, "request", counted)
        joining_now = joins(stream, number=8)
        for _ in range(5):
            await asked.acquire()
        assert not joining_now.done()
        monkeypatch.setattr(joining, "RETURN_SECONDS", 0.0)
        assert (await joining_now).term == 2


def test_three_nodes_that_come_at_once_are_one_cluster(nodes):
    made = nodes.add_at_once(3)
    terms = {(node.server.node.term, node.server.node.hub) for node in made}
    assert len(terms) == 1
