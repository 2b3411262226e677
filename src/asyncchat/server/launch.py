"""What a server needs before it starts, and how it ends: for ``asyncchat serve`` and for a program's own.

Owns the order of that: listeners, the log, the keys beside it; and how many connections there can be. Must
not know signals, standard output or whoever runs the server.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from asyncchat.config.options import ServeConfig, database_path
from asyncchat.config.sources import Sources
from asyncchat.core.chat import Chat
from asyncchat.core.events import Event
from asyncchat.core.features.room_defaults import configured
from asyncchat.core.features.server import starting
from asyncchat.core.people import Person
from asyncchat.errors import Misuse
from asyncchat.log.base import Log
from asyncchat.log.lockfile import LockFile
from asyncchat.log.memory import MemoryLog
from asyncchat.server import addresses
from asyncchat.server.addresses import Address
from asyncchat.server.cloaks import Cloaks, is_address
from asyncchat.server.handover import Taken
from asyncchat.server.outbox import StorageLost
from asyncchat.server.plaintext import check_listeners
from asyncchat.server.reload import ServeError, read_motd
from asyncchat.server.secret_file import RunKeys, kept_beside, key_beside
from asyncchat.server.server import Server
from asyncchat.server.server_passwords import OwnerCode
from asyncchat.server.tls import Certificate, is_pair, self_signed, stated_certificate
from asyncchat.version import __version__

if TYPE_CHECKING:
    from asyncchat.cluster.stream import Stream
    from asyncchat.server.cluster.node import Node

_logger = logging.getLogger("asyncchat.cluster")

MEMORY_MESSAGES = 100_000
"""The newest messages that ``--db :memory:`` keeps: about 50 MB."""

RESERVED_FILES = 64
"""File descriptors kept for the history, the listeners and the log beside the connections."""

NATS_SECONDS = 60.0
"""How long a start waits for NATS, which may be starting, too."""

_NODE_NAME = 255

_OF_NODES = ("cluster_name", "node", "replicas")
"""Options of nodes alone: with them, but no cluster, the history would go on as another chat."""

_ALONE = ServeConfig()

_MANY_FILES = 1_000_000
"""Stands for no limit of files."""

Listening = Sequence[tuple[Address, list[socket.socket]]]
"""Bound sockets, by what was asked for."""


NO_SOCKETS: Listening = ()


class Launched(NamedTuple):
    """A server that is not started yet, where it is to listen, and its history's file."""

    server: Server
    listening: list[tuple[Address, list[socket.socket]]]
    database: Path | None
    owns_sockets: bool
    """Whether they are not those of whoever started the process."""


@asynccontextmanager
async def launched(
    config: ServeConfig,
    most_sessions: int,
    sources: Sources | None = None,
    inherited: Listening = NO_SOCKETS,
    taken: Taken | None = None,
    first: Path | None = None,
) -> AsyncIterator[Launched]:
    """Makes a server, and closes what it had after the block. Whoever calls it starts and ends the server.

    Args:
        config: the options.
        most_sessions: most connections; the options may allow fewer.
        sources: where a reload reads the options.
        inherited: sockets of whoever started the process, in place of those of the options.
        taken: what another process has handed over; its sockets are ``inherited``. None: this is a start.
        first: the history of the first worker, if this process is a worker.

    Raises:
        AsyncChatError: a port is in use, a file can't be opened, …; the text says what to do.
    """
    if config.workers > 1:
        raise Misuse("Only “asyncchat serve” starts workers: take away the option workers")
    if not config.cluster and any(getattr(config, option) != getattr(_ALONE, option) for option in _OF_NODES):
        raise Misuse(
            "--node, --cluster-name and --replicas are for a node of a cluster: add --cluster "
            "nats://HOST:PORT, or take them away"
        )
    motd = read_motd(config.motd)
    listening = list(inherited)
    owns_sockets = not inherited if taken is None else taken.server.owns_sockets
    try:
        if not inherited:
            open_all(config, listening)
        require_certificate(config, (address for address, _ in listening))
        database = database_path(config)
        has_certificate = bool(config.tls_cert) or config.tls != "off"
        bound = ((asked, one.getsockname()[0]) for asked, sockets in listening for one in sockets)
        check_listeners(bound, has_certificate=has_certificate)
        async with stream_of(config) as stream:
            if stream is not None and database is not None and first is not None:
                await _make_fit(stream, database, first)
            await _begin_with_snapshot(stream, database)
            log = (taken and taken.server.log) or await _open_log(config, database)
            try:
                node = await join(stream, config, log, database)
                if node is not None:
                    node.members.names_are_unique = first is not None
                    node.has_all_files = database == first  # a single server may go on with them
                tls = _certificate(config, first or database)
                server = _server(config, log, database, motd, most_sessions, sources, taken, tls, node)
                yield Launched(server, listening, database, owns_sockets)
            finally:
                await log.close()
    finally:
        for _address, sockets in listening:
            for one in sockets:
                one.close()
        if owns_sockets:
            addresses.unlink(address for address, _sockets in listening)


def rehearse(config: ServeConfig, most_sessions: int, sources: Sources) -> None:
    """Makes a server as ``launched`` does, for nothing: what can't be done is known before it is needed.

    Raises:
        AsyncChatError: a file can't be read, …
    """
    import asyncchat.log.sqlite  # noqa: F401  # it takes long the first time

    database = database_path(config)
    certificate = _certificate(config, database)
    _server(config, MemoryLog(0), database, read_motd(config.motd), most_sessions, sources, None, certificate)


def _server(
    config: ServeConfig,
    log: Log,
    database: Path | None,
    motd: tuple[str, ...] | None,
    most_sessions: int,
    sources: Sources | None,
    taken: Taken | None,
    certificate: Certificate | None,
    node: Node | None = None,
) -> Server:
    keys = RunKeys() if taken is None else taken.server.keys
    try:
        if taken is not None:
            code = OwnerCode(taken.server.owner_code)
        else:
            code = OwnerCode.new() if database is None else OwnerCode.beside(database)
    except OSError as error:
        raise ServeError(f"The owner code beside {database} can't be kept: {error.strerror}") from error
    return Server(
        config,
        log,
        code,
        motd=motd,
        keys=keys if database is None else keys_beside(keys, config, database),
        chat=taken.server.chat if taken is not None else node.chat if node is not None else None,
        most_sessions=most_sessions,
        sources=sources,
        webhook_positions=None if database is None else database.with_name(f"{database.name}-webhooks"),
        database=database,
        certificate=certificate,
        node=node,
    )


async def end(server: Server, serving: asyncio.Task[None], reason: str) -> None:
    """Stops a server in order, unless it has ended by itself.

    Args:
        server: the server.
        serving: its ``run``.
        reason: what people are told.

    Raises:
        ServeError: it had to end, because the history could not be written.
    """
    try:
        if not serving.done():
            await server.stop(reason)
            serving.cancel()
        await asyncio.wait((serving,))
        if not serving.cancelled():
            serving.result()
    except StorageLost as lost:
        raise ServeError(f"The history could not be written for 30 seconds: {lost}") from lost


def open_all(config: ServeConfig, listening: list[tuple[Address, list[socket.socket]]]) -> None:
    """Opens the listeners of the options, and adds them to a list; those that are open stay there.

    Raises:
        ServeError: an address is not valid.
        ListenError: one can't be opened; the text says why.
    """
    shared_port, further = _addresses(config)
    listening += addresses.open_on_one_port(shared_port)
    for address in further:
        listening.append((address, addresses.open_listener(address)))


def _addresses(config: ServeConfig) -> tuple[list[Address], list[Address]]:
    """Where to listen: addresses that share one port, and further ones."""
    try:
        more = [addresses.parse_listener(url) for url in config.listen]
    except ValueError as error:
        raise ServeError(str(error)) from error
    if config.lan:
        return [Address(host, config.port) for host in addresses.private_addresses()], more
    return [Address(config.host, config.port)] if config.host else [], more


def require_certificate(config: ServeConfig, asked: Iterable[Address]) -> None:
    """Refuses listeners with TLS alone where there is no certificate."""
    if any(address.tls for address in asked) and not config.tls_cert and config.tls == "off":
        raise Misuse(
            "A tls:// listener needs a certificate: --tls-cert FILE --tls-key FILE, or --tls self-signed"
        )


def _certificate(config: ServeConfig, database: Path | None) -> Certificate | None:
    """The certificate of the options; None: there is no TLS."""
    stated = stated_certificate(config.tls_cert, config.tls_key)
    if stated or config.tls == "off":
        return stated
    names = [config.name, "localhost", "127.0.0.1", *addresses.own_addresses()]
    with tempfile.TemporaryDirectory() as folder:
        beside = database or Path(folder, "memory")
        try:
            kept_beside(beside, ".tls", is_pair, lambda: self_signed(names))
        except OSError as error:
            raise ServeError(f"The certificate beside {beside} can't be kept: {error.strerror}") from error
        file = beside.with_name(f"{beside.name}.tls")
        return Certificate(file, file)


@asynccontextmanager
async def stream_of(config: ServeConfig) -> AsyncIterator[Stream | None]:
    """The stream of the options' cluster, closed after the block; None: there is no cluster.

    Raises:
        AsyncChatError: it can't be opened; the text says what to do.
    """
    if not config.cluster:
        yield None
        return
    try:
        from asyncchat.cluster.stream import Stream
    except ImportError as error:
        raise Misuse('A cluster needs more: pip install "asyncchat[cluster]"') from error
    stream = await Stream.open(
        config.cluster, config.cluster_name, replicas=int(config.replicas), opening=NATS_SECONDS
    )
    try:
        yield stream
    finally:
        await stream.close()


async def join(stream: Stream | None, config: ServeConfig, log: Log, database: Path | None) -> Node | None:
    """Joins the cluster of the options; None: there is none.

    Raises:
        AsyncChatError: it can't be joined; the text says what to do.
    """
    if stream is None:
        return None
    if database is None:
        raise Misuse(
            "A node of a cluster keeps its history in a file: take away --db :memory: and --no-history"
        )
    name = config.node or socket.gethostname()
    if not name.isprintable() or len(name) > _NODE_NAME:
        raise Misuse(f"A node's name is one line of at most {_NODE_NAME} characters: --node NAME")
    from asyncchat.server.cluster.keys import share_keys
    from asyncchat.server.cluster.node import Node

    node = Node(stream, name, log)
    await node.join(partial(_beginning, config, database, log.last_time))
    try:
        await share_keys(stream, database)
    except OSError as error:
        raise ServeError(f"The keys beside {database} can't be kept: {error.strerror}") from error
    return node


async def _make_fit(stream: Stream, database: Path, first: Path) -> None:
    """Has the history of a worker be one with which it can join the others."""
    from asyncchat.server.cluster.copies import make_fit

    await make_fit(stream, database, first)


async def _begin_with_snapshot(stream: Stream | None, database: Path | None) -> None:
    """A node without a history begins with the newest snapshot of the cluster's, if there is one."""
    if stream is None or database is None:
        return
    try:
        if await asyncio.to_thread(database.exists):
            return
        database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = LockFile(database)  # the same node may be started twice
        try:
            if await asyncio.to_thread(database.exists):
                return
            beside = database.with_name(f"{database.name}-snapshot")
            if await stream.get_snapshot(beside) is not None:
                _put_aside_wal(database)
                beside.chmod(0o600)
                beside.replace(database)
        finally:
            lock.abandon()
    except OSError as error:
        raise ServeError(
            f"The history {database} can't be kept: {error.strerror}. Choose another: --db FILE"
        ) from error


def _put_aside_wal(database: Path) -> None:
    """What a history that was put away has left would be taken for the new one's."""
    wal = Path(f"{database}-wal")
    if wal.exists():
        wal.replace(f"{wal}.old")
        _logger.warning("%s belongs to a history that was put away: it is %s.old now", wal, wal)
    Path(f"{database}-shm").unlink(missing_ok=True)


def _beginning(config: ServeConfig, database: Path, last_time: int, chat: Chat, now: int) -> list[Event]:
    """What is recorded where a cluster begins."""

    def hide(person: Person) -> Person:
        # Its key is made where it is needed, since the cluster's may take its place.
        if not config.cloak or not is_address(person.host):
            return person
        return Cloaks(_key_beside(database, ".cloak", "The key of cloaks")).hide(person)

    return [
        *starting(chat, __version__, now, last_time, hide),
        *configured(chat, config.rooms, config.name, now),
    ]


async def _open_log(config: ServeConfig, database: Path | None) -> Log:
    if database is None:
        return MemoryLog(MEMORY_MESSAGES if config.history else 0)
    from asyncchat.log.sqlite import SqliteLog

    return await SqliteLog.open(database, durable=config.durable)


def keys_beside(keys: RunKeys, config: ServeConfig, database: Path) -> RunKeys:
    """The keys of a run, with those that are kept beside its database."""
    accounts = _key_beside(database, ".secret", "The secret of accounts")
    return msgspec.structs.replace(
        keys,
        cloaks=_key_beside(database, ".cloak", "The key of cloaks") if config.cloak else keys.cloaks,
        accounts=accounts,
        pushes=_key_beside(database, ".push", "The key of pushes"),
        links=hmac.digest(accounts, b"links", "sha256") if config.cluster else keys.links,
    )


def _key_beside(database: Path, suffix: str, what: str) -> bytes:
    try:
        return key_beside(database, suffix)
    except OSError as error:
        raise ServeError(f"{what} beside {database} can't be kept: {error.strerror}") from error


def raise_file_limit() -> None:
    """Raises the soft limit of open files to the hard one."""
    if sys.platform != "win32":
        import resource

        _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        hard = _MANY_FILES if hard == resource.RLIM_INFINITY else hard
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def most_connections() -> int:
    """How many connections fit in the limit of open files."""
    if sys.platform == "win32":
        return 500  # select() in C takes 512 handles there
    import resource

    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(1, (_MANY_FILES if soft == resource.RLIM_INFINITY else soft) - RESERVED_FILES)
