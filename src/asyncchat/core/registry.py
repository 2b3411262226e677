"""The registry: the handler of each command, the appliers of each event, the answer to each query.

Owns the decorators by which features declare theirs, and the types of these functions. A feature is found by
importing ``features``; nothing else lists it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from asyncchat.core.chat import APPLIERS, Chat
from asyncchat.core.commands import Command, Query
from asyncchat.core.events import Event
from asyncchat.core.replies import NotConnectedYet, Refusal, Reply
from asyncchat.core.rooms import Room

Item = Event | Reply | Refusal | Command
"""What a decision is made of. A query in it is answered, another command decided, a ``DialectReply``
given, once the events before it are applied."""

Items = tuple[Item, ...]

Handler = Callable[[Chat, int, Any, int], Items]
"""(chat, who asks, command, now) -> items.

``person_id`` is the number of a person, or of a session that is no person yet, ``now`` microseconds since
1970.
"""

QueryHandler = Callable[[Chat, int, Any], Reply | Refusal]
"""(chat, who asks, query) -> answer."""

Follower = Callable[[Chat, int, Any], Iterable[Item]]
"""(chat, who asks, item) -> what follows from it for another feature, right behind it."""

Concluder = Callable[[Chat, int, Command, Items], Items]
"""(chat, who asks, command, all that is decided) -> the same with what follows from the whole."""

RoomSnapshot = Callable[[Room], Iterable[Event]]
"""(room) -> few events that give it again what a feature keeps of it."""

HANDLERS: dict[type[Command], Handler] = {}
QUERY_HANDLERS: dict[type[Query], QueryHandler] = {}
FOLLOWERS: dict[type, tuple[Follower, ...]] = {}
CONCLUDERS: list[Concluder] = []
ROOM_SNAPSHOTS: list[RoomSnapshot] = []

_HandlerT = TypeVar("_HandlerT", bound=Callable[..., Any])


def handles(*commands: type[Command]) -> Callable[[_HandlerT], _HandlerT]:
    """Declares the one function that decides these commands."""

    def register(handler: _HandlerT) -> _HandlerT:
        for command in commands:
            _set(HANDLERS, command, handler)
        return handler

    return register


def answers(*queries: type[Query]) -> Callable[[_HandlerT], _HandlerT]:
    """Declares the one function that answers these queries; whoever is not in the chat is told so instead."""

    def register(handler: _HandlerT) -> _HandlerT:
        for query in queries:
            _set(QUERY_HANDLERS, query, handler)
            _set(HANDLERS, query, _ask)
        return handler

    return register


def applies(*events: type[Event]) -> Callable[[_HandlerT], _HandlerT]:
    """Declares a function that changes the state by these events; several features may apply the same one."""

    def register(applier: _HandlerT) -> _HandlerT:
        for event in events:
            APPLIERS[event] = (*APPLIERS.get(event, ()), applier)
        return applier

    return register


def follows(*items: type[Event | Reply]) -> Callable[[_HandlerT], _HandlerT]:
    """Declares a function that adds what follows from such an event, or reply, for a feature."""

    def register(follower: _HandlerT) -> _HandlerT:
        for item in items:
            FOLLOWERS[item] = (*FOLLOWERS.get(item, ()), follower)
        return follower

    return register


def concludes(*, last: bool = False) -> Callable[[Concluder], Concluder]:
    """Declares a function that adds to a whole decision; ``last``: after all others."""

    def register(concluder: Concluder) -> Concluder:
        CONCLUDERS.insert(len(CONCLUDERS) if last else 0, concluder)
        return concluder

    return register


def snapshots_room(snapshot: RoomSnapshot) -> RoomSnapshot:
    """Declares what a snapshot keeps of a room for a feature; the room is opened, under its name, before."""
    ROOM_SNAPSHOTS.append(snapshot)
    return snapshot


def _set(table: dict[Any, Any], key: type, value: object) -> None:
    if key in table:
        raise TypeError(f"{key.__name__} is registered twice")
    table[key] = value


def _ask(chat: Chat, person_id: int, query: Query, _now: int) -> Items:
    return (query,) if person_id in chat.people else (NotConnectedYet(),)
