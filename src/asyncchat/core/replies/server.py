"""Replies about the server."""

from asyncchat.core.replies.base import Reply
from asyncchat.core.server_bans import ServerBan


class TimeNow(Reply, frozen=True):
    """The server's clock, in microseconds since 1970 UTC; ``purpose`` as in AskTime."""

    time: int
    purpose: object = None


class ServerBansView(Reply, frozen=True):
    """The bans from the server; ``purpose`` as in AskServerBans."""

    bans: tuple[ServerBan, ...]
    purpose: object = None


class OwnerOnly(Reply, frozen=True):
    """What NeedOwner asked for."""

    purpose: object = None


class Reloaded(Reply, frozen=True):
    """The configuration was read again: what changed by it, and what would only change by a restart.

    ``file`` is the configuration's file, or empty; the others are options as the file has them.
    """

    file: str
    changed: tuple[str, ...]
    waiting: tuple[str, ...]


class OfferRenewed(Reply, frozen=True):
    """What the server offers to programs has changed; ``before`` is the dialect's word for what it was."""

    before: object


class Unlocked(Reply, frozen=True):
    """The server's password was right, or there is none."""
