"""Keeping a room in order: kicks and erasing; what is set for a room stands in ``modes``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncchat.core import commands, events, replies
from asyncchat.core.roles import Right, highest
from asyncchat.core.rules.overruling import noting
from asyncchat.core.rules.rooms import closing, with_right

if TYPE_CHECKING:
    from asyncchat.core.chat import Chat, Items, Rule


def kick(chat: Chat, who: int, command: commands.Kick, _now: int) -> Items:
    """Puts a member out who has no higher role."""
    room = with_right(chat, who, command.room, Right.KEEP_ORDER)
    if isinstance(room, replies.Refusal):
        return (room,)
    other = chat.person_named(command.name)
    if other is None or other.id not in room.seats:
        return (replies.NotThere(room.name, command.name),)
    if highest(room.roles.get(other.id, 0)) > highest(chat.rank(who, room)):
        return (replies.Outranked(room.name, other.name),)
    return (events.Kicked(room.name, other, chat.people[who], command.reason), *closing(room))


def erase(chat: Chat, who: int, command: commands.Erase, _now: int) -> Items:
    """Takes messages out of the room's history."""
    room = with_right(chat, who, command.room, Right.RULE)
    if isinstance(room, replies.Refusal):
        return (room,)
    return (events.Erased(room.name, chat.people[who], command.numbers),)


def erase_found(chat: Chat, who: int, command: commands.EraseFound, now: int) -> Items:
    """The same, for who waits for it."""
    return (*noting(erase)(chat, who, commands.Erase(command.room, command.numbers), now), replies.Done())


RULES: dict[type[commands.Command], Rule] = {
    commands.Kick: kick,
    commands.Erase: erase,
    commands.EraseFound: erase_found,
}
