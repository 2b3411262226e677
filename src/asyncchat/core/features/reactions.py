"""Reactions to messages.

Owns the events; the server finds the message in the log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

import msgspec

from asyncchat.core.commands import Command
from asyncchat.core.events import Event, Recipients, Record, Retention
from asyncchat.core.features.history import FoundMessage, MessageCommand, NoSuchMessage, Which
from asyncchat.core.features.messages import (
    Said,
    SaidInPrivate,
    SendTagMessage,
    TagMessageSent,
    TagMessageSentInPrivate,
    Tags,
    reply_tags,
    send_tag_message,
)
from asyncchat.core.people import Person
from asyncchat.core.registry import Items, handles
from asyncchat.core.replies import Done, Refusal, Reply
from asyncchat.core.text import beginning

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyncchat.core.chat import Chat


_VERBS = {True: "+draft/react", False: "+draft/unreact"}
"""The tags that add and remove a reaction (IRCv3 client-tags/react)."""


class React(MessageCommand, frozen=True):
    """Put a reaction to a message, or take it back.

    ``tags`` are what the asker's program sent; without any they are made. A reaction to a message that is not
    found is passed on, but not recorded.
    """

    which: Which
    reaction: str
    on: bool = True
    tags: Tags = ()

    def wanted(self, _chat: Chat) -> tuple[Which, ...]:
        """The message reacted to."""
        return (self.which,)

    def resolve(self, found: Sequence[FoundMessage]) -> Command | Reply | Refusal:
        """The reaction, with the message as it was found."""
        (message,) = found
        if message.record is not None:
            tags = self.tags or (*reply_tags(message.id), (_VERBS[self.on], self.reaction))
            return ReactResolved(self.which.to, message.record, self.reaction, self.on, tags)
        if self.tags:
            return ReactUnresolved(self.which.to, self.tags)
        return NoSuchMessage(self.which.to, self.which.number)


class ReactUnresolved(Command, frozen=True):
    """Tell of a reaction to a message that the history has not."""

    to: str
    tags: Tags


class ReactResolved(Command, frozen=True):
    """The same, with the message as the server found it."""

    to: str
    found: Record
    reaction: str
    on: bool
    tags: Tags


class Reacted(Event, frozen=True, tag="reacted", omit_defaults=True):
    """Somebody put a reaction to a room's message, or took it back (``on``).

    ``message`` is that one's number and ``author`` the name of who said it; ``tags`` are what the sender's
    program sent, for the readers' programs. ``about`` is how the message begins, for people; it is told and
    never kept: an erasure must leave no copy.
    """

    retention: ClassVar[Retention] = Retention.TEXT
    room: str
    person: Person
    message: int
    author: str
    reaction: str
    on: bool = True
    tags: Tags = ()
    about: str = ""

    def to_store(self) -> Self:
        """Without the copy of the text."""
        return msgspec.structs.replace(self, about="") if self.about else self


class ReactedTo(Event, frozen=True, tag="reacted_to", omit_defaults=True):
    """The same, to a message of a private conversation."""

    retention: ClassVar[Retention] = Retention.TEXT
    recipients: ClassVar[Recipients] = Recipients.PAIR
    concerns: ClassVar[str] = "to"
    to: Person
    person: Person
    message: int
    author: str
    reaction: str
    on: bool = True
    tags: Tags = ()
    about: str = ""

    def to_store(self) -> Self:
        """Without the copy of the text."""
        return msgspec.structs.replace(self, about="") if self.about else self


_ABOUT_BYTES = 60
"""How much of a message is told with a reaction to it: it is to be known again."""


@handles(ReactResolved)
def react(chat: Chat, person_id: int, command: ReactResolved, now: int) -> Items:
    """Keeps a reaction, wherever a text could be said."""
    items = send_tag_message(chat, person_id, SendTagMessage(command.to, command.tags), now)
    passing = items[0]
    message = command.found.event
    if not isinstance(message, Said | SaidInPrivate):
        return (*items, Done())
    about = beginning(message.text, _ABOUT_BYTES)
    fact = (command.found.number, message.person.name, command.reaction, command.on, command.tags)
    if isinstance(passing, TagMessageSent):
        return (Reacted(passing.room, passing.person, *fact, about), Done())
    if isinstance(passing, TagMessageSentInPrivate):
        return (ReactedTo(passing.to, passing.person, *fact, about), Done())
    return (*items, Done())


@handles(ReactUnresolved)
def react_unresolved(chat: Chat, person_id: int, command: ReactUnresolved, now: int) -> Items:
    """Tells of a reaction that can't be kept."""
    return (*send_tag_message(chat, person_id, SendTagMessage(command.to, command.tags), now), Done())
