"""What who comes, or joins, is told of what was said before, where its client can't ask for it.

Owns which part of the past that is; how it looks stands in ``histserv``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from asyncchat.core import commands as core
from asyncchat.core.events import Record
from asyncchat.core.names import fold
from asyncchat.core.seen import Visit
from asyncchat.dialects.irc.capabilities import CHATHISTORY
from asyncchat.text.features.history import MISSED, HistoryCursor, missed

if TYPE_CHECKING:
    from asyncchat.dialects.irc.dialect import IrcDialect


class AutoreplayPurpose(msgspec.Struct, frozen=True):
    """Purpose of a page that is told among today's messages; ``joined`` is when the asker joined, else 0."""

    wish: HistoryCursor
    joined: int = 0


class Absence:
    """Somebody who comes with an account: the number of the record by which, and what it may have missed."""

    __slots__ = ("number", "rooms", "seen")

    def __init__(self, number: int) -> None:
        self.number = number
        self.seen: Visit | None = None
        self.rooms: set[str] = set()
        """Those where that was told."""

    def since(self, room: str) -> int | None:
        """Since when it was not in a room, told once; None: that is not known."""
        key = fold(room)
        seen = self.seen
        if seen is None or key in self.rooms or (seen.rooms is not None and key not in seen.rooms):
            return None
        self.rooms.add(key)
        return seen.time


def comes(session: IrcDialect, record: Record, account: str) -> None:
    """Remembers by which record somebody came who may have missed something and can't ask for it."""
    if account and session.context.server.newcomers and not session.caps_in & CHATHISTORY:
        session.absence = Absence(record.number)


def on_joining(session: IrcDialect, room: str, number: int, time: int) -> core.ReadHistory:
    """What who has just joined a room reads first: what it missed, else the last lines said before that."""
    since = None if session.absence is None else session.absence.since(room)
    asked = HistoryCursor(room, before=number, left=session.context.server.newcomers, newcomer=True)
    if since is not None:
        asked = missed(room, number, since, framed=True)
    return msgspec.structs.replace(asked.command(), purpose=AutoreplayPurpose(asked, time))


def on_return(absence: Absence, seen: Visit) -> core.ReadMissed:
    """What was said in private since then."""
    absence.seen = seen
    asked = missed("", absence.number, seen.time, framed=True)
    return core.ReadMissed(seen.time, absence.number, MISSED, AutoreplayPurpose(asked))
