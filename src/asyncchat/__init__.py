"""One chat server that anyone joins with what they already have: nc, an IRC client, a pipe, Python.

This module owns the package's public names and its version. It imports no part of the program by itself:
a command loads only what it needs.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

__version__ = "0.1.0"

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
    "__version__",
]


def __getattr__(name: str) -> Any:
    # All public names but the version are the client's: its modules are loaded with the first of them.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from asyncchat.client import public

    value = getattr(public, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
