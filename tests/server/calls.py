"""What a message, a visit and a request cost in calls, and a connection in bytes: no busy machine changes it.

A server in this process serves fixed scenarios. In its thread Python's function calls are counted, and by the
kernel the reads and writes. ``calls.json`` has what they were; ``python -m tests.server.calls`` measures, and
with ``--write`` it writes that file: for each version of Python, since they call differently.
"""

import argparse
import asyncio
import gc
import json
import socket
import sys
import tempfile
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from unittest import mock

import msgspec

from asyncchat.core.features.bots import TokenMade, digest_of
from asyncchat.log.sqlite import SqliteLog
from asyncchat.log.tuning import DEFAULT_TUNING
from asyncchat.server import delivery, keepalive, outbox, slices
from tests.server.harness import Client, ServerThread, serving

TABLE = Path(__file__).with_name("calls.json")
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"

WARM = 20
TIMES = 200

HOURS = 10_000.0

IDLE_BYTES = 5_800
"""The most that Python may take for an idle connection; 5,660 in 3.11. The kernel and libuv take more."""


class Cost(msgspec.Struct, frozen=True):
    """What one of a scenario's steps costs the server's thread, on average."""

    calls: float
    """Calls of Python functions, and continued coroutines."""
    reads: float
    """System calls that read; receiving on a socket is one."""
    writes: float
    """The same for writing."""


class Meter:
    """Counts in the server's thread."""

    def __init__(self, server: ServerThread) -> None:
        self._server = server
        self._thread = server.call(threading.get_native_id)
        self._calls = 0

    def measure(self, step: Callable[[int], object]) -> Cost:
        """The cost of a step, done many times, one after the other."""
        for number in range(WARM):
            step(number)
        self._server.call(sys.setprofile, self._count)
        self._calls = 0
        reads, writes = self._io()
        for number in range(WARM, WARM + TIMES):
            step(number)
        calls = self._calls
        read, written = self._io()
        self._server.call(sys.setprofile, None)
        return Cost(*(round(one / TIMES, 1) for one in (calls, read - reads, written - writes)))

    def _count(self, _frame: FrameType, what: str, _argument: object) -> None:
        self._calls += what == "call"

    def _io(self) -> tuple[int, int]:
        lines = Path(f"/proc/self/task/{self._thread}/io").read_text().splitlines()
        said = {name: int(value) for name, value in (line.split(": ") for line in lines)}
        return said["syscr"], said["syscw"]


def _opened(path: Path) -> SqliteLog:
    """A history that is written at once, however slow the disk is."""
    return asyncio.run(
        SqliteLog.open(path, tuning=msgspec.structs.replace(DEFAULT_TUNING, slow=HOURS, quiet=HOURS))
    )


@contextmanager
def _hall() -> Iterator[ServerThread]:
    """A server with a history in a file, and nothing that time starts or ends."""
    with (
        tempfile.TemporaryDirectory() as folder,
        mock.patch.multiple(outbox, GATHER=0.0, COSTLY_GATHER=0.0, STORM_GATHER=0.0),
        mock.patch.object(keepalive, "ROUND", HOURS),
        mock.patch.object(delivery, "SLICE_SECONDS", HOURS),
        mock.patch.multiple(slices, SLICE_SECONDS=HOURS, PASS_SECONDS=HOURS),
        serving(_opened(Path(folder, "chat.db")), limits=False, blocked_ms=0) as server,
    ):
        yield server


def _room(server: ServerThread, people: int) -> list[Client]:
    clients = [server.irc(f"n{number}") for number in range(people)]
    for client in clients:
        client.send("PING all\r\n")
        client.until(":all\r\n")
    return clients


def _one_line(server: ServerThread, people: int, lines: int = 1) -> Cost:
    """Lines said in one write in a room of so many."""
    clients = _room(server, people)

    def step(number: int) -> None:
        said = "".join(f"PRIVMSG #lobby :{number} {line}\r\n" for line in range(lines))
        clients[0].send(said)
        for client in clients[1:]:
            client.until(f":{number} {lines - 1}\r\n")

    return Meter(server).measure(step)


def _nc(server: ServerThread) -> Cost:
    """A line said in a room of ten with ``nc``."""
    clients = [server.person(f"n{number}") for number in range(10)]

    def step(number: int) -> None:
        clients[0].send(f"{number}.\n")
        for client in clients[1:]:
            client.until(f"n0: {number}.\n")

    return Meter(server).measure(step)


def _visit(server: ServerThread) -> Cost:
    """Somebody comes into a room of ten, and goes."""
    watcher = _room(server, 10)[-1]

    def step(number: int) -> None:
        client = server.irc(f"visitor{number}")
        client.send("QUIT\r\n")
        client.rest()
        client.close()
        watcher.until(f"visitor{number}!")
        watcher.until(" QUIT ")

    return Meter(server).measure(step)


def _ask(client: Client, asked: str) -> str:
    """An HTTP request on a kept connection."""
    client.send(asked)
    head = client.until("\r\n\r\n")
    length = int(head.partition("Content-Length: ")[2].partition("\r\n")[0])
    while len(client.unread) < length:
        client.unread += client.socket.recv(65536)
    client.unread = client.unread[length:]
    return head


def _token(server: ServerThread) -> str:
    made = TokenMade("bot", digest_of("secret"), ("*",), ("post", "read"), 0)
    server.call(server.server.hub.declare, [made])
    return f"Host: localhost:{server.port}\r\nAuthorization: Bearer secret\r\n"


def _post(server: ServerThread) -> Cost:
    """A message posted over HTTP into a room of ten."""
    head = _token(server)
    watcher, bot = _room(server, 10)[-1], server.connect()

    def step(number: int) -> None:
        body = json.dumps({"text": f"post {number}."})
        said = _ask(
            bot,
            f"POST /api/v1/rooms/lobby/messages HTTP/1.1\r\n{head}Content-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}",
        )
        assert said.startswith("HTTP/1.1 201 ")
        watcher.until(f"post {number}.\r\n")

    return Meter(server).measure(step)


def _page(server: ServerThread, older: int = 0) -> Cost:
    """The newest page of a room read over HTTP, or one that many messages come after."""
    head = _token(server)
    talker, bot = _room(server, 2)[0], server.connect()
    talker.send("".join(f"PRIVMSG #lobby :{number}\r\n" for number in range(50 + older)) + "PING said\r\n")
    talker.until(":said\r\n")
    last = server.call(lambda: server.server.delivery.delivered)
    before = f"?before={server.server.log.ids.id_of(last - older + 1)}" if older else ""

    def step(_number: int) -> None:
        said = _ask(bot, f"GET /api/v1/rooms/lobby/messages{before} HTTP/1.1\r\n{head}\r\n")
        assert said.startswith("HTTP/1.1 200 ")

    return Meter(server).measure(step)


def _html(server: ServerThread) -> Cost:
    """The page for browsers."""
    browser = server.connect()

    def step(_number: int) -> None:
        said = _ask(browser, f"GET / HTTP/1.1\r\nHost: localhost:{server.port}\r\nAccept: text/html\r\n\r\n")
        assert "\r\nContent-Type: text/html;" in said

    return Meter(server).measure(step)


SCENARIOS: dict[str, Callable[[ServerThread], Cost]] = {
    "a line in a room of 10": lambda server: _one_line(server, 10),
    "a line in a room of 100": lambda server: _one_line(server, 100),
    "40 lines at once in a room of 10": lambda server: _one_line(server, 10, 40),
    "a line in a room of 10 with nc": _nc,
    "a visit to a room of 10": _visit,
    "a post over HTTP to a room of 10": _post,
    "the newest page over HTTP": _page,
    "an older page over HTTP": lambda server: _page(server, older=20),
    "the page for browsers": _html,
}


def measure(scenario: str) -> Cost:
    """What a scenario costs now."""
    with _hall() as server:
        return SCENARIOS[scenario](server)


def idle_bytes() -> float:
    """The memory that Python takes for the server's side of a person who says nothing."""
    _idle()  # caches of names fill up
    return min(_idle(), _idle())  # what grows once, such as the table of a cache, is no connection's


def _idle() -> float:
    others = [tracemalloc.Filter(False, file) for file in (f"{Path(__file__).parents[1]}/*", socket.__file__)]
    with _hall() as server:
        clients = _room(server, WARM)
        tracemalloc.start()
        try:
            clients += [server.irc(f"idle{number}") for number in range(TIMES)]
            server.call(server.server.context.measurements.sort)  # they are kept for a second
            server.call(gc.collect)
            found = tracemalloc.take_snapshot().filter_traces(others).statistics("filename")
        finally:
            tracemalloc.stop()
    return sum(file.size for file in found) / TIMES


def table() -> dict[str, dict[str, Cost]]:
    """What the scenarios cost when the file was written, by the version of Python."""
    return msgspec.json.decode(TABLE.read_bytes(), type=dict[str, dict[str, Cost]])


def main() -> None:
    """Measures, and prints or writes the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--write", action="store_true", help=f"write them to {TABLE.name}")
    asked = parser.parse_args()
    known = table() if TABLE.exists() else {}
    found = {}
    for scenario in SCENARIOS:
        cost = found[scenario] = measure(scenario)
        before = known.get(VERSION, {}).get(scenario)
        sys.stdout.write(
            f"{scenario:<34} {cost.calls:>8} calls {cost.reads:>6} reads {cost.writes:>6} writes"
        )
        sys.stdout.write(f"   (calls before: {before.calls})\n" if before is not None else "\n")
    sys.stdout.write(f"an idle connection: {idle_bytes():.0f} bytes (at the most {IDLE_BYTES})\n")
    if asked.write:
        known[VERSION] = found
        text = msgspec.json.format(msgspec.json.encode(dict(sorted(known.items()))), indent=1)
        TABLE.write_bytes(text + b"\n")


if __name__ == "__main__":
    main()
