"""Shelves: where a fact stands in the history beside the messages of its room.

Owns the names under which ``places`` lists facts: what happened in a room, and private conversations, of
which each of the two has a shelf of its own. Must not know tables.

A person is known by its account. One without is known by its session, which is one run's: so whoever takes a
name later finds nothing that was said to it before.
"""

from collections.abc import Callable
from typing import Any, Final

from asyncchat.core import events
from asyncchat.core.events import Event
from asyncchat.core.names import fold
from asyncchat.core.people import Person

PASSING: Final = "~"
"""Begins the shelf of what comes and goes in a room, and is kept a week."""


def notes(room: str) -> str:
    """The shelf of what was changed in a room: topics, modes, reactions, erasures."""
    return f"+{fold(room)}"


def comings(room: str) -> str:
    """The shelf of who came to a room, left it, or took another name there."""
    return f"{PASSING}{fold(room)}"


def of_account(account: str) -> str:
    """How the shelves of an account's private conversations begin."""
    return f"@a{fold(account)}\t"


def of_session(session: int) -> str:
    """How those of a session without an account begin; its numbers mean something in one run only."""
    return f"@s{session}\t"


def with_account(account: str) -> str:
    """How the shelf of a conversation with an account ends."""
    return f"a{fold(account)}"


def with_name(name: str) -> str:
    """How that of a conversation with somebody without an account ends."""
    return f"n{fold(name)}"


def owner(person: Person) -> str:
    """How the shelves of a person's private conversations begin."""
    return of_account(person.account) if person.account else of_session(person.id)


def peer(person: Person) -> str:
    """How the shelf of a conversation with a person ends."""
    return with_account(person.account) if person.account else with_name(person.name)


def shelves_of(event: Event) -> tuple[str, ...]:
    """Where an event is looked for; empty where it is none of the history."""
    found = _SHELVES.get(type(event))
    return () if found is None else found(event)


def _pair(event: events.Whispered | events.ReactedTo | events.Retracted) -> tuple[str, ...]:
    mine = owner(event.person) + peer(event.to)
    other = owner(event.to) + peer(event.person)
    return (mine,) if mine == other else (mine, other)


def _note(event: Any) -> tuple[str, ...]:
    return (notes(event.room),)


def _coming(event: Any) -> tuple[str, ...]:
    return (comings(event.room),)


def _everywhere(event: events.Left | events.Renamed) -> tuple[str, ...]:
    return tuple(comings(room) for room in event.rooms)


_SHELVES: dict[type[Event], Callable[[Any], tuple[str, ...]]] = {
    events.Whispered: _pair,
    events.ReactedTo: _pair,
    events.Retracted: _pair,
    events.Reacted: _note,
    events.Erased: _note,
    events.TopicChanged: _note,
    events.FlagChanged: _note,
    events.SettingChanged: _note,
    events.BanChanged: _note,
    events.MuteChanged: _note,
    events.MaskChanged: _note,
    events.Joined: _coming,
    events.Parted: _coming,
    events.Kicked: _coming,
    events.RoleChanged: _coming,
    events.Left: _everywhere,
    events.Renamed: _everywhere,
}
