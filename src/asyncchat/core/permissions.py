"""Whether a person may act in a room, or on the server.

Owns the checks that many features begin with. Must not know the features.
"""

from collections.abc import Callable
from typing import Any

from asyncchat.core.chat import Chat
from asyncchat.core.commands import Command
from asyncchat.core.names import fold
from asyncchat.core.people import Person
from asyncchat.core.registry import Handler, Items, for_people
from asyncchat.core.replies import (
    NoSuchRoom,
    NotConnectedYet,
    NotMember,
    NotOperator,
    NotServerOperator,
    Refusal,
)
from asyncchat.core.roles import Right
from asyncchat.core.rooms import Room

SERVER = 0
"""The id under which the server itself, or a command of its administrator, sends commands."""


def membership(chat: Chat, person_id: int, name: str, _right: Right | None = None) -> Room | Refusal:
    """The room, if the person is a member of it, else why not."""
    if person_id not in chat.people:
        return NotConnectedYet()
    room = chat.rooms.get(fold(name))
    if room is None:
        return NoSuchRoom(name)
    if person_id in room.member_blocks:
        return room
    return NotMember(room.name) if chat.is_visible(room, person_id) else NoSuchRoom(name)


def with_right(chat: Chat, person_id: int, name: str, right: Right | None = None) -> Room | Refusal:
    """The room, if the person is a member with this right; a server operator needs neither."""
    if chat.is_operator(person_id):
        room = chat.room_named(name)
        return NoSuchRoom(name) if room is None else room
    found = membership(chat, person_id, name)
    if isinstance(found, Refusal) or right is None or chat.may(person_id, found, right):
        return found
    return NotOperator(found.name)


def shown(chat: Chat, person_id: int, name: str, _right: Right | None = None) -> Room | Refusal:
    """The room, unless the person may not know of it."""
    room = chat.room_shown(name, person_id)
    return NoSuchRoom(name) if room is None else room


RoomHandler = Callable[[Chat, Person, Room, Any, int], Items]
"""(chat, person, room, command, now) -> items."""


def about_room(
    *commands: type[Command],
    right: Right | None = None,
    find: Callable[[Chat, int, str, Right | None], Room | Refusal] = with_right,
) -> Callable[[RoomHandler], Handler]:
    """Registers the one function that decides these commands about ``command.room``, for people who may."""

    def register(handler: RoomHandler) -> Handler:
        def decide(chat: Chat, me: Person, command: Any, now: int) -> Items:
            room = find(chat, me.id, command.room, right)
            return (room,) if isinstance(room, Refusal) else handler(chat, me, room, command, now)

        return for_people(*commands)(decide)

    return register


def server_operator(chat: Chat, person_id: int) -> Person | Refusal:
    """Whoever sends a command, if it has the rights of a server operator, else why it is refused."""
    return chat.operator(person_id) or unless_server_operator(chat, person_id) or NotServerOperator()


def unless_server_operator(chat: Chat, person_id: int) -> Refusal | None:
    """The refusal for whoever has not the rights of a server operator; None for who has."""
    if chat.actor(person_id) is None:
        return NotConnectedYet()
    return None if chat.is_operator(person_id) else NotServerOperator()


def silenced_in(chat: Chat, me: Person) -> Room | None:
    """A room in which a person is banned or muted: who is must not evade that by a name or text."""
    for room in chat.rooms_with(me.id):
        if (
            room.speech_restricted
            and not chat.may(me.id, room, Right.SPEAK)
            and (room.bans_person(me) or room.mutes_person(me))
        ):
            return room
    return None
