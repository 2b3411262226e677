"""Invitations into a room, and knocks: requests for an invitation.

Owns the invitations. One by a moderator admits despite a ban, a key, a limit and invite-only; one by any
other member only tells the person. It ends with the join, with the room, and when the invited person leaves.
"""

from typing import ClassVar

from asyncchat.core.chat import Chat, Part
from asyncchat.core.commands import Command, Query
from asyncchat.core.events import Event, Recipients, Retention
from asyncchat.core.features.rooms import Joined
from asyncchat.core.modes import INVITE_ONLY, NO_KNOCK
from asyncchat.core.names import fold
from asyncchat.core.people import Person
from asyncchat.core.permissions import about_room, membership, shown
from asyncchat.core.registry import Items, answers, applies
from asyncchat.core.replies import (
    AwayNote,
    NoSuchPerson,
    NotOperator,
    Refusal,
    Reply,
)
from asyncchat.core.roles import Right
from asyncchat.core.rooms import Room
from asyncchat.core.text import cut


class GetInvitations(Query, frozen=True):
    """The rooms that the requester is invited to."""


class Invite(Command, frozen=True):
    """Invite a person into a room."""

    audited: ClassVar[bool] = True
    room: str
    name: str


class Knock(Command, frozen=True):
    """Ask the moderators of an invite-only room for an invitation."""

    room: str
    text: str = ""


class Invited(Event, frozen=True, tag="invited"):
    """A person was invited into a room; ``admits``: the invitation lets it join where others may not."""

    recipients: ClassVar[Recipients] = Recipients.PAIR
    concerns: ClassVar[str] = "to"
    ignorable: ClassVar[bool] = True
    room: str
    to: Person
    person: Person
    admits: bool

    def allowed_by_role(self, room: Room, person_id: int) -> bool:
        """Whether a person's role in the room allows this act."""
        return not self.admits or room.roles.get(person_id, 0) >= Right.MODERATE


class Knocked(Event, frozen=True, tag="knocked"):
    """A person who is not a member asked for an invitation; ``to`` are the ids of those who can give it.

    ``time`` in microseconds since 1970 UTC.
    """

    recipients: ClassVar[Recipients] = Recipients.SOME_MEMBERS
    ignorable: ClassVar[bool] = True
    room: str
    person: Person
    text: str
    to: tuple[int, ...]
    time: int


class InviteShown(Event, frozen=True, tag="invite_shown"):
    """Tells the members of a room that one of them (``person``) invited somebody."""

    retention: ClassVar[Retention] = Retention.EPHEMERAL
    room: str
    to: Person
    person: Person


class InvitationsView(Reply, frozen=True):
    """The rooms that the requester is invited to."""

    rooms: tuple[str, ...]


class AlreadyThere(Refusal, frozen=True):
    """The person named is in that room already."""

    room: str
    name: str


class TooManyInvitations(Refusal, frozen=True):
    """The person named is invited to as many rooms as one may be."""

    room: str
    name: str


class NoNeedToKnock(Refusal, frozen=True):
    """The room is open to everyone, or the requester is in it (``inside``)."""

    room: str
    inside: bool


class KnockForbidden(Refusal, frozen=True):
    """Nobody may knock there, or the requester may not; ``reason`` is half a sentence."""

    room: str
    reason: str


class TooManyKnocks(Refusal, frozen=True):
    """The requester knocked there a moment ago."""

    room: str


KNOCK_INTERVAL = 300_000_000
"""Microseconds between two knocks of one person at one room: five minutes, as is usual."""


KNOCK_BYTES = 100
"""Longest text of a knock: it has to fit one line beside room and origin."""


INVITATIONS_EACH = 100
"""Rooms that one person may be invited to at a time: as many as it may be in."""


@answers(GetInvitations)
def invitations(chat: Chat, person_id: int, _query: GetInvitations) -> Reply:
    """The rooms that the requester is invited to."""
    return InvitationsView(tuple(chat.rooms[key].name for key in Invites.of(chat).rooms.get(person_id, ())))


class Invites(Part):
    """The invitations, and the times of knocks."""

    def __init__(self) -> None:
        self.rooms: dict[int, dict[str, bool]] = {}
        """Whether an invitation admits, by the person's id and the room's key."""
        self.knocks: dict[int, dict[str, int]] = {}
        """When a person last knocked, by the person's id and the room's key."""

    def end_run(self) -> None:
        """Forgets all of it."""
        self.rooms.clear()
        self.knocks.clear()

    def forget_person(self, person_id: int, _sessions: tuple[int, ...]) -> None:
        """Forgets the invitations and knocks of a person who left."""
        self.rooms.pop(person_id, None)
        self.knocks.pop(person_id, None)

    def rename_room(self, old: str, new: str) -> None:
        """Invitations are to the room, not to its name."""
        for rooms in self.rooms.values():
            if old in rooms:
                rooms[new] = rooms.pop(old)

    def forget_room(self, room: Room) -> None:
        """Invitations end with the room."""
        for person_id in [person_id for person_id, rooms in self.rooms.items() if room.key in rooms]:
            self.use_up(person_id, room.key)

    def use_up(self, person_id: int, key: str) -> None:
        """Ends an invitation."""
        rooms = self.rooms.get(person_id)
        if rooms is not None and rooms.pop(key, None) is not None and not rooms:
            del self.rooms[person_id]

    def state(self) -> object:
        """This part as plain data: equal in equal chats."""
        return (
            {person_id: dict(rooms) for person_id, rooms in self.rooms.items()},
            {person_id: dict(rooms) for person_id, rooms in self.knocks.items()},
        )


@applies(Joined)
def _joined(chat: Chat, event: Joined) -> None:
    Invites.of(chat).use_up(event.person.id, fold(event.room))


@about_room(Invite, find=membership)
def invite(chat: Chat, me: Person, room: Room, command: Invite, _now: int) -> Items:
    """Invites a person into a room; into an invite-only one only moderators may."""
    admits = chat.may(me.id, room, Right.MODERATE)
    if INVITE_ONLY in room.flags and not admits:
        return (NotOperator(room.name),)
    other = chat.person_named(command.name)
    if other is None:
        return (NoSuchPerson(command.name),)
    if other.id in room.member_blocks:
        return (AlreadyThere(room.name, other.name),)
    rooms = Invites.of(chat).rooms.get(other.id, {})
    if room.key not in rooms and len(rooms) >= INVITATIONS_EACH:
        return (TooManyInvitations(room.name, other.name),)
    me = me
    events = Invited(room.name, other, me, admits), InviteShown(room.name, other, me)
    away = chat.people.away.get(other.id)
    return events if away is None else (*events, AwayNote(other, away))


@about_room(Knock, find=shown)
def knock(chat: Chat, me: Person, room: Room, command: Knock, now: int) -> Items:
    """Tells the moderators of an invite-only room that somebody asks for an invitation."""
    if me.id in room.member_blocks or INVITE_ONLY not in room.flags:
        return (NoNeedToKnock(room.name, me.id in room.member_blocks),)
    if NO_KNOCK in room.flags:
        return (KnockForbidden(room.name, "nobody may knock there"),)
    if room.bans_person(me) or room.mutes_person(me):
        return (KnockForbidden(room.name, "you are banned or muted there"),)
    if now - Invites.of(chat).knocks.get(me.id, {}).get(room.key, -KNOCK_INTERVAL) < KNOCK_INTERVAL:
        return (TooManyKnocks(room.name),)
    to = tuple(id for id, roles in room.roles.items() if roles >= Right.MODERATE)
    return (Knocked(room.name, me, cut(command.text, KNOCK_BYTES)[0], to, now),)


@applies(Invited)
def _invited(chat: Chat, event: Invited) -> None:
    rooms = Invites.of(chat).rooms.setdefault(event.to.id, {})
    key = fold(event.room)
    rooms[key] = rooms.get(key, False) or event.admits


@applies(Knocked)
def _knocked(chat: Chat, event: Knocked) -> None:
    Invites.of(chat).knocks.setdefault(event.person.id, {})[fold(event.room)] = event.time
