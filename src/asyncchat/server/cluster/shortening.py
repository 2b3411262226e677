"""How the stream stays short: the hub keeps a snapshot of the history in NATS, and removes what it has.

Owns when that is done, and that nothing which a node needs is removed. After a person was forgotten it is
done at once: until then the stream has what that person said. Must not know what messages of the stream mean.
"""

import asyncio
import logging
import sqlite3
import tempfile
from collections.abc import Awaitable, Callable, Iterable
from contextlib import closing, suppress
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from asyncchat.cluster.objects import BLOCK_BYTES
from asyncchat.cluster.stream import Stream
from asyncchat.core.events import Event
from asyncchat.core.features.forget import Forgotten
from asyncchat.core.features.redaction import Erased, RedactedInPrivate
from asyncchat.log.backup import back_up
from asyncchat.log.base import Log, LogError
from asyncchat.log.sqlite import SqliteLog
from asyncchat.server.delivery import Delivery

_logger = logging.getLogger("asyncchat.cluster")

SHORTEN_EVERY = 600.0
"""Seconds between two looks at how long the stream is."""

STREAM_MESSAGES = 200_000
"""Messages from which on it is shortened: a hub that has nothing to decide makes 172,800 a day."""

SETTLED = 1.0
"""Seconds after which a message of the stream is in the history."""

FORGET_AFTER = 5.0
"""Seconds after the last event of an erasure after which what was forgotten is removed from the stream; and
between two tries."""


class Folded(NamedTuple):
    """What a node has folded: the last message of the stream, and the last record."""

    sequence: int
    record: int


class Shortening:
    """The shortening of a stream by one node, which does it while it is the hub.

    Args:
        stream: the stream.
        log: the node's history.
        folded: gives what this node has folded.
        others: gives the last messages that the other nodes have folded.
        is_hub: whether this node is the hub.
        pad: has the hub, which this node is, write so many bytes that mean nothing; gives where they end.
    """

    def __init__(
        self,
        stream: Stream,
        log: Log,
        folded: Callable[[], Folded],
        others: Callable[[], Iterable[int]],
        is_hub: Callable[[], bool],
        pad: Callable[[int], Awaitable[int]],
    ) -> None:
        self._stream = stream
        self._log = log
        self._folded = folded
        self._others = others
        self._is_hub = is_hub
        self._pad = pad
        self._upto = 0
        """All messages up to this one are to be removed, because somebody was forgotten."""
        self._is_padded = False
        self._erased_at = 0.0
        self._wake = asyncio.Event()

    def observe(self, delivery: Delivery) -> None:
        """Has the delivery tell of what is to be removed from the stream."""
        delivery.observe(Forgotten, self._note_forgotten)
        for erasure in (Erased, RedactedInPrivate):
            delivery.observe(erasure, self._note_erasure)

    def _note_forgotten(self, _event: Event) -> None:
        """A person was forgotten."""
        self._note()
        self.look_again()

    def _note_erasure(self, _event: Event) -> None:
        """Something was erased, maybe for a person who was forgotten."""
        if self._upto:
            self._note()

    def _note(self) -> None:
        self._upto = self._folded().sequence
        self._is_padded = False
        self._erased_at = monotonic()

    def look_again(self) -> None:
        """Has ``run`` look whether there is something to do: another node is the hub."""
        self._wake.set()

    async def run(self) -> None:
        """Shortens the stream when it is long, or has somebody who was forgotten; until cancelled."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(FORGET_AFTER if self._upto and self._is_hub() else SHORTEN_EVERY):
                    await self._wake.wait()
            self._wake.clear()
            if not self._is_hub() or monotonic() - self._erased_at < FORGET_AFTER:
                continue
            try:
                if self._upto:
                    await self._forget(self._upto)
                elif self._stream.last - self._stream.first >= STREAM_MESSAGES:
                    await self.shorten()
            except (LogError, OSError, sqlite3.Error) as error:
                _logger.error("The stream can't be shortened: %s", error)

    async def _forget(self, upto: int) -> None:
        await self._stream.cut(0)  # now it is known where it begins
        if self._stream.first > upto:
            self._upto = 0
            _logger.info("The stream has nothing of who was forgotten any more")
        elif not self._is_padded:
            end = await self._pad(BLOCK_BYTES)
            if self._upto == upto:
                self._upto, self._is_padded = end, True
        else:
            await self._log.forget()
            await self.shorten(is_clean=True)

    async def shorten(self, *, is_clean: bool = False) -> None:
        """Keeps a snapshot of the history for nodes that come, and removes what it has from the stream.

        What a node that is there has not folded yet stays.

        Args:
            is_clean: whether nothing that was erased is to be left, in unused parts of files.

        Raises:
            LogError: it can't be done now.
            OSError: there is no room for a copy of the history.
            sqlite3.Error: there is none for another one.
        """
        if not isinstance(self._log, SqliteLog):
            return
        (sequence, last), path = self._folded(), self._log.path
        await asyncio.sleep(SETTLED)
        if self._log.last < last:
            raise LogError("the history is behind it")
        folder = tempfile.TemporaryDirectory(dir=path.parent)
        try:
            copy = Path(folder.name, path.name)
            await asyncio.to_thread(_copy, path, copy, is_clean)
            await self._stream.put_snapshot(sequence, copy, is_apart=is_clean)
        finally:  # a large file takes long to be removed, too
            await asyncio.shield(asyncio.to_thread(folder.cleanup))
        await self._stream.cut(min([sequence, *self._others()]))


def _copy(path: Path, copy: Path, is_clean: bool) -> None:
    """For a thread."""
    back_up(path, copy, lambda _done, _of: None)
    if is_clean:
        with closing(sqlite3.connect(copy)) as connection:
            connection.execute("VACUUM")
