"""Searching over IRC: what ``/search`` asks a server for, page by page.

Owns where a search goes on; must not know how it is shown. A server is asked by times.
"""

from datetime import datetime

from asyncchat.client.client import Client
from asyncchat.client.events import Message
from asyncchat.client.history_cursor import ago, moment
from asyncchat.core.features.search import CutShort, Search


class SearchPages:
    """A search, read backwards page by page.

    Servers are asked by times, up to the earliest one shown; messages that share it come twice and are left
    out.

    Args:
        asked: what the person asked for.
        now: the time, aware of its zone.

    Raises:
        ValueError: no calendar has one of its times.
    """

    def __init__(self, asked: Search, now: datetime) -> None:
        self.asked = asked
        self._words = " ".join(f'"{term}"' for term in asked.terms)
        self._since = _moment(asked.window.after_time, asked.newer_seconds, now)
        self._until = _moment(asked.window.before_time, asked.older_seconds, now)
        self._shown: set[str] = set()
        self.over = False
        """Whether nothing more is to be found."""
        self.reached: datetime | None = None
        """How far the last page has looked, if it could not look everywhere."""
        self.why: CutShort | None = None
        """Why it could not."""

    def next_page(self, chat: Client, limit: int) -> list[Message]:
        """The next messages further back, oldest first.

        Raises:
            ClientError: there is no search, or no answer.
            ValueError: it is too long for a line.
        """
        found = chat.search(
            self._words,
            room=self.asked.room,
            nick=self.asked.name,
            until=self._until,
            limit=limit + len(self._shown),
        )
        new = [message for message in found if message.id not in self._shown]
        # A server that looked no further than the last time would never come to an end.
        self.reached = found.reached if found.reached != self._until else None
        self.why = next((why for why in CutShort if why.value == found.why), None)
        self.over = self.reached is None and (len(found) < limit or not new)
        if new or self.reached is not None:
            earliest = self.reached or new[0].time
            if earliest != self._until:
                self._shown.clear()
            self._until = earliest
            self._shown |= {message.id for message in new if message.time == earliest}
        if self._since is not None:
            # A server that is told a first time counts from there, so it is not told.
            since = self._since
            later = [message for message in new if message.time >= since]
            if len(later) < len(new) or (self.reached is not None and self.reached < since):
                self.over, self.reached = True, None
            new = later
        return new


def _moment(time: int | None, seconds: int | None, now: datetime) -> datetime | None:
    if seconds is not None:
        return ago(now, seconds)
    return None if time is None else moment(time)
