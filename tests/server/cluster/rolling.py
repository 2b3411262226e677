"""An exam of a rolling upgrade: three nodes get the next version one after the other, while people talk.

``python -m tests.server.cluster.rolling`` upgrades a node that is not the hub; then the hub, so that the new
version is the hub of an old node; then the last one, after it was killed and has come back as it was. What
only the next version has must be refused until then, and work afterwards, with another hub too. The old
version must be refused from then on: on the history of a node, and on a new one. At the end it is told what
was lost or doubled, as in the exam of faults.
"""

import asyncio
import contextlib
import re
import signal
import sqlite3
import sys
import time
from collections.abc import Awaitable, Callable

from tests.server.cluster.faults import PATIENCE, Exam, Node, main, say

NEXT = "tests.server.cluster.next_version"

REFUSED = "when all nodes of this chat have the new version"
UPGRADE = "upgrade asyncchat on this node"


async def until(holds: Callable[[], Awaitable[bool]], what: str) -> None:
    """Waits until something holds."""
    ends = time.monotonic() + PATIENCE
    while not await holds():
        assert time.monotonic() < ends, what
        await asyncio.sleep(0.1)


async def _replace(node: Node) -> None:
    """Stops a node, and starts the next version of it."""
    await node.stop()
    node.module = NEXT
    await _start(node)


async def _start(node: Node) -> None:
    await node.start()
    await until(node.serves, f"{node.name} serves")


class Rolling(Exam):
    """The upgrade."""

    async def run(self, _faults: int = 0, _seconds: float = 0) -> bool:
        """Upgrades all; whether nothing went wrong."""
        one, two, three = self.nodes
        for node in self.nodes:
            await self.open_lines(node)
            await _start(node)
        clients = [
            asyncio.create_task(self.client(node, f"{node.name}w{number}", writes=number > 0))
            for node in self.nodes
            for number in range(self.writers + 1)
        ]
        await asyncio.sleep(1)
        self._expect("the old version does not know the command", await self._applaud(one), " 421 ")
        await _replace(two)
        self._expect("a new node of an old hub refuses it", await self._applaud(two), REFUSED)

        three.send(signal.SIGSTOP)  # so that the new one is elected
        await one.stop()
        await until(lambda: _is(two.term > 1), "the new version is the hub")
        three.send(signal.SIGCONT)
        one.module = NEXT
        await _start(one)
        self._expect("new nodes refuse it while one is old", await self._applaud(one), REFUSED)
        await three.kill()
        await _start(three)
        self._expect("an old node joins a new hub", await self._applaud(three), " 421 ")
        self._expect("and it is refused", await self._applaud(two), REFUSED)

        await _replace(three)
        await until(self._works, "the command works")
        count = await self._count(three)
        say(f"upgraded: the command works on all nodes, {count} times up to now")
        await two.stop()  # the hub
        self._expect("it goes on with another hub", await self._applaud(three), f" :{count + 1}")

        two.module = "asyncchat"
        await self._refused(two)
        say("the old version is refused on the history of a node")
        four = Node(4, self.folder, self.nats)
        await self.open_lines(four)
        await self._refused(four)
        with contextlib.closing(sqlite3.connect(four.database)) as connection:
            (records,) = connection.execute("SELECT count(*) FROM facts").fetchone()
        self._expect("its history is as it was", str(records), "0")
        say("the old version is refused on a new history, which stays empty")
        two.module = NEXT
        await _start(two)
        self._expect("it comes back upgraded", await self._applaud(two), f" :{count + 2}")
        await until(self._all_equal, "all nodes have the same chat")
        say("all nodes have the same chat, by their hashes")

        self.quiet = True
        await asyncio.sleep(1)
        self.talking = False
        await asyncio.gather(*clients)
        return await self._judge()

    def _expect(self, what: str, found: str, wanted: str) -> None:
        if wanted not in found:
            self.wrong.append(f"{what}: {found!r} does not have {wanted!r}")

    async def _applaud(self, node: Node) -> str:
        """What is answered to the command."""
        reader, writer = await asyncio.open_connection("127.0.0.1", node.port)
        try:
            writer.write(b"NICK clap%d\r\nUSER x 0 * :x\r\nJOIN #exam\r\n" % self.random.randrange(10**6))
            async with asyncio.timeout(PATIENCE):
                await reader.readuntil(b" 366 ")
                writer.write(b"APPLAUD #exam\r\n")
                while not re.search(r" (400|421|APPLAUSE) ", line := (await reader.readline()).decode()):
                    assert line
            return line
        finally:
            writer.close()
            await writer.wait_closed()

    async def _works(self) -> bool:
        return all([" APPLAUSE " in await self._applaud(node) for node in self.nodes])

    async def _count(self, node: Node) -> int:
        return int((await self._applaud(node)).rpartition(":")[2])

    async def _refused(self, node: Node) -> None:
        """Starts a version that is too old, and waits until it has ended."""
        before = len(node.log.read_text()) if node.log.exists() else 0
        await node.start()
        assert node.process is not None
        async with asyncio.timeout(PATIENCE):
            await node.process.wait()
        said = node.log.read_text()[before:]
        self._expect("the old version says what to do", said, UPGRADE)
        self._expect("and fails", str(node.process.returncode), "1")

    async def _all_equal(self) -> bool:
        asking = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", NEXT, "cluster", "status", "--db", str(self.nodes[0].database)),
            stdout=asyncio.subprocess.PIPE,
        )
        found, _ = await asking.communicate()
        return found.decode().count("version 99.0, state equal") == len(self.nodes)


async def _is(value: bool) -> bool:
    return value


if __name__ == "__main__":
    asyncio.run(main(Rolling, __doc__, 1))
