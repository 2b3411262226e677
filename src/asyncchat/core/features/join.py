"""Joining and leaving rooms.

Owns who may join, and what a room shows to whoever joins.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from asyncchat.core.commands import Command, Query
from asyncchat.core.confusables import is_mixed_script, skeleton
from asyncchat.core.events import Event
from asyncchat.core.features.invites import Invites
from asyncchat.core.features.metadata.facts import MetadataLater, MetadataTold
from asyncchat.core.features.metadata.state import in_room, keys_of, patience, waits
from asyncchat.core.features.read_markers import read_marker_of
from asyncchat.core.features.room_registration import granted
from asyncchat.core.features.rooms import Joined, Parted, RoomClosed, RoomOpened, closing
from asyncchat.core.modes import (
    ACCOUNTS_ONLY,
    AUDITORIUM,
    BANS,
    FORWARD,
    GUESTS,
    INVITE_ONLY,
    KEY,
    LIMIT,
    SECRET,
)
from asyncchat.core.names import LOBBY, fold, room_fault
from asyncchat.core.people import Person
from asyncchat.core.permissions import membership
from asyncchat.core.registry import Items, answers, handles
from asyncchat.core.replies import NeedsAccount, NotConnectedYet, Refusal, Reply
from asyncchat.core.rooms import Block, Room, Topic
from asyncchat.core.visibility import visible

if TYPE_CHECKING:
    from asyncchat.core.chat import Chat


class GetRoom(Query, frozen=True):
    """A room's topic and members; ``joining`` marks what follows the asker's own join."""

    room: str
    joining: bool = False


class Join(Command, frozen=True):
    """Become a member of a room, which opens with its first one; ``key`` is the word that one may need.

    ``follow``: of a room that has another name now, become a member under that; else it is only said.
    """

    room: str
    key: str = ""
    follow: bool = True


class Part(Command, frozen=True):
    """Leave one room."""

    room: str
    reason: str = ""


class PartAll(Command, frozen=True):
    """Leave all rooms."""

    reason: str = ""


class RoomView(Reply, frozen=True):
    """A room as a member sees it. ``blocks`` hold the members in the order in which they came.

    ``read`` is up to when the asker has read it (microseconds since 1970 UTC); None: unknown. ``metadata`` is
    what the asker is told of it besides, if anything.
    """

    room: str
    topic: Topic | None
    blocks: tuple[Block, ...]
    size: int
    joining: bool
    person: Person
    secret: bool = False
    read: int | None = None
    metadata: MetadataTold | MetadataLater | None = None


class NoRoomView(Reply, frozen=True):
    """The members of a room that does not exist: none."""

    room: str


class Forwarded(Reply, frozen=True):
    """The asker may not join a room, or it is ``renamed``, and joins another one instead."""

    room: str
    to: str
    renamed: bool = False


class RoomNotAllowed(Refusal, frozen=True):
    """A room can't have that name."""

    room: str
    reason: str


class RoomHasMoved(Refusal, frozen=True):
    """The room that one wants to join is called ``to`` now."""

    room: str
    to: str


class TooManyRooms(Refusal, frozen=True):
    """The asker is in as many rooms as one may be in, or the server has as many as it may have."""

    room: str
    limit: int


class WrongKey(Refusal, frozen=True):
    """The room has a key, and the asker gave none or another."""

    room: str


class NotInvited(Refusal, frozen=True):
    """Only the invited may join the room."""

    room: str


class RoomFull(Refusal, frozen=True):
    """The room has as many members as its limit says."""

    room: str


class Banned(Refusal, frozen=True):
    """The asker is banned from the room."""

    room: str


ROOMS_EACH = 100
"""Rooms one person may be in (the IRC dialect's CHANLIMIT): more than anyone reads, few enough for a quit."""


ROOMS_IN_ALL = 20_000
"""Rooms there may be: each costs a kilobyte, so a script that opens rooms can't fill the memory."""


@answers(GetRoom)
def room_view(chat: Chat, person_id: int, query: GetRoom) -> Reply:
    """A room's members and topic; of a room that is not there, none."""
    room = chat.room_shown(query.room, person_id)
    if room is None:
        return NoRoomView(query.room)
    blocks = visible(chat, person_id, room)
    return RoomView(
        room.name,
        room.topic,
        blocks,
        sum(len(block.members) for block in blocks) if AUDITORIUM in room.flags else len(room.member_blocks),
        query.joining,
        chat.people[person_id],
        SECRET in room.flags,
        read_marker_of(chat, person_id, room.name) if query.joining else None,
        _metadata(chat, person_id, room, blocks) if query.joining else None,
    )


def _metadata(
    chat: Chat, person_id: int, room: Room, blocks: Iterable[Block]
) -> MetadataTold | MetadataLater | None:
    """What somebody who joins a room is told of the metadata there; None: nothing."""
    keys = keys_of(chat, person_id)
    if not keys:
        return None
    if waits(chat, room, person_id):
        return MetadataLater(room.name, patience(person_id))
    told = tuple(in_room(chat, room, blocks, keys, {person_id}))
    return MetadataTold(room.name, told) if told else None


def _make_place(chat: Chat, me: Person) -> tuple[RoomClosed, ...]:
    """Closes the youngest room that nobody is in, so that rooms kept for a topic alone can't fill the server.

    Not for one who is just entering: its other rooms of the same decision would ask for the same place.
    """
    empty = [
        room for room in chat.rooms.values() if not (room.member_blocks or room.founder) and room.key != LOBBY
    ]
    if not empty or me.id not in chat.people:
        return ()
    return (RoomClosed(max(empty, key=lambda room: room.opened).name),)


@handles(Join)
def join(chat: Chat, person_id: int, command: Join, now: int) -> Items:
    """Makes a person a member; a room's first member opens it and is its operator, but for the lobby."""
    me = chat.people.get(person_id)
    if me is None:
        return (NotConnectedYet(),)
    moved = (
        chat.rooms[chat.rooms.redirects[fold(command.room)]]
        if fold(command.room) in chat.rooms.redirects
        else None
    )
    # A member knows of the other name: who asks for the old one all the same wants a room of its own.
    if moved is not None and person_id not in moved.member_blocks and chat.is_visible(moved, person_id):
        if not command.follow:
            return (RoomHasMoved(command.room, moved.name),)
        there = joining(chat, me, moved.name, now, key=command.key, forwarded=True)
        return (Forwarded(command.room, moved.name, renamed=True), *there)
    return joining(chat, me, command.room, now, key=command.key)


def joining(
    chat: Chat,
    me: Person,
    name: str,
    now: int,
    joined: int | None = None,
    key: str = "",
    forwarded: bool = False,
    away: str | None = None,
) -> Items:
    """What joining a room gives, for a person who may just be entering and has ``joined`` so many so far."""
    given = key
    key = fold(name)
    if away is None:
        away = chat.people.away.get(me.id, "")
    room = chat.rooms.get(key)
    if room is not None and me.id in room.member_blocks:
        return ()
    if (len(chat.rooms.joined.get(me.id, ())) if joined is None else joined) >= ROOMS_EACH:
        return (TooManyRooms(name, ROOMS_EACH),)
    if room is None:
        reason = room_fault(name) or imitation(chat, name)
        if reason is not None:
            return (RoomNotAllowed(name, reason),)
        place: tuple[RoomClosed, ...] = ()
        if len(chat.rooms) >= ROOMS_IN_ALL:
            place = _make_place(chat, me)
            if not place:
                return (TooManyRooms(name, ROOMS_IN_ALL),)
        opened = RoomOpened(name, now)
        return (
            *place,
            opened,
            Joined(name, me, key != LOBBY, away),
            GetRoom(name, joining=True),
        )
    refusal = _kept_out(chat, room, me, given)
    if refusal is not None:
        to = "" if forwarded else room.settings.get(FORWARD, "")
        if fold(to) not in chat.rooms:
            return (refusal,)
        return (Forwarded(room.name, to), *joining(chat, me, to, now, joined, given, True, away))
    first = not room.member_blocks and key != LOBBY and not room.founder
    joined_now = Joined(room.name, me, first, away)
    role = granted(room, me) if me.account else ()
    return (joined_now, *role, GetRoom(room.name, joining=True))


def imitation(chat: Chat, name: str) -> str | None:
    """Why a room may not be opened under a name that looks like another one, as half a sentence."""
    if chat.ascii_names and not name.isascii():
        return "only letters of ASCII are allowed here"
    if is_mixed_script(name):
        return "it mixes letters of several scripts in a word"
    look = skeleton(name)
    return f"it looks like {chat.rooms[look].name}" if look != fold(name) and look in chat.rooms else None


def _kept_out(chat: Chat, room: Room, me: Person, key: str) -> Refusal | None:
    """Why a person may not join a room that is there, or None; the owner enters everywhere."""
    if me.id in chat.server_operators or Invites.of(chat).rooms.get(me.id, {}).get(room.key):
        return None
    if room.role_of(me.account):
        return None
    if room.masks[BANS] and room.bans_person(me):
        return Banned(room.name)
    if ACCOUNTS_ONLY in room.flags and not me.account:
        return NeedsAccount(room.name)
    # Where nobody is left who could invite, the room would be lost, unless it has a list of guests.
    if (
        INVITE_ONLY in room.flags
        and (room.member_blocks or room.masks[GUESTS])
        and not room.lists(GUESTS, me)
    ):
        return NotInvited(room.name)
    settings = room.settings
    if settings:
        if KEY in settings and settings[KEY] != key:
            return WrongKey(room.name)
        if LIMIT in settings and len(room.member_blocks) >= int(settings[LIMIT]):
            return RoomFull(room.name)
    return None


@handles(Part)
def part(chat: Chat, person_id: int, command: Part, _now: int) -> Items:
    """Takes a person out of one room."""
    room = membership(chat, person_id, command.room)
    if isinstance(room, Refusal):
        return (room,)
    return (Parted(room.name, chat.people[person_id], command.reason), *closing(chat, room))


@handles(PartAll)
def part_all(chat: Chat, person_id: int, command: PartAll, _now: int) -> Items:
    """Takes a person out of all its rooms."""
    me = chat.people.get(person_id)
    if me is None:
        return (NotConnectedYet(),)
    facts: list[Event] = []
    for room in chat.rooms_with(person_id):
        facts.append(Parted(room.name, me, command.reason))
        facts.extend(closing(chat, room))
    return tuple(facts)
