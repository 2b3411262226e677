"""What is said, to a room or to a person. The hottest rule: everything common stands first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncchat.core import commands, events, replies
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
from asyncchat.core.replies import CannotSpeakReason
from asyncchat.core.roles import HALF_OPERATOR, ROLE_NAMED, Right, Role
from asyncchat.core.text import TEXT_BYTES, size

if TYPE_CHECKING:
    from asyncchat.core.chat import Chat, Items, Rule
    from asyncchat.core.people import Person
    from asyncchat.core.rooms import Room

_QUIET = (events.Speech.NOTICE, events.Speech.PROBE_ANSWER)
_PROBES = (events.Speech.PROBE, events.Speech.PROBE_ANSWER)

_COLOURS = frozenset("\x03\x04")
"""What begins a colour in a text: by number and by value (modern.ircdocs.horse, "Formatting")."""


def say(chat: Chat, who: int, command: commands.Say, now: int) -> Items:
    """Passes a text on; a notice is never answered, not even with a refusal (RFC 2812, 3.3.2)."""
    me = chat.people.get(who)
    if me is None:
        return (replies.NotEntered(),)
    text = command.text
    if len(text) * 4 > TEXT_BYTES and size(text) > TEXT_BYTES:
        return _refused(command, replies.TextTooLong(TEXT_BYTES))
    if not text and command.speech not in (events.Speech.PROBE, events.Speech.PROBE_ANSWER):
        return _refused(command, replies.NoText())
    to = command.to
    if to[:1] in ROOM_SIGNS:
        room = chat.rooms.get(fold(to))
        if room is None:
            return _refused(command, replies.NoSuchRoom(to))
        if room.guarded or who not in room.seats:
            return _say_guarded(chat, me, room, command, now)
        return (events.Said(room.name, me, text, command.speech, command.tags, command.cuts),)
    other = chat.person_named(to)
    if other is None:
        return _refused(command, replies.NoSuchPerson(to))
    if not me.account and _unwritten(chat, me, other):
        return _refused(command, replies.NeedsAccount(other.name))
    whisper = events.Whispered(other, me, text, command.speech, command.tags, command.cuts)
    away = chat.away.get(other.id)
    if away is None or command.speech in _QUIET:
        return (whisper,)
    return (whisper, replies.AwayNote(other, away))


def signal(chat: Chat, who: int, command: commands.Signal, _now: int) -> Items:
    """Passes on what is for programs alone, wherever a text could be said."""
    me = chat.people.get(who)
    if me is None:
        return (replies.NotEntered(),)
    if command.to[:1] in ROOM_SIGNS:
        room = chat.room_shown(command.to, who)
        if room is None:
            return (replies.NoSuchRoom(command.to),)
        reason = _silenced(chat, me, room)
        if reason is not None:
            return (replies.CannotSpeak(room.name, reason),)
        role = ROLE_NAMED.get(command.role)
        if role is None and OP_MODERATED in room.flags and not chat.may(who, room, Right.SPEAK):
            role = HALF_OPERATOR
        if role is not None:
            to = _having(room, role, me)
            return (events.SignalledToRole(room.name, me, role.name, to, command.tags),)
        return (events.Signalled(room.name, me, command.tags),)
    other = chat.person_named(command.to)
    if other is None:
        return (replies.NoSuchPerson(command.to),)
    if not me.account and _unwritten(chat, me, other):
        return (replies.NeedsAccount(other.name),)
    return (events.SignalledTo(other, me, command.tags),)


def _unwritten(chat: Chat, me: Person, other: Person) -> bool:
    """Whether a person is written to by accounts alone; by itself and the owner it always is."""
    return chat.has(other.id, ACCOUNTS_WRITE) and me.id != other.id and me.id not in chat.owners


def _say_guarded(chat: Chat, me: Person, room: Room, command: commands.Say, now: int) -> Items:
    """Passes a text on to a room where not everybody may say everything."""
    if not chat.shows(room, me.id):
        return _refused(command, replies.NoSuchRoom(command.to))
    reason = _silenced(chat, me, room) or unwanted(room, command.text, command.speech)
    if reason is not None:
        return _refused(command, replies.CannotSpeak(room.name, reason))
    said = events.Said(room.name, me, command.text, command.speech, command.tags, command.cuts)
    if not room.guarded or chat.may(me.id, room, Right.SPEAK):
        return (said,)
    if OP_MODERATED in room.flags:
        return (_confided(room, me, HALF_OPERATOR, command),)
    if SLOW not in room.settings:
        return (said,)
    last = room.spoke.get(me.id)
    rest = 0 if last is None else last + int(room.settings[SLOW]) * 1_000_000 - now
    if rest > 0:
        refusal = replies.CannotSpeak(room.name, CannotSpeakReason.SLOW, -(-rest // 1_000_000))
        return _refused(command, refusal)
    return (said, events.Spoke(room.name, me, now))


def confide(chat: Chat, who: int, command: commands.Confide, _now: int) -> Items:
    """Passes a text on to those of a room who have a role, from anyone who may speak there."""
    me = chat.people.get(who)
    if me is None:
        return (replies.NotEntered(),)
    if size(command.text) > TEXT_BYTES:
        return _refused(command, replies.TextTooLong(TEXT_BYTES))
    room = chat.room_shown(command.room, who)
    role = ROLE_NAMED.get(command.role)
    if room is None or role is None:
        return _refused(command, replies.NoSuchRoom(command.room))
    reason = _silenced(chat, me, room) or unwanted(room, command.text, command.speech)
    if reason is not None:
        return _refused(command, replies.CannotSpeak(room.name, reason))
    return (_confided(room, me, role, command),)


def _confided(
    room: Room, me: Person, role: Role, command: commands.Say | commands.Confide
) -> events.Confided:
    to = _having(room, role, me)
    return events.Confided(
        room.name, me, command.text, role.name, to, command.speech, command.tags, command.cuts
    )


def _having(room: Room, role: Role, me: Person) -> tuple[int, ...]:
    """The others who have a role in the room, or a higher one."""
    return tuple(who for who, roles in room.roles.items() if roles >= role.bit and who != me.id)


def _silenced(chat: Chat, me: Person, room: Room) -> CannotSpeakReason | None:
    """Why a person may say nothing in the room, whatever it is."""
    if chat.may(me.id, room, Right.SPEAK):
        return None
    if me.id not in room.seats and NO_OUTSIDERS in room.flags:
        return CannotSpeakReason.OUTSIDE
    if room.guarded:
        if room.bans_person(me):
            return CannotSpeakReason.BANNED
        if room.mutes_person(me):
            return CannotSpeakReason.MUTED
        if MODERATED in room.flags and OP_MODERATED not in room.flags:
            return CannotSpeakReason.MODERATED
        if ACCOUNTS_SPEAK in room.flags and not me.account:
            return CannotSpeakReason.ACCOUNT
    return None


def unwanted(room: Room, text: str, speech: events.Speech) -> CannotSpeakReason | None:
    """Why nobody may say this in the room."""
    if NO_COLOUR in room.flags and not _COLOURS.isdisjoint(text):
        return CannotSpeakReason.COLOUR
    if NO_CTCP in room.flags and speech in _PROBES:
        return CannotSpeakReason.CTCP
    return None


def _refused(command: commands.Say | commands.Confide, refusal: replies.Refusal) -> Items:
    return () if command.speech in _QUIET else (refusal,)


RULES: dict[type[commands.Command], Rule] = {
    commands.Say: say,
    commands.Signal: signal,
    commands.Confide: confide,
}
