"""Renaming rooms.

Owns who may rename a room, and the redirects from former names.
"""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import ClassVar

import msgspec

from asyncchat.core.chat import Chat
from asyncchat.core.commands import Command, IoCommand, Query
from asyncchat.core.events import Event, MovesRoom, Retention
from asyncchat.core.features.bots import Bots
from asyncchat.core.features.history_access import HistoryAccess
from asyncchat.core.features.join import GetRoom, RoomView, confusable_fault, room_view
from asyncchat.core.features.metadata.api import MetadataLater
from asyncchat.core.features.metadata.state import Metadata
from asyncchat.core.features.read_markers import read_markers_of
from asyncchat.core.features.rooms import RoomOpened, forget_former_name
from asyncchat.core.modes import AUDITORIUM, FORWARD
from asyncchat.core.names import LOBBY, fold, room_fault
from asyncchat.core.people import NOBODY, Person
from asyncchat.core.permissions import about_room, membership
from asyncchat.core.registry import Items, answers, applies
from asyncchat.core.replies import NotOperator, Refusal, Reply
from asyncchat.core.roles import Right
from asyncchat.core.rooms import Block, Member, Room


class GetRenamedRoom(Query, frozen=True):
    """A room that was just renamed, perhaps only in upper and lower case."""

    room: str
    case_only: bool = False


class RenameRoom(IoCommand, frozen=True):
    """Give a room another name, ``to``."""

    room: str
    to: str
    reason: str = ""


class RenameRoomResolved(Command, frozen=True):
    """The same, once the server has looked whether the history has messages under the new name (``taken``).

    ``failed``: that can't be read now.
    """

    audited: ClassVar[bool] = True
    room: str
    to: str
    reason: str = ""
    taken: bool = False
    failed: bool = False


class RoomRenamed(MovesRoom, frozen=True, tag="room_renamed"):
    """A room was renamed to ``to``; all else of it stays. ``time`` in microseconds since 1970 UTC."""

    retention: ClassVar[Retention] = Retention.STATE
    right: ClassVar[Right | None] = Right.MANAGE
    person: Person
    reason: str
    time: int


class RoomMoved(Reply, frozen=True):
    """A room under its new name, for all its members; it follows the event.

    ``view`` is as one who sees all members sees it; ``read`` are the read markers by person. In an auditorium
    those in ``limited``, by person, see only themselves and the members in ``moderators``.
    """

    view: RoomView
    case_only: bool = False
    read: Mapping[int, int] = {}
    moderators: tuple[Member, ...] = ()
    limited: Mapping[int, Member] = {}

    def seen_by(self, person: Person) -> RoomView:
        """The room as a member sees it."""
        view = self.view
        blocks, size = view.blocks, view.size
        member = self.limited.get(person.id)
        if member is not None:
            blocks, size = (Block((*self.moderators, member)),), len(self.moderators) + 1
        return msgspec.structs.replace(
            view, blocks=blocks, size=size, person=person, read=self.read.get(person.id)
        )


class CannotRenameRoom(Refusal, frozen=True):
    """A room can't be called ``to``; ``reason`` is half a sentence."""

    room: str
    to: str
    reason: str


class RoomNameTaken(Refusal, frozen=True):
    """A room can't be called ``to``: that is the name of another room, or of one that was; or of a bot's."""

    room: str
    to: str


MAX_FORMER_NAMES = 4
"""Former names that redirect to a room."""


LARGE = 50
"""Members from which on renames are rate limited: each member may be sent the whole list of members."""


RENAME_INTERVAL = 60_000_000
"""Microseconds between two renames of a large room."""


@answers(GetRenamedRoom)
def moved(chat: Chat, person_id: int, query: GetRenamedRoom) -> Reply:
    """A room that was just renamed, as all its members see it."""
    view = room_view(chat, person_id, GetRoom(query.room, joining=True))
    if not isinstance(view, RoomView):
        return view
    later = MetadataLater(view.room, 1) if Metadata.of(chat).count else None
    view = msgspec.structs.replace(view, metadata=later)
    room = chat.rooms[fold(query.room)]
    read = read_markers_of(chat, room.member_blocks, room.name)
    if AUDITORIUM not in room.flags:
        return RoomMoved(view, query.case_only, read)
    moderators = tuple(member for member in room.members() if member.roles >= Right.MODERATE)
    limited = {
        member.person.id: member
        for member in room.members()
        if not chat.may(member.person.id, room, Right.MODERATE)
    }
    return RoomMoved(view, query.case_only, read, moderators, limited)


@about_room(RenameRoomResolved, find=membership)
def rename_room(chat: Chat, me: Person, room: Room, command: RenameRoomResolved, now: int) -> Items:
    """Renames a room, for its operators; the lobby can't be renamed."""
    if not chat.may(me.id, room, Right.MANAGE):
        return (NotOperator(room.name),)
    to = command.to
    reason = room_fault(to) or (confusable_fault(chat, to) if fold(to) != room.key else None)
    if room.key == LOBBY:
        reason = "the lobby keeps its name"
    elif to == room.name:
        reason = "that is its name"
    elif reason is None and len(room.member_blocks) > LARGE and now < room.renamed + RENAME_INTERVAL:
        reason = "it was renamed a moment ago"
    elif reason is None and command.failed:
        reason = "the history can't be read now, try again"
    if reason is not None:
        return (CannotRenameRoom(room.name, to, reason),)
    key = fold(to)
    if key != room.key and (command.taken or _is_taken(chat, room, key)):
        return (RoomNameTaken(room.name, to),)
    renamed = RoomRenamed(room.name, to, me, command.reason, now)
    return (renamed, GetRenamedRoom(to, key == room.key))


def _is_taken(chat: Chat, room: Room, key: str) -> bool:
    """Whether others have a right to a name: as that of their room, of one that was, or of a token's room."""
    return (
        key in chat.rooms
        or chat.rooms.redirects.get(key, room.key) != room.key
        or key in HistoryAccess.of(chat).hidden
        or any(
            key in map(fold, token.rooms) and not token.covers(room.name)
            for token in Bots.of(chat).tokens.values()
        )
    )


@applies(RoomRenamed)
def _room_renamed(chat: Chat, event: RoomRenamed) -> None:
    old, key = fold(event.room), fold(event.to)
    room = chat.rooms.pop(old)
    room.name, room.renamed = event.to, event.time
    chat.rooms[key] = room
    if key == old:
        return
    forget_former_name(chat, key)
    former = (*(name for name in room.former if fold(name) != key), event.room)
    for name in former[:-MAX_FORMER_NAMES]:
        chat.rooms.redirects.pop(fold(name), None)
    room.former = former[-MAX_FORMER_NAMES:]
    chat.rooms.redirects.update((fold(name), key) for name in room.former)
    for person_id in room.member_blocks:
        chat.rooms.joined[person_id] = tuple(
            key if other == old else other for other in chat.rooms.joined[person_id]
        )
    for part in chat.parts.values():
        part.rename_room(old, key)
    for other in chat.rooms.values():
        if fold(other.settings.get(FORWARD, "")) == old:
            other.settings[FORWARD] = event.to


def room_name_snapshot(room: Room) -> Iterator[Event]:
    """The fewest events that restore a room with its name and its former names."""
    names = (*room.former, room.name)
    yield RoomOpened(names[0], room.opened)
    for before, name in pairwise(names):
        yield RoomRenamed(before, name, NOBODY, "", room.renamed)
    if room.renamed and not room.former:
        yield RoomRenamed(room.name, room.name, NOBODY, "", room.renamed)
