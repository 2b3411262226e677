"""Commands about what was said: to read it and to erase it."""

import enum

import msgspec

from asyncchat.core.commands.base import Command, IoCommand
from asyncchat.core.events import Record, Tags


class Erase(Command, frozen=True):
    """Take messages of a room, found by a gate beforehand, out of the history."""

    room: str
    numbers: tuple[int, ...]


class EraseFound(Command, frozen=True):
    """The same, by who waits until it is done."""

    room: str
    numbers: tuple[int, ...]


class Direction(enum.Enum):
    """Which end of a range of the history is wanted when it is longer than the limit."""

    OLDEST = enum.auto()
    NEWEST = enum.auto()


class ReadHistory(IoCommand, frozen=True):
    """Messages of a room, or of the private conversation with somebody (no ``#``), oldest first.

    Numbers and times (microseconds) are exclusive; None is open. ``newest_seconds`` asks for none older than
    that: the gate, which has a clock, makes a time of it. With ``events`` what else happened there is read
    too. ``then`` is a range of the same place whose page follows in the same answer.
    ``purpose`` goes back to the dialect with the answer: what it asked for.
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
    then: "ReadHistory | None" = None
    purpose: object = None


class ReadActs(IoCommand, frozen=True):
    """What operators of the server did, the newest ``limit`` of it, for the owner and them.

    ``newest_seconds`` asks for none older than that. ``purpose`` goes back to the dialect with the answer.
    """

    limit: int = 20
    newest_seconds: int | None = None
    after_time: int | None = None
    purpose: object = None


class Search(IoCommand, frozen=True):
    """Messages that have all of ``terms`` (``searching.terms_of``), in a room or in all that the asker is in.

    ``room`` may be a person too: then what the asker and it wrote to each other is searched. ``name`` is who
    said them, empty: anyone. Numbers and times (microseconds) exclusive; None is open. ``newer_seconds`` and
    ``older_seconds`` are times counted back from now: the gate, which has a clock, makes such of them.
    ``purpose`` goes back to the dialect with the answer.
    """

    terms: tuple[str, ...] = ()
    room: str = ""
    name: str = ""
    after: int | None = None
    before: int | None = None
    after_time: int | None = None
    before_time: int | None = None
    newer_seconds: int | None = None
    older_seconds: int | None = None
    limit: int = 50
    end: Direction = Direction.NEWEST
    purpose: object = None


class EraseFrom(IoCommand, frozen=True):
    """Erase all that a name said in a room's history; an empty name: all that anyone said."""

    room: str
    name: str


class Which(msgspec.Struct, frozen=True):
    """A message of a room or of a private conversation: by its number, or the last of those by a name.

    An empty name: the last one by anybody but the asker, or with ``own`` by the asker.
    """

    to: str
    number: int | None = None
    name: str = ""
    own: bool = False


class React(IoCommand, frozen=True):
    """Put a reaction to a message, or take it back; a gate finds the message.

    ``tags`` are what the asker's program sent; without any the gate makes them.
    """

    which: Which
    reaction: str
    on: bool = True
    tags: Tags = ()


class PassOn(Command, frozen=True):
    """Tell of a reaction to a message that the history has not."""

    to: str
    tags: Tags


class PutReaction(Command, frozen=True):
    """The same, with the message as the gate found it."""

    to: str
    found: Record
    reaction: str
    on: bool
    tags: Tags


class Reply(IoCommand, frozen=True):
    """Say something in answer to a message, which a gate finds."""

    which: Which
    text: str


class Redact(IoCommand, frozen=True):
    """Take a message, which a gate finds, out of the history; ``purpose`` goes back with a refusal."""

    which: Which
    reason: str = ""
    purpose: object = None


class TakeBack(Command, frozen=True):
    """The same, with the message as the gate found it; None: there is none that the asker may read."""

    which: Which
    found: Record | None
    reason: str
    purpose: object = None


class ReadTargets(IoCommand, frozen=True):
    """The rooms the asker is in and whom he had private conversations with, by their newest message.

    Times (microseconds, exclusive) bound when that was; ``newest`` chooses the end where there are more than
    ``limit``. ``purpose`` goes back with the answer.
    """

    after_time: int
    before_time: int
    limit: int
    newest: bool
    purpose: object = None


class ReadMissed(IoCommand, frozen=True):
    """The asker's private messages of a time (microseconds) when it was not here, numbered up to ``before``.

    ``purpose`` goes back with the answer.
    """

    after_time: int
    before: int
    limit: int
    purpose: object = None


class MarkRead(Command, frozen=True):
    """Say up to when one has read a room or a conversation (microseconds since 1970), or ask (None)."""

    target: str
    time: int | None = None
