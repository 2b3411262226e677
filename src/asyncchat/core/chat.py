"""The chat: its state, which events change.

Owns the state of people and rooms. What is allowed stands in ``features``; what is kept, in the log.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from asyncchat.core.accounts import Account
from asyncchat.core.events import Event
from asyncchat.core.modes import AUDITORIUM, SECRET
from asyncchat.core.names import fold
from asyncchat.core.parts import Part
from asyncchat.core.people import People, Person
from asyncchat.core.registry import APPLIERS
from asyncchat.core.roles import SERVER_OPERATOR_RANK, Right
from asyncchat.core.rooms import Room, Rooms
from asyncchat.core.sessions import Sessions


class Chat:
    """All people and rooms of one chat.

    Handlers read it and change nothing; ``apply`` alone changes it and asks no handler. So the facts alone,
    applied again, give the same state.
    """

    __slots__ = (
        "accounts",
        "ascii_names",
        "owner_code_used",
        "parts",
        "people",
        "rooms",
        "server_operators",
        "sessions",
    )

    def __init__(self) -> None:
        self.people = People()
        self.sessions = Sessions()
        self.rooms = Rooms()
        self.accounts: dict[str, Account] = {}
        """By their keys."""
        self.server_operators: set[int] = set()
        """People who operate the server in this run."""
        self.owner_code_used = False
        """Whether the owner code was ever used."""
        self.ascii_names = False
        """Whether new names have letters of ASCII alone. The server's wish, no fact."""
        self.parts: dict[type[Part], Part] = {kind: kind() for kind in Part.kinds}
        """What features keep of their own."""

    @classmethod
    def replay(cls, facts: Iterable[Event]) -> Self:
        """The chat that these facts give."""
        chat = cls()
        for fact in facts:
            chat.apply(fact)
        return chat

    def apply(self, event: Event) -> None:
        """Changes the state by a fact."""
        for apply in APPLIERS.get(type(event), ()):
            apply(self, event)

    def replace_person(self, person: Person) -> None:
        """A person's value is another one now, under the same name."""
        self.people[person.id] = person
        for room in self.rooms_with(person.id):
            room.replace_member(person, room.roles.get(person.id, 0))

    def person_named(self, name: str) -> Person | None:
        """The person who has a name."""
        person_id = self.people.by_name.get(fold(name))
        return None if person_id is None else self.people[person_id]

    def room_named(self, name: str) -> Room | None:
        """The room that has a name."""
        return self.rooms.get(fold(name))

    def rank(self, person_id: int, room: Room) -> int:
        """The sum of somebody's roles in the room; for the owner it is above all of them."""
        return SERVER_OPERATOR_RANK if person_id in self.server_operators else room.roles.get(person_id, 0)

    def may(self, person_id: int, room: Room, right: Right) -> bool:
        """Whether somebody's role allows this in the room."""
        return room.roles.get(person_id, 0) >= right or person_id in self.server_operators

    def is_visible(self, room: Room, person_id: int) -> bool:
        """Whether somebody may know that the room is there."""
        return (
            SECRET not in room.flags or person_id in room.member_blocks or person_id in self.server_operators
        )

    def hides_member(self, room: Room, person_id: int, other: int) -> bool:
        """Whether the room hides one member from another: an auditorium does, of those without rights."""
        return (
            AUDITORIUM in room.flags
            and person_id != other
            and room.roles.get(other, 0) < Right.MODERATE
            and not self.may(person_id, room, Right.MODERATE)
        )

    def room_shown(self, name: str, person_id: int) -> Room | None:
        """The room that has a name, if somebody may know of it."""
        room = self.rooms.get(fold(name))
        return room if room is not None and self.is_visible(room, person_id) else None

    def is_default(self, room: Room, besides: type[Part] | None = None) -> bool:
        """Whether nothing of a room has to outlive its last member, what one part keeps of it left out."""
        return room.is_default and not any(
            part.keeps_room(room) for kind, part in self.parts.items() if kind is not besides
        )

    def has(self, person_id: int, flag: str) -> bool:
        """Whether a person has one of its flags on."""
        return flag in self.people.flags.get(person_id, ())

    def rooms_with(self, person_id: int) -> list[Room]:
        """The rooms that somebody is in, in the order in which they were joined."""
        return [self.rooms[key] for key in self.rooms.joined.get(person_id, ())]

    def state(self) -> dict[str, object]:
        """All of it as plain data: equal for equal chats."""
        return {
            "people": self.people.state(),
            "sessions": self.sessions.state(),
            "rooms": self.rooms.state(),
            "accounts": dict(self.accounts),
            "server_operators": set(self.server_operators),
            "owner_code_used": self.owner_code_used,
            "parts": {kind.__name__: part.state() for kind, part in self.parts.items()},
        }
