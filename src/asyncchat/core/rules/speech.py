"""What is said, to a room or to a person. The hottest rule: everything common stands first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncchat.core import commands, events, replies
from asyncchat.core.names import fold
from asyncchat.core.replies import CannotSpeakReason
from asyncchat.core.text import TEXT_BYTES, size

if TYPE_CHECKING:
    from asyncchat.core.chat import Chat, Items, Rule
    from asyncchat.core.people import Person
    from asyncchat.core.rooms import Room

_QUIET = (events.Speech.NOTICE, events.Speech.PROBE_ANSWER)


def say(chat: Chat, who: int, command: commands.Say, _now: int) -> Items:
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
    if to[:1] == "#":
        room = chat.rooms.get(fold(to))
        if room is None:
            return _refused(command, replies.NoSuchRoom(to))
        if room.bans or room.mutes or who not in room.seats:
            reason = _silenced(chat, me, room)
            if reason is not None:
                return _refused(command, replies.CannotSpeak(room.name, reason))
        return (events.Said(room.name, me, text, command.speech, command.tags),)
    other = chat.person_named(to)
    if other is None:
        return _refused(command, replies.NoSuchPerson(to))
    whisper = events.Whispered(other, me, text, command.speech, command.tags)
    away = chat.away.get(other.id)
    if away is None or command.speech in _QUIET:
        return (whisper,)
    return (whisper, replies.AwayNote(other, away))


def signal(chat: Chat, who: int, command: commands.Signal, _now: int) -> Items:
    """Passes on what is for programs alone, wherever a text could be said."""
    me = chat.people.get(who)
    if me is None:
        return (replies.NotEntered(),)
    if command.to[:1] == "#":
        room = chat.room_named(command.to)
        if room is None:
            return (replies.NoSuchRoom(command.to),)
        reason = _silenced(chat, me, room)
        if reason is not None:
            return (replies.CannotSpeak(room.name, reason),)
        return (events.Signalled(room.name, me, command.tags),)
    other = chat.person_named(command.to)
    if other is None:
        return (replies.NoSuchPerson(command.to),)
    return (events.SignalledTo(other, me, command.tags),)


def _silenced(chat: Chat, me: Person, room: Room) -> CannotSpeakReason | None:
    if chat.operates(me.id, room):
        return None
    if me.id not in room.seats and "no-outsiders" in room.flags:
        return CannotSpeakReason.OUTSIDE
    if room.bans and room.bans_person(me):
        return CannotSpeakReason.BANNED
    if room.mutes and room.mutes_person(me):
        return CannotSpeakReason.MUTED
    return None


def _refused(command: commands.Say, refusal: replies.Refusal) -> Items:
    return () if command.speech in _QUIET else (refusal,)


RULES: dict[type[commands.Command], Rule] = {commands.Say: say, commands.Signal: signal}
