"""The outbox: when a batch leaves, and what happens while the log can't be written."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import pytest

from asyncchat.core.commands import DialectReply
from asyncchat.core.events import Record
from asyncchat.core.features.connect import Connect, Quit
from asyncchat.core.features.history import Window
from asyncchat.core.features.messages import Said, Say
from asyncchat.log.base import LogError, PageQuery, SequenceConflict
from asyncchat.log.memory import MemoryLog
from asyncchat.server import outbox
from asyncchat.server.outbox import StorageLost
from tests.server.harness import serving
from tests.server.listeners import Hall, Running


class UnsureLog(MemoryLog):
    """A log that fails when it is told to; ``tried`` are the batches it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.failure: Exception | None = None
        self.written_all_the_same = False
        self.tried: list[tuple[int, list[int]]] = []
        self.refused = asyncio.Event()

    async def append(self, expected_last: int, records: Sequence[Record]) -> None:
        self.tried.append((expected_last, [record.number for record in records]))
        if self.failure is not None:
            if self.written_all_the_same:
                await super().append(expected_last, records)
            self.refused.set()
            raise self.failure
        await super().append(expected_last, records)


@pytest.fixture(autouse=True)
def short_times(monkeypatch):
    monkeypatch.setattr(outbox, "RETRY", 0.01)


def texts(log: MemoryLog) -> list[str]:
    async def read():
        page = await log.read(PageQuery("#lobby", 10_000, Window(limit=1000)))
        return [record.event.text for record in page.records if isinstance(record.event, Said)]

    return asyncio.run(read())


def test_a_lone_message_leaves_at_once(monkeypatch):
    """With an endless gathering time, only what follows it waits."""
    monkeypatch.setattr(outbox, "GATHER", 3600.0)

    async def scene():
        hall = Hall()
        async with Running(hall):
            one = hall.session()
            hall.submit(one, Connect("one", "u", "h", rooms=("#lobby",)))
            await hall.outbox.emptied()
            assert hall.told(one) == ["=1", "=2", "=3"]
            hall.submit(one, Say("#lobby", "waits"))
            for _ in range(10):
                await asyncio.sleep(0)
            assert hall.told(one) == ["=1", "=2", "=3"]

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("took", "outcomes", "writes", "expected"),
    [
        (0.0, 2, 0, 0.0035),  # nothing was told
        (0.001, 2, 10, 0.0035),  # a small room: waiting saves few writes
        (0.02, 2, 8, 0.0035),  # many small rooms
        (0.0001, 2, 200, 0.0035),
        (0.0006, 2, 200, 0.0048),  # one message to 200 people
        (0.0015, 2, 200, 0.008),
        (0.0015, 1, 200, 0.0035),  # it came alone
        (0.0035, 2, 1000, 0.008),
        (0.004, 2, 12, 0.008),  # 80 messages to 1,000 people
        (0.01, 2, 5000, 0.02),
        (0.1, 2, 5000, 0.05),  # a storm of joins
    ],
)
def test_batches_are_longer_apart_where_messages_take_many_writes(took, outcomes, writes, expected):
    assert outbox.gap(took, outcomes, writes) == pytest.approx(expected)


def test_while_a_batch_is_committed_the_next_gathers(monkeypatch):
    monkeypatch.setattr(outbox, "GATHER", 0.0)

    class SlowLog(UnsureLog):
        def __init__(self) -> None:
            super().__init__()
            self.may_go_on = asyncio.Event()

        async def append(self, expected_last: int, records: Sequence[Record]) -> None:
            await super().append(expected_last, records)
            await self.may_go_on.wait()

    async def scene():
        log = SlowLog()
        hall = Hall(log)
        async with Running(hall):
            one = hall.session()
            hall.submit(one, Connect("one", "u", "h", rooms=("#lobby",)))
            for number in range(3):
                await asyncio.sleep(0)
                hall.submit(one, Say("#lobby", str(number)))
            assert hall.told(one) == []
            log.may_go_on.set()
            await hall.outbox.emptied()
        assert log.tried == [(0, [1, 2, 3]), (3, [4, 5, 6])]

    asyncio.run(scene())


@pytest.mark.parametrize("written_all_the_same", [False, True])
def test_a_failing_log_holds_deliveries_and_is_given_the_same_batch_again(written_all_the_same):
    async def scene():
        log = UnsureLog()
        hall = Hall(log)
        async with Running(hall):
            one, two = hall.session(), hall.session()
            for session, name in ((one, "one"), (two, "two")):
                hall.submit(session, Connect(name, "u", "h", rooms=("#lobby",)))
            await hall.outbox.emptied()
            before = log.last
            heard = hall.told(two)
            log.failure = LogError("disk full")
            log.written_all_the_same = written_all_the_same
            hall.submit(one, Say("#lobby", "a"))
            for _ in range(3):
                log.refused.clear()
                await log.refused.wait()
            assert hall.outbox.failing
            assert hall.outbox.holds(one)
            assert not hall.outbox.holds(two)
            hall.submit(one, Say("#lobby", "b"))
            assert hall.told(two) == heard
            log.failure = None
            await hall.outbox.emptied()
            assert not hall.outbox.failing
            assert not hall.outbox.holds(one)
            assert hall.told(two) == [*heard, str(before + 1), str(before + 2)]
        tries = [numbers for expected, numbers in log.tried if expected == before]
        assert len(tries) > 3
        assert all(numbers == [before + 1] for numbers in tries)
        assert log.tried[-1] == (before + 1, [before + 2])

    asyncio.run(scene())


@pytest.mark.parametrize("failure", [LogError("disk full"), SequenceConflict("somebody else writes")])
def test_gives_up_in_the_end(monkeypatch, failure):
    monkeypatch.setattr(outbox, "GIVE_UP", 0.05)

    async def scene():
        log = UnsureLog()
        hall = Hall(log)
        one = hall.session()
        running = Running(hall)
        await running.__aenter__()
        log.failure = failure
        hall.submit(one, Connect("one", "u", "h"))
        await asyncio.wait([hall.task])
        with pytest.raises(StorageLost, match=str(failure)):
            await running.__aexit__()
        assert hall.told(one) == []
        hall.submit(one, Say("#lobby", "into the void"))

    asyncio.run(scene())


def test_a_full_outbox_stops_the_readers_until_a_batch_has_left(monkeypatch):
    monkeypatch.setattr(outbox, "MOST_RECORDS", 10)
    monkeypatch.setattr(outbox, "MOST_OUTCOMES", 20)

    async def scene():
        log = UnsureLog()
        hall = Hall(log)
        async with Running(hall):
            one = hall.session()
            hall.submit(one, Connect("one", "u", "h", rooms=("#lobby",)))
            hall.submit(one, *[Say("#lobby", "x")] * 7)
            assert not hall.outbox.full
            hall.submit(one, Say("#lobby", "x"))
            assert hall.outbox.full
            await hall.outbox.room()
            assert not hall.outbox.full
            await hall.outbox.emptied()
            hall.submit(one, *[DialectReply("pong")] * 21)
            assert hall.outbox.full
            await hall.outbox.room()
            assert hall.told(one)[-8:] == [f"={number}" for number in range(4, 12)]

    asyncio.run(scene())


def test_an_outcome_after_the_end_of_the_outbox_raises_nothing():
    async def scene():
        hall = Hall()
        one = hall.session()
        async with Running(hall):
            hall.submit(one, Connect("one", "u", "h"))
            await hall.outbox.emptied()
        hall.submit(one, Quit())

    asyncio.run(scene())


def test_people_are_refused_while_the_log_fails_and_lose_nothing_accepted():
    log = UnsureLog()
    with serving(log) as server:
        alice, bob, carol = server.person("alice"), server.person("bob"), server.irc("carol")
        alice.until("carol is online\n")
        bob.until("carol is online\n")
        log.failure = LogError("disk full")
        alice.send("accepted\n")
        server.wait(log.refused.wait())
        alice.send("/join #stuck\n")
        for _ in range(2):
            bob.send("refused\n")
            assert "not accepted" in bob.line().lower()
        carol.send("PING x\r\nPRIVMSG #lobby :refused, too\r\nMODE #lobby\r\n")
        assert "PONG" in carol.line()
        carol.line()
        log.failure = None
        assert bob.line() == "alice: accepted"
        bob.send("again\n")
        carol.until(":again")
        alice.until("What you type goes to #stuck now.")
        alice.send("in here\n/part #stuck\nback\n")
        bob.until("alice: back")
    assert texts(log) == ["accepted", "again", "back"]


def test_everyone_is_told_when_the_log_fails_for_good(monkeypatch):
    monkeypatch.setattr(outbox, "GIVE_UP", 0.05)
    monkeypatch.setattr("asyncchat.server.server.DRAIN_SECONDS", 0.5)  # what is lost may hold a session
    log = UnsureLog()
    with suppress(StorageLost), serving(log) as server:
        alice, carol = server.person("alice"), server.irc("carol")
        stranger = server.connect()
        stranger.send("stranger")
        alice.until("carol is online\n")
        log.failure = LogError("disk full")
        carol.send("PRIVMSG #lobby :lost\r\nJOIN #x\r\n")
        assert alice.rest().decode().startswith("the history can't be written; what was said after ")
        assert "is not known to be kept" in carol.rest().decode()
        stranger.rest()
    assert isinstance(server.failure, StorageLost)
