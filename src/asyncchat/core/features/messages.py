"""Messages to rooms and people. The hottest handler: the common cases come first.

Owns messages and tag messages (TAGMSG), and who may speak in a room. Whom one ignores, ``preferences`` has.
"""

import enum
from typing import ClassVar, Final, Self

import msgspec

from asyncchat.core.chat import Chat
from asyncchat.core.commands import Command
from asyncchat.core.events import Event, Recipients, Retention, Stream
from asyncchat.core.features.accept import accepting, accepts
from asyncchat.core.modes import (
    ACCOUNTS_SPEAK,
    ACCOUNTS_WRITE,
    MODERATED,
    NO_COLOUR,
    NO_CTCP,
    NO_OUTSIDERS,
    OP_MODERATED,
    SLOW,
)
from asyncchat.core.names import ROOM_SIGNS, fold
from asyncchat.core.people import Person
from asyncchat.core.registry import Items, applies, for_people, handles
from asyncchat.core.replies import (
    AwayNote,
    Fault,
    NeedsAccount,
    NoSuchPerson,
    NoSuchRoom,
    NotConnectedYet,
    NoText,
    Refusal,
    TextTooLong,
)
from asyncchat.core.roles import HALF_OPERATOR, ROLE_NAMED, Right, Role
from asyncchat.core.rooms import Room
from asyncchat.core.text import TEXT_BYTES, size

Tags = tuple[tuple[str, str], ...]
"""What a client adds to a message for other clients (reply, typing): names and values.

Tags go to clients that support them, and are stored with a message.
"""


REPLY: Final = "+reply"
"""The tag that names the message replied to (IRCv3 client-tags/reply)."""

DRAFT_REPLY: Final = "+draft/reply"
"""Its former name, which clients still use."""


def reply_tags(id: str) -> Tags:
    """The tags of a reply to a message."""
    return ((REPLY, id), (DRAFT_REPLY, id))


Cuts = tuple[int, ...]
"""Ascending positions in a text where the sender's client had split a line that was too long.

A dialect with short lines splits the text there again; other dialects ignore them.
"""


_EPHEMERAL = ("+typing", "+draft/typing")
"""Tags that are not stored: they mean nothing later."""


class Speech(enum.IntEnum):
    """How something is said; the log stores the value."""

    MESSAGE = 0
    NOTICE = 1
    """Never answered automatically, not even with a refusal."""
    ACTION = 2
    """``/me waves``: the text is what the person does."""
    CTCP_QUERY = 3
    """A client's query to another client (CTCP), which people don't see: the text without its \\x01."""
    CTCP_REPLY = 4
    """The reply to a query, likewise."""


class Say(Command, frozen=True):
    """Say something to a room (``#…``) or to a person."""

    to: str
    text: str
    speech: Speech = Speech.MESSAGE
    tags: Tags = ()
    cuts: Cuts = ()


class SendTagMessage(Command, frozen=True):
    """Send tags without a text to the clients of a room's members, or of a person.

    With a ``role`` only to members who have it, or a higher one.
    """

    to: str
    tags: Tags = ()
    role: str = ""


class SayToRole(Command, frozen=True):
    """Say something to the members of a room who have a role, or a higher one."""

    room: str
    role: str
    text: str
    speech: Speech = Speech.MESSAGE
    tags: Tags = ()
    cuts: Cuts = ()


class Spoke(Event, frozen=True, tag="spoke"):
    """A member of a slowed room said something; ``time`` in microseconds since 1970 UTC."""

    recipients: ClassVar[Recipients] = Recipients.NOBODY
    room: str
    person: Person
    time: int


class Said(Event, frozen=True, tag="said"):
    """A message to a room."""

    retention: ClassVar[Retention] = Retention.TEXT
    ignorable: ClassVar[bool] = True
    inert: ClassVar[bool] = True
    multiline: ClassVar[bool] = True
    room: str
    person: Person
    text: str
    speech: Speech = Speech.MESSAGE
    tags: Tags = ()
    cuts: Cuts = ()

    def to_store(self) -> Self:
        """The message without tags that mean nothing later."""
        return msgspec.structs.replace(self, tags=stored_tags(self.tags)) if self.tags else self


class SaidInPrivate(Event, frozen=True, tag="whispered", omit_defaults=True):
    """A private message."""

    retention: ClassVar[Retention] = Retention.TEXT
    recipients: ClassVar[Recipients] = Recipients.PAIR
    concerns: ClassVar[str] = "to"
    stream: ClassVar[Stream] = Stream.CONVERSATION
    ignorable: ClassVar[bool] = True
    multiline: ClassVar[bool] = True
    to: Person
    person: Person
    text: str
    speech: Speech = Speech.MESSAGE
    tags: Tags = ()
    cuts: Cuts = ()

    def to_store(self) -> Self:
        """The message without tags that mean nothing later."""
        return msgspec.structs.replace(self, tags=stored_tags(self.tags)) if self.tags else self


class RoomTagMessage(Event, frozen=True):
    """A client sent tags without a text to the clients of a room's members."""

    ignorable: ClassVar[bool] = True
    room: str
    person: Person
    tags: Tags


class PrivateTagMessage(Event, frozen=True):
    """The same, to the clients of one person."""

    recipients: ClassVar[Recipients] = Recipients.PAIR
    concerns: ClassVar[str] = "to"
    ignorable: ClassVar[bool] = True
    to: Person
    person: Person
    tags: Tags


class TagMessageSent(RoomTagMessage, frozen=True, tag="tagged"):
    """Tags that are kept."""

    retention: ClassVar[Retention] = Retention.TEXT
    stream: ClassVar[Stream] = Stream.CHANGES

    def to_store(self) -> Self:
        """The event without tags that mean nothing later."""
        return msgspec.structs.replace(self, tags=stored_tags(self.tags))


class TagMessageSentInPrivate(PrivateTagMessage, frozen=True, tag="tagged_to"):
    """The same, to the clients of one person."""

    retention: ClassVar[Retention] = Retention.TEXT
    stream: ClassVar[Stream] = Stream.CONVERSATION

    def to_store(self) -> Self:
        """The event without tags that mean nothing later."""
        return msgspec.structs.replace(self, tags=stored_tags(self.tags))


class Typing(RoomTagMessage, frozen=True, tag="signalled"):
    """Only tags that mean nothing later."""

    retention: ClassVar[Retention] = Retention.EPHEMERAL


class TypingInPrivate(PrivateTagMessage, frozen=True, tag="signalled_to"):
    """The same, to the clients of one person."""

    retention: ClassVar[Retention] = Retention.EPHEMERAL


class TagMessageSentToRole(Event, frozen=True, tag="signalled_to_role"):
    """The same, to the clients of members who have a role, or a higher one; ``to`` are these people."""

    retention: ClassVar[Retention] = Retention.EPHEMERAL
    recipients: ClassVar[Recipients] = Recipients.SOME_MEMBERS
    ignorable: ClassVar[bool] = True
    room: str
    person: Person
    role: str
    to: tuple[int, ...]
    tags: Tags


class SaidToRole(Event, frozen=True, tag="confided", omit_defaults=True):
    """A message to the members of a room who have a role, or a higher one; ``to`` are these people."""

    retention: ClassVar[Retention] = Retention.TEXT
    recipients: ClassVar[Recipients] = Recipients.SOME_MEMBERS
    ignorable: ClassVar[bool] = True
    multiline: ClassVar[bool] = True
    room: str
    person: Person
    text: str
    role: str
    to: tuple[int, ...]
    speech: Speech = Speech.MESSAGE
    tags: Tags = ()
    cuts: Cuts = ()


class CannotSpeakReason(Fault):
    """Why a message to a room is refused."""

    OUTSIDE = "you are not in it"
    BANNED = "you are banned"
    MUTED = "you are muted"
    MODERATED = "only members with a role may speak"
    COLOUR = "colours are not allowed there"
    CTCP = "CTCP queries are not allowed there"
    SLOW = "you spoke a moment ago"
    ACCOUNT = "only people who are logged in to an account may speak"


class CannotSpeak(Refusal, frozen=True):
    """The requester may not speak in the room; if it is slowed, for so many ``seconds`` more."""

    room: str
    reason: CannotSpeakReason
    seconds: int = 0

    @property
    def why(self) -> str:
        """The reason, as half a sentence."""
        return f"{self.reason.text}, wait {self.seconds} s" if self.seconds else self.reason.text


_UNANSWERED = (Speech.NOTICE, Speech.CTCP_REPLY)


_REMEMBERED = 100
"""People besides the members of whom a slowed room knows when they spoke: leaving and coming back is no way
to speak sooner."""


CTCP = (Speech.CTCP_QUERY, Speech.CTCP_REPLY)
"""Speech that passes between clients and that no person reads."""


_COLOURS = frozenset("\x03\x04")
"""Characters that begin a colour code: by number and by value (modern.ircdocs.horse, "Formatting")."""


def stored_tags(tags: Tags) -> Tags:
    """The tags that are stored with a message."""
    return tuple(tag for tag in tags if tag[0] not in _EPHEMERAL)


@handles(Say)
def say(chat: Chat, person_id: int, command: Say, now: int) -> Items:
    """Sends a message; a notice is never answered, not even with a refusal (RFC 2812, 3.3.2)."""
    me = chat.people.get(person_id)
    if me is None:
        return (NotConnectedYet(),)
    text = command.text
    if len(text) * 4 > TEXT_BYTES and size(text) > TEXT_BYTES:
        return _refused(command, TextTooLong(TEXT_BYTES))
    if not text and command.speech not in CTCP:
        return _refused(command, NoText())
    to = command.to
    if to[:1] in ROOM_SIGNS:
        room = chat.rooms.get(to) or chat.rooms.get(fold(to))  # most names are their own keys
        if room is None:
            return _refused(command, NoSuchRoom(to))
        if room.speech_restricted or person_id not in room.member_blocks:
            return _say_restricted(chat, me, room, command, now)
        return (Said(room.name, me, text, command.speech, command.tags, command.cuts),)
    other = chat.person_named(to)
    if other is None:
        return _refused(command, NoSuchPerson(to))
    if not me.account and needs_account(chat, me, other):
        return _refused(command, NeedsAccount(other.name))
    said = SaidInPrivate(other, me, text, command.speech, command.tags, command.cuts)
    items: Items = (said, *accepting(chat, me, other)) if person_id in chat.people.flags else (said,)
    away = chat.people.away.get(other.id)
    if away is None or command.speech in _UNANSWERED:
        return items
    return (*items, AwayNote(other, away))


@for_people(SendTagMessage)
def send_tag_message(chat: Chat, me: Person, command: SendTagMessage, now: int) -> Items:
    """Sends tags without a text, to wherever and whenever the person could send a message.

    Typing is no message: a slowed room does not count it.
    """
    if command.to[:1] in ROOM_SIGNS:
        room = chat.room_shown(command.to, me.id)
        if room is None:
            return (NoSuchRoom(command.to),)
        reason = _speaker_fault(chat, me, room)
        if reason is not None:
            return (CannotSpeak(room.name, reason),)
        role = ROLE_NAMED.get(command.role)
        if role is None and OP_MODERATED in room.flags and not chat.may(me.id, room, Right.SPEAK):
            role = HALF_OPERATOR
        if role is not None:
            to = _others_with(room, role, me)
            return (TagMessageSentToRole(room.name, me, role.name, to, command.tags),)
        if not stored_tags(command.tags):
            return (Typing(room.name, me, command.tags),)
        return slowed(chat, me, room, TagMessageSent(room.name, me, command.tags), now)
    other = chat.person_named(command.to)
    if other is None:
        return (NoSuchPerson(command.to),)
    if not me.account and needs_account(chat, me, other):
        return (NeedsAccount(other.name),)
    sent_to = TagMessageSentInPrivate if stored_tags(command.tags) else TypingInPrivate
    return (sent_to(other, me, command.tags),)


def needs_account(chat: Chat, me: Person, other: Person) -> bool:
    """Whether ``other`` lets only people with an account write, whom it accepts, operators and itself; asked
    about somebody without one."""
    return (
        chat.has(other.id, ACCOUNTS_WRITE)
        and me.id != other.id
        and me.id not in chat.server_operators
        and not accepts(chat, other.id, me.id)
    )


def _say_restricted(chat: Chat, me: Person, room: Room, command: Say, now: int) -> Items:
    """Sends a message to a room that has restrictions, or of which the person is no member."""
    if not chat.is_visible(room, me.id):
        return _refused(command, NoSuchRoom(command.to))
    reason = _speaker_fault(chat, me, room) or content_fault(room, command.text, command.speech)
    if reason is not None:
        return _refused(command, CannotSpeak(room.name, reason))
    said = Said(room.name, me, command.text, command.speech, command.tags, command.cuts)
    if OP_MODERATED in room.flags and not chat.may(me.id, room, Right.SPEAK):
        return (_said_to_role(room, me, HALF_OPERATOR, command),)
    items = slowed(chat, me, room, said, now)
    return _refused(command, items[0]) if isinstance(items[0], Refusal) else items


def say_from_outside(chat: Chat, me: Person, room: Room, command: Say, now: int) -> Items:
    """Sends a message of a person who could be a member, but is not connected: the rules for members hold.

    A role of the person's account counts as if it had it in the room.
    """
    reason = content_fault(room, command.text, command.speech)
    may_speak = bool(room.role_of(me.account)) or chat.may(me.id, room, Right.SPEAK)
    if not may_speak:
        reason = _restriction(room, me) or reason
        if OP_MODERATED in room.flags:  # the operators could not answer
            reason = CannotSpeakReason.MODERATED
    if reason is not None:
        return (CannotSpeak(room.name, reason),)
    said = Said(room.name, me, command.text, command.speech, command.tags, command.cuts)
    return (said,) if may_speak else slowed(chat, me, room, said, now)


def slowed(chat: Chat, me: Person, room: Room, sent: Event, now: int) -> Items:
    """A message to a room; a slowed one refuses the next for a while, unless its sender may always speak."""
    if SLOW not in room.settings or chat.may(me.id, room, Right.SPEAK):
        return (sent,)
    last = room.last_spoke.get(me.id)
    wait = 0 if last is None else last + int(room.settings[SLOW]) * 1_000_000 - now
    if wait > 0:
        return (CannotSpeak(room.name, CannotSpeakReason.SLOW, -(-wait // 1_000_000)),)
    return (sent, Spoke(room.name, me, now))


@for_people(SayToRole)
def say_to_role(chat: Chat, me: Person, command: SayToRole, _now: int) -> Items:
    """Sends a message to the members of a room who have a role; anybody who may speak there may send it."""
    if size(command.text) > TEXT_BYTES:
        return _refused(command, TextTooLong(TEXT_BYTES))
    room = chat.room_shown(command.room, me.id)
    role = ROLE_NAMED.get(command.role)
    if room is None or role is None:
        return _refused(command, NoSuchRoom(command.room))
    reason = _speaker_fault(chat, me, room) or content_fault(room, command.text, command.speech)
    if reason is not None:
        return _refused(command, CannotSpeak(room.name, reason))
    return (_said_to_role(room, me, role, command),)


def _said_to_role(room: Room, me: Person, role: Role, command: Say | SayToRole) -> SaidToRole:
    to = _others_with(room, role, me)
    return SaidToRole(room.name, me, command.text, role.name, to, command.speech, command.tags, command.cuts)


def _others_with(room: Room, role: Role, me: Person) -> tuple[int, ...]:
    """The ids of the other members who have a role in the room, or a higher one."""
    return tuple(
        person_id for person_id, roles in room.roles.items() if roles >= role.bit and person_id != me.id
    )


def _speaker_fault(chat: Chat, me: Person, room: Room) -> CannotSpeakReason | None:
    """Why a person may not speak in the room at all, or None."""
    if chat.may(me.id, room, Right.SPEAK):
        return None
    if me.id not in room.member_blocks and NO_OUTSIDERS in room.flags:
        return CannotSpeakReason.OUTSIDE
    return _restriction(room, me)


def _restriction(room: Room, me: Person) -> CannotSpeakReason | None:
    """Why a person without a role may not speak in the room, or None."""
    if room.speech_restricted:
        if room.bans_person(me):
            return CannotSpeakReason.BANNED
        if room.mutes_person(me):
            return CannotSpeakReason.MUTED
        if MODERATED in room.flags and OP_MODERATED not in room.flags:
            return CannotSpeakReason.MODERATED
        if ACCOUNTS_SPEAK in room.flags and not me.account:
            return CannotSpeakReason.ACCOUNT
    return None


def silence(chat: Chat, me: Person, room: Room) -> CannotSpeakReason | None:
    """Why a member's words may not be seen by all in the room, whatever they come with, or None."""
    if not room.speech_restricted or chat.may(me.id, room, Right.SPEAK):
        return None
    if OP_MODERATED in room.flags:
        return CannotSpeakReason.MODERATED
    return _speaker_fault(chat, me, room)


def content_fault(room: Room, text: str, speech: Speech) -> CannotSpeakReason | None:
    """Why nobody may say this in the room, or None."""
    if NO_COLOUR in room.flags and not _COLOURS.isdisjoint(text):
        return CannotSpeakReason.COLOUR
    if NO_CTCP in room.flags and speech in CTCP:
        return CannotSpeakReason.CTCP
    return None


def _refused(command: Say | SayToRole, refusal: Refusal) -> Items:
    return () if command.speech in _UNANSWERED else (refusal,)


@applies(Spoke)
def _spoke(chat: Chat, event: Spoke) -> None:
    room = chat.rooms[fold(event.room)]
    if SLOW not in room.settings:
        return
    room.last_spoke[event.person.id] = event.time
    if len(room.last_spoke) > 2 * len(room.member_blocks) + _REMEMBERED:
        over = event.time - int(room.settings[SLOW]) * 1_000_000
        for person_id in [known for known, time in room.last_spoke.items() if time <= over]:
            del room.last_spoke[person_id]
