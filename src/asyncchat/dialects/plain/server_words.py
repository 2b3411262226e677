"""What the server's owner types to keep all of it in order, beside the words for a room.

Owns how these are typed; whether somebody may, the core decides. The rows of their table are in ``words``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncchat.core import commands
from asyncchat.core.commands import Command
from asyncchat.text import history
from asyncchat.text.durations import seconds_in

if TYPE_CHECKING:
    from asyncchat.dialects.plain.dialect import PlainDialect

ACTS_SHOWN = 500
"""Lines of the audit at once, at most: what fits a terminal's memory."""


def kill(_session: PlainDialect, text: str) -> Command | None:
    """Puts somebody out of the chat."""
    name, _, reason = text.partition(" ")
    return commands.Kill(name, reason.strip() or "put out") if name else None


def host(_session: PlainDialect, text: str) -> Command | None:
    """Lets somebody be seen as coming from another host."""
    name, _, shown = text.partition(" ")
    return commands.ChangeHost(name, shown.strip()) if shown.strip() else None


def server_ban(_session: PlainDialect, text: str) -> Command | None:
    """Bans somebody from the server, for a time or for good; alone it lists these bans."""
    if not text:
        return commands.AskServerBans()
    mask, _, rest = text.partition(" ")
    first, _, after = rest.strip().partition(" ")
    seconds = seconds_in(first, bare=False)
    if seconds is None:
        return commands.BanFromServer(mask, True, 0, rest.strip())
    return commands.BanFromServer(mask, True, seconds, after.strip())


def server_unban(_session: PlainDialect, text: str) -> Command | None:
    """Lifts such a ban."""
    return commands.BanFromServer(text, False) if text and " " not in text else None


def audit(session: PlainDialect, text: str) -> Command | None:
    """Shows what operators did: the last 20 things, the last N, since some hours, or since a date."""
    asked = history.parse_history(session.room, text, session.shared.zone, None)
    if asked is None:
        return None
    if not text:
        return commands.ReadActs()
    limit = ACTS_SHOWN if asked.left is None else min(asked.left, ACTS_SHOWN)
    return commands.ReadActs(limit, asked.newest_seconds, asked.after_time)


def announce(_session: PlainDialect, text: str) -> Command | None:
    """Tells those something who want to be told such."""
    return commands.Announce(text) if text else None
