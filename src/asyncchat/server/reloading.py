"""Reloading: what a running server takes over from its configuration, read again.

Owns what can be changed without dropping anyone, and the words for what was and what was not; must not know
who asks.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from asyncchat.config.options import ServeConfig, table
from asyncchat.core.events import ConfigurationRead
from asyncchat.core.people import Person, from_origin
from asyncchat.core.replies import NotReloaded, Reloaded
from asyncchat.errors import AsyncChatError

if TYPE_CHECKING:
    from asyncchat.config.sources import Sources
    from asyncchat.server.service import Service

_logger = logging.getLogger("asyncchat.server")


SIGNAL = from_origin("SIGHUP")
"""Stands for who sent a signal: the system does not say."""


class ServeError(AsyncChatError):
    """The server can't start or go on; the text says what to do."""


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


class Reloader:
    """Reads the configuration of a service again when somebody asks.

    Args:
        service: takes it over.
        sources: where the options are stated; None: nowhere, so nothing changes.
    """

    def __init__(self, service: Service, sources: Sources | None) -> None:
        self._service = service
        self._sources = sources
        self._asked = asyncio.Event()
        self._turn = asyncio.Lock()

    def ask(self) -> None:
        """Has ``run`` reload, as for a signal."""
        self._asked.set()

    async def run(self) -> None:
        """Reloads whenever it was asked to, until cancelled."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            await self.reload(SIGNAL)

    async def reload(self, asker: Person) -> Reloaded | NotReloaded:
        """Takes over what can be, and says in the log, too, what that was.

        Args:
            asker: who wants it, for the log and for the audit.
        """
        file = "" if self._sources is None else self._sources.file_name
        async with self._turn:
            try:
                stated, motd = await asyncio.to_thread(self._read)
            except AsyncChatError as error:
                _logger.error("Not reloaded (%s): %s", asker.name, error)
                return NotReloaded(file, str(error))
            now = self._service.options
            changed, waiting = [], []
            taken: dict[str, object] = {}
            for row in table():
                value = getattr(stated, row.field)
                same = value == getattr(now, row.field)
                if row.field == "motd" and same:
                    same = motd == self._service.info.motd
                if same:
                    continue
                if row.option.reload:
                    taken[row.field] = value
                    changed.append(row.key)
                else:
                    waiting.append(row.key)
            if taken:
                self._service.take_over(msgspec.structs.replace(now, **taken), motd)
        _logger.warning("Reloaded (%s); changed: %s", asker.name, ", ".join(changed) or "nothing")
        if waiting:
            _logger.warning("Only a restart changes: %s", ", ".join(waiting))
        self._service.hub.declare([ConfigurationRead(asker, tuple(changed))])
        return Reloaded(file, tuple(changed), tuple(waiting))

    def _read(self) -> tuple[ServeConfig, tuple[str, ...] | None]:
        stated = self._service.options if self._sources is None else self._sources.load().config
        return stated, read_motd(stated.motd)
