"""Pacing: pieces with pauses, until a client turns out to be framed or is gone."""

import asyncio

import pytest

from asyncchat.dialects.plain.dialect import Plain
from asyncchat.server import chunked_writer
from asyncchat.server.chunked_writer import ChunkedWriter
from tests.dialects.driver import server_info


@pytest.fixture
def dialect(monkeypatch):
    monkeypatch.setattr(chunked_writer, "WRITE_PAUSE", 0.001)
    return Plain(server_info()).dialect(1, "10.0.0.1", framed=False)


class Connection:
    """Takes writes; ``expect`` waits for so many."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []
        self.lost = False
        self._changed = asyncio.Event()

    def write(self, data: bytes) -> None:
        self._changed.set()
        if self.lost:
            raise RuntimeError("the handler is closed")
        self.writes.append(data)

    async def expect(self, writes: int) -> list[bytes]:
        while len(self.writes) < writes:
            self._changed.clear()
            await self._changed.wait()
        return self.writes

    async def touched(self) -> None:
        self._changed.clear()
        await self._changed.wait()


def test_pieces_go_out_one_after_the_other(dialect):
    async def pace():
        connection = Connection()
        writer = ChunkedWriter(dialect, connection.write)
        writer.write(b"Hello, bob!\n")
        writer.write("Иван: ".encode() + "я".encode() * 800 + b"\n")
        assert connection.writes == [b"Hello, bob!"]
        assert writer.backlog > 1600
        one, two, three = await connection.expect(3)
        assert writer.backlog == 0
        assert max(map(len, (one, two, three))) <= 1024
        assert (two + three).decode() == "Иван: " + "я" * 800

    asyncio.run(pace())


def test_a_client_that_turns_out_to_be_framed_gets_the_missing_newline(dialect):
    async def pace():
        connection = Connection()
        writer = ChunkedWriter(dialect, connection.write)
        writer.write(b"Hello, bob!\n")
        dialect.receive_data(b"bob\n")
        writer.write(b"alice: hi\n")
        writer.write(b"alice: ho\n")
        assert b"".join(connection.writes) == b"Hello, bob!\nalice: hi\nalice: ho\n"

    asyncio.run(pace())


def test_what_waits_for_a_lost_connection_is_dropped(dialect):
    async def pace():
        connection = Connection()
        writer = ChunkedWriter(dialect, connection.write)
        writer.write(b"one\n")
        writer.write(b"two\n")
        connection.lost = True
        await connection.touched()
        assert writer.backlog == 0
        writer.write(b"three\n")
        writer.finish()
        assert connection.writes == [b"one"]

    asyncio.run(pace())


def test_the_end_sends_what_waits(dialect):
    async def pace():
        connection = Connection()
        writer = ChunkedWriter(dialect, connection.write)
        writer.write(b"one\n")
        writer.write(b"two\n")
        writer.finish()
        writer.finish()
        assert b"".join(connection.writes) == b"one\ntwo\n"

    asyncio.run(pace())
