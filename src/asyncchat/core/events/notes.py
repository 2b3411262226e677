"""Events about what was said before: reactions to it, and that it is taken out of the history."""

from typing import ClassVar, Self

import msgspec

from asyncchat.core.events.base import Event, Kept, Reach
from asyncchat.core.events.speech import Tags
from asyncchat.core.people import Person


class Reacted(Event, frozen=True, tag="reacted", omit_defaults=True):
    """Somebody put a reaction to a room's message, or took it back (``on``).

    ``message`` is that one's number and ``author`` the name of who said it; ``tags`` are what the sender's
    program sent, for the readers' programs. ``about`` is how the message begins, for people; it is told and
    never kept: an erasure must leave no copy.
    """

    kept: ClassVar[Kept] = Kept.TEXT
    room: str
    person: Person
    message: int
    author: str
    reaction: str
    on: bool = True
    tags: Tags = ()
    about: str = ""

    def to_keep(self) -> Self:
        """Without the copy of the text."""
        return msgspec.structs.replace(self, about="") if self.about else self


class ReactedTo(Event, frozen=True, tag="reacted_to", omit_defaults=True):
    """The same, to a message of a private conversation."""

    kept: ClassVar[Kept] = Kept.TEXT
    reach: ClassVar[Reach] = Reach.PAIR
    to: Person
    person: Person
    message: int
    author: str
    reaction: str
    on: bool = True
    tags: Tags = ()
    about: str = ""

    def to_keep(self) -> Self:
        """Without the copy of the text."""
        return msgspec.structs.replace(self, about="") if self.about else self


class Retracted(Event, frozen=True, tag="retracted"):
    """A message of a private conversation was taken out of the history, by who had said it."""

    kept: ClassVar[Kept] = Kept.STATE
    reach: ClassVar[Reach] = Reach.PAIR
    to: Person
    person: Person
    number: int
    reason: str = ""


class Erased(Event, frozen=True, tag="erased"):
    """Messages of a room were taken out of the history; their rows stay, their text is blank.

    ``said_in`` is the name that the room had when they were said, where it was another.
    """

    kept: ClassVar[Kept] = Kept.STATE
    room: str
    person: Person
    numbers: tuple[int, ...]
    reason: str = ""
    said_in: str = ""
