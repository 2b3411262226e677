"""Setting things: a room's flags, settings and lists of masks, its members' roles, a person's own flags.

Owns who may set what (the tables are ``modes`` and ``roles``); what a thing that is set does stands where it
is asked: joining in ``rooms``, speaking in ``speech``, being seen in ``questions``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from asyncchat.core import commands, events, replies
from asyncchat.core.masks import ACCOUNT, MUTED, REALNAME, describes
from asyncchat.core.modes import (
    BANS,
    EXCEPTIONS,
    FLAGS,
    FORWARD,
    LIMIT,
    MASK_LISTS,
    MUTES,
    PERSON_FLAGS,
    SETTINGS,
    SLOW,
)
from asyncchat.core.names import fold, mask_of
from asyncchat.core.roles import ROLE_NAMED, Right, highest
from asyncchat.core.rules.rooms import with_right
from asyncchat.core.text import size

if TYPE_CHECKING:
    from asyncchat.core.chat import Chat, Items, Rule
    from asyncchat.core.people import Person
    from asyncchat.core.rooms import Mark, Room

MASKS_EACH = 100
"""Masks of one list of a room (the IRC dialect's MAXLIST): a room's messages are held against them."""

MASK_BYTES = 140
"""Longest mask: it has to fit one line with room and origin."""


def _room_to_set(chat: Chat, who: int, name: str, right: Right | None = None) -> Room | replies.Refusal:
    """The room; whoever is outside lacks the right as any member does (Modern IRC, "Channel mode")."""
    found = with_right(chat, who, name, right)
    return replies.NotOperator(found.room) if isinstance(found, replies.NotMember) else found


def set_role(chat: Chat, who: int, command: commands.SetRole, _now: int) -> Items:
    """Gives a member a role, or takes it; each may lay down one's own."""
    role = ROLE_NAMED.get(command.role)
    if role is None:
        return ()
    room = _room_to_set(chat, who, command.room)
    if isinstance(room, replies.Refusal):
        return (room,)
    other = chat.person_named(command.name)
    mine = chat.rank(who, room)
    laid_down = other is not None and other.id == who and not command.on
    if mine < role.given_by and not laid_down:
        return (replies.NotOperator(room.name),)
    if other is None:
        return (replies.NoSuchPerson(command.name),)
    if other.id not in room.seats:
        return (replies.NotThere(room.name, command.name),)
    theirs = room.roles.get(other.id, 0)
    if bool(theirs & role.bit) == command.on:
        return ()
    if highest(theirs) > highest(mine):
        return (replies.Outranked(room.name, other.name),)
    return (events.RoleChanged(room.name, other, chat.people[who], command.on, role.name),)


def set_flag(chat: Chat, who: int, command: commands.SetFlag, _now: int) -> Items:
    """Turns a rule of the room on or off."""
    room = _room_to_set(chat, who, command.room, Right.RULE)
    if isinstance(room, replies.Refusal):
        return (room,)
    if command.flag not in FLAGS or (command.flag in room.flags) == command.on:
        return ()
    return (events.FlagChanged(room.name, chat.people[who], command.flag, command.on),)


def set_setting(chat: Chat, who: int, command: commands.SetSetting, _now: int) -> Items:
    """Gives a setting of the room a value, or takes it away."""
    room = _room_to_set(chat, who, command.room, Right.RULE)
    if isinstance(room, replies.Refusal):
        return (room,)
    name, value = command.setting, command.value
    setting = SETTINGS.get(name)
    if setting is None:
        return ()
    if value:
        fault = setting.fault(value)
        if fault is None and name == FORWARD:
            fault = _forward_fault(chat, who, room, value)
        if fault is not None:
            return (replies.BadValue(room.name, name, value, fault),)
        if name in (LIMIT, SLOW):
            value = str(int(value))
    if room.settings.get(name, "") == value:
        return ()
    return (events.SettingChanged(room.name, chat.people[who], name, value),)


def _forward_fault(chat: Chat, who: int, room: Room, to: str) -> str | None:
    """People are sent only where the one who sends them has a say too."""
    other = chat.room_shown(to, who)
    if other is None or other is room:
        return "there is no such other room"
    return None if chat.may(who, other, Right.RULE) else "you are not an operator of that room"


def ban(chat: Chat, who: int, command: commands.Ban, now: int) -> Items:
    """Bans a mask from the room, or lifts the ban."""
    items = set_mask(
        chat, who, commands.SetMask(command.room, BANS, command.who, command.on, command.seconds), now
    )
    room = chat.room_named(command.room)
    refused = bool(items) and isinstance(items[0], replies.Refusal)
    if room is None or refused or not (command.on and command.out):
        return items
    mask = _meant(chat, room, room.masks[BANS], command.who, True)
    return (*items, *_put_out(chat, who, room, mask))


def _put_out(chat: Chat, who: int, room: Room, mask: str) -> tuple[events.Kicked, ...]:
    """The members a ban means, put out: not the one who sets it, nor who is excepted or has a higher role."""
    mine = highest(chat.rank(who, room))
    meant = [
        member.person
        for member in room.members()
        if describes(mask, member.person)
        and member.person.id != who
        and not room.lists(EXCEPTIONS, member.person)
        and highest(room.roles.get(member.person.id, 0)) <= mine
    ]
    return tuple(events.Kicked(room.name, person, chat.people[who], "banned") for person in meant)


def mute(chat: Chat, who: int, command: commands.Mute, now: int) -> Items:
    """Takes a mask's word in the room, or gives it back."""
    return set_mask(
        chat, who, commands.SetMask(command.room, MUTES, command.who, command.on, command.seconds), now
    )


def set_mask(chat: Chat, who: int, command: commands.SetMask, now: int) -> Items:
    """Puts a mask on one of the room's lists, or takes it off."""
    room = _room_to_set(chat, who, command.room, Right.KEEP_ORDER)
    if isinstance(room, replies.Refusal):
        return (room,)
    listed, on = command.listed, command.on
    if listed not in MASK_LISTS:
        return ()
    masks = room.masks[listed]
    mask = _meant(chat, room, masks, command.who, on)
    if (mask in masks) == on and not (on and (command.seconds or masks[mask].until)):
        return ()
    if on and mask not in masks and (len(masks) >= MASKS_EACH or size(mask) > MASK_BYTES):
        return (replies.TooManyMasks(room.name, mask, MASKS_EACH),)
    until = now + command.seconds * 1_000_000 if on and command.seconds else 0
    return (mask_changed(room.name, chat.people[who], listed, mask, on, now, until),)


def mask_changed(
    room: str, by: Person, listed: str, mask: str, on: bool, now: int, until: int = 0
) -> events.BanChanged | events.MuteChanged | events.MaskChanged:
    """The fact that a mask stands on a list, or no more."""
    if listed == BANS:
        return events.BanChanged(room, by, mask, on, now, until)
    if listed == MUTES:
        return events.MuteChanged(room, by, mask, on, now, until)
    return events.MaskChanged(room, by, listed, mask, on, now, until)


def over(chat: Chat, by: Person, now: int) -> Iterator[events.AnyEvent]:
    """The facts that take off the rooms' lists what stood there for a time that is over."""
    for room in chat.rooms.values():
        if room.ends and room.ends <= now:
            for listed, masks in room.masks.items():
                for mask, mark in masks.items():
                    if mark.until and mark.until <= now:
                        yield mask_changed(room.name, by, listed, mask, False, now)


def _meant(chat: Chat, room: Room, masks: dict[str, Mark], typed: str, on: bool) -> str:
    """The mask a moderator means: one as typed, or for a bare name its host, so that another name is no way
    round it, unless others in the room come from there too. A name to lift is found under either.
    """
    if typed.startswith(MUTED):
        such = {mask[len(MUTED) :]: mark for mask, mark in masks.items() if mask.startswith(MUTED)}
        return MUTED + _meant(chat, room, such, typed[len(MUTED) :], on)
    if typed.startswith((REALNAME, ACCOUNT)):
        return _listed(masks, typed)
    if any(char in typed for char in "!@*?"):
        return _listed(masks, mask_of(typed))
    by_name = _listed(masks, mask_of(typed))
    person = chat.person_named(typed)
    if person is None:
        return by_name
    by_host = f"*!*@{person.host}"
    if not on:
        return by_name if by_name in masks else by_host
    neighbours = any(
        member.person.host == person.host and member.person.id != person.id for member in room.members()
    )
    return by_name if neighbours else by_host


def _listed(masks: dict[str, Mark], mask: str) -> str:
    """The mask as it stands in the list, whatever its case."""
    key = fold(mask)
    return next((listed for listed in masks if fold(listed) == key), mask)


def set_person_flag(chat: Chat, who: int, command: commands.SetPersonFlag, _now: int) -> Items:
    """Turns one of one's own flags on or off."""
    me = chat.people.get(who)
    if me is None:
        return (replies.NotEntered(),)
    if command.name and fold(command.name) != me.key:
        other = chat.person_named(command.name)
        return (replies.NoSuchPerson(command.name) if other is None else replies.NotYourself(other.name),)
    if command.flag not in PERSON_FLAGS or chat.has(who, command.flag) == command.on:
        return ()
    return (events.PersonFlagChanged(me, command.flag, command.on),)


def several(_chat: Chat, _who: int, command: commands.Several, _now: int) -> Items:
    """Lets the hub put one after the other."""
    return command.commands


RULES: dict[type[commands.Command], Rule] = {
    commands.Several: several,
    commands.SetRole: set_role,
    commands.SetFlag: set_flag,
    commands.SetSetting: set_setting,
    commands.Ban: ban,
    commands.Mute: mute,
    commands.SetMask: set_mask,
    commands.SetPersonFlag: set_person_flag,
}
