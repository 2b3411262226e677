"""Moderating a room: kick and ban.

Owns the removal of members. The lists of masks are in ``room_modes``.
"""

from typing import ClassVar

from asyncchat.core.chat import Chat
from asyncchat.core.commands import Command
from asyncchat.core.features.room_modes import SetMask, mask_meant, set_mask
from asyncchat.core.features.rooms import Kicked, closing
from asyncchat.core.masks import describes
from asyncchat.core.modes import BANS, EXCEPTIONS
from asyncchat.core.people import Person
from asyncchat.core.permissions import about_room
from asyncchat.core.registry import Items, handles
from asyncchat.core.replies import NotThere, Outranked, Refusal
from asyncchat.core.roles import Right, highest
from asyncchat.core.rooms import Room


class Kick(Command, frozen=True):
    """Remove a member from a room."""

    audited: ClassVar[bool] = True
    room: str
    name: str
    reason: str = ""


class Ban(Command, frozen=True):
    """Ban a person, by name or mask, from a room, or lift the ban; ``out``: remove matching members too."""

    audited: ClassVar[bool] = True
    room: str
    mask: str
    on: bool = True
    out: bool = False
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
    return (*items, *_kicking_banned(chat, person_id, room, mask))


def _kicking_banned(chat: Chat, person_id: int, room: Room, mask: str) -> tuple[Kicked, ...]:
    """Removes the members that a ban matches, except its author, excepted and higher ones."""
    mine = highest(chat.rank(person_id, room))
    banned = [
        member.person
        for member in room.members()
        if describes(mask, member.person, by_address=person_id in chat.server_operators)
        and member.person.id != person_id
        and not room.lists(EXCEPTIONS, member.person)
        and highest(room.roles.get(member.person.id, 0)) <= mine
    ]
    return tuple(Kicked(room.name, person, chat.people[person_id], "banned") for person in banned)


@about_room(Kick, right=Right.MODERATE)
def kick(chat: Chat, me: Person, room: Room, command: Kick, _now: int) -> Items:
    """Removes a member who has no higher role than the requester."""
    other = chat.person_named(command.name)
    if other is None or other.id not in room.member_blocks:
        return (NotThere(room.name, command.name),)
    if highest(room.roles.get(other.id, 0)) > highest(chat.rank(me.id, room)):
        return (Outranked(room.name, other.name),)
    return (Kicked(room.name, other, me, command.reason), *closing(chat, room))
