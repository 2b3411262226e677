"""Events: what happened, how long it is kept and who is told; and an event with its number and time.

Owns what every event is; the events themselves stand with their features.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, ClassVar, Self

import msgspec

if TYPE_CHECKING:
    from asyncchat.core.rooms import Room


class Retention(enum.IntEnum):
    """How long a fact is kept; the value is what the log's file holds."""

    TEXT = 0
    """Never read by a decision; kept as long as the history is."""
    STATE = 1
    """Read by decisions: folded at each start."""
    PRESENCE = 2
    """Belongs to one run of a node; a week."""
    EPHEMERAL = 3
    """Passes by: told, not recorded, without a number."""
    AUDIT = 4
    """What operators of the server did, for the audit: never read by a decision; kept as a text is."""


class Recipients(enum.Enum):
    """Who is told of an event, beside whoever caused it."""

    ROOM = enum.auto()
    """All members of ``event.room``."""
    VISIBLE = enum.auto()
    """Those of them who may see ``event.person``: all, but in an auditorium."""
    PEERS = enum.auto()
    """All members of all rooms that ``event.person`` is in, each once."""
    PAIR = enum.auto()
    """``event.to`` alone."""
    SOME = enum.auto()
    """The people in ``event.to``, wherever they are."""
    SOME_MEMBERS = enum.auto()
    """The people in ``event.to``, as far as they are in ``event.room``, in the order of the room's events."""
    SOME_PEERS = enum.auto()
    """The people in ``event.to``, behind what was told before where ``event.behind()`` says."""
    NOBODY = enum.auto()


class Stream(enum.Enum):
    """Where an event stands in the history, beside the messages of rooms."""

    NONE = enum.auto()
    CONVERSATION = enum.auto()
    """In the private conversation of ``event.person`` and ``event.to``."""
    CHANGES = enum.auto()
    """Among the changes of ``event.room``."""
    PRESENCE = enum.auto()
    """Among those who came to ``event.room`` and left it; for ``Recipients.PEERS``, to ``event.rooms``."""


class Event(msgspec.Struct, frozen=True, tag_field="is"):
    """A fact. A subclass declares all that others have to know of it.

    ``concerns`` names the field with a person who is told of it as of an own command's outcome: ``person``,
    ``to``, or none. ``audited``: the audit shows it. ``ignorable``: whoever ignores ``event.person`` is not
    told. ``inert``: it changes no state, and nothing follows from it. ``coalesces``: neighbours are told as
    one. ``retired``: only older versions wrote it, and ``current`` gives another event.
    """

    retention: ClassVar[Retention] = Retention.PRESENCE
    recipients: ClassVar[Recipients] = Recipients.ROOM
    stream: ClassVar[Stream] = Stream.NONE
    concerns: ClassVar[str] = ""
    audited: ClassVar[bool] = False
    ignorable: ClassVar[bool] = False
    inert: ClassVar[bool] = False
    coalesces: ClassVar[bool] = False
    retired: ClassVar[bool] = False

    def to_store(self) -> Self:
        """The fact as the log keeps it."""
        return self

    def current(self) -> Event:
        """The event that stands for this one today: another one where an older version wrote it."""
        return self

    def behind(self) -> tuple[int, str]:
        """For ``SOME_PEERS``: the person whose rooms, or the room whose events, come before it."""
        return self.person.id, ""  # type: ignore[attr-defined]  # an event of this kind has one

    def asker(self, person_id: int) -> int:
        """Who asks for what follows in the same outcome; ``person_id`` asked for this."""
        return person_id

    def allowed_by_role(self, _room: Room, _person_id: int) -> bool:
        """Whether a person's role in the room allows this act; else the audit notes the override."""
        return True


class Record(msgspec.Struct, frozen=True):
    """A numbered event: ``number`` counts from 1 without a hole, ``time`` is microseconds since 1970 UTC.

    Times never decrease from one record to the next.
    """

    number: int
    time: int
    event: Event


class Ephemeral(Record, frozen=True):
    """An event that passes by: it goes the way of the records, but the log has none; its number is 0."""
