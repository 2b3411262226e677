"""Reactions to messages.

Owns the commands and events. Must not know the log: the server finds the message there.
"""

from collections.abc import Sequence
from typing import ClassVar, Final, Self

import msgspec

from asyncchat.core.chat import Chat, Part
from asyncchat.core.commands import Command
from asyncchat.core.events import Event, Recipients, Record, Retention, Stream
from asyncchat.core.features.history import FoundMessage, MessageCommand, NoSuchMessage, Which
from asyncchat.core.features.messages import (
    PrivateTagMessage,
    RoomTagMessage,
    Said,
    SaidInPrivate,
    SendTagMessage,
    Tags,
    reply_tags,
    send_tag_message,
)
from asyncchat.core.people import Person
from asyncchat.core.registry import Items, applies, handles
from asyncchat.core.replies import Done, Refusal, Reply
from asyncchat.core.text import beginning, size

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


REACTION_BYTES: Final = 64
"""Longest reaction: the longest emoji is a family of four with skin tones, of 41 bytes; or a word or two."""

REACTIONS_EACH: Final = 10
"""Different reactions of one person to one message."""

REACTIONS_A_MESSAGE: Final = 50
"""Different reactions to one message, of all people: a client shows each of them below it."""

_COUNTED: Final = 20_000
"""Reactions that are counted, those to the messages reacted to last: some 3 MB."""


class Reactions(Part):
    """The newest reactions, by message, so that they can be limited.

    A new run begins without them; it is not part of the state that a replay restores.
    """

    def __init__(self) -> None:
        self._of: dict[int, dict[str, set[str]]] = {}
        """Who reacted, by account or name, by the number of the message and the reaction."""
        self._counted = 0

    def of_message(self, number: int) -> dict[str, set[str]]:
        """Who reacted to a message, by reaction."""
        return self._of.get(number, {})

    def note(self, number: int, reaction: str, who: str, on: bool) -> None:
        """Counts a reaction, or no longer."""
        given = self._of.pop(number, {})
        self._of[number] = given  # the newest
        people = given.setdefault(reaction, set())
        self._counted -= len(people)
        (people.add if on else people.discard)(who)
        self._counted += len(people)
        if not people:
            del given[reaction]
        if not given:
            del self._of[number]
        while self._counted > _COUNTED and len(self._of) > 1:
            oldest = self._of.pop(next(iter(self._of)))
            self._counted -= sum(map(len, oldest.values()))

    def end_run(self) -> None:
        """Forgets all of it."""
        self._of.clear()
        self._counted = 0


class ReactionRefused(Refusal, frozen=True):
    """A reaction is not accepted; ``reason`` is half a sentence."""

    to: str
    reason: str


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
    if command.on and isinstance(sent, RoomTagMessage | PrivateTagMessage):
        given = Reactions.of(chat).of_message(command.found.number)
        who = _who(sent.person)
        if who in given.get(command.reaction, ()):
            return (*items, Done())  # it is recorded already
        fault = _fault(given, command.reaction, who)
        if fault:
            return (ReactionRefused(command.to, fault), Done())
    about = beginning(message.text, _ABOUT_BYTES)
    reaction = (command.found.number, message.person.name, command.reaction, command.on, command.tags)
    if isinstance(sent, RoomTagMessage):
        return (Reacted(sent.room, sent.person, *reaction, about), *items[1:], Done())
    if isinstance(sent, PrivateTagMessage):
        return (ReactedTo(sent.to, sent.person, *reaction, about), Done())
    return (*items, Done())


def _who(person: Person) -> str:
    return f"={person.account}" if person.account else person.key


def _fault(given: dict[str, set[str]], reaction: str, who: str) -> str:
    if size(reaction) > REACTION_BYTES:
        return f"a reaction has at most {REACTION_BYTES} bytes"
    if sum(who in people for people in given.values()) >= REACTIONS_EACH:
        return f"you have {REACTIONS_EACH} reactions to that message: take one back first"
    if len(given) >= REACTIONS_A_MESSAGE and reaction not in given:
        return f"that message has {REACTIONS_A_MESSAGE} different reactions already: take one of them"
    return ""


@applies(Reacted, ReactedTo)
def _reacted(chat: Chat, event: Reacted | ReactedTo) -> None:
    Reactions.of(chat).note(event.message, event.reaction, _who(event.person), event.on)


@handles(ReactUnresolved)
def react_unresolved(chat: Chat, person_id: int, command: ReactUnresolved, now: int) -> Items:
    """Sends a reaction on without recording it."""
    return (*send_tag_message(chat, person_id, SendTagMessage(command.to, command.tags), now), Done())
