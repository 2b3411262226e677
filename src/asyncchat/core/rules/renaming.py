"""Rooms' names: who may give a room another one, and which."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncchat.core import commands, events, replies
from asyncchat.core.names import LOBBY, fold, room_fault
from asyncchat.core.roles import Right
from asyncchat.core.rules.rooms import imitation, membership

if TYPE_CHECKING:
    from asyncchat.core.chat import Chat, Items, Rule

LARGE = 50
"""Members from which on a room's name has to rest: each of them may be told the whole list of the others."""

REST = 60_000_000
"""How long (microseconds)."""


def rename_room(chat: Chat, who: int, command: commands.RenameRoom, now: int) -> Items:
    """Gives a room another name, for those who may set its rules; the lobby keeps its own."""
    room = membership(chat, who, command.room)
    if isinstance(room, replies.Refusal):
        return (room,)
    if not chat.may(who, room, Right.RULE):
        return (replies.NotOperator(room.name),)
    to = command.to
    reason = room_fault(to) or (imitation(chat, to) if fold(to) != room.key else None)
    if room.key == LOBBY:
        reason = "the lobby keeps its name"
    elif to == room.name:
        reason = "that is its name"
    elif reason is None and len(room.seats) > LARGE and now < room.renamed + REST:
        reason = "it was renamed a moment ago"
    if reason is not None:
        return (replies.CannotRenameRoom(room.name, to, reason),)
    key = fold(to)
    if key != room.key and (key in chat.rooms or chat.moved.get(key, room.key) != room.key):
        return (replies.RoomNameTaken(room.name, to),)
    renamed = events.RoomRenamed(room.name, to, chat.people[who], command.reason, now)
    return (renamed, commands.AskMoved(to, key == room.key))


RULES: dict[type[commands.Command], Rule] = {commands.RenameRoom: rename_room}
