"""Running a server as a program: opens what it needs, says where it is, serves until a signal.

Owns the order of start and end; must not know the command line.
"""

import asyncio
import gc
import logging
import os
import signal
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable
from pathlib import Path

from asyncchat.config.options import ServeConfig, database_path
from asyncchat.config.sources import Effective, Sources, exposed
from asyncchat.log.base import Log
from asyncchat.log.memory import MemoryLog
from asyncchat.server import addresses, greeting, reporting
from asyncchat.server.addresses import Address, is_local
from asyncchat.server.cloaks import key_beside
from asyncchat.server.control import control_socket
from asyncchat.server.limits import raise_file_limit
from asyncchat.server.outbox import StorageLost
from asyncchat.server.owner import OwnerCode
from asyncchat.server.reloading import ServeError, read_motd
from asyncchat.server.service import Service

_logger = logging.getLogger("asyncchat.server")

FORCED = 130
"""The exit status after a second Ctrl-C: 128 and SIGINT's number."""

MEMORY_MESSAGES = 100_000
"""Messages that ``--db :memory:`` keeps, the newest: some 50 MB."""


def run(sources: Sources, effective: Effective, announce: Callable[[str], None]) -> None:
    """Serves until SIGINT or SIGTERM.

    Args:
        sources: where the options are stated; a reload reads them again.
        effective: what they give now.
        announce: takes the text for standard output, once all listeners accept.

    Raises:
        AsyncChatError: it could not start, or had to stop; the text says what to do.
    """
    config = effective.config
    _open_standard_streams()
    reporting.set_up(config.log_level, config.log_format)
    warning = exposed(effective)
    if warning:
        _logger.warning("%s", warning)
    if sys.platform == "win32":
        asyncio.run(_serve(sources, effective, announce))
    else:
        import uvloop

        uvloop.run(_serve(sources, effective, announce))


def _open_standard_streams() -> None:
    """Takes the places of standard streams that were closed: libuv aborts where a connection has one."""
    while (taken := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(taken)


async def _serve(sources: Sources, effective: Effective, announce: Callable[[str], None]) -> None:
    config = effective.config
    motd = read_motd(config.motd)
    most_sessions = raise_file_limit()
    listeners: list[tuple[Address, list[socket.socket]]] = []
    try:
        together, apart = _addresses(config)
        listeners += addresses.open_together(together)
        for address in apart:
            listeners.append((address, addresses.open_listener(address)))  # each that opened is closed
        await _serve_on(listeners, config, announce, motd, most_sessions, sources)
    finally:
        addresses.forget(address for address, _sockets in listeners)


async def _serve_on(
    listeners: list[tuple[Address, list[socket.socket]]],
    config: ServeConfig,
    announce: Callable[[str], None],
    motd: tuple[str, ...] | None,
    most_sessions: int,
    sources: Sources,
) -> None:
    database = database_path(config)
    log = await _open_log(config, database)
    try:
        try:
            code = OwnerCode.new() if database is None else OwnerCode.beside(database)
        except OSError as error:
            raise ServeError(f"The owner code beside {database} can't be kept: {error.strerror}") from error
        service = Service(
            config,
            log,
            code,
            motd=motd,
            cloak_key=_cloak_key(config, database),
            most_sessions=most_sessions,
            sources=sources,
        )
        stopping = _stop_at_signals()
        _reload_at_hangup(service, stopping)
        await service.start(listeners)
        async with control_socket(service, database):
            announce(_announcement(service, config, database))
            if config.open:
                _open_page(service)
            _tune_memory()
            await _until(stopping, service)
    finally:
        await log.close()


def _addresses(config: ServeConfig) -> tuple[list[Address], list[Address]]:
    """Where to listen: on these with one port for all, and on those."""
    try:
        more = [addresses.parse_listener(url) for url in config.listen]
    except ValueError as error:
        raise ServeError(str(error)) from error
    if config.lan:
        return [Address(host, config.port) for host in addresses.private_addresses()], more
    return [Address(config.host, config.port)] if config.host else [], more


async def _open_log(config: ServeConfig, database: Path | None) -> Log:
    if database is None:
        return MemoryLog(MEMORY_MESSAGES if config.history else 0)
    from asyncchat.log.sqlite import SqliteLog

    return await SqliteLog.open(database, durable=config.durable)


def _cloak_key(config: ServeConfig, database: Path | None) -> bytes | None:
    """What addresses are hidden with; None: a key for this run alone."""
    if database is None or not config.cloak:
        return None
    try:
        return key_beside(database)
    except OSError as error:
        raise ServeError(f"The key of cloaks beside {database} can't be kept: {error.strerror}") from error


def _announcement(service: Service, config: ServeConfig, database: Path | None) -> str:
    text = greeting.listening(service.reachable)
    text += greeting.history_line(database, kept=config.history, messages=service.log.messages)
    text += "\n" + service.how_to_join() + greeting.who_can_join(service.reachable)
    best = greeting.best(service.reachable)
    if config.lan and not best.path and _shows_blocks():
        text += greeting.qr_code(greeting.page(best))
    if not service.hub.chat.owner_claimed:
        text += greeting.owner_line(service.owner_code.text)
    return text + "Stop with Ctrl-C.\n"


def _shows_blocks() -> bool:
    """Whether standard output, which may be closed, takes more than ASCII."""
    return (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "") == "utf8"


def _open_page(service: Service) -> None:
    """Opens the page in this machine's browser, from a thread: one in a terminal would hold us up."""
    local = [address for address in service.reachable if not address.path]
    if not local:
        _logger.warning("--open: a browser reaches no Unix socket; listen on a port too")
        return
    link = greeting.page(next((address for address in local if is_local(address.host)), local[0]))

    def show() -> None:
        if not webbrowser.open(link):
            _logger.warning("No browser could be opened; the page is %s", link)

    threading.Thread(target=show, name="browser", daemon=True).start()


def _tune_memory() -> None:
    """Spares the cyclic collector what never becomes garbage, and lets it look less often.

    A server allocates a few tracked objects for each message and drops them by reference count at once; with
    the default of 700 the collector would walk the young ones hundreds of times a second for nothing.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def _stop_at_signals() -> asyncio.Event:
    """What SIGINT and SIGTERM set from now on; a second one ends the process."""
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()

    def on_signal() -> None:
        if stopping.is_set():
            _logger.warning("Forced to stop")
            logging.shutdown()
            os._exit(FORCED)
        stopping.set()

    if sys.platform == "win32":
        signal.signal(signal.SIGINT, lambda *_: loop.call_soon_threadsafe(on_signal))
    else:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, on_signal)
    return stopping


def _reload_at_hangup(service: Service, stopping: asyncio.Event) -> None:
    """Has SIGHUP reload the configuration, but where it says that the terminal we ran in is gone."""
    if sys.platform == "win32":
        return
    had_terminal = _has_terminal()

    def on_hangup() -> None:
        if had_terminal and not _has_terminal():
            stopping.set()
        else:
            service.reloader.ask()

    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, on_hangup)


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True


async def _until(stopping: asyncio.Event, service: Service) -> None:
    serving = asyncio.create_task(service.run())
    signalled = asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait((serving, signalled), return_when=asyncio.FIRST_COMPLETED)
        if not serving.done():
            _logger.info("Stopping (Ctrl-C once more forces it)")
            await service.stop("the server is stopping")
            serving.cancel()
        signalled.cancel()
        await asyncio.wait((serving, signalled))
        if not serving.cancelled():
            serving.result()
    except StorageLost as lost:
        raise ServeError(f"The history could not be written for 30 seconds: {lost}") from lost
