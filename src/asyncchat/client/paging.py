"""Reading back: which stretch of the past ``/history`` means, and where it goes on.

Owns what of it is left to be read, newest first, as at ``nc``; the asking is the client's.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from asyncchat.client.events import Message

PAGE = 50
"""Messages shown at a time."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of the past, read from its newest end.

    ``before`` is the id of the message before which it goes on, '' at first; ``since`` and ``until`` are its
    ends, ``until`` exclusive, None: open; ``limit`` is how many messages are wanted at a time.
    """

    before: str = ""
    since: datetime | None = None
    until: datetime | None = None
    limit: int = PAGE

    def within(self, messages: list[Message]) -> list[Message]:
        """Those of a page that belong to it."""
        since = self.since
        return messages if since is None else [message for message in messages if message.time >= since]

    def rest(self, page: list[Message], given: list[Message]) -> "Stretch | None":
        """What is left behind a page, of which these messages were given; None: nothing."""
        ids = [message.id for message in given if message.id]
        if not ids or len(given) < len(page) or len(page) < min(self.limit, PAGE):
            return None
        return replace(self, before=ids[0], limit=PAGE)


def stretch(text: str, now: datetime) -> Stretch | None:
    """What ``30``, ``30m``, ``2h``, ``3d`` or ``2026-11-22`` means; None: none of these."""
    if text.isascii() and text.isdigit():
        return Stretch(limit=int(text)) if 0 < int(text[:6]) < 100_000 else None
    units = {"m": "minutes", "h": "hours", "d": "days"}
    if text[-1:] in units and text[:-1].isascii() and text[:-1].isdigit() and len(text) < 7:
        return Stretch(since=now - timedelta(**{units[text[-1]]: int(text[:-1])}))
    try:
        start = datetime.strptime(text, "%Y-%m-%d").astimezone()
    except ValueError:
        return None
    end = (
        start.replace(tzinfo=None) + timedelta(days=1)
    ).astimezone()  # a day of the clock's change is no 24 h
    return Stretch(since=start, until=end)
