"""Metadata: the commands, events and replies.

``target`` is the name of a room or a person; empty for oneself. ``session`` is the number of the session that
asks, where that matters: each of a person's devices subscribes for itself; 0: the person's own.
"""

from __future__ import annotations

import enum
from typing import ClassVar

import msgspec

from asyncchat.core.commands import Command, Query
from asyncchat.core.events import Event, Recipients, Retention
from asyncchat.core.people import Person
from asyncchat.core.replies import Refusal, Reply
from asyncchat.core.roles import Right
from asyncchat.core.rooms import Room

Told = tuple[str, str, str]
"""Whose (a room's or a person's name), key, value."""


class Subscribing(msgspec.Struct, frozen=True):
    """What becomes of a wish to subscribe to keys, each once.

    ``granted`` are those subscribed to now, before or not; ``over`` is the first there was no place for:
    what stood behind it was not looked at.
    """

    granted: tuple[str, ...]
    invalid: tuple[str, ...]
    over: str = ""


Pending = tuple[tuple[str, str | None], ...]
"""Keys and values that somebody set before entering; None: none."""


class SetMetadata(Command, frozen=True):
    """Give oneself or a room a value under a key, or none."""

    audited: ClassVar[bool] = True
    target: str
    key: str
    value: str | None = None


class ClearMetadata(Command, frozen=True):
    """Take all values away."""

    audited: ClassVar[bool] = True
    target: str


class PrepareMetadata(Command, frozen=True):
    """Set something of oneself before entering; without a key: take all away.

    ``account`` is one that the asker is logged in to, or empty; ``pending`` what it set so far.
    """

    barrier: ClassVar[bool] = True
    account: str
    pending: Pending
    key: str = ""
    value: str | None = None


class GetMetadata(Command, frozen=True):
    """The values under these keys, or all there are (None); the rest as in ``PrepareMetadata``."""

    target: str
    keys: tuple[str, ...] | None = None
    account: str = ""
    pending: Pending = ()


class SyncMetadata(Command, frozen=True):
    """The values under the keys that one subscribed to; of a room also those of its members."""

    target: str


class Subscribe(Command, frozen=True):
    """Be told of what is under these keys, now and when it changes."""

    keys: tuple[str, ...]
    session: int = 0


class Unsubscribe(Command, frozen=True):
    """Be no longer told of these keys."""

    keys: tuple[str, ...]
    session: int = 0


class GetSubscribed(Query, frozen=True):
    """The keys that one subscribed to."""

    session: int = 0


class AccountMetadataChanged(Event, frozen=True, tag="account_metadata", omit_defaults=True):
    """An account has another value under a key; None: none any more.

    ``time`` is in microseconds since 1970 UTC; 0: it does not count towards the pace of who did it.
    """

    retention: ClassVar[Retention] = Retention.STATE
    recipients: ClassVar[Recipients] = Recipients.NOBODY
    account: str
    person: Person
    key: str
    value: str | None
    time: int = 0


class RoomMetadataChanged(Event, frozen=True, tag="room_metadata", omit_defaults=True):
    """A room has another value under a key; as ``AccountMetadataChanged``."""

    retention: ClassVar[Retention] = Retention.STATE
    recipients: ClassVar[Recipients] = Recipients.NOBODY
    room: str
    person: Person
    key: str
    value: str | None
    time: int = 0

    def allowed_by_role(self, room: Room, person_id: int) -> bool:
        """Whether a person's role in the room allows this act."""
        return room.roles.get(person_id, 0) >= Right.MANAGE


class MetadataChanged(Event, frozen=True, tag="metadata", omit_defaults=True):
    """Somebody without an account has another value under a key; forgotten at the end of the visit."""

    recipients: ClassVar[Recipients] = Recipients.NOBODY
    person: Person
    key: str
    value: str | None
    time: int = 0


class MetadataShown(Event, frozen=True, tag="metadata_shown"):
    """Some (``to``) are told the value that a person or a room has under a key; None: none any more.

    ``target`` is the name, ``person_id`` the person's number, 0 for a room; ``by`` who changed it, if
    anybody.
    """

    retention: ClassVar[Retention] = Retention.EPHEMERAL
    recipients: ClassVar[Recipients] = Recipients.SOME_PEERS
    target: str
    person_id: int
    by: Person | None
    key: str
    value: str | None
    to: tuple[int, ...]

    def behind(self) -> tuple[int, str]:
        """The person, or the room, whose value it is."""
        return self.person_id, "" if self.person_id else self.target


class Subscribed(Event, frozen=True, tag="subscribed", omit_defaults=True):
    """A person wants to be told of what is under these keys, or no longer, on one of its devices.

    ``session`` is that one's number; 0: the person's own.
    """

    recipients: ClassVar[Recipients] = Recipients.NOBODY
    person: Person
    keys: tuple[str, ...]
    on: bool
    session: int = 0


class Synced(Event, frozen=True, tag="synced"):
    """A person was told all metadata of a large room; ``time`` in microseconds since 1970 UTC."""

    recipients: ClassVar[Recipients] = Recipients.NOBODY
    person: Person
    room: str
    time: int


class MetadataView(Reply, frozen=True):
    """The values that a person or a room has: all, or only ``keys`` were asked for, there or not.

    ``name`` is the target's, empty for who has not entered.
    """

    name: str
    values: tuple[tuple[str, str], ...]
    keys: tuple[str, ...] | None = None


class MetadataNow(Reply, frozen=True):
    """What is under a key now that the asker has changed it; None: nothing."""

    target: str
    key: str
    value: str | None


class MetadataPrepared(Reply, frozen=True):
    """What is set when the asker enters, and what it is told of its last wish."""

    pending: Pending
    told: MetadataView | MetadataNow


class MetadataTold(Reply, frozen=True):
    """Values under the keys that the asker subscribed to, of one target, and of a room's members.

    ``target`` is whose they are in the first place, empty for several people; ``asked``: it asked for them.
    """

    target: str
    told: tuple[Told, ...]
    asked: bool = False


class MetadataLater(Reply, frozen=True):
    """A room's metadata is not told now; it may be asked for in so many seconds."""

    room: str
    seconds: int


class SubscribedNow(Reply, frozen=True):
    """What became of a wish to be told of keys, or no longer (``on``)."""

    result: Subscribing
    on: bool


class SubscriptionsView(Reply, frozen=True):
    """The keys that the asker subscribed to."""

    keys: tuple[str, ...]


class MetadataFault(enum.Enum):
    """Why something about metadata is refused, as a sentence."""

    NO_TARGET = "there is nobody and no room of that name"
    KEY = "a key has only the characters a-z 0-9 _ . / - and at most 48 of them"
    NOT_YOURS = "you may set that of yourself, and of rooms that you are an operator of"
    NOT_SET = "there is nothing under that key"
    TOO_LONG = "a value has at most 220 bytes"
    FULL = "there is no place for another key"
    TOO_FAST = "too many changes"


class MetadataRefused(Refusal, frozen=True):
    """Something about metadata is refused; ``seconds`` is when it may be tried again, if that helps."""

    fault: MetadataFault
    target: str
    key: str = ""
    seconds: int = 0
