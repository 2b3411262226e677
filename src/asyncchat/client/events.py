"""The events that a chat yields to a program.

Owns the public event values; those that concern one connection are the dialects' values.
"""

from datetime import datetime

from asyncchat.dialects.irc import client_values

Edited = client_values.Edited
Event = client_values.Event
Joined = client_values.Joined
Kicked = client_values.Kicked
Left = client_values.Left
Message = client_values.Message
ModeChanged = client_values.ModeChanged
Pinned = client_values.Pinned
Preference = client_values.Preference
Present = client_values.Present
Reacted = client_values.Reacted
ReadUpTo = client_values.ReadUpTo
Redacted = client_values.Redacted
Refused = client_values.Refused
Renamed = client_values.Renamed
RoomEvent = client_values.RoomEvent
RoomRenamed = client_values.RoomRenamed
Told = client_values.Told
TopicChanged = client_values.TopicChanged
Typing = client_values.Typing


class Disconnected(Event, frozen=True):
    """The connection broke (``attempt`` is 0), or an attempt to reconnect has failed (counted from 1).

    ``retry_in`` is in seconds; None: there will be no further attempt.
    """

    time: datetime
    reason: str
    retry_in: float | None = None
    attempt: int = 0


class Reconnected(Event, frozen=True):
    """There is a connection again, under this nick; missed messages follow."""

    time: datetime
    nick: str


class Gap(Event, frozen=True):
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


class Unconfirmed(Event, frozen=True):
    """The connection broke after a message of ours, and it is not known whether the server accepted it.

    It is not sent again.
    """

    time: datetime
    room: str
    text: str
