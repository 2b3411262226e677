"""Events of what is said: in rooms, in private, between programs."""

import enum
from typing import ClassVar, Self

import msgspec

from asyncchat.core.events.base import Event, Kept, Reach
from asyncchat.core.people import Person


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

It is passed on to those who can read it, and kept with a message.
"""


Cuts = tuple[int, ...]
"""Places in a text, ascending, where its sender's program had cut a line that was too long for one message.

A dialect whose lines are short cuts it there again; for others they mean nothing.
"""


_EPHEMERAL = ("+typing", "+draft/typing")
"""Tags that mean nothing later."""


def lasting(tags: Tags) -> Tags:
    """Those tags of a message that are kept with it."""
    return tuple(tag for tag in tags if tag[0] not in _EPHEMERAL)


class Said(Event, frozen=True, tag="said"):
    """A message to a room."""

    kept: ClassVar[Kept] = Kept.TEXT
    room: str
    person: Person
    text: str
    speech: Speech = Speech.MESSAGE
    tags: Tags = ()
    cuts: Cuts = ()

    def to_keep(self) -> Self:
        """Without what means nothing later."""
        return msgspec.structs.replace(self, tags=lasting(self.tags)) if self.tags else self


class Whispered(Event, frozen=True, tag="whispered", omit_defaults=True):
    """A private message."""

    kept: ClassVar[Kept] = Kept.TEXT
    reach: ClassVar[Reach] = Reach.PAIR
    to: Person
    person: Person
    text: str
    speech: Speech = Speech.MESSAGE
    tags: Tags = ()
    cuts: Cuts = ()

    def to_keep(self) -> Self:
        """Without what means nothing later."""
        return msgspec.structs.replace(self, tags=lasting(self.tags)) if self.tags else self


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
    cuts: Cuts = ()
