"""The chat: its state, and the two ways to touch it, ``decide`` and ``apply``.

Owns the state of people and rooms. What is allowed stands in ``rules``; what is kept, in the log.
"""

from collections.abc import Callable, Iterable
from typing import Any, Self

from asyncchat.core import events
from asyncchat.core.accounts import Account
from asyncchat.core.changes import CHANGES
from asyncchat.core.commands import Command, Question
from asyncchat.core.events import AnyEvent, Event
from asyncchat.core.gone import Departures
from asyncchat.core.lookalikes import looks
from asyncchat.core.metadata import Metadata, attended
from asyncchat.core.modes import AUDITORIUM, SECRET
from asyncchat.core.names import LOBBY, fold
from asyncchat.core.people import Person
from asyncchat.core.replies import Refusal, Reply
from asyncchat.core.roles import OWNER_RANK, Right
from asyncchat.core.rooms import Room
from asyncchat.core.rules import ANSWERS, RULES
from asyncchat.core.rules.stays import entering_again, last_seen, rooms_kept
from asyncchat.core.seen import Visit
from asyncchat.core.server_bans import ServerBan
from asyncchat.core.stays import DAYS, PEOPLE, Stay, with_stays
from asyncchat.core.tokens import Posted, Token
from asyncchat.core.watching import Watching, followed

Item = AnyEvent | Reply | Refusal | Command
"""What a decision is made of. A question in it is answered, another command decided, an ``Answer`` given,
once the events before it are applied."""

Items = tuple[Item, ...]

Rule = Callable[["Chat", int, Any, int], Items]
"""(chat, who asks, command, now) -> items; ``who`` is a session's number, ``now`` microseconds since 1970."""

Answerer = Callable[["Chat", int, Any], Reply | Refusal]
"""(chat, who asks, question) -> answer."""


class Chat:
    """All people and rooms of one chat.

    ``decide`` changes nothing and is the only place where rules are asked; ``apply`` asks nothing and is the
    only place where the state changes. So the facts alone, applied again, give the same state.
    """

    def __init__(self) -> None:
        self.people: dict[int, Person] = {}
        self.holders: dict[str, int] = {}
        self.lookalikes: dict[str, int] = {}
        """Who has a name that looks like others, by what it looks like; most names look like themselves."""
        self.ascii_names = False
        """Whether new names have letters of ASCII alone. The server's wish, no fact."""
        self.away: dict[int, str] = {}
        self.devices: dict[int, tuple[int, ...]] = {}
        """The sessions of people who have others than the one they entered with; none: here without one."""
        self.absent: dict[int, int] = {}
        """Since when people are here without a connection (microseconds since 1970 UTC)."""
        self.labels: dict[int, str] = {}
        """The devices of sessions that are not the first of their person's."""
        self.entered: dict[int, int] = {}
        self.owners: set[int] = set()
        self.owner_claimed = False
        self.most_people = 0
        self.accounts: dict[str, Account] = {}
        self.staying: set[str] = set()
        """The keys of accounts that stay in the chat without a connection."""
        self.stays: dict[str, Stay] = {}
        """What is kept of those who stay without a connection, by their accounts' keys."""
        self.seen: dict[str, dict[str, Visit]] = {}
        """When the devices of accounts were here, by the accounts' keys and by device."""
        self.most_stays = PEOPLE
        self.longest_absence = DAYS
        """How many may stay, and for how many days (0: without an end). The server's wishes, no facts."""
        self.tokens: dict[str, Token] = {}
        self.posted: dict[tuple[str, str], Posted] = {}
        self.rooms: dict[str, Room] = {}
        self.moved: dict[str, str] = {}
        """The keys of rooms by those of the names that they had before."""
        self.rooms_of: dict[int, tuple[str, ...]] = {}
        self.invitations: dict[int, dict[str, bool]] = {}
        self.knocks: dict[int, dict[str, int]] = {}
        """When people last knocked, by the room's key."""
        self.person_flags: dict[int, frozenset[str]] = {}
        self.server_bans: dict[str, ServerBan] = {}
        self.marks: dict[str, dict[str, int]] = {}
        """Up to when accounts have read rooms and people (microseconds since 1970 UTC), all by their keys."""
        self.guests_marks: dict[int, dict[str, int]] = {}
        """The same of those who are here without one."""
        self.gone = Departures()
        self.watching = Watching()
        self.metadata = Metadata()
        self.spoke: dict[int, int] = {}
        """When people last said something (microseconds since 1970 UTC), as far as this node heard it.

        No fact and no state: the hub notes it, no decision reads it, it is told as how long somebody is idle.
        """

    @classmethod
    def replay(cls, facts: Iterable[Event]) -> Self:
        """The chat that these facts give."""
        chat = cls()
        for fact in facts:
            chat.apply(fact)
        return chat

    def decide(self, who: int, command: Command, now: int) -> Items:
        """What becomes of a command.

        Args:
            who: the session that asks, a person or not yet.
            command: what it asks.
            now: microseconds since 1970 UTC; never earlier than that of an event before.

        Returns:
            The events that happen, replies, and a refusal where it may not be; possibly nothing. Questions
            among them are to be put to ``answer`` after the events before them have been applied.
        """
        items = RULES[type(command)](self, who, command, now)
        if len(items) == 1 and type(items[0]) is events.Said:
            return items  # nearly all that is decided, and nothing follows from it
        if self.watching.names:
            items = followed(self, items)
        if self.metadata.subscribers or self.metadata.guests:
            items = attended(self, items)
        return with_stays(self, items) if self.staying else items

    def answer(self, who: int, question: Question) -> Reply | Refusal:
        """The answer to a question, from the state as it is."""
        return ANSWERS[type(question)](self, who, question)

    def apply(self, event: Event) -> None:
        """Changes the state by a fact."""
        change = CHANGES.get(type(event))
        if change is not None:
            change(self, event)

    def person_named(self, name: str) -> Person | None:
        """The person who has a name."""
        who = self.holders.get(fold(name))
        return None if who is None else self.people[who]

    def twin(self, name: str) -> int | None:
        """Who has a name that is another one but looks the same."""
        look = looks(name)
        who = self.lookalikes.get(look)
        if who is None and look != fold(name):
            who = self.holders.get(look)
        return None if who is None or self.people[who].key == fold(name) else who

    def kept_twin(self, name: str) -> str:
        """The account or the bot, here or not, that a name of other letters looks like; empty for none."""
        look = looks(name)
        if look == fold(name):
            return ""
        account = self.accounts.get(look)
        if account is not None:
            return account.name
        token = self.tokens.get(look)
        return "" if token is None else token.name

    def room_named(self, name: str) -> Room | None:
        """The room that has a name."""
        return self.rooms.get(fold(name))

    def rank(self, who: int, room: Room) -> int:
        """The sum of somebody's roles in the room; for the owner it is above all of them."""
        return OWNER_RANK if who in self.owners else room.roles.get(who, 0)

    def may(self, who: int, room: Room, right: Right) -> bool:
        """Whether somebody's role allows this in the room."""
        return room.roles.get(who, 0) >= right or who in self.owners

    def shows(self, room: Room, who: int) -> bool:
        """Whether somebody may know that the room is there."""
        return SECRET not in room.flags or who in room.seats or who in self.owners

    def veils(self, room: Room, who: int, other: int) -> bool:
        """Whether the room hides one member from another: an auditorium does, of those without rights."""
        return (
            AUDITORIUM in room.flags
            and who != other
            and room.roles.get(other, 0) < Right.KEEP_ORDER
            and not self.may(who, room, Right.KEEP_ORDER)
        )

    def room_shown(self, name: str, who: int) -> Room | None:
        """The room that has a name, if somebody may know of it."""
        room = self.rooms.get(fold(name))
        return room if room is not None and self.shows(room, who) else None

    def has(self, who: int, flag: str) -> bool:
        """Whether a person has one of its flags on."""
        return flag in self.person_flags.get(who, ())

    def rooms_with(self, who: int) -> list[Room]:
        """The rooms that somebody is in, in the order in which they were joined."""
        return [self.rooms[key] for key in self.rooms_of.get(who, ())]

    def state(self) -> dict[str, object]:
        """All of it as plain data: equal for equal chats."""
        return {
            "people": dict(self.people),
            "holders": dict(self.holders),
            "away": dict(self.away),
            "devices": dict(self.devices),
            "owners": set(self.owners),
            "owner_claimed": self.owner_claimed,
            "absent": dict(self.absent),
            "accounts": dict(self.accounts),
            "staying": set(self.staying),
            "stays": dict(self.stays),
            "seen": {account: dict(devices) for account, devices in self.seen.items()},
            "marks": {account: dict(marks) for account, marks in self.marks.items()},
            "guests_marks": {who: dict(marks) for who, marks in self.guests_marks.items()},
            "tokens": dict(self.tokens),
            "posted": dict(self.posted),
            "rooms": {key: room.state() for key, room in self.rooms.items()},
            "moved": dict(self.moved),
            "rooms_of": dict(self.rooms_of),
            "invitations": {who: dict(rooms) for who, rooms in self.invitations.items()},
            "knocks": {who: dict(rooms) for who, rooms in self.knocks.items()},
            "person_flags": dict(self.person_flags),
            "watching": {who: dict(names) for who, names in self.watching.names.items()},
            "metadata": self.metadata.state(),
            "server_bans": dict(self.server_bans),
        }


def starting(chat: Chat, version: str, now: int = 0, last: int = 0) -> tuple[AnyEvent, ...]:
    """The facts with which a run of a node begins, given the chat that the log's state gives.

    Args:
        now, last: the time, and that of the last fact before (microseconds since 1970 UTC).
    """
    kept = {LOBBY, *rooms_kept(chat, now)}
    closed = (
        events.RoomClosed(room.name) for room in chat.rooms.values() if room.plain and room.key not in kept
    )
    again = (*entering_again(chat, now, last), *last_seen(chat, last or now))
    return (events.NodeStarted(version), *closed, *again)
