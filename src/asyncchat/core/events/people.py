"""Events of people: that they come, go, and what they are called."""

from typing import ClassVar

from asyncchat.core.events.base import Event, Reach
from asyncchat.core.people import Person


class Entered(Event, frozen=True, tag="entered"):
    """A person got a name, and may be ``away`` from the start. ``time`` in microseconds since 1970 UTC."""

    reach: ClassVar[Reach] = Reach.NOBODY
    person: Person
    time: int
    away: str = ""


class Left(Event, frozen=True, tag="left"):
    """A person left the chat and so all its rooms; an empty reason is a plain goodbye.

    ``time`` in microseconds since 1970 UTC; ``rooms`` are the keys of those it was in.
    """

    reach: ClassVar[Reach] = Reach.PEERS
    person: Person
    reason: str = ""
    time: int = 0
    rooms: tuple[str, ...] = ()


class Attached(Event, frozen=True, tag="attached"):
    """Another session of the same account is this person too; ``time`` in microseconds since 1970 UTC."""

    reach: ClassVar[Reach] = Reach.NOBODY
    person: Person
    session: int
    time: int


class Detached(Event, frozen=True, tag="detached"):
    """A session is its person no more, who stays; an empty reason is a plain goodbye."""

    reach: ClassVar[Reach] = Reach.NOBODY
    person: Person
    session: int
    reason: str = ""
    time: int = 0


class Renamed(Event, frozen=True, tag="renamed"):
    """A person has another name; ``person`` is the old value, ``time`` in microseconds since 1970 UTC.

    ``rooms`` are the keys of those it is in.
    """

    reach: ClassVar[Reach] = Reach.PEERS
    person: Person
    now: Person
    time: int = 0
    rooms: tuple[str, ...] = ()


class AwayChanged(Event, frozen=True, tag="away"):
    """A person went away with a word, or with another one, or came back (an empty text)."""

    reach: ClassVar[Reach] = Reach.PEERS
    person: Person
    text: str


class RealnameChanged(Event, frozen=True, tag="realname"):
    """A person has another real name; ``person`` is the old value."""

    reach: ClassVar[Reach] = Reach.PEERS
    person: Person
    now: Person


class PersonFlagChanged(Event, frozen=True, tag="person_flag"):
    """A person turned one of its own flags (``modes.PERSON_FLAGS``) on or off."""

    reach: ClassVar[Reach] = Reach.NOBODY
    person: Person
    flag: str
    on: bool
