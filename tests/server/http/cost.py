"""What requests over HTTP cost a server in processor time: ``python -m tests.server.http.cost [TREE …]``.

Several trees with the source of asyncchat (their ``src``) are loaded in turn, so that what else the machine
does meets them alike. Without one it is this tree. Each figure is microseconds a request, the median and the
least of the runs: user and system time of all threads of the server.
"""

import argparse
import asyncio
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Self

import asyncchat
from asyncchat.bench.process import cpu_seconds

SAID = 3000
"""Messages in the room before anything is measured."""

_TEXT = "hello, this is a message of ordinary length"


class Server:
    """A server of a source tree, in a process of its own, with a room full of messages."""

    def __init__(self, tree: str, folder: str) -> None:
        self._environment = {**os.environ, "PYTHONPATH": tree}
        self._folder = Path(folder)
        self._host = b""
        self._bearer = b""
        self._ids: list[str] = []

    async def __aenter__(self) -> Self:
        command = [sys.executable, "-m", "asyncchat"]
        database = ["--db", str(self._folder / "chat.db")]
        rights = ["--allow", "post", "--allow", "read", "--room", "*"]
        token = await asyncio.create_subprocess_exec(
            *command, "token", "add", "bot", *database, *rights,
            env=self._environment, stdout=subprocess.PIPE,
        )  # fmt: skip
        told, _ = await token.communicate()
        self._bearer = b"Authorization: Bearer %b\r\n" % re.findall(rb"\S{20,}", told)[-1]
        self._process = await asyncio.create_subprocess_exec(
            *command, "serve", "--port", "0", *database, "--no-limits",
            env=self._environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        log = self._process.stdout
        assert log is not None
        listening = None
        while listening is None and (line := await log.readline()):
            listening = re.search(rb"Listening on tcp://[^:\s]+:(\d+)", line)
        if listening is None:
            raise RuntimeError("the server did not start")
        self._port = int(listening[1])
        self._host = f"Host: localhost:{self._port}\r\n".encode()
        self._log = asyncio.create_task(log.read())
        # Pages of rooms in which somebody is are cached.
        reader, self._member = await asyncio.open_connection("127.0.0.1", self._port)
        self._member.write(b"NICK member\r\nUSER member 0 * :member\r\nJOIN #lobby\r\n")
        await reader.readuntil(b" 366 ")
        self._reading = asyncio.create_task(_drop(reader))
        await self.load(self.post, 16, SAID // 16)
        page = json.loads(await self._ask_once(self.newest(0)))
        self._ids = [message["id"] for message in page["messages"]]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._member.close()
        await self._reading
        self._process.terminate()
        await self._process.wait()
        await self._log

    def post(self, _number: int) -> bytes:
        """A message, acknowledged when it is committed."""
        body = json.dumps({"text": _TEXT}).encode()
        kind = b"Content-Type: application/json\r\nContent-Length: %d\r\n" % len(body)
        head = b"POST /api/v1/rooms/lobby/messages HTTP/1.1\r\n"
        return b"%b%b%b%b\r\n%b" % (head, self._host, self._bearer, kind, body)

    def newest(self, _number: int) -> bytes:
        """The newest page of 50 messages."""
        return b"GET /api/v1/rooms/lobby/messages HTTP/1.1\r\n%b%b\r\n" % (self._host, self._bearer)

    def older(self, number: int) -> bytes:
        """A page before one of those messages, which is not cached."""
        before = self._ids[number % len(self._ids)].encode()
        target = b"/api/v1/rooms/lobby/messages?limit=50&before=%b" % before
        return b"GET %b HTTP/1.1\r\n%b%b\r\n" % (target, self._host, self._bearer)

    def html(self, _number: int) -> bytes:
        """The page for browsers."""
        return b"GET / HTTP/1.1\r\n%bAccept: text/html\r\nAccept-Encoding: gzip\r\n\r\n" % self._host

    def unknown(self, number: int) -> bytes:
        """The same, with a head that was never seen before."""
        return self.html(number)[:-2] + b"X-Number: %d %d\r\n\r\n" % (os.getpid(), id(object()) + number)

    async def load(self, make: Callable[[int], bytes], connections: int, each: int) -> float:
        """Sends requests of a kind on so many connections at once; gives the microseconds of each."""
        before = self._cpu()
        await asyncio.gather(*(self._ask(make, first, each) for first in range(connections)))
        return (self._cpu() - before) / (connections * each) * 1_000_000

    def _cpu(self) -> float:
        seconds = cpu_seconds(self._process.pid)
        if seconds is None:
            raise RuntimeError("the server is gone, or the system does not tell its processor time")
        return seconds

    async def _ask(self, make: Callable[[int], bytes], first: int, count: int) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        body = b""
        for number in range(count):
            writer.write(make(first + number))
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 20"):
                raise RuntimeError(head.decode())
            body = await reader.readexactly(int(head.partition(b"Content-Length: ")[2].partition(b"\r")[0]))
        writer.close()
        return body

    async def _ask_once(self, request: bytes) -> bytes:
        return await self._ask(lambda _number: request, 0, 1)


async def _drop(reader: asyncio.StreamReader) -> None:
    """Reads what a member is told, or it would be too slow."""
    while await reader.read(65_536):
        pass


KINDS: dict[str, tuple[Callable[[Server, int], bytes], int, int]] = {
    "post": (Server.post, 16, 200),
    "newest": (Server.newest, 4, 400),
    "older": (Server.older, 4, 200),
    "html": (Server.html, 4, 800),
    "unknown": (Server.unknown, 4, 400),
}
"""How a request is made, how many connections send it at once, and how often each."""


async def measure(trees: list[str], kinds: list[str], runs: int) -> None:
    """Prints what requests of these kinds cost."""
    async with AsyncExitStack() as stack:
        servers = []
        for tree in trees:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            servers.append(await stack.enter_async_context(Server(tree, folder)))
        for kind in kinds:
            make, connections, each = KINDS[kind]
            found: list[list[float]] = [[] for _ in servers]
            for _ in range(runs):
                for server, costs in zip(servers, found, strict=True):
                    costs.append(await server.load(partial(make, server), connections, each))
            told = [f"{statistics.median(costs):7.0f} (least {min(costs):5.0f})" for costs in found]
            sys.stdout.write(f"{kind:<8} {'  '.join(told)}\n")
            sys.stdout.flush()


def main() -> None:
    """Measures, and prints the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument(
        "trees", nargs="*", metavar="TREE", default=[str(Path(asyncchat.__file__).parents[1])]
    )
    parser.add_argument("--kinds", default=",".join(KINDS), help="of requests, with commas")
    parser.add_argument("--runs", type=int, default=3)
    asked = parser.parse_args()
    asyncio.run(measure(asked.trees, asked.kinds.split(","), asked.runs))


if __name__ == "__main__":
    main()
