"""Events of people: that they come, go, and what they are called."""

from typing import ClassVar, Self

import msgspec

from asyncchat.core.events.base import Event, Kept, Reach
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
    """Another session of the same account is this person too; ``time`` in microseconds since 1970 UTC.

    ``device`` is the user name that it gives.
    """

    reach: ClassVar[Reach] = Reach.NOBODY
    person: Person
    session: int
    time: int
    device: str = ""


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


class HostChanged(Event, frozen=True, tag="host"):
    """An operator of the server (``by``) gave a person another host to be seen with.

    ``person`` is the old value. ``to`` are those who share a room with it and may see it, without itself.
    """

    kept: ClassVar[Kept] = Kept.ACT
    reach: ClassVar[Reach] = Reach.SOME
    person: Person
    now: Person
    by: Person
    to: tuple[int, ...] = ()

    def to_keep(self) -> Self:
        """The same without those who were told."""
        return msgspec.structs.replace(self, to=())


class HostShown(Event, frozen=True, tag="host_shown"):
    """A person is in a room, with a host that is new, in these roles (the sum of their bits).

    It is for who was not told of ``HostChanged`` in words, but saw the person leave and come.
    """

    kept: ClassVar[Kept] = Kept.NEVER
    reach: ClassVar[Reach] = Reach.SOME
    room: str
    person: Person
    roles: int
    away: str
    to: tuple[int, ...]


class PersonFlagChanged(Event, frozen=True, tag="person_flag"):
    """A person turned one of its own flags (``modes.PERSON_FLAGS``) on or off."""

    reach: ClassVar[Reach] = Reach.NOBODY
    person: Person
    flag: str
    on: bool
