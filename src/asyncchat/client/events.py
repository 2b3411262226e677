"""What a chat yields to the program that follows it.

Owns the public event values; those of one connection come from the dialects as they are.
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
    """The line broke (``attempt`` is 0), or an attempt to connect again has failed (they count from 1).

    ``retry_in`` is in seconds, None when no attempt will follow.
    """

    time: datetime
    reason: str
    retry_in: float | None = None
    attempt: int = 0


class Reconnected(msgspec.Struct, frozen=True):
    """The line is up again, under this nick; what was said in between follows."""

    time: datetime
    nick: str


class Gap(msgspec.Struct, frozen=True):
    """There may be messages here that could not be had.

    Attributes:
        room: the room.
        after: the id of the last message before the gap; '' where the server gives no ids or none was seen.
        before: the id of the first one after it; '' where it is not known.
        since: when the gap begins at the earliest.
        until: when it ends at the latest.
    """

    room: str
    after: str
    before: str
    since: datetime
    until: datetime


class Unconfirmed(msgspec.Struct, frozen=True):
    """The line broke behind a message of ours, and nothing tells whether the server took it.

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
