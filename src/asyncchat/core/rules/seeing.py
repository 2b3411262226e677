"""Who is shown to whom: in a room's list of members, and elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncchat.core.modes import AUDITORIUM, INVISIBLE
from asyncchat.core.roles import Right
from asyncchat.core.rooms import Block

if TYPE_CHECKING:
    from asyncchat.core.chat import Chat
    from asyncchat.core.rooms import Room


def visible(chat: Chat, who: int, room: Room) -> tuple[Block, ...]:
    """The members whom somebody may see: nearly always all of them."""
    inside = who in room.seats or who in chat.owners or chat.person_flags.keys().isdisjoint(room.seats)
    if inside and (AUDITORIUM not in room.flags or chat.may(who, room, Right.KEEP_ORDER)):
        return room.blocks
    seen = (
        Block(
            tuple(
                member
                for member in block.members
                if (inside or sees(chat, who, member.person.id))
                and not chat.veils(room, who, member.person.id)
            )
        )
        for block in room.blocks
    )
    return tuple(block for block in seen if block.members)


def sees(chat: Chat, who: int, other: int) -> bool:
    """Whether somebody is shown another in a list: the invisible only to who shares a room with them."""
    return (
        not chat.has(other, INVISIBLE)
        or who == other
        or who in chat.owners
        or not set(chat.rooms_of.get(who, ())).isdisjoint(chat.rooms_of.get(other, ()))
    )
