"""Questions about people, rooms and the server: nothing happens, somebody is told."""

import msgspec

from asyncchat.core.commands.base import Command, Question
from asyncchat.core.modes import BANS
from asyncchat.core.seen import Visit


class AskTime(Command, frozen=True):
    """The server's clock. ``purpose`` goes back to the dialect with the answer."""

    purpose: object = None


class AskWelcome(Question, frozen=True):
    """The greeting: who the asker is now, how many are here, and since when it was not."""

    missed: Visit | None = None


class AskCounts(Question, frozen=True):
    """How many people, rooms and owners there are."""


class AskRoom(Question, frozen=True):
    """A room's topic and members; ``joining`` marks what follows the asker's own join."""

    room: str
    joining: bool = False


class AskPresent(Question, frozen=True):
    """A room that a person is in already, for a session that has just become this person.

    ``time`` is now, in microseconds since 1970 UTC.
    """

    room: str
    time: int = 0


class AskNames(Question, frozen=True):
    """All rooms that the asker may know of, with their members, and the people who are in none of these."""


class AskMoved(Question, frozen=True):
    """What is a room that has another name now, perhaps only in upper and lower case?"""

    room: str
    case_only: bool = False


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
