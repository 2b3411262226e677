"""Events of rooms: who is in them, and how they are set."""

from typing import ClassVar

from asyncchat.core.events.base import Event, Kept, Reach
from asyncchat.core.people import Person


class RoomOpened(Event, frozen=True, tag="room_opened"):
    """A room exists from now on; ``time`` in microseconds since 1970 UTC."""

    kept: ClassVar[Kept] = Kept.STATE
    reach: ClassVar[Reach] = Reach.NOBODY
    room: str
    time: int


class RoomClosed(Event, frozen=True, tag="room_closed"):
    """A room that nobody is in and nothing is set for is forgotten; its history stays."""

    kept: ClassVar[Kept] = Kept.STATE
    reach: ClassVar[Reach] = Reach.NOBODY
    room: str


class RoomRenamed(Event, frozen=True, tag="room_renamed"):
    """A room has another name, ``to``; all else of it stays. ``time`` in microseconds since 1970 UTC."""

    kept: ClassVar[Kept] = Kept.STATE
    room: str
    to: str
    person: Person
    reason: str
    time: int


class Joined(Event, frozen=True, tag="joined"):
    """A person is a member of a room; ``operator`` when it is so from the start; ``away`` with that word."""

    room: str
    person: Person
    operator: bool = False
    away: str = ""


class Parted(Event, frozen=True, tag="parted"):
    """A member left one room."""

    room: str
    person: Person
    reason: str = ""


class Kicked(Event, frozen=True, tag="kicked"):
    """A member was put out of a room by an operator."""

    room: str
    person: Person
    by: Person
    reason: str = ""


class RoleChanged(Event, frozen=True, tag="operator"):
    """A member got a role in the room (one of ``roles.ROLES``), or lost it."""

    room: str
    person: Person
    by: Person
    on: bool
    role: str = "operator"


class TopicChanged(Event, frozen=True, tag="topic"):
    """A room's topic; empty when taken away. ``time`` in microseconds since 1970 UTC."""

    kept: ClassVar[Kept] = Kept.STATE
    room: str
    person: Person
    text: str
    time: int


class FlagChanged(Event, frozen=True, tag="flag"):
    """A room's rule, one of ``modes.FLAGS``, was turned on or off."""

    kept: ClassVar[Kept] = Kept.STATE
    room: str
    person: Person
    flag: str
    on: bool


class BanChanged(Event, frozen=True, tag="ban"):
    """A mask is banned from a room, or no more.

    ``time`` and ``until`` (0: for good) in microseconds since 1970 UTC.
    """

    kept: ClassVar[Kept] = Kept.STATE
    room: str
    person: Person
    mask: str
    on: bool
    time: int
    until: int = 0


class MuteChanged(Event, frozen=True, tag="mute"):
    """A mask may read in a room but not speak, or may again.

    ``time`` and ``until`` (0: for good) in microseconds since 1970 UTC.
    """

    kept: ClassVar[Kept] = Kept.STATE
    room: str
    person: Person
    mask: str
    on: bool
    time: int
    until: int = 0


class SettingChanged(Event, frozen=True, tag="setting"):
    """A room's setting, one of ``modes.SETTINGS``, has another value; an empty one: none any more."""

    kept: ClassVar[Kept] = Kept.STATE
    room: str
    person: Person
    setting: str
    value: str


class MaskChanged(Event, frozen=True, tag="mask"):
    """A mask stands on another of a room's lists (``modes.MASK_LISTS``), or no more.

    ``time`` and ``until`` (0: for good) in microseconds since 1970 UTC.
    """

    kept: ClassVar[Kept] = Kept.STATE
    room: str
    person: Person
    listed: str
    mask: str
    on: bool
    time: int
    until: int = 0


class Invited(Event, frozen=True, tag="invited"):
    """A person was asked into a room; ``admits`` when that opens what is closed to others."""

    reach: ClassVar[Reach] = Reach.PAIR
    room: str
    to: Person
    person: Person
    admits: bool


class Knocked(Event, frozen=True, tag="knocked"):
    """Somebody outside asked for an invitation; ``to`` are the sessions of those who could give it.

    ``time`` in microseconds since 1970 UTC.
    """

    reach: ClassVar[Reach] = Reach.SOME
    room: str
    person: Person
    text: str
    to: tuple[int, ...]
    time: int


class InviteShown(Event, frozen=True, tag="invite_shown"):
    """The members of a room may see that one of them (``person``) invited somebody."""

    kept: ClassVar[Kept] = Kept.NEVER
    room: str
    to: Person
    person: Person


class Spoke(Event, frozen=True, tag="spoke"):
    """A member of a slowed room said something; ``time`` in microseconds since 1970 UTC."""

    reach: ClassVar[Reach] = Reach.NOBODY
    room: str
    person: Person
    time: int
