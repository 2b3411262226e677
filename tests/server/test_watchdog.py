"""The watchdog: a loop that is blocked on purpose is reported, with what blocked it."""

import asyncio
import gc
import logging
import sys
import threading
import time

import pytest
import uvloop

from asyncchat.server import watchdog as watchdog_module
from asyncchat.server.watchdog import LOG_SECONDS, Block, Watchdog
from tests.server.harness import PATIENCE, serving


def hold_up(watchdog: Watchdog) -> None:
    """Blocks the loop until the thread has looked.

    It does not look while it waits for the end of a block that it has found just before.
    """
    seen, end = watchdog.looked, time.monotonic() + 1.0
    while watchdog.looked == seen and time.monotonic() < end:
        time.sleep(0.001)


def test_a_block_is_reported_with_the_function_that_caused_it():
    blocks: list[Block] = []

    async def run() -> None:
        watchdog = Watchdog(0.02)
        reported = asyncio.Event()

        def on_block(block: Block) -> None:
            blocks.append(block)
            if any("hold_up" in function for function in block.stack):
                reported.set()

        watchdog.on_block = on_block
        watching = asyncio.create_task(watchdog.run())
        await asyncio.sleep(0)
        async with asyncio.timeout(PATIENCE):
            while not reported.is_set():
                hold_up(watchdog)
                await asyncio.sleep(0)
        watching.cancel()
        await asyncio.wait((watching,))
        assert watchdog.blocks == len(blocks)
        assert watchdog.blocked_seconds == sum(block.seconds for block in blocks)

    asyncio.run(run())
    assert all(block.seconds > 0.02 for block in blocks)


def test_the_collector_does_not_run_while_it_looks(monkeypatch):
    """In Python 3.11 the process could stand for ever: a run of these tests did."""
    look, collected = sys._current_frames, []

    def looking():
        collected.append(gc.isenabled())
        return look()

    monkeypatch.setattr(sys, "_current_frames", looking)
    for is_on in (True, False):
        (gc.enable if is_on else gc.disable)()
        try:
            frame = watchdog_module._frame_of(threading.get_ident())
            assert gc.isenabled() == is_on
        finally:
            gc.enable()
        assert frame is not None
    assert collected == [False, False]


def test_it_is_logged_in_one_line_and_not_for_each_block(caplog):
    watchdog = Watchdog(0.02)
    with caplog.at_level(logging.WARNING):
        watchdog._log(Block(0.08, ("session.py:1 run", "dialect.py:2 say")))
        watchdog._log(Block(0.09, ()))
        watchdog._logged_at -= LOG_SECONDS
        watchdog._log(Block(0.1, ()))
    assert caplog.messages == [
        "The event loop was blocked for 80 ms by session.py:1 run > dialect.py:2 say",
        "The event loop was blocked for 100 ms by unknown",
    ]


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_a_loop_that_waits_is_neither_woken_nor_blocked(loop):
    async def run() -> Watchdog:
        watchdog = Watchdog(0.001)
        watching = asyncio.create_task(watchdog.run())
        await asyncio.sleep(0)
        woken: list[object] = []
        running = asyncio.get_running_loop()
        running.call_soon_threadsafe = lambda call, *_: woken.append(call)  # type: ignore[method-assign,assignment]
        await asyncio.sleep(0.1)
        watching.cancel()
        await asyncio.wait((watching,))
        assert len(woken) < 10  # it works now and then, but not each time that the thread looks
        return watchdog

    with asyncio.Runner(loop_factory=loop) as runner:
        assert runner.run(run()).blocks == 0


def test_without_a_number_it_does_not_watch():
    asyncio.run(Watchdog(0).run())


def test_a_server_watches_its_loop():
    with serving(blocked_ms=20) as server:
        watchdog = server.server.context.watchdog
        blocks: list[Block] = []
        server.call(setattr, watchdog, "on_block", blocks.append)
        end = time.monotonic() + PATIENCE
        while not any("hold_up" in function for block in blocks for function in block.stack):
            assert time.monotonic() < end
            server.call(hold_up, watchdog)
