"""The stream when NATS is away, slow or loses an answer: nothing is lost, nothing is doubled."""

import asyncio
from contextlib import aclosing

import pytest

pytest.importorskip("nats", reason="needs nats-py: pip install asyncchat[cluster]")

from asyncchat.cluster.errors import StreamDown, StreamGone
from asyncchat.cluster.stream import Stream
from tests.cluster.nats import Proxy
from tests.cluster.streams import batches, fill, hasty, leader, opened, take
from tests.log.records import asynchronous
from tests.server.harness import PATIENCE


class Changes:
    """Waits for changes of a stream's connection."""

    def __init__(self, stream: Stream) -> None:
        self._queue: asyncio.Queue[bool] = asyncio.Queue()
        stream.on_change = self._queue.put_nowait

    async def next(self) -> bool:
        return await self._queue.get()


@asynchronous
async def test_nats_is_killed_and_comes_back(server, caplog):
    caplog.set_level("INFO", "asyncchat")
    async with opened(server.url) as stream, aclosing(stream.follow(0)) as messages:
        changes = Changes(stream)
        await fill(stream, 2)
        assert await take(messages, 2) == batches(1, 2)
        waiting = asyncio.ensure_future(anext(messages))
        server.kill()
        assert await changes.next() is False
        assert not stream.connected
        appending = asyncio.ensure_future(stream.append(2, b"batch 3", "1.3"))
        server.start()
        assert await changes.next() is True
        assert await appending == 3
        assert await waiting == batches(3, 3)[0]
        await fill(stream, 2)
        assert await take(messages, 2) == batches(4, 5)
    address = server.url.removeprefix("nats://")
    told = [text for text in caplog.messages if "connect" in text]
    assert told[0].startswith(f"The connection to NATS at {address} is lost (")
    assert told[1:] == [f"NATS is connected again, at {address}"]


@asynchronous
async def test_nats_comes_back_after_the_patience_ends(server):
    async with opened(server.url) as stream:
        changes = Changes(stream)
        await fill(stream, 1)
        server.kill()
        with hasty(stream):
            for call in (stream.append(1, b"batch 2", "1.2"), stream.at_end(), stream.cut(1)):
                with pytest.raises(StreamDown):
                    await call
        with pytest.raises(StreamDown):
            await stream.send("hub", b"news")
        server.start()
        while not await changes.next():
            pass
        assert await stream.append(1, b"batch 2", "1.2") == 2
        assert await stream.at_end() == batches(2, 2)[0]


@asynchronous
async def test_nats_starts_later_than_the_node(tmp_path, server):
    server.kill()
    opening = asyncio.ensure_future(Stream.open(server.url))
    server.start()
    stream = await opening
    assert stream.connected
    await stream.close()


@asynchronous
async def test_an_opening_waits_longer_and_says_so(server, monkeypatch, caplog):
    monkeypatch.setattr("asyncchat.cluster.connection._TOLD_SECONDS", 0.05)
    server.kill()
    told = asyncio.Event()
    monkeypatch.setattr("asyncchat.cluster.stream._LATE_SECONDS", 0.05)
    monkeypatch.setattr(caplog.handler, "emit", lambda _record: told.set())
    opening = asyncio.ensure_future(Stream.open(server.url, patience=0.1, opening=60))
    await told.wait()
    server.start()
    stream = await opening
    assert stream.connected
    assert stream.came_late
    await stream.close()


@asynchronous
async def test_nats_is_frozen_for_a_moment(server):
    async with opened(server.url) as stream, aclosing(stream.follow(0)) as messages:
        await fill(stream, 1)
        server.freeze()
        appending = asyncio.ensure_future(stream.append(1, b"batch 2", "1.2"))
        await asyncio.wait({appending}, timeout=1.5)  # longer than it waits for one answer
        assert not appending.done()
        server.thaw()
        assert await appending == 2
        await fill(stream, 1)
        assert await take(messages, 3) == batches(1, 3)


@asynchronous
async def test_a_frozen_nats_is_left(server, monkeypatch):
    monkeypatch.setattr("asyncchat.cluster.connection._PING_SECONDS", 0.1)
    async with opened(server.url) as stream:
        changes = Changes(stream)
        await fill(stream, 1)
        server.freeze()
        assert await changes.next() is False
        server.thaw()
        assert await changes.next() is True
        await fill(stream, 1)


@asynchronous
async def test_the_answer_of_an_append_is_lost(server):
    async with Proxy(server.url) as proxy, opened(proxy.url) as stream:
        await fill(stream, 1)
        proxy.lose_answers = True
        assert await stream.append(1, b"batch 2", "1.2") == 2
        assert not proxy.lose_answers
        assert await stream.append(2, b"batch 3", "1.3") == 3
        async with aclosing(stream.follow(0)) as messages:
            assert await take(messages, 3) == batches(1, 3)


@asynchronous
async def test_nats_is_frozen_for_longer_than_the_patience(server):
    async with opened(server.url) as stream:
        await fill(stream, 1)
        server.freeze()
        with hasty(stream), pytest.raises(StreamDown):
            await stream.append(1, b"batch 2", "1.2")  # it is in the socket, and done later
        server.thaw()
        assert await stream.append(1, b"batch 2", "1.2") == 2
        await fill(stream, 1)
        async with aclosing(stream.follow(0)) as messages:
            assert await take(messages, 3) == batches(1, 3)


@asynchronous
async def test_followers_go_on_while_nats_makes_no_consumer(server, monkeypatch):
    """As in the seconds in which its servers elect a leader."""
    async with opened(server.url) as stream, aclosing(stream.follow(0)) as messages:
        await fill(stream, 1)
        assert await take(messages, 1) == batches(1, 1)
        makes, api_of = asyncio.Event(), stream._connection.api

        async def without_leader(request, *args):
            if request.startswith(("CONSUMER.CREATE", "STREAM.INFO")):
                await makes.wait()
            return await api_of(request, *args)

        monkeypatch.setattr(stream._connection, "api", without_leader)
        for consumer in stream._consumers:
            consumer.interrupt()
        await fill(stream, 3)
        assert await take(messages, 3) == batches(2, 4)
        waiting = asyncio.ensure_future(anext(messages))
        await fill(stream, 1)
        makes.set()
        assert await waiting == batches(5, 5)[0]
        await fill(stream, 1)
        assert await take(messages, 1) == batches(6, 6)


@asynchronous
async def test_one_of_three_servers_is_killed_and_then_two(cluster):
    options = {"replicas": 3, "patience": PATIENCE}
    async with opened(cluster.url, **options) as stream, aclosing(stream.follow(0)) as messages:
        assert stream.replicas == 3
        await fill(stream, 5)
        assert await take(messages, 5) == batches(1, 5)
        leading = await leader(stream, stream.name)
        first, second, _ = sorted(cluster.servers, key=lambda server: server.name != leading)
        first.kill()
        await fill(stream, 5)
        assert await take(messages, 5) == batches(6, 10)
        second.kill()
        with hasty(stream, 0.5), pytest.raises(StreamDown):
            await stream.append(10, b"batch 11", "1.11")
        first.start()
        second.start()
        assert await stream.append(10, b"batch 11", "1.11") == 11
        assert await take(messages, 1) == batches(11, 11)


@asynchronous
async def test_an_end_that_is_lost_is_told(server, tmp_path):
    """A loss of power does this, where NATS does not sync."""
    async with opened(server.url) as stream:
        await fill(stream, 1)
        await copy_store(server, stream, tmp_path / "copy")
        await fill(stream, 2)
        await restore_store(server, stream, tmp_path / "copy")
        assert stream.last == 3
        with hasty(stream, 2.0):  # long enough for an answer of NATS at the end
            told = await asyncio.gather(
                stream.append(3, b"batch 4", "1.4"), anext(stream.follow(3)), return_exceptions=True
            )
        for one in told:
            assert isinstance(one, StreamGone)
            assert "ends with 1, and had 3: NATS lost what it acknowledged" in str(one)


@asynchronous
async def test_an_end_that_became_another_is_told(server, tmp_path):
    async with opened(server.url) as stream, aclosing(stream.follow(0)) as messages:
        await fill(stream, 1)
        await copy_store(server, stream, tmp_path / "copy")
        await fill(stream, 2)
        assert await take(messages, 3) == batches(1, 3)
        await restore_store(server, stream, tmp_path / "copy")
        async with opened(server.url) as other:
            for sequence in (1, 2, 3):
                await other.append(sequence, b"another", f"2.{sequence}")
        with pytest.raises(StreamGone, match="has another message 3 than before"):
            await anext(messages)


async def copy_store(server, stream, copy):
    changes = Changes(stream)
    server.kill()
    assert await changes.next() is False
    server.copy_store(copy)
    server.start()
    assert await changes.next() is True


async def restore_store(server, stream, copy):
    changes = Changes(stream)
    server.kill()
    assert await changes.next() is False
    server.restore(copy)
    server.start()
    assert await changes.next() is True
