"""Metadata: the commands, events, replies and refusals.

Owns these values. ``target`` is the name of a room or a person; empty: the requester. ``session`` is the id
of the session that sent a command, because each session of a person has its own subscriptions; 0: the first.
Keys may have no value (None); ``time`` is in microseconds since 1970 UTC.
"""

from typing import ClassVar

from asyncchat.core.commands import Command, IoCommand, Query
from asyncchat.core.events import Event, Recipients, Retention, Untold
from asyncchat.core.people import Person
from asyncchat.core.replies import Fault, Refusal, Reply
from asyncchat.core.roles import Right

Told = tuple[str, str, str]
"""(name of a room or a person, key, value)."""

Pending = tuple[tuple[str, str | None], ...]
"""Keys and values that a session set before it connected; None removes a value."""


class SetMetadata(Command, frozen=True):
    """Set a value of oneself or of a room under a key, or remove it."""

    audited: ClassVar[bool] = True
    target: str
    key: str
    value: str | None = None


class ClearMetadata(Command, frozen=True):
    """Remove all values."""

    audited: ClassVar[bool] = True
    target: str


class GetMetadata(Command, frozen=True):
    """The values under these keys, or all values (None)."""

    target: str
    keys: tuple[str, ...] | None = None


class SyncMetadata(IoCommand, frozen=True):
    """The values under the keys that the requester subscribed to; for a room also those of its members.

    With ``every`` those of itself, its rooms with their members, and the people that it monitors.
    """

    cost: ClassVar[int] = 4
    target: str
    every: bool = False


class Subscribe(Command, frozen=True):
    """Receive the values under these keys, now and when they change, or no longer."""

    keys: tuple[str, ...]
    session: int = 0
    on: bool = True


class GetSubscribed(Query, frozen=True):
    """The keys that the requester subscribed to."""

    session: int = 0


class AccountMetadataChanged(Untold, frozen=True, tag="account_metadata", omit_defaults=True):
    """An account's value was changed; without a time that does not count towards the person's rate limit."""

    account: str
    person: Person
    key: str
    value: str | None
    time: int = 0


class RoomMetadataChanged(Untold, frozen=True, tag="room_metadata", omit_defaults=True):
    """The same for a room's value."""

    right: ClassVar[Right | None] = Right.MANAGE
    room: str
    person: Person
    key: str
    value: str | None
    time: int = 0


class MetadataChanged(Event, frozen=True, tag="metadata", omit_defaults=True):
    """The same for the value of a person without an account; it ends when the person leaves."""

    recipients: ClassVar[Recipients] = Recipients.NOBODY
    person: Person
    key: str
    value: str | None
    time: int = 0


class MetadataShown(Event, frozen=True, tag="metadata_shown"):
    """Tells some people (``to``) the value that a person or a room has under a key now.

    ``person_id`` is 0 for a room. ``answered``: the session that changed the value is told by a reply.
    """

    retention: ClassVar[Retention] = Retention.EPHEMERAL
    recipients: ClassVar[Recipients] = Recipients.SOME_PEERS
    target: str
    person_id: int
    key: str
    value: str | None
    to: tuple[int, ...]
    answered: bool = False

    def behind(self) -> tuple[int, str]:
        """The person, or the room, whose value it is."""
        return self.person_id, "" if self.person_id else self.target


class MetadataOnline(Event, frozen=True, tag="metadata_online"):
    """Tells people (``to``, in their ``sessions``) who monitor a person its values when it comes."""

    retention: ClassVar[Retention] = Retention.EPHEMERAL
    recipients: ClassVar[Recipients] = Recipients.SOME
    target: str
    values: tuple[tuple[str, str], ...]
    to: tuple[int, ...]
    sessions: tuple[int, ...] = ()


class Subscribed(Event, frozen=True, tag="subscribed", omit_defaults=True):
    """A session of a person subscribed to these keys, or unsubscribed from them."""

    recipients: ClassVar[Recipients] = Recipients.NOBODY
    person: Person
    keys: tuple[str, ...]
    on: bool
    session: int = 0


class Synced(Event, frozen=True, tag="synced"):
    """A person was told a part of the metadata of a room.

    ``next`` is the number of the block of members with which the next answer begins; 0: it was told all.
    """

    recipients: ClassVar[Recipients] = Recipients.NOBODY
    person: Person
    room: str
    time: int
    next: int = 0


class MetadataView(Reply, frozen=True):
    """The values of a person or a room: all (``keys`` is None), or those under ``keys``, set or not.

    ``name`` is the target's name, empty for a session that has not connected.
    """

    name: str
    values: tuple[tuple[str, str], ...]
    keys: tuple[str, ...] | None = None


class MetadataNow(Reply, frozen=True):
    """The value under a key after the requester changed it."""

    target: str
    key: str
    value: str | None


class MetadataTold(Reply, frozen=True):
    """Values under the keys that the requester subscribed to, of a target and, for a room, its members.

    ``target`` is empty for everything that it may be told; ``asked``: the requester asked for the values.
    """

    target: str
    told: tuple[Told, ...]
    asked: bool = False


class MetadataLater(Reply, frozen=True):
    """Metadata of a room (empty: everything) is not sent now, but may be asked for in so many seconds."""

    target: str
    seconds: int


class SubscribedNow(Reply, frozen=True):
    """The result of a request to subscribe to keys (``on``) or to unsubscribe, each listed once.

    ``granted`` are the keys for which it is so now, even if it was before. ``over`` is the first key beyond
    the limit: the keys after it were not processed.
    """

    granted: tuple[str, ...]
    invalid: tuple[str, ...]
    over: str = ""
    on: bool = True


class SubscriptionsView(Reply, frozen=True):
    """The keys that the requester subscribed to."""

    keys: tuple[str, ...]


class MetadataFault(Fault):
    """Why a command about metadata is refused, as a sentence."""

    NO_TARGET = "there is nobody and no room of that name"
    KEY = "a key has only the characters a-z 0-9 _ . / - and at most 48 of them"
    NOT_YOURS = "you may set that of yourself, and of rooms that you are an operator of"
    HIDDEN = "only members may read that"
    TOO_LONG = "a value has at most 220 bytes"
    TOO_FAST = "too many changes"
    FULL = "there is no place for another key"
    SILENCED = "you are muted or banned in a room; leave it first, or ask its operators"


class MetadataRefused(Refusal, frozen=True):
    """A command about metadata is refused; it may be tried again in ``seconds``, if that is not 0."""

    fault: MetadataFault
    target: str
    key: str = ""
    seconds: int = 0
