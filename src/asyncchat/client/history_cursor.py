"""Reading back over IRC: where ``/history`` goes on in a room, or with a person.

Owns what is left to be read, newest first; a server that is asked over IRC counts by message ids.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from asyncchat.client.events import Message
from asyncchat.core.features.history import ReadHistory
from asyncchat.text.features.history import PAGE, HistoryCursor


@dataclass(frozen=True, slots=True)
class MessageCursor:
    """A part of the history, read from its newest end.

    Attributes:
        asked: what the person asked for.
        before: the id of the message before which it goes on, '' at first.
        since: the first time wanted, None: open.
        until: the first time that is not wanted any more, None: open.
        limit: how many messages are wanted at a time.
    """

    asked: ReadHistory
    before: str = ""
    since: datetime | None = None
    until: datetime | None = None
    limit: int = PAGE

    def within(self, messages: list[Message]) -> list[Message]:
        """The messages of a page that belong to it."""
        since = self.since
        return messages if since is None else [message for message in messages if message.time >= since]

    def rest(self, page: list[Message], given: list[Message]) -> "MessageCursor | None":
        """What is left after a page, of which these messages were shown; None: nothing."""
        ids = [message.id for message in given if message.id]
        if not ids or len(given) < len(page) or len(page) < min(self.limit, PAGE):
            return None
        return replace(self, before=ids[0], limit=PAGE)


def first_cursor(asked: ReadHistory, now: datetime) -> MessageCursor:
    """Where reading begins.

    Raises:
        ValueError: the time is before all calendars.
    """
    wanted = asked.context
    left = wanted.left if isinstance(wanted, HistoryCursor) else None
    since = None if asked.window.after_time is None else moment(asked.window.after_time + 1)
    if asked.newer_seconds is not None:
        since = ago(now, asked.newer_seconds)
    until = None if asked.window.before_time is None else moment(asked.window.before_time)
    return MessageCursor(asked, since=since, until=until, limit=left or PAGE)


def ago(now: datetime, seconds: int) -> datetime:
    """The time so many seconds ago.

    Raises:
        ValueError: no calendar has it.
    """
    try:
        return now - timedelta(seconds=seconds)
    except OverflowError as error:
        raise ValueError("that is too long ago") from error


def moment(time: int) -> datetime:
    """Microseconds since 1970 UTC as a time.

    Raises:
        ValueError: no calendar has it.
    """
    return datetime.fromtimestamp(time / 1_000_000, UTC)
