"""Redaction: erasing messages from the history.

Owns who may do it. Must not know the log: the server finds the message there, and the log blanks its text.
"""

from collections.abc import Sequence
from typing import ClassVar, Self

import msgspec

from asyncchat.core.chat import Chat
from asyncchat.core.commands import Command, IoCommand
from asyncchat.core.events import Event, Recipients, Record, Retention, Stream
from asyncchat.core.features.audit import OperOverride
from asyncchat.core.features.authorship import GUEST_SECONDS, is_author, is_too_late
from asyncchat.core.features.edits import Edited, EditedInPrivate
from asyncchat.core.features.history import FoundMessage, MessageCommand, Which
from asyncchat.core.features.history_access import erasable_since
from asyncchat.core.features.messages import Said, SaidInPrivate, TagMessageSent, TagMessageSentInPrivate
from asyncchat.core.features.reactions import Reacted, ReactedTo
from asyncchat.core.forgotten import FORGOTTEN
from asyncchat.core.names import ROOM_SIGNS, fold
from asyncchat.core.people import Person
from asyncchat.core.permissions import with_right
from asyncchat.core.registry import Items, for_people, handles
from asyncchat.core.replies import Done, Fault, NoSuchRoom, NotConnectedYet, Refusal, Reply
from asyncchat.core.roles import Right


class Erase(Command, frozen=True):
    """Erase messages of a room, which the server found in the log before; ``told_of`` as in ``Erased``."""

    audited: ClassVar[bool] = True
    room: str
    numbers: tuple[int, ...]
    reason: str = ""
    former_room: str = ""
    told_of: int | None = None


class EraseFromResolved(Command, frozen=True):
    """Erase messages of a room for a session that waits until it is done; ``told_of`` as in ``Erased``."""

    room: str
    numbers: tuple[int, ...]
    told_of: int | None = None


class EraseFrom(IoCommand, frozen=True):
    """Erase all messages of a name from a room's history; an empty name: of everybody."""

    cost: ClassVar[int] = 10
    room: str
    name: str


class Redact(MessageCommand, frozen=True):
    """Erase a message; ``context`` goes back with a refusal."""

    which: Which
    reason: str = ""
    context: object = None

    def wanted(self, _chat: Chat) -> tuple[Which, ...]:
        """The message."""
        return (self.which,)

    def resolve(self, found: Sequence[FoundMessage]) -> Command | Reply | Refusal:
        """The same with the message as it was found; the hub decides whether the requester may."""
        (message,) = found
        if message.failed:
            return RedactionRefused(RedactionFault.FAILED, self.which.to, context=self.context)
        return RedactResolved(self.which, message.record, self.reason, self.context)


class RedactResolved(Command, frozen=True):
    """Erase the message that was found in the log; None: there is none that the requester may read."""

    which: Which
    found: Record | None
    reason: str
    context: object = None


class RedactedInPrivate(Event, frozen=True, tag="retracted"):
    """A message of a private conversation was erased from the history by its author.

    Or its author is forgotten: then ``person`` is as the history had it, with no number in this run.
    """

    retention: ClassVar[Retention] = Retention.STATE
    recipients: ClassVar[Recipients] = Recipients.PAIR
    concerns: ClassVar[str] = "to"
    stream: ClassVar[Stream] = Stream.CONVERSATION
    to: Person
    person: Person
    number: int
    reason: str = ""

    def to_store(self) -> Self:
        """Without an author who is forgotten: only those who were told the message know it by the name."""
        return self if self.person.id else msgspec.structs.replace(self, person=FORGOTTEN)


class Erased(Event, frozen=True, tag="erased"):
    """Messages of a room were erased from the history; their rows stay, their text is blank.

    ``former_room`` is the name that the room had when they were said, if it was another. A large erasure is
    several events. ``told_of`` is how many messages it has as a whole, in the last of them. In the others it
    is 0, and no sentence tells them. None: as many as ``numbers``.
    """

    retention: ClassVar[Retention] = Retention.STATE
    stream: ClassVar[Stream] = Stream.CHANGES
    right: ClassVar[Right | None] = Right.MANAGE
    room: str
    person: Person
    numbers: tuple[int, ...]
    reason: str = ""
    former_room: str = msgspec.field(default="", name="said_in")
    told_of: int | None = None

    @property
    def count(self) -> int:
        """How many messages a sentence tells of; 0 for a part of a larger erasure, which none tells."""
        return len(self.numbers) if self.told_of is None else self.told_of


class RedactionFault(Fault):
    """Why a message is not erased, as a sentence."""

    TARGET = "you may not change its history"
    UNKNOWN = "there is no such message"
    FORBIDDEN = "it is somebody else's"
    EARLIER = "it is from before the room was taken over or opened"
    EXPIRED = "it was said too long ago"
    FAILED = "the history can't be read now"


class RedactionRefused(Refusal, frozen=True):
    """A message is not erased; ``seconds`` is for how long its author could have done it."""

    fault: RedactionFault
    to: str
    seconds: int = 0
    context: object = None


IN_ROOMS = (Said, TagMessageSent, Reacted, Edited)
"""The events of rooms that an id can name, and that can be erased."""


IN_PRIVATE = (SaidInPrivate, TagMessageSentInPrivate, ReactedTo, EditedInPrivate)
"""The same of private conversations."""


@handles(RedactResolved)
def redact(chat: Chat, person_id: int, command: RedactResolved, now: int) -> Items:
    """Erases a message, for its author (by account, or within a day) and for operators of its room."""
    to = command.which.to
    me = chat.actor(person_id)
    if me is None:
        return (NotConnectedYet(), Done())

    def refused(fault: RedactionFault, seconds: int = 0) -> Items:
        return (RedactionRefused(fault, to, seconds, command.context), Done())

    room = chat.room_shown(to, person_id) if to[:1] in ROOM_SIGNS else None
    if to[:1] in ROOM_SIGNS and (
        room is None or not (person_id in room.member_blocks or chat.is_operator(person_id))
    ):
        return refused(RedactionFault.TARGET)
    found = command.found
    kinds = IN_ROOMS if to[:1] in ROOM_SIGNS else IN_PRIVATE
    if found is None or not isinstance(found.event, kinds):
        return refused(RedactionFault.UNKNOWN)
    author: Person = found.event.person
    mine = is_author(chat, me, author, found.time)
    if room is not None:
        then = getattr(found.event, "room", room.name)
        former = "" if fold(then) == room.key else then
        if chat.may(person_id, room, Right.MANAGE) and not mine:
            if found.time < erasable_since(chat, person_id, room):
                return refused(RedactionFault.EARLIER)
            return (Erase(room.name, (found.number,), command.reason, former), Done())
    if not mine:
        return refused(RedactionFault.FORBIDDEN)
    if is_too_late(author, found.time, now):
        return refused(RedactionFault.EXPIRED, GUEST_SECONDS)
    if room is not None:
        return (Erased(room.name, me, (found.number,), command.reason, former), Done())
    return (_redacted_in_private(chat, me, found, command), Done())


def _redacted_in_private(chat: Chat, me: Person, found: Record, command: RedactResolved) -> RedactedInPrivate:
    """The event, addressed to the other person if that one is in the chat."""
    event = found.event
    assert isinstance(event, IN_PRIVATE)  # noqa: S101 - redact() has checked it
    other = chat.person_named(command.which.to)
    named = event.to
    same = other is not None and (
        fold(other.account) == fold(named.account) if named.account else other.origin == named.origin
    )
    to = other if same and other is not None else msgspec.structs.replace(named, id=0)
    return RedactedInPrivate(to, me, found.number, command.reason)


@for_people(Erase)
def erase(chat: Chat, me: Person, command: Erase, _now: int) -> Items:
    """Erases messages from the room's history; for operators of the server also if the room is not open."""
    room = with_right(chat, me.id, command.room, Right.MANAGE)
    if not isinstance(room, Refusal):
        return (_erased(room.name, me, command),)
    if not (command.numbers and isinstance(room, NoSuchRoom) and chat.is_operator(me.id)):
        return (room,)
    erased = _erased(command.room, me, command)
    return (erased, OperOverride(me, erased.to_store()))  # nobody has a role there


def _erased(room: str, me: Person, command: Erase) -> Erased:
    return Erased(room, me, command.numbers, command.reason, command.former_room, command.told_of)


@handles(EraseFromResolved)
def erase_from(_chat: Chat, _person_id: int, command: EraseFromResolved, _now: int) -> Items:
    """The same, for a session that waits until it is done."""
    return (Erase(command.room, command.numbers, told_of=command.told_of), Done())
