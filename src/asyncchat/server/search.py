"""Search in the history: who may search where, and how many searches run at once.

The log searches rooms. A private conversation is read page by page instead, by the same rule as its history:
it is not in the index, so that its texts are in one place only.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter

import msgspec

from asyncchat.core.commands import Command
from asyncchat.core.events import Record
from asyncchat.core.features.history_access import readable_since
from asyncchat.core.features.messages import Said, SaidInPrivate
from asyncchat.core.features.search import CutShort, NotSearched, SearchPage
from asyncchat.core.features.search import Search as SearchCommand
from asyncchat.core.names import ROOM_SIGNS, fold
from asyncchat.core.people import customer_of
from asyncchat.log.base import (
    PAGE_BYTES,
    Log,
    LogError,
    PageQuery,
    SearchQuery,
    SearchResult,
    text_bytes,
)
from asyncchat.server.clock import wall_clock
from asyncchat.server.history import PAGE_MOST, Conversation, History, note_read
from asyncchat.server.session import IoHandler, IoResult, Session
from asyncchat.server.slices import Turns

AT_ONCE = 4
"""Searches that run at once: each takes up to half a second of the log's thread."""

NETWORK_SHARE = 2
"""How many of them one network has: the others' searches do not wait behind a crowd from one address."""

MOST_WAITING = 32
"""Searches of one network that may wait for its share: one more would wait for many seconds."""

PRIVATE_PAGE = 500
"""Messages of a private conversation in one read."""

PRIVATE_STEP = 4096
"""Bytes of its texts that are looked at in a pass of the loop: some milliseconds of the costliest."""

PRIVATE_SECONDS = 0.5
"""How long a private conversation is searched; the answer then says how far the search came."""


class _Shares:
    """Lets only so many of each key in at once; the others of that key wait."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._slots: dict[object, asyncio.Semaphore] = {}
        self.asked: Counter[object] = Counter()
        """How many of each key are in, or wait."""

    @asynccontextmanager
    async def one_of(self, key: object) -> AsyncIterator[None]:
        """Waits for a place among those of a key."""
        slots = self._slots.setdefault(key, asyncio.Semaphore(self._most))
        self.asked[key] += 1
        try:
            async with slots:
                yield
        finally:
            self.asked[key] -= 1
            if not self.asked[key]:
                del self.asked[key], self._slots[key]


class Searcher:
    """Runs the searches of one log: one at a time for a person, a share for a network, so many in all.

    A search waits for its person's turn, then for its network's, then for a free place: so of those who wait
    for a place, each network has no more than its share.
    """

    def __init__(self, log: Log) -> None:
        self._log = log
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._people = _Shares(1)
        self._networks = _Shares(NETWORK_SHARE)
        self._turns = Turns()

    async def find(
        self, query: SearchQuery, where: Conversation | None = None, *, person_id: int, network: str
    ) -> SearchResult | None:
        """The messages found in rooms, or in a private conversation; None: the search can't be run now."""
        async with self._people.one_of(person_id):
            if self._networks.asked[network] >= NETWORK_SHARE + MOST_WAITING:
                return None
            async with self._networks.one_of(network), self._slots:
                try:
                    return await (self._log.search(query) if where is None else self._read(query, where))
                except LogError:
                    return None

    async def _read(self, query: SearchQuery, where: Conversation) -> SearchResult:
        found: list[Record] = []
        limit, newest = query.window.limit, query.window.newest
        window = msgspec.structs.replace(query.window, limit=PRIVATE_PAGE)
        end = perf_counter() + PRIVATE_SECONDS
        last: Record | None = None
        while last is None or perf_counter() < end:
            page = await self._log.read(PageQuery("", query.upto, window, where.beside), 1)
            records = page.records
            looked_at = PRIVATE_STEP
            for last in reversed(records) if newest else records:
                if looked_at >= PRIVATE_STEP:
                    looked_at = 0
                    await asyncio.sleep(0)  # a turn may come at once
                    await self._turns.wait()
                looked_at += text_bytes(last.event)
                if isinstance(last.event, Said | SaidInPrivate) and query.matches(last.event):
                    found.append(last)
                    if len(found) > limit:  # one more than wanted: there is more
                        del found[-1]
                        return SearchResult(
                            query.window.oldest_first(found), found[-1].number, found[-1].time
                        )
            if not page.more or last is None:
                return SearchResult(query.window.oldest_first(found), None)
            window = (
                msgspec.structs.replace(window, before=last.number)
                if newest
                else msgspec.structs.replace(window, after=last.number)
            )
        return SearchResult(query.window.oldest_first(found), last.number, last.time)


class Search:
    """Searches for sessions.

    Args:
        history: knows which conversations a session may read.
        log: the history that is searched.
    """

    def __init__(self, history: History, log: Log) -> None:
        self._history = history
        self.searcher = Searcher(log)
        self.handlers: dict[type[Command], IoHandler] = {SearchCommand: self.search}
        """The I/O commands that it answers."""

    async def search(self, session: Session, command: SearchCommand, upto: int) -> IoResult:
        """Searches the rooms that the session is in, one of them, or one of its private conversations.

        An operator of the server may name any room, but no conversation of others.
        """
        chat = self._history.chat
        rooms = [room.key for room in chat.rooms_with(session.person_id)]
        where = None
        if command.room and command.room[0] not in ROOM_SIGNS:
            where = self._history.conversation_of(session, command.room)
            if where is None:
                return NotSearched(command.room, command.context)
        elif command.room:
            room = chat.rooms.get(fold(command.room))
            if room is None or not (
                session.person_id in room.member_blocks or session.person_id in chat.server_operators
            ):
                return NotSearched(command.room, command.context)
            rooms = [room.key]
        if where is None:
            note_read(session, map(chat.rooms.__getitem__, rooms))
        window = command.window.resolved(
            wall_clock(), PAGE_MOST, command.newer_seconds, command.older_seconds
        )
        renamed = any(chat.rooms[key].renamed for key in rooms)
        readable = ((key, readable_since(chat, session.person_id, chat.rooms[key])) for key in rooms)
        since = tuple(one for one in readable if one[1])
        query = SearchQuery(tuple(rooms), upto, window, command.terms, fold(command.name), renamed, since)
        found = await self.searcher.find(
            query, where, person_id=session.person_id, network=customer_of(session.address)
        )
        if found is None:
            return NotSearched("", command.context)
        page = first_page(found, newest=window.newest)
        short = None
        if page is not found:
            short = CutShort.FULL
        elif found.reached is not None and len(found.records) < window.limit:
            short = CutShort.INDEXING if found.indexing else CutShort.TIMEOUT
        return SearchPage(page.records, page.reached, page.time, command.context, short)


def first_page(found: SearchResult, *, newest: bool) -> SearchResult:
    """What was found, as far as it fits a page; the search goes on behind that."""
    length = 0
    for count, record in enumerate(reversed(found.records) if newest else found.records, 1):
        length += text_bytes(record.event)
        if length >= PAGE_BYTES and count < len(found.records):
            records = found.records[-count:] if newest else found.records[:count]
            return SearchResult(records, record.number, record.time)
    return found
