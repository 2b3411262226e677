"""Read markers: how far people have read; the sessions of an account share them.

Owns the markers.
"""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import ClassVar, Final, Self

import msgspec

from asyncchat.core.chat import Chat, Part
from asyncchat.core.commands import Command
from asyncchat.core.events import Event, Recipients, Retention
from asyncchat.core.features.presence import LoggedIn
from asyncchat.core.forgotten import Identity
from asyncchat.core.names import ROOM_SIGNS, fold, name_fault, room_fault
from asyncchat.core.people import Person
from asyncchat.core.personal import Personal
from asyncchat.core.registry import Items, applies, follows, for_people
from asyncchat.core.replies import Refusal, Reply


class SetReadMarker(Command, frozen=True):
    """Set up to when the requester has read a room or a conversation (microseconds since 1970); None: ask."""

    target: str
    time: int | None = None


class ReadUpTo(Event, frozen=True, tag="read", omit_defaults=True):
    """An account has read a room, or a private conversation, up to a time (microseconds since 1970 UTC).

    ``target`` is the name of the room or of the other person; only the other people of the same account
    (``to``) are told. The events are stored until a snapshot has the newest.
    """

    retention: ClassVar[Retention] = Retention.STATE
    recipients: ClassVar[Recipients] = Recipients.SOME
    account: str
    target: str
    time: int
    to: tuple[int, ...] = ()

    def to_store(self) -> Self:
        """The event without its recipients, who belong to this run."""
        return msgspec.structs.replace(self, to=()) if self.to else self


class ReadHere(Event, frozen=True, tag="read_here"):
    """The same for a person without an account; it is forgotten when the person leaves."""

    recipients: ClassVar[Recipients] = Recipients.NOBODY
    person: Person
    target: str
    time: int


class ReadMarkerView(Reply, frozen=True):
    """Up to when the requester has read a target (microseconds since 1970 UTC); None: unknown."""

    target: str
    time: int | None


class NoReadMarker(Refusal, frozen=True):
    """This is neither a room's name nor a person's."""

    target: str


MAX_READ_MARKERS: Final = 200
"""Markers of one account or guest: 20 KB. Beyond that the marker with the earliest time is forgotten."""


class ReadMarkers(Personal[str, int], Part):
    """Up to when people have read rooms and conversations, by keys (microseconds since 1970 UTC)."""

    def forget(self, who: Identity) -> None:
        """Conversations with a forgotten person have no markers."""
        key = who.key
        for markers in chain(self.accounts.values(), self.guests.values()):
            if key in markers:
                del markers[key]

    def rename_room(self, old: str, new: str) -> None:
        """Markers follow a room to its new name."""
        for markers in (*self.accounts.values(), *self.guests.values()):
            if old in markers:
                markers[new] = markers.pop(old)

    def facts(self, chat: Chat) -> Iterator[Event]:
        """The fewest events that restore this part."""
        for key, markers in self.accounts.items():
            for target, time in markers.items():
                yield ReadUpTo(chat.accounts[key].name, target, time)


@for_people(SetReadMarker)
def set_read_marker(chat: Chat, me: Person, command: SetReadMarker, now: int) -> Items:
    """Moves a marker forward, never back, nor beyond now; or tells where it is."""
    target = command.target
    is_room = target[:1] in ROOM_SIGNS
    if (room_fault(fold(target)) if is_room else name_fault(target)) is not None:
        return (NoReadMarker(target),)
    room = chat.room_shown(target, me.id) if is_room else None
    other = None if is_room else chat.person_named(target)
    name = room.name if room is not None else other.name if other is not None else target
    known = read_marker_of(chat, me.id, name)
    time = None if command.time is None else min(command.time, now)
    if time is None or (known is not None and time <= known):
        return (ReadMarkerView(name, known),)
    if not me.account:
        return (ReadHere(me, name, time), ReadMarkerView(name, time))
    return (ReadUpTo(me.account, name, time, _others(chat, me)), ReadMarkerView(name, time))


def _others(chat: Chat, me: Person) -> tuple[int, ...]:
    """The other people of an account."""
    return tuple([one.id for one in chat.people.values() if one.account == me.account and one.id != me.id])


@follows(LoggedIn)
def _logged_in(chat: Chat, _person_id: int, event: LoggedIn) -> Iterator[ReadUpTo]:
    """The account knows from now on what the person read before the login."""
    of, now = ReadMarkers.of(chat), event.now
    if event.person.account:
        return
    known = of.accounts.get(fold(now.account), {})
    for target, time in of.guests.get(now.id, {}).items():
        if time > known.get(target, 0):
            yield ReadUpTo(now.account, target, time, _others(chat, now))


def read_marker_of(chat: Chat, person_id: int, target: str) -> int | None:
    """Up to when a person has read a room or a conversation; None: unknown."""
    return read_markers_of(chat, (person_id,), target).get(person_id)


def read_markers_of(chat: Chat, people: Iterable[int], target: str) -> dict[int, int]:
    """The same for several people, by id; without those of whom it is unknown."""
    of, key = ReadMarkers.of(chat), fold(target)
    found: dict[int, int] = {}
    for person_id in people:
        account = chat.people[person_id].account
        markers = of.accounts.get(fold(account)) if account else of.guests.get(person_id)
        if markers is not None and key in markers:
            found[person_id] = markers[key]
    return found


@applies(ReadUpTo)
def _read(chat: Chat, event: ReadUpTo) -> None:
    if fold(event.account) in chat.accounts:
        _set_read_marker(ReadMarkers.of(chat).accounts.setdefault(fold(event.account), {}), event)


@applies(ReadHere)
def _read_here(chat: Chat, event: ReadHere) -> None:
    _set_read_marker(ReadMarkers.of(chat).guests.setdefault(event.person.id, {}), event)


def _set_read_marker(markers: dict[str, int], event: ReadUpTo | ReadHere) -> None:
    markers[fold(event.target)] = event.time
    if len(markers) > MAX_READ_MARKERS:
        del markers[min(markers, key=lambda target: (markers[target], target))]
