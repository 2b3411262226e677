"""Accounts that stay in the chat without a connection.

Owns what is kept of them, so that a restart finds them again.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from typing import Any, ClassVar, Final

import msgspec

from asyncchat.core.chat import Chat, Part
from asyncchat.core.commands import Command
from asyncchat.core.events import Event, Recipients, Retention
from asyncchat.core.features.away import AwayChanged
from asyncchat.core.features.opers import OperResigned
from asyncchat.core.features.presence import (
    Connected,
    Left,
    LoggedIn,
    LoggedOut,
    RealnameChanged,
    Renamed,
    SessionAttached,
    SessionDetached,
    leaving,
)
from asyncchat.core.features.rename import RoomRenamed
from asyncchat.core.features.room_modes import RoleChanged
from asyncchat.core.features.rooms import Joined, Kicked, Parted
from asyncchat.core.names import fold
from asyncchat.core.people import NOBODY, Person
from asyncchat.core.registry import Items, applies, concludes, handles
from asyncchat.core.replies import AccountFault, AccountRefused, NotConnectedYet, Reply
from asyncchat.core.roles import OPERATOR, ROLES

OFFLINE_AWAY: Final = "not connected"
"""The word with which somebody is away who has no connection and has not said another."""


MAX_ALWAYS_ON: Final = 1000
"""People who may stay, where the server does not say otherwise: each sits in rooms that others read."""


ALWAYS_ON_DAYS: Final = 30
"""Days without a connection after which one is let go, where the server does not say otherwise."""


class AlwaysOn(msgspec.Struct, frozen=True):
    """What is kept of one: rooms by name with the sum of the roles there, and since when it is not connected.

    ``away`` is a word of its own, ``since`` in microseconds since 1970 UTC, 0 while it is connected.
    """

    person: Person
    rooms: tuple[tuple[str, int], ...]
    away: str = ""
    since: int = 0


def _one(_chat: Chat, event: Any) -> tuple[Person, ...]:
    return (event.person,)


def _both(_chat: Chat, event: Any) -> tuple[Person, ...]:
    return (event.person, event.now)


def _members(chat: Chat, event: RoomRenamed) -> tuple[Person, ...]:
    room = chat.room_named(event.room)
    return () if room is None else tuple(chat.people[person_id] for person_id in room.member_blocks)


_TOUCHED: dict[type, Any] = {
    Connected: _one,
    Left: _one,
    SessionAttached: _one,
    SessionDetached: _one,
    AwayChanged: _one,
    Joined: _one,
    Parted: _one,
    Kicked: _one,
    RoleChanged: _one,
    Renamed: _both,
    RealnameChanged: _both,
    LoggedIn: _both,
    LoggedOut: _both,
    RoomRenamed: _members,
}
"""Whose stay an event may change."""


class AlwaysOnAccounts(Part):
    """Which accounts stay without a connection, and what is kept of their people."""

    def __init__(self) -> None:
        self.accounts: set[str] = set()
        """The keys of accounts that stay in the chat without a connection."""
        self.kept: dict[str, AlwaysOn] = {}
        """What is kept of their people, by the accounts' keys."""
        self.max_accounts = MAX_ALWAYS_ON
        self.max_days = ALWAYS_ON_DAYS
        """How many may stay, and for how many days (0: without an end). The server's wishes, no facts."""

    def forget_account(self, account: str) -> None:
        """An account is no more."""
        self.accounts.discard(account)
        self.kept.pop(account, None)

    def state(self) -> object:
        """What is equal in equal chats, as plain data."""
        return set(self.accounts), dict(self.kept)

    def facts(self, chat: Chat) -> Iterator[Event]:
        """Few events that give this part again."""
        for key, account in chat.accounts.items():
            if key in self.accounts:
                yield AlwaysOnChanged(account.name, True)
        for key, stay in self.kept.items():
            yield AlwaysOnSaved(chat.accounts[key].name, stay.person, stay.rooms, stay.away, stay.since)


class SetAlwaysOn(Command, frozen=True):
    """Stay in the chat while one is not connected, or no longer; None: tell whether."""

    on: bool | None = None
    context: object = None


class UpdateAlwaysOn(Command, frozen=True):
    """Bring up to date what is kept of people who stay, by their accounts' keys; no dialect asks it."""

    accounts: tuple[str, ...]


class AlwaysOnChanged(Event, frozen=True, tag="account_stays"):
    """Who is logged in to an account stays in the chat without a connection from now on, or no longer."""

    retention: ClassVar[Retention] = Retention.STATE
    recipients: ClassVar[Recipients] = Recipients.NOBODY
    account: str
    on: bool


class AlwaysOnSaved(Event, frozen=True, tag="stay", omit_defaults=True):
    """What is kept of who stays with an account, as in ``stays.AlwaysOn``; of nobody: nothing."""

    retention: ClassVar[Retention] = Retention.STATE
    recipients: ClassVar[Recipients] = Recipients.NOBODY
    account: str
    whom: Person | None = None
    rooms: tuple[tuple[str, int], ...] = ()
    away: str = ""
    since: int = 0


class AlwaysOnStatus(Reply, frozen=True):
    """Whether the asker's account stays while it is not connected, for so many days (0: without an end)."""

    account: str
    on: bool
    days: int
    context: object = None


_DAY = 86_400_000_000
"""Microseconds of a day."""


def is_always_on(chat: Chat, person: Person) -> bool:
    """Whether somebody stays without a connection: its account wants it, under the account's own name."""
    return (
        bool(person.account)
        and person.key in AlwaysOnAccounts.of(chat).accounts
        and fold(person.account) == person.key
    )


def always_on_of(chat: Chat, person: Person) -> AlwaysOn:
    """What is to be kept of somebody now."""
    rooms = tuple((room.name, room.roles.get(person.id, 0)) for room in chat.rooms_with(person.id))
    away = chat.people.away.get(person.id, "")
    own = "" if away == OFFLINE_AWAY else away
    # Numbers of sessions mean nothing in the next run.
    return AlwaysOn(
        msgspec.structs.replace(person, id=0), rooms, own, chat.sessions.offline_since.get(person.id, 0)
    )


@concludes(last=True)
def with_always_on(chat: Chat, _person_id: int, _command: Command, items: Items) -> Items:
    """What is decided, and behind it that what is kept of people who stay is brought up to date."""
    if not AlwaysOnAccounts.of(chat).accounts:
        return items
    touched: dict[str, None] = {}
    for item in items:
        find = _TOUCHED.get(type(item))
        if find is not None:
            for person in find(chat, item):
                if person.account:
                    touched[fold(person.account)] = None
    concerned = tuple(
        key
        for key in touched
        if key in AlwaysOnAccounts.of(chat).kept or key in AlwaysOnAccounts.of(chat).accounts
    )
    return (*items, UpdateAlwaysOn(concerned)) if concerned else items


@handles(SetAlwaysOn)
def set_always_on(chat: Chat, person_id: int, command: SetAlwaysOn, now: int) -> Items:
    """Lets the asker's account stay without a connection, or no longer; or tells whether it does."""
    me = chat.people.get(person_id)
    if me is None:
        return (NotConnectedYet(),)
    account = chat.accounts.get(fold(me.account)) if me.account else None
    if account is None:
        return (AccountRefused(AccountFault.LOGGED_OUT, context=command.context),)
    key = fold(account.name)
    stays_now = key in AlwaysOnAccounts.of(chat).accounts
    wanted = stays_now if command.on is None else command.on
    answer = AlwaysOnStatus(account.name, wanted, AlwaysOnAccounts.of(chat).max_days, command.context)
    if wanted == stays_now:
        return (answer,)
    if wanted and len(AlwaysOnAccounts.of(chat).accounts) >= AlwaysOnAccounts.of(chat).max_accounts:
        return (AccountRefused(AccountFault.TOO_MANY_ALWAYS_ON, account.name, context=command.context),)
    changed = AlwaysOnChanged(account.name, wanted)
    kept = UpdateAlwaysOn((key,))
    # Who stands there without a connection, while its owner is here under another name, goes at once.
    gone = () if wanted else tuple(_offline_of(chat, account.name, "does not stay any more", now))
    return (changed, *gone, kept, answer)


@handles(UpdateAlwaysOn)
def update_always_on(chat: Chat, _person_id: int, command: UpdateAlwaysOn, _now: int) -> Items:
    """Brings up to date what is kept of those who stay."""
    facts: list[Event] = []
    for key in command.accounts:
        account = chat.accounts.get(key)
        if account is None:
            continue
        me = chat.person_named(account.name)
        there = me is not None and is_always_on(chat, me)
        stay = always_on_of(chat, me) if me is not None and there else None
        if stay != AlwaysOnAccounts.of(chat).kept.get(key):
            facts.append(_kept(account.name, stay))
    return tuple(facts)


def _kept(account: str, stay: AlwaysOn | None) -> AlwaysOnSaved:
    if stay is None:
        return AlwaysOnSaved(account)
    return AlwaysOnSaved(account, stay.person, stay.rooms, stay.away, stay.since)


def offline_people(chat: Chat, account: str) -> list[Person]:
    """The people of an account who are not connected."""
    return [
        chat.people[person_id]
        for person_id in chat.sessions.offline_since
        if chat.people[person_id].account == account
    ]


def _offline_of(chat: Chat, account: str, reason: str, now: int) -> Iterator[Event]:
    for person in offline_people(chat, account):
        yield from leaving(chat, person, reason, now)


def last_session_gone(chat: Chat, me: Person, session_id: int, reason: str, now: int) -> tuple[Event, ...]:
    """That somebody is here without a connection from now on."""
    facts: list[Event] = [SessionDetached(me, session_id, reason, now)]
    if me.id in chat.server_operators:
        facts.append(OperResigned(me))  # who comes next may be on a device that is not so safe
    if not chat.people.away.get(me.id):
        facts.append(AwayChanged(me, OFFLINE_AWAY))
    return tuple(facts)


def let_go(chat: Chat, now: int) -> Iterator[Event]:
    """Ends the stay of those who were not connected for too long."""
    if not AlwaysOnAccounts.of(chat).max_days:
        return
    for person_id, since in chat.sessions.offline_since.items():
        if now - since > AlwaysOnAccounts.of(chat).max_days * _DAY:
            me = chat.people[person_id]
            yield from leaving(chat, me, f"not connected for {AlwaysOnAccounts.of(chat).max_days} days", now)
            yield _kept(me.account, None)


def always_on_returning(chat: Chat, now: int, last: int, banned: Set[str]) -> Iterator[Event]:
    """The facts by which those who stay are here again in a new run.

    Args:
        last: when the run before said its last, which is how long who was connected then was here.
        banned: the keys of accounts whose people are banned from the server.
    """
    kept = [
        (account, stay)
        for account, stay in AlwaysOnAccounts.of(chat).kept.items()
        if account not in banned and _may_return(chat, account, stay, now)
    ]
    for number, (account, stay) in enumerate(kept, 1):
        me = msgspec.structs.replace(stay.person, id=number, bot=False, oper=False)
        since = stay.since or last or now
        away = stay.away or OFFLINE_AWAY
        yield Connected(me, now, away)
        yield SessionDetached(me, number, "", since)
        for name, roles in stay.rooms:
            room = chat.rooms.get(fold(name))
            if room is None:
                continue
            yield Joined(room.name, me, bool(roles & OPERATOR.bit), away)
            for role in ROLES:
                if roles & role.bit & ~OPERATOR.bit:
                    yield RoleChanged(room.name, me, NOBODY, True, role.name)
        if since != stay.since:
            yield _kept(chat.accounts[account].name, msgspec.structs.replace(stay, since=since))
    names = {account for account, _ in kept}
    yield from (
        _kept(chat.accounts[account].name, None)
        for account in AlwaysOnAccounts.of(chat).kept
        if account not in names
    )


def _may_return(chat: Chat, account: str, stay: AlwaysOn, now: int) -> bool:
    always_on = AlwaysOnAccounts.of(chat)
    if account not in always_on.accounts:
        return False
    return not (always_on.max_days and stay.since and now - stay.since > always_on.max_days * _DAY)


def rooms_kept(chat: Chat, now: int, banned: Set[str]) -> set[str]:
    """The keys of rooms that somebody who stays sits in, at the start of a run."""
    kept = (
        stay
        for account, stay in AlwaysOnAccounts.of(chat).kept.items()
        if account not in banned and _may_return(chat, account, stay, now)
    )
    return {fold(name) for stay in kept for name, _ in stay.rooms}


@applies(AlwaysOnChanged)
def _always_on_changed(chat: Chat, event: AlwaysOnChanged) -> None:
    change = (
        AlwaysOnAccounts.of(chat).accounts.add if event.on else AlwaysOnAccounts.of(chat).accounts.discard
    )
    change(fold(event.account))


@applies(AlwaysOnSaved)
def _always_on_saved(chat: Chat, event: AlwaysOnSaved) -> None:
    key = fold(event.account)
    if event.whom is None:
        AlwaysOnAccounts.of(chat).kept.pop(key, None)
    else:
        AlwaysOnAccounts.of(chat).kept[key] = AlwaysOn(event.whom, event.rooms, event.away, event.since)
