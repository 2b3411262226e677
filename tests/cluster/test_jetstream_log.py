"""The log in a stream: its copy follows, whatever fails. What each log promises is in tests/log."""

import pytest
from msgspec.structs import replace

pytest.importorskip("nats", reason="needs nats-py: pip install asyncchat[cluster]")

from asyncchat.cluster import envelope
from asyncchat.cluster.envelope import Envelope
from asyncchat.cluster.errors import StreamDown
from asyncchat.cluster.jetstream_log import JetStreamLog
from asyncchat.core.events import Record
from asyncchat.core.features.history import Window
from asyncchat.core.features.rooms import Joined
from asyncchat.log.base import LogError, PageQuery, SequenceConflict
from asyncchat.log.sqlite import SqliteLog
from tests.cluster.nats import Proxy
from tests.cluster.streams import hasty, opened
from tests.log.records import ANNA, SECOND, START, asynchronous, fact, said
from tests.log.sqlite_files import text_of

LARGE = "x" * 8000


async def texts(log):
    page = await log.read(PageQuery("#lobby", log.last, Window(limit=100)))
    return [text_of(record) for record in page.records]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "chat.db"


@asynchronous
async def test_a_new_file_gets_what_the_stream_has(nats_url, name, path):
    log = await JetStreamLog.open(nats_url, path, name=name)
    for number in range(1, 30):
        await log.append(number - 1, [said(number)])
    first = log.ids.id_of(7)
    await log.close()
    for file in (path, path.with_name("new.db"), path.with_name("new.db")):
        log = await JetStreamLog.open(nats_url, file, name=name)
        assert await texts(log) == [f"text {number}" for number in range(1, 30)]
        assert log.ids.id_of(7) == first
        await log.close()


async def write_copy(path, epoch, records):
    """A file as a copy of a stream that has these records."""
    log = await SqliteLog.open(path, epoch=epoch)
    await log.append(0, records)
    await log.close()


@pytest.mark.parametrize("kept", range(8))
@asynchronous
async def test_a_file_that_lost_its_end_gets_it_back(nats_url, name, path, kept):
    log = await JetStreamLog.open(nats_url, path, name=name)
    for size in (1, 1, 3, 2):
        await log.append(log.last, [said(log.last + n) for n in range(1, size + 1)])
    epoch = log.ids.id_of(1).split("-")[0]
    await log.close()
    old = path.with_name("old.db")
    await write_copy(old, epoch, [said(number) for number in range(1, kept + 1)])
    log = await JetStreamLog.open(nats_url, old, name=name)
    assert await texts(log) == [f"text {number}" for number in range(1, 8)]
    await log.append(7, [said(8)])
    await log.close()


@pytest.mark.parametrize(
    ("records", "text"),
    [
        ([said(1), said(2), said(3)], "has records up to 3, and the stream '.*' only up to 2"),
        ([said(1), fact(2, Joined("#lobby", ANNA)), said(3)], "only up to 2"),
        ([said(1), Record(2, START + SECOND, said(1).event)], "has another record 2 than the stream"),
    ],
)
@asynchronous
async def test_a_file_that_is_no_copy_is_refused(nats_url, name, path, records, text):
    log = await JetStreamLog.open(nats_url, path, name=name)
    await log.append(0, [said(1), said(2)])
    epoch = log.ids.id_of(1).split("-")[0]
    await log.close()
    other = path.with_name("other.db")
    await write_copy(other, epoch, records)
    with pytest.raises(LogError, match=text):
        await JetStreamLog.open(nats_url, other, name=name)


@asynchronous
async def test_a_file_of_another_stream_is_refused(nats_url, name, path):
    log = await JetStreamLog.open(nats_url, path, name=f"{name}-other")
    await log.append(0, [said(1)])
    await log.close()
    with pytest.raises(LogError, match="is not this cluster's"):
        await JetStreamLog.open(nats_url, path, name=name)


@asynchronous
async def test_a_stream_that_was_cut_needs_a_copy(nats_url, name, path):
    log = await JetStreamLog.open(nats_url, path, name=name)
    for number in (1, 2, 3):
        await log.append(number - 1, [said(number)])
    async with opened(nats_url, name) as stream:
        await stream.cut(2)
    await log.close()
    log = await JetStreamLog.open(nats_url, path, name=name)
    assert log.last == 3
    await log.close()
    with pytest.raises(LogError, match=r"ends with record 0, and the stream '.*' goes on with 2"):
        await JetStreamLog.open(nats_url, path.with_name("new.db"), name=name)


@asynchronous
async def test_a_large_append_is_one(nats_url, name, path):
    records = [said(number, text=LARGE) for number in range(1, 100)]
    log = await JetStreamLog.open(nats_url, path, name=name)
    await log.append(0, records)
    await log.append(0, records)
    await log.append(99, [said(100)])
    await log.close()
    async with opened(nats_url, name) as stream:
        assert (await stream.at_end()).sequence == 5
    log = await JetStreamLog.open(nats_url, path.with_name("new.db"), name=name)
    assert await log.numbers_by("#lobby", "", 200) == tuple(range(1, 101))
    await log.close()


@asynchronous
async def test_a_large_append_that_ended_half_way_is_left_out(nats_url, name, path):
    log = await JetStreamLog.open(nats_url, path, name=name)
    await log.append(0, [said(1)])
    await log.close()
    async with opened(nats_url, name) as stream:
        first, *_ = Envelope(0, 9, 2, "events", bytes(300_000)).split()
        await stream.append(1, envelope.encode(first), first.id)
    for file in (path, path.with_name("new.db")):
        log = await JetStreamLog.open(nats_url, file, name=name)
        number = log.last + 1
        await log.append(log.last, [said(number)])
        await log.close()
    log = await JetStreamLog.open(nats_url, path, name=name)
    assert await texts(log) == ["text 1", "text 2", "text 3"]
    await log.close()


@asynchronous
async def test_two_servers_on_one_stream_are_noticed(nats_url, name, path):
    one = await JetStreamLog.open(nats_url, path, name=name)
    other = await JetStreamLog.open(nats_url, path.with_name("other.db"), name=name)
    await one.append(0, [said(1)])
    for _ in range(2):
        with pytest.raises(SequenceConflict, match="Somebody else writes to the stream"):
            await other.append(0, [said(1, text="other")])
        assert other.last == 0
    await one.append(1, [said(2)])
    await other.close()
    await other.reopen()
    assert await texts(other) == ["text 1", "text 2"]
    await other.append(2, [said(3)])
    with pytest.raises(SequenceConflict):
        await one.append(2, [said(3, text="one")])
    await one.close()
    await other.close()


@asynchronous
async def test_an_append_while_nats_is_away_is_tried_again(server, path):
    log = await JetStreamLog.open(server.url, path)
    await log.append(0, [said(1)])
    server.kill()
    with hasty(log._stream):
        with pytest.raises(StreamDown):
            await log.append(1, [said(2)])
        assert log.last == 1
        with pytest.raises(StreamDown):
            await log.append(1, [said(2, text="another")])
    assert await texts(log) == ["text 1"]
    server.start()
    await log.append(1, [said(2)])
    await log.append(2, [said(3)])
    assert await texts(log) == ["text 1", "text 2", "text 3"]
    await log.close()


@asynchronous
async def test_a_lost_answer_doubles_nothing(server, path):
    """In the middle of an append of several messages."""
    async with Proxy(server.url) as proxy:
        log = await JetStreamLog.open(proxy.url, path)
        await log.append(0, [said(1)])
        proxy.lose_answers = True
        await log.append(1, [said(number, text=LARGE) for number in range(2, 100)])
        await log.append(99, [said(100)])
        await log.close()
    log = await JetStreamLog.open(server.url, path.with_name("new.db"))
    assert await log.numbers_by("#lobby", "", 200) == tuple(range(1, 101))
    await log.close()


@pytest.mark.parametrize("tried_again", [True, False])
@asynchronous
async def test_an_append_that_the_file_does_not_take(nats_url, name, path, monkeypatch, tried_again):
    """It is in the stream: whatever is tried next, it stays."""
    log = await JetStreamLog.open(nats_url, path, name=name)
    await log.append(0, [said(1)])

    async def full(expected_last, records):
        raise LogError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(log._copy, "append", full)
        for _ in range(2):
            with pytest.raises(LogError, match="the disk is full"):
                await log.append(1, [said(2)])
    if tried_again:
        await log.append(1, [said(2)])
    else:
        with pytest.raises(SequenceConflict):
            await log.append(1, [said(2, text="another")])
    await log.append(2, [said(3)])
    assert await texts(log) == ["text 1", "text 2", "text 3"]
    await log.close()
    log = await JetStreamLog.open(nats_url, path.with_name("new.db"), name=name)
    assert await texts(log) == ["text 1", "text 2", "text 3"]
    await log.close()


@pytest.mark.parametrize(
    ("batch", "text"),
    [
        (Envelope(1, 1, 1, "outcomes", b"x"), "of kind 'outcomes': it is a cluster's"),
        (
            Envelope(1, 1, 1, "events", b"\x91\x92\x01\x81\xa2is\xa3new"),
            "does not know .*: upgrade asyncchat",
        ),
        (Envelope(1, 1, 1, "events", b"\xc1"), "is damaged"),
    ],
)
@asynchronous
async def test_what_is_no_log_of_this_version_is_refused(nats_url, name, path, batch, text):
    async with opened(nats_url, name) as stream:
        await stream.append(0, envelope.encode(batch), batch.id)
    with pytest.raises(LogError, match=text):
        await JetStreamLog.open(nats_url, path, name=name)


@asynchronous
async def test_the_stream_has_no_more_of_people_than_the_file(nats_url, name, path):
    log = await JetStreamLog.open(nats_url, path, name=name)
    anna = replace(ANNA, address="203.0.113.9")
    await log.append(0, [said(1, who=anna), fact(2, Joined("#lobby", anna))])
    await log.close()
    async with opened(nats_url, name) as stream:
        message, presence = (await stream.at_end()).batch.split(b"joined")
    assert b"203.0.113.9" not in message
    assert b"203.0.113.9" in presence  # kept for a week
    assert b"text 1" in message


@asynchronous
async def test_the_stream_has_what_is_forgotten_until_it_is_cut(nats_url, name, path):
    log = await JetStreamLog.open(nats_url, path, name=name)
    await log.append(0, [said(1)])
    await log.append(1, [said(2)])
    assert not await log.forget()
    assert await log.forget(vacuum=True)
    assert await log.forget()
    await log.append(2, [said(3)])
    await log.close()
    await log.reopen()
    assert await texts(log) == ["text 1", "text 2", "text 3"]
    await log.close()
    async with opened(nats_url, name) as stream:
        assert (stream.first, stream.last) == (2, 3)


@asynchronous
async def test_a_closed_log_takes_nothing(nats_url, name, path):
    log = await JetStreamLog.open(nats_url, path, name=name)
    await log.close()
    with pytest.raises(RuntimeError, match="closed"):
        await log.append(0, [said(1)])
    await log.close()
    await log.reopen()
    await log.append(0, [said(1)])
    assert await texts(log) == ["text 1"]
    await log.close()
