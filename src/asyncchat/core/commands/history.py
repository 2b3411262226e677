"""Commands about what was said: to read it and to erase it."""

import enum

from asyncchat.core.commands.base import Command


class Erase(Command, frozen=True):
    """Take messages of a room, found by a gate beforehand, out of the history."""

    room: str
    numbers: tuple[int, ...]


class Direction(enum.Enum):
    """Which end of a range of the history is wanted when it is longer than the limit."""

    OLDEST = enum.auto()
    NEWEST = enum.auto()


class ReadHistory(Command, frozen=True):
    """Messages of a room, oldest first, numbers and times (microseconds) exclusive; None is open.

    ``newest_seconds`` asks for none older than that: the gate, which has a clock, makes a time of it.
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
    purpose: object = None


class ReadActs(Command, frozen=True):
    """What operators of the server did, the newest ``limit`` of it, for the owner and them.

    ``newest_seconds`` asks for none older than that. ``purpose`` goes back to the dialect with the answer.
    """

    limit: int = 20
    newest_seconds: int | None = None
    after_time: int | None = None
    purpose: object = None


class EraseFrom(Command, frozen=True):
    """Erase all that a name said in a room's history; an empty name: all that anyone said."""

    room: str
    name: str
