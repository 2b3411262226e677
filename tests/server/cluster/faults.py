"""An exam of a cluster: people talk on three nodes while nodes and servers of NATS are killed and frozen.

``python -m tests.server.cluster.faults 50`` has fifty faults: the hub, another node or a server of NATS is
killed, a node is frozen, slow or cut off from NATS for some seconds, or NATS is away, at random; ``--kinds``
says which of these. At the end all is up again, and it is told: of the messages that anybody saw, how many
are lost and how many doubled; whether each node's history has the same messages in the same order, and each
client saw them in that order; how long nobody saw anything then.
"""

import argparse
import asyncio
import contextlib
import random
import re
import signal
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path

from tests.cluster.nats import NatsCluster, Proxy
from tests.server.harness import free_port

LINE = re.compile(rb"msgid=[^-;]+-(\d+)[^ ]* :(\w+)!\S+ PRIVMSG #exam :(\S+)\r?\n?$")

KINDS = ("hub", "hub", "node", "nats", "freeze", "partition", "partition", "slow", "away")
"""What a fault hits; the hub more often than others."""

DIRECTIONS: Sequence[dict[str, bool]] = ({}, {"to_client": False}, {"to_server": False})
"""What does not pass between a node and NATS: nothing at all, or nothing in one direction."""

PIECE = 0.1
"""Seconds for which a slow node works, and then does not."""

AWAY = (5, 20, 60)
"""Seconds for which NATS is away."""

EVERY = 0.02
"""Seconds between two messages of a writer."""

PATIENCE = 60.0

_ROWS = "SELECT number, text FROM said WHERE room = '#exam' ORDER BY number"


def say(line: str) -> None:
    """Writes a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


class Node:
    """A process of ``asyncchat serve``."""

    module = "asyncchat"
    """The program."""

    def __init__(self, number: int, folder: Path, nats: NatsCluster) -> None:
        self.name = f"n{number}"
        self.lines = [Proxy(server.url) for server in nats.servers]
        """Between it and the servers of NATS."""
        self.port = free_port()
        self.database = folder / f"{self.name}.db"
        self.log = folder / f"{self.name}.log"
        self.process: asyncio.subprocess.Process | None = None
        self.frozen = False

    async def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", self.module, "serve", "--no-limits"),
                *("--cluster", ",".join(line.url for line in self.lines)),
                *("--port", str(self.port), "--db", str(self.database), "--node", self.name),
                *("--replicas", "3", "--cluster-name", "exam"),
                stdout=log,
                stderr=log,
                stdin=asyncio.subprocess.DEVNULL,
            )

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.returncode is None

    def send(self, number: signal.Signals) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.send_signal(number)

    async def kill(self) -> None:
        self.send(signal.SIGKILL)
        if self.process is not None:
            await self.process.wait()

    async def stop(self) -> None:
        """Stops it in order."""
        assert self.process is not None
        self.send(signal.SIGTERM)
        async with asyncio.timeout(PATIENCE):
            await self.process.wait()

    async def serves(self) -> bool:
        """Whether somebody can connect."""
        try:
            _reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        writer.close()
        await writer.wait_closed()
        return True

    @property
    def term(self) -> int:
        """The last term for which it was the hub; 0: none."""
        return max(
            map(int, re.findall(r"This node is the hub .*term (\d+)", self.log.read_text())), default=0
        )


class Exam:
    def __init__(self, folder: Path, writers: int, seed: int = 0, kinds: Sequence[str] = KINDS) -> None:
        self.kinds = kinds
        self.folder = folder
        self.nats = NatsCluster(folder)
        self.nats.start()
        self.nodes = [Node(number, folder, self.nats) for number in (1, 2, 3)]
        self._lines = contextlib.AsyncExitStack()
        self.writers = writers
        self.seen: dict[str, int] = {}
        """The number of each text that anybody saw."""
        self.sent: set[str] = set()
        self.faults: list[str] = []
        self.seen_at = time.monotonic()
        self.longest: list[float] = []
        self.wrong: list[str] = []
        self.random = random.Random(seed)  # noqa: S311  # the same faults again
        self.talking = True
        self.quiet = False
        """Whether everybody stays and says nothing."""
        self._silence = 0.0

    async def client(self, node: Node, nick: str, *, writes: bool) -> None:
        """One client, which comes back as long as the exam goes on. It asks for no history: what is told of
        that comes among what is said now."""
        texts = (f"{nick}-{number}" for number in count(1))
        while self.talking:
            with contextlib.suppress(OSError, TimeoutError):
                reader, writer = await asyncio.open_connection("127.0.0.1", node.port)
                try:
                    await self._visit(reader, writer, nick, texts if writes else iter(()))
                finally:
                    writer.close()
                    await writer.wait_closed()
            await asyncio.sleep(0.2)

    async def _visit(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, nick: str, texts: Iterator[str]
    ) -> None:
        writer.write(
            b"CAP REQ :message-tags echo-message server-time batch draft/chathistory\r\nCAP END\r\n"
            b"NICK %s\r\nUSER x 0 * :x\r\nJOIN #exam\r\n" % nick.encode()
        )
        async with asyncio.timeout(10):
            while b" 366 " not in (line := await reader.readline()):
                if not line or b" 433 " in line:
                    return
        reading = asyncio.create_task(self._read(reader, nick))
        try:
            while self.talking and not reading.done():
                text = "" if self.quiet else next(texts, "")
                if text:
                    self.sent.add(text)
                    writer.write(f"PRIVMSG #exam :{text}\r\n".encode())
                    await writer.drain()
                await asyncio.sleep(EVERY)
            await asyncio.sleep(1)
        finally:
            reading.cancel()
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await reading

    async def _read(self, reader: asyncio.StreamReader, nick: str) -> None:
        last = 0
        while line := await reader.readline():
            found = LINE.search(line)
            if found is None:
                continue
            number, text = int(found[1]), found[3].decode()
            now = time.monotonic()
            self._silence = max(self._silence, now - self.seen_at)
            self.seen_at = now
            if number <= last:
                self.wrong.append(f"{nick} saw {number} after {last}")
            last = number
            if self.seen.setdefault(text, number) != number:
                self.wrong.append(f"{text} is both {self.seen[text]} and {number}")

    async def fault(self) -> None:
        kind = self.random.choice(self.kinds)
        newest = max(self.nodes, key=lambda node: node.term)
        hubs = [newest] if newest.running else []
        others = [node for node in self.nodes if node.running and node not in hubs]
        self._silence = 0.0
        pause = self.random.uniform(0.5, 2)
        if kind == "hub" and hubs:
            await hubs[-1].kill()
        elif kind == "nats":
            server = self.random.choice(self.nats.servers)
            await asyncio.to_thread(server.kill)
            await asyncio.sleep(pause)
            await asyncio.to_thread(server.start)
        elif kind == "freeze":
            node = self.random.choice(self.nodes)
            seconds = self.random.choice([2, 6, 13])
            node.send(signal.SIGSTOP)
            await asyncio.sleep(seconds)
            node.send(signal.SIGCONT)
            kind = f"{'freeze-hub' if node in hubs else 'freeze'} {node.name} {seconds} s"
        elif kind == "partition":
            node = self.random.choice(self.nodes)
            seconds, passing = self.random.choice([2, 8, 15]), self.random.choice(DIRECTIONS)
            for line in node.lines:
                line.part(**passing)
            await asyncio.sleep(seconds)
            for line in node.lines:
                line.heal()
            one_way = f", {next(iter(passing))} passes" if passing else ""
            kind = f"{'partition-hub' if node in hubs else 'partition'} {node.name} {seconds} s{one_way}"
        elif kind == "slow":
            node = self.random.choice(self.nodes)
            for _ in range(50):
                node.send(signal.SIGSTOP)
                await asyncio.sleep(PIECE)
                node.send(signal.SIGCONT)
                await asyncio.sleep(PIECE)
            kind = f"{'slow-hub' if node in hubs else 'slow'} {node.name}"
        elif kind == "away":
            seconds = self.random.choice(AWAY)
            await asyncio.to_thread(self.nats.kill)
            await asyncio.sleep(seconds)
            await asyncio.to_thread(self.nats.start)
            kind = f"away {seconds} s"
        elif others:
            kind = "node"
            await self.random.choice(others).kill()
        self.faults.append(kind)
        await asyncio.sleep(pause)
        for node in self.nodes:
            if not node.running:
                await node.start()

    async def _heard_since(self, moment: float) -> None:
        """Waits until somebody sees something after a moment, as long as that can take."""
        until = time.monotonic() + PATIENCE
        while self.seen_at <= moment:
            if time.monotonic() > until:
                raise TimeoutError(f"nobody was told anything for {PATIENCE:.0f} s")
            await asyncio.sleep(0.1)

    async def _all_run(self) -> None:
        """Waits until no node has ended for some seconds: one that was cut off ends when it learns that."""
        ended = True
        while ended:
            ended = False
            for node in self.nodes:
                if not node.running:
                    await node.start()
                    ended = True
            await asyncio.sleep(5)
            ended = ended or not all(node.running for node in self.nodes)

    async def open_lines(self, node: Node) -> None:
        """Lets a node reach NATS."""
        for line in node.lines:
            await self._lines.enter_async_context(line)

    async def run(self, faults: int, seconds: float) -> bool:
        for node in self.nodes:
            await self.open_lines(node)
            await node.start()
            await asyncio.sleep(0.5)
        clients = [
            asyncio.create_task(self.client(node, f"{node.name}w{number}", writes=number > 0))
            for node in self.nodes
            for number in range(self.writers + 1)
        ]
        await self._heard_since(self.seen_at)
        await asyncio.sleep(3)
        for number in range(faults):
            await self.fault()
            await asyncio.sleep(seconds)
            await self._heard_since(time.monotonic())  # else the next silence begins in this one
            silence = max(self._silence, time.monotonic() - self.seen_at)
            self.longest.append(silence)
            say(f"{number + 1:3} {self.faults[-1]:22} silence {silence:5.2f} s, seen {len(self.seen)}")
        await self._all_run()
        self.quiet = True
        await asyncio.sleep(1)
        views = await self._views(len(clients))
        self.talking = False
        await asyncio.gather(*clients)
        good = await self._judge()
        same = views[0] == views[1] == views[2]
        say(f"the same people and rooms on all nodes: {same} ({len(views[0])} lines)")
        if not same:
            for view in views:
                say(str(sorted(view - (views[0] & views[1] & views[2]))))
        return good and same

    async def _views(self, people: int) -> list[set[str]]:
        """Who is where, as each node has it, when everybody is back; or in the end, whoever is not."""
        until = time.monotonic() + PATIENCE
        while True:
            views = [await self._view(node) for node in self.nodes]
            there = len([line for line in views[0] if line.startswith("watcher #exam ")])
            if (there == people and views[0] == views[1] == views[2]) or time.monotonic() > until:
                return views
            await asyncio.sleep(0.5)

    async def _view(self, node: Node) -> set[str]:
        """Who is where, as a node has it."""
        reader, writer = await asyncio.open_connection("127.0.0.1", node.port)
        writer.write(b"NICK watcher\r\nUSER x 0 * :x\r\nWHO #exam\r\nLIST\r\n")
        found: set[str] = set()
        async with asyncio.timeout(PATIENCE):
            while b" 323 " not in (line := await reader.readline()):
                assert line
                numeric, _, rest = line.decode().partition(" ")[2].partition(" ")
                if numeric in ("352", "322"):
                    found.add(rest)
        writer.write(b"QUIT\r\n")
        await reader.read()
        writer.close()
        await writer.wait_closed()
        return found

    async def _judge(self) -> bool:
        until = time.monotonic() + PATIENCE
        while True:
            histories = [self._history(node) for node in self.nodes]
            if histories[0] == histories[1] == histories[2] or time.monotonic() > until:
                break
            await asyncio.sleep(0.5)
        same = histories[0] == histories[1] == histories[2]
        history = max(histories, key=len)
        texts = [text for _, text in history]
        kept = dict.fromkeys(texts)
        lost = [text for text in self.seen if text not in kept]
        other = [text for number, text in history if self.seen.get(text, number) != number]
        doubled = len(texts) - len(kept)
        by_kind: dict[str, list[float]] = {}
        for kind, silence in zip(self.faults, self.longest, strict=True):
            by_kind.setdefault(kind.split()[0], []).append(silence)
        say(f"{len(self.sent)} sent, {len(self.seen)} seen, {len(texts)} in the history")
        say(f"seen and lost {len(lost)}, doubled {doubled}, under another number {len(other)}")
        say(f"out of order {len(self.wrong)} {self.wrong[:3]}")
        say(f"the same history on all nodes: {same} {[len(one) for one in histories]}")
        for kind, values in by_kind.items():
            values.sort()
            middle = values[len(values) // 2]
            say(f"{kind:10} {len(values):3} times; silence median {middle:.2f} s, most {values[-1]:.2f} s")
        return same and not (lost or doubled or other or self.wrong)

    @staticmethod
    def _history(node: Node) -> list[tuple[int, str]]:
        with contextlib.closing(sqlite3.connect(f"file:{node.database}?mode=ro", uri=True)) as connection:
            return connection.execute(_ROWS).fetchall()

    async def close(self) -> None:
        for node in self.nodes:
            await node.kill()
        await self._lines.aclose()
        self.nats.kill()


async def main(exam_of: type[Exam], doc: str | None, faults: int) -> None:
    """Has an exam with so many faults, unless the command line asks for others, and exits with its result."""
    parser = argparse.ArgumentParser(description=(doc or "").split("\n\n")[0])
    parser.add_argument("faults", type=int, nargs="?", default=faults)
    parser.add_argument("--seconds", type=float, default=4.0, help="between two faults")
    parser.add_argument("--writers", type=int, default=4, help="for each node")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kinds", default=",".join(KINDS), help="of faults, with commas")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        exam = exam_of(Path(folder), asked.writers, asked.seed, asked.kinds.split(","))
        good = False
        try:
            good = await exam.run(asked.faults, asked.seconds)
        finally:
            await exam.close()
            if not good:
                for node in exam.nodes:
                    say(f"{node.name}:\n{node.log.read_text()[-3000:]}")
    say("good" if good else "bad")
    sys.exit(not good)


if __name__ == "__main__":
    asyncio.run(main(Exam, __doc__, 10))
