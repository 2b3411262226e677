"""Events of the server as a whole: its runs, its operators, its bans."""

from typing import ClassVar

from asyncchat.core.events.base import Event, Kept, Reach
from asyncchat.core.people import Person


class NodeStarted(Event, frozen=True, tag="started"):
    """A run of the node begins: all its earlier presence is over."""

    reach: ClassVar[Reach] = Reach.NOBODY
    version: str


class OwnerClaimed(Event, frozen=True, tag="owner"):
    """A person showed the owner code, or a named operator's password: it operates every room in this run."""

    kept: ClassVar[Kept] = Kept.STATE
    reach: ClassVar[Reach] = Reach.NOBODY
    person: Person
    name: str = ""


class OwnerResigned(Event, frozen=True, tag="resigned"):
    """A person is no operator of the server any more, by its own wish."""

    reach: ClassVar[Reach] = Reach.NOBODY
    person: Person


class Announced(Event, frozen=True, tag="announced"):
    """The owner told those something who want to be told such; ``to`` are their sessions."""

    kept: ClassVar[Kept] = Kept.ACT
    reach: ClassVar[Reach] = Reach.SOME
    person: Person
    text: str
    to: tuple[int, ...]


class Killed(Event, frozen=True, tag="killed"):
    """A person was put out of the chat by the owner: its session ends, and so it leaves."""

    kept: ClassVar[Kept] = Kept.ACT
    reach: ClassVar[Reach] = Reach.NOBODY
    person: Person
    by: Person
    reason: str


class ServerBanChanged(Event, frozen=True, tag="server_ban"):
    """A mask is banned from the server, or no more.

    ``time`` and ``until`` in microseconds since 1970 UTC; ``until`` 0: for good.
    """

    kept: ClassVar[Kept] = Kept.STATE
    reach: ClassVar[Reach] = Reach.NOBODY
    person: Person
    mask: str
    on: bool
    time: int
    until: int = 0
    reason: str = ""
