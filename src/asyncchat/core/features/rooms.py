"""Rooms: they open and close, and people join and leave them.

Owns these events and what they change. Must not decide who may join: ``join`` does.
"""

from typing import ClassVar, Self

import msgspec

from asyncchat.core.chat import Chat, Part
from asyncchat.core.events import Event, Recipients, Stream, Untold
from asyncchat.core.names import LOBBY, fold
from asyncchat.core.people import Person, remote_network
from asyncchat.core.registry import applies
from asyncchat.core.roles import OPERATOR, Right
from asyncchat.core.rooms import Room


class RoomOpened(Untold, frozen=True, tag="room_opened"):
    """A room was opened; ``time`` in microseconds since 1970 UTC."""

    room: str
    time: int


class RoomClosed(Untold, frozen=True, tag="room_closed"):
    """An empty room, for which nothing is set, was closed; its history stays."""

    room: str


class Joined(Event, frozen=True, tag="joined"):
    """A person joined a room; ``operator``: as its operator; ``away``: the person's away message, if any."""

    recipients: ClassVar[Recipients] = Recipients.VISIBLE
    stream: ClassVar[Stream] = Stream.PRESENCE
    affects: ClassVar[tuple[str, ...]] = ("person",)
    room: str
    person: Person
    operator: bool = False
    away: str = ""

    def to_store(self) -> Self:
        """The event without the away message: the history must not say that somebody is away now."""
        return msgspec.structs.replace(self, away="") if self.away else self


class Parted(Event, frozen=True, tag="parted"):
    """A member left one room."""

    recipients: ClassVar[Recipients] = Recipients.VISIBLE
    stream: ClassVar[Stream] = Stream.PRESENCE
    affects: ClassVar[tuple[str, ...]] = ("person",)
    room: str
    person: Person
    reason: str = ""


class Kicked(Event, frozen=True, tag="kicked"):
    """A member was removed from a room by a moderator."""

    recipients: ClassVar[Recipients] = Recipients.VISIBLE
    concerns: ClassVar[str] = "person"
    stream: ClassVar[Stream] = Stream.PRESENCE
    affects: ClassVar[tuple[str, ...]] = ("person",)
    right: ClassVar[Right | None] = Right.MODERATE
    room: str
    person: Person
    by: Person
    reason: str = ""

    def allowed_by_role(self, room: Room, person_id: int) -> bool:
        """Whether a person's role in the room allows this act."""
        return super().allowed_by_role(room, person_id) and not room.outranks(self.person.id, person_id)


def closing(chat: Chat, room: Room) -> tuple[RoomClosed, ...]:
    """Closes the room if the member who is about to leave is the last one and nothing is set."""
    if len(room.member_blocks) == 1 and chat.is_default(room) and room.key != LOBBY:
        return (RoomClosed(room.name),)
    return ()


def closing_empty(chat: Chat, room: Room, besides: type[Part]) -> tuple[RoomClosed, ...]:
    """The end of a room that nobody is in, when a part that kept it keeps nothing of it any more."""
    if room.member_blocks or room.key == LOBBY or not chat.is_default(room, besides):
        return ()
    return (RoomClosed(room.name),)


@applies(RoomOpened)
def _room_opened(chat: Chat, event: RoomOpened) -> None:
    key = fold(event.room)
    chat.rooms[key] = Room(event.room, event.time)
    if chat.rooms.redirects:
        forget_former_name(chat, key)


@applies(RoomClosed)
def _room_closed(chat: Chat, event: RoomClosed) -> None:
    key = fold(event.room)
    room = chat.rooms.pop(key)
    chat.rooms.count_for(room, "")
    for name in room.former:
        chat.rooms.redirects.pop(fold(name), None)
    for part in chat.parts.values():
        part.forget_room(room)


def forget_former_name(chat: Chat, key: str) -> None:
    """Ends the redirect from a former name of a room."""
    to = chat.rooms.redirects.pop(key, None)
    if to is not None and to in chat.rooms:
        room = chat.rooms[to]
        room.former = tuple(name for name in room.former if fold(name) != key)


@applies(Joined)
def _joined(chat: Chat, event: Joined) -> None:
    person_id = event.person.id
    key = fold(event.room)
    room = chat.rooms[key]
    if not room.member_blocks:
        chat.rooms.count_for(room, remote_network(event.person.address or event.person.host))
    room.add_member(event.person, OPERATOR.bit if event.operator else 0)
    chat.rooms.joined[person_id] = (*chat.rooms.joined.get(person_id, ()), key)


@applies(Parted, Kicked)
def _left_room(chat: Chat, event: Parted | Kicked) -> None:
    person_id = event.person.id
    key = fold(event.room)
    chat.rooms[key].remove_member(person_id)
    chat.rooms.joined[person_id] = tuple(other for other in chat.rooms.joined[person_id] if other != key)
