"""What bench says of the search's index, from files of a history and from a server's process."""

import os

from asyncchat.bench import process
from asyncchat.bench.metrics import Metrics, add_index
from asyncchat.bench.search_index import Filling, IndexWatch
from asyncchat.log.sqlite import SqliteLog
from asyncchat.log.tuning import Tuning
from tests.log.records import asynchronous, said


def silent(text: str) -> None:
    """Show no progress."""


def test_a_thread_is_found_by_its_name(tmp_path):
    for number, name in ((7, "history-fts"), (8, "history-fts"), (9, "history-mainten")):
        thread = tmp_path / "5" / "task" / str(number)
        thread.mkdir(parents=True)
        (thread / "comm").write_text(f"{name}\n")
        (thread / "schedstat").write_text("1500000000 5 6\n")
    assert process.thread_seconds(5, "history-fts", tmp_path) == 3.0
    assert process.thread_seconds(5, "history-maintenance", tmp_path) == 1.5
    assert process.thread_seconds(5, "other", tmp_path) is None
    assert process.thread_seconds(6, "history-fts", tmp_path) is None


@asynchronous
async def test_what_the_index_lacks_is_read_beside_the_server(tmp_path):
    path = tmp_path / "chat.db"
    assert IndexWatch(path, os.getpid()).lacks() == 0
    log = await SqliteLog.open(path, tuning=Tuning(quiet=3600.0))
    await log.append(0, [said(n) for n in range(1, 101)])
    watch = IndexWatch(path, os.getpid())
    assert watch.lacks() == 100
    await log.run_maintenance()
    assert watch.lacks() == 0
    await log.append(100, [said(n) for n in range(101, 105)])
    filling = watch.filled(silent)
    assert (filling.lacked, filling.left, filling.row_us) == (4, 4, None)
    assert filling.describe().startswith("the search's index lacked 4 rows at the end")
    await log.close()


def test_its_price_is_told_beside_the_servers():
    metrics = Metrics("x", {"cpu_us": 2.0, "deliveries_per_s": 1000.0, "messages_per_s": 100.0})
    add_index(metrics, Filling(10_000, 0, 2.5, 2.0, 0.1, 0.0), 20_000)
    assert metrics.values["index_row_us"] == 10.0
    assert metrics.values["index_us"] == 0.5  # a message is ten deliveries, and half of them came later
    assert metrics.values["full_us"] == 2.5
    assert metrics.notes == [
        "the search's index lacked 10,000 rows at the end; 2.5 s later it was full: 5,000 rows/s, "
        "10.0 us of CPU each; during the run it took 0.00 s of CPU"
    ]
    stuck = Filling(10_000, 5000, 9.0, 2.0, 0.1, None)
    assert "still lacked 5,000: 2,500 rows/s, 20.0 us of CPU each" in stuck.describe()
    assert "during" not in stuck.describe()


def test_a_server_without_an_index_has_its_price():
    metrics = Metrics("x", {"cpu_us": 2.0, "deliveries_per_s": 1000.0, "messages_per_s": 100.0})
    add_index(metrics, None, 100)
    assert metrics.values["full_us"] == 2.0
    assert "index_us" not in metrics.values
