"""Whether the asker may act in a room, or on the server.

Owns the checks that many features begin with; it decides nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncchat.core.names import fold
from asyncchat.core.replies import NoSuchRoom, NotEntered, NotMember, NotOperator, NotServerOperator, Refusal
from asyncchat.core.roles import Right
from asyncchat.core.rooms import Room

if TYPE_CHECKING:
    from asyncchat.core.chat import Chat


SERVER = 0
"""Asks in the place of a session's number where the server itself does, for whoever runs it."""


def membership(chat: Chat, who: int, name: str) -> Room | Refusal:
    """The room, if the asker is a member of it, else why not."""
    if who not in chat.people:
        return NotEntered()
    room = chat.rooms.get(fold(name))
    if room is None:
        return NoSuchRoom(name)
    if who in room.seats:
        return room
    return NotMember(room.name) if chat.shows(room, who) else NoSuchRoom(name)


def with_right(chat: Chat, who: int, name: str, right: Right | None = None) -> Room | Refusal:
    """The room, if the asker's role allows this there; the owner may everything, from outside too."""
    if who in chat.server_operators:
        room = chat.room_named(name)
        return NoSuchRoom(name) if room is None else room
    found = membership(chat, who, name)
    if isinstance(found, Refusal) or right is None or chat.may(who, found, right):
        return found
    return NotOperator(found.name)


def unless_server_operator(chat: Chat, who: int) -> Refusal | None:
    """The refusal for whoever does not operate the server; None: the asker does."""
    if who not in chat.people:
        return NotEntered()
    return None if who in chat.server_operators else NotServerOperator()
