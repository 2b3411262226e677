"""Events: what happened, how long that is kept and who is told; and records, which are numbered events.

Owns the base classes. The events themselves are in ``features``.
"""

from __future__ import annotations

import enum
from typing import ClassVar, Self

import msgspec

from asyncchat.core.roles import Right
from asyncchat.core.rooms import Room


class Retention(enum.IntEnum):
    """How long an event is kept; the log stores the value."""

    TEXT = 0
    """No decision reads it; kept as long as the history."""
    STATE = 1
    """Decisions read it; every start replays it."""
    PRESENCE = 2
    """Belongs to one run of a node; kept for a week."""
    EPHEMERAL = 3
    """Delivered, but not recorded and without a number."""
    AUDIT = 4
    """What server operators did; no decision reads it; kept as long as the history."""


class Recipients(enum.Enum):
    """Who is told of an event, besides the person who caused it."""

    ROOM = enum.auto()
    """All members of ``event.room``."""
    VISIBLE = enum.auto()
    """Those members who may see ``event.person``: all of them, except in an auditorium."""
    PEERS = enum.auto()
    """All members of all rooms that ``event.person`` is in, each once."""
    PAIR = enum.auto()
    """Only ``event.to``."""
    SOME = enum.auto()
    """The people in ``event.to``, wherever they are."""
    SOME_MEMBERS = enum.auto()
    """The people in ``event.to`` who are in ``event.room``, in the order of the room's events."""
    SOME_PEERS = enum.auto()
    """The people in ``event.to``, after all earlier events of the place that ``event.behind()`` names."""
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
    """Something that happened. A subclass declares all that other parts have to know about it.

    ``concerns`` names the field with the person who is told of it like of the outcome of an own command
    (``person``, ``to``, or empty: nobody). ``audited``: the audit shows it. ``ignorable``: a session that
    ignores ``event.person`` is not told. ``inert``: it changes no state, and nothing follows from it.
    ``coalesces``: neighbours are told as one. ``multiline``: a line break in its text is meant. ``retired``:
    only older versions wrote it; ``current`` gives another event. ``right``: what a role in the room must
    allow for it; None: any role does. ``affects`` names the fields with the people of whom something else
    is to be stored, if they are always on. ``level``: from which level on the nodes of a cluster read it
    (``features.levels``).
    """

    level: ClassVar[int] = 1
    retention: ClassVar[Retention] = Retention.PRESENCE
    recipients: ClassVar[Recipients] = Recipients.ROOM
    stream: ClassVar[Stream] = Stream.NONE
    concerns: ClassVar[str] = ""
    audited: ClassVar[bool] = False
    ignorable: ClassVar[bool] = False
    inert: ClassVar[bool] = False
    coalesces: ClassVar[bool] = False
    multiline: ClassVar[bool] = False
    retired: ClassVar[bool] = False
    right: ClassVar[Right | None] = None
    affects: ClassVar[tuple[str, ...]] = ()

    def to_store(self) -> Self:
        """The event in the form that the log stores."""
        return self

    def current(self) -> Event:
        """The event that replaces this one: another class if an older version wrote it, else itself."""
        return self

    def behind(self) -> tuple[int, str]:
        """For ``SOME_PEERS``: the person in whose rooms, or the room in which, earlier events come first."""
        return self.person.id, ""  # type: ignore[attr-defined]  # an event of this kind has one

    def requester(self, person_id: int) -> int:
        """Who asks for what follows in the same outcome; ``person_id`` asked for this."""
        return person_id

    def allowed_by_role(self, room: Room, person_id: int) -> bool:
        """Whether a person's role in the room allows this; else the audit records an override."""
        return self.right is None or room.roles.get(person_id, 0) >= self.right


class Untold(Event, frozen=True):
    """An event that changes the state, and of which nobody is told."""

    retention: ClassVar[Retention] = Retention.STATE
    recipients: ClassVar[Recipients] = Recipients.NOBODY


class MovesRoom(Event, frozen=True):
    """An event by which all that belongs to ``room``, its messages too, belongs to ``to`` from then on."""

    room: str
    to: str


class Record(msgspec.Struct, frozen=True):
    """A numbered event: ``number`` counts from 1 without a hole, ``time`` is microseconds since 1970 UTC.

    Times never decrease from one record to the next.
    """

    number: int
    time: int
    event: Event


class Ephemeral(Record, frozen=True):
    """An event that is delivered like a record but not stored; its number is negative, and its own."""
