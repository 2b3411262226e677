"""The events that a chat yields to a program.

Owns the public event values; those that concern one connection are the dialects' values.
"""

from datetime import datetime

import msgspec

from asyncchat.dialects.irc.client_values import (
    Joined,
    Kicked,
    Left,
    Message,
    ModeChanged,
    Present,
    Reacted,
    Redacted,
    Refused,
    Renamed,
    RoomRenamed,
    Told,
    TopicChanged,
)


class Disconnected(msgspec.Struct, frozen=True):
    """The connection broke (``attempt`` is 0), or an attempt to reconnect has failed (counted from 1).

    ``retry_in`` is in seconds; None: there will be no further attempt.
    """

    time: datetime
    reason: str
    retry_in: float | None = None
    attempt: int = 0


class Reconnected(msgspec.Struct, frozen=True):
    """There is a connection again, under this nick; missed messages follow."""

    time: datetime
    nick: str


class Gap(msgspec.Struct, frozen=True):
    """There may be messages here that could not be read.

    Attributes:
        room: the room.
        after: the id of the last message before the gap; '' if the server has no ids or none was seen.
        before: the id of the first message after it; '' if it is not known.
        since: the earliest time at which the gap begins.
        until: the latest time at which it ends.
    """

    room: str
    after: str
    before: str
    since: datetime
    until: datetime


class Unconfirmed(msgspec.Struct, frozen=True):
    """The connection broke after a message of ours, and it is not known whether the server accepted it.

    It is not sent again.
    """

    time: datetime
    room: str
    text: str


Event = (
    Message
    | Joined
    | Left
    | Kicked
    | Renamed
    | RoomRenamed
    | Redacted
    | Reacted
    | TopicChanged
    | ModeChanged
    | Present
    | Told
    | Refused
    | Disconnected
    | Reconnected
    | Gap
    | Unconfirmed
)

__all__ = [
    "Disconnected",
    "Event",
    "Gap",
    "Joined",
    "Kicked",
    "Left",
    "Message",
    "ModeChanged",
    "Present",
    "Reacted",
    "Reconnected",
    "Redacted",
    "Refused",
    "Renamed",
    "RoomRenamed",
    "Told",
    "TopicChanged",
    "Unconfirmed",
]
