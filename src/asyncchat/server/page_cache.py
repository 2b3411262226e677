"""A cache of the newest page of rooms: after a restart, thousands of people join at once and read the same.

Owns the pages and when they expire. Must not know sessions.
"""

from collections import OrderedDict
from collections.abc import Callable
from time import monotonic
from typing import Protocol

import msgspec

from asyncchat.core.features.history import Window
from asyncchat.log.base import Log, Page, PageQuery
from asyncchat.server.recipients import Subscribers

ROOMS = 256
"""Rooms whose page is cached: about 2 MB with lines as long as usual."""

FRESH = 10.0
"""Seconds that a page is cached: retention may remove what it shows."""

LONGEST = 50
"""Messages of the longest page that is cached: newcomers read no more (option ``newcomers``)."""


class Rooms(Protocol):
    """The rooms as far as deliveries have told of them (``delivery``)."""

    def subscribers_in(self, key: str) -> Subscribers | None:
        """The subscribers of the room that has this key now: another object once it is another room."""


class _Entry(msgspec.Struct, frozen=True):
    room: Subscribers
    limit: int
    before: int
    page: Page
    until: float


class PageCache:
    """Reads the newest messages of rooms, once for all who ask until something is said there.

    Args:
        log: the history.
        rooms: know the number of each room's last message or erasure in this run.
        clock: seconds.
    """

    def __init__(self, log: Log, rooms: Rooms, clock: Callable[[], float] = monotonic) -> None:
        self._log = log
        self._rooms = rooms
        self._begun = log.last
        """The last number before this run."""
        self._clock = clock
        self._pages: OrderedDict[str, _Entry] = OrderedDict()

    async def read(self, wanted: PageQuery, count_to: int) -> Page:
        """A page, from the log or the cache.

        Raises:
            LogError: it can't be read now.
        """
        room = self._rooms.subscribers_in(wanted.room)
        before, limit = wanted.window.before, wanted.window.limit
        if room is None or before is None or not _is_newest_page(wanted):
            return await self._log.read(wanted, count_to)
        end = min(before, wanted.upto + 1)  # a client may name a number that is yet to come
        entry = self._pages.get(wanted.room)
        if (
            entry is not None
            and entry.room is room
            and entry.limit == limit
            and max(self._begun, room.last_said) < min(entry.before, end)
            and self._clock() < entry.until
        ):
            return entry.page
        page = await self._log.read(wanted, count_to)
        if self._rooms.subscribers_in(wanted.room) is not room or max(self._begun, room.last_said) >= end:
            return page  # the room was renamed, or something was said there, meanwhile
        self._pages[wanted.room] = _Entry(room, limit, end, page, self._clock() + FRESH)
        self._pages.move_to_end(wanted.room)
        if len(self._pages) > ROOMS:
            self._pages.popitem(last=False)
        return page


def _is_newest_page(wanted: PageQuery) -> bool:
    """Whether only the newest messages before a number are wanted, as newcomers ask."""
    before, limit = wanted.window.before, wanted.window.limit
    newest = PageQuery(wanted.room, wanted.upto, Window(before=before, limit=limit))
    return limit <= LONGEST and wanted == newest
