"""The search index as a file: built, interrupted, restored, damaged, and after an erasure."""

import asyncio
import logging
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from asyncchat.core.events import Record
from asyncchat.core.features.history import Window
from asyncchat.core.features.messages import Said
from asyncchat.core.features.redaction import Erased
from asyncchat.core.features.search import terms_of
from asyncchat.log import fts, fts_indexer
from asyncchat.log.base import DAY, RetentionPolicy, SearchQuery
from asyncchat.log.database import Database
from asyncchat.log.fts import SearchIndex
from asyncchat.log.sqlite import SqliteLog
from asyncchat.log.tuning import Tuning
from tests.log.records import ANNA, asynchronous, fact, said
from tests.log.sqlite_files import STILL

LAZY = Tuning(lag=10**6, quiet=3600.0, volume=8, slice=3, search_for=3600.0)
"""Nothing is indexed but by ``run_maintenance``."""


async def found(log: SqliteLog, typed: str) -> list[int]:
    page = await log.search(SearchQuery(("#lobby",), log.last, Window(limit=1000), terms_of(typed)))
    return [record.number for record in page.records]


async def write(path: Path, texts: list[str]) -> None:
    log = await SqliteLog.open(path, tuning=LAZY)
    await log.append(log.last, [said(n, text=text) for n, text in enumerate(texts, log.last + 1)])
    await log.run_maintenance()
    await log.close()


def volumes(path: Path) -> dict[int, int]:
    with closing(sqlite3.connect(fts.path_of(path))) as connection:
        return dict(connection.execute("SELECT place, upto FROM volumes").fetchall())


def vocabulary(path: Path) -> set[str]:
    """The trigrams in all volumes, at one moment: the server may drop a volume meanwhile."""
    with closing(sqlite3.connect(fts.path_of(path), isolation_level=None)) as connection:
        connection.execute("BEGIN")
        terms: set[str] = set()
        for place in [place for (place,) in connection.execute("SELECT place FROM volumes")]:
            connection.execute(f"CREATE VIRTUAL TABLE temp.w{place} USING fts5vocab(main, v{place}, row)")
            terms |= {term for (term,) in connection.execute(f"SELECT term FROM temp.w{place}")}  # noqa: S608
        return terms


@asynchronous
async def test_volumes_are_filled_to_the_last_record(path):
    await write(path, [f"text {n}" for n in range(20)])
    assert volumes(path) == {0: 8, 1: 16, 2: 20}
    await write(path, ["one more"])
    assert volumes(path) == {0: 8, 1: 16, 2: 21}


@asynchronous
async def test_an_erased_text_leaves_the_index(path):
    await write(path, [*["hay"] * 10, "needle", *["hay"] * 10])
    assert "eed" in vocabulary(path)
    log = await SqliteLog.open(path, tuning=LAZY)
    await log.append(21, [fact(22, Erased("#lobby", ANNA, (11,)))])
    assert await found(log, "needle") == []
    await log.close()  # killed, perhaps, before the index has followed
    assert "eed" in vocabulary(path)
    log = await SqliteLog.open(path, tuning=LAZY)
    await log.run_maintenance()
    await log.close()
    assert "eed" not in vocabulary(path)
    assert volumes(path) == {0: 8, 1: 16, 2: 22}


@asynchronous
async def test_what_retention_removes_leaves_the_index(path):
    log = await SqliteLog.open(path, tuning=replace(LAZY, lag=4))
    day = 24 * 3600 * 1_000_000
    now = time.time_ns() // 1000
    old = [Record(n, now - 9 * day, Said("#lobby", ANNA, f"needle {n}")) for n in range(1, 22)]
    await log.append(0, old)
    await log.append(21, [Record(n, now, Said("#lobby", ANNA, f"hay {n}")) for n in range(22, 41)])
    await log.run_maintenance()
    assert set(volumes(path)) == {0, 1, 2, 3, 4}
    log.set_retention(RetentionPolicy(days=7))
    await log.run_maintenance()
    await log.run_maintenance()
    assert await found(log, "needle") == []
    assert await found(log, "hay") == list(range(22, 41))
    await log.close()
    assert volumes(path) == {2: 24, 3: 32, 4: 40}
    assert "nee" not in vocabulary(path)


@asynchronous
async def test_what_a_room_with_days_of_its_own_loses_leaves_the_index(path):
    tuning = replace(LAZY, lag=4)
    log = await SqliteLog.open(path, tuning=tuning)
    now = time.time_ns() // 1000
    old = [Record(n, now - 9 * DAY, Said("#lobby", ANNA, f"hay {n}")) for n in range(1, 31)]
    old[11] = Record(12, now - 9 * DAY, Said("#tea", ANNA, "needle"))
    await log.append(0, old)
    await log.run_maintenance()
    await log.close()
    assert "nee" in vocabulary(path)
    log = await SqliteLog.open(path, tuning=tuning)
    log.set_retention(RetentionPolicy(rooms={"#tea": 7}))
    await log.append(30, [Record(31, now, Said("#lobby", ANNA, "hay 31"))])
    await log.run_maintenance()
    await log.run_maintenance()
    assert await found(log, "hay") == [n for n in range(1, 32) if n != 12]
    await log.close()
    assert "nee" not in vocabulary(path)
    assert volumes(path).keys() == {0, 1, 2, 3}


@asynchronous
async def test_a_copy_put_back_is_indexed_anew_from_where_it_differs(path, tmp_path):
    await write(path, ["alpha"] * 12)
    shutil.copy(path, tmp_path / "copy")
    await write(path, ["beta"] * 10)
    shutil.copy(tmp_path / "copy", path)
    log = await SqliteLog.open(path, tuning=LAZY)
    assert await found(log, "beta") == []
    assert await found(log, "alpha") == list(range(1, 13))
    await log.append(12, [said(n, text="gamma") for n in range(13, 40)])
    await log.close()
    log = await SqliteLog.open(path, tuning=LAZY)
    assert await found(log, "gamma") == list(range(13, 40))
    await log.run_maintenance()
    assert await found(log, "beta") == []
    assert await found(log, "gamma") == list(range(13, 40))
    await log.close()


@asynchronous
async def test_a_copy_put_back_that_has_grown_past_the_index_is_told_from_what_was_there(path, tmp_path):
    await write(path, ["alpha"] * 12)
    shutil.copy(path, tmp_path / "copy")
    await write(path, ["beta"] * 10)
    old = fts.path_of(path).read_bytes()
    shutil.copy(tmp_path / "copy", path)
    fts.remove(path)
    await write(path, ["gamma"] * 10)
    fts.path_of(path).write_bytes(old)
    log = await SqliteLog.open(path, tuning=LAZY)
    assert await found(log, "gamma") == list(range(13, 23))
    assert await found(log, "beta") == []
    await log.close()


@asynchronous
async def test_the_index_of_another_history_is_not_used(path, tmp_path):
    await write(path, ["alpha"] * 12)
    await write(tmp_path / "other.db", ["beta"] * 12)
    shutil.copy(fts.path_of(tmp_path / "other.db"), fts.path_of(path))
    log = await SqliteLog.open(path, tuning=LAZY)
    assert await found(log, "alpha") == list(range(1, 13))
    await log.close()


@pytest.mark.parametrize("spoiled", ["garbage", "format", "damaged", "deleted", "cut"])
@asynchronous
async def test_an_index_that_is_of_no_use_is_made_anew(path, spoiled):
    await write(path, [f"alpha {n}" for n in range(200)])
    file = fts.path_of(path)
    if spoiled == "garbage":
        file.write_bytes(b"no database, but long enough to be taken for one" * 300)
    elif spoiled == "format":
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("UPDATE meta SET format = 'of another time'")
            connection.commit()
    elif spoiled == "damaged":
        whole = file.read_bytes()
        file.write_bytes(whole[:100] + b"\xff" * 3000 + whole[3100:])
    elif spoiled == "cut":
        file.write_bytes(file.read_bytes()[:5000])
    else:
        file.unlink()
    log = await SqliteLog.open(path, tuning=LAZY)
    assert await found(log, "alpha") == list(range(1, 201))
    await log.run_maintenance()
    assert await found(log, "alpha") == list(range(1, 201))
    await log.close()
    assert volumes(path)[24] == 200


@asynchronous
async def test_damage_noticed_while_searching_makes_it_go_on_without(path, caplog):
    await write(path, [f"alpha {n}" for n in range(200)])
    file = fts.path_of(path)
    with closing(sqlite3.connect(file)) as connection:
        for place in range(25):
            connection.execute(f"UPDATE v{place}_data SET block = x'ffff' WHERE id > 10")  # noqa: S608
        connection.commit()
    log = await SqliteLog.open(path, tuning=LAZY)
    with caplog.at_level(logging.WARNING):
        assert await found(log, "alpha") == list(range(1, 201))
    assert "without its index" in caplog.text
    assert await found(log, "alpha 199") == [200]
    await log.append(200, [said(201, text="alpha")])
    await log.run_maintenance()
    assert await found(log, "alpha") == list(range(1, 202))
    await log.close()
    log = await SqliteLog.open(path, tuning=LAZY)
    await log.run_maintenance()
    assert await found(log, "alpha") == list(range(1, 202))
    await log.close()
    assert volumes(path)[25] == 201


@asynchronous
async def test_without_trigrams_or_without_a_place_for_the_file_a_search_reads_the_history(
    path, monkeypatch, caplog
):
    with monkeypatch.context() as without:
        without.setattr(fts, "is_supported", lambda: False)
        await write(path, ["alpha"] * 12)
        log = await SqliteLog.open(path, tuning=LAZY)
        assert await found(log, "alpha") == list(range(1, 13))
        await log.close()
    assert not fts.path_of(path).exists()
    assert "no trigrams" in caplog.text
    fts.path_of(path).mkdir()
    log = await SqliteLog.open(path, tuning=LAZY)
    assert await found(log, "alpha") == list(range(1, 13))
    await log.append(12, [said(13, text="alpha")])
    await log.run_maintenance()
    await log.close()
    assert "The search has no index" in caplog.text


def test_trigrams_are_tried_out(monkeypatch):
    assert fts.is_supported()


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.sampled_from(["alpha", "beta", "Гамма", "東京"]), min_size=1, max_size=30),
    st.integers(0, 20),
    st.integers(1, 5),
)
def test_it_is_right_wherever_the_filling_is_broken_off(texts, steps, most):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "chat.db")
        copied = Path(folder, "copy.db")
        database = Database(path)
        connection = database.connection
        for number, text in enumerate(texts, 1):
            connection.execute(
                "INSERT INTO said (number, time, room, origin, text) VALUES (?, ?, '#lobby', 'a!b@c', ?)",
                (number, number, text),
            )
        opened = SearchIndex(path, database.ids, len(texts), 8)
        for _ in range(steps):
            opened.advance(len(texts), most, 1)
        for end in ("", "-wal", "-search", "-search-wal"):
            if Path(f"{path}{end}").exists():
                shutil.copy(f"{path}{end}", f"{copied}{end}")  # as after kill -9
        opened.close()
        database.close()

        @asynchronous
        async def check() -> None:
            log = await SqliteLog.open(copied, tuning=LAZY)
            for _ in range(2):
                for word in set(texts):
                    expected = [number for number, text in enumerate(texts, 1) if text == word]
                    assert await found(log, word) == expected
                await log.run_maintenance()
            await log.close()

        check()


_VICTIM = """
import asyncio, sys
from asyncchat.core.events import Record
from asyncchat.core.features.messages import Said
from asyncchat.core.people import person
from asyncchat.log.sqlite import SqliteLog
from asyncchat.log.tuning import Tuning

async def main():
    log = await SqliteLog.open(sys.argv[1], tuning=Tuning(lag=50, quiet=0.001, volume=256, slice=16))
    anna = person(1, "anna", "a", "h")
    print("ready", flush=True)
    while True:
        start = log.last
        await log.append(start, [
            Record(n, n, Said("#lobby", anna, f"word{n % 7} number {n}"))
            for n in range(start + 1, start + 21)
        ])
        if start > 400 * int(sys.argv[2]):
            print("far", flush=True)
        await asyncio.sleep(0)

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a process is killed")
def test_it_is_right_after_kill_9(path):
    path.parent.mkdir()
    for turn in range(1, 4):
        victim = subprocess.Popen(
            [sys.executable, "-c", _VICTIM, str(path), str(turn)],
            stdout=subprocess.PIPE,
            pipesize=4096,  # so far it gets ahead while nobody reads
            text=True,
        )
        assert victim.stdout is not None
        assert [victim.stdout.readline(), victim.stdout.readline()] == ["ready\n", "far\n"]
        os.kill(victim.pid, signal.SIGKILL)
        victim.wait()
        victim.stdout.close()
        check_words(path)


@asynchronous
async def check_words(path):
    log = await SqliteLog.open(path, tuning=STILL)
    for word in ("word3", '"number 77"', "4"):
        (term,) = terms_of(word)
        expected = [n for n in range(1, log.last + 1) if term in f"word{n % 7} number {n}"][-1000:]
        assert await found(log, word) == expected
    await log.close()


@asynchronous
async def test_it_is_filled_in_a_quiet_moment_and_full_volumes_become_small(path):
    tuning = Tuning(quiet=0.001, lag=20, volume=64, slice=16)
    log = await SqliteLog.open(path, tuning=tuning)
    for start in range(0, 200, 20):
        await log.append(start, [said(n) for n in range(start + 1, start + 21)])
    await log.run_maintenance()
    await log.close()
    assert volumes(path) == {0: 64, 1: 128, 2: 192, 3: 200}
    with closing(sqlite3.connect(fts.path_of(path))) as connection:
        assert connection.execute("SELECT place FROM volumes WHERE merged").fetchall() == [(0,), (1,), (2,)]


BUSY = Tuning(busy=-1, quiet=0.001, volume=64, slice=16, search_for=3600.0)
"""However few records come, the server is busy."""


@asynchronous
async def test_under_load_it_lags_but_erased_texts_leave_it(path):
    log = await SqliteLog.open(path, tuning=BUSY)
    await log.append(0, [said(n, text="needle" if n == 5 else "hay") for n in range(1, 65)])
    await log.run_maintenance()
    assert "eed" in vocabulary(path)
    await log.append(64, [said(n) for n in range(65, 129)])
    await log.append(128, [fact(129, Erased("#lobby", ANNA, (5,)))])
    async with asyncio.timeout(30):
        while "eed" in vocabulary(path):
            await log.find(1)  # others have their turn
    assert volumes(path) == {}
    assert await found(log, '"text 100"') == [100]
    await log.run_maintenance()
    assert volumes(path) == {0: 64, 1: 128, 2: 129}
    await log.close()


@asynchronous
async def test_a_catching_up_ends_when_the_server_is_busy_again(path):
    log = await SqliteLog.open(path, tuning=BUSY)
    await log.append(0, [said(n) for n in range(1, 129)])
    await log._indexer._advance(1, yields=True)
    assert volumes(path) == {1: 80}  # one slice, of the newest volume
    assert await found(log, '"text 7"') == [7, *range(70, 80)]
    await log.close()


@asynchronous
async def test_a_catching_up_goes_on_while_few_records_come(path):
    log = await SqliteLog.open(path, tuning=Tuning(quiet=3600.0, busy=1, slice=16, volume=64))
    await log.append(0, [said(n) for n in range(1, 129)])
    catching_up = asyncio.create_task(log._indexer._advance(1, yields=True))
    for number in range(129, 140):
        await log.append(log.last, [said(number)])
        await asyncio.sleep(0)
    await catching_up
    await log.close()
    assert volumes(path)[0] == 64


def many(number: int) -> str:
    """A text with 500 trigrams of its own."""
    return "".join(chr(0x4E00 + 500 * (number % 40) + at) for at in range(500))


@asynchronous
async def test_after_a_passing_full_disk_the_index_goes_on(path, caplog):
    log = await SqliteLog.open(path, tuning=Tuning(quiet=0.001, lag=20, volume=64, slice=16, retry=0.001))
    await log.append(0, [said(n) for n in range(1, 21)])
    await log.run_maintenance()
    index = log._indexer.index
    assert index is not None
    index._connection.execute("PRAGMA max_page_count = 1")  # full, for this connection
    await log.append(20, [said(n, text=f"later {n} {many(n)}") for n in range(21, 41)])
    async with asyncio.timeout(30):
        while "The search has its index again" not in caplog.text:
            await log.run_maintenance()
            assert await found(log, "later") == list(range(21, 41))
    assert log._indexer.index not in (None, index)
    await log.run_maintenance()
    assert caplog.text.count("continues without its index, which is tried again later: database or disk") == 1
    await log.close()
    assert volumes(path) == {0: 40}


@asynchronous
async def test_a_damaged_index_is_made_anew_while_the_server_runs(path):
    log = await SqliteLog.open(path, tuning=replace(STILL, volume=64))
    await log.append(0, [said(n) for n in range(1, 21)])
    await log.run_maintenance()
    assert await found(log, '"text 7"') == [7]
    error = sqlite3.DatabaseError("database disk image is malformed")
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    await log._indexer.disable(error)
    assert await found(log, '"text 7"') == [7]
    await log.append(20, [said(21, text="later")])
    await log.run_maintenance()
    assert log._indexer.index is not None
    assert await found(log, "later") == [21]
    assert await found(log, "te") == list(range(1, 22))
    await log.close()
    assert volumes(path) == {0: 21}


def test_opening_says_what_hinders_it(path, caplog):
    database = Database(path)
    fts.path_of(path).mkdir()
    assert fts_indexer.open_index(database, 8) is None
    assert "The search has no index" in caplog.text
    database.close()
