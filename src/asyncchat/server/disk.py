"""Watches how full the history's disk is.

Owns when that is told: once when it becomes too full, and again only after it was emptier meanwhile. Must not
know what takes the space.
"""

import asyncio
import logging
import shutil
from collections.abc import Callable
from pathlib import Path

_logger = logging.getLogger("asyncchat.disk")

FULL = 0.9
"""The part of a disk in use from which operators are warned: then there is still time to act."""

EMPTIER = 0.85
"""The part below which a disk is no longer full, so that a disk about at the limit is told of once."""

CHECK_EVERY = 60.0
"""Seconds between two looks."""


class DiskWatch:
    """Tells when the disk of a history is nearly full.

    Args:
        database: the history; None: it is in memory.
        tell: takes a sentence for the operators of the server.
        usage: gives the bytes in use and the free ones that the server may use, for a folder.
    """

    def __init__(
        self,
        database: Path | None,
        tell: Callable[[str], None],
        usage: Callable[[Path], tuple[int, int]] | None = None,
    ) -> None:
        self._database = database
        self._tell = tell
        self._usage = usage or _usage
        self._told = False

    async def run(self) -> None:
        """Looks from time to time, until cancelled."""
        while self._database is not None:
            await self.look()
            await asyncio.sleep(CHECK_EVERY)

    async def look(self) -> None:
        """Looks once, in a thread: a disk on the network may not answer."""
        assert self._database is not None  # noqa: S101  # whoever calls it has one
        try:
            used, free = await asyncio.to_thread(self._usage, self._database.parent)
        except OSError as error:
            _logger.debug("The disk of %s can't be looked at: %s", self._database, error)
            return
        part = used / max(1, used + free)
        if part < EMPTIER:
            self._told = False
        elif part >= FULL and not self._told:
            self._told = True
            sentence = (
                f"The disk of the history is {part:.0%} full ({free // 1_000_000} MB are free). When it is "
                "full, nothing is accepted. Free some space, or lower history.keep_megabytes"
            )
            _logger.warning("%s", sentence)
            self._tell(sentence)


def _usage(folder: Path) -> tuple[int, int]:
    usage = shutil.disk_usage(folder)
    return usage.used, usage.free
