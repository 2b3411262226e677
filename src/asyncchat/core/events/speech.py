"""Events of what is said: in rooms, in private, between programs; and what is taken back."""

import enum
from typing import ClassVar

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

It is passed on to those who can read it and not kept beside a room's messages.
"""


Cuts = tuple[int, ...]
"""Places in a text, ascending, where its sender's program had cut a line that was too long for one message.

A dialect whose lines are short cuts it there again; for others they mean nothing.
"""


class Said(Event, frozen=True, tag="said"):
    """A message to a room."""

    kept: ClassVar[Kept] = Kept.TEXT
    room: str
    person: Person
    text: str
    speech: Speech = Speech.MESSAGE
    tags: Tags = ()
    cuts: Cuts = ()


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


class Erased(Event, frozen=True, tag="erased"):
    """Messages of a room were taken out of the history; their rows stay, their text is blank."""

    kept: ClassVar[Kept] = Kept.STATE
    room: str
    person: Person
    numbers: tuple[int, ...]
