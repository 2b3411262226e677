"""Streams: named sequences of facts in the history, read together with the messages of a room or alone.

Owns the names of streams: what happened in a room, and private conversations, of which each side has a stream
of its own. Which kind of stream an event belongs to, the event declares. It must not know tables.

A person is identified by the account. Without an account it is the session, which exists in one run only: so
whoever takes a name later finds nothing that was said to the one who had it before.
"""

from typing import Any, Final

from asyncchat.core.events import Event, Recipients, Stream
from asyncchat.core.forgotten import FORGOTTEN, Identity
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


def streams_in(room: str) -> tuple[str, str, str]:
    """Where something of a room stands: its messages, the changes in it, presence."""
    return fold(room), room_changes(room), room_presence(room)


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
    fact: Any = event  # its stream says which fields it has
    match event.stream:
        case Stream.NONE:
            return ()
        case Stream.CONVERSATION:
            mine = owner_prefix(fact.person) + peer_suffix(fact.to)
            other = owner_prefix(fact.to) + peer_suffix(fact.person)
            return (mine,) if mine == other else (mine, other)
        case Stream.CHANGES:
            return (room_changes(fact.room),)
        case Stream.PRESENCE:
            rooms = fact.rooms if event.recipients is Recipients.PEERS else (fact.room,)
            return tuple(room_presence(room) for room in rooms)


def without(stream: str, who: Identity) -> str:
    """The name of a stream after a person is forgotten; empty: it was that person's, and is no more."""
    if stream.startswith(account_prefix(who.key)):
        return ""
    owner, tab, end = stream.partition("\t")
    is_with = tab and end in (account_suffix(who.key), name_suffix(who.key))
    return f"{owner}\t{name_suffix(FORGOTTEN.name)}" if is_with else stream
