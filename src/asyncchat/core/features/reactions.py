"""Reactions to messages.

Owns the commands and events. Must not know the log: the server finds the message there.
"""

from collections.abc import Sequence
from typing import ClassVar, Self

import msgspec

from asyncchat.core.chat import Chat
from asyncchat.core.commands import Command
from asyncchat.core.events import Event, Recipients, Record, Retention, Stream
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

_VERBS = {True: "+draft/react", False: "+draft/unreact"}
"""The tags that add and remove a reaction (IRCv3 client-tags/react)."""


class React(MessageCommand, frozen=True):
    """React to a message, or take the reaction back.

    ``tags`` are what the client sent; if there are none ``resolve`` makes them. A reaction to a message that
    is not found is passed on, but not recorded.
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
    """React to a message that is not in the history."""

    to: str
    tags: Tags


class ReactResolved(Command, frozen=True):
    """React to a message, which was found in the history."""

    to: str
    found: Record
    reaction: str
    on: bool
    tags: Tags


class Reacted(Event, frozen=True, tag="reacted", omit_defaults=True):
    """A person reacted to a message of a room (``on``), or took the reaction back.

    ``message`` is the message's number and ``author`` the name of its author; ``tags`` are what the client
    sent, for other clients. ``about`` is the beginning of the message, for people; it is delivered but never
    stored, because an erasure must leave no copy.
    """

    retention: ClassVar[Retention] = Retention.TEXT
    stream: ClassVar[Stream] = Stream.CHANGES
    ignorable: ClassVar[bool] = True
    room: str
    person: Person
    message: int
    author: str
    reaction: str
    on: bool = True
    tags: Tags = ()
    about: str = ""

    def to_store(self) -> Self:
        """The event without the copy of the text."""
        return msgspec.structs.replace(self, about="") if self.about else self


class ReactedTo(Event, frozen=True, tag="reacted_to", omit_defaults=True):
    """The same, to a message of a private conversation."""

    retention: ClassVar[Retention] = Retention.TEXT
    recipients: ClassVar[Recipients] = Recipients.PAIR
    concerns: ClassVar[str] = "to"
    stream: ClassVar[Stream] = Stream.CONVERSATION
    ignorable: ClassVar[bool] = True
    to: Person
    person: Person
    message: int
    author: str
    reaction: str
    on: bool = True
    tags: Tags = ()
    about: str = ""

    def to_store(self) -> Self:
        """The event without the copy of the text."""
        return msgspec.structs.replace(self, about="") if self.about else self


_ABOUT_BYTES = 60
"""How much of a message is quoted with a reaction to it: enough to recognise it."""


@handles(ReactResolved)
def react(chat: Chat, person_id: int, command: ReactResolved, now: int) -> Items:
    """Records a reaction, if the person may send tags there."""
    items = send_tag_message(chat, person_id, SendTagMessage(command.to, command.tags), now)
    sent = items[0]
    message = command.found.event
    if not isinstance(message, Said | SaidInPrivate):
        return (*items, Done())
    about = beginning(message.text, _ABOUT_BYTES)
    reaction = (command.found.number, message.person.name, command.reaction, command.on, command.tags)
    if isinstance(sent, TagMessageSent):
        return (Reacted(sent.room, sent.person, *reaction, about), Done())
    if isinstance(sent, TagMessageSentInPrivate):
        return (ReactedTo(sent.to, sent.person, *reaction, about), Done())
    return (*items, Done())


@handles(ReactUnresolved)
def react_unresolved(chat: Chat, person_id: int, command: ReactUnresolved, now: int) -> Items:
    """Sends a reaction on without recording it."""
    return (*send_tag_message(chat, person_id, SendTagMessage(command.to, command.tags), now), Done())
