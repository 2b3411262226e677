"""Joining and leaving rooms.

Owns who may join, and what a new member is told of the room.
"""

from collections.abc import Callable, Iterable
from itertools import islice
from typing import ClassVar

from asyncchat.core.chat import Chat
from asyncchat.core.commands import Command, IoCommand, Query
from asyncchat.core.confusables import is_mixed_script, skeleton
from asyncchat.core.events import Event
from asyncchat.core.features.audit import OperOverride, note_members
from asyncchat.core.features.history_access import (
    HistoryHidden,
    account_joining,
    first_joining,
    topic_shown,
)
from asyncchat.core.features.invite_codes import (
    ClosedBy,
    CodeFault,
    InviteCode,
    InviteCodeRefused,
    InviteCodes,
    check_code,
    code_digest,
    is_expecting,
    letting_in,
    role_by,
)
from asyncchat.core.features.invites import Invites
from asyncchat.core.features.messages import silence
from asyncchat.core.features.metadata.api import MetadataLater, MetadataTold
from asyncchat.core.features.metadata.state import keys_of, put_off, told_of, told_of_members
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
from asyncchat.core.people import Person, remote_network
from asyncchat.core.permissions import about_room, membership
from asyncchat.core.registry import Items, answers, for_people, notes
from asyncchat.core.replies import NeedsAccount, Refusal, Reply
from asyncchat.core.rooms import Block, Room, Topic
from asyncchat.core.visibility import visible


class GetRoom(Query, frozen=True):
    """A room's topic and members; ``joining``: the reply follows the requester's own join."""

    room: str
    joining: bool = False


class Join(Command, frozen=True):
    """Become a member of a room; the first member opens it. ``key`` is the room's password, if it has one.

    It may be an invitation code, too: then ask ``joining_with``. ``follow``: if the room was renamed, join it
    under its new name; else only tell the new name.
    """

    room: str
    key: str = ""
    follow: bool = True


class JoinWithCode(IoCommand, frozen=True):
    """The same with a key that may be an invitation code: a wrong one costs as much as a wrong password."""

    cost: ClassVar[int] = 5
    join: Join


class Part(Command, frozen=True):
    """Leave one room."""

    room: str
    reason: str = ""


class PartAll(Command, frozen=True):
    """Leave all rooms."""

    reason: str = ""


class RoomView(Reply, frozen=True):
    """A room as a member sees it. ``blocks`` hold the members in the order in which they joined.

    ``read`` is the requester's read marker (microseconds since 1970 UTC); None: unknown. ``metadata`` is what
    the requester is told of the room's metadata, if anything.
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
    """The requester joins another room instead: it may not join this one, or this one was ``renamed``."""

    room: str
    to: str
    renamed: bool = False


class HistoryIsHidden(Reply, frozen=True):
    """The requester found a room empty that not everyone may join: it can't read what was said there before.

    It follows the join.
    """

    room: str


class RoomNotAllowed(Refusal, frozen=True):
    """No room can have that name."""

    room: str
    reason: str


class RoomHasMoved(Refusal, frozen=True):
    """The room to join is called ``to`` now."""

    room: str
    to: str


class TooManyRooms(Refusal, frozen=True):
    """The requester is in as many rooms as allowed, or the server has as many rooms as allowed."""

    room: str
    limit: int


class TooManyRoomsOpened(Refusal, frozen=True):
    """People from the requester's network have opened as many rooms as allowed."""

    room: str
    limit: int


class WrongKey(Refusal, frozen=True):
    """The room has a key, and the requester gave none or a wrong one."""

    room: str


class NotInvited(Refusal, frozen=True):
    """Only invited people may join the room."""

    room: str


class RoomFull(Refusal, frozen=True):
    """The room has as many members as its limit allows."""

    room: str


class Banned(Refusal, frozen=True):
    """The requester is banned from the room."""

    room: str


ROOMS_EACH = 100
"""Rooms that one person may be in (CHANLIMIT in IRC): more than anybody reads, few enough to leave fast."""


ROOMS_IN_ALL = 20_000
"""Rooms of a server: each takes two kilobytes, so a script that opens rooms can't fill the memory."""

_LOOKED_AT = 1000
"""The youngest rooms among which one is sought that may be forgotten: a few milliseconds at worst."""


@notes(GetRoom)
def _note(chat: Chat, person_id: int, query: GetRoom, now: int) -> Iterable[Event]:
    room = chat.room_named(query.room)
    return () if room is None else note_members(chat, person_id, room, now)


@answers(GetRoom)
def room_view(chat: Chat, person_id: int, query: GetRoom) -> Reply:
    """A room's members and topic; none if the room does not exist or is hidden."""
    room = chat.room_shown(query.room, person_id)
    if room is None:
        return NoRoomView(query.room)
    blocks = visible(chat, person_id, room)
    return RoomView(
        room.name,
        topic_shown(chat, person_id, room),
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
    """What a person who joins a room is told of the metadata there; None: nothing."""
    keys = keys_of(chat, person_id)
    if not keys:
        return None
    later = put_off(chat, room, person_id)
    if later is not None:
        return later
    told = (*told_of(chat, room, keys), *told_of_members(chat, blocks, keys, {person_id}))
    return MetadataTold(room.name, told)


def _forgotten(chat: Chat, me: Person) -> tuple[RoomClosed, ...]:
    """Closes the youngest empty room that has nothing but a topic, to make place for another one.

    A room with a key, other rules, lists or pins is not forgotten for a stranger's. Not for a person who is
    just connecting: its other rooms of the same decision would need the same place.
    """
    if me.id not in chat.people:
        return ()
    for key in islice(reversed(chat.rooms), _LOOKED_AT):
        room = chat.rooms[key]
        if (
            not room.member_blocks
            and key != LOBBY
            and key not in chat.rooms.configured
            and chat.is_bare(room)
        ):
            return (RoomClosed(room.name),)
    return ()


def joining_with(room: str, key: str, follow: bool = True) -> Join | JoinWithCode:
    """The command with which a room is joined."""
    join = Join(room, key, follow)
    return JoinWithCode(join) if code_digest(key) else join


def is_guess(chat: Chat, join: Join) -> bool:
    """Whether the key of a join is neither the code of an invitation nor the room's key."""
    room = chat.room_named(chat.rooms.redirects.get(fold(join.room), join.room))
    code = InviteCodes.of(chat).with_digest(code_digest(join.key))
    if room is None or (code is not None and code.room == room.key):
        return False
    return room.settings.get(KEY) != join.key


@for_people(Join)
def join(chat: Chat, me: Person, command: Join, now: int) -> Items:
    """Makes a person a member; whoever opens a room becomes its operator, except in the lobby."""
    current = chat.rooms.redirects.get(fold(command.room))
    moved = None if current is None else chat.rooms[current]
    if moved is not None and chat.is_visible(moved, me.id):
        if not command.follow:
            return (RoomHasMoved(command.room, moved.name),)
        items = joining(chat, me, moved.name, now, key=command.key, forwarded=True)
        return (Forwarded(command.room, moved.name, renamed=True), *items)
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
    """The result of joining a room.

    Args:
        chat: the state.
        me: the person, who may be just connecting.
        name: the room.
        now: microseconds since 1970 UTC.
        joined: how many rooms a person who is just connecting has joined already.
        key: the room's password that the person gave, or an invitation code.
        forwarded: the person asked for another room, so it is not forwarded again.
        away: the away message of a person who is just connecting.
    """
    room_key = fold(name)
    if away is None:
        away = chat.people.away.get(me.id, "")
    room = chat.rooms.get(room_key)
    if room is not None and me.id in room.member_blocks:
        return ()
    if (len(chat.rooms.joined.get(me.id, ())) if joined is None else joined) >= ROOMS_EACH:
        return (TooManyRooms(name, ROOMS_EACH),)
    if room is None:
        reason = room_fault(name) or confusable_fault(chat, name)
        if reason is not None:
            return (RoomNotAllowed(name, reason),)
        if not chat.rooms.may_open(remote_network(me.address or me.host)):
            return (TooManyRoomsOpened(name, chat.rooms.per_network),)
        place: tuple[RoomClosed, ...] = ()
        if len(chat.rooms) >= ROOMS_IN_ALL:
            place = _forgotten(chat, me)
            if not place:
                return (TooManyRooms(name, ROOMS_IN_ALL),)
        joined_first = Joined(name, me, room_key != LOBBY, away)
        return (*place, RoomOpened(name, now), joined_first, GetRoom(name, joining=True))
    code = check_code(chat, room_key, key, me, now) if key else CodeFault.WRONG
    refusal = _join_refusal(chat, room, me, key, code, now)
    overrides = refusal is not None and me.id in chat.server_operators
    if refusal is not None and not overrides:
        to = "" if forwarded else room.settings.get(FORWARD, "")
        if fold(to) not in chat.rooms:
            return (refusal,)
        return (Forwarded(room.name, to), *joining(chat, me, to, now, joined, key, True, away))
    invited = code if isinstance(code, InviteCode) else None
    first = not room.member_blocks and room_key != LOBBY and not room.founder and invited is None
    taken = first_joining(chat, room, me, now) if first else ()
    hidden = any(isinstance(event, HistoryHidden) for event in taken)
    readers = account_joining(chat, room, me, now if hidden else 0) if me.account else ()
    joined_now = Joined(room.name, me, first, away)
    role = granted(room, me) if me.account else ()
    used = () if invited is None else letting_in(invited, me)
    role += () if invited is None else role_by(invited, room, me, role)
    noted = (OperOverride(me, joined_now),) if overrides else ()
    told = (HistoryIsHidden(room.name),) if hidden else ()
    return (*taken, *used, joined_now, *readers, *role, *noted, *told, GetRoom(room.name, joining=True))


def confusable_fault(chat: Chat, name: str) -> str | None:
    """Why a room can't have a name that looks like another one, as half a sentence, or None."""
    if chat.ascii_names and not name.isascii():
        return "only letters of ASCII are allowed here"
    if is_mixed_script(name):
        return "it mixes letters of several scripts in a word"
    shape = skeleton(name)
    return f"it looks like {chat.rooms[shape].name}" if shape != fold(name) and shape in chat.rooms else None


def may_join_again(chat: Chat, room: Room, me: Person) -> bool:
    """Whether a person would be let into a room without a key, to its history."""
    if not (room.member_blocks or room.founder or room.key == LOBBY):
        return False
    return _join_refusal(chat, room, me, "", CodeFault.WRONG, 0) is None


def _join_refusal(
    chat: Chat, room: Room, me: Person, key: str, code: InviteCode | CodeFault, now: int
) -> Refusal | None:
    """Why a person may not join an existing room, or None; a server operator may nevertheless.

    ``code`` is that of an invitation, or why the key is none.
    """
    if Invites.of(chat).rooms.get(me.id, {}).get(room.key):
        return None
    if room.role_of(me.account):
        return None
    if room.masks[BANS] and room.bans_person(me):
        return Banned(room.name)
    if ACCOUNTS_ONLY in room.flags and not me.account:
        return NeedsAccount(room.name)
    if isinstance(code, InviteCode):
        return None
    closed_by = _closed_to(chat, room, me, key, now)
    if closed_by is None:
        return None
    is_code = code_digest(key) and room.settings.get(KEY) != key
    return InviteCodeRefused(code, room.name, closed_by) if is_code else _CLOSED[closed_by](room.name)


_CLOSED: dict[ClosedBy, Callable[[str], Refusal]] = {
    ClosedBy.INVITATIONS: NotInvited,
    ClosedBy.KEY: WrongKey,
    ClosedBy.LIMIT: RoomFull,
}


def _closed_to(chat: Chat, room: Room, me: Person, key: str, now: int) -> ClosedBy | None:
    """What closes a room to a person with this key, or None."""
    # An empty invite-only room would be lost, because nobody could invite: the first comer gets it, without
    # its history. Where an account, a guest or somebody with a code may come, it waits for these.
    if (
        INVITE_ONLY in room.flags
        and (room.member_blocks or room.founder or room.masks[GUESTS] or is_expecting(chat, room, now))
        and not room.lists(GUESTS, me)
    ):
        return ClosedBy.INVITATIONS
    settings = room.settings
    if settings:
        if KEY in settings and settings[KEY] != key:
            return ClosedBy.KEY
        if LIMIT in settings and len(room.member_blocks) >= int(settings[LIMIT]):
            return ClosedBy.LIMIT
    return None


@about_room(Part, find=membership)
def part(chat: Chat, me: Person, room: Room, command: Part, _now: int) -> Items:
    """Removes a person from one room; who may not speak there gives no reason."""
    return (_parted(chat, me, room, command.reason), *closing(chat, room))


def _parted(chat: Chat, me: Person, room: Room, reason: str) -> Parted:
    return Parted(room.name, me, reason if reason and silence(chat, me, room) is None else "")


@for_people(PartAll)
def part_all(chat: Chat, me: Person, command: PartAll, _now: int) -> Items:
    """Removes a person from all its rooms."""
    events: list[Event] = []
    for room in chat.rooms_with(me.id):
        events.append(_parted(chat, me, room, command.reason))
        events.extend(closing(chat, room))
    return tuple(events)
