import os
import socket
import sys

import pytest

from asyncchat.bench import process
from asyncchat.errors import AsyncChatError

linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def fake(proc, pid, parent, ticks=(0, 0), name="a) b", scheduled=(), pss=None, rss=None):
    entry = proc / str(pid)
    entry.mkdir(parents=True)
    numbers = " ".join(["0"] * 9)
    (entry / "stat").write_text(f"{pid} ({name}) S {parent} {numbers} {ticks[0]} {ticks[1]} 0 0 20\n")
    for number, nanoseconds in enumerate(scheduled):
        thread = entry / "task" / str(pid + number)
        thread.mkdir(parents=True)
        (thread / "schedstat").write_text(f"{nanoseconds} 5 6\n")
    if pss is not None:
        (entry / "smaps_rollup").write_text(f"000-fff ---p\nRss: 99 kB\nPss: {pss} kB\nPss_Dirty: 1 kB\n")
    if rss is not None:
        (entry / "status").write_text(f"Name: a\nVmRSS:\t {rss} kB\n")


@linux
def test_a_tree_has_children_and_grandchildren(tmp_path):
    for pid, parent in ((10, 1), (11, 10), (12, 11), (13, 1)):
        fake(tmp_path, pid, parent)
    (tmp_path / "net").mkdir()
    assert process.tree(10, tmp_path) == [10, 11, 12]


@linux
def test_processor_time_is_the_scheduler_s_or_that_of_ended_threads_too(tmp_path):
    second = os.sysconf("SC_CLK_TCK")
    fake(tmp_path, 10, 1, ticks=(second, second), scheduled=(1_500_000_000, 1_000_000_000))
    fake(tmp_path, 11, 10, ticks=(3 * second, 0), scheduled=(1_000_000_000,))
    assert process.cpu_seconds(10, tmp_path) == pytest.approx(2.5 + 3)
    assert process.cpu_seconds(99, tmp_path) is None


@linux
def test_memory_is_pss_where_it_is_told(tmp_path):
    fake(tmp_path, 10, 1, pss=100, rss=500)
    fake(tmp_path, 11, 10, rss=50)
    assert process.memory_bytes(10, tmp_path) == 150 * 1024
    assert process.memory_bytes(99, tmp_path) is None


@linux
def test_of_all_programs_together_idle_time_is_left_out(tmp_path):
    second = os.sysconf("SC_CLK_TCK")
    times = " ".join(str(second * each) for each in (1, 2, 3, 1000, 2000, 4, 5, 6, 7, 8))
    (tmp_path / "stat").write_text(f"cpu  {times}\ncpu0 1 2\n")
    assert process.machine_seconds(tmp_path) == pytest.approx(1 + 2 + 3 + 4 + 5 + 6)


@linux
def test_the_listener_of_a_port_is_found():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert process.listener(port) == os.getpid()
    assert process.listener(port) is None


@linux
def test_this_process_is_read():
    assert (process.cpu_seconds(os.getpid()) or 0) > 0
    assert (process.memory_bytes(os.getpid()) or 0) > 1_000_000
    assert (process.machine_seconds() or 0) > 0


@linux
def test_a_processor_that_does_not_exist():
    with pytest.raises(AsyncChatError, match="cannot pin to processor 9999"):
        process.pin(0, 9999)


@linux
def test_too_many_connections_say_which_limit_is_too_low(monkeypatch):
    import resource

    monkeypatch.setattr(resource, "getrlimit", lambda which: (256, 1024))
    with pytest.raises(
        AsyncChatError, match="5000 connections need 5064 open files, but the hard limit is 1024"
    ):
        process.raise_file_limit(5000)


@linux
def test_the_soft_limit_is_raised_to_the_hard_one(monkeypatch):
    import resource

    raised = []
    monkeypatch.setattr(resource, "getrlimit", lambda which: (256, 9000))
    monkeypatch.setattr(resource, "setrlimit", lambda which, limits: raised.append(limits))
    process.raise_file_limit(5000)
    assert raised == [(9000, 9000)]
