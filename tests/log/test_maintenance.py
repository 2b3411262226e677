"""Maintenance: the work on the file behind the appends."""

import asyncio
import sqlite3
from typing import Any

import pytest

from asyncchat.core.events import Event, Record
from asyncchat.core.features.messages import SaidInPrivate
from asyncchat.core.features.presence import NodeStarted
from asyncchat.core.features.redaction import Erased, RedactedInPrivate
from asyncchat.core.features.rename import RoomRenamed
from asyncchat.core.features.rooms import Joined, RoomOpened
from asyncchat.core.features.topic import TopicChanged
from asyncchat.log import postings, reader, streams
from asyncchat.log.base import LogError, PageQuery, StreamRange
from asyncchat.log.database import Database
from asyncchat.log.sqlite import SqliteLog
from asyncchat.log.tuning import Tuning
from tests.log.records import ANNA, BERND, SECOND, START, asynchronous, fact, said
from tests.log.sqlite_files import HASTY, STILL, raw, texts

WEEK = 7 * 24 * 3600 * SECOND


@asynchronous
async def test_erased_text_leaves_the_files(path):
    log = await SqliteLog.open(path, tuning=HASTY)
    secret = "correct horse battery staple " * 400  # longer than a page
    await log.append(0, [said(1), said(2, text=secret), said(3, text=secret[:60]), said(4)])
    for number in range(5, 300):
        await log.append(number - 1, [said(number)])
    await log.append(299, [fact(300, Erased("#lobby", ANNA, (2, 3)))])
    await log.run_maintenance()
    files = list(path.parent.iterdir())
    assert len(files) == 7
    assert not [file for file in files if b"horse battery" in file.read_bytes()]
    await log.close()
    log = await SqliteLog.open(path)
    assert log.messages == 297
    await log.close()


@asynchronous
async def test_erased_text_leaves_the_files_though_somebody_reads(path):
    log = await SqliteLog.open(path, tuning=STILL)
    await log.append(0, [said(1, text="correct horse"), said(2)])
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN")
    assert other.execute("SELECT count(*) FROM said").fetchone() == (2,)
    await log.append(2, [fact(3, Erased("#lobby", ANNA, (1,)))])
    await log.run_maintenance()
    wal = path.with_name("chat.db-wal")
    assert b"correct horse" in wal.read_bytes()
    await log.append(3, [said(4)])
    other.execute("COMMIT")
    other.close()
    await log.run_maintenance()
    assert b"correct horse" not in wal.read_bytes()
    assert b"correct horse" not in path.read_bytes()
    await log.close()


@asynchronous
async def test_the_write_ahead_log_begins_anew(path):
    log = await SqliteLog.open(path, tuning=Tuning(checkpoint_at=100_000, rewind_at=100_000, quiet=3600))
    wal = path.with_name("chat.db-wal")
    for _ in range(40):
        for _ in range(30):
            await log.append(log.last, [said(log.last + 1)])
        await log.run_maintenance()
    assert wal.stat().st_size < 400_000
    assert len(await texts(log)) == 1200
    await log.close()


@asynchronous
async def test_appends_wait_for_a_checkpoint_that_may_find_nothing(path, monkeypatch):
    """SQLite's "WAL-reset bug": an append at the instant at which such a checkpoint begins can be lost."""
    loop, real = asyncio.get_running_loop(), Database.checkpoint
    log = await SqliteLog.open(path, tuning=Tuning(lag=1000, checkpoint_at=1, quiet=3600, slow=3600))
    waited: list[bool] = []
    enough = asyncio.Event()

    def checkpoint(database: Database, *args: Any) -> Any:
        if len(waited) < 2:  # what is appended during the first is all that the second would find
            appended = asyncio.run_coroutine_threadsafe(log.append(log.last, [said(log.last + 1)]), loop)
            for _ in range(3):
                asyncio.run_coroutine_threadsafe(asyncio.sleep(0), loop).result()
            waited.append(not appended.done())
        else:
            loop.call_soon_threadsafe(enough.set)
        return real(database, *args)

    monkeypatch.setattr(Database, "checkpoint", checkpoint)
    await log.append(0, [said(1)])
    await enough.wait()
    assert waited == [False, True]
    assert len(await texts(log)) == log.last == 3
    await log.close()


@asynchronous
async def test_appends_that_outrun_the_posting_lists_do_not_keep_checkpoints_off(path, monkeypatch):
    log = await SqliteLog.open(path, tuning=Tuning(lag=10, checkpoint_at=1000, quiet=3600, slow=3600))
    loop, read, slices = asyncio.get_running_loop(), postings.read_slice, 0

    def outrun(*args: Any) -> Any:
        nonlocal slices
        slices += 1
        if slices < 100:
            more = [said(number) for number in range(log.last + 1, log.last + 21)]
            asyncio.run_coroutine_threadsafe(log.append(log.last, more), loop).result()
        return read(*args)

    monkeypatch.setattr(postings, "read_slice", outrun)
    await log.append(0, [said(number) for number in range(1, 21)])
    await log._maintenance._run_once(quiet=False)
    assert slices == 2  # those of the first append
    assert log._maintenance._checkpointed
    monkeypatch.undo()
    await log.close()


@asynchronous
async def test_presence_is_kept_a_week(path):
    log = await SqliteLog.open(path, tuning=HASTY)

    def at(number: int, time: int, event: Event) -> Record:
        return Record(number, START + time, event)

    joined = Joined("#lobby", ANNA)
    opened = RoomOpened("#lobby", 1)
    whisper = SaidInPrivate(ANNA, BERND, "psst")
    await log.append(0, [at(1, 0, opened), at(2, 1, joined), at(3, 2, whisper), at(4, SECOND, joined)])
    await log.append(4, [at(5, WEEK + 1, said(5).event)])
    await log.run_maintenance()
    assert raw(path, "SELECT number FROM facts") == [(1,), (2,), (3,), (4,)]
    await log.append(5, [at(6, WEEK + 2, joined)])
    await log.run_maintenance()
    assert raw(path, "SELECT number FROM facts") == [(1,), (3,), (4,), (6,)]
    await log.append(6, [at(7, 3 * WEEK, joined)])
    await log.run_maintenance()
    await log.append(7, [at(8, 30 * WEEK, joined)])
    await log.run_maintenance()
    assert raw(path, "SELECT number FROM facts") == [(1,), (3,), (8,)]
    await log.close()
    log = await SqliteLog.open(path)
    assert (log.last, log.messages) == (8, 2)
    await log.close()


@asynchronous
async def test_a_snapshot_stands_for_the_state_before_it(path):
    log = await SqliteLog.open(path, tuning=HASTY)
    await log.append(0, [fact(1, RoomOpened("#lobby", 1))])
    for number in range(2, 30):
        topic = TopicChanged("#lobby", ANNA, f"topic {number}", number)
        await log.append(number - 1, [fact(number, topic)])
        await log.run_maintenance()
    assert raw(path, "SELECT count(*), max(number) > 20 FROM snapshots") == [(1, 1)]
    assert len(list(log.state())) < 8
    assert [event.text for event in log.state() if isinstance(event, TopicChanged)][-1] == "topic 29"
    await log.close()
    # The rows below a snapshot are not read.
    raw(path, "UPDATE facts SET event = 'no json' WHERE number < 20")
    log = await SqliteLog.open(path)
    assert len(list(log.state())) < 8
    await log.close()


@asynchronous
async def test_facts_of_a_newer_version_stop_the_start_where_decisions_need_them(path):
    log = await SqliteLog.open(path)
    await log.append(0, [said(1), fact(2, NodeStarted("9")), fact(3, RoomOpened("#lobby", 1))])
    raw(path, """UPDATE facts SET event = '{"is": "waved"}' WHERE number = 2""")
    assert [type(event) for event in log.state()] == [RoomOpened]
    raw(path, """UPDATE facts SET event = '{"is": "walled"}' WHERE number = 3""")
    with pytest.raises(LogError, match=r"its record 3 is one .*walled.*Upgrade asyncchat"):
        log.state()
    assert await texts(log) == ["text 1"]
    await log.close()


@asynchronous
async def test_a_large_file_of_an_older_version_is_read_as_far_as_it_is_indexed(path, monkeypatch):
    monkeypatch.setattr(reader, "_MAX_UNINDEXED", 2)
    log = await SqliteLog.open(path, tuning=HASTY)
    await log.append(0, [said(1), fact(2, Joined("#lobby", ANNA)), said(3)])
    room = PageQuery("#lobby", 3, streams=(StreamRange(streams.room_presence("#lobby")),), events=True)
    private = PageQuery("", 3, streams=(StreamRange(streams.session_prefix(1) + streams.name_suffix("x")),))
    owners = (StreamRange(streams.session_prefix(1)),)
    assert [record.number for record in (await log.read(room)).records] == [1, 3]
    with pytest.raises(LogError, match="still being indexed"):
        await log.read(private)
    with pytest.raises(LogError, match="still being indexed"):
        await log.newest([], owners, 3)
    await log.run_maintenance()
    assert [record.number for record in (await log.read(room)).records] == [1, 2, 3]
    assert (await log.read(private)).records == ()
    assert await log.newest(["#lobby"], owners, 3)
    await log.close()


@asynchronous
async def test_a_private_message_taken_back_leaves_the_files(path):
    log = await SqliteLog.open(path, tuning=HASTY)
    whispered = SaidInPrivate(BERND, ANNA, "correct horse battery staple")
    await log.append(0, [said(1), fact(2, whispered), said(3)])
    await log.run_maintenance()
    await log.append(3, [fact(4, RedactedInPrivate(BERND, ANNA, 2, "typo"))])
    await log.run_maintenance()
    assert not [file for file in path.parent.iterdir() if b"horse battery" in file.read_bytes()]
    await log.close()
    log = await SqliteLog.open(path)
    assert log.messages == 2
    assert await log.find(2) is None
    await log.close()


@asynchronous
async def test_a_rename_while_postings_are_read_is_not_undone_by_them(path, monkeypatch):
    """The rename adds the postings of all facts before it; those that were read have the old name."""
    log = await SqliteLog.open(path, tuning=HASTY)
    topics = [fact(number, TopicChanged("#old", ANNA, f"topic {number}", START)) for number in range(1, 9)]
    loop, read = asyncio.get_running_loop(), postings.read_stream_postings
    renames = [RoomRenamed("#old", "#new", ANNA, "", START)]

    def read_slowly(*args: Any, **more: Any) -> Any:
        found = read(*args, **more)
        if renames:
            renamed = log.append(8, [fact(9, renames.pop())])
            asyncio.run_coroutine_threadsafe(renamed, loop).result()
        return found

    monkeypatch.setattr(postings, "read_stream_postings", read_slowly)
    await log.append(0, topics)
    await log.run_maintenance()
    await log.close()
    assert raw(path, "SELECT room FROM places ORDER BY room") == [(streams.room_changes("#new"),)]
