"""The histories of workers, which share one stream: each is, or becomes, that of the first."""

import asyncio
import logging
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from asyncchat.config.options import ServeConfig
from asyncchat.core.features.bots import PostFromProgram
from asyncchat.core.features.history import Window
from asyncchat.log.base import LogError, PageQuery
from asyncchat.server.cluster import joining
from asyncchat.server.launch import end, launched


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr(joining, "STATE_SECONDS", 0.5)


class Chat:
    """One that is served by some workers, or by a single server."""

    def __init__(self, url, stream, folder):
        self._url, self._stream, self._first = url, stream, folder / "chat.db"
        self.said = 0

    def database(self, number):
        return self._first if number == 1 else self._first.with_name(f"chat.db-worker-{number}")

    @asynccontextmanager
    async def server(self, number, cluster):
        of_node = {"cluster": cluster, "cluster_name": self._stream, "node": f"worker-{number}"}
        config = ServeConfig(port=0, db=str(self.database(number)), **(of_node if cluster else {}))
        async with launched(config, 100, first=self._first if cluster else None) as made:
            await made.server.start(made.listening)
            serving = asyncio.create_task(made.server.run())
            try:
                yield made.server
            finally:
                await end(made.server, serving, "the test is over")

    async def say_and_read(self, server):
        """Says one line more; gives all that was said."""
        self.said += 1
        await server.hub.request(PostFromProgram("bot", "#lobby", f"line {self.said}"))
        page = await server.log.read(PageQuery("#lobby", server.log.last, Window(limit=100)))
        return [record.event.text for record in page.records]

    @property
    def lines(self):
        return [f"line {number}" for number in range(1, self.said + 1)]

    async def alone(self):
        async with self.server(1, "") as server:
            assert await self.say_and_read(server) == self.lines

    async def together(self, *numbers, shorten=False):
        """Starts these workers, one after another; each has all that was said, under the same ids."""
        async with AsyncExitStack() as stack:
            servers = [await stack.enter_async_context(self.server(number, self._url)) for number in numbers]
            for server in servers:
                assert await self.say_and_read(server) == self.lines
            for server in servers[1:]:
                assert server.log.ids.epochs == servers[0].log.ids.epochs
            if shorten:
                await servers[0].node.shortening.shorten()
            return servers[0].log.ids.epochs


@pytest.fixture
def chat(nats_url, name, tmp_path):
    return Chat(nats_url, name, tmp_path)


def test_a_single_servers_history_goes_on_with_workers_and_the_other_way_round(chat, caplog):
    async def run():
        await chat.alone()
        first = await chat.together(1, 2)
        assert await chat.together(1, 2) == first  # the same stream goes on
        assert "used by a single server" not in caplog.text
        await chat.alone()
        again = await chat.together(1, 2)
        assert again[: len(first)] == first
        assert again[-1] not in first
        await chat.together(1)

    asyncio.run(run())
    assert caplog.text.count("The history was used by a single server; the workers go on with it") == 1


def test_more_workers_begin_with_a_copy_and_fewer_leave_the_others_files(chat, caplog):
    caplog.set_level(logging.INFO)

    def copies():
        return caplog.text.count("begins with a copy of the history of the first")

    async def run():
        await chat.together(1, 2)
        assert copies() == 1
        await chat.together(1, 2, 3)
        assert copies() == 2
        await chat.together(1, 2)
        await chat.together(1, 2, 3)
        assert copies() == 2  # the third has got what it lacked from the stream
        await chat.together(1, 2, shorten=True)
        await chat.together(1, 2, 3)
        assert copies() == 3  # the stream has that no more

    asyncio.run(run())
    assert not chat.database(3).with_name("chat.db-worker-3.new").exists()
    assert len([file for file in chat.database(3).parent.iterdir() if "chat.db-worker-3.2" in file.name]) == 0


def test_a_damaged_copy_is_made_anew_and_a_damaged_first_one_refused(chat):
    async def run():
        await chat.together(1, 2)
        chat.database(2).write_bytes(b"no database" * 1000)
        await chat.together(1, 2)
        chat.database(1).write_bytes(b"no database" * 1000)
        with pytest.raises(LogError, match=r"chat\.db "):
            await chat.together(1, 2)

    asyncio.run(run())
