"""The server as a whole: its runs, clock, password and configuration.

Owns how a run of a node begins. Must not know the password and the configuration: the server has them.
"""

from collections.abc import Callable
from typing import ClassVar

from asyncchat.core.chat import Chat
from asyncchat.core.commands import Command, IoCommand
from asyncchat.core.events import Event, Recipients, Retention
from asyncchat.core.features.always_on import AlwaysOnAccounts, always_on_returning, rooms_of_returning
from asyncchat.core.features.last_seen import devices_last_seen
from asyncchat.core.features.presence import NodeStarted
from asyncchat.core.features.rooms import RoomClosed
from asyncchat.core.features.server_bans import server_ban_on
from asyncchat.core.names import LOBBY
from asyncchat.core.people import Person
from asyncchat.core.registry import Items, for_people
from asyncchat.core.replies import Refusal, Reply


class GetTime(Command, frozen=True):
    """The server's clock. ``context`` goes back to the dialect with the answer."""

    context: object = None


class Reload(IoCommand, frozen=True):
    """Read the server's configuration again."""


class Unlock(IoCommand, frozen=True):
    """Give the server's password before connecting; ``last``: a wrong one ends the connection."""

    cost: ClassVar[int] = 5
    password: str
    last: bool


class ConfigurationRead(Event, frozen=True, tag="configuration"):
    """A person reloaded the configuration; ``changed`` are the options that have changed."""

    retention: ClassVar[Retention] = Retention.AUDIT
    recipients: ClassVar[Recipients] = Recipients.NOBODY
    audited: ClassVar[bool] = True
    person: Person
    changed: tuple[str, ...]


class NotReloaded(Refusal, frozen=True):
    """The configuration is invalid or unreadable, so nothing has changed; ``reason`` is a sentence."""

    file: str
    reason: str


class WrongPassword(Refusal, frozen=True):
    """The server's password is wrong, or none was ``given``; ``last``: the connection ends.

    ``wait``: it was not tried, because too many from there were wrong; seconds until the next try.
    ``reason``: why an invitation code that was given does not let anybody in, as half a sentence.
    """

    given: bool
    last: bool
    wait: int = 0
    reason: str = ""


class TimeNow(Reply, frozen=True):
    """The server's clock, in microseconds since 1970 UTC; ``context`` as in GetTime."""

    time: int
    context: object = None


class Reloaded(Reply, frozen=True):
    """The configuration was reloaded: ``changed`` are the new options, ``waiting`` those that need a restart.

    ``file`` is the configuration's file, or empty; the options are as the file has them.
    """

    file: str
    changed: tuple[str, ...]
    waiting: tuple[str, ...]


class Unlocked(Reply, frozen=True):
    """The server's password was right, or the server has none; or it was an invitation's ``code``."""

    code: str = ""


def starting(
    chat: Chat,
    version: str,
    now: int = 0,
    last: int = 0,
    hide: Callable[[Person], Person] = lambda person: person,
) -> tuple[Event, ...]:
    """The events with which a run of a node begins.

    Args:
        chat: the state that the log gives.
        version: the version of the program.
        now: microseconds since 1970 UTC.
        last: the time of the last record, in the same unit.
        hide: gives people who stay the hosts that others may see in this run.
    """
    saved = AlwaysOnAccounts.of(chat).saved.items()
    banned = {account for account, one in saved if server_ban_on(chat, one.person, now) is not None}
    kept = {LOBBY, *rooms_of_returning(chat, now, banned)}
    closed = (
        RoomClosed(room.name)
        for room in chat.rooms.values()
        if chat.is_default(room) and room.key not in kept
    )
    returning = (*always_on_returning(chat, now, last, banned, hide), *devices_last_seen(chat, last or now))
    return (NodeStarted(version), *closed, *returning)


@for_people(GetTime)
def tell_time(_chat: Chat, _me: Person, command: GetTime, now: int) -> Items:
    """The server's time; a handler and not a query, because the state has no clock."""
    return (TimeNow(now, command.context),)
