"""Moderating a room: kick, ban, mute.

Owns what removes people; the lists of masks are ``room_modes``'.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from asyncchat.core.commands import Command
from asyncchat.core.features.room_modes import SetMask, mask_meant, set_mask
from asyncchat.core.features.rooms import Kicked, closing
from asyncchat.core.masks import describes
from asyncchat.core.modes import BANS, EXCEPTIONS, MUTES
from asyncchat.core.permissions import with_right
from asyncchat.core.registry import Items, handles
from asyncchat.core.replies import NotThere, Outranked, Refusal
from asyncchat.core.roles import Right, highest
from asyncchat.core.rooms import Room

if TYPE_CHECKING:
    from asyncchat.core.chat import Chat


class Kick(Command, frozen=True):
    """Put a member out of a room."""

    audited: ClassVar[bool] = True
    room: str
    name: str
    reason: str = ""


class Ban(Command, frozen=True):
    """Ban a person, by name or mask, from a room, or lift that ban; ``out`` puts who it means out at once."""

    audited: ClassVar[bool] = True
    room: str
    mask: str
    on: bool = True
    out: bool = False
    seconds: int = 0


class Mute(Command, frozen=True):
    """Take a person's word in a room, by name or mask, or give it back."""

    audited: ClassVar[bool] = True
    room: str
    mask: str
    on: bool = True
    seconds: int = 0


@handles(Ban)
def ban(chat: Chat, person_id: int, command: Ban, now: int) -> Items:
    """Bans a mask from the room, or lifts the ban."""
    items = set_mask(
        chat, person_id, SetMask(command.room, BANS, command.mask, command.on, command.seconds), now
    )
    room = chat.room_named(command.room)
    refused = bool(items) and isinstance(items[0], Refusal)
    if room is None or refused or not (command.on and command.out):
        return items
    mask = mask_meant(chat, room, room.masks[BANS], command.mask, True)
    return (*items, *_put_out(chat, person_id, room, mask))


def _put_out(chat: Chat, person_id: int, room: Room, mask: str) -> tuple[Kicked, ...]:
    """The members a ban means, put out: not the one who sets it, nor who is excepted or has a higher role."""
    mine = highest(chat.rank(person_id, room))
    meant = [
        member.person
        for member in room.members()
        if describes(mask, member.person)
        and member.person.id != person_id
        and not room.lists(EXCEPTIONS, member.person)
        and highest(room.roles.get(member.person.id, 0)) <= mine
    ]
    return tuple(Kicked(room.name, person, chat.people[person_id], "banned") for person in meant)


@handles(Mute)
def mute(chat: Chat, person_id: int, command: Mute, now: int) -> Items:
    """Takes a mask's word in the room, or gives it back."""
    return set_mask(
        chat, person_id, SetMask(command.room, MUTES, command.mask, command.on, command.seconds), now
    )


@handles(Kick)
def kick(chat: Chat, person_id: int, command: Kick, _now: int) -> Items:
    """Puts a member out who has no higher role."""
    room = with_right(chat, person_id, command.room, Right.MODERATE)
    if isinstance(room, Refusal):
        return (room,)
    other = chat.person_named(command.name)
    if other is None or other.id not in room.member_blocks:
        return (NotThere(room.name, command.name),)
    if highest(room.roles.get(other.id, 0)) > highest(chat.rank(person_id, room)):
        return (Outranked(room.name, other.name),)
    return (Kicked(room.name, other, chat.people[person_id], command.reason), *closing(chat, room))
