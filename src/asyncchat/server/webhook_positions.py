"""How far each webhook came, in a small file beside the history.

Owns the file. Must not know how messages are posted.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

_logger = logging.getLogger("asyncchat.webhooks")

FILE_BYTES = 1_048_576
"""The largest file that is read: a thousand webhooks."""


class Position(msgspec.Struct, frozen=True):
    """``after``: the id of the last message that a webhook with these rooms has dealt with."""

    after: str
    rooms: tuple[str, ...]


class Positions(dict[str, Position]):
    """The positions of webhooks, by name.

    Args:
        path: the file; None: they are forgotten when the process ends.
    """

    def __init__(self, path: Path | None) -> None:
        super().__init__()
        self._path = path
        self._failed = False
        if path is None:
            return
        try:
            with path.open("rb") as file:
                self.update(msgspec.json.decode(file.read(FILE_BYTES), type=dict[str, Position]))
        except FileNotFoundError:
            return
        except (OSError, msgspec.DecodeError) as error:
            _logger.error("%s can't be read, so webhooks begin with what is said now: %s", path, error)

    def keep_only(self, names: Iterable[str]) -> None:
        """Forgets all other webhooks."""
        for name in self.keys() - set(names):
            del self[name]

    def encoded(self) -> bytes:
        """The content of the file."""
        return msgspec.json.encode(dict(self))

    async def load(self) -> None:
        """Reads them where they may have changed: here nobody else writes them."""

    async def keep(self, content: bytes) -> bool:
        """Keeps them; whether there is nothing to try again."""
        await asyncio.to_thread(self.write, content)
        return True

    def write(self, content: bytes) -> None:
        """Replaces the file; may be called in a thread."""
        if self._path is None:
            return
        new = self._path.with_name(f"{self._path.name}-new")
        try:
            with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(content)
            new.replace(self._path)
        except OSError as error:
            if not self._failed:
                _logger.error(
                    "%s can't be written, so webhooks post again what they posted since, after a restart: %s",
                    self._path,
                    error,
                )
            self._failed = True
        else:
            self._failed = False
