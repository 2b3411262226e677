"""When the hub is taken for gone: by what NATS says of it, and by its silence."""

import asyncio
from collections.abc import Callable

import pytest

from asyncchat.server.cluster import failure_detector
from asyncchat.server.cluster.failure_detector import (
    HUB,
    HUB_ASKED_AFTER,
    HUB_PATIENCE,
    HUB_SILENCE,
    STAGGER,
    FailureDetector,
)
from tests.cluster.streams import opened
from tests.log.records import asynchronous
from tests.server.harness import PATIENCE

NUMBER = 5
FROZEN = HUB_SILENCE + STAGGER + 0.1


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """NATS may be slow here: what it says is waited for."""
    monkeypatch.setattr(failure_detector, "_ANSWER_SECONDS", PATIENCE)


class Silence:
    """A detector whose hub was heard so many seconds ago."""

    def __init__(self, stream) -> None:
        self.now = 1000.0
        self.detector = FailureDetector(stream, lambda: self.now)
        self.detector.hear()

    async def is_gone(self, seconds: float) -> bool:
        self.now = 1000.0 + seconds
        return await self.detector.is_gone(NUMBER)


def hub(stream, answer: Callable[[str], None]):
    return stream.subscribe(f"{HUB}.{NUMBER}", lambda _data, reply: answer(reply))


@asynchronous
async def test_a_hub_without_a_connection_is_gone_when_that_is_seen_twice(nats_url, name):
    async with opened(nats_url, name) as stream:
        silence = Silence(stream)
        assert not await silence.is_gone(HUB_ASKED_AFTER - 0.1)
        assert not await silence.is_gone(HUB_ASKED_AFTER + 0.1)
        assert await silence.is_gone(HUB_ASKED_AFTER + 0.3)


@asynchronous
async def test_a_hub_that_gives_no_answer_is_gone_after_a_longer_silence(nats_url, name, monkeypatch):
    monkeypatch.setattr(failure_detector, "_ANSWER_SECONDS", 0.05)
    async with opened(nats_url, name) as stream:
        await hub(stream, lambda _reply: None)
        silence = Silence(stream)
        assert not await silence.is_gone(HUB_SILENCE - 0.1)
        assert await silence.is_gone(FROZEN)


@asynchronous
async def test_a_hub_that_answers_is_waited_for_while_nats_elects_a_leader(nats_url, name):
    async with opened(nats_url, name) as stream:
        answering: set[asyncio.Task[None]] = set()

        def answer(reply: str) -> None:
            answering.add(asyncio.ensure_future(stream.reply(reply, b"")))

        await hub(stream, answer)
        silence = Silence(stream)
        assert not await silence.is_gone(FROZEN)
        assert not await silence.is_gone(HUB_PATIENCE - 0.1)
        assert await silence.is_gone(HUB_PATIENCE + 0.1)
        assert len(answering) == 3


@asynchronous
async def test_a_hub_has_time_to_come_back_where_nats_was_away(nats_url, name):
    async with opened(nats_url, name) as stream:
        silence = Silence(stream)
        assert stream.on_change is not None
        stream.on_change(True)  # as after a restart of NATS
        asked = 0
        while not await silence.is_gone(FROZEN):
            asked += 1
        assert asked > 5
        silence.detector.hear()
        assert not await silence.is_gone(FROZEN + HUB_SILENCE)
        assert await silence.is_gone(FROZEN + HUB_SILENCE)


@asynchronous
async def test_a_hub_that_says_that_it_stops_is_gone_at_once(nats_url, name):
    async with opened(nats_url, name) as stream:
        silence = Silence(stream)
        silence.detector.leave()
        await silence.detector.until_silent()
        assert await silence.is_gone(0.1)
