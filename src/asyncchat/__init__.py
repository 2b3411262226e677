"""One chat server that anyone joins with what they already have: nc, an IRC client, a pipe, Python.

This module owns the package's public names. It must not import any other part of the program
until one of these names is used: a command loads only what it needs.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from asyncchat.version import __version__ as __version__

if TYPE_CHECKING:
    from asyncchat.client.async_client import AsyncClient as AsyncClient
    from asyncchat.client.async_client import AsyncReceipt as AsyncReceipt
    from asyncchat.client.client import Client as Client
    from asyncchat.client.errors import AddressError as AddressError
    from asyncchat.client.errors import ClientError as ClientError
    from asyncchat.client.errors import LoginRefused as LoginRefused
    from asyncchat.client.errors import NickError as NickError
    from asyncchat.client.errors import NotConnected as NotConnected
    from asyncchat.client.errors import NotDelivered as NotDelivered
    from asyncchat.client.errors import PasswordNeeded as PasswordNeeded
    from asyncchat.client.errors import Rejected as Rejected
    from asyncchat.client.errors import TimedOut as TimedOut
    from asyncchat.client.errors import Unreachable as Unreachable
    from asyncchat.client.errors import Untrusted as Untrusted
    from asyncchat.client.events import Disconnected as Disconnected
    from asyncchat.client.events import Edited as Edited
    from asyncchat.client.events import Event as Event
    from asyncchat.client.events import Gap as Gap
    from asyncchat.client.events import Joined as Joined
    from asyncchat.client.events import Kicked as Kicked
    from asyncchat.client.events import Left as Left
    from asyncchat.client.events import Message as Message
    from asyncchat.client.events import ModeChanged as ModeChanged
    from asyncchat.client.events import Pinned as Pinned
    from asyncchat.client.events import Preference as Preference
    from asyncchat.client.events import Present as Present
    from asyncchat.client.events import Reacted as Reacted
    from asyncchat.client.events import ReadUpTo as ReadUpTo
    from asyncchat.client.events import Reconnected as Reconnected
    from asyncchat.client.events import Redacted as Redacted
    from asyncchat.client.events import Refused as Refused
    from asyncchat.client.events import Renamed as Renamed
    from asyncchat.client.events import RoomRenamed as RoomRenamed
    from asyncchat.client.events import Told as Told
    from asyncchat.client.events import TopicChanged as TopicChanged
    from asyncchat.client.events import Typing as Typing
    from asyncchat.client.events import Unconfirmed as Unconfirmed
    from asyncchat.client.pending import Found as Found
    from asyncchat.client.pending import Receipt as Receipt
    from asyncchat.errors import AsyncChatError as AsyncChatError
    from asyncchat.server.embedded import Server as Server
    from asyncchat.server.embedded import Subscription as Subscription

_MODULES = {
    "asyncchat.client.async_client": ("AsyncClient", "AsyncReceipt"),
    "asyncchat.client.client": ("Client",),
    "asyncchat.client.errors": (
        "AddressError",
        "ClientError",
        "LoginRefused",
        "NickError",
        "NotConnected",
        "NotDelivered",
        "PasswordNeeded",
        "Rejected",
        "TimedOut",
        "Unreachable",
        "Untrusted",
    ),
    "asyncchat.client.events": (
        "Disconnected",
        "Edited",
        "Event",
        "Gap",
        "Joined",
        "Kicked",
        "Left",
        "Message",
        "ModeChanged",
        "Pinned",
        "Preference",
        "Present",
        "Reacted",
        "ReadUpTo",
        "Reconnected",
        "Redacted",
        "Refused",
        "Renamed",
        "RoomRenamed",
        "Told",
        "TopicChanged",
        "Typing",
        "Unconfirmed",
    ),
    "asyncchat.client.pending": ("Found", "Receipt"),
    "asyncchat.errors": ("AsyncChatError",),
    "asyncchat.server.embedded": ("Server", "Subscription"),
}
"""The module of each public name: it is imported when the name is first used."""

_LAZY = {name: module for module, names in _MODULES.items() for name in names}

__all__ = ["__version__", *_LAZY]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_LAZY[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
