"""Reading the history: commands that the server answers from the log.

Owns the values, and the commands about messages, which the server finds in the log first; who may read what
is checked by the server's history access.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

import msgspec

from asyncchat.core.commands import Command, IoCommand
from asyncchat.core.events import Record
from asyncchat.core.features.messages import Say, reply_tags
from asyncchat.core.replies import Refusal, Reply

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyncchat.core.chat import Chat

MORE_COUNTED = 1000
"""Where the counting of earlier messages ends; beyond it an answer says "more than"."""


class Direction(enum.Enum):
    """Which end of a range of the history is wanted when it is longer than the limit."""

    OLDEST = enum.auto()
    NEWEST = enum.auto()


class ReadHistory(IoCommand, frozen=True):
    """Messages of a room, or of the private conversation with somebody (no ``#``), oldest first.

    Numbers and times (microseconds) are exclusive; None is open. ``newest_seconds`` asks for none older than
    that: the gate, which has a clock, makes a time of it. With ``events`` what else happened there is read
    too. ``then`` is a range of the same place whose page follows in the same answer.
    ``context`` goes back to the dialect with the answer: what it asked for.
    """

    room: str
    after: int | None = None
    before: int | None = None
    after_time: int | None = None
    before_time: int | None = None
    limit: int = 50
    end: Direction = Direction.NEWEST
    newest_seconds: int | None = None
    events: bool = False
    then: ReadHistory | None = None
    context: object = None


class Which(msgspec.Struct, frozen=True):
    """A message of a room or of a private conversation: by its number, or the last of those by a name.

    The name may be a message's id. An empty name: the last one by anybody but the asker, with ``own`` by the
    asker, and where that is None by anybody.
    """

    to: str
    number: int | None = None
    name: str = ""
    own: bool | None = False


class FoundMessage(msgspec.Struct, frozen=True):
    """What the server found of a message that a command is about.

    ``record`` is None where the asker can read no such message; ``failed``: the history can't be read now.
    ``number`` and ``id`` are those of the message, or those that were asked for; 0 and empty: there is none
    by the name that was asked for.
    """

    record: Record | None = None
    number: int = 0
    id: str = ""
    failed: bool = False


class MessageCommand(IoCommand, frozen=True):
    """A command about messages: the server finds them, then the command says what is to be done."""

    def wanted(self, _chat: Chat) -> tuple[Which, ...]:
        """The messages that it is about."""
        raise NotImplementedError

    def resolve(self, found: Sequence[FoundMessage]) -> Command | Reply | Refusal:
        """The command for the hub, or the answer, given what was found of each message wanted."""
        raise NotImplementedError


class ReplyTo(MessageCommand, frozen=True):
    """Say something in answer to a message; its author's name precedes the text, for clients without ids."""

    which: Which
    text: str

    def wanted(self, _chat: Chat) -> tuple[Which, ...]:
        """The message replied to."""
        return (self.which,)

    def resolve(self, found: Sequence[FoundMessage]) -> Command | Reply | Refusal:
        """The message to say."""
        record = found[0].record
        if record is None:
            return NoSuchMessage(self.which.to, self.which.number)
        text = f"{record.event.person.name}: {self.text}"  # type: ignore[attr-defined]  # messages have one
        return Say(self.which.to, text, tags=reply_tags(found[0].id))


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
    """The asker's private messages of a time (microseconds) when it was not here, numbered up to ``before``.

    ``context`` goes back with the answer.
    """

    after_time: int
    before: int
    limit: int
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
