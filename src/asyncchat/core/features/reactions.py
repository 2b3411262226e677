"""Reactions to messages.

Owns the commands and events. Must not know the log: the server finds the message there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

import msgspec

from asyncchat.core.commands import Command, IoCommand
from asyncchat.core.events import Event, Recipients, Record, Retention, Stream
from asyncchat.core.features.history import Which
from asyncchat.core.features.messages import (
    Said,
    SaidInPrivate,
    SendTagMessage,
    TagMessageSent,
    TagMessageSentInPrivate,
    Tags,
    send_tag_message,
)
from asyncchat.core.people import Person
from asyncchat.core.registry import Items, handles
from asyncchat.core.replies import Done
from asyncchat.core.text import cut

if TYPE_CHECKING:
    from asyncchat.core.chat import Chat


class React(IoCommand, frozen=True):
    """React to a message, or take the reaction back; the server finds the message in the log.

    ``tags`` are what the client sent; if there are none the server makes them.
    """

    which: Which
    reaction: str
    on: bool = True
    tags: Tags = ()


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
    short = cut(message.text.partition("\n")[0], _ABOUT_BYTES)[0]
    reaction = (command.found.number, message.person.name, command.reaction, command.on, command.tags)
    about = short if short == message.text else f"{short}…"
    if isinstance(sent, TagMessageSent):
        return (Reacted(sent.room, sent.person, *reaction, about), Done())
    if isinstance(sent, TagMessageSentInPrivate):
        return (ReactedTo(sent.to, sent.person, *reaction, about), Done())
    return (*items, Done())


@handles(ReactUnresolved)
def react_unresolved(chat: Chat, person_id: int, command: ReactUnresolved, now: int) -> Items:
    """Sends a reaction on without recording it."""
    return (*send_tag_message(chat, person_id, SendTagMessage(command.to, command.tags), now), Done())
