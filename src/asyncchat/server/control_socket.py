"""The server's end of the control socket, for whoever runs the server; the hub decides.

Owns the socket beside the database and its connections. ``control.operations`` has what is done for a
request.
"""

import asyncio
import logging
import os
import socket
import stat
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

from asyncchat.control.executor import CommandExecutor
from asyncchat.control.operations import carry_out
from asyncchat.control.socket_path import address_of, socket_path, supported
from asyncchat.control.wire import REQUEST_BYTES, Refused, reply_line

_logger = logging.getLogger("asyncchat.control")

BACKLOG = 16
"""Connections that may wait: those of one person at a terminal, or of a script."""

IDLE_SECONDS = 60.0
"""How long a connection may ask nothing."""

CLOSE_SECONDS = 2.0
"""How long an answer may still take when the server stops."""


class ControlSocket:
    """The socket beside a database while its server runs."""

    def __init__(self, executor: CommandExecutor, path: Path) -> None:
        self._executor = executor
        self._path = path
        self._tasks: set[asyncio.Task[None]] = set()
        self._busy: set[asyncio.Task[None]] = set()
        self._listener: asyncio.Server | None = None

    async def open(self) -> None:
        """Listens.

        Raises:
            OSError: there can't be one.
        """
        self._listener = await asyncio.start_unix_server(
            self._serve, sock=listener(self._path), limit=REQUEST_BYTES
        )

    @property
    def is_busy(self) -> bool:
        """Whether a request is being answered, besides the one of the task that asks this."""
        return not self._busy <= {asyncio.current_task()}

    def pause(self) -> None:
        """Listens no more, for another process to do so, until ``open``; further requests are refused."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
            self._path.unlink(missing_ok=True)

    async def close(self) -> None:
        """Stops listening; requests that are being answered still get their answers."""
        self.pause()
        if self._busy:
            await asyncio.wait(self._busy, timeout=CLOSE_SECONDS)
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = cast("asyncio.Task[None]", asyncio.current_task())
        self._tasks.add(task)
        try:
            if not may_ask(writer.get_extra_info("socket")):
                writer.write(reply_line(Refused("The server is another user's: run this as that user")))
                return
            while line := await _request(reader):
                self._busy.add(task)
                writer.write(await self._reply(line))
                await writer.drain()
                self._busy.discard(task)
        except ValueError:
            writer.write(reply_line(Refused(f"The request is longer than {REQUEST_BYTES:,} bytes")))
        except (ConnectionError, TimeoutError, asyncio.CancelledError):
            # The peer is gone or silent, or we close: asyncio would report a cancelled task as a fault.
            return
        finally:
            self._busy.discard(task)
            self._tasks.discard(task)
            writer.close()

    async def _reply(self, line: bytes) -> bytes:
        if self._listener is None:
            return reply_line(Refused("The server is being upgraded, or stops: ask it again"))
        try:
            return reply_line(await carry_out(self._executor, line))
        except Refused as refused:
            return reply_line(refused)
        except Exception:
            _logger.exception("A request of the console failed; this is a bug of asyncchat")
            return reply_line(Refused("The server failed at that; its log says more"))


@asynccontextmanager
async def control_socket(
    executor: CommandExecutor, database: Path | None
) -> AsyncIterator[ControlSocket | None]:
    """Serves a history's control socket while the block runs; logs it where there can't be one."""
    if database is None:
        yield None
        return
    if not supported():
        _logger.warning("This system has no control socket: “asyncchat account” needs the server stopped")
        yield None
        return
    path = socket_path(database)
    held = ControlSocket(executor, path)
    try:
        await held.open()
    except OSError as error:
        _logger.warning(
            "No control socket %s (%s): “asyncchat account” needs the server stopped",
            path,
            error.strerror or error,
        )
    try:
        yield held
    finally:
        await held.close()


def listener(path: Path) -> socket.socket:
    """A listening socket that only its owner can connect to; replaces what a killed server left.

    The caller holds the history's lock, so that a socket found there belongs to nobody.

    Raises:
        OSError: there can't be one.
    """
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if _is_socket(path):
            path.unlink()
        with address_of(path) as address:
            before = os.umask(0o177)  # chmod would come a moment too late
            try:
                made.bind(address)
            finally:
                os.umask(before)
        made.listen(BACKLOG)
    except OSError:
        made.close()
        raise
    made.setblocking(False)
    return made


def _is_socket(path: Path) -> bool:
    try:
        return stat.S_ISSOCK(path.lstat().st_mode)
    except FileNotFoundError:
        return False


def may_ask(connection: socket.socket) -> bool:
    """Whether the peer is this process's user, or root; where the system does not tell, the mode decided."""
    if not hasattr(socket, "SO_PEERCRED"):
        return True
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _pid, user, _group = struct.unpack("3i", credentials)
    return user in (os.geteuid(), 0)


async def _request(reader: asyncio.StreamReader) -> bytes:
    """The next request's line, empty at the end; raises ValueError when it is too long."""
    async with asyncio.timeout(IDLE_SECONDS):
        line = await reader.readline()
    return line if line.endswith(b"\n") else b""
