"""Replies about rooms."""

import msgspec

from asyncchat.core.people import Person
from asyncchat.core.replies.base import Reply
from asyncchat.core.replies.metadata import MetadataLater, MetadataTold
from asyncchat.core.rooms import Block, Topic


class RoomView(Reply, frozen=True):
    """A room as a member sees it. ``blocks`` hold the members in the order in which they came.

    ``read`` is up to when the asker has read it (microseconds since 1970 UTC); None: unknown. ``metadata`` is
    what the asker is told of it besides, if anything.
    """

    room: str
    topic: Topic | None
    blocks: tuple[Block, ...]
    size: int
    joining: bool
    person: Person
    secret: bool = False
    read: int | None = None
    metadata: MetadataTold | MetadataLater | None = None


class Present(Reply, frozen=True):
    """A room that the asker's person is in already; ``time`` in microseconds since 1970 UTC."""

    view: RoomView
    time: int


class RoomMoved(Reply, frozen=True):
    """A room under its new name, for all who are in it; it comes behind the event."""

    view: RoomView
    case_only: bool = False


class NoRoomView(Reply, frozen=True):
    """The members of a room that does not exist: none."""

    room: str


class NamesView(Reply, frozen=True):
    """The rooms with their members, and who is in none of them; ``more``: that is not all of it."""

    rooms: tuple[RoomView, ...]
    others: tuple[Person, ...]
    more: bool = False


class TopicView(Reply, frozen=True):
    """A room's topic, or None."""

    room: str
    topic: Topic | None


class FlagsView(Reply, frozen=True):
    """A room's flags and settings; ``opened`` in microseconds since 1970 UTC; ``outside``: no key shown."""

    room: str
    flags: frozenset[str]
    opened: int
    settings: tuple[tuple[str, str], ...] = ()
    outside: bool = False


class MaskView(msgspec.Struct, frozen=True):
    """One mask of a list: who set it, when, and until when (microseconds since 1970 UTC; 0: for good)."""

    mask: str
    by: str
    time: int
    listed: str
    until: int = 0


class MasksView(Reply, frozen=True):
    """What stands on those of a room's lists that were asked for."""

    room: str
    lists: tuple[str, ...]
    masks: tuple[MaskView, ...]


class InvitationsView(Reply, frozen=True):
    """The rooms that the asker is invited to."""

    rooms: tuple[str, ...]


class Forwarded(Reply, frozen=True):
    """The asker may not join a room, or it is ``renamed``, and joins another one instead."""

    room: str
    to: str
    renamed: bool = False


class RoomLine(msgspec.Struct, frozen=True):
    """One room of a list."""

    room: str
    size: int
    topic: str


class RoomsView(Reply, frozen=True):
    """The rooms asked for, by name; ``mine`` are those the asker is in, by key."""

    rooms: tuple[RoomLine, ...]
    mine: frozenset[str]
