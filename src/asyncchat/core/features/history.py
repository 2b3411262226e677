"""Reading the history: commands that the server answers from the log.

Owns the values, and the commands about messages, which the server finds in the log first. Must not know who
may read what: the server checks that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import msgspec

from asyncchat.core.chat import Chat
from asyncchat.core.commands import Command, IoCommand
from asyncchat.core.events import Record
from asyncchat.core.features.messages import Say, reply_tags
from asyncchat.core.replies import Refusal, Reply

MORE_COUNTED = 1000
"""Earlier messages are counted up to this number; beyond it an answer says "more than"."""


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

    def since(self, time: int) -> Window:
        """The same without what was before a time (microseconds since 1970 UTC)."""
        if time <= (self.after_time or 0):
            return self
        return msgspec.structs.replace(self, after_time=time - 1)

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
    ``events`` what else happened there is read too. What nobody asked for (``unasked``) is empty for whoever
    wants none of it. The page of the window ``then`` follows in the same
    answer. Messages older than the page are counted up to ``count_to``. ``context`` goes back to the dialect
    with the answer: what it asked for.
    """

    cost: ClassVar[int] = 1
    room: str
    window: Window = Window()
    newer_seconds: int | None = None
    events: bool = False
    then: Window | None = None
    count_to: int = MORE_COUNTED
    context: object = None
    unasked: bool = False


class Which(msgspec.Struct, frozen=True):
    """A message of a room or of a private conversation: by its number, or the last one by a name.

    The name may be a message's id. An empty name: the last one by anybody else, with ``own`` the last one by
    the requester, and if that is None the last one by anybody.
    """

    to: str
    number: int | None = None
    name: str = ""
    own: bool | None = False


class FoundMessage(msgspec.Struct, frozen=True):
    """What the server found of a message that a command is about.

    ``record`` is None if the requester can read no such message; ``failed``: the history can't be read now.
    ``number`` and ``id`` are those of the message, or those that were requested; 0 and empty: there is none
    by the requested name.
    """

    record: Record | None = None
    number: int = 0
    id: str = ""
    failed: bool = False


class MessageCommand(IoCommand, frozen=True):
    """A command about messages: the server finds them, then the command says what is to be done."""

    cost: ClassVar[int] = 1

    def wanted(self, _chat: Chat) -> tuple[Which, ...]:
        """The messages that it is about."""
        raise NotImplementedError

    def resolve(self, found: Sequence[FoundMessage]) -> Command | Reply | Refusal:
        """The command for the hub, or the answer, given what was found of each message wanted."""
        raise NotImplementedError


class ReplyTo(MessageCommand, frozen=True):
    """Reply to a message; its author's name precedes the text, for clients without message ids."""

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
    """The requester's rooms and private conversations, by the time of their newest message.

    An account's rooms are also those of its last visit, which it may not have joined again yet.

    The times (microseconds, exclusive) bound that time; ``newest`` chooses the end if there are more than
    ``limit``. ``context`` goes back to the dialect with the answer.
    """

    cost: ClassVar[int] = 4
    after_time: int
    before_time: int
    limit: int
    newest: bool
    context: object = None


class ReadMissed(IoCommand, frozen=True):
    """The requester's private messages, in all its conversations, while it was not here, if it wants them.

    ``context`` goes back to the dialect with the answer.
    """

    cost: ClassVar[int] = 4
    window: Window
    context: object = None


class HistoryPage(Reply, frozen=True):
    """A page of a room's history, oldest first.

    ``more``: how many messages of the range are older than the page, counted as far as was asked; if the
    range was read from its old end, 1 or 0 for newer ones. ``cut``: older ones existed, but have expired.
    """

    room: str
    records: tuple[Record, ...]
    more: int
    context: object
    cut: bool = False


class HistoryUnreadable(Refusal, frozen=True):
    """The requester can't read the history of a room, or there is none; ``context`` as in ReadHistory.

    ``failed``: the log could not be read just now.
    """

    room: str
    context: object = None
    failed: bool = False


class NoSuchMessage(Refusal, frozen=True):
    """There is no such message in that room or conversation, or it is erased; ``number`` as requested."""

    to: str
    number: int | None = None


class Target(msgspec.Struct, frozen=True):
    """A room or a person, and the time of the newest message there (microseconds since 1970 UTC)."""

    name: str
    time: int


class TargetsView(Reply, frozen=True):
    """Rooms and conversations with messages, by the time of the newest one, ascending.

    ``more`` is how many there are beyond the limit.
    """

    targets: tuple[Target, ...]
    context: object
    more: int = 0


class TargetsUnreadable(Refusal, frozen=True):
    """The targets can't be read from the log now."""

    context: object = None
