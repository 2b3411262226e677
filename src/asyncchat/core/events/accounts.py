"""Events of accounts: that there are such, and who is logged in to them."""

from typing import ClassVar

from asyncchat.core.events.base import Event, Kept, Reach
from asyncchat.core.people import Person


class AccountMade(Event, frozen=True, tag="account_made", omit_defaults=True):
    """There is an account; ``time`` in microseconds since 1970 UTC."""

    kept: ClassVar[Kept] = Kept.STATE
    reach: ClassVar[Reach] = Reach.NOBODY
    name: str
    verifier: str
    time: int
    email: str = ""


class AccountPasswordChanged(Event, frozen=True, tag="account_password"):
    """An account has another password; ``time`` in microseconds since 1970 UTC."""

    kept: ClassVar[Kept] = Kept.STATE
    reach: ClassVar[Reach] = Reach.NOBODY
    name: str
    verifier: str
    time: int


class AccountRemoved(Event, frozen=True, tag="account_removed"):
    """An account is no more; ``time`` in microseconds since 1970 UTC."""

    kept: ClassVar[Kept] = Kept.STATE
    reach: ClassVar[Reach] = Reach.NOBODY
    name: str
    time: int


class LoggedIn(Event, frozen=True, tag="logged_in"):
    """A person is logged in; ``person`` is the old value, ``now`` the one with the account."""

    reach: ClassVar[Reach] = Reach.PEERS
    person: Person
    now: Person


class LoggedOut(Event, frozen=True, tag="logged_out"):
    """A person is logged in no more; ``now`` is the value without an account."""

    reach: ClassVar[Reach] = Reach.PEERS
    person: Person
    now: Person


class AccountStays(Event, frozen=True, tag="account_stays"):
    """Who is logged in to an account stays in the chat without a connection from now on, or no longer."""

    kept: ClassVar[Kept] = Kept.STATE
    reach: ClassVar[Reach] = Reach.NOBODY
    account: str
    on: bool


class StayChanged(Event, frozen=True, tag="stay", omit_defaults=True):
    """What is kept of who stays with an account, as in ``stays.Stay``; of nobody: nothing."""

    kept: ClassVar[Kept] = Kept.STATE
    reach: ClassVar[Reach] = Reach.NOBODY
    account: str
    whom: Person | None = None
    rooms: tuple[tuple[str, int], ...] = ()
    away: str = ""
    since: int = 0


class DeviceSeen(Event, frozen=True, tag="device", omit_defaults=True):
    """A device of an account is here (no time), or was, until then in these rooms, as in ``seen.Visit``."""

    kept: ClassVar[Kept] = Kept.STATE
    reach: ClassVar[Reach] = Reach.NOBODY
    account: str
    device: str
    time: int = 0
    rooms: tuple[str, ...] | None = None


class RoomRegistered(Event, frozen=True, tag="room_registered"):
    """A room belongs to an account, its founder's, or to none any more (empty): then nobody has access."""

    kept: ClassVar[Kept] = Kept.STATE
    reach: ClassVar[Reach] = Reach.NOBODY
    room: str
    account: str


class RoomAccessChanged(Event, frozen=True, tag="room_access"):
    """Who is logged in to an account has a role in the room when it joins, or has no more."""

    kept: ClassVar[Kept] = Kept.STATE
    reach: ClassVar[Reach] = Reach.NOBODY
    room: str
    account: str
    role: str
    on: bool
