"""Commands about metadata.

``target`` is the name of a room or a person; empty for oneself. ``session`` is the number of the session that
asks, where that matters: each of a person's devices subscribes for itself; 0: the person's own.
"""

from typing import ClassVar

from asyncchat.core.commands.base import Command, Question

Pending = tuple[tuple[str, str | None], ...]
"""Keys and values that somebody set before entering; None: none."""


class SetMetadata(Command, frozen=True):
    """Give oneself or a room a value under a key, or none."""

    target: str
    key: str
    value: str | None = None


class ClearMetadata(Command, frozen=True):
    """Take all values away."""

    target: str


class PrepareMetadata(Command, frozen=True):
    """Set something of oneself before entering; without a key: take all away.

    ``account`` is one that the asker is logged in to, or empty; ``pending`` what it set so far.
    """

    barrier: ClassVar[bool] = True
    account: str
    pending: Pending
    key: str = ""
    value: str | None = None


class AskMetadata(Command, frozen=True):
    """The values under these keys, or all there are (None); the rest as in ``PrepareMetadata``."""

    target: str
    keys: tuple[str, ...] | None = None
    account: str = ""
    pending: Pending = ()


class SyncMetadata(Command, frozen=True):
    """The values under the keys that one subscribed to; of a room also those of its members."""

    target: str


class Subscribe(Command, frozen=True):
    """Be told of what is under these keys, now and when it changes."""

    keys: tuple[str, ...]
    session: int = 0


class Unsubscribe(Command, frozen=True):
    """Be no longer told of these keys."""

    keys: tuple[str, ...]
    session: int = 0


class AskSubscribed(Question, frozen=True):
    """The keys that one subscribed to."""

    session: int = 0
