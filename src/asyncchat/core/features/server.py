"""The server as a whole: its runs, its clock, its password, its configuration.

Owns how a run of a node begins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from asyncchat.core.commands import Command, IoCommand
from asyncchat.core.events import Event, Recipients, Retention
from asyncchat.core.features.always_on import AlwaysOnAccounts, always_on_returning, rooms_kept
from asyncchat.core.features.last_seen import devices_last_seen
from asyncchat.core.features.presence import NodeStarted
from asyncchat.core.features.rooms import RoomClosed
from asyncchat.core.features.server_bans import server_ban_on
from asyncchat.core.names import LOBBY
from asyncchat.core.people import Person
from asyncchat.core.registry import Items, handles
from asyncchat.core.replies import NotConnectedYet, Refusal, Reply

if TYPE_CHECKING:
    from asyncchat.core.chat import Chat


class GetTime(Command, frozen=True):
    """The server's clock. ``context`` goes back to the dialect with the answer."""

    context: object = None


class Reload(IoCommand, frozen=True):
    """Read the server's configuration again."""


class Unlock(IoCommand, frozen=True):
    """Show the server's password, before all else; ``last``: the connection ends when it is wrong."""

    password: str
    last: bool


class ConfigurationRead(Event, frozen=True, tag="configuration"):
    """A person had the configuration read again; ``changed`` are the options that are others now."""

    retention: ClassVar[Retention] = Retention.AUDIT
    recipients: ClassVar[Recipients] = Recipients.NOBODY
    audited: ClassVar[bool] = True
    person: Person
    changed: tuple[str, ...]


class NotReloaded(Refusal, frozen=True):
    """The configuration can't be meant or read, so all stays as it was; ``reason`` is a sentence."""

    file: str
    reason: str


class WrongPassword(Refusal, frozen=True):
    """That is not the server's password; ``given``: there was one; ``last``: the connection ends."""

    given: bool
    last: bool


class TimeNow(Reply, frozen=True):
    """The server's clock, in microseconds since 1970 UTC; ``context`` as in GetTime."""

    time: int
    context: object = None


class Reloaded(Reply, frozen=True):
    """The configuration was read again: what changed by it, and what would only change by a restart.

    ``file`` is the configuration's file, or empty; the others are options as the file has them.
    """

    file: str
    changed: tuple[str, ...]
    waiting: tuple[str, ...]


class Unlocked(Reply, frozen=True):
    """The server's password was right, or there is none."""


def starting(chat: Chat, version: str, now: int = 0, last: int = 0) -> tuple[Event, ...]:
    """The facts with which a run of a node begins, given the chat that the log's state gives.

    Args:
        now, last: the time, and that of the last fact before (microseconds since 1970 UTC).
    """
    stays = AlwaysOnAccounts.of(chat).kept.items()
    banned = {account for account, stay in stays if server_ban_on(chat, stay.person, now) is not None}
    kept = {LOBBY, *rooms_kept(chat, now, banned)}
    closed = (
        RoomClosed(room.name)
        for room in chat.rooms.values()
        if chat.is_default(room) and room.key not in kept
    )
    again = (*always_on_returning(chat, now, last, banned), *devices_last_seen(chat, last or now))
    return (NodeStarted(version), *closed, *again)


@handles(GetTime)
def tell_time(chat: Chat, person_id: int, command: GetTime, now: int) -> Items:
    """The time, which is a decision's and not the state's."""
    return (TimeNow(now, command.context),) if person_id in chat.people else (NotConnectedYet(),)
