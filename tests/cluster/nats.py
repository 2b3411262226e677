"""Servers of NATS for tests: started on a free port, killed, stopped for a moment, started again.

Not named after a module of the package, because tests of several folders use it.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, Queue

import pytest

from asyncchat.cluster.program import nats_server
from asyncchat.errors import AsyncChatError
from tests.server.harness import free_port, free_ports

START_SECONDS = 30


def binary() -> str:
    """Return the path of nats-server; without one the test is skipped."""
    try:
        return nats_server()
    except AsyncChatError as error:
        pytest.skip(str(error))


class NatsServer:
    """A server of NATS with JetStream, on 127.0.0.1.

    Attributes:
        name: what it calls itself in its cluster.
        url: where it listens; the same after it was started again.
    """

    def __init__(
        self,
        folder: Path,
        *,
        name: str = "n1",
        sync_always: bool = False,
        jetstream: bool = True,
        more: str = "",
    ) -> None:
        pytest.importorskip("nats", reason="needs nats-py")
        self.name = name
        self._store = folder / name
        self._port = free_port()
        self._process: subprocess.Popen[str] | None = None
        self._lines: Queue[str | None] = Queue()
        self._config = folder / f"{name}.conf"
        sync = ", sync_interval: always" if sync_always else ""
        store = f"jetstream {{ store_dir: '{self._store}' {sync} }}\n" if jetstream else ""
        self._text = f"server_name: {name}\n{store}{more}\n"

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self._port}"

    def start(self, *, wait: bool = True) -> None:
        """Start it, and wait until it is ready."""
        self._config.write_text(f"listen: 127.0.0.1:{self._port}\n{self._text}")
        self._lines = Queue()
        self._process = subprocess.Popen(
            [binary(), "-c", str(self._config)], stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
        )
        threading.Thread(target=self._read, args=(self._process, self._lines), daemon=True).start()
        if wait:
            self.wait_ready()

    def wait_ready(self) -> None:
        self.wait_line("Server is ready")

    def wait_line(self, text: str) -> None:
        """Wait until it writes a line with this text."""
        seen: list[str] = []
        while True:
            try:
                line = self._lines.get(timeout=START_SECONDS)
            except Empty:
                line = None
            assert line is not None, "nats-server does not start:\n" + "".join(seen)
            seen.append(line)
            if "Listening for client connections on" in line:
                self._port = int(line.rpartition(":")[2])
            if text in line:
                return

    def freeze(self) -> None:
        """Stop it, and wait until all its threads stand still."""
        self._send(signal.SIGSTOP)
        assert self._process is not None
        os.waitpid(self._process.pid, os.WUNTRACED)

    def thaw(self) -> None:
        self._send(signal.SIGCONT)

    def kill(self) -> None:
        """End it as a loss of power would, but for the disk's cache."""
        if self._process is not None:
            self._send(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def copy_store(self, copy: Path) -> None:
        """Copy what it has on its disk, while it is not running."""
        shutil.copytree(self._store, copy)

    def restore(self, copy: Path) -> None:
        """Put the disk back to an earlier state, while it is not running."""
        shutil.rmtree(self._store)
        shutil.copytree(copy, self._store)

    def _send(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    @staticmethod
    def _read(process: "subprocess.Popen[str]", lines: Queue[str | None]) -> None:
        assert process.stderr is not None
        with process.stderr as output:
            for line in output:
                lines.put(line)
        lines.put(None)


class NatsCluster:
    """Three servers that are one cluster."""

    def __init__(self, folder: Path, *, sync_always: bool = False) -> None:
        ports = free_ports(3)
        routes = ", ".join(f"nats://127.0.0.1:{port}" for port in ports)
        self.servers = [
            NatsServer(
                folder,
                name=f"n{number}",
                sync_always=sync_always,
                # A client that knows the others' addresses would pass by a proxy.
                more=f"cluster {{ name: test, listen: '127.0.0.1:{port}', routes: [{routes}], "
                "no_advertise: true }",
            )
            for number, port in enumerate(ports, 1)
        ]

    @property
    def url(self) -> str:
        return ",".join(server.url for server in self.servers)

    def start(self) -> None:
        for server in self.servers:
            server.start(wait=False)
        for server in self.servers:
            server.wait_ready()

    def kill(self) -> None:
        for server in self.servers:
            server.kill()


def running_nats(folder: Path) -> Iterator[str]:
    """Run a server, for a fixture: give its URL, and end it."""
    server = NatsServer(folder)
    server.start()
    try:
        yield server.url
    finally:
        server.kill()


class Proxy:
    """Stands between a node and NATS: may lose an answer together with the connection, or pass nothing on.

    Attributes:
        lose_answers: whether what the server says next is lost, and the connection with it; False after that.
    """

    def __init__(self, target: str) -> None:
        self.lose_answers = False
        self._to_server, self._to_client = asyncio.Event(), asyncio.Event()
        self.heal()
        self._port = int(target.rpartition(":")[2])
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"nats://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aenter__(self) -> "Proxy":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *error: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def part(self, *, to_server: bool = True, to_client: bool = True) -> None:
        """Passes nothing on from now, in these directions. No connection ends: what was sent comes later."""
        if to_server:
            self._to_server.clear()
        if to_client:
            self._to_client.clear()

    def heal(self) -> None:
        """Passes on what waits, and all that comes."""
        self._to_server.set()
        self._to_client.set()

    async def _serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            server, to_server = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            to_client.close()
            return

        async def forward() -> None:
            with contextlib.suppress(OSError):
                while data := await client.read(65536):
                    await self._to_server.wait()
                    to_server.write(data)
                    await to_server.drain()
            to_server.close()

        forwarding = asyncio.ensure_future(forward())
        try:
            while data := await server.read(65536):
                if self.lose_answers:
                    self.lose_answers = False
                    break
                await self._to_client.wait()
                to_client.write(data)
                await to_client.drain()
        except (OSError, asyncio.CancelledError):
            pass  # the streams of Python 3.11 report a cancelled task as a fault
        finally:
            forwarding.cancel()
            to_client.close()
            to_server.close()
