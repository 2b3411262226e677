"""The chat: its state, and the two ways to touch it, ``decide`` and ``apply``.

Owns the state of people and rooms. What is allowed stands in ``rules``; what is kept, in the log.
"""

from collections.abc import Callable, Iterable
from typing import Any, Self

from asyncchat.core import events
from asyncchat.core.commands import Command, Question
from asyncchat.core.events import AnyEvent, Event
from asyncchat.core.gone import Departures
from asyncchat.core.names import LOBBY, fold
from asyncchat.core.people import Person
from asyncchat.core.replies import Refusal, Reply
from asyncchat.core.rooms import Mark, Room, Topic
from asyncchat.core.rules import ANSWERS, RULES

Item = AnyEvent | Reply | Refusal | Question
"""What a decision is made of; a question in it is answered once the events before it are applied."""

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
        self.away: dict[int, str] = {}
        self.entered: dict[int, int] = {}
        self.owners: set[int] = set()
        self.owner_claimed = False
        self.most_people = 0
        self.rooms: dict[str, Room] = {}
        self.rooms_of: dict[int, tuple[str, ...]] = {}
        self.gone = Departures()
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
        return RULES[type(command)](self, who, command, now)

    def answer(self, who: int, question: Question) -> Reply | Refusal:
        """The answer to a question, from the state as it is."""
        return ANSWERS[type(question)](self, who, question)

    def apply(self, event: Event) -> None:
        """Changes the state by a fact."""
        change = _APPLY.get(type(event))
        if change is not None:
            change(self, event)

    def person_named(self, name: str) -> Person | None:
        """The person who has a name."""
        who = self.holders.get(fold(name))
        return None if who is None else self.people[who]

    def room_named(self, name: str) -> Room | None:
        """The room that has a name."""
        return self.rooms.get(fold(name))

    def operates(self, who: int, room: Room) -> bool:
        """Whether somebody is an operator of the room, by role or as the owner."""
        return who in room.operators or who in self.owners

    def rooms_with(self, who: int) -> list[Room]:
        """The rooms that somebody is in, in the order in which they were joined."""
        return [self.rooms[key] for key in self.rooms_of.get(who, ())]

    def state(self) -> dict[str, object]:
        """All of it as plain data: equal for equal chats."""
        return {
            "people": dict(self.people),
            "holders": dict(self.holders),
            "away": dict(self.away),
            "owners": set(self.owners),
            "owner_claimed": self.owner_claimed,
            "rooms": {key: room.state() for key, room in self.rooms.items()},
            "rooms_of": dict(self.rooms_of),
        }

    # What each fact changes.

    def _node_started(self, _event: events.NodeStarted) -> None:
        for room in self.rooms.values():
            for who in list(room.seats):
                room.unseat(who)
        for memory in (
            self.people,
            self.holders,
            self.away,
            self.entered,
            self.owners,
            self.rooms_of,
            self.spoke,
        ):
            memory.clear()
        self.gone.clear()
        self.most_people = 0

    def _entered(self, event: events.Entered) -> None:
        person = event.person
        self.people[person.id] = person
        self.holders[person.key] = person.id
        self.entered[person.id] = event.time
        self.most_people = max(self.most_people, len(self.people))

    def _left(self, event: events.Left) -> None:
        who = event.person.id
        for room in self.rooms_with(who):
            room.unseat(who)
        person = self.people.pop(who)
        del self.holders[person.key]
        self.rooms_of.pop(who, None)
        self.away.pop(who, None)
        self.entered.pop(who, None)
        self.owners.discard(who)
        self.spoke.pop(who, None)
        self.gone.add(event.person, event.time)

    def _renamed(self, event: events.Renamed) -> None:
        person = event.now
        del self.holders[event.person.key]
        self.holders[person.key] = person.id
        self.gone.add(event.person, event.time)
        self.people[person.id] = person
        for room in self.rooms_with(person.id):
            room.reseat(person, person.id in room.operators)

    def _away_changed(self, event: events.AwayChanged) -> None:
        if event.text:
            self.away[event.person.id] = event.text
        else:
            self.away.pop(event.person.id, None)

    def _room_opened(self, event: events.RoomOpened) -> None:
        self.rooms[fold(event.room)] = Room(event.room, event.time)

    def _room_closed(self, event: events.RoomClosed) -> None:
        del self.rooms[fold(event.room)]

    def _joined(self, event: events.Joined) -> None:
        who = event.person.id
        key = fold(event.room)
        self.rooms[key].seat(event.person, event.operator)
        self.rooms_of[who] = (*self.rooms_of.get(who, ()), key)

    def _left_room(self, event: events.Parted | events.Kicked) -> None:
        who = event.person.id
        key = fold(event.room)
        self.rooms[key].unseat(who)
        self.rooms_of[who] = tuple(other for other in self.rooms_of[who] if other != key)

    def _operator_changed(self, event: events.OperatorChanged) -> None:
        self.rooms[fold(event.room)].reseat(event.person, event.on)

    def _topic_changed(self, event: events.TopicChanged) -> None:
        topic = Topic(event.text, event.person.origin, event.time) if event.text else None
        self.rooms[fold(event.room)].topic = topic

    def _flag_changed(self, event: events.FlagChanged) -> None:
        room = self.rooms[fold(event.room)]
        room.flags = room.flags | {event.flag} if event.on else room.flags - {event.flag}

    def _ban_changed(self, event: events.BanChanged) -> None:
        _mark(self.rooms[fold(event.room)].bans, event)

    def _mute_changed(self, event: events.MuteChanged) -> None:
        _mark(self.rooms[fold(event.room)].mutes, event)

    def _owner_claimed(self, event: events.OwnerClaimed) -> None:
        self.owner_claimed = self.owner_claimed or not event.name
        if event.person.id in self.people:
            self.owners.add(event.person.id)


def _mark(masks: dict[str, Mark], event: events.BanChanged | events.MuteChanged) -> None:
    if event.on:
        masks[event.mask] = Mark(event.person.origin, event.time)
    else:
        masks.pop(event.mask, None)


_APPLY: dict[type[Event], Callable[[Chat, Any], None]] = {
    events.NodeStarted: Chat._node_started,
    events.Entered: Chat._entered,
    events.Left: Chat._left,
    events.Renamed: Chat._renamed,
    events.AwayChanged: Chat._away_changed,
    events.RoomOpened: Chat._room_opened,
    events.RoomClosed: Chat._room_closed,
    events.Joined: Chat._joined,
    events.Parted: Chat._left_room,
    events.Kicked: Chat._left_room,
    events.OperatorChanged: Chat._operator_changed,
    events.TopicChanged: Chat._topic_changed,
    events.FlagChanged: Chat._flag_changed,
    events.BanChanged: Chat._ban_changed,
    events.MuteChanged: Chat._mute_changed,
    events.OwnerClaimed: Chat._owner_claimed,
}


def starting(chat: Chat, version: str) -> tuple[AnyEvent, ...]:
    """The facts with which a run of a node begins, given the chat that the log's state gives."""
    closed = (
        events.RoomClosed(room.name) for room in chat.rooms.values() if room.plain and room.key != LOBBY
    )
    return (events.NodeStarted(version), *closed)
