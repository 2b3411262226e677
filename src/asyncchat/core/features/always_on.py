"""Always-on accounts: their people remain in the chat without a connection.

Owns what is stored of these people, so that they are back in their rooms after a restart.
"""

from collections.abc import Callable, Iterator, Set
from itertools import islice
from typing import Final

import msgspec

from asyncchat.core.chat import Chat, Part
from asyncchat.core.commands import Command
from asyncchat.core.events import Event, MovesRoom, Untold
from asyncchat.core.features.away import AwayChanged
from asyncchat.core.features.opers import OperResigned
from asyncchat.core.features.presence import (
    Connected,
    SessionDetached,
    leaving,
)
from asyncchat.core.features.room_modes import RoleChanged
from asyncchat.core.features.rooms import Joined
from asyncchat.core.names import fold
from asyncchat.core.people import NOBODY, Person, customer_of, remote_network
from asyncchat.core.registry import Items, applies, concludes, for_people, handles
from asyncchat.core.replies import AccountFault, AccountRefused, Reply
from asyncchat.core.roles import OPERATOR, ROLES

OFFLINE_AWAY: Final = "not connected"
"""The away message of a person who is offline and has not set one."""


MAX_ALWAYS_ON: Final = 1000
"""Accounts that may be always on, unless configured: each of them shows in lists of members."""


ALWAYS_ON_DAYS: Final = 30
"""Days offline after which a person leaves the chat, unless configured."""


class AlwaysOn(msgspec.Struct, frozen=True):
    """What is stored of one person: rooms by name with the sum of the roles there, and since when offline.

    ``away`` is the person's own away message. ``since`` is in microseconds since 1970 UTC; 0: connected.
    """

    person: Person
    rooms: tuple[tuple[str, int], ...]
    away: str = ""
    since: int = 0


class AlwaysOnAccounts(Part):
    """Which accounts are always on, and what is stored of their people."""

    def __init__(self) -> None:
        self.accounts: dict[str, str] = {}
        """The keys of accounts that are always on, with the networks where they became so; empty: unknown,
        or this machine."""
        self.saved: dict[str, AlwaysOn] = {}
        """What is stored of their people, by the accounts' keys."""
        self.max_accounts = MAX_ALWAYS_ON
        self.max_days = ALWAYS_ON_DAYS
        """How many accounts, and for how many days (0: no end). From the configuration, not from events."""

    def is_full(self, network: str) -> bool:
        """Whether no more accounts can be always on: half of the places are the most that one network has."""
        if len(self.accounts) >= self.max_accounts:
            return True
        mine = sum(other == network for other in self.accounts.values()) if network else 0
        return mine >= max(1, self.max_accounts // 2)

    def forget_account(self, account: str) -> None:
        """Forgets a removed account."""
        self.accounts.pop(account, None)
        self.saved.pop(account, None)

    def state(self) -> object:
        """This part as plain data: equal in equal chats."""
        networks = {account: network for account, network in self.accounts.items() if network}
        return set(self.accounts), dict(self.saved), networks

    def facts(self, chat: Chat) -> Iterator[Event]:
        """The fewest events that restore this part."""
        for key, account in chat.accounts.items():
            if key in self.accounts:
                yield AlwaysOnChanged(account.name, True, self.accounts[key])
        for key, saved in self.saved.items():
            yield _saved(chat.accounts[key].name, saved)


class SetAlwaysOn(Command, frozen=True):
    """Make the own account always on, or no longer; None: only ask whether it is."""

    on: bool | None = None
    context: object = None


class UpdateAlwaysOn(Command, frozen=True):
    """Update what is stored of always-on people, given the keys of accounts; only the core sends it."""

    accounts: tuple[str, ...]


class AlwaysOnChanged(Untold, frozen=True, tag="account_stays", omit_defaults=True):
    """An account is always on from now on, or no longer; ``network``: where its person was then."""

    account: str
    on: bool
    network: str = ""


class AlwaysOnSaved(Untold, frozen=True, tag="stay", omit_defaults=True):
    """What is stored of an account's always-on person, as in ``AlwaysOn``; without a person: nothing."""

    account: str
    whom: Person | None = None
    rooms: tuple[tuple[str, int], ...] = ()
    away: str = ""
    since: int = 0


class AlwaysOnStatus(Reply, frozen=True):
    """Whether the requester's account is always on, and for how many days offline (0: no end)."""

    account: str
    on: bool
    days: int
    context: object = None


_DAY = 86_400_000_000
"""Microseconds of a day."""

_REMOVED_AT_ONCE: Final = 100
"""People whom one look at who is offline removes: a few milliseconds."""


def is_always_on(chat: Chat, person: Person) -> bool:
    """Whether a person is always on: its account is, and the person has the account's name."""
    return (
        bool(person.account)
        and person.key in AlwaysOnAccounts.of(chat).accounts
        and fold(person.account) == person.key
    )


def always_on_of(chat: Chat, person: Person) -> AlwaysOn:
    """What has to be stored of a person now."""
    rooms = tuple((room.name, room.roles.get(person.id, 0)) for room in chat.rooms_with(person.id))
    away = chat.people.away.get(person.id, "")
    own = "" if away == OFFLINE_AWAY else away
    # A person gets another id in the next run.
    return AlwaysOn(
        msgspec.structs.replace(person, id=0), rooms, own, chat.sessions.offline_since.get(person.id, 0)
    )


def _affected(chat: Chat, event: Event) -> Iterator[Person]:
    """The people whose stored state an event may change."""
    if isinstance(event, MovesRoom) and (room := chat.room_named(event.room)) is not None:
        yield from (chat.people[person_id] for person_id in room.member_blocks)
    yield from (getattr(event, field) for field in event.affects)


@concludes(last=True)
def with_always_on(chat: Chat, _person_id: int, _command: Command, items: Items) -> Items:
    """Adds to a decision the update of what is stored of always-on people."""
    if not AlwaysOnAccounts.of(chat).accounts:
        return items
    affected: dict[str, None] = {}
    for person in (person for item in items if isinstance(item, Event) for person in _affected(chat, item)):
        if person.account:
            affected[fold(person.account)] = None
    always_on = AlwaysOnAccounts.of(chat)
    accounts = tuple(key for key in affected if key in always_on.saved or key in always_on.accounts)
    return (*items, UpdateAlwaysOn(accounts)) if accounts else items


@for_people(SetAlwaysOn)
def set_always_on(chat: Chat, me: Person, command: SetAlwaysOn, now: int) -> Items:
    """Makes the requester's account always on, or no longer; or tells whether it is."""
    account = chat.accounts.get(fold(me.account)) if me.account else None
    if account is None:
        return (AccountRefused(AccountFault.LOGGED_OUT, context=command.context),)
    key = fold(account.name)
    always_on = AlwaysOnAccounts.of(chat)
    before = key in always_on.accounts
    wanted = before if command.on is None else command.on
    answer = AlwaysOnStatus(account.name, wanted, always_on.max_days, command.context)
    if wanted == before:
        return (answer,)
    address = me.address or me.host
    network = customer_of(address) if remote_network(address) else ""
    if wanted and always_on.is_full(network):
        return (AccountRefused(AccountFault.TOO_MANY_ALWAYS_ON, account.name, context=command.context),)
    changed = AlwaysOnChanged(account.name, wanted, network if wanted else "")
    update = UpdateAlwaysOn((key,))
    # The user may be connected under another name while the always-on person is offline: that one leaves.
    left = () if wanted else tuple(_offline_leaving(chat, account.name, "is not always on any more", now))
    return (changed, *left, update, answer)


@handles(UpdateAlwaysOn)
def update_always_on(chat: Chat, _person_id: int, command: UpdateAlwaysOn, _now: int) -> Items:
    """Updates what is stored of always-on people."""
    always_on = AlwaysOnAccounts.of(chat)
    events: list[Event] = []
    for key in command.accounts:
        account = chat.accounts.get(key)
        if account is None:
            continue
        me = chat.person_named(account.name)
        saved = always_on_of(chat, me) if me is not None and is_always_on(chat, me) else None
        if saved != always_on.saved.get(key):
            events.append(_saved(account.name, saved))
    return tuple(events)


def _saved(account: str, saved: AlwaysOn | None) -> AlwaysOnSaved:
    if saved is None:
        return AlwaysOnSaved(account)
    return AlwaysOnSaved(account, saved.person, saved.rooms, saved.away, saved.since)


def offline_people(chat: Chat, account: str) -> list[Person]:
    """The people of an account who are offline."""
    return [
        chat.people[person_id]
        for person_id in chat.sessions.offline_since
        if chat.people[person_id].account == account
    ]


def _offline_leaving(chat: Chat, account: str, reason: str, now: int) -> Iterator[Event]:
    for person in offline_people(chat, account):
        yield from leaving(chat, person, reason, now)


def going_offline(chat: Chat, me: Person, session_id: int, reason: str, now: int) -> tuple[Event, ...]:
    """The events when the last session of an always-on person ends."""
    events: list[Event] = [SessionDetached(me, session_id, reason, now)]
    if me.id in chat.server_operators:
        events.append(OperResigned(me))  # the next session may be on a device that is less safe
    if not chat.people.away.get(me.id):
        events.append(AwayChanged(me, OFFLINE_AWAY))
    return tuple(events)


def offline_expiring(chat: Chat, now: int) -> Iterator[Event]:
    """The events that remove people who were offline for too long, a part of them if they are many."""
    days = AlwaysOnAccounts.of(chat).max_days
    if not days:
        return
    gone = (one for one, since in chat.sessions.offline_since.items() if now - since > days * _DAY)
    for person_id in islice(gone, _REMOVED_AT_ONCE):
        me = chat.people[person_id]
        yield from leaving(chat, me, f"not connected for {days} days", now)
        yield _saved(me.account, None)


def always_on_returning(
    chat: Chat, now: int, last: int, banned: Set[str], hide: Callable[[Person], Person]
) -> Iterator[Event]:
    """The events that bring always-on people back in a new run.

    Args:
        chat: the state that the log gives.
        now: microseconds since 1970 UTC.
        last: the time of the last record of the previous run, until when its people were connected.
        banned: the keys of accounts whose people are banned from the server.
        hide: gives each the host that others may see.
    """
    returning = _returning(chat, now, banned)
    for number, (account, saved) in enumerate(returning.items(), 1):
        me = msgspec.structs.replace(hide(saved.person), id=number, bot=False, oper=False)
        since = saved.since or last or now
        away = saved.away or OFFLINE_AWAY
        yield Connected(me, now, away)
        yield SessionDetached(me, number, "", since)
        for name, roles in saved.rooms:
            room = chat.rooms.get(fold(name))
            if room is None:
                continue
            yield Joined(room.name, me, bool(roles & OPERATOR.bit), away)
            for role in ROLES:
                if roles & role.bit & ~OPERATOR.bit:
                    yield RoleChanged(room.name, me, NOBODY, True, role.name)
        if since != saved.since:
            yield _saved(chat.accounts[account].name, msgspec.structs.replace(saved, since=since))
    yield from (
        _saved(chat.accounts[account].name, None)
        for account in AlwaysOnAccounts.of(chat).saved
        if account not in returning
    )


def _returning(chat: Chat, now: int, banned: Set[str]) -> dict[str, AlwaysOn]:
    """The people who are back in a new run, by the accounts' keys."""
    always_on = AlwaysOnAccounts.of(chat)
    oldest = now - always_on.max_days * _DAY if always_on.max_days else 0
    return {
        account: saved
        for account, saved in always_on.saved.items()
        if account in always_on.accounts
        and account not in banned
        and not (saved.since and saved.since < oldest)
    }


def rooms_of_returning(chat: Chat, now: int, banned: Set[str]) -> set[str]:
    """The keys of rooms that always-on people are in when a run begins."""
    return {fold(name) for saved in _returning(chat, now, banned).values() for name, _ in saved.rooms}


@applies(AlwaysOnChanged)
def _always_on_changed(chat: Chat, event: AlwaysOnChanged) -> None:
    accounts = AlwaysOnAccounts.of(chat).accounts
    if event.on:
        accounts[fold(event.account)] = event.network
    else:
        accounts.pop(fold(event.account), None)


@applies(AlwaysOnSaved)
def _always_on_saved(chat: Chat, event: AlwaysOnSaved) -> None:
    key = fold(event.account)
    if event.whom is None:
        AlwaysOnAccounts.of(chat).saved.pop(key, None)
    else:
        AlwaysOnAccounts.of(chat).saved[key] = AlwaysOn(event.whom, event.rooms, event.away, event.since)
