"""Rooms that nobody is in: since when, and when they are forgotten.

Owns how long a room that belongs to no account is kept when it is empty. Must not have a clock: the server
calls ``sweep`` from time to time.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import ClassVar, Final

from asyncchat.core.chat import Chat, Part
from asyncchat.core.events import Event, Recipients, Retention
from asyncchat.core.features.history_access import HistoryHidden, RoomTakenOver
from asyncchat.core.features.rooms import RoomClosed
from asyncchat.core.names import LOBBY, fold
from asyncchat.core.registry import applies
from asyncchat.core.rooms import Room


class RoomEmpty(Event, frozen=True, tag="room_empty"):
    """Nobody is in a room that is kept, since a ``time`` (microseconds since 1970 UTC); 0: somebody is."""

    retention: ClassVar[Retention] = Retention.STATE
    recipients: ClassVar[Recipients] = Recipients.NOBODY
    room: str
    time: int


EMPTY_ROOM_DAYS: Final = 180
"""Days after which an empty room is forgotten, unless configured: longer than a school's holidays."""

_DAY: Final = 86_400_000_000
"""Microseconds of a day."""

_AT_ONCE: Final = 500
"""Events of one sweep: a few milliseconds."""


class EmptyRooms(Part):
    """Since when rooms are empty."""

    def __init__(self) -> None:
        self.since: dict[str, int] = {}
        """By the room's key, in microseconds since 1970 UTC."""
        self.max_days = EMPTY_ROOM_DAYS
        """For how many days an empty room is kept (0: no end). From the configuration, not from events."""

    def rename_room(self, old: str, new: str) -> None:
        """It is the room that is empty, not its name."""
        self.since.pop(new, None)
        if old in self.since:
            self.since[new] = self.since.pop(old)

    def forget_room(self, room: Room) -> None:
        """A room is closed."""
        self.since.pop(room.key, None)

    def state(self) -> object:
        """What is equal in equal chats, as plain data."""
        return dict(self.since)

    def facts(self, chat: Chat) -> Iterator[Event]:
        """Few events that give this part again."""
        for key, time in self.since.items():
            yield RoomEmpty(chat.rooms[key].name, time)


def sweep(chat: Chat, now: int) -> tuple[Event, ...]:
    """The events that note which rooms are empty, and forget those that have been so for too long.

    What was said in a room that not everyone could join stays hidden.
    """
    return tuple(islice(_swept(chat, now), _AT_ONCE))


def _swept(chat: Chat, now: int) -> Iterator[Event]:
    empty = EmptyRooms.of(chat)
    for key, room in chat.rooms.items():
        since = empty.since.get(key, 0)
        if room.member_blocks:
            if since:
                yield RoomEmpty(room.name, 0)
        elif not since:
            if not (room.founder or key == LOBBY or key in chat.rooms.configured):
                yield RoomEmpty(room.name, now)
        elif empty.max_days and now - since > empty.max_days * _DAY and not room.founder:
            if not room.is_public:
                yield HistoryHidden(room.name, now)
            yield RoomClosed(room.name)


@applies(RoomEmpty)
def _room_empty(chat: Chat, event: RoomEmpty) -> None:
    since, key = EmptyRooms.of(chat).since, fold(event.room)
    if event.time and key in chat.rooms:
        since[key] = event.time
    else:
        since.pop(key, None)


@applies(RoomTakenOver)
def _taken_over(chat: Chat, event: RoomTakenOver) -> None:
    EmptyRooms.of(chat).since.pop(fold(event.room), None)
