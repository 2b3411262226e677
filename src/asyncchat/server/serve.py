"""The program behind ``asyncchat serve``: opens the log and the listeners, serves until a signal, closes
them.

Owns the order of start and stop. Must not know the command line.
"""

import asyncio
import ctypes
import gc
import logging
import os
import signal
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable, Sized
from pathlib import Path

from asyncchat.config.options import ServeConfig, database_path
from asyncchat.config.sources import Effective, Sources, exposed
from asyncchat.log.base import Log
from asyncchat.log.memory import MemoryLog
from asyncchat.server import addresses, banner, logging_setup
from asyncchat.server.addresses import Address, is_local
from asyncchat.server.control_socket import control_socket
from asyncchat.server.limits import raise_file_limit
from asyncchat.server.outbox import StorageLost
from asyncchat.server.reload import ServeError, read_motd
from asyncchat.server.secret_file import key_beside
from asyncchat.server.server import Server
from asyncchat.server.server_passwords import OwnerCode

_logger = logging.getLogger("asyncchat.server")

FORCED = 130
"""The exit status after a second Ctrl-C: 128 and SIGINT's number."""

MEMORY_MESSAGES = 100_000
"""The newest messages that ``--db :memory:`` keeps: about 50 MB."""

TRIM_SECONDS = 5.0
"""How often the server looks whether many clients have left."""

TRIM_SESSIONS = 500
"""How many those are: some megabytes."""


def run(sources: Sources, effective: Effective, announce: Callable[[str], None]) -> None:
    """Serves until SIGINT or SIGTERM.

    Args:
        sources: where the options are stated; a reload reads them again.
        effective: the options as they are now.
        announce: takes the text for standard output once all listeners accept.

    Raises:
        AsyncChatError: the server could not start, or had to stop; the text says what to do.
    """
    config = effective.config
    _open_standard_streams()
    logging_setup.set_up(config.log_level, config.log_format)
    warning = exposed(effective)
    if warning:
        _logger.warning("%s", warning)
    try:
        if sys.platform == "win32":
            asyncio.run(_serve(sources, effective, announce))
        else:
            import uvloop

            uvloop.run(_serve(sources, effective, announce))
    finally:
        logging_setup.flush()


def _open_standard_streams() -> None:
    """Opens standard streams that were closed: libuv aborts when a connection gets one of their numbers."""
    while (taken := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(taken)


async def _serve(sources: Sources, effective: Effective, announce: Callable[[str], None]) -> None:
    config = effective.config
    motd = read_motd(config.motd)
    most_sessions = raise_file_limit()
    listeners: list[tuple[Address, list[socket.socket]]] = []
    try:
        shared_port, further = _addresses(config)
        listeners += addresses.open_on_one_port(shared_port)
        for address in further:
            listeners.append((address, addresses.open_listener(address)))  # what opened is closed
        await _serve_on(listeners, config, announce, motd, most_sessions, sources)
    finally:
        addresses.unlink(address for address, _sockets in listeners)


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
        server = Server(
            config,
            log,
            code,
            motd=motd,
            cloak_key=_key_beside(database, ".cloak", "The key of cloaks") if config.cloak else None,
            secret=_key_beside(database, ".secret", "The secret of accounts") or b"",
            most_sessions=most_sessions,
            sources=sources,
            webhook_positions=None if database is None else database.with_name(f"{database.name}-webhooks"),
            database=database,
        )
        stopping = _stop_at_signals()
        _reload_at_hangup(server, stopping)
        await server.start(listeners)
        async with control_socket(server.hub, database):
            announce(_announcement(server, config, database))
            if config.open:
                _open_page(server)
            _tune_memory()
            giving_back = asyncio.create_task(_give_back_memory(server.context.sessions), name="memory")
            try:
                await _until(stopping, server)
            finally:
                giving_back.cancel()
    finally:
        await log.close()


def _addresses(config: ServeConfig) -> tuple[list[Address], list[Address]]:
    """Where to listen: addresses that share one port, and further ones."""
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


def _key_beside(database: Path | None, suffix: str, what: str) -> bytes | None:
    """A key that is kept beside the database; None: there is no database, and a key lasts for this run."""
    if database is None:
        return None
    try:
        return key_beside(database, suffix)
    except OSError as error:
        raise ServeError(f"{what} beside {database} can't be kept: {error.strerror}") from error


def _announcement(server: Server, config: ServeConfig, database: Path | None) -> str:
    text = banner.listening(server.listeners.reachable)
    text += banner.history_line(database, kept=config.history, messages=server.log.messages)
    text += "\n" + server.listeners.how_to_join() + banner.who_can_join(server.listeners.reachable)
    best = banner.best(server.listeners.reachable)
    if config.lan and not best.path and _shows_blocks():
        text += banner.qr_code(banner.page(best))
    if not server.hub.chat.owner_code_used:
        text += banner.owner_line(server.auth.owner_code.text)
    return text + "Stop with Ctrl-C.\n"


def _shows_blocks() -> bool:
    """Whether standard output, which may be closed, takes UTF-8."""
    return (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "") == "utf8"


def _open_page(server: Server) -> None:
    """Opens the page in a browser, from a thread: a browser in a terminal would block."""
    local = [address for address in server.listeners.reachable if not address.path and not address.udp]
    if not local:
        _logger.warning("--open: a browser reaches only a TCP port; listen on one too")
        return
    link = banner.page(next((address for address in local if is_local(address.host)), local[0]))

    def show() -> None:
        if not webbrowser.open(link):
            _logger.warning("No browser could be opened; the page is %s", link)

    threading.Thread(target=show, name="browser", daemon=True).start()


def _tune_memory() -> None:
    """Has the cyclic collector ignore what never becomes garbage, and run less often.

    A server allocates a few tracked objects for each message, and their reference counts free them at once.
    With the default of 700 the collector would run hundreds of times a second for nothing.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 1_000, 5)


async def _give_back_memory(sessions: Sized) -> None:
    """Gives memory back to the system after many clients have left. glibc alone keeps what is not at the end.

    In a thread: it may take some milliseconds.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    most = 0
    while trim is not None:
        await asyncio.sleep(TRIM_SECONDS)
        most = max(most, len(sessions))
        if most - len(sessions) >= TRIM_SESSIONS:
            most = len(sessions)
            await asyncio.to_thread(trim, 0)


def _stop_at_signals() -> asyncio.Event:
    """An event that SIGINT and SIGTERM set; a second signal ends the process at once."""
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


def _reload_at_hangup(server: Server, stopping: asyncio.Event) -> None:
    """Has SIGHUP reload the configuration, or stop the server when its terminal is gone."""
    if sys.platform == "win32":
        return
    had_terminal = _has_terminal()

    def on_hangup() -> None:
        if had_terminal and not _has_terminal():
            stopping.set()
        else:
            server.reloader.ask()

    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, on_hangup)


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True


async def _until(stopping: asyncio.Event, server: Server) -> None:
    serving = asyncio.create_task(server.run())
    signalled = asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait((serving, signalled), return_when=asyncio.FIRST_COMPLETED)
        if not serving.done():
            _logger.info("Stopping (Ctrl-C once more forces it)")
            await server.stop("the server is stopping")
            serving.cancel()
        signalled.cancel()
        await asyncio.wait((serving, signalled))
        if not serving.cancelled():
            serving.result()
    except StorageLost as lost:
        raise ServeError(f"The history could not be written for 30 seconds: {lost}") from lost
