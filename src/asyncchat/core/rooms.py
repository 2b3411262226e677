"""A room's state: topic, rules, members, bans and mutes.

Owns how members are kept so that a join costs the same in a room of ten and of ten thousand.
"""

from collections.abc import Iterator

import msgspec

from asyncchat.core.names import fold, matches
from asyncchat.core.people import Person

NO_OUTSIDERS = "no-outsiders"
"""Only members may speak in the room."""

TOPIC_LOCKED = "topic-locked"
"""Only operators may change the topic."""

FLAGS = (NO_OUTSIDERS, TOPIC_LOCKED)
"""The rules a room can have."""

BLOCK_SIZE = 32
"""Members a block: so many names of usual length fill one line of an IRC NAMES reply."""


class Topic(msgspec.Struct, frozen=True):
    """A topic, who set it (``name!user@host``) and when (microseconds since 1970 UTC)."""

    text: str
    by: str
    time: int


class Mark(msgspec.Struct, frozen=True):
    """Who put a mask on a list, and when (microseconds since 1970 UTC)."""

    by: str
    time: int


class Member(msgspec.Struct, frozen=True):
    """A person in a room."""

    person: Person
    operator: bool


class Block:
    """A few members that sit together; immutable, so that an encoder may keep what it made of them.

    ``encoded`` is that memory: a dialect's bytes by a key of its own. The core never reads it.
    """

    __slots__ = ("encoded", "members")

    def __init__(self, members: tuple[Member, ...]) -> None:
        self.members = members
        self.encoded: dict[object, object] = {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Block) and self.members == other.members

    __hash__ = None  # type: ignore[assignment]  # equal by content, so never a key


class Room:
    """One room. ``seats`` maps a person's id to the number of its block."""

    __slots__ = (
        "_blocks",
        "_next_block",
        "_view",
        "bans",
        "flags",
        "mutes",
        "name",
        "opened",
        "operators",
        "seats",
        "topic",
    )

    def __init__(self, name: str, opened: int) -> None:
        self.name = name
        self.opened = opened
        self.topic: Topic | None = None
        self.flags: frozenset[str] = frozenset(FLAGS)
        self.bans: dict[str, Mark] = {}
        self.mutes: dict[str, Mark] = {}
        self.operators: set[int] = set()
        self.seats: dict[int, int] = {}
        self._blocks: dict[int, Block] = {}
        self._next_block = 0
        self._view: tuple[Block, ...] | None = ()

    @property
    def key(self) -> str:
        """The folded name."""
        return fold(self.name)

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The members, in the order in which they came, as an immutable picture."""
        if self._view is None:
            self._view = tuple(self._blocks.values())
        return self._view

    def members(self) -> Iterator[Member]:
        """The members, in the order in which they came."""
        for block in self.blocks:
            yield from block.members

    @property
    def plain(self) -> bool:
        """Whether nothing is set that has to outlive the last member."""
        return not (self.topic or self.bans or self.mutes) and self.flags == frozenset(FLAGS)

    def seat(self, person: Person, operator: bool) -> None:
        """Adds a member at the end."""
        number = self._next_block - 1
        block = self._blocks.get(number)
        if block is None or len(block.members) >= BLOCK_SIZE:
            number = self._next_block
            self._next_block += 1
            self._blocks[number] = Block((Member(person, operator),))
        else:
            self._blocks[number] = Block((*block.members, Member(person, operator)))
        self.seats[person.id] = number
        if operator:
            self.operators.add(person.id)
        self._view = None

    def unseat(self, who: int) -> None:
        """Takes a member out."""
        number = self.seats.pop(who)
        rest = tuple(member for member in self._blocks[number].members if member.person.id != who)
        if rest:
            self._blocks[number] = Block(rest)
        else:
            del self._blocks[number]
        self.operators.discard(who)
        self._view = None

    def reseat(self, person: Person, operator: bool) -> None:
        """Changes a member in its place: another name, another role."""
        number = self.seats[person.id]
        changed = Member(person, operator)
        self._blocks[number] = Block(
            tuple(
                changed if member.person.id == person.id else member
                for member in self._blocks[number].members
            )
        )
        if operator:
            self.operators.add(person.id)
        else:
            self.operators.discard(person.id)
        self._view = None

    def bans_person(self, person: Person) -> bool:
        """Whether a ban describes the person."""
        return any(matches(mask, person.origin) for mask in self.bans)

    def mutes_person(self, person: Person) -> bool:
        """Whether a mute describes the person."""
        return any(matches(mask, person.origin) for mask in self.mutes)

    def state(self) -> dict[str, object]:
        """All of it as plain data: equal for equal rooms."""
        return {
            "name": self.name,
            "opened": self.opened,
            "topic": self.topic,
            "flags": self.flags,
            "bans": dict(self.bans),
            "mutes": dict(self.mutes),
            "members": list(self.members()),
            "operators": set(self.operators),
        }
