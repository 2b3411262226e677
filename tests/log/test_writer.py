"""Writes to a disk that is full, slow or locked."""

import asyncio
import os
import re
import sqlite3
import subprocess
import sys

import pytest

from asyncchat.log.base import LogError
from asyncchat.log.sqlite import SqliteLog
from asyncchat.log.tuning import Tuning
from tests.log.records import asynchronous, said
from tests.log.sqlite_files import all_of, texts

FULL = """
import asyncio, os, resource, signal, sys
from asyncchat.core.features.history import Window
from asyncchat.log.base import LogError, PageQuery
from asyncchat.log.sqlite import SqliteLog
from asyncchat.log.tuning import Tuning
from tests.log.records import said

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

async def main():
    log = await SqliteLog.open(sys.argv[1], tuning=Tuning(inline_rows=int(sys.argv[2]), quiet=0.001))
    await log.append(0, [said(1)])
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
    refused = 0
    while refused < 3:
        batch = [said(log.last + n, text="x" * 2000) for n in range(1, 8)]
        try:
            await log.append(log.last, batch)
        except LogError as error:
            refused += 1
            print(error)
            assert log.last == batch[0].number - 1
            page = await log.read(PageQuery("#lobby", log.last, Window(limit=1000)))
            assert len(page.records) == log.last, (len(page.records), log.last)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    await log.append(batch[0].number - 1, batch)
    page = await log.read(PageQuery("#lobby", log.last, Window(limit=1000)))
    assert [r.number for r in page.records] == list(range(1, log.last + 1))
    await log.close()
    print(log.last)

asyncio.run(main())
"""


@pytest.mark.parametrize("inline_rows", [0, 256])
def test_a_disk_without_room_loses_nothing(path, inline_rows):
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(path), str(inline_rows)], capture_output=True, text=True
    )
    *errors, last = done.stdout.splitlines() or [done.stderr]
    assert done.returncode == 0, done.stderr
    assert len(errors) == 3
    assert all(re.match(f"The history {path} can't be written", error) for error in errors)
    found, kept, _ = asyncio.run(all_of(path))
    assert kept == int(last) == len(found)


@asynchronous
async def test_a_full_file_says_so_and_goes_on(path):
    log = await SqliteLog.open(path)
    log._database.connection.execute("PRAGMA max_page_count = 20")
    with pytest.raises(LogError, match=r"the disk is full. Free some space"):
        await log.append(0, [said(n, text="x" * 4000) for n in range(1, 40)])
    assert await texts(log) == []
    log._database.connection.execute("PRAGMA max_page_count = 100000")
    await log.append(0, [said(n) for n in range(1, 40)])
    assert len(await texts(log)) == 39
    log._database.connection.execute("PRAGMA max_page_count = 1")
    with pytest.raises(LogError, match="the disk is full"):
        await log.append(39, [said(n, text="x" * 4000) for n in range(40, 60)])
    await log.close()
    # A connection that a failed statement kept open would keep these two.
    assert sorted(file.name for file in path.parent.iterdir()) == [
        "chat.db",
        "chat.db-lock",
        "chat.db-search",
    ]


@asynchronous
async def test_a_disk_that_becomes_read_only_and_writable_again(path):
    log = await SqliteLog.open(path, tuning=Tuning(quiet=0.001, snapshot_at=3))
    await log.append(0, [said(1)])
    log._database.connection.execute("PRAGMA query_only = ON")
    for _ in range(2):
        with pytest.raises(LogError, match=r"is read-only\. Make file and folder writable"):
            await log.append(1, [said(2)])
    assert await texts(log) == ["text 1"]
    log._database.connection.execute("PRAGMA query_only = OFF")
    await log.append(1, [said(2)])
    assert await texts(log) == ["text 1", "text 2"]
    await log.close()


@asynchronous
async def test_another_program_that_locks_the_file_is_waited_for_off_the_loop(path, monkeypatch):
    monkeypatch.setattr("asyncchat.log.writer._BUSY_TIMEOUT", 600_000)
    log = await SqliteLog.open(path)
    await log.append(0, [said(1)])
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    waiting = asyncio.ensure_future(log.append(1, [said(2)]))
    # The loop goes on; the lock ends in its time.
    assert await texts(log) == ["text 1"]
    assert not waiting.done()
    other.execute("ROLLBACK")
    await waiting
    assert await texts(log) == ["text 1", "text 2"]
    other.close()
    await log.close()


@asynchronous
async def test_a_lock_that_stays_is_an_error_and_the_append_can_be_repeated(path, monkeypatch):
    monkeypatch.setattr("asyncchat.log.writer._BUSY_TIMEOUT", 1)
    log = await SqliteLog.open(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for _ in range(2):
        with pytest.raises(LogError, match="is locked by another program"):
            await log.append(0, [said(1)])
    other.execute("COMMIT")
    other.close()
    await log.append(0, [said(1)])
    assert await texts(log) == ["text 1"]
    await log.close()


@asynchronous
async def test_a_record_that_cannot_be_written_harms_no_other(path):
    log = await SqliteLog.open(path)
    with pytest.raises(UnicodeEncodeError):
        await log.append(0, [said(1), said(2, text="half \ud800")])
    assert log.last == 0
    await log.append(0, [said(1), said(2)])
    assert await texts(log) == ["text 1", "text 2"]
    await log.close()


@pytest.mark.parametrize("end", ["", "-wal"])
@asynchronous
async def test_a_file_taken_away_and_put_back_is_noticed(path, end):
    log = await SqliteLog.open(path)
    await log.append(0, [said(1)])
    away = path.with_name("away")
    os.rename(f"{path}{end}", away)
    with pytest.raises(LogError, match="was moved or deleted"):
        await log.run_maintenance()
    for _ in range(2):
        with pytest.raises(LogError, match=r"was moved or deleted\. Put it back, or stop the server"):
            await log.append(1, [said(2)])
    # As the outbox does: the same append again, until it succeeds.
    os.rename(away, f"{path}{end}")
    await log.append(1, [said(2)])
    assert await texts(log) == ["text 1", "text 2"]
    await log.close()


@asynchronous
async def test_a_write_ahead_log_that_was_deleted_is_in_the_file_after_a_stop(path):
    log = await SqliteLog.open(path)
    await log.append(0, [said(1)])
    os.unlink(f"{path}-wal")
    await log.append(1, [said(2)])
    with pytest.raises(LogError, match="was moved or deleted"):
        await log.run_maintenance()
    with pytest.raises(LogError, match="was moved or deleted"):
        await log.append(2, [said(3)])
    await log.close()
    found, last, _ = await all_of(path)
    assert (found, last) == ([(1, "text 1"), (2, "text 2")], 2)
