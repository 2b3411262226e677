"""The registry: the handler of each command, the appliers of each event, the answer to each query.

Owns the decorators with which features declare these, and the types of the functions. Importing ``features``
registers all features; nothing else lists them.
"""

from collections.abc import Callable, Generator, Iterable
from typing import Any, TypeVar

from asyncchat.core.chat import APPLIERS, Chat
from asyncchat.core.commands import Command, IoCommand, Query
from asyncchat.core.events import Event
from asyncchat.core.people import Person
from asyncchat.core.replies import NotConnectedYet, Refusal, Reply
from asyncchat.core.rooms import Room

Item = Event | Reply | Refusal | Command
"""What a decision consists of. Once the events before it are applied, a query in it is answered, another
command is decided, and a ``DialectReply`` is passed on."""

Items = tuple[Item, ...]

Handler = Callable[[Chat, int, Any, int], Items]
"""(chat, person_id, command, now) -> items.

``person_id`` is the id of a person, or of a session that has not connected yet; ``now`` is in microseconds
since 1970 UTC.
"""

PersonHandler = Callable[[Chat, Person, Any, int], Items]
"""(chat, person, command, now) -> items."""

SlicedHandler = Callable[[Chat, int, Any, int], Generator[None, None, Items]]
"""The same, of a command whose answer may be as long as the list of people: it yields wherever others may
have their turn. It gives one reply or refusal, behind events if there are any."""

QueryHandler = Callable[[Chat, int, Any], Reply | Refusal]
"""(chat, person_id, query) -> answer."""

Follower = Callable[[Chat, int, Any], Iterable[Item]]
"""(chat, person_id, item) -> what another feature adds directly after the item."""

Concluder = Callable[[Chat, int, Command, Items], Items]
"""(chat, person_id, command, items) -> the whole decision with what a feature adds to it."""

RoomSnapshot = Callable[[Room], Iterable[Event]]
"""(room) -> the fewest events that restore what a feature knows of the room."""

QueryNote = Callable[[Chat, int, Any, int], Iterable[Event]]
"""(chat, person_id, query, now) -> what the audit keeps of a query."""

HANDLERS: dict[type[Command], Handler] = {}
QUERY_NOTES: dict[type[Query], QueryNote] = {}
SLICED_HANDLERS: dict[type[Command], SlicedHandler] = {}
QUERY_HANDLERS: dict[type[Query], QueryHandler] = {}
FOLLOWERS: dict[type, tuple[Follower, ...]] = {}
CONCLUDERS: list[Concluder] = []
ROOM_SNAPSHOTS: list[RoomSnapshot] = []

_HandlerT = TypeVar("_HandlerT", bound=Callable[..., Any])


def handles(*commands: type[Command]) -> Callable[[_HandlerT], _HandlerT]:
    """Registers the one function that decides these commands."""

    def register(handler: _HandlerT) -> _HandlerT:
        for command in commands:
            _set(HANDLERS, command, handler)
        return handler

    return register


def for_people(*commands: type[Command]) -> Callable[[PersonHandler], Handler]:
    """Registers the one function that decides these commands of people who are connected, and of programs."""

    def register(handler: PersonHandler) -> Handler:
        def decide(chat: Chat, person_id: int, command: Any, now: int) -> Items:
            me = chat.actor(person_id)
            return (NotConnectedYet(),) if me is None else handler(chat, me, command, now)

        return handles(*commands)(decide)

    return register


def handles_in_slices(command: type[IoCommand]) -> Callable[[SlicedHandler], SlicedHandler]:
    """Registers the one function that decides this command, a slice at a time."""

    def register(handler: SlicedHandler) -> SlicedHandler:
        def decide_at_once(chat: Chat, person_id: int, asked: Command, now: int) -> Items:
            work = handler(chat, person_id, asked, now)
            while True:
                try:
                    next(work)
                except StopIteration as made:
                    items: Items = made.value
                    return items

        _set(HANDLERS, command, decide_at_once)
        SLICED_HANDLERS[command] = handler
        return handler

    return register


def answers(*queries: type[Query]) -> Callable[[_HandlerT], _HandlerT]:
    """Registers the one function that answers these queries, for people who are connected."""

    def register(handler: _HandlerT) -> _HandlerT:
        for query in queries:
            _set(QUERY_HANDLERS, query, handler)
            _set(HANDLERS, query, _query)
        return handler

    return register


def notes(*queries: type[Query]) -> Callable[[QueryNote], QueryNote]:
    """Registers the one function that says what the audit keeps of these queries."""

    def register(note: QueryNote) -> QueryNote:
        for query in queries:
            _set(QUERY_NOTES, query, note)
        return note

    return register


def applies(*events: type[Event]) -> Callable[[_HandlerT], _HandlerT]:
    """Registers a function that changes the state by these events; several features may apply one event."""

    def register(applier: _HandlerT) -> _HandlerT:
        for event in events:
            APPLIERS[event] = (*APPLIERS.get(event, ()), applier)
        return applier

    return register


def follows(*items: type[Event | Reply]) -> Callable[[_HandlerT], _HandlerT]:
    """Registers a function that adds to a decision what follows from such an event or reply."""

    def register(follower: _HandlerT) -> _HandlerT:
        for item in items:
            FOLLOWERS[item] = (*FOLLOWERS.get(item, ()), follower)
        return follower

    return register


def concludes(*, last: bool = False) -> Callable[[Concluder], Concluder]:
    """Registers a function that adds to a whole decision; ``last``: after all others."""

    def register(concluder: Concluder) -> Concluder:
        CONCLUDERS.insert(len(CONCLUDERS) if last else 0, concluder)
        return concluder

    return register


def snapshots_room(snapshot: RoomSnapshot) -> RoomSnapshot:
    """Registers a function that adds to a snapshot of a room; the event that opens the room comes first."""
    ROOM_SNAPSHOTS.append(snapshot)
    return snapshot


def _set(table: dict[Any, Any], key: type, value: object) -> None:
    if key in table:
        raise TypeError(f"{key.__name__} is registered twice")
    table[key] = value


def _query(chat: Chat, person_id: int, query: Query, now: int) -> Items:
    if person_id not in chat.people:
        return (NotConnectedYet(),)
    note = QUERY_NOTES.get(type(query))
    return (query,) if note is None else (*note(chat, person_id, query, now), query)
