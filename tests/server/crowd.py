"""A hostile crowd beside ordinary people: how long do the others wait, and what does it cost the server?

A server process with limits on; 100 people who talk once a second, measured; and from 20 loopback addresses
10,000 silent connections, 1,000 that send a byte now and then, 200 that flood, 100 that never read, 20 that
pipeline HTTP requests, 20 that ask for long answers as fast as they can. The same people are measured before
the crowd comes and while it is there. To run it: ``python -m tests.server.crowd [--seconds 20] [--scale 1]``.
"""

import argparse
import asyncio
import contextlib
import itertools
import json
import multiprocessing
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import uvloop

from asyncchat.bench.process import cpu_seconds, memory_bytes

TALKERS = 100
KINDS = {"silent": 10_000, "slow": 1_000, "flooders": 200, "deaf": 100, "pipeliners": 20, "hogs": 20}
SOURCES = [f"127.0.1.{number}" for number in range(1, 21)]
TALKERS_SOURCE = "127.0.2."

FLOOD = b"PRIVMSG #lobby :" + b"x" * 60 + b"\r\n"
HEADS = b"HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n" * 3301
HOGS = (
    b"LIST " + b",".join(b"*%d*" % number for number in range(50)) + b"\r\n",
    b"WHO *\r\n",
    b"CHATHISTORY LATEST #lobby * 1000\r\n",
    b"SEARCH in=#lobby;text=xx\r\n",
    b"NAMES #lobby\r\n",
)
_SENT = re.compile(rb" PRIVMSG #lobby :sent (\d+)\r")
BEGINNINGS = (b"NICK slow", b"GET / HTTP/1.1\r\nHost: ", b"a person that types ", b"\xff\xfd\x01")


_PROCESSORS = sorted(os.sched_getaffinity(0))
"""The server has the first of its own; the others share the rest."""


class Talker(asyncio.Protocol):
    """Somebody who talks once a second, and notes how long each line of the others took."""

    def __init__(self, name: str, found: list[float]) -> None:
        self.name = name
        self.found = found
        self.unread = b""
        self.entered = asyncio.Event()
        self.lost = False
        self.transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        transport.write(f"NICK {self.name}\r\nUSER u 0 * :u\r\nJOIN #lobby\r\nPING in\r\n".encode())

    def connection_lost(self, _error: Exception | None) -> None:
        self.lost = True

    def data_received(self, data: bytes) -> None:
        now = time.perf_counter_ns()
        whole, end, self.unread = (self.unread + data).rpartition(b"\r\n")
        # What the flooders say is only passed over: this process must not be what others wait for.
        self.found += [(now - int(sent)) / 1e6 for sent in _SENT.findall(whole + end)]
        if b"PING" in whole or b" PONG " in whole:
            for line in whole.split(b"\r\n"):
                if line.startswith(b"PING"):
                    self.transport.write(b"PONG" + line[4:] + b"\r\n")
                elif b" PONG " in line:
                    self.entered.set()

    def say(self) -> None:
        if not self.lost:
            self.transport.write(b"PRIVMSG #lobby :sent %d\r\n" % time.perf_counter_ns())


async def talk(port: int, orders: Connection, people: int) -> None:
    """Talks, and measures while it is told to."""
    loop = asyncio.get_running_loop()
    found: list[float] = []
    talkers = [Talker(f"talker{number}", found) for number in range(people)]
    for number, talker in enumerate(talkers):
        # Each comes from a place of its own, as ordinary people do.
        source = (f"{TALKERS_SOURCE}{number + 1}", 0)
        await loop.create_connection(lambda talker=talker: talker, "127.0.0.1", port, local_addr=source)  # type: ignore[misc]
        await talker.entered.wait()

    begin = loop.time()

    async def speak(number: int) -> None:
        # By a plan: after a pause of this process they must not all talk at once from then on.
        for second in itertools.count():
            await asyncio.sleep(begin + second + number / people - loop.time())
            talkers[number].say()

    tasks = [asyncio.create_task(speak(number)) for number in range(people)]
    orders.send("ready")
    while (seconds := await loop.run_in_executor(None, orders.recv)) is not None:
        found.clear()
        await asyncio.sleep(seconds)
        ordered = sorted(found)
        orders.send(
            {
                "deliveries": len(ordered),
                "p50": ordered[len(ordered) // 2],
                "p99": ordered[int(len(ordered) * 0.99)],
                "most": ordered[-1],
                "lost": sum(talker.lost for talker in talkers),
            }
        )
    for task in tasks:
        task.cancel()


class Silent(asyncio.Protocol):
    """Holds a connection, and reads what comes."""


async def _opened(port: int, source: str, receive_buffer: int = 0) -> socket.socket:
    loop = asyncio.get_running_loop()
    connection = socket.socket()
    connection.setblocking(False)
    if receive_buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.bind((source, 0))
    await loop.sock_connect(connection, ("127.0.0.1", port))
    return connection


async def _drain(connection: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    while await loop.sock_recv(connection, 65_536):
        pass


async def _stay_away(port: int, source: str, name: str) -> None:
    """A silent connection."""
    await asyncio.get_running_loop().create_connection(Silent, "127.0.0.1", port, local_addr=(source, 0))
    await asyncio.sleep(1e9)


async def _slow(port: int, source: str, name: str) -> None:
    loop = asyncio.get_running_loop()
    connection = await _opened(port, source)
    with connection:
        for byte in BEGINNINGS[hash(name) % len(BEGINNINGS)] + b"a" * 1000:
            await loop.sock_sendall(connection, bytes([byte]))
            await asyncio.sleep(3)


async def _flood(port: int, source: str, name: str) -> None:
    await _ask(port, source, name, FLOOD * 500)


async def _deaf(port: int, source: str, name: str) -> None:
    loop = asyncio.get_running_loop()
    with await _opened(port, source, 4096) as connection:
        start = f"NICK {name}\r\nUSER u 0 * :u\r\nJOIN #lobby\r\nWHO #lobby\r\nLIST\r\n"
        await loop.sock_sendall(connection, start.encode())
        await asyncio.sleep(20)


async def _pipeline(port: int, source: str, name: str) -> None:
    loop = asyncio.get_running_loop()
    with await _opened(port, source) as connection:
        reading = asyncio.create_task(_drain(connection))
        try:
            while not reading.done():
                await loop.sock_sendall(connection, HEADS)
        finally:
            reading.cancel()


async def _ask(port: int, source: str, name: str, asked: bytes) -> None:
    loop = asyncio.get_running_loop()
    with await _opened(port, source) as connection:
        reading = asyncio.create_task(_drain(connection))
        try:
            start = f"NICK {name}\r\nUSER u 0 * :u\r\nJOIN #lobby\r\n"
            await loop.sock_sendall(connection, start.encode())
            while not reading.done():
                await loop.sock_sendall(connection, asked)
        finally:
            reading.cancel()


async def _hog(port: int, source: str, name: str) -> None:
    await _ask(port, source, name, HOGS[int(name[4:]) % len(HOGS)] * 50)


BEHAVIOURS: dict[str, Callable[[int, str, str], Any]] = {
    "silent": _stay_away, "slow": _slow, "flooders": _flood,
    "deaf": _deaf, "pipeliners": _pipeline, "hogs": _hog,
}  # fmt: skip


async def attack(port: int, orders: Connection, scale: float) -> None:
    """Does all of it until it is killed; whoever is put out comes again."""

    async def again(kind: str, number: int) -> None:
        source, name = SOURCES[number % len(SOURCES)], f"{kind[:4]}{number}"
        while True:
            with contextlib.suppress(OSError):
                await BEHAVIOURS[kind](port, source, name)
            await asyncio.sleep(0.1)

    tasks = []
    for kind, count in KINDS.items():
        for number in range(int(count * scale)):
            tasks.append(asyncio.create_task(again(kind, number)))
            if number % 100 == 99:
                await asyncio.sleep(0.02)
    await asyncio.sleep(min(5, scale * 50))
    orders.send("there")
    await asyncio.gather(*tasks)


def _run(function: Callable[..., Any], nice: int, *arguments: Any) -> None:
    os.nice(nice)
    os.sched_setaffinity(0, _PROCESSORS[1:] or _PROCESSORS)
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(function(*arguments))


@contextlib.contextmanager
def _process(function: Callable[..., Any], nice: int, port: int, *more: Any) -> Iterator[Connection]:
    ours, theirs = multiprocessing.Pipe()
    worker = multiprocessing.get_context("spawn").Process(
        target=_run, args=(function, nice, port, theirs, *more), daemon=True
    )
    worker.start()
    try:
        yield ours
    finally:
        worker.kill()
        worker.join()


def _measured(talkers: Connection, pid: int, seconds: float) -> dict[str, Any]:
    """The figures of the people who talk, and the part of a processor that the server used."""
    before = cpu_seconds(pid) or 0
    talkers.send(seconds)
    return {**talkers.recv(), "processor": round(((cpu_seconds(pid) or 0) - before) / seconds, 2)}


def measure(seconds: float, scale: float, options: list[str], blocked_ms: int) -> dict[str, Any]:
    """Runs a server, ordinary people, then the crowd beside them. Gives the figures."""
    with tempfile.TemporaryDirectory() as folder:
        configuration = Path(folder, "chat.toml")
        configuration.write_text(f"log_blocked_ms = {blocked_ms}\n")
        log = Path(folder, "log")
        command = [sys.executable, "-m", "asyncchat", "serve", "--port", "0", "--db", f"{folder}/chat.db"]
        with log.open("wb") as errors:
            server = subprocess.Popen(
                [*command, "--config", str(configuration), *options], stderr=errors, stdout=errors
            )
        os.sched_setaffinity(server.pid, _PROCESSORS[:1])
        try:
            while not (found := re.search(rb"Listening on tcp://[^:]+:(\d+)", log.read_bytes())):
                assert server.poll() is None, log.read_text()
                time.sleep(0.05)
            port = int(found[1])
            figures: dict[str, Any] = {}
            with _process(talk, 0, port, max(2, int(TALKERS * min(1, scale * 10)))) as talkers:
                talkers.recv()
                time.sleep(min(2, scale * 20))
                figures["memory before, MB"] = (memory_bytes(server.pid) or 0) / 1e6
                figures["quiet"] = _measured(talkers, server.pid, seconds)
                with _process(attack, 19, port, scale) as crowd:
                    assert crowd.recv() == "there"
                    figures["beside the crowd"] = _measured(talkers, server.pid, seconds)
                    figures["memory with the crowd, MB"] = (memory_bytes(server.pid) or 0) / 1e6
                time.sleep(min(10, scale * 100))
                figures["after it"] = _measured(talkers, server.pid, seconds)
                figures["memory after it, MB"] = (memory_bytes(server.pid) or 0) / 1e6
            assert server.poll() is None, log.read_text()[-2000:]
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(60)
        told = log.read_text(errors="replace")
        figures["bugs"] = len(re.findall(r"Traceback|bug of asyncchat", told))
        figures["blocks"] = re.findall(r"The event loop was blocked.*", told)
    return figures


def main() -> None:
    """Measures, and prints the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--seconds", type=float, default=20.0, help="how long each measurement takes")
    parser.add_argument("--scale", type=float, default=1.0, help="the size of the crowd")
    parser.add_argument("--blocked-ms", type=int, default=20, help="what blocks the loop longer is listed")
    parser.add_argument("options", nargs="*", help="more options for the server, after --")
    arguments = parser.parse_args()
    figures = measure(arguments.seconds, arguments.scale, arguments.options, arguments.blocked_ms)
    sys.stdout.write(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
