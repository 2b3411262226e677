"""Taking messages out of the history.

Owns who may do it; the server finds the message in the log, the log blanks its row.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, ClassVar

import msgspec

from asyncchat.core.commands import Command, IoCommand
from asyncchat.core.events import Event, Recipients, Record, Retention
from asyncchat.core.features.history import FoundMessage, MessageCommand, Which
from asyncchat.core.features.messages import Said, SaidInPrivate
from asyncchat.core.features.reactions import Reacted, ReactedTo
from asyncchat.core.features.whowas import Whowas
from asyncchat.core.names import ROOM_SIGNS, fold
from asyncchat.core.people import Person
from asyncchat.core.permissions import with_right
from asyncchat.core.registry import Items, handles
from asyncchat.core.replies import Done, NotConnectedYet, Refusal, Reply
from asyncchat.core.roles import Right
from asyncchat.core.rooms import Room

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyncchat.core.chat import Chat


class Erase(Command, frozen=True):
    """Take messages of a room, found by the server beforehand, out of the history."""

    audited: ClassVar[bool] = True
    room: str
    numbers: tuple[int, ...]
    reason: str = ""
    said_in: str = ""


class EraseFromResolved(Command, frozen=True):
    """The same, by who waits until it is done."""

    room: str
    numbers: tuple[int, ...]


class EraseFrom(IoCommand, frozen=True):
    """Erase all that a name said in a room's history; an empty name: all that anyone said."""

    room: str
    name: str


class Redact(MessageCommand, frozen=True):
    """Take a message out of the history; ``context`` goes back with a refusal."""

    which: Which
    reason: str = ""
    context: object = None

    def wanted(self, _chat: Chat) -> tuple[Which, ...]:
        """The message."""
        return (self.which,)

    def resolve(self, found: Sequence[FoundMessage]) -> Command | Reply | Refusal:
        """The same with the message as it was found; the hub decides whether the asker may."""
        (message,) = found
        if message.failed:
            return RedactionRefused(RedactionFault.FAILED, self.which.to, context=self.context)
        return RedactResolved(self.which, message.record, self.reason, self.context)


class RedactResolved(Command, frozen=True):
    """The same, with the message as the server found it; None: there is none that the asker may read."""

    which: Which
    found: Record | None
    reason: str
    context: object = None


class RedactedInPrivate(Event, frozen=True, tag="retracted"):
    """A message of a private conversation was taken out of the history, by who had said it."""

    retention: ClassVar[Retention] = Retention.STATE
    recipients: ClassVar[Recipients] = Recipients.PAIR
    concerns: ClassVar[str] = "to"
    to: Person
    person: Person
    number: int
    reason: str = ""


class Erased(Event, frozen=True, tag="erased"):
    """Messages of a room were taken out of the history; their rows stay, their text is blank.

    ``said_in`` is the name that the room had when they were said, where it was another.
    """

    retention: ClassVar[Retention] = Retention.STATE
    room: str
    person: Person
    numbers: tuple[int, ...]
    reason: str = ""
    said_in: str = ""

    def allowed_by_role(self, room: Room, person_id: int) -> bool:
        """Whether a person's role in the room allows this act."""
        return room.roles.get(person_id, 0) >= Right.MANAGE


class RedactionFault(enum.Enum):
    """Why a message stays."""

    TARGET = "its history is none that you may change"
    UNKNOWN = "there is no such message"
    FORBIDDEN = "it is somebody else's"
    EXPIRED = "it was said too long ago"
    FAILED = "the history can't be read now"


class RedactionRefused(Refusal, frozen=True):
    """A message is not taken out of the history; ``seconds`` is how long its author may."""

    fault: RedactionFault
    to: str
    seconds: int = 0
    context: object = None


_IN_ROOMS = (Said, Reacted)


_PRIVATE = (SaidInPrivate, ReactedTo)


GUESTS_WINDOW = 24 * 3600
"""Seconds in which who has no account may take back what was said in the same visit."""


@handles(RedactResolved)
def redact(chat: Chat, person_id: int, command: RedactResolved, now: int) -> Items:
    """Takes a message out of the history: its author, by account or within a day; operators of its room."""
    to = command.which.to
    me = chat.people.get(person_id)
    if me is None:
        return (NotConnectedYet(), Done())

    def refused(fault: RedactionFault, seconds: int = 0) -> Items:
        return (RedactionRefused(fault, to, seconds, command.context), Done())

    room = chat.room_shown(to, person_id) if to[:1] in ROOM_SIGNS else None
    if to[:1] in ROOM_SIGNS and (
        room is None or not (person_id in room.member_blocks or person_id in chat.server_operators)
    ):
        return refused(RedactionFault.TARGET)
    found = command.found
    kinds = _IN_ROOMS if to[:1] in ROOM_SIGNS else _PRIVATE
    if found is None or not isinstance(found.event, kinds):
        return refused(RedactionFault.UNKNOWN)
    author: Person = found.event.person
    is_author = _is(chat, me, author, found.time)
    if room is not None:
        then = getattr(found.event, "room", room.name)
        former = "" if fold(then) == room.key else then
        if chat.may(person_id, room, Right.MANAGE) and not is_author:
            return (Erase(room.name, (found.number,), command.reason, former), Done())
    if not is_author:
        return refused(RedactionFault.FORBIDDEN)
    if not author.account and now - found.time > GUESTS_WINDOW * 1_000_000:
        return refused(RedactionFault.EXPIRED, GUESTS_WINDOW)
    if room is not None:
        return (Erased(room.name, me, (found.number,), command.reason, former), Done())
    return (_redacted_in_private(chat, me, found, command), Done())


def _is(chat: Chat, me: Person, author: Person, time: int) -> bool:
    """Whether who said something at a time is the asker: the same account, or the same visit."""
    if author.account:
        account = chat.accounts.get(fold(author.account))
        return account is not None and fold(me.account) == fold(account.name) and account.time <= time
    if me.origin != author.origin or chat.people.since.get(me.id, time + 1) > time:
        return False
    return all(gone.time < time for gone in Whowas.of(chat).named(me.name))


def _redacted_in_private(chat: Chat, me: Person, found: Record, command: RedactResolved) -> RedactedInPrivate:
    """What tells the other one, if he is here."""
    event = found.event
    assert isinstance(event, SaidInPrivate | ReactedTo)  # noqa: S101 - a private one
    other = chat.person_named(command.which.to)
    named = event.to
    same = other is not None and (
        fold(other.account) == fold(named.account) if named.account else other.origin == named.origin
    )
    to = other if same and other is not None else msgspec.structs.replace(named, id=0)
    return RedactedInPrivate(to, me, found.number, command.reason)


@handles(Erase)
def erase(chat: Chat, person_id: int, command: Erase, _now: int) -> Items:
    """Takes messages out of the room's history."""
    room = with_right(chat, person_id, command.room, Right.MANAGE)
    if isinstance(room, Refusal):
        return (room,)
    return (Erased(room.name, chat.people[person_id], command.numbers, command.reason, command.said_in),)


@handles(EraseFromResolved)
def erase_from(_chat: Chat, _person_id: int, command: EraseFromResolved, _now: int) -> Items:
    """The same, for a session that waits until it is done."""
    return (Erase(command.room, command.numbers), Done())
