"""Several nodes of our own server, and the servers of NATS between them, as one server that is loaded.

Owns these processes. It must not know the load.
"""

import contextlib
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from asyncchat.bench.load import HUB, NATS, NODES
from asyncchat.bench.protocols import Address
from asyncchat.bench.scenario import Surface
from asyncchat.bench.search_index import last_record
from asyncchat.bench.servers import (
    PROGRAM,
    Running,
    accepting,
    free_port,
    listening,
    own_environment,
    started,
)
from asyncchat.cluster.program import nats_server
from asyncchat.version import __version__

_NATS_CONFIG = """
listen: 127.0.0.1:{port}
server_name: n{number}
jetstream {{ store_dir: "{folder}/nats{number}", sync_interval: {sync} }}
"""
_NATS_ROUTES = """
cluster {{ name: bench, listen: "127.0.0.1:{route}", routes: [{routes}] }}
"""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Nodes of our own server.

    Args:
        nodes: How many.
        options: More options for ``asyncchat serve``.
        nats_servers: How many servers of NATS keep the stream.
        syncs: Whether these sync each write.
        hub_apart: Whether no client is on the node that decides.
    """

    nodes: int
    options: tuple[str, ...] = ()
    nats_servers: int = 1
    syncs: bool = False
    hub_apart: bool = False

    @property
    def name(self) -> str:
        """Return its name in the report."""
        said = ["1 node" if self.nodes == 1 else f"{self.nodes} nodes"]
        if self.nats_servers > 1:
            said.append(f"{self.nats_servers} NATS servers")
        if self.syncs:
            said.append("synced")
        if self.hub_apart:
            said.append("hub apart")
        return f"asyncchat, {', '.join(said)}"

    def speaks(self, surface: Surface) -> bool:
        """Speaks what needs neither an archive, a token nor a certificate."""
        return surface in ("irc", "websocket") or (surface == "cluster" and self.nodes > 1)

    @contextlib.contextmanager
    def running(
        self,
        cpu: int | None,
        _caps: Sequence[str],
        _archive: Callable[[Path], None] | None = None,
        surface: Surface = "irc",
    ) -> Generator[Running]:
        """Start it with an empty history, without limits."""
        with (
            tempfile.TemporaryDirectory(prefix="asyncchat-bench-") as folder,
            contextlib.ExitStack() as stack,
        ):
            path, environment = Path(folder), own_environment(folder)
            urls, nats = self._start_nats(path, cpu, environment, stack)

            def start(number: int) -> tuple[subprocess.Popen[bytes], Address]:
                beside = path / f"node{number}"
                beside.mkdir()
                command = [*PROGRAM, "serve", "--port", "0", "--no-limits", "--db", str(beside / "bench.db")]
                command += ["--node", f"n{number}", "--cluster", urls]
                command += ["--replicas", "3" if self.nats_servers > 1 else "1", *self.options]
                server, log = stack.enter_context(started(command, beside, cpu, environment, speaks=True))
                return server, Address("irc", *listening(server, log))

            nodes = [start(number) for number in range(1, self.nodes + 1)]
            hub, apart = nodes[0][0], self.hub_apart or surface == "cluster"

            def replay() -> tuple[int, float]:
                began = time.monotonic()
                server, _ = start(self.nodes + 1)
                seconds = time.monotonic() - began
                server.terminate()
                server.wait()
                return last_record(path / f"node{self.nodes + 1}" / "bench.db"), seconds

            addresses = [address for _, address in (nodes[1:] if apart else nodes)]
            yield Running(
                addresses[0],
                hub.pid,
                __version__,
                others=tuple(addresses[1:]),
                parts={HUB: (hub.pid,), NODES: tuple(node.pid for node, _ in nodes[1:]), NATS: nats},
                kill_hub=hub.kill if apart else None,
                replay=replay,
            )

    def _start_nats(
        self, folder: Path, cpu: int | None, environment: dict[str, str], stack: contextlib.ExitStack
    ) -> tuple[str, tuple[int, ...]]:
        ports = [free_port() for _ in range(self.nats_servers)]
        routes = [free_port() for _ in range(self.nats_servers)]
        pids = []
        sync = "always" if self.syncs else "2m"
        for number, (port, route) in enumerate(zip(ports, routes, strict=True), 1):
            text = _NATS_CONFIG.format(port=port, number=number, folder=folder, sync=sync)
            if self.nats_servers > 1:
                others = ", ".join(f'"nats://127.0.0.1:{each}"' for each in routes)
                text += _NATS_ROUTES.format(route=route, routes=others)
            beside = folder / f"nats-of-{number}"
            beside.mkdir()
            config = beside / "nats.conf"
            config.write_text(text, "utf-8")
            command = [nats_server(), "-c", str(config)]
            server, log = stack.enter_context(started(command, beside, cpu, environment))
            accepting(server, port, log)
            pids.append(server.pid)
        return ",".join(f"nats://127.0.0.1:{port}" for port in ports), tuple(pids)
