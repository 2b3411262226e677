"""Searches of the history: who may search where, and how many there are at once.

What is found is the log's affair.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from asyncchat.core import commands, replies
from asyncchat.core.names import fold
from asyncchat.log.base import Found, Log, LogError, Query
from asyncchat.server.hub import wall_clock
from asyncchat.server.past import PAGE_MOST

if TYPE_CHECKING:
    from asyncchat.server.session import Session

AT_ONCE = 4
"""Searches that the log does in turns: each takes up to half a second of its thread."""

MOST_WAITING = 64
"""Searches that wait for one of these to end; who comes then would wait for half a minute."""


class Searches:
    """Searches one log.

    Args:
        log: where to.
    """

    def __init__(self, log: Log) -> None:
        self._log = log
        self._places = asyncio.Semaphore(AT_ONCE)
        self._there = 0

    async def find(self, query: Query) -> Found | None:
        """What a search finds; None: it can't be run now."""
        if self._there >= AT_ONCE + MOST_WAITING:
            return None
        self._there += 1
        try:
            async with self._places:
                return await self._log.search(query)
        except LogError:
            return None
        finally:
            self._there -= 1


async def search(session: Session, command: commands.Search, upto: int) -> None:
    """Searches the rooms that the asker is in, or one of them; the owner may name any."""
    chat = session.service.hub.chat
    rooms = [room.key for room in chat.rooms_with(session.who)]
    if command.room:
        room = chat.rooms.get(fold(command.room))
        if room is None or not (session.who in room.seats or session.who in chat.owners):
            await session.answer_in_slices(replies.NotSearched(command.room, command.purpose))
            return
        rooms = [room.key]
    after_time, before_time = _times(command)
    query = Query(
        tuple(rooms),
        upto,
        command.terms,
        fold(command.name),
        command.after,
        command.before,
        after_time,
        before_time,
        min(command.limit, PAGE_MOST),
        command.end is commands.Direction.NEWEST,
        any(chat.rooms[key].renamed for key in rooms),
    )
    found = await session.service.searches.find(query)
    answer: replies.Reply | replies.Refusal
    if found is None:
        answer = replies.NotSearched("", command.purpose)
    else:
        short = found.reached is not None and len(found.records) < query.limit
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
