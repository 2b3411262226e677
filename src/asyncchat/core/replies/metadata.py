"""Replies and refusals about metadata. ``target`` as it was asked for, empty for oneself."""

import enum

from asyncchat.core.commands.metadata import Pending
from asyncchat.core.metadata import Subscribing, Told
from asyncchat.core.replies.base import Refusal, Reply


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
