"""One session's task: how it reads."""

import asyncio

from asyncchat.core.commands import Command
from asyncchat.server import session
from asyncchat.server.limits import READ_BYTES
from asyncchat.server.session import Session
from tests.server.listeners import Hall, Numbers, Running


class Settled:
    """An arrival that is over."""

    def __init__(self, _session: Session) -> None:
        pass

    async def settle(self) -> bytes:
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


def test_the_others_have_a_turn_between_two_full_chunks(monkeypatch):
    monkeypatch.setattr(session, "Arrival", Settled)

    async def scene():
        hall = Hall()
        async with Running(hall):
            reader = asyncio.StreamReader()
            flooder = hall.session(reader)
            dialect = Listening()
            flooder.adopt(dialect)
            reader.feed_data(b"\n" * (3 * READ_BYTES + 5))
            reader.feed_eof()
            await flooder.run()
        turns = [turn for turn, length in dialect.came if length]
        assert [length for _, length in dialect.came if length] == [READ_BYTES] * 3 + [5]
        assert len(set(turns[:3])) == 3

    asyncio.run(scene())
