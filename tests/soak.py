"""A server under people who come, talk and go: ``python -m tests.soak --minutes 60``.

It starts a server with its limits on, has clients of all dialects come and go beside it, and looks every few
seconds at its memory, descriptors, tasks and threads. At the end it says how they rose, draws them, and exits
1 where the last third is higher than the second by more than ``TOLERANCES``. The first third is for caches.
"""

import argparse
import asyncio
import base64
import json
import os
import random
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path

from websockets.asyncio.client import connect as websocket
from websockets.exceptions import WebSocketException
from websockets.typing import Origin, Subprotocol

from asyncchat.bench import plot, process

SAMPLE_SECONDS = 10.0
PEOPLE = 60
"""Clients that are there at any time."""

ACCOUNTS = 20
ROOMS = 300
"""Names of rooms that people make, leave and make again."""

TOLERANCES = {
    "memory": (0.03, 3 * 2**20),
    "resident": (0.03, 3 * 2**20),
    "descriptors": (0.05, 5),
    "tasks": (0.05, 5),
    "threads": (0.0, 1),
}
"""By how much the last third's median may exceed the second's: a share of it, and a number."""

PASSWORD = "correct horse battery"  # noqa: S105
_CAPS = "batch server-time message-tags labeled-response echo-message draft/chathistory"
_LISTENING = re.compile(rb"tcp://127\.0\.0\.1:(\d+)")


class Soak:
    """The clients of one run."""

    def __init__(self, port: int, token: str, seed: int) -> None:
        self.port = port
        self.token = token
        self.chance = random.Random(seed)  # noqa: S311
        self.done: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self._number = 0

    async def run(self, seconds: float) -> None:
        """Has ``PEOPLE`` come one after another, until time is up."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
                for _ in range(PEOPLE):
                    group.create_task(self._seat())

    async def _seat(self) -> None:
        kinds: Sequence[tuple[str, Callable[[], Awaitable[None]]]] = (
            ("irc", self._irc), ("irc", self._irc), ("irc", self._irc), ("plain", self._plain),
            ("unframed", self._unframed), ("websocket", self._websocket), ("polls", self._polls),
            ("stream", self._stream), ("account", self._account), ("silent", self._silent),
        )  # fmt: skip
        await asyncio.sleep(self.chance.uniform(0, 10))
        while True:
            kind, visit = self.chance.choice(kinds)
            try:
                await visit()
            except (OSError, EOFError, WebSocketException) as error:
                self.failed[f"{kind}: {type(error).__name__}"] += 1
            else:
                self.done[kind] += 1

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection from one of many networks."""
        source = f"127.0.{self.chance.randrange(1, 50)}.{self.chance.randrange(1, 250)}"
        return await asyncio.open_connection("127.0.0.1", self.port, local_addr=(source, 0))

    def _name(self) -> str:
        self._number += 1
        return f"guest{self._number}"

    async def _irc(self) -> None:
        name = self._name()
        caps = self.chance.choice(("", f"CAP REQ :{_CAPS}\r\n"))
        await self._talk(f"{caps}NICK {name}\r\nUSER u 0 * :r\r\nCAP END\r\n", self._irc_line)

    async def _account(self) -> None:
        """One of a few people with an account, who may be here with other devices."""
        name = f"member{self.chance.randrange(ACCOUNTS)}"
        plain = base64.b64encode(f"\0{name}\0{PASSWORD}".encode()).decode()
        login = f"AUTHENTICATE PLAIN\r\nAUTHENTICATE {plain}\r\nCAP END\r\nREGISTER {name} * {PASSWORD}\r\n"
        begun = f"CAP REQ :sasl draft/account-registration\r\nNICK {name}\r\nUSER u 0 * :r\r\n"
        await self._talk(begun + login, self._irc_line)

    def _irc_line(self) -> str:
        pick = self.chance.choice
        room = f"#room{self.chance.randrange(ROOMS)}"
        text = "x" * self.chance.choice((3, 30, 300))
        near = f"guest{max(1, self._number - self.chance.randrange(20))}"
        line = pick(
            (
                "JOIN #lobby", f"JOIN {room}", f"PART {room}", f"PRIVMSG #lobby :{text}",
                f"PRIVMSG #lobby :{text} word", f"PRIVMSG {room} :{text}", f"TOPIC {room} :{text[:40]}",
                f"MODE {room} +b *!*@{near}.example", f"NICK n{self._number}x{self.chance.randrange(9)}",
                "SEARCH text=word", "CHATHISTORY LATEST #lobby * 50", "WHO #lobby", "LIST", f"WHOIS {near}",
                f"AWAY :{text[:20]}", f"MONITOR + {near}", f"PRIVMSG {near} :psst",
                "MARKREAD #lobby timestamp=2026-01-01T00:00:00.000Z",
            )
        )  # fmt: skip
        return f"{line}\r\n"

    async def _plain(self) -> None:
        await self._talk(f"{self._name()}\n", self._typed)

    def _typed(self) -> str:
        room = f"#room{self.chance.randrange(ROOMS)}"
        said = (
            "hello",
            f"/join {room}",
            f"/leave {room}",
            "/history",
            "/search word",
            "/rooms",
            "/who",
            "words",
        )
        return f"{self.chance.choice(said)}\n"

    async def _talk(self, begun: str, line: Callable[[], str]) -> None:
        """Comes, says something now and then, and goes: with a goodbye, without one, or by a reset."""
        reader, writer = await self._open()
        reading = asyncio.create_task(_drain(reader))
        try:
            writer.write(begun.encode())
            for _ in range(self.chance.randrange(2, 12)):
                await asyncio.sleep(self.chance.uniform(0.1, 2.0))
                if reading.done():
                    break
                writer.write(line().encode())
            end = self.chance.randrange(3)
            if end == 0:
                writer.write(b"QUIT :bye\r\n" if line == self._irc_line else b"exit\n")
            elif end == 1:
                writer.transport.abort()
        finally:
            writer.close()
            reading.cancel()
            await asyncio.wait((reading,))

    async def _unframed(self) -> None:
        name = self._name()
        reader, writer = await self._open()
        try:
            await asyncio.wait_for(reader.read(1024), 5)
            for said in (name, "hello there", "exit"):
                writer.write(said.encode())
                await asyncio.sleep(0.5)
        finally:
            writer.close()

    async def _websocket(self) -> None:
        origin, protocols = Origin(f"http://127.0.0.1:{self.port}"), [Subprotocol("text.ircv3.net")]
        address = f"ws://127.0.0.1:{self.port}/"
        async with websocket(address, origin=origin, subprotocols=protocols, proxy=None) as socket:
            await socket.send(f"NICK {self._name()}")
            await socket.send("USER u 0 * :r")
            await socket.send("JOIN #lobby")
            for _ in range(self.chance.randrange(2, 8)):
                await socket.send(self._irc_line().strip())
                with suppress(TimeoutError):
                    async with asyncio.timeout(self.chance.uniform(0.2, 2)):
                        while True:
                            await socket.recv()

    async def _polls(self) -> None:
        reader, writer = await self._open()
        try:
            for path in ("/", "/api/v1/rooms", "/api/v1/rooms/lobby/messages", "/api/v1/health", "/nothing"):
                await _get(reader, writer, path)
                await asyncio.sleep(self.chance.uniform(0, 0.5))
        finally:
            writer.close()

    async def _stream(self) -> None:
        reader, writer = await self._open()
        try:
            asked = "GET /api/v1/rooms/lobby/stream HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "
            writer.write(f"{asked}{self.token}\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            if b" 200 " not in head:
                raise EOFError(head[:40])
            with suppress(TimeoutError):
                async with asyncio.timeout(self.chance.uniform(1, 10)):
                    await _drain(reader)
        finally:
            writer.close()

    async def _silent(self) -> None:
        """Connects and says nothing, or half a line."""
        _reader, writer = await self._open()
        try:
            writer.write(self.chance.choice((b"", b"NIC", b"GET / HT", b"\x16\x03\x01")))
            await asyncio.sleep(self.chance.uniform(0.1, 5))
        finally:
            writer.close()


async def _drain(reader: asyncio.StreamReader) -> None:
    with suppress(OSError):
        while await reader.read(65_536):
            pass


async def _get(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str) -> bytes:
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    found = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    return await reader.readexactly(int(found[1])) if found else b""


async def sample(pid: int, port: int) -> dict[str, float]:
    """What the server uses now."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        body = (await _get(reader, writer, "/metrics")).decode()
    finally:
        writer.close()
    words = (line.split(" ") for line in body.splitlines() if line[:1] != "#" and "{" not in line)
    said = {name: float(value) for name, value in words}
    return {
        "memory": float(process.memory_bytes(pid) or 0),
        "resident": said["asyncchat_resident_memory_bytes"],
        "descriptors": float(len(os.listdir(f"/proc/{pid}/fd"))),
        "tasks": said["asyncchat_tasks"],
        "threads": float(len(os.listdir(f"/proc/{pid}/task"))),
        "sessions": said["asyncchat_sessions"],
        "people": said["asyncchat_people"],
        "rooms": said["asyncchat_rooms"],
        "records": said["asyncchat_records_total"],
        "blocks": said["asyncchat_loop_blocks_total"],
    }


def verdict(samples: Sequence[dict[str, float]]) -> tuple[list[str], bool]:
    """What is said at the end, and whether all is level."""
    third = len(samples) // 3
    said, level = [], True
    for key in samples[0]:
        second, last = (
            statistics.median(one[key] for one in part) for part in (samples[third:-third], samples[-third:])
        )
        slope = _slope([(one["time"], one[key]) for one in samples[third:]]) * 3600
        line = f"{key:<12} second third {second:>14,.0f}  last third {last:>14,.0f}  {slope:>+16,.0f} an hour"
        if key in TOLERANCES:
            share, number = TOLERANCES[key]
            most = second + max(second * share, number)
            if last > most:
                level = False
                line += f"  RISES over {most:,.0f}"
        if key != "time":
            said.append(line)
    return said, level


def _slope(points: Sequence[tuple[float, float]]) -> float:
    slope, _ = statistics.linear_regression(*zip(*points, strict=True))
    return float(slope)


async def soak(minutes: float, seed: int) -> list[dict[str, float]]:
    """Runs a server and its clients; the samples, each with its time in seconds."""
    with tempfile.TemporaryDirectory(prefix="asyncchat-soak-") as folder:
        database = str(Path(folder, "soak.db"))
        own = [sys.executable, "-m", "asyncchat"]
        made = subprocess.run(  # noqa: ASYNC221  # nothing else runs yet
            [*own, "token", "add", "watcher", "--room", "#lobby", "--allow", "read", "--db", database],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        log = Path(folder, "log")
        with log.open("wb") as sink:  # noqa: ASYNC230
            server = subprocess.Popen(  # noqa: ASYNC220
                [*own, "serve", "--port", "0", "--db", database, "--log-level", "info"],
                stderr=sink,
                stdout=sink,
            )
        try:
            while not (found := _LISTENING.search(log.read_bytes())):  # noqa: ASYNC240
                await asyncio.sleep(0.1)
                if server.poll() is not None:
                    raise SystemExit(log.read_text())  # noqa: ASYNC240
            port = int(found[1])
            crowd = Soak(port, made.stdout.split()[-1], seed)
            running = asyncio.create_task(crowd.run(minutes * 60))
            samples: list[dict[str, float]] = []
            began = time.monotonic()
            while not running.done():
                await asyncio.wait((running,), timeout=SAMPLE_SECONDS)
                if not running.done():
                    samples.append({"time": time.monotonic() - began, **await sample(server.pid, port)})
                    sys.stderr.write(
                        "\r" + " ".join(f"{key} {value:,.0f}" for key, value in samples[-1].items())
                    )
            await running
            sys.stderr.write("\n")
            sys.stdout.write(f"visits: {dict(crowd.done)}\nended early: {dict(crowd.failed)}\n")
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait()
        text = log.read_text("utf-8", "replace")  # noqa: ASYNC240
        if "Traceback" in text or server.returncode:
            raise SystemExit(text[-8000:])
        return samples


def main() -> None:
    """Runs the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plot", type=Path, default=Path("soak.svg"))
    parser.add_argument("--json", type=Path, help="all samples")
    asked = parser.parse_args()
    samples = asyncio.run(soak(asked.minutes, asked.seed))
    if asked.json:
        asked.json.write_text(json.dumps(samples))
    lines = {key: [(one["time"] / 60, one[key]) for one in samples] for key in samples[0] if key != "time"}
    asked.plot.write_text(plot.over_time(lines), "utf-8")
    if len(samples) < 9:
        raise SystemExit("too short to judge: at least two minutes")
    said, level = verdict(samples)
    sys.stdout.write(
        "\n".join(said) + f"\nThe chart is in {asked.plot}. All is {'level' if level else 'NOT level'}.\n"
    )
    sys.exit(not level)


if __name__ == "__main__":
    main()
