"""Events for those who watch somebody by name (IRC's MONITOR)."""

from typing import ClassVar

from asyncchat.core.events.accounts import LoggedIn, LoggedOut
from asyncchat.core.events.base import Event, Kept, Reach
from asyncchat.core.events.people import AwayChanged, HostChanged, RealnameChanged
from asyncchat.core.people import Person

Changed = AwayChanged | RealnameChanged | HostChanged | LoggedIn | LoggedOut
"""What those are told of a person who watch it."""


class Watched(Event, frozen=True, tag="watched"):
    """A person watches these names, or no longer."""

    reach: ClassVar[Reach] = Reach.NOBODY
    person: Person
    names: tuple[str, ...]
    on: bool


class Came(Event, frozen=True, tag="came"):
    """Somebody whom sessions (``to``) watch is here now."""

    kept: ClassVar[Kept] = Kept.NEVER
    reach: ClassVar[Reach] = Reach.SOME
    person: Person
    to: tuple[int, ...]


class Went(Event, frozen=True, tag="went"):
    """Somebody whom sessions (``to``) watch is not here any more, or not by that name."""

    kept: ClassVar[Kept] = Kept.NEVER
    reach: ClassVar[Reach] = Reach.SOME
    person: Person
    to: tuple[int, ...]


class Noticed(Event, frozen=True, tag="noticed"):
    """Something changed about somebody whom sessions (``to``) watch that share no room with it."""

    kept: ClassVar[Kept] = Kept.NEVER
    reach: ClassVar[Reach] = Reach.SOME
    person: Person
    change: Changed
    to: tuple[int, ...]
