"""Commands: what a session asks of the chat, whatever dialect it speaks.

Owns the closed set; must not know who may do what (``rules``) nor how it was spelled.
"""

import enum

import msgspec

from asyncchat.core.events import Speech, Tags
from asyncchat.core.modes import BANS


class Command(msgspec.Struct, frozen=True):
    """Something asked."""


class CheckName(Command, frozen=True):
    """Whether the asker could enter under this name; answered only by a refusal."""

    name: str


class Enter(Command, frozen=True):
    """Become a person, and at once a member of these rooms; ``welcome`` asks for the server's greeting."""

    name: str
    user: str
    host: str
    realname: str = ""
    rooms: tuple[str, ...] = ()


class Rename(Command, frozen=True):
    """Take another name."""

    name: str


class Quit(Command, frozen=True):
    """Leave the chat. An empty reason is a plain goodbye."""

    reason: str = ""


class SetAway(Command, frozen=True):
    """Go away with a word; empty: be back."""

    text: str = ""


class Join(Command, frozen=True):
    """Become a member of a room, which opens with its first one; ``key`` is the word that one may need."""

    room: str
    key: str = ""


class Part(Command, frozen=True):
    """Leave one room."""

    room: str
    reason: str = ""


class PartAll(Command, frozen=True):
    """Leave all rooms."""

    reason: str = ""


class Say(Command, frozen=True):
    """Say something to a room (``#…``) or to a person."""

    to: str
    text: str
    speech: Speech = Speech.MESSAGE
    tags: Tags = ()


class Signal(Command, frozen=True):
    """Tell the programs of a room's members, or of a person, something without a text for people.

    With a ``role`` only those of the room's members who have it, or a higher one.
    """

    to: str
    tags: Tags = ()
    role: str = ""


class SetTopic(Command, frozen=True):
    """Set a room's topic; empty takes it away."""

    room: str
    text: str


class Kick(Command, frozen=True):
    """Put a member out of a room."""

    room: str
    name: str
    reason: str = ""


class SetRole(Command, frozen=True):
    """Give a member one of ``roles.ROLES``, or take it back."""

    room: str
    name: str
    on: bool = True
    role: str = "operator"


class SetFlag(Command, frozen=True):
    """Turn one of the room's rules (``modes.FLAGS``) on or off."""

    room: str
    flag: str
    on: bool = True


class SetSetting(Command, frozen=True):
    """Give one of the room's settings (``modes.SETTINGS``) a value; an empty one takes it away."""

    room: str
    setting: str
    value: str = ""


class SetMask(Command, frozen=True):
    """Put a person, by name or mask, on one of the room's lists (``modes.MASK_LISTS``), or take it off."""

    room: str
    listed: str
    who: str
    on: bool = True


class Invite(Command, frozen=True):
    """Ask a person into a room."""

    room: str
    name: str


class Confide(Command, frozen=True):
    """Say something to those members of a room who have a role, or a higher one."""

    room: str
    role: str
    text: str
    speech: Speech = Speech.MESSAGE
    tags: Tags = ()


class SetPersonFlag(Command, frozen=True):
    """Turn one of one's own flags (``modes.PERSON_FLAGS``) on or off; ``name`` is one's own, or empty."""

    flag: str
    on: bool = True
    name: str = ""


class Ban(Command, frozen=True):
    """Ban a person, by name or mask, from a room, or lift that ban; ``out`` puts who it means out at once."""

    room: str
    who: str
    on: bool = True
    out: bool = False


class Mute(Command, frozen=True):
    """Take a person's word in a room, by name or mask, or give it back."""

    room: str
    who: str
    on: bool = True


class ClaimOwner(Command, frozen=True):
    """Become the owner, or the operator of this name; whether the password was right comes as data."""

    verified: bool
    name: str = ""


class Announce(Command, frozen=True):
    """Tell all who want to be told such (``modes.WALLOPS``) something."""

    text: str


class Kill(Command, frozen=True):
    """Put a person out of the chat."""

    name: str
    reason: str


class BanFromServer(Command, frozen=True):
    """Ban a mask from the server, for ``seconds`` or for good (0), or lift that ban."""

    mask: str
    on: bool = True
    seconds: int = 0
    reason: str = ""


class AskServerBans(Command, frozen=True):
    """The bans from the server. ``purpose`` goes back to the dialect with the answer."""

    purpose: object = None


class NeedOwner(Command, frozen=True):
    """Is answered to the owner alone; ``purpose`` is the dialect's answer."""

    purpose: object = None


class Erase(Command, frozen=True):
    """Take messages of a room, found by a gate beforehand, out of the history."""

    room: str
    numbers: tuple[int, ...]


class Answer(Command, frozen=True):
    """What the dialect answers by itself (a PONG, a syntax error), in its place in the order."""

    value: object


class AskTime(Command, frozen=True):
    """The server's clock. ``purpose`` goes back to the dialect with the answer."""

    purpose: object = None


# Questions: answered from the state as it is once the events before them are applied.


class Question(Command, frozen=True):
    """A question about the state; it changes nothing."""


class AskWelcome(Question, frozen=True):
    """The greeting: who the asker is now, and how many are here."""


class AskCounts(Question, frozen=True):
    """How many people, rooms and owners there are."""


class AskRoom(Question, frozen=True):
    """A room's topic and members; ``joining`` marks what follows the asker's own join."""

    room: str
    joining: bool = False


class AskTopic(Question, frozen=True):
    """A room's topic."""

    room: str


class AskFlags(Question, frozen=True):
    """A room's flags and settings, and when it was opened."""

    room: str


class AskMasks(Question, frozen=True):
    """Some of a room's lists of masks (``modes.MASK_LISTS``)."""

    room: str
    lists: tuple[str, ...] = (BANS,)


class AskInvitations(Question, frozen=True):
    """The rooms that the asker is invited to."""


class AskPersonFlags(Question, frozen=True):
    """One's own flags; ``name`` must be one's own, or empty."""

    name: str = ""


class Span(msgspec.Struct, frozen=True):
    """More than ``over`` and less than ``under``, where they are not None."""

    over: int | None = None
    under: int | None = None


class AskRooms(Command, frozen=True):
    """All rooms, or those named or described by one of ``masks`` and by none of ``without``.

    ``people`` counts its members, ``opened`` and ``topic`` are ages in minutes; a room without a topic has no
    age of one.
    """

    names: tuple[str, ...] = ()
    masks: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    people: Span = Span()
    opened: Span = Span()
    topic: Span = Span()


class AskWho(Command, frozen=True):
    """The people a room's name, a name or a mask describes; empty: all.

    A mask without ``!`` and ``@`` is held against each of ``fields`` of a person. ``purpose`` goes back to
    the dialect with the answer.
    """

    mask: str = ""
    owners_only: bool = False
    fields: tuple[str, ...] = ("name", "user", "host", "realname")
    purpose: object = None


class AskPerson(Command, frozen=True):
    """All that may be known of one person. ``purpose`` goes back to the dialect with the answer."""

    name: str
    purpose: object = None


class AskGone(Question, frozen=True):
    """Those who had a name lately, the last first, at most ``most`` of them; 0: all that are remembered."""

    name: str
    most: int = 0


class AskPeople(Question, frozen=True):
    """Those of these names that are here. ``purpose`` goes back to the dialect with the answer."""

    names: tuple[str, ...]
    purpose: object = None


# Gates: work of a session outside the hub (DESIGN 1.8); a dialect pauses after each.


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


class EraseFrom(Command, frozen=True):
    """Erase all that a name said in a room's history; an empty name: all that anyone said."""

    room: str
    name: str


class Owner(Command, frozen=True):
    """Claim ownership with the owner code, or with the password of the operator of this name."""

    code: str
    name: str = ""


class Reload(Command, frozen=True):
    """Read the server's configuration again."""


class Unlock(Command, frozen=True):
    """Show the server's password, before all else; ``last``: the connection ends when it is wrong."""

    password: str
    last: bool


class Ignore(Command, frozen=True):
    """Show the asker nothing that a name says, or again; an empty name lists them. The session's affair."""

    name: str
    on: bool = True
