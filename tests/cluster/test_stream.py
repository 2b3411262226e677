"""The stream over real servers of NATS: what it promises, also on bad days."""

import asyncio
from contextlib import aclosing
from datetime import datetime, timedelta

import pytest

pytest.importorskip("nats", reason="needs nats-py: pip install asyncchat[cluster]")

from asyncchat.cluster.connection import ApiError, Connection
from asyncchat.cluster.consumer import Message
from asyncchat.cluster.errors import Deposed, NoAnswer, StreamDown, StreamGone
from asyncchat.cluster.stream import MAX_BATCH, Stream
from asyncchat.errors import Misuse
from asyncchat.log.base import LogError
from tests.cluster.streams import api, batches, fill, opened, take
from tests.log.records import asynchronous
from tests.server.harness import PATIENCE


@asynchronous
async def test_a_new_stream_is_empty(nats_url, name):
    async with opened(nats_url, name) as stream:
        assert (stream.name, stream.first, stream.last, stream.connected) == (name, 1, 0, True)
        assert await stream.at_end() == Message(0, b"", "")
        assert len(stream.epoch) == 7


@asynchronous
async def test_what_is_appended_is_followed(nats_url, name):
    async with opened(nats_url, name) as stream, aclosing(stream.follow(0)) as messages:
        await fill(stream, 3)
        assert await take(messages, 3) == batches(1, 3)
        assert await stream.at_end() == batches(3, 3)[0]
        live = asyncio.ensure_future(anext(messages))
        await fill(stream, 1)
        assert await live == batches(4, 4)[0]


@asynchronous
async def test_one_message_is_read(nats_url, name):
    async with opened(nats_url, name) as stream:
        await fill(stream, 3)
        assert await stream.get(2) == batches(2, 2)[0]
        with pytest.raises(StreamGone, match="has no message 4"):
            await stream.get(4)


@asynchronous
async def test_a_stream_is_found_again(nats_url, name):
    async with opened(nats_url, name) as first, opened(nats_url, name) as second:
        await fill(first, 2)
        async with opened(nats_url, name) as third:
            assert (third.first, third.last, third.epoch) == (1, 2, first.epoch)
        assert second.epoch == first.epoch


@asynchronous
async def test_nodes_that_start_together_make_one_stream(nats_url, name):
    streams = await asyncio.gather(*(Stream.open(nats_url, name) for _ in range(8)))
    assert len({stream.epoch for stream in streams}) == 1
    for stream in streams:
        await stream.close()


@asynchronous
async def test_a_stream_that_another_node_is_making_is_waited_for(nats_url, name, monkeypatch):
    """Of several servers, one says that the name is in use, and another that there is no such stream."""
    ask = Connection.api
    said: list[str] = []

    async def api(self, request, *more):
        if request.startswith("STREAM.CREATE") and not said:
            await ask(self, request, *more)  # by another node
            said.append("in use")
            raise ApiError(10058, "stream name already in use")
        if said == ["in use"]:
            said.append("not found")
            raise ApiError(10059, "stream not found")
        return await ask(self, request, *more)

    monkeypatch.setattr(Connection, "api", api)
    async with opened(nats_url, name) as stream:
        assert stream.last == 0
    assert said == ["in use", "not found"]


@asynchronous
async def test_one_of_two_appenders_wins(nats_url, name):
    async with opened(nats_url, name) as one, opened(nats_url, name) as other:
        results = await asyncio.gather(
            one.append(0, b"one", "5.0"), other.append(0, b"other", "5.0"), return_exceptions=True
        )
        assert {type(result) for result in results} == {int, Deposed}
        winner = (b"one", b"other")[[type(result) for result in results].index(int)]
        assert await one.at_end() == await other.at_end() == Message(1, winner, "5.0")


@asynchronous
async def test_an_append_that_is_repeated_is_kept_once(nats_url, name):
    async with opened(nats_url, name) as stream:
        assert await stream.append(0, b"once", "1.1") == 1
        assert await stream.append(0, b"once", "1.1") == 1
        assert (await stream.at_end()).sequence == 1


@asynchronous
async def test_a_batch_that_is_too_large_is_misuse(nats_url, name):
    async with opened(nats_url, name) as stream:
        assert await stream.append(0, bytes(MAX_BATCH), "1.1") == 1
        with pytest.raises(ValueError, match="262145 bytes"):
            await stream.append(1, bytes(MAX_BATCH + 1), "1.2")


@asynchronous
async def test_a_slow_follower_misses_nothing(nats_url, name):
    async with opened(nats_url, name) as stream, aclosing(stream.follow(0)) as messages:
        first = asyncio.ensure_future(anext(messages))
        for number in range(1, 301):
            await stream.append(number - 1, b"%d " % number + bytes(100_000), f"1.{number}")
        assert (await first).sequence == 1
        assert [message.sequence for message in await take(messages, 299)] == list(range(2, 301))


@asynchronous
async def test_nodes_talk_to_each_other(nats_url, name):
    async with opened(nats_url, name) as one, opened(nats_url, name) as other:
        heard: asyncio.Queue[tuple[bytes, str]] = asyncio.Queue()
        await other.subscribe("hub", lambda data, reply: heard.put_nowait((data, reply)))
        await other.at_end()  # NATS has answered after that, so it has what came before, too
        with pytest.raises(NoAnswer):
            await one.request("nobody", b"?", PATIENCE)
        asking = asyncio.ensure_future(one.request("hub", b"question", PATIENCE))
        data, reply = await heard.get()
        assert data == b"question"
        await other.reply(reply, b"answer")
        assert await asking == b"answer"
        await one.send("hub", b"news")
        assert await heard.get() == (b"news", "")
        assert (await one.at_end()).sequence == 0


@asynchronous
async def test_what_is_cut_is_gone(nats_url, name):
    async with opened(nats_url, name) as stream, aclosing(stream.follow(3)) as messages:
        await fill(stream, 4)
        assert await take(messages, 1) == batches(4, 4)
        await stream.cut(4)
        assert stream.first == 4
        await fill(stream, 1)
        assert await take(messages, 1) == batches(5, 5)
        async with aclosing(stream.follow(2)) as old:
            with pytest.raises(StreamGone, match="begins with 4, and 3 follows here"):
                await anext(old)
        await stream.cut(1000)  # the last one stays, so that its id is known
        assert await stream.at_end() == batches(5, 5)[0]
        async with opened(nats_url, name) as again:
            assert (again.first, again.last) == (5, 5)


@asynchronous
async def test_a_follower_that_is_cut_off_ends(nats_url, name):
    async with opened(nats_url, name) as stream, aclosing(stream.follow(0)) as messages:
        await fill(stream, 1)
        assert await take(messages, 1) == batches(1, 1)
        await fill(stream, 400)  # more than is on its way
        await stream.cut(400)
        with pytest.raises(StreamGone, match="begins with 400"):
            await take(messages, 400)


@asynchronous
async def test_a_stream_made_again_is_another(nats_url, name):
    async with opened(nats_url, name) as stream, aclosing(stream.follow(0)) as messages:
        await fill(stream, 1)
        assert await take(messages, 1) == batches(1, 1)
        waiting = asyncio.ensure_future(anext(messages))
        await api(stream, f"STREAM.DELETE.{name}")
        async with opened(nats_url, name) as other:
            assert other.epoch != stream.epoch
            await fill(other, 1)
            with pytest.raises(StreamGone, match="deleted"):  # it asks again at once, as the other is made
                await waiting
            with pytest.raises(StreamGone, match="made again"):
                await anext(stream.follow(1))
            with pytest.raises(StreamGone, match="made again"):
                await stream.append(1, b"batch", "1.2")
            with pytest.raises(StreamGone, match="made again"):
                await stream.at_end()
            assert (await other.at_end()).sequence == 1


@asynchronous
async def test_a_stream_that_is_deleted_is_gone(nats_url, name):
    async with opened(nats_url, name) as stream:
        await api(stream, f"STREAM.DELETE.{name}")
        for call in (stream.append(0, b"batch", "1.1"), stream.at_end(), anext(stream.follow(0))):
            with pytest.raises(StreamGone, match="deleted"):
                await call


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({}, "is not asyncchat's: choose another name"),
        ({"metadata": {"asyncchat.epoch": "abcdef", "asyncchat.format": "99"}}, "has format 99"),
        (
            {"metadata": {"asyncchat.epoch": "abcdef", "asyncchat.format": "1"}, "max_msgs": 10},
            r"removes messages \(max_msgs\)",
        ),
        (
            {"metadata": {"asyncchat.epoch": "abcdef", "asyncchat.format": "1"}, "retention": "interest"},
            r"removes messages \(interest\)",
        ),
    ],
)
@asynchronous
async def test_another_stream_is_refused(nats_url, name, config, text):
    async with opened(nats_url, f"{name}-admin") as admin:
        await api(admin, f"STREAM.CREATE.{name}", {"name": name, "subjects": [f"{name}.x"], **config})
        with pytest.raises(LogError, match=text):
            await Stream.open(nats_url, name)


@pytest.mark.parametrize("bad", ["", "a.b", "a b", "*", "x" * 33])
@asynchronous
async def test_a_name_that_nats_does_not_take_is_misuse(nats_url, bad):
    with pytest.raises(Misuse, match="can't be a stream's name"):
        await Stream.open(nats_url, bad)


@asynchronous
async def test_too_few_servers_for_the_replicas(nats_url, name):
    with pytest.raises(LogError, match="replicas"):
        await Stream.open(nats_url, name, replicas=3)


@asynchronous
async def test_servers_that_just_start_are_waited_for(nats_url, name, monkeypatch, caplog):
    """One of three that started together knew of another only a moment later, and said this."""
    ask, answers = Connection.api, iter(["no suitable peers for placement, peer offline"])

    async def starting(connection, request, *rest):
        if request.startswith("STREAM.CREATE.") and (text := next(answers, "")):
            raise ApiError(10005, f"JetStream says: {text}")
        return await ask(connection, request, *rest)

    monkeypatch.setattr(Connection, "api", starting)
    async with opened(nats_url, name) as stream:
        await fill(stream, 1)
    assert "NATS has too few servers with JetStream for 1 replicas" in caplog.text


@asynchronous
async def test_nats_away_at_the_start():
    with pytest.raises(StreamDown, match=r"can't be reached at 127\.0\.0\.1:1: "):
        await Stream.open("nats://anna:secret@127.0.0.1:1", patience=0.3)


@asynchronous
async def test_a_snapshot_is_kept_and_replaced(nats_url, name, tmp_path):
    async with opened(nats_url, name) as stream, opened(nats_url, name) as other:
        assert await other.get_snapshot(tmp_path / "none") is None
        for sequence, size in ((3, 1_000_000), (7, 300_000), (5, 10)):
            file = tmp_path / f"made{sequence}"
            file.write_bytes(bytes([sequence]) * size)
            await stream.put_snapshot(sequence, file)
        assert await other.get_snapshot(tmp_path / "read") == 7
        assert (tmp_path / "read").read_bytes() == bytes([7]) * 300_000
        pieces = await api(stream, f"STREAM.INFO.OBJ_{name}-snapshot", {"subjects_filter": ">"})
        assert len(pieces["state"]["subjects"]) == 2  # of one object, and what says so
        assert sorted(file.name for file in tmp_path.iterdir()) == ["made3", "made5", "made7", "read"]


@asynchronous
async def test_a_damaged_snapshot_is_not_taken(nats_url, name, tmp_path, monkeypatch):
    file = tmp_path / "made"
    file.write_bytes(bytes(300_000))
    async with opened(nats_url, name) as stream:
        await stream.put_snapshot(1, file)
        info = await api(stream, f"STREAM.INFO.OBJ_{name}-snapshot")
        monkeypatch.setattr("nats.js.object_store.sha256", _wrong_digest)
        assert info["state"]["messages"] == 4
        with pytest.raises(LogError, match="is damaged"):
            await stream.get_snapshot(tmp_path / "read")
        assert not (tmp_path / "read").exists()


@asynchronous
async def test_a_snapshot_of_another_epoch_is_not_given(nats_url, name, tmp_path):
    file = tmp_path / "made"
    file.write_bytes(b"old")
    async with opened(nats_url, name) as stream:
        await stream.put_snapshot(1000, file)
        await api(stream, f"STREAM.DELETE.{name}")
    async with opened(nats_url, name) as stream:
        assert await stream.get_snapshot(tmp_path / "read") is None
        file.write_bytes(b"new")
        await stream.put_snapshot(1, file)
        assert await stream.get_snapshot(tmp_path / "read") == 1


class _wrong_digest:
    def update(self, data):
        pass

    def digest(self):
        return bytes(32)


@asynchronous
@pytest.mark.parametrize(("minutes", "words"), [(5, "300 s ahead of"), (-5, "300 s behind"), (0, None)])
async def test_a_wrong_clock_is_told(nats_url, name, monkeypatch, caplog, minutes, words):
    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + timedelta(minutes=minutes)

    monkeypatch.setattr("asyncchat.cluster.stream.datetime", Clock)
    async with opened(nats_url, name):
        told = [text for text in caplog.messages if "clock" in text]
        assert len(told) == bool(words)
        assert not words or told[0].startswith(f"This machine's clock is {words} that of NATS")
