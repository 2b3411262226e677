"""Pinned messages: what the operators of a room want everybody there to find.

Owns which messages are pinned, by their numbers. No text is kept here: it is read from the history each time,
so that an erasure leaves no copy.
"""

from collections.abc import Iterator, Sequence
from typing import ClassVar, Self

import msgspec

from asyncchat.core.chat import Chat, Part
from asyncchat.core.commands import Command
from asyncchat.core.events import Event, Record, Retention, Stream
from asyncchat.core.features.history import FoundMessage, MessageCommand, Which
from asyncchat.core.features.history_access import readable_since
from asyncchat.core.features.messages import Said
from asyncchat.core.features.redaction import Erased
from asyncchat.core.features.rooms import RoomClosed, closing_empty
from asyncchat.core.features.search import UNSEEN
from asyncchat.core.forgotten import Identity
from asyncchat.core.names import fold
from asyncchat.core.people import Person, from_origin
from asyncchat.core.permissions import about_room
from asyncchat.core.registry import Items, applies, follows
from asyncchat.core.replies import Fault, Refusal, Reply
from asyncchat.core.roles import Right
from asyncchat.core.rooms import Room
from asyncchat.core.text import beginning

PINS_EACH = 50
"""Pinned messages in one room: a list of more is not read."""

_TEXT_BYTES = 200
"""How much of a message the list of pins shows: it is to be known again, and to fit a line of IRC."""


class Pin(MessageCommand, frozen=True):
    """Pin a message in its room."""

    which: Which

    def wanted(self, _chat: Chat) -> tuple[Which, ...]:
        """The message."""
        return (self.which,)

    def resolve(self, found: Sequence[FoundMessage]) -> Command | Reply | Refusal:
        """The same with the message as it was found."""
        return PinResolved(self.which.to, found[0].record, found[0].failed)


class PinResolved(Command, frozen=True):
    """The same, with the message as the server found it; None: there is none that the requester may read."""

    audited: ClassVar[bool] = True
    room: str
    found: Record | None
    failed: bool = False


class Unpin(MessageCommand, frozen=True):
    """Unpin a message; by a name: the newest pin of what that person said; without one: the newest pin."""

    which: Which

    def wanted(self, _chat: Chat) -> tuple[Which, ...]:
        """The message."""
        return (self.which,)

    def resolve(self, found: Sequence[FoundMessage]) -> Command | Reply | Refusal:
        """The same with the message's number; it may be no longer in the history."""
        (message,) = found
        is_id = self.which.number is not None or (message.id and message.id == self.which.name)
        return UnpinResolved(self.which.to, message.number if is_id else None, self.which.name)


class UnpinResolved(Command, frozen=True):
    """The same, with the message's number; None: the newest pin by ``name`` (empty: by anybody)."""

    audited: ClassVar[bool] = True
    room: str
    number: int | None
    name: str = ""


class GetPins(MessageCommand, frozen=True):
    """The pinned messages of a room."""

    room: str

    def wanted(self, chat: Chat) -> tuple[Which, ...]:
        """All that are pinned there."""
        return tuple(Which(self.room, pin.message) for pin in Pins.of(chat).in_room(self.room))

    def resolve(self, found: Sequence[FoundMessage]) -> Command | Reply | Refusal:
        """The same with the messages as they were found."""
        return GetPinsResolved(self.room, tuple(found))


class GetPinsResolved(Command, frozen=True):
    """The same, with the messages as the server found them."""

    room: str
    messages: tuple[FoundMessage, ...]


class Pinned(Event, frozen=True, tag="pinned", omit_defaults=True):
    """A message was pinned in a room.

    ``message`` is its number, ``author`` the name of who said it, ``said`` when; ``time`` is when it was
    pinned (both in microseconds since 1970 UTC). ``about`` is how it begins, for people; it is told and never
    kept: an erasure must leave no copy.
    """

    retention: ClassVar[Retention] = Retention.STATE
    stream: ClassVar[Stream] = Stream.CHANGES
    right: ClassVar[Right | None] = Right.MODERATE
    room: str
    person: Person
    message: int
    author: str
    said: int
    time: int
    about: str = ""

    def to_store(self) -> Self:
        """Without the copy of the text."""
        return msgspec.structs.replace(self, about="") if self.about else self


class Unpinned(Event, frozen=True, tag="unpinned"):
    """A message, ``author``'s, is no longer pinned."""

    retention: ClassVar[Retention] = Retention.STATE
    stream: ClassVar[Stream] = Stream.CHANGES
    right: ClassVar[Right | None] = Right.MODERATE
    room: str
    person: Person
    message: int
    author: str


class PinnedMessage(msgspec.Struct, frozen=True):
    """A pinned message as people read it: ``text`` is how it begins; empty: the history no longer has it.

    ``by`` is the name of who pinned it at ``time``.
    """

    id: str
    author: str
    said: int
    text: str
    by: str
    time: int


class PinsView(Reply, frozen=True):
    """The pinned messages of a room, in the order in which they were pinned."""

    room: str
    pins: tuple[PinnedMessage, ...]


class PinFault(Fault):
    """Why a message is not pinned."""

    UNKNOWN = "there is no such message"
    PINNED = "it is pinned already"
    FULL = f"{PINS_EACH} messages are pinned already"
    FAILED = "the history can't be read now"


class PinRefused(Refusal, frozen=True):
    """A message is not pinned."""

    fault: PinFault
    room: str


class NotPinned(Refusal, frozen=True):
    """No such message is pinned in the room."""

    room: str


class PinEntry(msgspec.Struct, frozen=True):
    """One pin: the message's number, its author and time; who pinned it (``name!user@host``) and when."""

    message: int
    author: str
    said: int
    by: str
    time: int


class Pins(Part):
    """The pins of all rooms."""

    def __init__(self) -> None:
        self.rooms: dict[str, tuple[PinEntry, ...]] = {}
        """By the room's key, in the order in which they were pinned; only of rooms that have any."""

    def in_room(self, room: str) -> tuple[PinEntry, ...]:
        """A room's pins."""
        return self.rooms.get(fold(room), ())

    def remove(self, room: str, numbers: tuple[int, ...]) -> None:
        """These messages of a room are no longer pinned."""
        pins = tuple(pin for pin in self.in_room(room) if pin.message not in numbers)
        if pins:
            self.rooms[fold(room)] = pins
        else:
            self.rooms.pop(fold(room), None)

    def rename_room(self, old: str, new: str) -> None:
        """Pins are the room's, not its name's."""
        if old in self.rooms:
            self.rooms[new] = self.rooms.pop(old)

    def forget_room(self, room: Room) -> None:
        """A room is closed, with its pins."""
        self.rooms.pop(room.key, None)

    def forget(self, who: Identity) -> None:
        """Messages of a forgotten person are not pinned any more; its own pins are nobody's."""
        for key, pins in list(self.rooms.items()):
            self.remove(key, tuple(pin.message for pin in pins if who.is_named(pin.author)))
            if key in self.rooms:
                self.rooms[key] = tuple(
                    msgspec.structs.replace(pin, by=who.replaced(pin.by)) for pin in self.rooms[key]
                )

    def keeps_room(self, room: Room) -> bool:
        """Pins stay when the last member leaves."""
        return room.key in self.rooms

    def state(self) -> object:
        """What is equal in equal chats, as plain data."""
        return dict(self.rooms)

    def facts(self, chat: Chat) -> Iterator[Event]:
        """Few events that give this part again."""
        for key, pins in self.rooms.items():
            for pin in pins:
                by = from_origin(pin.by)
                yield Pinned(chat.rooms[key].name, by, pin.message, pin.author, pin.said, pin.time)


@about_room(PinResolved, right=Right.MODERATE)
def pin(chat: Chat, me: Person, room: Room, command: PinResolved, now: int) -> Items:
    """Pins a message, for those who keep order in its room."""
    record = command.found
    if record is None or not isinstance(record.event, Said) or record.event.speech in UNSEEN:
        return (PinRefused(PinFault.FAILED if command.failed else PinFault.UNKNOWN, room.name),)
    pins = Pins.of(chat).in_room(room.name)
    if any(pin.message == record.number for pin in pins):
        return (PinRefused(PinFault.PINNED, room.name),)
    if len(pins) >= PINS_EACH:
        return (PinRefused(PinFault.FULL, room.name),)
    said = record.event
    about = beginning(said.text, _TEXT_BYTES)
    return (Pinned(room.name, me, record.number, said.person.name, record.time, now, about),)


@about_room(UnpinResolved, right=Right.MODERATE)
def unpin(chat: Chat, me: Person, room: Room, command: UnpinResolved, _now: int) -> Items:
    """Unpins a message, for those who keep order in its room."""
    for pin in reversed(_readable(chat, me.id, room)):
        if command.number is None:
            is_meant = not command.name or fold(pin.author) == fold(command.name)
        else:
            is_meant = pin.message == command.number
        if is_meant:
            return (Unpinned(room.name, me, pin.message, pin.author),)
    return (NotPinned(room.name),)


@about_room(GetPinsResolved)
def get_pins(chat: Chat, me: Person, room: Room, command: GetPinsResolved, _now: int) -> Items:
    """A room's pins, for its members; those that were pinned since the messages were read are left out."""
    found = {message.number: message for message in command.messages}
    pins = (pin for pin in _readable(chat, me.id, room) if pin.message in found)
    return (PinsView(room.name, tuple(_shown(pin, found[pin.message]) for pin in pins)),)


def _readable(chat: Chat, person_id: int, room: Room) -> tuple[PinEntry, ...]:
    """The pins of a room of messages that a person may read there."""
    pins = Pins.of(chat).in_room(room.name)
    since = readable_since(chat, person_id, room)
    return tuple(pin for pin in pins if pin.said >= since) if since else pins


def _shown(pin: PinEntry, message: FoundMessage) -> PinnedMessage:
    event = None if message.record is None else message.record.event
    text = beginning(event.text, _TEXT_BYTES) if isinstance(event, Said) else ""
    return PinnedMessage(message.id, pin.author, pin.said, text, from_origin(pin.by).name, pin.time)


@applies(Pinned)
def _pinned(chat: Chat, event: Pinned) -> None:
    pins = Pins.of(chat)
    entry = PinEntry(event.message, event.author, event.said, event.person.origin, event.time)
    pins.rooms[fold(event.room)] = (*pins.in_room(event.room), entry)


@applies(Unpinned)
def _unpinned(chat: Chat, event: Unpinned) -> None:
    Pins.of(chat).remove(event.room, (event.message,))


@applies(Erased)
def _erased(chat: Chat, event: Erased) -> None:
    Pins.of(chat).remove(event.room, event.numbers)


@follows(Unpinned, Erased)
def _last_removed(chat: Chat, _person_id: int, event: Unpinned | Erased) -> tuple[RoomClosed, ...]:
    """The end of a room that nobody is in, when its last pin is removed."""
    room = chat.room_named(event.room)
    pins = Pins.of(chat).in_room(event.room)
    gone = event.numbers if isinstance(event, Erased) else (event.message,)
    if room is None or not pins or any(pin.message not in gone for pin in pins):
        return ()
    return closing_empty(chat, room, Pins)
