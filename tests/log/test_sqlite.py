"""The log in SQLite among processes, threads and tasks."""

import asyncio
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random

import pytest

from asyncchat.core.events import Record
from asyncchat.log import database
from asyncchat.log.lockfile import InUse
from asyncchat.log.sqlite import SqliteLog
from asyncchat.log.tuning import Tuning
from tests.log.records import asynchronous, said
from tests.log.sqlite_files import all_of, raw, texts, write

APPENDS_UNTIL_KILLED = """
import asyncio, sys
from asyncchat.core.features.presence import NodeStarted
from asyncchat.core.features.redaction import Erased
from asyncchat.log.sqlite import SqliteLog
from asyncchat.log.tuning import Tuning
from tests.log.records import ANNA, fact, said

async def main():
    tuning = Tuning(inline_rows=20, lag=50, checkpoint_at=20_000, rewind_at=40_000, quiet=0.002,
                    snapshot_at=50)
    if sys.argv[3] == "lazy":  # all stays in the write-ahead log; an erasure would not
        tuning = Tuning(quiet=3600)
    log = await SqliteLog.open(sys.argv[1], tuning=tuning)
    size = 1
    while log.last < int(sys.argv[2]):
        size = size * 7 % 31
        batch = [said(log.last + n, text=f"{log.last + n} of {log.last + size}") for n in range(1, size)]
        gone = (log.last + size - 1,) if size == 5 else ()
        last = NodeStarted("1") if sys.argv[3] == "lazy" else Erased("#lobby", ANNA, gone)
        batch.append(fact(log.last + size, last))
        await log.append(log.last, batch)
        print(log.last, flush=True)
    print("done", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


class Writing:
    """Another process that appends until it is killed."""

    def __init__(self, path: Path, upto: int = 10**9, how: str = "hasty") -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", APPENDS_UNTIL_KILLED, str(path), str(upto), how],
            stdout=subprocess.PIPE,
            pipesize=4096,  # so far it gets ahead while nobody reads
            text=True,
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def line(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline().strip()

    def kill(self) -> list[int]:
        """Kills it; returns the numbers that it had said were kept, beyond those already read."""
        os.kill(self._process.pid, signal.SIGKILL)
        out, _ = self._process.communicate()
        return [int(line) for line in re.findall(r"^(\d+)\n", out, re.MULTILINE)]


def test_a_killed_process_loses_nothing(path):
    chance = Random(5)  # noqa: S311  # when to kill
    epochs = set()
    kept = 0
    for _ in range(5):
        other = Writing(path)
        for _ in range(chance.randrange(1, 60)):
            kept = int(other.line())
        kept = max(kept, *other.kill(), 0)
        found, last, ids = asyncio.run(all_of(path))
        assert last >= kept
        # Whole batches, each record once, under the number it was given.
        there = raw(path, "SELECT number FROM (SELECT number FROM said UNION ALL SELECT number FROM facts)")
        assert sorted(there) == [(number,) for number in range(1, last + 1)]
        assert raw(path, "SELECT max(number) FROM facts") == [(last,)]
        assert all(text.startswith(f"{number} of ") for number, text in found)
        epochs.add(ids.id_of(last + 1))
        assert ids.number_of(ids.id_of(kept)) == kept
        kept = last
    assert len(epochs) == 5


def test_a_tail_lost_with_the_machine_gives_no_number_twice(path, monkeypatch):
    asyncio.run(write(path, [said(1), said(2)]))
    other = Writing(path, 30, "lazy")
    while other.line() != "done":
        pass
    other.kill()
    whole = path.with_name("whole.db")
    for end in ("", "-wal"):
        shutil.copy(f"{path}{end}", f"{whole}{end}")
    _, shown, ids = asyncio.run(all_of(whole))
    path.with_name("chat.db-wal").unlink()
    monkeypatch.setattr(database, "boot_id", lambda: "the next")
    _, last, later = asyncio.run(all_of(path))
    assert last < shown
    assert later.number_of(ids.id_of(1)) == 1
    assert later.number_of(ids.id_of(2)) == 2
    lost = {ids.id_of(number) for number in range(last + 1, shown + 1)}
    assert lost.isdisjoint(later.id_of(number) for number in range(last + 1, shown + 100))
    assert {later.number_of(text) for text in lost} == {None}


def test_a_second_process_is_told_who_has_it(path):
    other = Writing(path, 30)
    while other.line() != "done":
        pass
    try:
        with pytest.raises(InUse, match=rf"^The history {path} is in use \(pid {other.pid}\)\. ") as caught:
            asyncio.run(SqliteLog.open(path))
        assert caught.value.pid == other.pid
        link = path.with_name("link.db")
        link.symlink_to(path)
        with pytest.raises(InUse):
            asyncio.run(SqliteLog.open(link))
    finally:
        other.kill()
    found, last, _ = asyncio.run(all_of(path))
    assert last >= 30
    assert found


@asynchronous
async def test_a_second_log_in_the_process_harms_nothing(path):
    log = await SqliteLog.open(path)
    for _ in range(2):
        with pytest.raises(InUse, match=f"pid {os.getpid()}"):
            await SqliteLog.open(path)
    await log.append(0, [said(1)])
    assert await texts(log) == ["text 1"]
    await log.close()
    with pytest.raises(RuntimeError, match="closed"):
        await log.append(1, [said(2)])


@asynchronous
async def test_an_append_whose_waiter_is_cancelled_is_whole(path):
    log = await SqliteLog.open(path, durable="power")
    waiting = asyncio.ensure_future(log.append(0, [said(1), said(2)]))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await log.append(0, [said(1), said(2)])
    assert await texts(log) == ["text 1", "text 2"]
    await log.close()


class Looked(list[Record]):
    """Records that note in which thread somebody goes through them."""

    def __init__(self, records: Iterable[Record]) -> None:
        super().__init__(records)
        self.threads: set[int] = set()

    def __iter__(self) -> Iterator[Record]:
        self.threads.add(threading.get_ident())
        return super().__iter__()


@asynchronous
async def test_the_rows_of_a_large_batch_are_made_in_the_thread(path):
    """The loop has no turn that is as long as a batch of thousands."""
    log = await SqliteLog.open(path, tuning=Tuning(inline_rows=10))
    few = Looked(said(number) for number in range(1, 11))
    many = Looked(said(number) for number in range(11, 22))
    await log.append(0, few)
    await log.append(10, many)
    await log.append(10, many)  # again, as after a failure
    here = threading.get_ident()
    assert here in few.threads
    assert here not in many.threads
    assert len(await texts(log)) == 21
    await log.close()


@asynchronous
async def test_a_slow_disk_sends_commits_to_the_thread_and_back(path):
    log = await SqliteLog.open(path, tuning=Tuning(slow=0, detour=2))
    for number in range(1, 30):
        await log.append(number - 1, [said(number)])
    assert log._detour > 2
    log._tuning = Tuning(slow=3600, detour=2)
    for number in range(30, 60):
        await log.append(number - 1, [said(number)])
    assert (log._in_thread, log._detour) == (0, 2)
    assert len(await texts(log)) == 59
    await log.close()


@asynchronous
async def test_opened_again_after_somebody_had_it_its_ids_are_those_of_the_file(path):
    log = await SqliteLog.open(path)
    await log.append(0, [said(1)])
    ids = log.ids
    await log.close()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("UPDATE marks SET closed = ''")  # as one that was killed leaves it
    connection.close()
    await log.reopen()
    await log.append(1, [said(2)])
    assert log.ids is ids
    told = [ids.id_of(number) for number in (1, 2)]
    await log.close()
    log = await SqliteLog.open(path)
    assert [log.ids.number_of(id) for id in told] == [1, 2]
    assert told[0].partition("-")[0] != told[1].partition("-")[0]
    await log.close()
