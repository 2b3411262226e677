"""Replies with what was said."""

import enum

import msgspec

from asyncchat.core.events import Record
from asyncchat.core.replies.base import Refusal, Reply


class HistoryPage(Reply, frozen=True):
    """A page of a room's history, oldest first. ``more``: messages of the range beyond the page, on its older
    side, counted up to ``MORE_COUNTED`` (on its newer side 1 or 0, when the range was read from its old end).
    ``cut``: there were more before, which this server does not keep that long.
    """

    room: str
    records: tuple[Record, ...]
    more: int
    purpose: object
    cut: bool = False


MORE_COUNTED = 1000
"""Where the counting of earlier messages ends; beyond it an answer says "more than"."""


class ActsView(Reply, frozen=True):
    """What operators of the server did, oldest first; ``purpose`` as in ReadActs."""

    records: tuple[Record, ...]
    purpose: object = None


class ActsUnreadable(Refusal, frozen=True):
    """They can't be read now: the disk is in the way; ``purpose`` as in ReadActs."""

    purpose: object = None


class HistoryUnreadable(Refusal, frozen=True):
    """The history of a room can't be read by the asker, or there is none; ``purpose`` as in ReadHistory.

    ``failed``: it could be, but not now.
    """

    room: str
    purpose: object = None
    failed: bool = False


class NoSuchMessage(Refusal, frozen=True):
    """There is no such message in that room or conversation, or it is erased; ``number`` as it was asked."""

    to: str
    number: int | None = None


class Done(Reply, frozen=True):
    """What a gate had prepared is done: the asker may ask on."""


class RedactionFault(enum.Enum):
    """Why a message stays."""

    TARGET = "its history is none that you may change"
    UNKNOWN = "there is no such message"
    FORBIDDEN = "it is somebody else's"
    EXPIRED = "it was said too long ago"
    FAILED = "the history can't be read now"


class RedactionRefused(Refusal, frozen=True):
    """A message is not taken out of the history; ``seconds`` is how long its author may."""

    fault: RedactionFault
    to: str
    seconds: int = 0
    purpose: object = None


class Target(msgspec.Struct, frozen=True):
    """A room or a person, and when something was said there last (microseconds since 1970 UTC)."""

    name: str
    time: int


class TargetsView(Reply, frozen=True):
    """Where something was said, the earliest first."""

    targets: tuple[Target, ...]
    purpose: object


class TargetsUnreadable(Refusal, frozen=True):
    """They can't be told now."""

    purpose: object = None


class MarkView(Reply, frozen=True):
    """Up to when the asker has read a room or a conversation (microseconds since 1970 UTC); None: unknown."""

    target: str
    time: int | None


class NoMark(Refusal, frozen=True):
    """This is neither a room's name nor a person's."""

    target: str


class SearchPage(Reply, frozen=True):
    """Messages that a search found, oldest first, in the rooms that it looked at.

    ``reached`` is the number of the last record looked at, where there may be more behind it; None: that is
    all. ``time`` is that record's, in microseconds. ``cut_short``: fewer than wanted were found in time.
    """

    records: tuple[Record, ...]
    reached: int | None
    time: int
    purpose: object
    cut_short: bool = False


class NotSearched(Refusal, frozen=True):
    """A room that the asker may not read, or what is no name, or none: then no search can be run just now.

    ``purpose`` as in Search.
    """

    room: str
    purpose: object = None
