"""Streams: named sequences of facts in the history, read together with the messages of a room or alone.

Owns the names of streams and which events belong to which: what happened in a room, and private
conversations, of which each side has a stream of its own. It must not know tables.

A person is identified by the account. Without an account it is the session, which exists in one run only: so
whoever takes a name later finds nothing that was said to the one who had it before.
"""

from collections.abc import Callable
from typing import Any, Final

from asyncchat.core.events import Event
from asyncchat.core.features import room_modes
from asyncchat.core.features.messages import SaidInPrivate
from asyncchat.core.features.presence import Left, Renamed
from asyncchat.core.features.reactions import Reacted, ReactedTo
from asyncchat.core.features.redaction import Erased, RedactedInPrivate
from asyncchat.core.features.rooms import Joined, Kicked, Parted
from asyncchat.core.features.topic import TopicChanged
from asyncchat.core.names import fold
from asyncchat.core.people import Person

PRESENCE_PREFIX: Final = "~"
"""Begins the name of a stream of presence, which is kept for a week."""


def room_changes(room: str) -> str:
    """The stream of changes in a room: topics, modes, reactions, erasures."""
    return f"+{fold(room)}"


def room_presence(room: str) -> str:
    """The stream of presence in a room: who joined, left or changed names there."""
    return f"{PRESENCE_PREFIX}{fold(room)}"


def account_prefix(account: str) -> str:
    """The prefix of the streams of an account's private conversations."""
    return f"@a{fold(account)}\t"


def session_prefix(session: int) -> str:
    """The prefix for a session without an account; session numbers are valid in one run only."""
    return f"@s{session}\t"


def account_suffix(account: str) -> str:
    """The suffix of the stream of a conversation with an account."""
    return f"a{fold(account)}"


def name_suffix(name: str) -> str:
    """The suffix of the stream of a conversation with somebody without an account."""
    return f"n{fold(name)}"


def owner_prefix(person: Person) -> str:
    """The prefix of the streams of a person's private conversations."""
    return account_prefix(person.account) if person.account else session_prefix(person.id)


def peer_suffix(person: Person) -> str:
    """The suffix of the stream of a conversation with a person."""
    return account_suffix(person.account) if person.account else name_suffix(person.name)


def streams_of(event: Event) -> tuple[str, ...]:
    """The streams that an event belongs to; none for what is a room's message or not in the history."""
    found = _STREAMS.get(type(event))
    return () if found is None else found(event)


def _pair(event: SaidInPrivate | ReactedTo | RedactedInPrivate) -> tuple[str, ...]:
    mine = owner_prefix(event.person) + peer_suffix(event.to)
    other = owner_prefix(event.to) + peer_suffix(event.person)
    return (mine,) if mine == other else (mine, other)


def _change(event: Any) -> tuple[str, ...]:
    return (room_changes(event.room),)


def _presence(event: Any) -> tuple[str, ...]:
    return (room_presence(event.room),)


def _presence_everywhere(event: Left | Renamed) -> tuple[str, ...]:
    return tuple(room_presence(room) for room in event.rooms)


_STREAMS: dict[type[Event], Callable[[Any], tuple[str, ...]]] = {
    SaidInPrivate: _pair,
    ReactedTo: _pair,
    RedactedInPrivate: _pair,
    Reacted: _change,
    Erased: _change,
    TopicChanged: _change,
    room_modes.FlagChanged: _change,
    room_modes.SettingChanged: _change,
    room_modes.BanChanged: _change,
    room_modes.MuteChanged: _change,
    room_modes.MaskChanged: _change,
    Joined: _presence,
    Parted: _presence,
    Kicked: _presence,
    room_modes.RoleChanged: _presence,
    Left: _presence_everywhere,
    Renamed: _presence_everywhere,
}
