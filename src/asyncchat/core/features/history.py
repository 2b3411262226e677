"""Reading the history: commands that the server answers from the log.

Owns the values; who may read what is checked by the server's history access.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from asyncchat.core.commands import IoCommand
from asyncchat.core.events import Record
from asyncchat.core.replies import Refusal, Reply

MORE_COUNTED = 1000
"""Where the counting of earlier messages ends; beyond it an answer says "more than"."""


class Window(msgspec.Struct, frozen=True):
    """A window of the history: between which numbers and times, how many, and from which end.

    Attributes:
        after: only greater numbers; None for no bound.
        before: only smaller numbers; None for no bound.
        after_time: only later times, in microseconds; None for no bound.
        before_time: only earlier times, in microseconds; None for no bound.
        limit: the most messages.
        newest: whether the newest of more than ``limit`` messages are wanted, else the oldest.
    """

    after: int | None = None
    before: int | None = None
    after_time: int | None = None
    before_time: int | None = None
    limit: int = 50
    newest: bool = True

    def oldest_first(self, found: Sequence[Record]) -> tuple[Record, ...]:
        """Records that were found from the end that is wanted, oldest first."""
        return tuple(reversed(found) if self.newest else found)

    def resolved(
        self, now: int, most: int, newer_seconds: int | None, older_seconds: int | None = None
    ) -> Window:
        """The same for ``most`` messages at most, and with bounds that were given as seconds before now."""
        after, before = self.after_time, self.before_time
        if newer_seconds is not None:
            after = max(after or 0, now - newer_seconds * 1_000_000)
        if older_seconds is not None:
            ago = now - older_seconds * 1_000_000
            before = ago if before is None else min(before, ago)
        return msgspec.structs.replace(
            self, after_time=after, before_time=before, limit=min(self.limit, most)
        )


class ReadHistory(IoCommand, frozen=True):
    """Messages of a room, or of the private conversation with somebody (no ``#``), oldest first.

    ``newer_seconds`` asks for none older than that: the server, which has a clock, makes a time of it. With
    ``events`` what else happened there is read too. The page of the window ``then`` follows in the same
    answer. ``context`` goes back to the dialect with the answer: what it asked for.
    """

    room: str
    window: Window = Window()
    newer_seconds: int | None = None
    events: bool = False
    then: Window | None = None
    context: object = None


class Which(msgspec.Struct, frozen=True):
    """A message of a room or of a private conversation: by its number, or the last of those by a name.

    An empty name: the last one by anybody but the asker, or with ``own`` by the asker.
    """

    to: str
    number: int | None = None
    name: str = ""
    own: bool = False


class ReplyTo(IoCommand, frozen=True):
    """Say something in answer to a message, which the server finds."""

    which: Which
    text: str


class ReadTargets(IoCommand, frozen=True):
    """The rooms the asker is in and whom he had private conversations with, by their newest message.

    Times (microseconds, exclusive) bound when that was; ``newest`` chooses the end where there are more than
    ``limit``. ``context`` goes back with the answer.
    """

    after_time: int
    before_time: int
    limit: int
    newest: bool
    context: object = None


class ReadMissed(IoCommand, frozen=True):
    """The asker's private messages, in all its conversations, while it was not here.

    ``context`` goes back with the answer.
    """

    window: Window
    context: object = None


class HistoryPage(Reply, frozen=True):
    """A page of a room's history, oldest first. ``more``: messages of the range beyond the page, on its older
    side, counted up to ``MORE_COUNTED`` (on its newer side 1 or 0, when the range was read from its old end).
    ``cut``: there were more before, which this server does not keep that long.
    """

    room: str
    records: tuple[Record, ...]
    more: int
    context: object
    cut: bool = False


class HistoryUnreadable(Refusal, frozen=True):
    """The history of a room can't be read by the asker, or there is none; ``context`` as in ReadHistory.

    ``failed``: it could be, but not now.
    """

    room: str
    context: object = None
    failed: bool = False


class NoSuchMessage(Refusal, frozen=True):
    """There is no such message in that room or conversation, or it is erased; ``number`` as it was asked."""

    to: str
    number: int | None = None


class Target(msgspec.Struct, frozen=True):
    """A room or a person, and when something was said there last (microseconds since 1970 UTC)."""

    name: str
    time: int


class TargetsView(Reply, frozen=True):
    """Where something was said, the earliest first."""

    targets: tuple[Target, ...]
    context: object


class TargetsUnreadable(Refusal, frozen=True):
    """They can't be told now."""

    context: object = None
