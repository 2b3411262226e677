"""The watchdog: a loop that is blocked on purpose is reported, with what blocked it."""

import asyncio
import logging
import time

from asyncchat.server.watchdog import LOG_SECONDS, Block, Watchdog
from tests.server.harness import PATIENCE, serving


def hold_up(watchdog: Watchdog) -> None:
    """Blocks the loop until the thread has looked."""
    seen, end = watchdog._looked_at, time.monotonic() + PATIENCE
    while watchdog._looked_at == seen and time.monotonic() < end:
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
        hold_up(watchdog)
        await asyncio.wait_for(reported.wait(), PATIENCE)
        watching.cancel()
        await asyncio.wait((watching,))
        assert watchdog.blocks == len(blocks)
        assert watchdog.blocked_seconds == sum(block.seconds for block in blocks)

    asyncio.run(run())
    assert all(block.seconds > 0.02 for block in blocks)


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


def test_it_counts_only_the_time_of_its_clock():
    """With the CPU time of a thread as the clock, waiting blocks nothing."""

    async def run() -> int:
        watchdog = Watchdog(0.02, lambda: 0.0)
        watching = asyncio.create_task(watchdog.run())
        for _ in range(3):
            await asyncio.sleep(watchdog.seconds)
        watching.cancel()
        await asyncio.wait((watching,))
        return watchdog.blocks

    assert asyncio.run(run()) == 0


def test_without_a_number_it_does_not_watch():
    asyncio.run(Watchdog(0).run())


def test_a_server_watches_its_loop():
    with serving(blocked_ms=20) as server:
        watchdog = server.server.context.watchdog
        blocks: list[Block] = []
        server.call(setattr, watchdog, "on_block", blocks.append)
        server.call(hold_up, watchdog)
        end = time.monotonic() + PATIENCE
        while not any("hold_up" in function for block in blocks for function in block.stack):
            assert time.monotonic() < end
            server.call(watchdog.clock)
