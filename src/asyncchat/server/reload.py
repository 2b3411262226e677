"""Reload: a running server reads its configuration again, and applies what can be changed without a restart.

Owns the order of a reload and what is logged of it. Must not know sessions.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from asyncchat.config.options import ServeConfig, table
from asyncchat.config.sources import Sources
from asyncchat.core.events import Event
from asyncchat.core.features.server import ConfigurationRead, NotReloaded, Reloaded
from asyncchat.core.people import Person, from_origin
from asyncchat.errors import AsyncChatError
from asyncchat.server.tls import Certificate

_logger = logging.getLogger("asyncchat.server")


SIGNAL = from_origin("SIGHUP")
"""Stands for whoever sent a signal: the system does not tell."""


class ServeError(AsyncChatError):
    """The server can't start or continue; the text says what to do."""


def read_motd(name: str) -> tuple[str, ...] | None:
    """The lines of the message of the day; None where there is none.

    Raises:
        ServeError: the file can't be read.
    """
    if not name:
        return None
    try:
        return tuple(Path(name).expanduser().read_text(encoding="utf-8").splitlines())
    except OSError as error:
        raise ServeError(f"The message of the day {name} can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ServeError(f"The message of the day {name} is not UTF-8 text") from error


class Reloadable(Protocol):
    """What a reload changes: the server."""

    @property
    def options(self) -> ServeConfig:
        """The options as they are now."""

    @property
    def motd(self) -> tuple[str, ...] | None:
        """The lines of the message of the day."""

    @property
    def certificate(self) -> Certificate | None:
        """For connections over TLS, if there are any."""

    def apply_options(self, options: ServeConfig, motd: tuple[str, ...] | None) -> None:
        """Uses other options from now on."""

    def declare(self, facts: Sequence[Event]) -> None:
        """Records and delivers facts that no session caused."""


class Reloader:
    """Reads the configuration of a server again on request.

    Args:
        server: the server that applies it.
        sources: where the options are stated; None: nowhere, so nothing changes.
    """

    def __init__(self, server: Reloadable, sources: Sources | None) -> None:
        self._server = server
        self._sources = sources
        self._asked = asyncio.Event()
        self._turn = asyncio.Lock()
        self.on_reload: Callable[[bool], None] = lambda _running: None
        """Is told that a reload begins (True), or has ended."""
        self.share: Callable[[], None] = lambda: None
        """Has other processes of the server reload, after one that a person asked for."""

    def ask(self) -> None:
        """Has ``run`` reload: for a signal."""
        self._asked.set()

    async def run(self) -> None:
        """Reloads whenever ``ask`` was called, until cancelled."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            self.on_reload(True)
            await self.reload(SIGNAL)
            self.on_reload(False)

    async def reload(self, requester: Person) -> Reloaded | NotReloaded:
        """Reads the options and applies those that can be changed; logs which.

        Args:
            requester: for the log and for the audit.
        """
        file = "" if self._sources is None else self._sources.file_name
        async with self._turn:
            try:
                stated, motd = await asyncio.to_thread(self._read)
            except AsyncChatError as error:
                _logger.error("Not reloaded (%s): %s", requester.name, error)
                return NotReloaded(file, str(error))
            now = self._server.options
            changed, waiting = [], []
            taken: dict[str, object] = {}
            for row in table():
                value = getattr(stated, row.field)
                same = value == getattr(now, row.field)
                if row.field == "motd" and same:
                    same = motd == self._server.motd
                if same:
                    continue
                if row.option.reload:
                    taken[row.field] = value
                    changed.append(row.key)
                else:
                    waiting.append(row.key)
            if taken:
                self._server.apply_options(msgspec.structs.replace(now, **taken), motd)
        _logger.warning("Reloaded (%s); changed: %s", requester.name, ", ".join(changed) or "nothing")
        if waiting:
            _logger.warning("Only a restart changes: %s", ", ".join(waiting))
        self._server.declare([ConfigurationRead(requester, tuple(changed))])
        if requester is not SIGNAL:
            self.share()
        return Reloaded(file, tuple(changed), tuple(waiting))

    def _read(self) -> tuple[ServeConfig, tuple[str, ...] | None]:
        stated = self._server.options if self._sources is None else self._sources.load().config
        motd = read_motd(stated.motd)
        if self._server.certificate is not None:
            self._server.certificate.reload()
        return stated, motd
