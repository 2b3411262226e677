"""The names that the package offers to programs; ``asyncchat`` itself loads them from here when asked.

Owns no code.
"""

from asyncchat.client.client import Client
from asyncchat.client.errors import (
    AddressError,
    ClientError,
    LoginRefused,
    NickError,
    NotConnected,
    NotDelivered,
    PasswordNeeded,
    Rejected,
    TimedOut,
    Unreachable,
)
from asyncchat.client.events import (
    Disconnected,
    Event,
    Gap,
    Joined,
    Kicked,
    Left,
    Message,
    ModeChanged,
    Present,
    Reacted,
    Reconnected,
    Redacted,
    Refused,
    Renamed,
    RoomRenamed,
    Told,
    TopicChanged,
    Unconfirmed,
)
from asyncchat.client.receipts import Receipt
from asyncchat.errors import AsyncChatError

__all__ = [
    "AddressError",
    "AsyncChatError",
    "Client",
    "ClientError",
    "Disconnected",
    "Event",
    "Gap",
    "Joined",
    "Kicked",
    "Left",
    "LoginRefused",
    "Message",
    "ModeChanged",
    "NickError",
    "NotConnected",
    "NotDelivered",
    "PasswordNeeded",
    "Present",
    "Reacted",
    "Receipt",
    "Reconnected",
    "Redacted",
    "Refused",
    "Rejected",
    "Renamed",
    "RoomRenamed",
    "TimedOut",
    "Told",
    "TopicChanged",
    "Unconfirmed",
    "Unreachable",
]
