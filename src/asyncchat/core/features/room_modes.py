"""What is set for a room: flags, settings, lists of masks, and its members' roles.

Owns who may set what; the tables are in ``modes`` and ``roles``. Must not know what a mode does: that is in
``join`` (joining), ``messages`` (speaking) and ``visibility``.
"""

from collections.abc import Iterable, Iterator
from typing import ClassVar

import msgspec

from asyncchat.core.chat import Chat
from asyncchat.core.commands import Command, Query
from asyncchat.core.events import Event, Retention, Stream
from asyncchat.core.features.audit import note_read, note_secret
from asyncchat.core.masks import ACCOUNT, MUTED, REALNAME
from asyncchat.core.modes import (
    BANS,
    FLAGS,
    FORWARD,
    KEY,
    LIMIT,
    MASK_LISTS,
    MUTES,
    OPENED_FLAGS,
    SETTINGS,
    SLOW,
)
from asyncchat.core.names import fold, mask_of
from asyncchat.core.people import NOBODY, Person, from_origin
from asyncchat.core.permissions import about_room, with_right
from asyncchat.core.registry import Items, answers, applies, handles, notes, snapshots_room
from asyncchat.core.replies import (
    NoSuchPerson,
    NoSuchRoom,
    NotMember,
    NotOperator,
    NotThere,
    Outranked,
    Refusal,
    Reply,
)
from asyncchat.core.roles import ROLE_NAMED, Right, highest
from asyncchat.core.rooms import MASKS_FROM_NETWORK, ListEntry, Room
from asyncchat.core.text import size


class GetFlags(Query, frozen=True):
    """A room's flags and settings, and when it was opened."""

    room: str


class GetMasks(Query, frozen=True):
    """Some of a room's lists of masks (``modes.MASK_LISTS``)."""

    room: str
    lists: tuple[str, ...] = (BANS,)


class SetRole(Command, frozen=True):
    """Give a member one of ``roles.ROLES``, or take it back."""

    audited: ClassVar[bool] = True
    room: str
    name: str
    on: bool = True
    role: str = "operator"


class SetFlag(Command, frozen=True):
    """Turn one of the room's flags (``modes.FLAGS``) on or off."""

    audited: ClassVar[bool] = True
    room: str
    flag: str
    on: bool = True


class SetSetting(Command, frozen=True):
    """Give one of the room's settings (``modes.SETTINGS``) a value; an empty value removes it."""

    audited: ClassVar[bool] = True
    room: str
    setting: str
    value: str = ""


class SetMask(Command, frozen=True):
    """Put a person, by name or mask, on one of the room's lists (``modes.MASK_LISTS``), or remove it.

    ``seconds`` is how long the mask stays there; 0: no end.
    """

    audited: ClassVar[bool] = True
    room: str
    listed: str
    mask: str
    on: bool = True
    seconds: int = 0


class RoleChanged(Event, frozen=True, tag="operator"):
    """A member got a role in the room (one of ``roles.ROLES``), or lost it."""

    concerns: ClassVar[str] = "person"
    stream: ClassVar[Stream] = Stream.PRESENCE
    coalesces: ClassVar[bool] = True
    affects: ClassVar[tuple[str, ...]] = ("person",)
    room: str
    person: Person
    by: Person
    on: bool
    role: str = "operator"

    def allowed_by_role(self, room: Room, person_id: int) -> bool:
        """Whether a person's role in the room allows this act; the server's own follow from another act."""
        if not self.by.id:
            return True
        gives = room.roles.get(person_id, 0) >= ROLE_NAMED[self.role].given_by
        laid_down = self.person.id == person_id and not self.on
        return laid_down or (gives and not room.outranks(self.person.id, person_id))


class FlagChanged(Event, frozen=True, tag="flag"):
    """A room's flag, one of ``modes.FLAGS``, was turned on or off."""

    retention: ClassVar[Retention] = Retention.STATE
    stream: ClassVar[Stream] = Stream.CHANGES
    coalesces: ClassVar[bool] = True
    right: ClassVar[Right | None] = Right.MANAGE
    room: str
    person: Person
    flag: str
    on: bool


class SettingChanged(Event, frozen=True, tag="setting"):
    """A room's setting, one of ``modes.SETTINGS``, was changed, or removed (an empty value)."""

    retention: ClassVar[Retention] = Retention.STATE
    stream: ClassVar[Stream] = Stream.CHANGES
    coalesces: ClassVar[bool] = True
    right: ClassVar[Right | None] = Right.MANAGE
    room: str
    person: Person
    setting: str
    value: str


class MaskChanged(Event, frozen=True, tag="mask"):
    """A mask was put on a list of a room (``modes.MASK_LISTS``), or removed from it.

    ``time`` and ``until`` (0: no end) in microseconds since 1970 UTC. ``by_address``: it is compared with
    addresses that hosts hide, too. Only operators of the server see them; others could find them by bans.
    """

    retention: ClassVar[Retention] = Retention.STATE
    stream: ClassVar[Stream] = Stream.CHANGES
    coalesces: ClassVar[bool] = True
    right: ClassVar[Right | None] = Right.MODERATE
    room: str
    person: Person
    listed: str
    mask: str
    on: bool
    time: int
    until: int = 0
    by_address: bool = True


class RetiredBan(Event, frozen=True, tag="ban"):
    """The ``MaskChanged`` of the list of bans, as older versions wrote it."""

    retired: ClassVar[bool] = True
    listed: ClassVar[str] = BANS
    room: str
    person: Person
    mask: str
    on: bool
    time: int
    until: int = 0

    def current(self) -> MaskChanged:
        """The event that stands for this one today."""
        return MaskChanged(self.room, self.person, self.listed, self.mask, self.on, self.time, self.until)


class RetiredMute(RetiredBan, frozen=True, tag="mute"):
    """The same for the list of mutes."""

    listed: ClassVar[str] = MUTES


class FlagsView(Reply, frozen=True):
    """A room's flags and settings; ``opened`` in microseconds since 1970 UTC; ``outside``: no key shown."""

    room: str
    flags: frozenset[str]
    opened: int
    settings: tuple[tuple[str, str], ...] = ()
    outside: bool = False


class MaskView(msgspec.Struct, frozen=True):
    """One mask of a list: who set it, when, and until when (microseconds since 1970 UTC; 0: no end)."""

    mask: str
    by: str
    time: int
    listed: str
    until: int = 0


class MasksView(Reply, frozen=True):
    """The masks on the lists of a room that were asked for."""

    room: str
    lists: tuple[str, ...]
    masks: tuple[MaskView, ...]


class BadValue(Refusal, frozen=True):
    """A setting can't have that value; ``reason`` is half a sentence. A key is not said back: empty."""

    room: str
    setting: str
    value: str
    reason: str


class TooManyMasks(Refusal, frozen=True):
    """One of a room's lists of masks is full."""

    room: str
    mask: str
    limit: int


class TooManyMasksFromNetwork(Refusal, frozen=True):
    """The lists of all rooms that people from the room's network have opened are full."""

    room: str
    mask: str
    limit: int


MASKS_EACH = 100
"""Masks on one list of a room (the IRC dialect's MAXLIST): each message to the room is matched with them."""


MASK_BYTES = 140
"""Longest mask: it has to fit one line with room and origin."""


@notes(GetFlags, GetMasks)
def _note(chat: Chat, person_id: int, query: GetFlags | GetMasks, now: int) -> Iterable[Event]:
    room = chat.room_named(query.room)
    if room is None:
        return ()
    seen = note_secret(chat, person_id, room, now)
    if isinstance(query, GetMasks) or KEY not in room.settings or person_id in room.member_blocks:
        return seen
    return (*seen, *note_read(chat, person_id, "key", room.name, now))


@answers(GetFlags)
def flags(chat: Chat, person_id: int, query: GetFlags) -> Reply | Refusal:
    """A room's flags and settings; the key only for members and server operators."""
    room = chat.room_shown(query.room, person_id)
    if room is None:
        return NoSuchRoom(query.room)
    outside = person_id not in room.member_blocks and person_id not in chat.server_operators
    settings = tuple(
        (setting, "" if outside and setting == KEY else value) for setting, value in room.settings.items()
    )
    return FlagsView(room.name, room.flags, room.opened, settings, outside)


@answers(GetMasks)
def masks(chat: Chat, person_id: int, query: GetMasks) -> Reply | Refusal:
    """The masks on some of a room's lists."""
    room = chat.room_shown(query.room, person_id)
    if room is None:
        return NoSuchRoom(query.room)
    return MasksView(
        room.name,
        query.lists,
        tuple(
            MaskView(mask, entry.by, entry.time, listed, entry.until)
            for listed in query.lists
            for mask, entry in room.masks.get(listed, {}).items()
        ),
    )


def _room_to_set(chat: Chat, person_id: int, name: str, right: Right | None = None) -> Room | Refusal:
    """The room; an outsider is refused like a member without the right (Modern IRC, "Channel mode")."""
    found = with_right(chat, person_id, name, right)
    return NotOperator(found.room) if isinstance(found, NotMember) else found


@handles(SetRole)
def set_role(chat: Chat, person_id: int, command: SetRole, _now: int) -> Items:
    """Gives a member a role, or takes it away; members may give up their own roles."""
    role = ROLE_NAMED.get(command.role)
    if role is None:
        return ()
    room = _room_to_set(chat, person_id, command.room)
    if isinstance(room, Refusal):
        return (room,)
    other = chat.person_named(command.name)
    mine = chat.rank(person_id, room)
    laid_down = other is not None and other.id == person_id and not command.on
    if mine < role.given_by and not laid_down:
        return (NotOperator(room.name),)
    if other is None:
        return (NoSuchPerson(command.name),)
    if other.id not in room.member_blocks:
        return (NotThere(room.name, command.name),)
    theirs = room.roles.get(other.id, 0)
    if bool(theirs & role.bit) == command.on:
        return ()
    if highest(theirs) > highest(mine):
        return (Outranked(room.name, other.name),)
    return (RoleChanged(room.name, other, chat.people[person_id], command.on, role.name),)


@about_room(SetFlag, right=Right.MANAGE, find=_room_to_set)
def set_flag(chat: Chat, me: Person, room: Room, command: SetFlag, _now: int) -> Items:
    """Turns a flag of the room on or off."""
    if command.flag not in FLAGS or (command.flag in room.flags) == command.on:
        return ()
    return (FlagChanged(room.name, me, command.flag, command.on),)


@about_room(SetSetting, right=Right.MANAGE, find=_room_to_set)
def set_setting(chat: Chat, me: Person, room: Room, command: SetSetting, _now: int) -> Items:
    """Gives a setting of the room a value, or removes it; who forwards to a room is an operator there too."""
    name, value = command.setting, command.value
    setting = SETTINGS.get(name)
    if setting is None:
        return ()
    if value:
        fault = setting.fault(value)
        if fault is None and name == FORWARD:
            other = chat.room_shown(value, me.id)
            if other is None or other is room:
                fault = "there is no such other room"
            elif not chat.may(me.id, other, Right.MANAGE):
                return (NotOperator(other.name),)
        if fault is not None:
            return (BadValue(room.name, name, "" if name == KEY else value, fault),)
        if name in (LIMIT, SLOW):
            value = str(int(value))
    if room.settings.get(name, "") == value:
        return ()
    return (SettingChanged(room.name, me, name, value),)


@about_room(SetMask, right=Right.MODERATE, find=_room_to_set)
def set_mask(chat: Chat, me: Person, room: Room, command: SetMask, now: int) -> Items:
    """Puts a mask on one of the room's lists, or removes it."""
    listed, on = command.listed, command.on
    if listed not in MASK_LISTS:
        return ()
    masks = room.masks[listed]
    mask = mask_meant(chat, room, masks, command.mask, on)
    if (mask in masks) == on and not (on and (command.seconds or masks[mask].until)):
        return ()
    if on and mask not in masks and (len(masks) >= MASKS_EACH or size(mask) > MASK_BYTES):
        return (TooManyMasks(room.name, mask, MASKS_EACH),)
    if on and mask not in masks and not chat.rooms.may_list(room):
        return (TooManyMasksFromNetwork(room.name, mask, MASKS_FROM_NETWORK),)
    until = now + command.seconds * 1_000_000 if on and command.seconds else 0
    by_address = me.id in chat.server_operators
    return (MaskChanged(room.name, me, listed, mask, on, now, until, by_address),)


def over(chat: Chat, by: Person, now: int) -> Iterator[Event]:
    """The events that remove expired masks from the lists of all rooms."""
    for room in chat.rooms.values():
        if room.next_expiry and room.next_expiry <= now:
            for listed, masks in room.masks.items():
                for mask, entry in masks.items():
                    if entry.until and entry.until <= now:
                        yield MaskChanged(room.name, by, listed, mask, False, now)


def mask_meant(chat: Chat, room: Room, masks: dict[str, ListEntry], typed: str, on: bool) -> str:
    """The mask that a moderator means.

    A mask is taken as typed. For a name it is the person's host, so that another name does not evade it,
    unless other members have the same host. To remove a name, the list is searched for either form.
    """
    if typed.startswith(MUTED):
        such = {mask[len(MUTED) :]: entry for mask, entry in masks.items() if mask.startswith(MUTED)}
        return MUTED + mask_meant(chat, room, such, typed[len(MUTED) :], on)
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


def _listed(masks: dict[str, ListEntry], mask: str) -> str:
    """The mask as it is spelled in the list, regardless of case."""
    key = fold(mask)
    return next((listed for listed in masks if fold(listed) == key), mask)


@applies(RoleChanged)
def _role_changed(chat: Chat, event: RoleChanged) -> None:
    room = chat.rooms[fold(event.room)]
    bit = ROLE_NAMED[event.role].bit
    roles = room.roles.get(event.person.id, 0)
    room.replace_member(event.person, roles | bit if event.on else roles & ~bit)


@applies(FlagChanged)
def _flag_changed(chat: Chat, event: FlagChanged) -> None:
    chat.rooms[fold(event.room)].set_flag(event.flag, event.on)


@applies(SettingChanged)
def _setting_changed(chat: Chat, event: SettingChanged) -> None:
    chat.rooms[fold(event.room)].set_setting(event.setting, event.value)


@applies(MaskChanged)
def _mask_changed(chat: Chat, event: MaskChanged) -> None:
    entry = ListEntry(event.person.origin, event.time, event.until, event.by_address) if event.on else None
    chat.rooms.set_list_entry(chat.rooms[fold(event.room)], event.listed, event.mask, entry)


@snapshots_room
def _snapshot(room: Room) -> Iterator[Event]:
    for flag in sorted(room.flags ^ OPENED_FLAGS):
        yield FlagChanged(room.name, NOBODY, flag, flag in room.flags)
    for setting, value in room.settings.items():
        yield SettingChanged(room.name, NOBODY, setting, value)
    for listed, masks in room.masks.items():
        for mask, entry in masks.items():
            by = from_origin(entry.by)
            yield MaskChanged(room.name, by, listed, mask, True, entry.time, entry.until, entry.by_address)
