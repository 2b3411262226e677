"""Upgrades under load: nobody is dropped, nothing is lost or said twice, also where the new process fails.

``python -m tests.server.upgrades 50`` upgrades fifty times, each fifth time with a new process that fails;
``test_upgrade`` a few times. Clients of four kinds read one room; some of them talk, in messages of several
lines, too, one uploads files, and some read so slowly that the server has to wait for them.
"""

import asyncio
import base64
import json
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from random import Random
from statistics import median
from urllib.parse import urlsplit

SAID = re.compile(rb"<(\d+)-(\d+)>")
"""What a talker says: its number, and how many it has said before."""

KINDS = ("irc", "plain", "websocket", "stream")
PATIENCE = 60
CONFIGURATION = "[limits]\n"
MULTILINE = 7
"""Each so many messages is one of two lines, which an upgrade may come between."""


class Reader(asyncio.Protocol):
    """A client in the room ``#lobby`` that notes what it reads.

    Attributes:
        next: of each talker, the number that comes next.
        faults: what it read twice, not at all, or out of order.
        lost: whether its connection ended.
    """

    def __init__(
        self, kind: str, name: str, delays: list[float], said_at: dict[tuple[int, int], float]
    ) -> None:
        self.kind, self.name = kind, name
        self.next: dict[int, int] = {}
        self.faults: Counter[str] = Counter()
        self.lost = False
        self.is_slow = False
        """Whether it does not read at times, so that its delays say nothing of the server."""
        self.ready = asyncio.get_running_loop().create_future()
        self._tail = b""
        self._delays, self._said_at = delays, said_at
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if self.kind == "irc":
            self.send(
                f"CAP REQ :batch draft/multiline message-tags\r\nNICK {self.name}\r\nUSER u 0 * :u\r\n"
                "CAP END\r\nJOIN #lobby\r\n"
            )
        elif self.kind == "plain":
            self.send(f"{self.name}\n")
        elif self.kind == "websocket":
            key = base64.b64encode(os.urandom(16)).decode()
            self.send(
                "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
            )
            for line in (f"NICK {self.name}", "USER u 0 * :u", "JOIN #lobby"):
                self._transport.write(_frame(line.encode()))
        else:
            self.send("GET /api/v1/rooms/%23lobby/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")

    def send(self, text: str) -> None:
        self._transport.write(text.encode())

    def pause(self) -> None:
        """Reads nothing from now on."""
        self._transport.pause_reading()

    def go_on(self) -> None:
        """Reads again."""
        self._transport.resume_reading()

    def close(self) -> None:
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        if not self.ready.done():
            self._tail += data
            if re.search(rb" 366 |Hello, |retry: ", self._tail):
                self._tail = b""
                self.ready.set_result(None)
            return
        data = self._tail + data
        end = data.rfind(b">") + 1
        self._tail = data[end:][-64:]
        now = time.monotonic()
        for found in SAID.finditer(data, 0, end):
            talker, number = int(found[1]), int(found[2])
            expected = self.next.get(talker, number)
            if number != expected:
                self.faults["twice" if number < expected else "lost"] += 1
            self.next[talker] = max(expected, number + 1)
            if not self.is_slow:
                self._delays.append(now - self._said_at.get((talker, number), now))

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        if not self.ready.done():
            self.ready.set_exception(exc or ConnectionError(f"{self.name} was refused"))


def _frame(data: bytes) -> bytes:
    """A masked text frame of a client; the mask is four zeros."""
    return bytes((0x81, 0x80 | len(data))) + bytes(4) + data


class Examination:
    """A server, its clients, and what came of the upgrades.

    Args:
        folder: for its database.
        readers: how many.
        talkers: how many of the IRC clients talk.
        rate: messages a second, of all.
        random: chooses.
    """

    def __init__(self, folder: Path, readers: int, talkers: int, rate: float, random: Random) -> None:
        self.folder, self.rate, self.random = folder, rate, random
        self.delays: list[float] = []
        self.said_at: dict[tuple[int, int], float] = {}
        self.count = readers
        self.talking = talkers
        self.readers: list[Reader] = []
        self.said: list[int] = [0] * talkers
        self.uploaded: dict[str, bytes] = {}
        """Contents of files, by their paths."""
        self.sent_again = 0
        """Files that had to be sent once more."""
        self.damaged: Counter[str] = Counter()
        """What became of files that are not whole."""
        self.silences: list[float] = []
        self.failed = 0
        self.log = folder / "log"
        self.config = folder / "asyncchat.toml"
        self.config.write_text(CONFIGURATION)
        self.pid = 0
        self.first: subprocess.Popen[bytes]
        """The process that was started; the others follow it."""
        self.port = 0

    async def start(self, *options: str) -> None:
        """Starts the server, with these options besides, and its clients."""
        with self.log.open("wb") as log:
            self.first = subprocess.Popen(  # noqa: ASYNC220  # nobody else waits for the loop
                [
                    *(sys.executable, "-m", "asyncchat", "serve", "--port", "0", "--log-level", "info"),
                    *("--config", str(self.config), "--db", str(self.folder / "chat.db"), *options),
                ],
                stdout=log,
                stderr=log,
            )
        self.pid = self.first.pid
        found = await self.logged(rb"tcp://127\.0\.0\.1:(\d+)")
        self.port = int(found)
        loop = asyncio.get_running_loop()
        for at in range(self.count):
            kind = KINDS[at % len(KINDS)] if at >= 2 * self.talking else "irc"
            reader = Reader(kind, f"r{at}", self.delays, self.said_at)
            await loop.create_connection(lambda one=reader: one, "127.0.0.1", self.port)  # type: ignore[misc]
            self.readers.append(reader)
            if at % 50 == 49:
                await asyncio.gather(*(one.ready for one in self.readers))
        await asyncio.gather(*(one.ready for one in self.readers))

    async def logged(self, pattern: bytes, after: int = 0) -> str:
        """Waits until the log has something behind a place."""
        async with asyncio.timeout(PATIENCE):
            while not (found := re.search(pattern, self.log.read_bytes()[after:])):  # noqa: ASYNC110  # it is a file
                await asyncio.sleep(0.005)
        return found[1].decode()

    async def talk(self) -> None:
        """Has the talkers say one message after the other, until cancelled."""
        at = 0
        while True:
            talker = at % self.talking
            number = self.said[talker]
            one = self.readers[talker]
            self.said[talker] += 1
            self.said_at[talker, number] = time.monotonic()
            text = f"<{talker}-{number}>"
            if number % MULTILINE:
                one.send(f"PRIVMSG #lobby :{text}\r\n")
            else:
                one.send(
                    f"BATCH +b draft/multiline #lobby\r\n@batch=b PRIVMSG #lobby :{text}\r\n@batch=b PRIV"
                )
                await asyncio.sleep(0.5 / self.rate)
                one.send("MSG #lobby :and more\r\nBATCH -b\r\n")
            at += 1
            await asyncio.sleep(1 / self.rate)

    async def upload(self) -> None:
        """Sends one file after the other, slowly, until cancelled."""
        while True:
            content = self.random.randbytes(self.random.randrange(1, 100_000))
            status, answer = await self._post(content)
            while status == 503:
                self.sent_again += 1
                status, answer = await self._post(content)
            assert status == 201, answer
            self.uploaded[urlsplit(json.loads(answer)["url"]).path] = content
            await asyncio.sleep(self.random.uniform(0, 0.2))

    async def _post(self, content: bytes) -> tuple[int, bytes]:
        async with self._request(f"POST /upload HTTP/1.1\r\nContent-Length: {len(content)}\r\n") as (
            answer,
            to,
        ):
            for at in range(0, len(content), 10_000):
                to.write(content[at : at + 10_000])
                await asyncio.sleep(0.02)
            return await self._answer(answer)

    @asynccontextmanager
    async def _request(self, head: str) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(f"{head}Host: localhost\r\nConnection: close\r\n\r\n".encode())
            yield reader, writer
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader) -> tuple[int, bytes]:
        """The status and the body."""
        head, _, body = (await reader.read(-1)).partition(b"\r\n\r\n")
        return int(head.split()[1]), body

    async def _look_at_files(self) -> None:
        """Reads what was uploaded."""
        for path, content in self.uploaded.items():
            async with self._request(f"GET {path} HTTP/1.1\r\n") as (answer, _):
                if await self._answer(answer) != (200, content):
                    self.damaged["file"] += 1

    async def upgrade(self) -> None:
        """Has the server hand over to a new process."""
        after = self.log.stat().st_size
        os.kill(self.pid, signal.SIGUSR2)
        told = await self.logged(rb"(Process \d+ serves now.*? for \d+ ms|The upgrade failed.*)\n?", after)
        found = re.match(r"Process (\d+) serves now.*? for (\d+) ms", told)
        assert found is not None, told
        self.pid = int(found[1])
        self.silences.append(int(found[2]) / 1000)

    async def fail(self) -> None:
        """The same with a new process that fails: before it is ready, or in the middle of the handover."""
        after = self.log.stat().st_size
        way = self.random.choice(("configuration", "killed", "killed with the history", "too few files"))
        if way == "configuration":
            self.config.write_text("limits = 7\n")
        if way == "killed with the history":
            async with self.holding_the_history() as process:
                os.kill(process, signal.SIGKILL)
                await self.logged(rb"(The upgrade failed)", after)
        else:
            os.kill(self.pid, signal.SIGUSR2)
        if way in ("killed", "too few files"):
            process = await self._new_process()
            if way == "killed":
                os.kill(process, signal.SIGKILL)
            else:
                few = max(20, len(self.readers) // 2)
                resource.prlimit(process, resource.RLIMIT_NOFILE, (few, few))
        await self.logged(rb"(The upgrade failed)", after)
        self.config.write_text(CONFIGURATION)
        self.failed += 1

    @asynccontextmanager
    async def holding_the_history(self) -> AsyncIterator[int]:
        """A new process that has opened the history, and can't go on: nobody writes a key that it reads."""
        secret = self.folder / "chat.db.secret"
        kept = secret.with_suffix(".kept")
        after = self.log.stat().st_size
        # The old process waits for this request, and so the new one after it has seen that all is there.
        async with self._request(
            "POST /upload HTTP/1.1\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n"
        ) as (answer, to):
            await answer.readuntil(b" 100 Continue\r\n\r\n")
            os.kill(self.pid, signal.SIGUSR2)
            left = 1000
            ready = asyncio.create_task(self.logged(rb"(ready to take over)", after))
            while not (await asyncio.wait((ready,), timeout=1.0))[0]:
                to.write(b"x")  # else it is not waited for as long as a process may take to start
                left -= 1
            await ready
            process = await self._new_process()
            secret.rename(kept)
            os.mkfifo(secret)
            to.write(b"x" * left)
            assert (await self._answer(answer))[0] == 201
        writing = -1
        async with asyncio.timeout(PATIENCE):
            while writing < 0:
                with suppress(OSError):  # nobody reads
                    writing = os.open(secret, os.O_WRONLY | os.O_NONBLOCK)
                await asyncio.sleep(0.005)
        try:
            yield process
        finally:
            os.close(writing)
            kept.replace(secret)

    async def _new_process(self) -> int:
        """The process that is to take over, once it has been started."""
        threads = Path(f"/proc/{self.pid}/task")  # each has children of its own
        async with asyncio.timeout(PATIENCE):
            while True:
                for children in list(threads.glob("*/children")):  # noqa: ASYNC240  # it is no disk
                    with suppress(OSError):  # the thread has ended
                        if found := children.read_text().split():
                            return int(found[-1])
                await asyncio.sleep(0.005)

    async def examine(self, times: int, fails: Callable[[int], bool]) -> None:
        """Upgrades so many times under load, then stops the server."""
        beside = [asyncio.create_task(self.talk()), asyncio.create_task(self.upload())]
        slow = [one for one in self.readers[2 * self.talking :] if self.random.random() < 0.02]
        for one in slow:
            one.is_slow = True
        for at in range(times):
            for one in slow:
                one.pause() if self.random.random() < 0.5 else one.go_on()
            await asyncio.sleep(self.random.uniform(0.2, 1))
            if fails(at):
                await self.fail()
            else:
                await self.upgrade()
        for one in slow:
            one.go_on()
        for task in beside:
            task.cancel()
        for task in beside:
            with suppress(asyncio.CancelledError):
                await task
        await self.settled()
        await self._look_at_files()

    async def settled(self) -> None:
        """Waits until all has been read that will be."""
        before = -1
        async with asyncio.timeout(PATIENCE):
            while before != len(self.delays) or any(
                one.next.get(talker, 0) < count - 1
                for one in self.readers
                if not one.lost
                for talker, count in enumerate(self.said)
                if one is not self.readers[talker]
            ):
                before = len(self.delays)
                await asyncio.sleep(0.3)

    @property
    def dropped(self) -> int:
        """How many connections have ended."""
        return sum(one.lost for one in self.readers)

    @property
    def faults(self) -> Counter[str]:
        """What readers lost or read twice, and files that are not whole."""
        return sum((one.faults for one in self.readers), Counter(self.damaged))

    def stop(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)
        for one in self.readers:
            one.close()
        self.first.wait(PATIENCE)


async def main(times: int, readers: int) -> bool:
    """Examines; whether nobody was dropped and nothing lost or doubled."""
    with tempfile.TemporaryDirectory() as folder:
        run = Examination(Path(folder), readers, 10, 20, Random(times))  # noqa: S311  # no secret
        try:
            await run.start("--no-limits")
            await run.examine(times, lambda at: at % 5 == 4)
            dropped = run.dropped
        finally:
            run.stop()
            await asyncio.sleep(1)
        silences = sorted(run.silences)
        print(  # noqa: T201  # its result
            f"{len(silences)} upgrades, {run.failed} failed, {readers} clients, {sum(run.said)} messages: "
            f"dropped {dropped}, lost {run.faults['lost']}, doubled {run.faults['twice']}; "
            f"{len(run.uploaded)} files, {run.sent_again} sent again, damaged {run.damaged.total()}; "
            f"silence median {1000 * median(silences):.0f} ms, longest {1000 * silences[-1]:.0f} ms; "
            f"longest delay of a message {1000 * max(run.delays):.0f} ms"
        )
        return not (dropped or run.faults)


if __name__ == "__main__":
    arguments = [int(one) for one in sys.argv[1:]]
    sys.exit(not asyncio.run(main(*(arguments + [50, 1000][len(arguments) :]))))
