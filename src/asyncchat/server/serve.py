"""The program behind ``asyncchat serve``: serves until a signal.

Owns what belongs to a process of its own: signals, standard output, the limit of files, memory. Must not know
the command line.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import logging
import os
import signal
import sys
import threading
import time
import webbrowser
from collections.abc import Awaitable, Callable, Sized
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asyncchat.config.options import ServeConfig
from asyncchat.config.sources import Effective, Sources, exposed
from asyncchat.control.requests import Drained
from asyncchat.errors import Misuse
from asyncchat.server import banner, logging_setup, systemd
from asyncchat.server.addresses import is_local
from asyncchat.server.control_socket import ControlSocket, control_socket
from asyncchat.server.drain import drain
from asyncchat.server.handover import HandoverFailed
from asyncchat.server.launch import (
    Launched,
    end,
    launched,
    most_connections,
    raise_file_limit,
    rehearse,
)
from asyncchat.server.server import Server
from asyncchat.server.tls import exposed_key
from asyncchat.server.upgrade import Predecessor, Upgrade
from asyncchat.server.worker import Worker

if TYPE_CHECKING:
    from asyncchat.server.cluster.node import Node

_logger = logging.getLogger("asyncchat.server")

FORCED = 130
"""The exit status after a second Ctrl-C: 128 and SIGINT's number."""

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
    worker = Worker.of_environment()
    if worker is not None:
        announce = worker.announce
    prepare(effective, worker)
    try:
        if sys.platform == "win32":
            asyncio.run(_serve(sources, effective, announce, worker))
        else:
            import uvloop

            uvloop.run(_serve(sources, effective, announce, worker))
    finally:
        logging_setup.flush()


def prepare(effective: Effective, worker: Worker | None = None) -> None:
    """Sets up standard streams and the log, and warns of what others can read."""
    config = effective.config
    _open_standard_streams()
    logging_setup.set_up(config.log_level, config.log_format, "" if worker is None else worker.name)
    if worker is None:  # who started it has warned
        for warning in filter(None, (exposed(effective), exposed_key(config.tls_cert, config.tls_key))):
            _logger.warning("%s", warning)


def _open_standard_streams() -> None:
    """Opens standard streams that were closed: libuv aborts when a connection gets one of their numbers."""
    while (taken := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(taken)


async def _serve(
    sources: Sources, effective: Effective, announce: Callable[[str], None], worker: Worker | None
) -> None:
    config = effective.config
    if sys.platform != "win32" and not has_terminal():
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # the options are just read; a start may wait for NATS
    raise_file_limit()
    before = Predecessor.of_environment()
    if before is not None:
        with before.told_of_failure():
            await _take_over(before, sources, config)
        return
    sockets = systemd.inherited() if worker is None else worker.sockets
    first = None if worker is None else worker.first
    async with launched(config, most_connections(), sources, sockets, first=first) as made:
        await made.server.start(made.listening)

        async def begin() -> None:
            text = _announcement(made.server, config, made.database)
            if made.server.node is not None and worker is not None:
                made.server.node.on_known = partial(announce, text)
            else:
                announce(text)
            if config.open and (worker is None or worker.is_start):
                _open_page(made.server)

        await _run(made, begin, worker)


async def _take_over(before: Predecessor, sources: Sources, config: ServeConfig) -> None:
    rehearse(config, most_connections(), sources)
    gc.disable()  # all that is made now stays
    taken = await asyncio.to_thread(before.take)
    async with launched(config, most_connections(), sources, taken.listening, taken) as made:
        sessions = await made.server.take_over(taken)

        async def begin() -> None:
            before.dismiss()
            before.follow(await made.server.go_on(taken, sessions))
            _logger.warning(
                "Process %d serves now, with %d connections; nobody was heard for %d ms",
                os.getpid(),
                len(sessions),
                1000 * (time.monotonic() - taken.server.stopped_at),
            )

        await _run(made, begin)


async def _run(made: Launched, begin: Callable[[], Awaitable[None]], worker: Worker | None = None) -> None:
    """Serves until a signal, or until another process has taken over.

    ``begin`` is called when all is ready, and before anything is recorded.
    """
    server = made.server
    stopping = stop_at_signals(hint=worker is None)
    server.reloader.on_reload = systemd.notify_reload
    at_hangup(stopping, server.reloader.ask)
    beside = [
        asyncio.create_task(_give_back_memory(server.context.sessions), name="memory"),
        asyncio.create_task(systemd.keep_alive(), name="systemd"),
    ]
    try:
        async with control_socket(server.hub, made.database) as control:
            if worker is None:
                upgrading = _upgrade_when_asked(made, control, stopping)
                _drain_when_asked(made, stopping)
            else:
                upgrading = _renew_when_asked(server, worker)
            await begin()
            serving = asyncio.create_task(server.run())
            _tune_memory(server.node)
            listening = ", ".join(map(str, server.listeners.addresses))
            systemd.notify("READY=1", f"STATUS=Listening on {listening}")
            await _first(stopping, serving)
            async with upgrading:  # a stop in the middle of it would tell people that the chat has ended
                await end(server, serving, "the server is stopping")
    finally:
        for task in beside:
            task.cancel()


def _drain_when_asked(made: Launched, stopping: asyncio.Event) -> None:
    """Has the control socket take a node of a cluster out of service, after which it stops."""
    server = made.server
    draining: list[asyncio.Task[None]] = []

    async def run(seconds: float) -> None:
        await drain(server.context, seconds)
        stopping.set()

    def begin(seconds: float) -> Drained:
        if not draining:
            if server.node is not None and server.node.is_alone:
                raise Misuse(
                    "No other node of the cluster is there, so people have nowhere to go. To stop this one "
                    "all the same, end its process (SIGTERM)"
                )
            _logger.warning("This node is taken out of service within %g s", seconds)
            draining.append(asyncio.create_task(run(seconds), name="drain"))
        return Drained(sum(one.dialect is not None for one in server.context.sessions), running=True)

    server.hub.drainer = begin


def _upgrade_when_asked(
    made: Launched, control: ControlSocket | None, stopping: asyncio.Event
) -> asyncio.Lock:
    """Has SIGUSR2, and the control socket, hand the server over to a new process, which ends this one.

    Returns:
        A lock that is held meanwhile.
    """
    turn = asyncio.Lock()
    if sys.platform == "win32":
        return turn

    async def upgrade() -> int:
        if turn.locked():
            raise HandoverFailed("the server is being upgraded already, or stops")
        async with turn:
            attempt = Upgrade(made, control)
            try:
                process = await attempt.run()
            except HandoverFailed as error:
                _logger.error("The upgrade failed, and this process serves on: %s", error)
                raise
            except Exception as error:
                _logger.exception(
                    "The upgrade failed, and this process must stop; this is a bug of asyncchat"
                )
                stopping.set()
                raise HandoverFailed("the server had to stop; its log says why") from error
            systemd.notify(f"MAINPID={process}")
            ending.append(asyncio.create_task(_end_after(attempt)))
            return process

    def on_signal() -> None:
        asked = asyncio.create_task(upgrade())
        asked.add_done_callback(lambda done: done.exception())  # it is in the log
        ending.append(asked)

    ending: list[asyncio.Task[Any]] = []
    made.server.hub.upgrader = upgrade
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR2, on_signal)
    return turn


def _renew_when_asked(server: Server, worker: Worker) -> asyncio.Lock:
    """Has the control socket start all workers anew, and operators have all reload."""

    async def renew() -> int:
        worker.ask_restart()
        return 0

    def refuse(_seconds: float) -> Drained:
        raise Misuse("A worker that ends is started again. “asyncchat reload” starts all anew, in turn")

    server.hub.upgrader, server.hub.drainer = renew, refuse
    server.reloader.share = worker.ask_reload
    return asyncio.Lock()


async def _end_after(upgrade: Upgrade) -> None:
    """Ends this process. What it has is the other's now: nothing may be closed in order."""
    await upgrade.finish()
    logging_setup.flush()
    os._exit(0)


def _announcement(server: Server, config: ServeConfig, database: Path | None) -> str:
    text = banner.listening(server.listeners.reachable)
    node = "" if server.node is None or server.node.members.names_are_unique else server.node.name
    text += banner.history_line(database, kept=config.history, messages=server.log.messages, node=node)
    text += (
        "\n"
        + server.listeners.how_to_join()
        + banner.who_can_join(server.listeners.reachable, encrypted=server.certificate is not None)
    )
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


def _tune_memory(node: Node | None = None) -> None:
    """Has the cyclic collector ignore what never becomes garbage, and run less often.

    A server allocates a few tracked objects for each message, and their reference counts free them at once.
    With the default of 700 the collector would run hundreds of times a second for nothing. The copy that a
    node makes as the hub of a cluster stays, too: to look through its 300,000 objects takes 60 ms.
    """
    gc.collect()
    gc.freeze()
    if node is not None:
        node.on_copied = gc.freeze
    gc.enable()
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


def stop_at_signals(*, hint: bool = True) -> asyncio.Event:
    """An event that SIGINT and SIGTERM set; a second signal ends the process at once.

    Args:
        hint: whether whoever reads the log is told of that.
    """
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()

    def on_signal() -> None:
        if stopping.is_set():
            _logger.warning("Forced to stop")
            logging.shutdown()
            os._exit(FORCED)
        _logger.info("Stopping%s", " (Ctrl-C once more forces it)" if hint else "")
        stopping.set()

    if sys.platform == "win32":
        signal.signal(signal.SIGINT, lambda *_: loop.call_soon_threadsafe(on_signal))
    else:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, on_signal)
    return stopping


def at_hangup(stopping: asyncio.Event, reload: Callable[[], None]) -> None:
    """Has SIGHUP reload the configuration, or stop the server when its terminal is gone."""
    if sys.platform == "win32":
        return
    had_terminal = has_terminal()

    def on_hangup() -> None:
        if had_terminal and not has_terminal():
            stopping.set()
        else:
            reload()

    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, on_hangup)


def has_terminal() -> bool:
    """Whether there is a terminal that can hang up."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True


async def _first(stopping: asyncio.Event, serving: asyncio.Task[None]) -> None:
    """Waits for a signal, or until the server has ended by itself."""
    signalled = asyncio.create_task(stopping.wait())
    await asyncio.wait((serving, signalled), return_when=asyncio.FIRST_COMPLETED)
    systemd.notify("STOPPING=1", "STATUS=Stopping")
    signalled.cancel()
