"""One session's task: how it reads."""

import asyncio

import msgspec
import pytest

from asyncchat.core.commands import Command
from asyncchat.core.features.connect import CheckName, Connect
from asyncchat.core.features.server import Reload
from asyncchat.core.replies import StorageDown
from asyncchat.dialects.base import Outcome
from asyncchat.server import session as session_module
from asyncchat.server.limits import READ_BYTES, TURN_LINES
from asyncchat.server.session import Session
from asyncchat.server.slices import PASS_SECONDS, PassTurns, Turns
from tests.server.listeners import Hall, Numbers, Running


async def detected(_session: Session) -> bytes:
    """A detection that is over."""
    return b""


class Listening(Numbers):
    """Notes in which of the loop's turns each chunk came."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.get_running_loop()
        self.turn = 0
        self.came: list[tuple[int, int]] = []
        self.loop.call_soon(self.count)

    def count(self) -> None:
        self.turn += 1
        self.loop.call_soon(self.count)

    def receive_data(self, data: bytes, limit: int = 64) -> list[Command]:
        self.came.append((self.turn, len(data)))
        return []


def test_the_others_have_a_turn_between_two_full_chunks():
    async def scene():
        hall = Hall()
        async with Running(hall):
            reader = asyncio.StreamReader()
            flooder = hall.session(reader)
            dialect = Listening()
            flooder.adopt(dialect)
            reader.feed_data(b"\n" * (3 * READ_BYTES + 5))
            reader.feed_eof()
            await flooder.run(detected)
        turns = [turn for turn, length in dialect.came if length]
        assert [length for _, length in dialect.came if length] == [READ_BYTES] * 3 + [5]
        assert len(set(turns[:3])) == 3

    asyncio.run(scene())


@pytest.mark.parametrize("leave", [False, True])
def test_all_who_ask_something_at_once_are_served_a_few_a_pass(monkeypatch, leave):
    """The loop was busy, or a network is back: thousands of lines, or ends, are there when it looks again."""
    now, turn, people = 0.0, 0, 60
    came: list[int] = []
    monkeypatch.setattr(session_module, "perf_counter", lambda: now)

    class Slow(Numbers):
        def receive_data(self, data: bytes, limit: int = 64) -> list[Command]:
            self.work(bool(data))
            return []

        def receive_eof(self) -> list[Command]:
            self.work(leave)
            return []

        def work(self, counts: bool) -> None:
            nonlocal now
            if counts:
                now += PASS_SECONDS / 5
                came.append(turn)

    async def scene() -> None:
        nonlocal turn
        hall = Hall()
        async with Running(hall):
            readers = [asyncio.StreamReader() for _ in range(people)]
            sessions = [hall.session(reader) for reader in readers]
            turns, pass_turns = Turns(lambda: now), PassTurns(lambda: now)
            for session in sessions:
                session.context.turns, session.context.pass_turns = turns, pass_turns
                session.adopt(Slow())
            tasks = [asyncio.create_task(session.run(detected)) for session in sessions]
            for _ in range(5 * people):
                await asyncio.sleep(0)
            for reader in readers:
                reader.feed_eof() if leave else reader.feed_data(b"line\n")
            while len(came) < people:
                turn += 1
                await asyncio.sleep(0)
            for reader in readers:
                reader.feed_eof()
            await asyncio.gather(*tasks)

    asyncio.run(scene())
    assert max(came.count(one) for one in came) <= 6


@pytest.mark.parametrize(("had_processor", "charged"), [(True, TURN_LINES), (False, 0)])
def test_a_turn_is_charged_by_the_time_for_which_it_had_the_processor(monkeypatch, had_processor, charged):
    """A machine that does something else meanwhile is nobody's fault."""
    now = 0.0
    monkeypatch.setattr(session_module, "perf_counter", lambda: now)

    class Slow(Numbers):
        def receive_data(self, data: bytes, limit: int = 64) -> list[Command]:
            nonlocal now
            now += len(data)
            return []

    async def scene() -> float:
        hall = Hall()
        async with Running(hall):
            reader = asyncio.StreamReader()
            session = hall.session(reader)
            context = session.context
            context.options = msgspec.structs.replace(context.options, limits=True)
            context.pass_turns = PassTurns(lambda: now, processor=lambda: now * had_processor)
            session.adopt(Slow())
            before = session.budget._own.level
            reader.feed_data(b"line\n")
            reader.feed_eof()
            await session.run(detected)
            return before - session.budget._own.level

    assert round(asyncio.run(scene())) == charged


class Awaiting(Numbers):
    """Makes each line the same command, and reads on only when its outcome is told."""

    def __init__(self, command: Command) -> None:
        super().__init__()
        self.command = command
        self.lines = b""
        self.order: list[str] = []

    def receive_data(self, data: bytes, limit: int = 64) -> list[Command]:
        line, _, self.lines = (self.lines + data).partition(b"\n")
        self.backlog = len(self.lines)
        if not line:
            return []
        self.order.append(line.decode())
        return [self.command]

    def awaits(self, command: Command) -> bool:
        return command == self.command

    def encode_outcome(self, outcome: Outcome) -> bytes:
        self.order.append("told")
        return super().encode_outcome(outcome)


@pytest.mark.parametrize("command", [CheckName("bob"), Reload()])
def test_nothing_is_read_while_an_outcome_is_awaited(command):
    async def later(_session: Session, _command: Command, _reached: int) -> StorageDown:
        for _ in range(5):
            await asyncio.sleep(0)
        return StorageDown()

    async def scene():
        hall = Hall()
        async with Running(hall):
            reader = asyncio.StreamReader()
            session = hall.session(reader)
            session.context.io_handlers = {Reload: later}
            dialect = Awaiting(command)
            session.adopt(dialect)
            reader.feed_data(b"one\ntwo\nthree\n")
            reader.feed_eof()
            await session.run(detected)
        assert dialect.order[:6] == ["one", "told", "two", "told", "three", "told"]

    asyncio.run(scene())


class Lister(Numbers):
    """A dialect that answers everything with a list longer than the slow reader's limit."""

    def encode_outcome(self, outcome: Outcome) -> bytes:
        return b"x" * 3_000_000


def test_a_long_answer_of_its_own_makes_nobody_a_slow_reader():
    async def play() -> None:
        async with Running(Hall()) as hall:
            reader = hall.session()
            reader.adopt(Lister())
            reader.context.options = msgspec.structs.replace(reader.context.options, slow_seconds=0.0)
            hall.submit(reader, Connect("ann", "u", "h", rooms=("#lobby",)))
            await hall.outbox.emptied()
            hall.connections[reader].stalled = 3_500_000
            assert not reader.is_slow()
            hall.connections[reader].stalled = 4_100_000
            assert reader.is_slow()
            hall.connections[reader].stalled = 0
            await reader.drained()
            hall.connections[reader].stalled = 1_100_000
            assert reader.is_slow()

    asyncio.run(play())
