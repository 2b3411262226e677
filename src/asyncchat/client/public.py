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
    Reconnected,
    Refused,
    Renamed,
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
    "Receipt",
    "Reconnected",
    "Refused",
    "Rejected",
    "Renamed",
    "TimedOut",
    "Told",
    "TopicChanged",
    "Unconfirmed",
    "Unreachable",
]
