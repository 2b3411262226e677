"""Applause: what only the next version has. It is loaded as a feature of the core."""

from collections import Counter
from collections.abc import Iterator
from typing import ClassVar

from asyncchat.core.chat import Chat, Part
from asyncchat.core.commands import Command
from asyncchat.core.events import Event, Retention
from asyncchat.core.names import fold
from asyncchat.core.people import NOBODY, Person
from asyncchat.core.permissions import membership
from asyncchat.core.registry import Items, applies, handles
from asyncchat.core.replies import Refusal
from asyncchat.core.rooms import Room

NEXT_LEVEL = 2


class Applaud(Command, frozen=True):
    """Applaud a room."""

    level: ClassVar[int] = NEXT_LEVEL
    room: str


class Applauded(Event, frozen=True, tag="applauded"):
    """A room was applauded, for the ``count``-th time."""

    level: ClassVar[int] = NEXT_LEVEL
    retention: ClassVar[Retention] = Retention.STATE
    room: str
    person: Person
    count: int


class Applause(Part):
    """How often each room was applauded, by its key."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def forget_room(self, room: Room) -> None:
        """A room is closed."""
        del self.counts[room.key]

    def keeps_room(self, room: Room) -> bool:
        """Whether it was applauded."""
        return room.key in self.counts

    def state(self) -> object:
        """This part as plain data."""
        return dict(self.counts)

    def facts(self, chat: Chat) -> Iterator[Event]:
        """The events that give it again."""
        for key, count in self.counts.items():
            yield Applauded(chat.rooms[key].name, NOBODY, count)


@handles(Applaud)
def applaud(chat: Chat, person_id: int, command: Applaud, _now: int) -> Items:
    """Applauds."""
    room = membership(chat, person_id, command.room)
    if isinstance(room, Refusal):
        return (room,)
    return (Applauded(room.name, chat.people[person_id], Applause.of(chat).counts[room.key] + 1),)


@applies(Applauded)
def _applauded(chat: Chat, event: Applauded) -> None:
    Applause.of(chat).counts[fold(event.room)] = event.count
