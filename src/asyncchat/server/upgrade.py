"""The upgrade of a running server: another process takes over its connections, and this one ends.

Owns the order of that, on both sides, and what happens if it fails: this process serves on. Must not know
what is handed over (``handover``), or what a session does.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from asyncchat.log.memory import MemoryLog
from asyncchat.server import handover
from asyncchat.server.handover import Handover, HandoverFailed, Taken
from asyncchat.version import __version__

if TYPE_CHECKING:
    from asyncchat.server.control_socket import ControlSocket
    from asyncchat.server.launch import Launched, Listening
    from asyncchat.server.session import Session

_logger = logging.getLogger("asyncchat.server")

VARIABLE = "_ASYNCCHAT_HANDOVER"
"""The environment's variable with the number of the socket to the process that hands over."""

START_SECONDS = 30.0
"""How long the new process may take to start, and to take over."""

REQUEST_SECONDS = 30.0
"""How long it waits, before anybody notices, for requests over HTTP and of the console to be answered: a file
may be on its way, or somebody be forgotten."""

CUT_SECONDS = 0.5
"""How long requests may take that are answered even then: those that still come are to be sent again."""

ABORT_SECONDS = 1.0
"""How long answers may take that are sent even then: their connections end."""

STOP_SECONDS = 5.0
"""How long the other sessions may take to come to rest, such as for a password that is checked."""

UNSENT_SECONDS = 10.0
"""How long the old process goes on sending what slow readers have not taken."""

LOOK_SECONDS = 0.002
REQUEST_LOOK_SECONDS = 0.05

MOVED = "the server is upgraded; connect again"

_READY, _SERVING = "ready", "serving"


# The process that hands over.


class Upgrade:
    """One attempt.

    Args:
        made: the running server, and where it listens.
        control: its control socket, if it has one.
    """

    def __init__(self, made: Launched, control: ControlSocket | None) -> None:
        self._server = made.server
        self._context = made.server.context
        self._listening = made.listening
        self._owns_sockets = made.owns_sockets
        self._control = control
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped_at = 0.0
        self._stopped: list[Session] = []
        self._unsent: list[Session] = []
        """To whom this process goes on sending, and the new one not before."""
        self._other: socket.socket
        """To the process that serves."""

    async def run(self) -> int:
        """Hands the server over to a new process, and gives its number when that serves.

        Then ``finish`` has to be called.

        Raises:
            HandoverFailed: this one serves on; the text says why.
        """
        if self._server.node is not None:
            raise HandoverFailed("a node of a cluster is not upgraded in place: stop it, and start it anew")
        if os.getpid() == 1:
            raise HandoverFailed("this process is the first of its container, which would end with it")
        mine, others = socket.socketpair()
        mine.settimeout(START_SECONDS)
        try:
            with others:
                self._process = await asyncio.to_thread(self._start, others)
            await self._hear(mine, _READY)
            await self._wait_for_requests()
            self._stopped_at = time.monotonic()
            await self._hand_over(mine)
        except (OSError, HandoverFailed) as error:
            mine.close()
            if self._process is not None:
                self._process.kill()
                await asyncio.to_thread(self._process.wait)
            raise HandoverFailed(str(error)) from error
        self._other = mine
        return self._process.pid

    def _start(self, others: socket.socket) -> subprocess.Popen[bytes]:
        environment = {name: value for name, value in os.environ.items() if name != "WATCHDOG_PID"}
        return subprocess.Popen(  # noqa: S603  # the command that this process was started with
            [sys.executable, *sys.orig_argv[1:]],
            env={**environment, VARIABLE: str(others.fileno())},
            pass_fds=(others.fileno(),),
            stdin=subprocess.DEVNULL,
        )

    async def _hear(self, mine: socket.socket, expected: str) -> None:
        """Waits until the new process says that it is so far.

        Raises:
            HandoverFailed: it says something else, or nothing in time.
        """
        try:
            told = await asyncio.to_thread(_line, mine)
        except TimeoutError:
            raise HandoverFailed(f"the new process took longer than {START_SECONDS:g} s") from None
        if told != expected:
            raise HandoverFailed(told or "the new process ended; its log says why")

    async def _wait_for_requests(self) -> None:
        until = self._context.now() + REQUEST_SECONDS
        sessions = self._context.sessions
        while self._context.now() < until and (  # noqa: ASYNC110
            self._is_console_busy() or any(one.is_answered for one in sessions)
        ):
            await asyncio.sleep(REQUEST_LOOK_SECONDS)

    def _is_console_busy(self) -> bool:
        return self._control is not None and self._control.is_busy

    async def _hand_over(self, mine: socket.socket) -> None:
        server, log = self._server, self._server.log
        sockets = [(address, [one.dup() for one in some]) for address, some in self._listening]
        server.listeners.close()
        if self._control is not None:
            self._control.pause()
        try:
            if self._is_console_busy():  # what it is at, such as to forget somebody, can't be handed over
                raise HandoverFailed("another command of the console is not done: try again after it")
            await self._stop_sessions()
            server.listeners.close_endpoints()
            await log.close()
            await self._tell(mine, [one for _, some in sockets for one in some])
            await self._hear(mine, _SERVING)
        except BaseException:
            if self._process is not None:
                self._process.kill()
                await asyncio.to_thread(self._process.wait)
            await self._serve_on(sockets)
            raise
        for _, some in sockets:
            for one in some:
                one.close()

    async def _stop_sessions(self) -> None:
        """Has all sessions stop where they are, and tells what was decided until then.

        Raises:
            HandoverFailed: one does not.
        """
        context = self._context
        context.stopping = True
        began = context.now()
        while moving := [session for session in list(context.sessions) if not self._stop(session)]:
            took = context.now() - began
            if took > STOP_SECONDS:
                many, one = len(moving), moving[0].address
                raise HandoverFailed(f"{many} clients are still being answered, such as one at {one}")
            if took > CUT_SECONDS:
                context.cutting = True
                for session in moving:
                    if session.is_answered and took > ABORT_SECONDS:
                        session.disconnect(MOVED, at_once=True)
                    elif session.is_answered:
                        session.expire_read()
            await asyncio.sleep(LOOK_SECONDS)
        async with asyncio.timeout(STOP_SECONDS):
            await self._server.outbox.emptied()
        self._server.outbox.held = context.loop.create_future()
        self._stopped = [session for session in context.sessions if session.rest is not None]
        for session in self._stopped:
            session.end_gathering()

    def _stop(self, session: Session) -> bool:
        """Stops a session, or ends one that can't be handed over; whether that is done."""
        if (session.encrypted or session.is_datagrams) and not session.is_answered:
            session.disconnect(MOVED)
        return session.stop()

    async def _tell(self, mine: socket.socket, sockets: list[socket.socket]) -> None:
        server = self._server
        listening = [(address, len(some)) for address, some in self._listening]
        gone = [session for session in self._stopped if session.descriptor < 0]
        if gone:
            raise HandoverFailed(f"{len(gone)} connections were lost in the middle of it")
        self._unsent = [session for session in self._stopped if session.unsent]
        data = handover.pack(
            Handover(
                last=server.log.last,
                chat=server.hub.chat,
                next_id=server.listeners.next_id,
                listening=listening,
                owns_sockets=self._owns_sockets,
                keys=server.keys,
                owner_code=server.auth.owner_code.text,
                log=server.log if isinstance(server.log, MemoryLog) else None,
                spent=self._context.budgets.spent(),
                guesses=server.auth.guard.counts,
                stopped_at=self._stopped_at,
            ),
            [session.state(is_unsent=session in self._unsent) for session in self._stopped],
        )
        files = [*(one.fileno() for one in sockets), *(session.descriptor for session in self._stopped)]
        await asyncio.to_thread(handover.send, mine, data, files)

    async def _serve_on(self, sockets: Listening) -> None:
        """Goes on after a failure."""
        server = self._server
        last = server.log.last
        await server.log.reopen()
        if server.log.last != last:
            raise RuntimeError("the process that was to take over has written to the history")
        self._context.stopping = self._context.cutting = False
        if server.outbox.held is not None:
            server.outbox.held.set_result(None)
        self._listening[:] = sockets
        await server.listeners.reopen(sockets)
        if self._control is not None:
            await self._control.open()
        for session in list(self._context.sessions):
            if session.rest is not None:
                before = None if session.how_to_go_on is None else session.how_to_go_on()
                session.go_on(server.detector(session.rest, before))

    async def finish(self) -> None:
        """Sends what slow readers have not taken, and tells the new process when it may go on there."""
        mine = self._other
        mine.setblocking(False)
        until = time.monotonic() + UNSENT_SECONDS
        left = self._unsent
        while time.monotonic() < until and (left or any(one.is_parting for one in self._context.sessions)):
            for session in left:
                if not session.unsent:
                    with contextlib.suppress(OSError):  # the new process has ended: nobody reads this
                        mine.send(b"%d\n" % session.id)
            left = [session for session in left if session.unsent]
            await asyncio.sleep(LOOK_SECONDS)
        for session in left:
            with contextlib.suppress(OSError), socket.socket(fileno=os.dup(session.descriptor)) as connection:
                connection.shutdown(socket.SHUT_RDWR)  # what it would miss is in the middle of a line
        await asyncio.sleep(0.5)  # those over TLS are told to connect again


def _line(source: socket.socket) -> str:
    """The next line; empty: there is none."""
    line = b""
    while not line.endswith(b"\n"):
        data = source.recv(1)
        if not data:
            break
        line += data
    return line.decode("utf-8", "replace").strip()


# The process that takes over.


class Predecessor:
    """The process that hands over, as the new one knows it.

    Args:
        connection: the socket to it.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._waiting: dict[int, Callable[[], None]] = {}
        self._told = b""

    @classmethod
    def of_environment(cls) -> Predecessor | None:
        """The process that started this one to hand over; None: this is a start."""
        number = os.environ.pop(VARIABLE, "")
        if not number:
            return None
        connection = socket.socket(fileno=int(number))
        connection.settimeout(START_SECONDS + REQUEST_SECONDS + STOP_SECONDS)
        os.set_inheritable(connection.fileno(), False)
        return cls(connection)

    def take(self) -> Taken:
        """Says that this process is ready, and waits for what it is handed; blocks.

        Raises:
            HandoverFailed: it can't go on with that.
        """
        _logger.info("asyncchat %s is ready to take over", __version__)
        try:
            self._connection.sendall(f"{_READY}\n".encode())
            return Taken(*handover.receive(self._connection))
        except OSError as error:
            raise HandoverFailed(f"The process that hands over is gone: {error}") from error

    @contextlib.contextmanager
    def told_of_failure(self) -> Iterator[None]:
        """Tells it why this process can't go on."""
        try:
            yield
        except Exception as error:
            with contextlib.suppress(OSError):
                self._connection.sendall(f"{' '.join(str(error).split())}\n".encode())
            raise

    def dismiss(self) -> None:
        """Says that this process serves from now on; the other one can't any more."""
        self._connection.sendall(f"{_SERVING}\n".encode())

    def follow(self, waiting: dict[int, Callable[[], None]]) -> None:
        """Hears how far the other process is with sending.

        Args:
            waiting: called, by the number of a session, when it has sent what it had for it.
        """
        self._connection.setblocking(False)
        self._waiting = waiting
        asyncio.get_running_loop().add_reader(self._connection, self._hear)

    def _hear(self) -> None:
        try:
            data = self._connection.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        *lines, self._told = (self._told + data).split(b"\n")
        for line in lines:
            self._waiting.pop(int(line))()
        if not data:
            asyncio.get_running_loop().remove_reader(self._connection)
            self._connection.close()
            waiting, self._waiting = self._waiting, {}
            for go_on in waiting.values():
                go_on()
