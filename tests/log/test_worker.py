"""A worker's thread: jobs in their order, their results, and who waits for their ends."""

import asyncio
import gc
import os
import sys
import threading
import weakref
from pathlib import Path

import pytest

from asyncchat.log.worker import Worker
from tests.log.records import asynchronous


@pytest.fixture
def worker():
    made = Worker("test")
    yield made
    made.close()


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "test"]


@asynchronous
async def test_jobs_are_done_in_their_order_in_one_thread_that_begins_with_the_first():
    worker = Worker("test")
    assert not threads()
    done: list[tuple[int, int]] = []

    def job(number: int, *, named: str) -> str:
        done.append((number, threading.get_ident()))
        return f"{named} {number}"

    answers = await asyncio.gather(*(worker.run(job, number, named="job") for number in range(50)))
    assert answers == [f"job {number}" for number in range(50)]
    assert [number for number, _ in done] == list(range(50))
    assert len({thread for _, thread in done}) == 1
    assert done[0][1] != threading.get_ident()
    assert threads() == ["test"]
    worker.close()
    assert not threads()
    with pytest.raises(RuntimeError):
        await worker.run(job, 1, named="late")


@asynchronous
async def test_what_a_job_raises_is_raised_and_then_forgotten():
    worker = Worker("test")

    class Held:
        pass

    def fail() -> None:
        held = Held()
        known.append(weakref.ref(held))
        raise ValueError("of the job")

    known: list[weakref.ref[Held]] = []
    gc.disable()
    try:
        with pytest.raises(ValueError, match="of the job") as caught:
            await worker.run(fail)
        del caught
        assert await worker.run(lambda: 1) == 1
        assert known[0]() is None
    finally:
        gc.enable()
    worker.close()


@pytest.mark.parametrize("fails", [False, True])
def test_whoever_is_cancelled_waits_for_the_end_of_the_job(worker, fails):
    begun, goes_on = threading.Event(), threading.Event()
    ended = False

    def job() -> None:
        nonlocal ended
        begun.set()
        goes_on.wait()
        ended = True
        if fails:
            raise ValueError

    async def scene() -> None:
        task = asyncio.create_task(worker.run(job))
        await asyncio.to_thread(begun.wait)
        for _ in range(3):
            task.cancel()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert not task.done()
        goes_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert ended
        assert await worker.run(lambda: 1) == 1

    asyncio.run(scene())


def test_a_loop_that_is_closed_harms_no_other(worker):
    goes_on = threading.Event()
    loop = asyncio.new_event_loop()
    waiting = worker.run(goes_on.wait)
    loop.call_soon(waiting.send, None)
    loop.call_soon(loop.stop)
    loop.run_forever()
    waiting.close()
    loop.close()
    goes_on.set()
    assert asyncio.run(worker.run(lambda: 1)) == 1


@asynchronous
async def test_a_worker_that_nobody_has_any_more_ends_its_thread():
    worker = Worker("test")
    await worker.run(lambda: 1)
    del worker
    gc.collect()
    assert not threads()


@pytest.mark.skipif(sys.platform != "linux", reason="threads have no names and priorities of their own")
@asynchronous
async def test_the_system_knows_name_and_priority():
    worker = Worker("history-maintenance", niceness=1)

    def seen() -> tuple[str, int]:
        thread = threading.get_native_id()
        name = Path(f"/proc/self/task/{thread}/comm").read_text("ascii")
        return name, os.getpriority(os.PRIO_PROCESS, thread)

    usual = os.getpriority(os.PRIO_PROCESS, 0)
    assert await worker.run(seen) == ("history-mainten\n", min(usual + 1, 19))
    assert os.getpriority(os.PRIO_PROCESS, 0) == usual
    worker.close()
