"""The pytest fixture ``asyncchat_server``: a chat server for tests of bots and other clients.

Owns the thread in which it runs, so that tests with and without asyncio can use it. pytest imports this
module at its start: it must import nothing else of the package until the fixture is used.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from asyncchat.server.embedded import Server


class ServerInThread:
    """A running chat server whose history is in memory.

    Attributes:
        url: the address of the page and of the HTTP API: ``http://127.0.0.1:1234``.
        address: host and port, as clients take it.
    """

    url: str
    address: str

    def __init__(self) -> None:
        self._began: Future[Server] = Future()
        self._loop: asyncio.AbstractEventLoop
        self._ending: asyncio.Event
        self._thread = threading.Thread(target=self._run, name="asyncchat_server")

    def __repr__(self) -> str:
        return f"<ServerInThread at {self.url}>"

    def post(self, room: str, text: str, *, nick: str, action: bool = False, notice: bool = False) -> str:
        """Says something in a room, and returns the message's id (``Server.post``)."""
        post = self._began.result().post(room, text, nick=nick, action=action, notice=notice)
        return asyncio.run_coroutine_threadsafe(post, self._loop).result()

    def _start(self) -> None:
        self._thread.start()
        server = self._began.result()
        self.url, self.address = server.url, server.address

    def _stop(self) -> None:
        self._loop.call_soon_threadsafe(self._ending.set)
        self._thread.join()

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        from asyncchat.server.embedded import Server

        self._loop, self._ending = asyncio.get_running_loop(), asyncio.Event()
        try:
            async with Server(limits=False) as server:
                self._began.set_result(server)
                await self._ending.wait()
        except BaseException as error:
            if self._began.done():
                raise
            self._began.set_exception(error)


@pytest.fixture
def asyncchat_server() -> Iterator[ServerInThread]:
    """A chat server of this test's own, on a free port, without limits; its history is in memory.

    ``url`` and ``address`` say where it is, and ``post(room, text, nick=…)`` says something there.
    """
    server = ServerInThread()
    server._start()
    try:
        yield server
    finally:
        server._stop()
