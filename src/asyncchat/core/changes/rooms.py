"""What facts about rooms change in the chat."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from asyncchat.core import events
from asyncchat.core.modes import BANS, FORWARD, MUTES, SLOW
from asyncchat.core.names import fold
from asyncchat.core.roles import OPERATOR, ROLE_NAMED
from asyncchat.core.rooms import Mark, Room, Topic

if TYPE_CHECKING:
    from asyncchat.core.chat import Chat

MOST_FORMER = 4
"""Former names of a room that lead to it."""


def _room_opened(chat: Chat, event: events.RoomOpened) -> None:
    key = fold(event.room)
    chat.rooms[key] = Room(event.room, event.time)
    if chat.moved:
        _forget_name(chat, key)


def _room_closed(chat: Chat, event: events.RoomClosed) -> None:
    key = fold(event.room)
    room = chat.rooms.pop(key)
    chat.metadata.count -= len(room.metadata)
    for name in room.former:
        chat.moved.pop(fold(name), None)
    for who in [who for who, rooms in chat.invitations.items() if key in rooms]:
        _use_up(chat, who, key)


def _room_renamed(chat: Chat, event: events.RoomRenamed) -> None:
    old, key = fold(event.room), fold(event.to)
    room = chat.rooms.pop(old)
    room.name, room.renamed = event.to, event.time
    chat.rooms[key] = room
    if key == old:
        return
    _forget_name(chat, key)
    former = (*(name for name in room.former if fold(name) != key), event.room)
    for name in former[:-MOST_FORMER]:
        chat.moved.pop(fold(name), None)
    room.former = former[-MOST_FORMER:]
    chat.moved.update((fold(name), key) for name in room.former)
    for who in room.seats:
        chat.rooms_of[who] = tuple(key if other == old else other for other in chat.rooms_of[who])
    held: tuple[dict[str, Any], ...] = (
        *chat.invitations.values(),
        *chat.marks.values(),
        *chat.guests_marks.values(),
    )
    for rooms in held:
        if old in rooms:
            rooms[key] = rooms.pop(old)
    for other in chat.rooms.values():
        if fold(other.settings.get(FORWARD, "")) == old:
            other.settings[FORWARD] = event.to


def _forget_name(chat: Chat, key: str) -> None:
    """Lets a name lead no more to the room that had it before."""
    to = chat.moved.pop(key, None)
    if to is not None and to in chat.rooms:
        room = chat.rooms[to]
        room.former = tuple(name for name in room.former if fold(name) != key)


def _joined(chat: Chat, event: events.Joined) -> None:
    who = event.person.id
    key = fold(event.room)
    chat.rooms[key].seat(event.person, OPERATOR.bit if event.operator else 0)
    chat.rooms_of[who] = (*chat.rooms_of.get(who, ()), key)
    if chat.invitations:
        _use_up(chat, who, key)


def _left_room(chat: Chat, event: events.Parted | events.Kicked) -> None:
    who = event.person.id
    key = fold(event.room)
    chat.rooms[key].unseat(who)
    chat.rooms_of[who] = tuple(other for other in chat.rooms_of[who] if other != key)


def _role_changed(chat: Chat, event: events.RoleChanged) -> None:
    room = chat.rooms[fold(event.room)]
    bit = ROLE_NAMED[event.role].bit
    roles = room.roles.get(event.person.id, 0)
    room.reseat(event.person, roles | bit if event.on else roles & ~bit)


def _topic_changed(chat: Chat, event: events.TopicChanged) -> None:
    topic = Topic(event.text, event.person.origin, event.time) if event.text else None
    chat.rooms[fold(event.room)].topic = topic


def _flag_changed(chat: Chat, event: events.FlagChanged) -> None:
    chat.rooms[fold(event.room)].turn(event.flag, event.on)


def _setting_changed(chat: Chat, event: events.SettingChanged) -> None:
    chat.rooms[fold(event.room)].set(event.setting, event.value)


def _ban_changed(chat: Chat, event: events.BanChanged) -> None:
    _mark(chat, BANS, event)


def _mute_changed(chat: Chat, event: events.MuteChanged) -> None:
    _mark(chat, MUTES, event)


def _mask_changed(chat: Chat, event: events.MaskChanged) -> None:
    _mark(chat, event.listed, event)


def _invited(chat: Chat, event: events.Invited) -> None:
    rooms = chat.invitations.setdefault(event.to.id, {})
    key = fold(event.room)
    rooms[key] = rooms.get(key, False) or event.admits


def _spoke(chat: Chat, event: events.Spoke) -> None:
    room = chat.rooms[fold(event.room)]
    if SLOW in room.settings:
        room.spoke[event.person.id] = event.time


def _knocked(chat: Chat, event: events.Knocked) -> None:
    chat.knocks.setdefault(event.person.id, {})[fold(event.room)] = event.time


def _use_up(chat: Chat, who: int, key: str) -> None:
    """Ends an invitation."""
    rooms = chat.invitations.get(who)
    if rooms is not None and rooms.pop(key, None) is not None and not rooms:
        del chat.invitations[who]


def _mark(
    chat: Chat, listed: str, event: events.BanChanged | events.MuteChanged | events.MaskChanged
) -> None:
    mark = Mark(event.person.origin, event.time, event.until) if event.on else None
    chat.rooms[fold(event.room)].mark(listed, event.mask, mark)


CHANGES: dict[type[events.Event], Callable[[Chat, Any], None]] = {
    events.RoomOpened: _room_opened,
    events.RoomClosed: _room_closed,
    events.RoomRenamed: _room_renamed,
    events.Joined: _joined,
    events.Parted: _left_room,
    events.Kicked: _left_room,
    events.RoleChanged: _role_changed,
    events.TopicChanged: _topic_changed,
    events.FlagChanged: _flag_changed,
    events.BanChanged: _ban_changed,
    events.MuteChanged: _mute_changed,
    events.SettingChanged: _setting_changed,
    events.MaskChanged: _mask_changed,
    events.Invited: _invited,
    events.Knocked: _knocked,
    events.Spoke: _spoke,
}
