"""Whether one person is shown to another: in a room's list of members, and in other lists.

Owns the effect of the flags "invisible" (of a person) and "auditorium" (of a room) on lists.
"""

from asyncchat.core.chat import Chat
from asyncchat.core.modes import AUDITORIUM, INVISIBLE
from asyncchat.core.roles import Right
from asyncchat.core.rooms import Block, Room


def visible(chat: Chat, person_id: int, room: Room) -> tuple[Block, ...]:
    """The members whom a person may see: nearly always all of them."""
    inside = (
        person_id in room.member_blocks
        or person_id in chat.server_operators
        or chat.people.flags.keys().isdisjoint(room.member_blocks)
    )
    if inside and (AUDITORIUM not in room.flags or chat.may(person_id, room, Right.MODERATE)):
        return room.blocks
    filtered = (
        Block(
            tuple(
                member
                for member in block.members
                if (inside or sees(chat, person_id, member.person.id))
                and not chat.hides_member(room, person_id, member.person.id)
            )
        )
        for block in room.blocks
    )
    return tuple(block for block in filtered if block.members)


def sees(chat: Chat, person_id: int, other: int) -> bool:
    """Whether a list shows ``other`` to a person: invisible people only if they share a room."""
    return (
        not chat.has(other, INVISIBLE)
        or person_id == other
        or person_id in chat.server_operators
        or not set(chat.rooms.joined.get(person_id, ())).isdisjoint(chat.rooms.joined.get(other, ()))
    )
