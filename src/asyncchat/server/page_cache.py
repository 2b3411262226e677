"""A cache of the newest page of rooms: after a restart, thousands of people join at once and read the same.

Owns the pages and when they expire. Must not know sessions.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from asyncchat.log.base import Log, Page, Range

ROOMS = 256
"""Rooms whose page is cached: about 2 MB with lines as long as usual."""

FRESH = 10.0
"""Seconds that a page is cached: retention may remove what it shows."""

LONGEST = 50
"""Messages of the longest page that is cached: newcomers read no more (option ``newcomers``)."""


class _Entry(msgspec.Struct, frozen=True):
    limit: int
    before: int
    page: Page
    until: float


class PageCache:
    """Reads the newest messages of rooms, once for all who ask until something is said there.

    Args:
        log: where they are.
        last_said: by a room's key the number of its last message or erasure in this run; 0: none.
        clock: seconds.
    """

    def __init__(
        self, log: Log, last_said: Callable[[str], int], clock: Callable[[], float] = monotonic
    ) -> None:
        self._log = log
        self._last_said = last_said
        self._begun = log.last
        """The last number before this run."""
        self._clock = clock
        self._moves = 0
        """How often a key became another room's: a page that was read meanwhile is not cached."""
        self._pages: OrderedDict[str, _Entry] = OrderedDict()

    async def read(self, wanted: Range, count_to: int) -> Page:
        """A page, from the log or the cache.

        Raises:
            LogError: it can't be read now.
        """
        if wanted.before is None or not _is_newest_page(wanted):
            return await self._log.read(wanted, count_to)
        end = min(wanted.before, wanted.upto + 1)  # a client may name a number that is yet to come
        entry = self._pages.get(wanted.room)
        if (
            entry is not None
            and entry.limit == wanted.limit
            and max(self._begun, self._last_said(wanted.room)) < min(entry.before, end)
            and self._clock() < entry.until
        ):
            return entry.page
        moves = self._moves
        page = await self._log.read(wanted, count_to)
        if moves != self._moves or max(self._begun, self._last_said(wanted.room)) >= end:
            return page
        self._pages[wanted.room] = _Entry(wanted.limit, end, page, self._clock() + FRESH)
        self._pages.move_to_end(wanted.room)
        if len(self._pages) > ROOMS:
            self._pages.popitem(last=False)
        return page

    def forget(self, room: str) -> None:
        """Drops the page of a key that may be another room's from now on."""
        self._moves += 1
        self._pages.pop(room, None)


def _is_newest_page(wanted: Range) -> bool:
    """Whether only the newest messages before a number are wanted, as newcomers ask."""
    return (
        wanted.newest
        and wanted.limit <= LONGEST
        and wanted.after is None
        and wanted.after_time is None
        and wanted.before_time is None
        and not wanted.beside
        and not wanted.events
    )
