"""Events: what happened in the chat, numbered and recorded, past tense.

Owns the facts and how long each kind is kept; must not know how anyone is told of them.
"""

import enum
from typing import ClassVar

import msgspec

from asyncchat.core.people import Person


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


class Speech(enum.IntEnum):
    """How something is said; the value is what the log's file holds."""

    MESSAGE = 0
    NOTICE = 1
    """Never answered automatically, not even with a refusal."""
    ACTION = 2
    """``/me waves``: the text is what the person does."""
    PROBE = 3
    """A client's question to a client (CTCP), not for people's eyes: the text without its \\x01."""
    PROBE_ANSWER = 4
    """The answer to one, likewise."""


Tags = tuple[tuple[str, str], ...]
"""What a sender's program adds for the readers' programs (an answer to what, typing): names and values.

It is passed on to those who can read it and not kept beside a room's messages.
"""


class Event(msgspec.Struct, frozen=True, tag_field="is"):
    """A fact. Subclasses are the closed set of what can happen."""

    kept: ClassVar[Kept] = Kept.PRESENCE
    reach: ClassVar[Reach] = Reach.ROOM


class Said(Event, frozen=True, tag="said"):
    """A message to a room."""

    kept: ClassVar[Kept] = Kept.TEXT
    room: str
    person: Person
    text: str
    speech: Speech = Speech.MESSAGE
    tags: Tags = ()


class Whispered(Event, frozen=True, tag="whispered", omit_defaults=True):
    """A private message."""

    kept: ClassVar[Kept] = Kept.TEXT
    reach: ClassVar[Reach] = Reach.PAIR
    to: Person
    person: Person
    text: str
    speech: Speech = Speech.MESSAGE
    tags: Tags = ()


class Signalled(Event, frozen=True, tag="signalled"):
    """A program told the programs of a room's members something, without a text for people (typing)."""

    kept: ClassVar[Kept] = Kept.NEVER
    room: str
    person: Person
    tags: Tags


class SignalledTo(Event, frozen=True, tag="signalled_to"):
    """The same, for one person's program."""

    kept: ClassVar[Kept] = Kept.NEVER
    reach: ClassVar[Reach] = Reach.PAIR
    to: Person
    person: Person
    tags: Tags


class SignalledToRole(Event, frozen=True, tag="signalled_to_role"):
    """The same, for the programs of members who have a role, or a higher one; ``to`` are their sessions."""

    kept: ClassVar[Kept] = Kept.NEVER
    reach: ClassVar[Reach] = Reach.SOME
    room: str
    person: Person
    role: str
    to: tuple[int, ...]
    tags: Tags


class NodeStarted(Event, frozen=True, tag="started"):
    """A run of the node begins: all its earlier presence is over."""

    reach: ClassVar[Reach] = Reach.NOBODY
    version: str


class Entered(Event, frozen=True, tag="entered"):
    """A person got a name. ``time`` in microseconds since 1970 UTC."""

    reach: ClassVar[Reach] = Reach.NOBODY
    person: Person
    time: int


class Left(Event, frozen=True, tag="left"):
    """A person left the chat and so all its rooms; an empty reason is a plain goodbye.

    ``time`` in microseconds since 1970 UTC.
    """

    reach: ClassVar[Reach] = Reach.PEERS
    person: Person
    reason: str = ""
    time: int = 0


class Renamed(Event, frozen=True, tag="renamed"):
    """A person has another name; ``person`` is the old value, ``time`` in microseconds since 1970 UTC."""

    reach: ClassVar[Reach] = Reach.PEERS
    person: Person
    now: Person
    time: int = 0


class AwayChanged(Event, frozen=True, tag="away"):
    """A person went away with a word, or came back (an empty text)."""

    reach: ClassVar[Reach] = Reach.NOBODY
    person: Person
    text: str


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


class Joined(Event, frozen=True, tag="joined"):
    """A person is a member of a room; ``operator`` when it is so from the start."""

    room: str
    person: Person
    operator: bool = False


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
    """A mask is banned from a room, or no more. ``time`` in microseconds since 1970 UTC."""

    kept: ClassVar[Kept] = Kept.STATE
    room: str
    person: Person
    mask: str
    on: bool
    time: int


class MuteChanged(Event, frozen=True, tag="mute"):
    """A mask may read in a room but not speak, or may again. ``time`` in microseconds since 1970 UTC."""

    kept: ClassVar[Kept] = Kept.STATE
    room: str
    person: Person
    mask: str
    on: bool
    time: int


class SettingChanged(Event, frozen=True, tag="setting"):
    """A room's setting, one of ``modes.SETTINGS``, has another value; an empty one: none any more."""

    kept: ClassVar[Kept] = Kept.STATE
    room: str
    person: Person
    setting: str
    value: str


class MaskChanged(Event, frozen=True, tag="mask"):
    """A mask stands on another of a room's lists (``modes.MASK_LISTS``), or no more; time in microseconds."""

    kept: ClassVar[Kept] = Kept.STATE
    room: str
    person: Person
    listed: str
    mask: str
    on: bool
    time: int


class Invited(Event, frozen=True, tag="invited"):
    """A person was asked into a room; ``admits`` when that opens what is closed to others."""

    reach: ClassVar[Reach] = Reach.PAIR
    room: str
    to: Person
    person: Person
    admits: bool


class Spoke(Event, frozen=True, tag="spoke"):
    """A member of a slowed room said something; ``time`` in microseconds since 1970 UTC."""

    reach: ClassVar[Reach] = Reach.NOBODY
    room: str
    person: Person
    time: int


class Confided(Event, frozen=True, tag="confided", omit_defaults=True):
    """A message to those members of a room who have a role, or a higher one; ``to`` are their sessions."""

    kept: ClassVar[Kept] = Kept.TEXT
    reach: ClassVar[Reach] = Reach.SOME
    room: str
    person: Person
    text: str
    role: str
    to: tuple[int, ...]
    speech: Speech = Speech.MESSAGE
    tags: Tags = ()


class PersonFlagChanged(Event, frozen=True, tag="person_flag"):
    """A person turned one of its own flags (``modes.PERSON_FLAGS``) on or off."""

    reach: ClassVar[Reach] = Reach.NOBODY
    person: Person
    flag: str
    on: bool


class OwnerClaimed(Event, frozen=True, tag="owner"):
    """A person showed the owner code, or a named operator's password: it operates every room in this run."""

    kept: ClassVar[Kept] = Kept.STATE
    reach: ClassVar[Reach] = Reach.NOBODY
    person: Person
    name: str = ""


class Announced(Event, frozen=True, tag="announced"):
    """The owner told those something who want to be told such; ``to`` are their sessions."""

    reach: ClassVar[Reach] = Reach.SOME
    person: Person
    text: str
    to: tuple[int, ...]


class Killed(Event, frozen=True, tag="killed"):
    """A person was put out of the chat by the owner: its session ends, and so it leaves."""

    reach: ClassVar[Reach] = Reach.NOBODY
    person: Person
    by: Person
    reason: str


class ServerBanChanged(Event, frozen=True, tag="server_ban"):
    """A mask is banned from the server, or no more.

    ``time`` and ``until`` in microseconds since 1970 UTC; ``until`` 0: for good.
    """

    kept: ClassVar[Kept] = Kept.STATE
    reach: ClassVar[Reach] = Reach.NOBODY
    person: Person
    mask: str
    on: bool
    time: int
    until: int = 0
    reason: str = ""


class Erased(Event, frozen=True, tag="erased"):
    """Messages of a room were taken out of the history; their rows stay, their text is blank."""

    kept: ClassVar[Kept] = Kept.STATE
    room: str
    person: Person
    numbers: tuple[int, ...]


AnyEvent = (
    Said | Whispered | Signalled | SignalledTo | SignalledToRole | NodeStarted | Entered | Left | Renamed
    | AwayChanged | RoomOpened | RoomClosed | Joined | Parted | Kicked | RoleChanged | TopicChanged
    | FlagChanged | BanChanged | MuteChanged | SettingChanged | MaskChanged | Invited | Spoke | Confided
    | PersonFlagChanged | OwnerClaimed | Erased | Killed | ServerBanChanged | Announced
)  # fmt: skip


class Record(msgspec.Struct, frozen=True):
    """A numbered event: ``number`` counts from 1 without a hole, ``time`` is microseconds since 1970 UTC.

    Times never decrease from one record to the next.
    """

    number: int
    time: int
    event: AnyEvent


class Passing(Record, frozen=True):
    """An event that passes by: it goes the way of the records, but the log has none; its number is 0."""
