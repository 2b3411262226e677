"""Searches of a person at the terminal: what ``/search`` asks a server for, page by page.

Owns where a search goes on; must not know how it is shown. The filters are those of the plain dialect.
"""

from datetime import UTC, datetime, timedelta

from asyncchat.client.client import Client
from asyncchat.client.events import Message
from asyncchat.core.commands import Search
from asyncchat.text import search
from asyncchat.text.times import Zone

ARGUMENTS = search.ARGUMENTS


def sought(text: str, now: datetime) -> "Sought | str":
    """What ``/search TEXT`` asks for, or what is wrong with it; days are those of the aware time ``now``."""
    zone = Zone(now.tzname() or "", int((now.utcoffset() or timedelta()).total_seconds()))
    asked = search.parse_search(text, zone)
    return asked if isinstance(asked, str) else Sought(asked.search, now)


class Sought:
    """A search, read backwards page by page.

    Servers are asked by times, up to the earliest one shown; messages that share it come twice and are left
    out.
    """

    def __init__(self, asked: Search, now: datetime) -> None:
        self._words = " ".join(f'"{term}"' for term in asked.terms)
        self._room = asked.room
        self._nick = asked.name
        self._since = _moment(asked.after_time, asked.newer_seconds, now)
        self._until = _moment(asked.before_time, asked.older_seconds, now)
        self._shown: set[str] = set()
        self.over = False
        """Whether nothing more is to be found."""

    def next_page(self, chat: Client, limit: int) -> list[Message]:
        """The next messages further back, oldest first.

        Raises:
            ClientError: there is no search, or no answer.
            ValueError: it is too long for a line.
        """
        found = chat.search(
            self._words,
            room=self._room,
            nick=self._nick,
            until=self._until,
            limit=limit + len(self._shown),
        )
        new = [message for message in found if message.id not in self._shown]
        self.over = len(found) < limit or not new
        if new:
            earliest = new[0].time
            if earliest != self._until:
                self._shown.clear()
            self._until = earliest
            self._shown |= {message.id for message in new if message.time == earliest}
        if self._since is not None:
            # With a first time the server would count from there, so it is not told.
            since = self._since
            later = [message for message in new if message.time >= since]
            self.over = self.over or len(later) < len(new)
            new = later
        return new


def _moment(time: int | None, seconds: int | None, now: datetime) -> datetime | None:
    if seconds is not None:
        return now - timedelta(seconds=seconds)
    return None if time is None else datetime.fromtimestamp(time / 1_000_000, UTC)
