"""The log in memory holds the loop for no longer than others may wait."""

import asyncio
import threading
from collections.abc import Iterable

import pytest

from asyncchat.core.events import Event
from asyncchat.core.features.rooms import RoomOpened
from asyncchat.core.features.topic import TopicChanged
from asyncchat.log import memory
from asyncchat.log.memory import MemoryLog
from asyncchat.log.snapshot import snapshot
from tests.log.records import ANNA, asynchronous, fact, said


@asynchronous
async def test_a_large_batch_gives_the_others_turns():
    log = MemoryLog()
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    await log.append(0, [said(number) for number in range(1, 5001)])
    counting.cancel()
    assert log.last == 5000
    assert turns >= 8


@asynchronous
async def test_the_state_is_shortened_in_a_thread(monkeypatch: pytest.MonkeyPatch):
    threads: set[int] = set()

    def noting(facts: Iterable[Event]) -> tuple[Event, ...]:
        threads.add(threading.get_ident())
        return snapshot(facts)

    monkeypatch.setattr(memory, "snapshot", noting)
    monkeypatch.setattr(memory, "_STATE_FACTS", 20)
    log = MemoryLog()
    await log.append(0, [fact(1, RoomOpened("#a", 1))])
    for number in range(2, 50):
        await log.append(number - 1, [fact(number, TopicChanged("#a", ANNA, f"topic {number}", number))])
    assert threads
    assert threading.get_ident() not in threads
    assert len(list(log.state())) < 30
    topic = log.chat().rooms["#a"].topic
    assert topic is not None
    assert topic.text == "topic 49"
