"""Keeping a room in order: operators, kicks, bans, mutes, rules, erasing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncchat.core import commands, events, replies
from asyncchat.core.names import fold, mask_of
from asyncchat.core.rooms import FLAGS
from asyncchat.core.rules.rooms import closing, membership
from asyncchat.core.text import size

if TYPE_CHECKING:
    from asyncchat.core.chat import Chat, Items, Rule
    from asyncchat.core.rooms import Mark, Room

MASKS_EACH = 100
"""Bans, and mutes, of one room (the IRC dialect's MAXLIST): a room's messages are held against them."""

MASK_BYTES = 200
"""Longest mask: it has to fit one line with room and origin."""


def kick(chat: Chat, who: int, command: commands.Kick, _now: int) -> Items:
    """Puts a member out."""
    room = _as_operator(chat, who, command.room)
    if isinstance(room, replies.Refusal):
        return (room,)
    other = chat.person_named(command.name)
    if other is None or other.id not in room.seats:
        return (replies.NotThere(room.name, command.name),)
    return (events.Kicked(room.name, other, chat.people[who], command.reason), *closing(room))


def set_operator(chat: Chat, who: int, command: commands.SetOperator, _now: int) -> Items:
    """Gives a member the operator's role, or takes it."""
    room = _as_operator(chat, who, command.room)
    if isinstance(room, replies.Refusal):
        return (room,)
    other = chat.person_named(command.name)
    if other is None:
        return (replies.NoSuchPerson(command.name),)
    if other.id not in room.seats:
        return (replies.NotThere(room.name, command.name),)
    if (other.id in room.operators) == command.on:
        return ()
    return (events.OperatorChanged(room.name, other, chat.people[who], command.on),)


def set_flag(chat: Chat, who: int, command: commands.SetFlag, _now: int) -> Items:
    """Turns a rule of the room on or off."""
    room = _as_operator(chat, who, command.room)
    if isinstance(room, replies.Refusal):
        return (room,)
    if command.flag not in FLAGS or (command.flag in room.flags) == command.on:
        return ()
    return (events.FlagChanged(room.name, chat.people[who], command.flag, command.on),)


def ban(chat: Chat, who: int, command: commands.Ban, now: int) -> Items:
    """Bans a mask from the room, or lifts the ban."""
    room = _as_operator(chat, who, command.room)
    if isinstance(room, replies.Refusal):
        return (room,)
    mask = _meant(chat, room, room.bans, command.who, command.on)
    full = _full(room, room.bans, mask, command.on)
    if full is not None:
        return full
    return (events.BanChanged(room.name, chat.people[who], mask, command.on, now),)


def mute(chat: Chat, who: int, command: commands.Mute, now: int) -> Items:
    """Takes a mask's word in the room, or gives it back."""
    room = _as_operator(chat, who, command.room)
    if isinstance(room, replies.Refusal):
        return (room,)
    mask = _meant(chat, room, room.mutes, command.who, command.on)
    full = _full(room, room.mutes, mask, command.on)
    if full is not None:
        return full
    return (events.MuteChanged(room.name, chat.people[who], mask, command.on, now),)


def erase(chat: Chat, who: int, command: commands.Erase, _now: int) -> Items:
    """Takes messages out of the room's history."""
    room = _as_operator(chat, who, command.room)
    if isinstance(room, replies.Refusal):
        return (room,)
    return (events.Erased(room.name, chat.people[who], command.numbers),)


def _as_operator(chat: Chat, who: int, name: str) -> Room | replies.Refusal:
    """The room, if the asker may moderate it; the owner may from outside too."""
    if who in chat.owners:
        room = chat.room_named(name)
        return replies.NoSuchRoom(name) if room is None else room
    member_of = membership(chat, who, name)
    if isinstance(member_of, replies.Refusal) or chat.operates(who, member_of):
        return member_of
    return replies.NotOperator(member_of.name)


def _meant(chat: Chat, room: Room, masks: dict[str, Mark], typed: str, on: bool) -> str:
    """The mask a moderator means: one as typed, or for a bare name its host, so that another name is no way
    round it, unless others in the room come from there too. A name to lift is found under either.
    """
    if any(char in typed for char in "!@*?"):
        return _listed(masks, mask_of(typed))
    by_name = _listed(masks, mask_of(typed))
    person = chat.person_named(typed)
    if person is None:
        return by_name
    by_host = f"*!*@{person.host}"
    if not on:
        return by_name if by_name in masks else by_host
    shared = any(
        member.person.host == person.host and member.person.id != person.id for member in room.members()
    )
    return by_name if shared else by_host


def _listed(masks: dict[str, Mark], mask: str) -> str:
    """The mask as it stands in the list, whatever its case."""
    key = fold(mask)
    return next((listed for listed in masks if fold(listed) == key), mask)


def _full(room: Room, masks: dict[str, Mark], mask: str, on: bool) -> Items | None:
    """What to say instead of a change: nothing when it is so already, a refusal when there is no place."""
    if (mask in masks) == on:
        return ()
    if on and (len(masks) >= MASKS_EACH or size(mask) > MASK_BYTES):
        return (replies.TooManyMasks(room.name, mask, MASKS_EACH),)
    return None


RULES: dict[type[commands.Command], Rule] = {
    commands.Kick: kick,
    commands.SetOperator: set_operator,
    commands.SetFlag: set_flag,
    commands.Ban: ban,
    commands.Mute: mute,
    commands.Erase: erase,
}
