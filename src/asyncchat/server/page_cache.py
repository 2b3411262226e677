"""A cache of the newest pages of rooms: after a restart, thousands of people join at once and read the same.

Owns the pages and when they expire. Must not know sessions.
"""

from collections import OrderedDict
from collections.abc import Callable
from time import monotonic
from typing import Any, Protocol, TypeVar

import msgspec

from asyncchat.core.features.history import MORE_COUNTED, Window
from asyncchat.log.base import Log, Page, PageQuery
from asyncchat.server.recipients import Subscribers

MOST_PAGES = 256
"""Pages that are cached: about 2 MB with lines as long as usual, and as much again as JSON."""

FRESH = 10.0
"""Seconds that a page is cached: retention may remove what it shows."""

LONGEST = 50
"""Messages of the longest page that is cached: newcomers read no more (option ``newcomers``)."""

T = TypeVar("T")


class Rooms(Protocol):
    """The rooms as far as deliveries have told of them (``delivery``)."""

    def subscribers_in(self, key: str) -> Subscribers | None:
        """The subscribers of the room that has this key now: another object once it is another room."""


class _Entry(msgspec.Struct, frozen=True):
    room: Subscribers
    before: int
    page: Page
    until: float
    made: dict[str, Any] = {}
    """What was made of the page, by its form."""


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
        self._pages: OrderedDict[tuple[str, int], _Entry] = OrderedDict()

    async def read(self, wanted: PageQuery, count_to: int = MORE_COUNTED) -> Page:
        """A page, from the log or the cache. At least so many messages before it are counted, if there are.

        Raises:
            LogError: it can't be read now.
        """
        found = await self._find(wanted, count_to)
        return found.page if isinstance(found, _Entry) else found

    async def read_as(self, wanted: PageQuery, form: str, make: Callable[[Page], T]) -> T:
        """The same in another form, such as JSON: it is made once for each page in the cache.

        Of an older page's messages before it, only one is counted.

        Raises:
            LogError: it can't be read now.
        """
        found = await self._find(wanted, 1)
        if not isinstance(found, _Entry):
            return make(found)
        if form not in found.made:
            found.made[form] = make(found.page)
        made: T = found.made[form]
        return made

    async def _find(self, wanted: PageQuery, count_to: int) -> _Entry | Page:
        room = self._rooms.subscribers_in(wanted.room)
        before, limit = wanted.window.before, wanted.window.limit
        end = 0 if before is None else min(before, wanted.upto + 1)  # the number may be yet to come
        if room is None or max(self._begun, room.last_said) >= end or not _is_newest_page(wanted):
            return await self._log.read(wanted, count_to)
        key = wanted.room, limit
        entry = self._pages.get(key)
        if (
            entry is not None
            and entry.room is room
            and max(self._begun, room.last_said) < min(entry.before, end)
            and self._clock() < entry.until
        ):
            return entry
        page = await self._log.read(wanted, MORE_COUNTED)
        if self._rooms.subscribers_in(wanted.room) is not room or max(self._begun, room.last_said) >= end:
            return page  # the room was renamed, or something was said there, meanwhile
        now = self._clock()
        entry = self._pages[key] = _Entry(room, end, page, now + FRESH)
        self._pages.move_to_end(key)
        self._forget_expired(now)
        return entry

    def _forget_expired(self, now: float) -> None:
        """Forgets the pages that are not fresh any more, and those above the most; the oldest come first."""
        pages = self._pages
        while len(pages) > MOST_PAGES or next(iter(pages.values())).until <= now:
            pages.popitem(last=False)


def _is_newest_page(wanted: PageQuery) -> bool:
    """Whether only the newest messages before a number are wanted, as newcomers ask."""
    before, limit = wanted.window.before, wanted.window.limit
    newest = PageQuery(wanted.room, wanted.upto, Window(before=before, limit=limit))
    return limit <= LONGEST and wanted == newest
