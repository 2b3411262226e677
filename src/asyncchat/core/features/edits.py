"""Edits: the author of a message replaces what it says.

The log puts the new text in the place of the old one, so that all who read the history or search it find what
the message says now. The edit keeps the text before, until it or the message is erased. Owns who may edit;
must not know the log.
"""

from collections.abc import Sequence
from typing import Any, ClassVar, Final

import msgspec

from asyncchat.core.chat import Chat
from asyncchat.core.commands import Command, IoCommand
from asyncchat.core.events import Event, Recipients, Record, Retention, Stream
from asyncchat.core.features.authorship import is_author, is_too_late
from asyncchat.core.features.history import FoundMessage, MessageCommand, Which
from asyncchat.core.features.messages import (
    CTCP,
    CannotSpeak,
    Cuts,
    Said,
    SaidInPrivate,
    Speech,
    Tags,
    content_fault,
    needs_account,
    silence,
    slowed,
)
from asyncchat.core.names import ROOM_SIGNS, fold
from asyncchat.core.people import Person
from asyncchat.core.permissions import membership
from asyncchat.core.registry import Items, handles
from asyncchat.core.replies import (
    Done,
    Fault,
    NeedsAccount,
    NotConnectedYet,
    NoText,
    Refusal,
    Reply,
    TextTooLong,
)
from asyncchat.core.text import TEXT_BYTES, size

EDITS_TAG: Final = "asyncchat/edits"
"""The tag of a message that was edited: the numbers of its edits, with commas between them."""

EDITS_EACH: Final = 20
"""Edits of one message: each keeps a text."""


class Edit(MessageCommand, frozen=True):
    """Replace the text of an own message; ``context`` goes back with a refusal."""

    which: Which
    text: str
    cuts: Cuts = ()
    context: object = None

    def wanted(self, _chat: Chat) -> tuple[Which, ...]:
        """The message."""
        return (self.which,)

    def resolve(self, found: Sequence[FoundMessage]) -> Command | Reply | Refusal:
        """The same with the message as it was found; the hub decides whether the requester may."""
        (message,) = found
        if message.failed:
            return EditRefused(EditFault.FAILED, self.which.to, self.context)
        return EditResolved(self.which.to, message.record, self.text, self.cuts, self.context)


class EditResolved(Command, frozen=True):
    """The same with the message that was found; None: there is none that the requester may read."""

    to: str
    found: Record | None
    text: str
    cuts: Cuts = ()
    context: object = None


class GetEdits(IoCommand, frozen=True):
    """The earlier texts of a message."""

    cost: ClassVar[int] = 2
    which: Which


class Correction(Event, frozen=True):
    """The author of a message replaced its text: ``message`` is its number, ``before`` what it said."""

    retention: ClassVar[Retention] = Retention.TEXT
    ignorable: ClassVar[bool] = True
    inert: ClassVar[bool] = True
    multiline: ClassVar[bool] = True
    person: Person
    message: int
    before: str
    text: str
    speech: Speech = Speech.MESSAGE
    cuts: Cuts = ()


class Edited(Correction, frozen=True, tag="edited", omit_defaults=True, kw_only=True):
    """The same in a room; ``former_room`` is the name that it had when it was said, if that was another."""

    stream: ClassVar[Stream] = Stream.CHANGES
    room: str
    former_room: str = msgspec.field(default="", name="said_in")


class EditedInPrivate(Correction, frozen=True, tag="edited_to", omit_defaults=True, kw_only=True):
    """The same in private."""

    recipients: ClassVar[Recipients] = Recipients.PAIR
    concerns: ClassVar[str] = "to"
    stream: ClassVar[Stream] = Stream.CONVERSATION
    to: Person


class EditFault(Fault):
    """Why a message is not edited, as a sentence."""

    UNKNOWN = "there is no such message"
    FORBIDDEN = "it is somebody else's"
    EXPIRED = "it was said too long ago"
    MANY = f"it was edited {EDITS_EACH} times already"
    FAILED = "the history can't be read now"


class EditRefused(Refusal, frozen=True):
    """A message is not edited."""

    fault: EditFault
    to: str
    context: object = None


class EditsView(Reply, frozen=True):
    """The texts that a message had, the oldest first, each with its time; the last one is that of now."""

    to: str
    versions: tuple[Record, ...]


def edits_in(tags: Tags) -> tuple[int, ...]:
    """The numbers of the edits that a message's tags tell of."""
    numbers = next((value for name, value in tags if name == EDITS_TAG), "")
    return tuple(map(int, numbers.split(","))) if numbers else ()


def edits_of(event: Said | SaidInPrivate) -> tuple[int, ...]:
    """The numbers of a message's edits."""
    return edits_in(event.tags)


def edited_tags(tags: Tags, number: int) -> Tags:
    """A message's tags after one more edit."""
    before = next((f"{value}," for name, value in tags if name == EDITS_TAG), "")
    return (*(tag for tag in tags if tag[0] != EDITS_TAG), (EDITS_TAG, f"{before}{number}"))


def corrected(said: Event, number: int, edit: Correction) -> Said | SaidInPrivate | None:
    """A message after an edit of that number; None if the edit is not one of it."""
    if isinstance(edit, Edited):
        if not isinstance(said, Said) or fold(said.room) != fold(edit.former_room or edit.room):
            return None
    elif not isinstance(said, SaidInPrivate):
        return None
    tags = edited_tags(said.tags, number)
    return msgspec.structs.replace(said, text=edit.text, tags=tags, cuts=edit.cuts)


def versions(message: Record, edits: Sequence[Record | None]) -> tuple[Record, ...]:
    """The texts that a message had, given those of its edits that the log still has."""
    said: Any = message.event
    known: list[Any] = [edit for edit in edits if edit is not None]
    times = (message.time, *(edit.time for edit in known))
    texts = (*(edit.event.before for edit in known), said.text)
    return tuple(
        Record(message.number, time, msgspec.structs.replace(said, text=text, cuts=()))
        for time, text in zip(times, texts, strict=True)
    )


@handles(EditResolved)
def edit(chat: Chat, person_id: int, command: EditResolved, now: int) -> Items:
    """Replaces the text of a message, for its author, who could say it there now."""
    me = chat.people.get(person_id)
    if me is None:
        return (NotConnectedYet(), Done())
    text, to = command.text, command.to
    if size(text) > TEXT_BYTES:
        return (TextTooLong(TEXT_BYTES), Done())
    if not text:
        return (NoText(), Done())
    record = command.found
    in_room = to[:1] in ROOM_SIGNS
    if record is None or not isinstance(record.event, Said if in_room else SaidInPrivate):
        return (EditRefused(EditFault.UNKNOWN, to, command.context), Done())
    said = record.event
    fault = _fault(chat, me, record, said, now)
    if fault is not None:
        return (EditRefused(fault, to, command.context), Done())
    if said.text == text:
        return (Done(),)
    if isinstance(said, Said):
        return (*_edited(chat, me, record.number, said, command, now), Done())
    return (_edited_in_private(chat, me, record.number, said, command), Done())


def _fault(chat: Chat, me: Person, record: Record, said: Said | SaidInPrivate, now: int) -> EditFault | None:
    if said.speech in CTCP:
        return EditFault.UNKNOWN
    if not is_author(chat, me, said.person, record.time):
        return EditFault.FORBIDDEN
    if is_too_late(said.person, record.time, now):
        return EditFault.EXPIRED
    return EditFault.MANY if len(edits_of(said)) >= EDITS_EACH else None


def _edited(chat: Chat, me: Person, number: int, said: Said, command: EditResolved, now: int) -> Items:
    room = membership(chat, me.id, command.to)
    if isinstance(room, Refusal):
        return (room,)
    reason = silence(chat, me, room) or content_fault(room, command.text, said.speech)
    if reason is not None:
        return (CannotSpeak(room.name, reason),)
    former = "" if fold(said.room) == room.key else said.room
    edited = Edited(
        me, number, said.text, command.text, said.speech, command.cuts, room=room.name, former_room=former
    )
    return slowed(chat, me, room, edited, now)


def _edited_in_private(
    chat: Chat, me: Person, number: int, said: SaidInPrivate, command: EditResolved
) -> EditedInPrivate | Refusal:
    """The event, addressed to the other person if that one is in the chat, and lets this one write."""
    other = chat.person_named(command.to)
    named = said.to
    same = other is not None and (
        fold(other.account) == fold(named.account) if named.account else other.origin == named.origin
    )
    to = other if same and other is not None else msgspec.structs.replace(named, id=0)
    if to is other and not me.account and needs_account(chat, me, to):
        return NeedsAccount(to.name)
    return EditedInPrivate(me, number, said.text, command.text, said.speech, command.cuts, to=to)
