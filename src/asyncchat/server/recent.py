"""The last lines of rooms, remembered for newcomers: when a server is back, thousands join at once.

Owns the pages and when they are out of date; must not know sessions or what is told.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from asyncchat.log.base import Log, Page, PageQuery

ROOMS = 256
"""Rooms whose page is remembered: some 2 MB with the longest lines usual."""

FRESH = 10.0
"""Seconds a page is remembered: retention may remove what it shows."""

LONGEST = 50
"""Messages of the longest page remembered: newcomers read no more (``newcomers``)."""


class _Kept(msgspec.Struct, frozen=True):
    limit: int
    before: int
    page: Page
    until: float


class Recent:
    """Reads the newest messages of rooms, once for all who ask while nothing is said there.

    Args:
        log: where they are.
        said: by a room's key the number of the last message told in it, or of its last erasure; 0: none in
            this run.
        clock: seconds.
    """

    def __init__(self, log: Log, said: Callable[[str], int], clock: Callable[[], float] = monotonic) -> None:
        self._log = log
        self._said = said
        self._begun = log.last
        """The last number of earlier runs: what was said until there, nobody counts."""
        self._clock = clock
        self._moves = 0
        """How often a key came to stand for another room: what is read meanwhile is not remembered."""
        self._pages: OrderedDict[str, _Kept] = OrderedDict()

    async def read(self, wanted: PageQuery, count_to: int) -> Page:
        """The page; it is the log's.

        Raises:
            LogError: it can't be read now.
        """
        before, limit = wanted.window.before, wanted.window.limit
        if before is None or not _plain(wanted):
            return await self._log.read(wanted, count_to)
        end = min(before, wanted.upto + 1)  # a client may name a number that is yet to come
        kept = self._pages.get(wanted.room)
        if (
            kept is not None
            and kept.limit == limit
            and max(self._begun, self._said(wanted.room)) < min(kept.before, end)
            and self._clock() < kept.until
        ):
            return kept.page
        moves = self._moves
        page = await self._log.read(wanted, count_to)
        if moves != self._moves or max(self._begun, self._said(wanted.room)) >= end:
            return page
        self._pages[wanted.room] = _Kept(limit, end, page, self._clock() + FRESH)
        self._pages.move_to_end(wanted.room)
        if len(self._pages) > ROOMS:
            self._pages.popitem(last=False)
        return page

    def forget(self, room: str) -> None:
        """Another room may bear this key from now on."""
        self._moves += 1
        self._pages.pop(room, None)


def _plain(wanted: PageQuery) -> bool:
    """Whether only the newest messages before a number are wanted, as newcomers do."""
    window = wanted.window
    return (
        window.newest
        and window.limit <= LONGEST
        and window.after is None
        and window.after_time is None
        and window.before_time is None
        and not wanted.streams
        and not wanted.events
    )
