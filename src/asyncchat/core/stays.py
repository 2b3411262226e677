"""People who stay while they are not connected, because their account wants it.

Owns what is kept of one so that a restart finds it again; what is allowed stands in ``rules.stays``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from asyncchat.core import commands, events
from asyncchat.core.names import fold
from asyncchat.core.people import Person

if TYPE_CHECKING:
    from asyncchat.core.chat import Chat

NOT_CONNECTED: Final = "not connected"
"""The word with which somebody is away who has no connection and has not said another."""

PEOPLE: Final = 1000
"""People who may stay, where the server does not say otherwise: each sits in rooms that others read."""

DAYS: Final = 30
"""Days without a connection after which one is let go, where the server does not say otherwise."""


class Stay(msgspec.Struct, frozen=True):
    """What is kept of one: rooms by name with the sum of the roles there, and since when it is not connected.

    ``away`` is a word of its own, ``since`` in microseconds since 1970 UTC, 0 while it is connected.
    """

    person: Person
    rooms: tuple[tuple[str, int], ...]
    away: str = ""
    since: int = 0


def stays(chat: Chat, person: Person) -> bool:
    """Whether somebody stays without a connection: its account wants it, under the account's own name."""
    return bool(person.account) and person.key in chat.staying and fold(person.account) == person.key


def stay_of(chat: Chat, person: Person) -> Stay:
    """What is to be kept of somebody now."""
    rooms = tuple((room.name, room.roles.get(person.id, 0)) for room in chat.rooms_with(person.id))
    away = chat.away.get(person.id, "")
    own = "" if away == NOT_CONNECTED else away
    # Numbers of sessions mean nothing in the next run.
    return Stay(msgspec.structs.replace(person, id=0), rooms, own, chat.absent.get(person.id, 0))


def with_stays(chat: Chat, items: tuple[Any, ...]) -> tuple[Any, ...]:
    """What is decided, and behind it that what is kept of people who stay is brought up to date."""
    touched: dict[str, None] = {}
    for item in items:
        find = _TOUCHED.get(type(item))
        if find is not None:
            for person in find(chat, item):
                if person.account:
                    touched[fold(person.account)] = None
    concerned = tuple(key for key in touched if key in chat.stays or key in chat.staying)
    return (*items, commands.KeepStays(concerned)) if concerned else items


def _one(_chat: Chat, event: Any) -> tuple[Person, ...]:
    return (event.person,)


def _both(_chat: Chat, event: Any) -> tuple[Person, ...]:
    return (event.person, event.now)


def _members(chat: Chat, event: events.RoomRenamed) -> tuple[Person, ...]:
    room = chat.room_named(event.room)
    return () if room is None else tuple(chat.people[who] for who in room.seats)


_TOUCHED: dict[type, Any] = {
    events.Entered: _one,
    events.Left: _one,
    events.Attached: _one,
    events.Detached: _one,
    events.AwayChanged: _one,
    events.Joined: _one,
    events.Parted: _one,
    events.Kicked: _one,
    events.RoleChanged: _one,
    events.Renamed: _both,
    events.RealnameChanged: _both,
    events.LoggedIn: _both,
    events.LoggedOut: _both,
    events.RoomRenamed: _members,
}
"""Whose stay an event may change."""
