"""The chat: its state, which only events change, and the base of what each feature keeps in it.

Owns the state of people and rooms, and the table of the functions that change it. Must not know any feature,
what is allowed, or how events are stored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar, Self

from asyncchat.core.events import Event
from asyncchat.core.forgotten import Identity
from asyncchat.core.modes import AUDITORIUM, SECRET
from asyncchat.core.names import fold
from asyncchat.core.people import Account, People, Person
from asyncchat.core.roles import SERVER_OPERATOR_RANK, Right
from asyncchat.core.rooms import Room, Rooms
from asyncchat.core.sessions import Sessions

Applier = Callable[["Chat", Any], None]
"""(chat, event): changes the state by the event."""

APPLIERS: dict[type[Event], tuple[Applier, ...]] = {}
"""The appliers of each event; ``registry.applies`` fills it."""


class Part:
    """One feature's part of a chat's state; a chat has one of each.

    A feature declares its part by a subclass, and nothing else lists it.
    """

    kinds: ClassVar[list[type[Part]]] = []

    def __init_subclass__(cls) -> None:
        """Every chat has one from now on."""
        super().__init_subclass__()
        Part.kinds.append(cls)

    @classmethod
    def of(cls, chat: Chat) -> Self:
        """This part of a chat."""
        return chat.parts[cls]  # type: ignore[return-value]  # what is under a class is of it

    def end_run(self) -> None:
        """A run of the node begins: forgets what belongs to people and sessions of the run before."""

    def forget_person(self, person_id: int, sessions: tuple[int, ...]) -> None:
        """A person has left the chat, with all its sessions."""

    def forget_session(self, person_id: int, session_id: int) -> None:
        """One session of a person who stays has ended."""

    def forget_account(self, account: str) -> None:
        """An account, by its key, is no more."""

    def forget(self, who: Identity) -> None:
        """A person is forgotten, and its account removed: what others have does not name it any more."""

    def rename_room(self, old: str, new: str) -> None:
        """A room has another key."""

    def forget_room(self, room: Room) -> None:
        """A room is closed."""

    def keeps_room(self, _room: Room) -> bool:
        """Whether a room stays after its last member has left because of what this part keeps of it."""
        return False

    def state(self) -> object:
        """What is equal in equal chats, as plain data."""
        return None

    def facts(self, _chat: Chat) -> Iterator[Event]:
        """Few events that give this part again: what a snapshot keeps of it. Accounts are made before."""
        return iter(())


class Chat:
    """All people and rooms of one chat.

    Handlers read it and change nothing. Only ``apply`` changes it, without asking a handler. So a replay of
    the events gives the same state.
    """

    __slots__ = (
        "accounts",
        "ascii_names",
        "owner_code_used",
        "parts",
        "parts_of_people",
        "people",
        "programs",
        "rooms",
        "server_operators",
        "sessions",
    )

    def __init__(self) -> None:
        self.people = People()
        self.sessions = Sessions()
        self.rooms = Rooms()
        self.accounts: dict[str, Account] = {}
        """By the folded account name."""
        self.server_operators: set[int] = set()
        """The ids of people who are server operators in this run."""
        self.programs: dict[int, Person] = {}
        """Programs that may do what server operators may, by their ids. They are not among the people."""
        self.owner_code_used = False
        """Whether the owner code was ever used."""
        self.ascii_names = False
        """Whether new names may have ASCII letters only. Set by the server's configuration, not by events."""
        self.parts: dict[type[Part], Part] = {}
        """The state that features own."""
        self.parts_of_people: tuple[Part, ...] = ()
        """Those that forget people who leave: a visit need not ask the others."""
        self.complete()

    def complete(self) -> None:
        """Has a part of each feature, also of those that an older version, which made it, did not have."""
        self.parts = {kind: self.parts.get(kind) or kind() for kind in Part.kinds}
        self.parts_of_people = tuple(
            part for kind, part in self.parts.items() if kind.forget_person is not Part.forget_person
        )

    @classmethod
    def replay(cls, events: Iterable[Event]) -> Self:
        """A new chat with these events applied."""
        chat = cls()
        for event in events:
            chat.apply(event)
        return chat

    def apply(self, event: Event) -> None:
        """Changes the state by one event."""
        for apply in APPLIERS.get(type(event), ()):
            apply(self, event)

    def replace_person(self, person: Person) -> None:
        """Replaces a person's value, which has the same id and name, in the chat and in its rooms."""
        self.people[person.id] = person
        for room in self.rooms_with(person.id):
            room.replace_member(person, room.roles.get(person.id, 0))

    def actor(self, person_id: int) -> Person | None:
        """Whoever sends commands under this id: a person, or a program that may what server operators may."""
        return self.people.get(person_id) or self.programs.get(person_id)

    def operator(self, person_id: int) -> Person | None:
        """The same, if it has the rights of a server operator."""
        return self.actor(person_id) if self.is_operator(person_id) else None

    def is_operator(self, person_id: int) -> bool:
        """Whether a person, or a program, has the rights of a server operator."""
        return person_id in self.server_operators or person_id in self.programs

    def person_named(self, name: str) -> Person | None:
        """The person with this name, or None."""
        person_id = self.people.by_name.get(fold(name))
        return None if person_id is None else self.people[person_id]

    def room_named(self, name: str) -> Room | None:
        """The room with this name, or None."""
        return self.rooms.get(fold(name))

    def rank(self, person_id: int, room: Room) -> int:
        """The sum of a person's roles in the room; a server operator is above all roles."""
        return SERVER_OPERATOR_RANK if self.is_operator(person_id) else room.roles.get(person_id, 0)

    def may(self, person_id: int, room: Room, right: Right) -> bool:
        """Whether a person has this right in the room."""
        return room.roles.get(person_id, 0) >= right or self.is_operator(person_id)

    def is_visible(self, room: Room, person_id: int) -> bool:
        """Whether a person may know that the room exists."""
        return SECRET not in room.flags or person_id in room.member_blocks or self.is_operator(person_id)

    def hides_member(self, room: Room, person_id: int, other: int) -> bool:
        """Whether the room hides ``other`` from a person, as an auditorium does between ordinary members."""
        return (
            AUDITORIUM in room.flags
            and person_id != other
            and room.roles.get(other, 0) < Right.MODERATE
            and not self.may(person_id, room, Right.MODERATE)
        )

    def room_shown(self, name: str, person_id: int) -> Room | None:
        """The room with this name, if it exists and the person may know of it."""
        room = self.rooms.get(fold(name))
        return room if room is not None and self.is_visible(room, person_id) else None

    def is_default(self, room: Room, besides: type[Part] | None = None) -> bool:
        """Whether nothing is set that has to be kept when the last member leaves, apart from one part's."""
        return room.is_default and not any(
            part.keeps_room(room) for kind, part in self.parts.items() if kind is not besides
        )

    def is_bare(self, room: Room) -> bool:
        """Whether nothing of the room has to be kept but perhaps a topic."""
        return room.is_bare and not any(part.keeps_room(room) for part in self.parts.values())

    def has(self, person_id: int, flag: str) -> bool:
        """Whether a person has this flag set."""
        return flag in self.people.flags.get(person_id, ())

    def rooms_with(self, person_id: int) -> list[Room]:
        """The rooms that a person is in, in the order in which they were joined."""
        return [self.rooms[key] for key in self.rooms.joined.get(person_id, ())]

    def pieces(self) -> dict[str, Callable[[], object]]:
        """What gives the state as plain data piece by piece, by their names: all of it takes long."""
        return {
            "people": self.people.state,
            "sessions": self.sessions.state,
            "rooms": self.rooms.state,
            "accounts": self.accounts.copy,
            "server_operators": self.server_operators.copy,
            "owner_code_used": lambda: self.owner_code_used,
            **{kind.__name__: part.state for kind, part in self.parts.items()},
        }

    def state(self) -> dict[str, object]:
        """The whole state as plain data: equal for equal chats."""
        return {
            "people": self.people.state(),
            "sessions": self.sessions.state(),
            "rooms": self.rooms.state(),
            "accounts": dict(self.accounts),
            "server_operators": set(self.server_operators),
            "owner_code_used": self.owner_code_used,
            "parts": {kind.__name__: part.state() for kind, part in self.parts.items()},
        }
