"""``asyncchat serve --workers N``: several processes that serve one chat on one port, and a server of NATS
between them.

Owns these processes: what they inherit, their start, and their end. Must not know what a server does.
"""

import asyncio
import logging
import os
import re
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec

from asyncchat.cluster.local_server import READY, LocalServer
from asyncchat.cluster.program import nats_server
from asyncchat.config.options import ServeConfig, database_path
from asyncchat.config.sources import Effective, Sources
from asyncchat.errors import AsyncChatError, Misuse
from asyncchat.log.lockfile import InUse, LockFile
from asyncchat.server import addresses, logging_setup, serve, systemd
from asyncchat.server.addresses import Address
from asyncchat.server.children import Child, Signs, spawn
from asyncchat.server.launch import open_all
from asyncchat.server.reload import ServeError
from asyncchat.server.worker import VARIABLE, Place

_logger = logging.getLogger("asyncchat.workers")

STOP_SECONDS = 20.0
"""How long the workers may take to stop; then they are killed."""

Sockets = list[tuple[Address, list[socket.socket]]]

Named = tuple[Address, list[tuple[int, Any]]]
"""Where sockets are bound, by what was asked for."""


def run(sources: Sources, effective: Effective, announce: Callable[[str], None]) -> None:
    """Serves with several processes until SIGINT or SIGTERM; see ``serve.run``.

    Raises:
        AsyncChatError: the server could not start, or had to stop; the text says what to do.
    """
    database = _database(effective.config)
    serve.prepare(effective)
    try:
        with ExitStack() as stack:
            stack.callback(_locked(database).release, "")
            supervisor = Supervisor(sources, effective.config, database, stack)
            asyncio.run(supervisor.run(announce))
    finally:
        logging_setup.flush()


_MISSING = 'Workers need NATS, its server and its library: pip install "asyncchat[workers]"'


def _locked(database: Path) -> LockFile:
    try:
        return LockFile(Path(f"{database}-workers"))
    except InUse as error:
        raise InUse(database, error.pid) from error


def _database(config: ServeConfig) -> Path:
    """The history of the first worker.

    Raises:
        Misuse: there can't be several workers; the text says why.
        ServeError: its folder can't be made.
    """
    if sys.platform != "linux":
        raise Misuse("--workers needs Linux: here one process serves. Take it away")
    if config.cluster:
        raise Misuse("--workers and --cluster exclude each other: start one node for each core instead")
    if config.node or config.replicas != "1":
        raise Misuse("--node and --replicas are for --cluster, which --workers excludes: take them away")
    if systemd.offered():
        raise Misuse("Workers can't share the sockets of systemd: disable its .socket unit, or --workers")
    try:
        nats_server()
    except AsyncChatError as error:
        raise Misuse(_MISSING) from error
    if find_spec("nats") is None:
        raise Misuse(_MISSING)
    database = database_path(config)
    if database is None:
        raise Misuse(
            "Workers keep the history in files: take away --db :memory: and --no-history, or --workers"
        )
    try:
        database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ServeError(
            f"The history {database} can't be kept: {error.strerror}. Choose another: --db FILE"
        ) from error
    return database


class NatsServer(Child):
    """The server of NATS.

    Args:
        server: what it is started with.
    """

    def __init__(self, server: LocalServer) -> None:
        super().__init__("nats-server")
        self._server = server
        self._logging: set[asyncio.Task[bool]] = set()

    async def start(self) -> Process:
        """Starts it."""
        server = self._server
        return await spawn(server.command, _surroundings(), cwd=str(server.folder), stderr=PIPE)

    async def wait_ready(self, process: Process) -> bool:
        """Waits until nodes can connect."""
        source = process.stderr
        if source is None or not await _log_nats(source, until=READY):
            return False
        logging_on = asyncio.create_task(_log_nats(source))
        self._logging.add(logging_on)
        logging_on.add_done_callback(self._logging.discard)
        return True


class Worker(Child):
    """A worker.

    Args:
        number: from 1 on.
        first: the history of the first one.
        names: where all listen.
        of_first: what the first one listens on, too.
        url: the server of NATS.
    """

    def __init__(self, number: int, first: Path, names: Sequence[Named], of_first: Sockets, url: str) -> None:
        signs = Signs()
        super().__init__(f"worker-{number}", signs)
        self._environment = {**_surroundings(), **signs.environment, "ASYNCCHAT_CLUSTER_URL": url}
        self.announcement = b""
        """What people are shown, of the first one at its first start."""
        self._first = first
        self._database = first if number == 1 else Path(f"{first}-{self.name}")
        self._names = names
        self._own = of_first if number == 1 else []
        self._told: asyncio.StreamReader

    async def start(self) -> Process:
        """Starts it with sockets of its own: those of one that ended are gone, with who waited there."""
        with ExitStack() as stack:
            sockets = [*_share(self._names, stack), *self._own]
            source, sink = os.pipe()
            stack.callback(os.close, sink)
            self._told = await _reader(source)
            numbers = [(address, [one.fileno() for one in some]) for address, some in sockets]
            is_start = self._database == self._first and not self.announcement
            place = Place(self.name, str(self._first), numbers, sink, is_start)
            command = [sys.executable, *sys.orig_argv[1:]]
            command += ["--workers", "1", "--db", str(self._database), "--node", self.name]
            environment = {**self._environment, VARIABLE: msgspec.json.encode(place).decode()}
            files = [sink, *(file for _, some in numbers for file in some)]
            return await spawn(command, environment, pass_fds=files)

    async def wait_ready(self, process: Process) -> bool:
        """Waits until it accepts connections."""
        text = await self._told.read()
        self.announcement = self.announcement or text
        return bool(text)


class Supervisor:
    """All processes of one server.

    Args:
        sources: where the options are stated.
        config: the options.
        database: the history of the first worker.
        stack: closes what is open here.

    Raises:
        AsyncChatError: a port is in use, there is no nats-server, …; the text says what to do.
    """

    def __init__(self, sources: Sources, config: ServeConfig, database: Path, stack: ExitStack) -> None:
        self._sources = sources
        folder = Path(f"{database}-nats")
        try:
            server = LocalServer(nats_server(), folder, syncs=config.durable == "power")
        except OSError as error:
            raise ServeError(f"{folder} can't be made: {error.strerror}") from error
        names, of_first = _bound(config, stack)
        self._nats = NatsServer(server)
        self._workers = [
            Worker(number, database, names, of_first, server.url) for number in range(1, config.workers + 1)
        ]
        for worker in self._workers:
            stack.callback(worker.close)

    async def run(self, announce: Callable[[str], None]) -> None:
        """Serves until a signal.

        Args:
            announce: takes the text for standard output, once all workers accept connections.

        Raises:
            ServeError: a process can't be started.
        """
        stopping = serve.stop_at_signals()
        reloading, renewing = asyncio.Event(), asyncio.Event()
        serve.at_hangup(stopping, reloading.set)
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR2, renewing.set)
        serving = asyncio.create_task(self._serve(announce, reloading, renewing))
        signalled = asyncio.create_task(stopping.wait())
        await asyncio.wait((serving, signalled), return_when=asyncio.FIRST_COMPLETED)
        systemd.notify("STOPPING=1", "STATUS=Stopping")
        signalled.cancel()
        serving.cancel()
        await asyncio.wait((serving,))
        await self._end()
        if not serving.cancelled():
            serving.result()

    async def _serve(
        self, announce: Callable[[str], None], reloading: asyncio.Event, renewing: asyncio.Event
    ) -> None:
        first, *others = self._workers
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._nats.keep())
                await self._nats.ready.wait()
                group.create_task(first.keep())
                await first.ready.wait()
                for worker in others:
                    group.create_task(worker.keep())
                for worker in others:
                    await worker.ready.wait()
                announce(first.announcement.decode())
                _logger.info("%d workers serve", len(self._workers))
                systemd.notify("READY=1", f"STATUS={len(self._workers)} workers serve")
                group.create_task(_whenever(reloading, self._reload))
                group.create_task(_whenever(renewing, self._renew))
                group.create_task(systemd.keep_alive())
        except* Exception as failed:  # noqa: BLE001  # the first one says why
            raise failed.exceptions[0] from None

    async def _end(self) -> None:
        """Stops the workers, all at once: nobody is to meet one that stops next. Then the server of NATS."""
        await asyncio.gather(*(worker.end(STOP_SECONDS) for worker in self._workers))
        await self._nats.end(STOP_SECONDS)

    async def _reload(self) -> None:
        """Has all workers read the configuration again."""
        systemd.notify_reload(True)
        await asyncio.gather(*(worker.send_when_ready(signal.SIGHUP) for worker in self._workers))
        with suppress(AsyncChatError):  # the workers say what is wrong
            stated = (await asyncio.to_thread(self._sources.load)).config
            logging_setup.set_level(stated.log_level)
            if stated.workers != len(self._workers):
                _logger.warning("Only a restart changes: workers")
        systemd.notify_reload(False)

    async def _renew(self) -> None:
        """Starts the workers anew, one after another, the first one last: commands ask that one."""
        for worker in reversed(self._workers):
            await worker.renew()
        _logger.warning("All workers were started anew")


def _bound(config: ServeConfig, stack: ExitStack) -> tuple[list[Named], Sockets]:
    """Where all workers listen, and the sockets of the first one alone."""
    opened: Sockets = []
    of_first: Sockets = []
    stack.callback(_close, of_first)
    try:
        # Not shared at first: the system lets several servers of one user share a port.
        open_all(config, opened)
        of_first += [(address, some) for address, some in opened if address.path or address.udp]
        opened = [pair for pair in opened if pair not in of_first]
        names = [
            (address, [(int(one.family), one.getsockname()) for one in some]) for address, some in opened
        ]
    finally:
        _close(opened)
    if not names:
        raise Misuse("Workers share TCP ports: listen on tcp://HOST:PORT or tls://HOST:PORT too")
    for _, some in _share(names, stack):
        for one in some:
            addresses.hold(one)
    return names, of_first


def _share(names: Sequence[Named], stack: ExitStack) -> Sockets:
    """Binds one more socket for each of these; the stack closes them."""
    shared: Sockets = []
    stack.callback(_close, shared)
    for address, some in names:
        shared.append((address, []))
        for family, name in some:
            shared[-1][1].append(addresses.share(family, name))
    return shared


def _close(sockets: Sockets) -> None:
    for address, some in sockets:
        for one in some:
            one.close()
        addresses.unlink([address])


async def _reader(source: int) -> asyncio.StreamReader:
    """Reads what is written to a pipe."""
    reader = asyncio.StreamReader()
    pipe = os.fdopen(source, "rb")
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
    return reader


def _surroundings() -> dict[str, str]:
    """The environment without what is for the first process of a service alone."""
    return {name: value for name, value in os.environ.items() if name not in systemd.VARIABLES}


async def _whenever(asked: asyncio.Event, do: Callable[[], Awaitable[None]]) -> None:
    while True:
        await asked.wait()
        asked.clear()
        await do()


async def _log_nats(source: asyncio.StreamReader, until: str = "") -> bool:
    """Logs what nats-server writes, up to a line with a text; whether that came."""
    while raw := await source.readline():
        line = raw.decode("utf-8", "replace").strip()
        found = _NATS_LINE.search(line)
        level = logging.ERROR if found is None else _NATS_LEVELS.get(found[1], logging.DEBUG)
        if until and level == logging.WARNING:  # of passwords that are not hashed
            level = logging.DEBUG
        _logger.log(level, "nats-server: %s", line if found is None else found[2])
        if until and until in line:
            return True
    return False


_NATS_LINE = re.compile(r"\[([A-Z]{3})\] ?(.*)")

_NATS_LEVELS = {"WRN": logging.WARNING, "ERR": logging.ERROR, "FTL": logging.CRITICAL}
