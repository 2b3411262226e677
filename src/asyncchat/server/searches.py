"""Searches of the history: who may search where, and how many there are at once.

What is found in rooms is the log's affair. A private conversation is read page by page instead, as its
history is, by the very rule that says who may: an index of them would be one more place that has them.
"""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import TYPE_CHECKING

import msgspec

from asyncchat.core import commands, replies
from asyncchat.core.events import Record, Said, Whispered
from asyncchat.core.names import ROOM_SIGNS, fold
from asyncchat.log.base import Log, LogError, PageQuery, SearchQuery, SearchResult, Window
from asyncchat.server.hub import wall_clock
from asyncchat.server.past import PAGE_MOST, Place, place

if TYPE_CHECKING:
    from asyncchat.server.session import Session

AT_ONCE = 4
"""Searches that the log does in turns: each takes up to half a second of its thread."""

MOST_WAITING = 64
"""Searches that wait for one of these to end; who comes then would wait for half a minute."""

PRIVATE_PAGE = 500
"""Messages of a private conversation that are read at a time."""

PRIVATE_SECONDS = 0.5
"""How long a private conversation is looked through before the asker is told how far that came."""


class Searches:
    """Searches one log.

    Args:
        log: where to.
    """

    def __init__(self, log: Log) -> None:
        self._log = log
        self._places = asyncio.Semaphore(AT_ONCE)
        self._there = 0

    async def find(self, query: SearchQuery, where: Place | None = None) -> SearchResult | None:
        """What a search finds, in rooms or in a private conversation; None: it can't be run now."""
        if self._there >= AT_ONCE + MOST_WAITING:
            return None
        self._there += 1
        try:
            async with self._places:
                return await (self._log.search(query) if where is None else self._read(query, where))
        except LogError:
            return None
        finally:
            self._there -= 1

    async def _read(self, query: SearchQuery, where: Place) -> SearchResult:
        """What a private conversation has, read one message after the other."""
        found: list[Record] = []
        limit, newest = query.window.limit, query.window.newest
        window = msgspec.structs.replace(query.window, limit=PRIVATE_PAGE)
        end = perf_counter() + PRIVATE_SECONDS
        last: Record | None = None
        while last is None or perf_counter() < end:
            page = await self._log.read(PageQuery("", query.upto, window, where.beside))
            records = page.records
            for last in reversed(records) if newest else records:
                if isinstance(last.event, Said | Whispered) and query.matches(last.event):
                    found.append(last)
                    if len(found) > limit:  # one more than wanted tells that there is more
                        del found[-1]
                        return SearchResult(
                            query.window.oldest_first(found), found[-1].number, found[-1].time
                        )
            if len(records) < PRIVATE_PAGE or last is None:
                return SearchResult(query.window.oldest_first(found), None)
            window = (
                msgspec.structs.replace(window, before=last.number)
                if newest
                else msgspec.structs.replace(window, after=last.number)
            )
        return SearchResult(query.window.oldest_first(found), last.number, last.time)


async def search(session: Session, command: commands.Search, upto: int) -> None:
    """Searches the rooms that the asker is in, or one of them, or one of his private conversations.

    The owner may name any room, and no conversation of others.
    """
    chat = session.service.hub.chat
    rooms = [room.key for room in chat.rooms_with(session.who)]
    where = None
    if command.room and command.room[0] not in ROOM_SIGNS:
        where = place(session, command.room)
        if where is None:
            await session.answer_in_slices(replies.NotSearched(command.room, command.purpose))
            return
    elif command.room:
        room = chat.rooms.get(fold(command.room))
        if room is None or not (session.who in room.seats or session.who in chat.owners):
            await session.answer_in_slices(replies.NotSearched(command.room, command.purpose))
            return
        rooms = [room.key]
    after_time, before_time = _times(command)
    window = Window(
        command.after,
        command.before,
        after_time,
        before_time,
        min(command.limit, PAGE_MOST),
        command.end is commands.Direction.NEWEST,
    )
    renamed = any(chat.rooms[key].renamed for key in rooms)
    query = SearchQuery(tuple(rooms), upto, window, command.terms, fold(command.name), renamed)
    found = await session.service.searches.find(query, where)
    answer: replies.Reply | replies.Refusal
    if found is None:
        answer = replies.NotSearched("", command.purpose)
    else:
        short = found.reached is not None and len(found.records) < window.limit
        answer = replies.SearchPage(found.records, found.reached, found.time, command.purpose, short)
    await session.answer_in_slices(answer)


def _times(command: commands.Search) -> tuple[int | None, int | None]:
    """After and before which times, those counted back from now among them."""
    after, before = command.after_time, command.before_time
    if command.newer_seconds is not None:
        after = max(after or 0, wall_clock() - command.newer_seconds * 1_000_000)
    if command.older_seconds is not None:
        ago = wall_clock() - command.older_seconds * 1_000_000
        before = ago if before is None else min(before, ago)
    return after, before
