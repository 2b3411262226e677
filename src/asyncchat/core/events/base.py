"""What every event is, how long it is kept and who is told of it."""

import enum
from typing import ClassVar, Self

import msgspec


class Kept(enum.IntEnum):
    """How long a fact is kept; the value is what the log's file holds."""

    TEXT = 0
    """Never read by a decision; kept as long as the history is."""
    STATE = 1
    """Read by decisions: folded at each start."""
    PRESENCE = 2
    """Belongs to one run of a node; a week."""
    NEVER = 3
    """Passes by: told, not recorded, without a number."""
    ACT = 4
    """What operators of the server did, for the audit: never read by a decision; kept as a text is."""


class Reach(enum.Enum):
    """Who is told of an event."""

    ROOM = enum.auto()
    """All members of ``event.room``."""
    PEERS = enum.auto()
    """All members of all rooms that ``event.person`` is in, each once."""
    PAIR = enum.auto()
    """``event.to`` alone, beside the one who caused it."""
    SOME = enum.auto()
    """Those whose sessions ``event.to`` lists; where the event has a room, as far as they are in it."""
    NOBODY = enum.auto()
    """Only the one who caused it."""


class Event(msgspec.Struct, frozen=True, tag_field="is"):
    """A fact. Subclasses are the closed set of what can happen."""

    kept: ClassVar[Kept] = Kept.PRESENCE
    reach: ClassVar[Reach] = Reach.ROOM

    def to_keep(self) -> Self:
        """The fact as the log keeps it."""
        return self
