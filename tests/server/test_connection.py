"""Reads that must come in time, on a loop whose clock the test sets."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from tests.server.listeners import Hall


class Loop(asyncio.SelectorEventLoop):
    """A loop with a clock that stands still until all tasks wait, and then goes on to the next timer."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.timers = 0

    def time(self) -> float:
        return self.now

    def call_at(  # type: ignore[override]  # it hands all on
        self, when: float, callback: Any, *args: Any, **context: Any
    ) -> asyncio.TimerHandle:
        self.timers += 1
        return super().call_at(when, callback, *args, **context)

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:  # type: ignore[attr-defined]
            self.now = max(self.now, self._scheduled[0]._when)  # type: ignore[attr-defined]
        super()._run_once()  # type: ignore[misc]


def run(scene: Callable[[Loop], Coroutine[Any, Any, None]]) -> None:
    with asyncio.Runner(loop_factory=Loop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, Loop)
        runner.run(scene(loop))


def test_many_reads_in_time_need_one_timer():
    async def scene(loop: Loop) -> None:
        stream = asyncio.StreamReader()
        session = Hall().session(stream)
        before = loop.timers
        for _ in range(100):
            loop.call_soon(stream.feed_data, b"x")
            assert await session.read(75.0) == b"x"
        assert loop.timers == before + 1

    run(scene)


@pytest.mark.parametrize("first", [None, 3.0, 5.0, 75.0])
def test_a_read_ends_at_its_time_whatever_the_one_before_was_given(first):
    async def scene(loop: Loop) -> None:
        stream = asyncio.StreamReader()
        session = Hall().session(stream)
        if first is not None:
            loop.call_soon(stream.feed_data, b"x")
            assert await session.read(first) == b"x"
            loop.now += 1.0
        began = loop.now
        assert await session.read(5.0) is None
        assert loop.now - began == 5.0
        stream.feed_data(b"late")
        assert await session.read(5.0) == b"late"
        stream.feed_eof()
        assert await session.read(5.0) == b""

    run(scene)


def test_what_comes_as_time_is_up_is_not_lost():
    async def scene(loop: Loop) -> None:
        stream = asyncio.StreamReader()
        session = Hall().session(stream)
        loop.call_at(loop.now + 5.0, stream.feed_data, b"just in time")
        found = [await session.read(5.0), await session.read(0.0)]
        assert b"just in time" in found
        assert await session.read(0.0) is None

    run(scene)


@pytest.mark.parametrize("at", [1.0, 5.0])
def test_whoever_cancels_a_reader_is_obeyed_also_as_its_time_is_up(at):
    async def scene(loop: Loop) -> None:
        session = Hall().session(asyncio.StreamReader())
        reading = asyncio.create_task(session.read(5.0))
        await asyncio.sleep(0)
        loop.call_at(loop.now + at, reading.cancel)
        with pytest.raises(asyncio.CancelledError):
            await reading

    run(scene)


def test_a_connection_that_closes_leaves_no_timer():
    async def scene(loop: Loop) -> None:
        stream = asyncio.StreamReader()
        session = Hall().session(stream)
        loop.call_soon(stream.feed_data, b"x")
        await session.read(75.0)
        session.disconnect("gone")
        assert [timer for timer in loop._scheduled if not timer.cancelled()] == []  # type: ignore[attr-defined]

    run(scene)
