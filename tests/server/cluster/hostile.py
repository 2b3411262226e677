"""A hostile crowd at the nodes of a cluster, which must agree on what it does; see ``tests.server.hostile``.

To run it for long: ``python -m tests.server.cluster.hostile FIRST LAST STEPS``, with ``hall`` as there. With
``--faults`` commands on their way to the hub are lost and doubled, and the hub gives up now and then.
"""

import asyncio
import sys
import tempfile
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from secrets import token_hex
from typing import Any

from asyncchat.config.options import ServeConfig
from asyncchat.log.memory import MemoryLog
from asyncchat.server import auth
from asyncchat.server.cluster import node as node_module
from asyncchat.server.launch import join, keys_beside, stream_of
from asyncchat.server.secret_file import RunKeys
from asyncchat.server.server import Server
from asyncchat.server.server_passwords import OwnerCode
from tests.cluster.nats import NatsServer
from tests.server.harness import CODE, PATIENCE
from tests.server.hostile import Crowd, HallLines, Lines, riot


class CrowdAtNodes(Crowd):
    """The crowd, and the nodes that it comes to.

    Args:
        url: the server of NATS.
        count: how many nodes.
        with_faults: whether commands are lost, and hubs give up.
    """

    def __init__(
        self, seed: int, lines: type[Lines], url: str, count: int = 3, *, with_faults: bool = False
    ) -> None:
        super().__init__(seed, lines)
        self._url, self._name = url, f"crowd-{token_hex(6)}"
        self._count_of_nodes = count
        self._with_faults = with_faults
        self._kept: list[list[Any]] = []

    async def riot(self, steps: int) -> None:
        """Comes, talks, and looks whether all is well."""
        async with AsyncExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            await self.talk(steps, self._start(stack, folder))
        self.facts = [record.event for record in self._kept[0]]

    async def _start(self, stack: AsyncExitStack, folder: Path) -> None:
        for number in range(self._count_of_nodes):
            await self._add(stack, folder / f"{number}.db", f"n{number}")

    async def _add(self, stack: AsyncExitStack, database: Path, name: str) -> None:
        config = ServeConfig(
            port=0,
            db=":memory:",
            limits=False,
            before_connect=True,
            cluster=self._url,
            cluster_name=self._name,
            node=name,
        )
        log = MemoryLog()
        kept: list[Any] = []
        keep = log.append

        async def append(expected: int, records: Any) -> None:
            kept.extend(records)
            await keep(expected, records)

        log.append = append  # type: ignore[method-assign,assignment]
        stream = await stack.enter_async_context(stream_of(config))
        assert stream is not None
        if self._with_faults:
            stream.send = self._lossy(stream.send)  # type: ignore[method-assign]
        node = await join(stream, config, log, database)
        assert node is not None
        keys = keys_beside(RunKeys(), config, database)
        await self.serve(Server(config, log, OwnerCode(CODE), node=node, chat=node.chat, keys=keys))
        self._kept.append(kept)

    def _lossy(self, send: Any) -> Any:
        async def lossy(subject: str, data: bytes) -> None:
            chance = self.chance.random() if subject == "commands" else 1
            for _ in range(0 if chance < 0.1 else 2 if chance < 0.2 else 1):
                await send(subject, data)

        return lossy

    async def _step(self) -> None:
        if self._with_faults and self.chance.random() < 0.03:
            for leader in self._leaders():
                leader.give_up()
        await super()._step()

    def _leaders(self) -> list[Any]:
        return [node.leader for server in self.servers if (node := server.node) and node.leader]

    async def decided(self) -> None:
        """Waits until all nodes know what was asked."""
        async with asyncio.timeout(PATIENCE):
            while not self._is_decided():  # noqa: ASYNC110  # nobody tells it
                await asyncio.sleep(0.01)

    def _is_decided(self) -> bool:
        edges: list[Any] = [server.hub for server in self.servers]
        ends = {server.node._last.last for server in self.servers if server.node}
        ends |= {leader.hub.number for leader in self._leaders()}
        folding = any(server.node._standing.locked() for server in self.servers if server.node)
        idle = not folding and not any(edge.unanswered for edge in edges)
        return bool(self._leaders()) and len(ends) == 1 and idle

    def look(self) -> None:
        """Looks whether all nodes have the same, and the hub decides by it."""
        super().look()
        first, *others = [server.hub.chat for server in self.servers]
        for chat in (*others, *(leader.hub.chat for leader in self._leaders())):
            assert chat.state() == first.state()
        assert all(kept == self._kept[0] for kept in self._kept)


if __name__ == "__main__":
    vars(auth)["WRONG_SECONDS"] = 0.0
    vars(node_module).update(COMPARE_EVERY=0.5, ALIVE_EVERY=0.1, ASK_AGAIN=0.3)
    seeds = range(int(sys.argv[1]), int(sys.argv[2]))
    said = HallLines if "hall" in sys.argv else Lines
    with tempfile.TemporaryDirectory() as store:
        nats = NatsServer(Path(store))
        nats.start()
        kind = partial(CrowdAtNodes, url=nats.url, with_faults="--faults" in sys.argv)
        try:
            for number in seeds:
                riot(number, int(sys.argv[3]), said, kind)
                sys.stdout.write(f"{number} is well\n")
                sys.stdout.flush()
        finally:
            nats.kill()
