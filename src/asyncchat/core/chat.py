"""The chat: its state, and the two ways to touch it, ``decide`` and ``apply``.

Owns the state of people and rooms. What is allowed stands in ``rules``; what is kept, in the log.
"""

from collections.abc import Callable, Iterable
from typing import Any, Self

from asyncchat.core import events
from asyncchat.core.commands import Command, Question
from asyncchat.core.events import AnyEvent, Event
from asyncchat.core.gone import Departures
from asyncchat.core.modes import BANS, MUTES, SECRET, SLOW
from asyncchat.core.names import LOBBY, fold
from asyncchat.core.people import Person
from asyncchat.core.replies import Refusal, Reply
from asyncchat.core.roles import OPERATOR, OWNER_RANK, ROLE_NAMED, Right
from asyncchat.core.rooms import Mark, Room, Topic
from asyncchat.core.rules import ANSWERS, RULES
from asyncchat.core.server_bans import ServerBan

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
        self.invitations: dict[int, dict[str, bool]] = {}
        self.person_flags: dict[int, frozenset[str]] = {}
        self.server_bans: dict[str, ServerBan] = {}
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

    def rank(self, who: int, room: Room) -> int:
        """The sum of somebody's roles in the room; for the owner it is above all of them."""
        return OWNER_RANK if who in self.owners else room.roles.get(who, 0)

    def may(self, who: int, room: Room, right: Right) -> bool:
        """Whether somebody's role allows this in the room."""
        return room.roles.get(who, 0) >= right or who in self.owners

    def shows(self, room: Room, who: int) -> bool:
        """Whether somebody may know that the room is there."""
        return SECRET not in room.flags or who in room.seats or who in self.owners

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
            "owners": set(self.owners),
            "owner_claimed": self.owner_claimed,
            "rooms": {key: room.state() for key, room in self.rooms.items()},
            "rooms_of": dict(self.rooms_of),
            "invitations": {who: dict(rooms) for who, rooms in self.invitations.items()},
            "person_flags": dict(self.person_flags),
            "server_bans": dict(self.server_bans),
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
            self.invitations,
            self.person_flags,
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
        self.invitations.pop(who, None)
        self.person_flags.pop(who, None)
        self.spoke.pop(who, None)
        self.gone.add(event.person, event.time)

    def _renamed(self, event: events.Renamed) -> None:
        person = event.now
        del self.holders[event.person.key]
        self.holders[person.key] = person.id
        self.gone.add(event.person, event.time)
        self.people[person.id] = person
        for room in self.rooms_with(person.id):
            room.reseat(person, room.roles.get(person.id, 0))

    def _away_changed(self, event: events.AwayChanged) -> None:
        if event.text:
            self.away[event.person.id] = event.text
        else:
            self.away.pop(event.person.id, None)

    def _room_opened(self, event: events.RoomOpened) -> None:
        self.rooms[fold(event.room)] = Room(event.room, event.time)

    def _room_closed(self, event: events.RoomClosed) -> None:
        key = fold(event.room)
        del self.rooms[key]
        for who in [who for who, rooms in self.invitations.items() if key in rooms]:
            self._use_up(who, key)

    def _use_up(self, who: int, key: str) -> None:
        """Ends an invitation."""
        rooms = self.invitations.get(who)
        if rooms is not None and rooms.pop(key, None) is not None and not rooms:
            del self.invitations[who]

    def _joined(self, event: events.Joined) -> None:
        who = event.person.id
        key = fold(event.room)
        self.rooms[key].seat(event.person, OPERATOR.bit if event.operator else 0)
        self.rooms_of[who] = (*self.rooms_of.get(who, ()), key)
        if self.invitations:
            self._use_up(who, key)

    def _left_room(self, event: events.Parted | events.Kicked) -> None:
        who = event.person.id
        key = fold(event.room)
        self.rooms[key].unseat(who)
        self.rooms_of[who] = tuple(other for other in self.rooms_of[who] if other != key)

    def _role_changed(self, event: events.RoleChanged) -> None:
        room = self.rooms[fold(event.room)]
        bit = ROLE_NAMED[event.role].bit
        roles = room.roles.get(event.person.id, 0)
        room.reseat(event.person, roles | bit if event.on else roles & ~bit)

    def _topic_changed(self, event: events.TopicChanged) -> None:
        topic = Topic(event.text, event.person.origin, event.time) if event.text else None
        self.rooms[fold(event.room)].topic = topic

    def _flag_changed(self, event: events.FlagChanged) -> None:
        self.rooms[fold(event.room)].turn(event.flag, event.on)

    def _setting_changed(self, event: events.SettingChanged) -> None:
        self.rooms[fold(event.room)].set(event.setting, event.value)

    def _ban_changed(self, event: events.BanChanged) -> None:
        self._mark(BANS, event)

    def _mute_changed(self, event: events.MuteChanged) -> None:
        self._mark(MUTES, event)

    def _mask_changed(self, event: events.MaskChanged) -> None:
        self._mark(event.listed, event)

    def _mark(self, listed: str, event: events.BanChanged | events.MuteChanged | events.MaskChanged) -> None:
        mark = Mark(event.person.origin, event.time) if event.on else None
        self.rooms[fold(event.room)].mark(listed, event.mask, mark)

    def _invited(self, event: events.Invited) -> None:
        rooms = self.invitations.setdefault(event.to.id, {})
        key = fold(event.room)
        rooms[key] = rooms.get(key, False) or event.admits

    def _spoke(self, event: events.Spoke) -> None:
        room = self.rooms[fold(event.room)]
        if SLOW in room.settings:
            room.spoke[event.person.id] = event.time

    def _person_flag_changed(self, event: events.PersonFlagChanged) -> None:
        who = event.person.id
        flags = self.person_flags.get(who, frozenset())
        flags = flags | {event.flag} if event.on else flags - {event.flag}
        if flags:
            self.person_flags[who] = flags
        else:
            self.person_flags.pop(who, None)

    def _server_ban_changed(self, event: events.ServerBanChanged) -> None:
        if event.on:
            self.server_bans[event.mask] = ServerBan(
                event.mask, event.person.origin, event.time, event.until, event.reason
            )
        else:
            self.server_bans.pop(event.mask, None)

    def _owner_claimed(self, event: events.OwnerClaimed) -> None:
        self.owner_claimed = self.owner_claimed or not event.name
        if event.person.id in self.people:
            self.owners.add(event.person.id)


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
    events.RoleChanged: Chat._role_changed,
    events.TopicChanged: Chat._topic_changed,
    events.FlagChanged: Chat._flag_changed,
    events.BanChanged: Chat._ban_changed,
    events.MuteChanged: Chat._mute_changed,
    events.SettingChanged: Chat._setting_changed,
    events.MaskChanged: Chat._mask_changed,
    events.Invited: Chat._invited,
    events.Spoke: Chat._spoke,
    events.PersonFlagChanged: Chat._person_flag_changed,
    events.OwnerClaimed: Chat._owner_claimed,
    events.ServerBanChanged: Chat._server_ban_changed,
}


def starting(chat: Chat, version: str) -> tuple[AnyEvent, ...]:
    """The facts with which a run of a node begins, given the chat that the log's state gives."""
    closed = (
        events.RoomClosed(room.name) for room in chat.rooms.values() if room.plain and room.key != LOBBY
    )
    return (events.NodeStarted(version), *closed)
