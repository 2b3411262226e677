"""Accounts: make one, log in and out, change and remove it.

Owns what happens to accounts. Must not know how a password is checked: the server does that.
"""

from collections.abc import Iterator
from typing import ClassVar

import msgspec

from asyncchat.core.chat import Chat
from asyncchat.core.commands import Command, IoCommand, Query
from asyncchat.core.confusables import is_mixed_script
from asyncchat.core.events import Event, Untold
from asyncchat.core.features.always_on import offline_people
from asyncchat.core.features.audit import OperOverride, note_read
from asyncchat.core.features.bots import Bots
from asyncchat.core.features.connect import NameFixed
from asyncchat.core.features.impersonation import AccountShapes, imitated, stands_for_server
from asyncchat.core.features.known_networks import KnownNetworks, network_known
from asyncchat.core.features.last_seen import devices_offline, devices_online
from asyncchat.core.features.presence import LoggedIn, LoggedOut, Renamed, leaving
from asyncchat.core.features.room_registration import granted_everywhere, rooms_released
from asyncchat.core.features.server_bans import Killed, server_ban_on
from asyncchat.core.names import fold, name_fault
from asyncchat.core.people import Account, Person, renamed, with_account
from asyncchat.core.permissions import SERVER, silenced_in
from asyncchat.core.registry import Items, answers, applies, for_people, handles, notes
from asyncchat.core.replies import AccountFault, AccountRefused, NotConnectedYet, Refusal, Reply

ACCOUNTS = 100_000
"""Accounts of a server: each takes half a kilobyte, so a script that makes them can't fill the memory."""


class Authenticate(IoCommand, frozen=True):
    """A client's message in a SASL exchange (RFC 4422); ``exchange`` is the state of the exchange so far."""

    cost: ClassVar[int] = 5
    mechanism: str
    data: bytes
    exchange: object = None
    context: object = None


class LogInWithPassword(IoCommand, frozen=True):
    """Log in with a password; an empty account means the one of the person's name.

    ``phrase``: all of what was typed, where the account may be the first word of the own password.
    """

    cost: ClassVar[int] = 5
    account: str
    password: str
    context: object = None
    phrase: str = ""


class RegisterAccount(IoCommand, frozen=True):
    """Make an account with a password.

    An empty account means one of the person's name; ``name`` is that name before the session connects.
    """

    cost: ClassVar[int] = 20
    account: str
    email: str
    password: str
    name: str = ""
    context: object = None


class NewPassword(IoCommand, frozen=True):
    """Change the password of the own account."""

    cost: ClassVar[int] = 10
    password: str
    context: object = None


class DropAccount(IoCommand, frozen=True):
    """Remove the own account; its password confirms that. ``phrase`` as in ``LogInWithPassword``."""

    cost: ClassVar[int] = 5
    account: str
    password: str
    context: object = None
    phrase: str = ""


def shown_password(chat: Chat, own: str, shown: LogInWithPassword | DropAccount) -> tuple[str, str]:
    """The name of an account and the password that is shown for it; ``own`` is the person's.

    Where the first word names no account, all of them are the password of the own one.
    """
    if shown.phrase and fold(shown.account) not in chat.accounts and fold(own) in chat.accounts:
        return own, shown.phrase
    return shown.account or own, shown.password


class Reclaim(IoCommand, frozen=True):
    """Disconnect whoever uses the account's name; needs its password unless the person is logged in to it."""

    cost: ClassVar[int] = 5
    name: str
    password: str
    take: bool = False
    context: object = None


class RegisterAccountVerified(Command, frozen=True):
    """Make an account and log in to it; ``verifier`` is what its password is checked against.

    ``network`` here and below is the mark of the requester's network (``known_networks``), or empty.
    """

    account: str
    verifier: str
    email: str = ""
    context: object = None
    network: str = ""


class LogInVerified(Command, frozen=True):
    """Log in to an account; ``verified``: the password was right.

    ``verifier`` here and below is what it was checked against, which may have been replaced since; empty:
    nothing of the account was.
    """

    account: str
    verified: bool
    context: object = None
    network: str = ""
    verifier: str = ""


class LogOut(Command, frozen=True):
    """Log out."""

    context: object = None


class NewPasswordVerified(Command, frozen=True):
    """Give an account (empty: the own one) another verifier."""

    account: str
    verifier: str
    context: object = None
    network: str = ""


class DropAccountVerified(Command, frozen=True):
    """Remove an account (empty: the own one); ``verified``: its password was right."""

    account: str
    verified: bool
    context: object = None
    verifier: str = ""


class ReclaimVerified(Command, frozen=True):
    """Disconnect whoever uses a name that belongs to an account, and perhaps ``take`` the name.

    The person must be logged in to the account, or its password was right (``verified``).
    """

    name: str
    verified: bool
    take: bool = False
    context: object = None
    network: str = ""
    verifier: str = ""


class GetAccount(Query, frozen=True):
    """What the requester may know of an account (empty: the own one)."""

    account: str
    context: object = None


class AccountMade(Untold, frozen=True, tag="account_made", omit_defaults=True):
    """An account was made; ``time`` in microseconds since 1970 UTC."""

    name: str
    verifier: str
    time: int
    email: str = ""


class AccountPasswordChanged(Untold, frozen=True, tag="account_password"):
    """An account's password was changed; ``time`` in microseconds since 1970 UTC."""

    name: str
    verifier: str
    time: int


class AccountRemoved(Untold, frozen=True, tag="account_removed"):
    """An account was removed; ``time`` in microseconds since 1970 UTC."""

    name: str
    time: int


class Registered(Reply, frozen=True):
    """An account was made, and the requester is logged in to it; ``verifier`` as in ``Confirmed``."""

    account: str
    context: object = None
    verifier: str = ""


class Confirmed(Reply, frozen=True):
    """A session that has not connected yet gave the right password; it may connect with this account.

    ``verifier`` is the account's: it may have another one, or be another account, when the session connects.
    """

    account: str
    context: object = None
    verifier: str = ""


class LoggedInNow(Reply, frozen=True):
    """The requester is logged in to this account, since now or ``already`` before."""

    account: str
    context: object = None
    already: bool = False


class LoggedOutNow(Reply, frozen=True):
    """The requester is no longer logged in."""

    context: object = None


class PasswordChanged(Reply, frozen=True):
    """The account's password was changed."""

    account: str
    context: object = None


class Removed(Reply, frozen=True):
    """The account was removed."""

    account: str
    context: object = None


class Challenge(Reply, frozen=True):
    """The server's next message in a SASL exchange, and the state of the exchange."""

    data: bytes
    exchange: object


class Released(Reply, frozen=True):
    """The name is free now, or the requester has it."""

    name: str
    context: object = None


class AccountView(Reply, frozen=True):
    """An account; ``time`` in microseconds since 1970 UTC; ``people`` are the names that are logged in to it.

    ``mine``: the requester may know the e-mail address (of the own account; a server operator of all).
    """

    account: str
    time: int
    people: tuple[str, ...]
    mine: bool = False
    email: str = ""
    context: object = None


@handles(RegisterAccountVerified)
def register_account(chat: Chat, person_id: int, command: RegisterAccountVerified, now: int) -> Items:
    """Makes an account and logs the requester in."""
    name, context = command.account, command.context
    refusal = registration_refusal(chat, person_id, name, context)
    if refusal is not None:
        return (refusal,)
    made = (
        AccountMade(name, command.verifier, now, command.email),
        *network_known(chat, name, command.network),
    )
    me = chat.people.get(person_id)
    if me is None:
        return (*made, Registered(name, context, command.verifier))
    now_me = with_account(me, name)
    return (*made, *_logging_in(chat, me, now_me, now), Registered(name, context))


def registration_refusal(chat: Chat, person_id: int, name: str, context: object) -> AccountRefused | None:
    """The answer to a person who can't make an account of this name, or None; also looked for before a
    password is hashed."""
    fault = _registration_fault(chat, person_id, name)
    if fault is None:
        return None
    other = imitated(chat, name) if fault is AccountFault.HELD else ""
    detail = name_fault(name) or (f"it looks like {other}" if other else "")
    return AccountRefused(fault, name, detail, context)


def _registration_fault(chat: Chat, person_id: int, name: str) -> AccountFault | None:
    me = chat.people.get(person_id)
    if me is not None and me.account:
        return AccountFault.LOGGED_IN
    if name_fault(name) is not None or is_mixed_script(name) or (chat.ascii_names and not name.isascii()):
        return AccountFault.NOT_ALLOWED
    key = fold(name)
    if key in chat.accounts:
        return AccountFault.EXISTS
    if person_id != SERVER and stands_for_server(chat, name, person_id):
        return AccountFault.NOT_ALLOWED
    if key in Bots.of(chat).tokens or imitated(chat, name):
        return AccountFault.HELD
    # Nobody may register a name that somebody else is using.
    if person_id != SERVER and chat.people.by_name.get(key, person_id) != person_id:
        return AccountFault.HELD
    return AccountFault.FULL if len(chat.accounts) >= ACCOUNTS else None


@handles(LogInVerified)
def log_in_verified(chat: Chat, person_id: int, command: LogInVerified, now: int) -> Items:
    """Logs a person in; a session that has not connected yet is told the account with which it may."""
    account = chat.accounts.get(fold(command.account))
    context = command.context
    if account is None or not is_verified(command, account):
        return (AccountRefused(AccountFault.WRONG, command.account, context=context),)
    known = tuple(network_known(chat, account.name, command.network))
    me = chat.people.get(person_id)
    if me is None:
        return (*known, Confirmed(account.name, context, account.verifier))
    if me.account == account.name:
        return (*known, LoggedInNow(account.name, context, already=True))
    now_me = with_account(me, account.name)
    banned = server_ban_on(chat, now_me, now)
    if banned is not None:
        return (*known, banned)
    return (*known, *_logging_in(chat, me, now_me, now), LoggedInNow(account.name, context))


def is_verified(command: LogInVerified | DropAccountVerified | ReclaimVerified, account: Account) -> bool:
    """Whether the password was right, and still is the account's: it may be another one since."""
    return command.verified and command.verifier in ("", account.verifier)


def _logging_in(chat: Chat, me: Person, now_me: Person, now: int) -> Iterator[Event]:
    """What happens when a person logs in, perhaps from another account."""
    yield from devices_offline(chat, me, now)
    yield LoggedIn(me, now_me)
    yield from devices_online(chat, now_me)
    yield from granted_everywhere(chat, now_me)


@for_people(LogOut)
def log_out(chat: Chat, me: Person, command: LogOut, now: int) -> Items:
    """Logs a person out; the person keeps the name until it leaves."""
    if not me.account:
        return (AccountRefused(AccountFault.LOGGED_OUT, context=command.context),)
    return (
        LoggedOut(me, with_account(me, "")),
        *devices_offline(chat, me, now),
        LoggedOutNow(command.context),
    )


@handles(NewPasswordVerified)
def new_password_verified(chat: Chat, person_id: int, command: NewPasswordVerified, now: int) -> Items:
    """Changes the password of an account."""
    me = chat.people.get(person_id)
    found = own_account(chat, person_id, command.account, command.context)
    if isinstance(found, Refusal):
        return (found,)
    changed = AccountPasswordChanged(found.name, command.verifier, now)
    # Whoever knew the old password may have been in the networks that are known so far.
    mine = me is not None and fold(me.account) == fold(found.name)
    known = network_known(chat, found.name, command.network, anew=True) if mine else ()
    noted = override_of(chat, person_id, found, msgspec.structs.replace(changed, verifier=""))
    return (changed, *known, *noted, PasswordChanged(found.name, command.context))


@handles(DropAccountVerified)
def drop_account_verified(chat: Chat, person_id: int, command: DropAccountVerified, now: int) -> Items:
    """Removes an account and logs out everybody who is logged in to it."""
    found = own_account(chat, person_id, command.account, command.context)
    if isinstance(found, Refusal):
        return (found,)
    if not is_verified(command, found):
        return (AccountRefused(AccountFault.WRONG, found.name, context=command.context),)
    offline = offline_people(chat, found.name)
    events: list[Event] = [
        LoggedOut(person, with_account(person, ""))
        for person in chat.people.values()
        if person.account == found.name and person not in offline
    ]
    for person in offline:
        events.extend(leaving(chat, person, "the account is removed", now))
    removed = AccountRemoved(found.name, now)
    noted = override_of(chat, person_id, found, removed)
    return (*events, *rooms_released(chat, found.name), removed, *noted, Removed(found.name, command.context))


@for_people(ReclaimVerified)
def reclaim_verified(chat: Chat, me: Person, command: ReclaimVerified, now: int) -> Items:
    """Disconnects whoever uses the account's name, and perhaps gives the name to the requester."""
    name, context = command.name, command.context
    account = chat.accounts.get(fold(name))
    if account is None:
        return (AccountRefused(AccountFault.UNKNOWN, name, context=context),)
    mine = me.account == account.name
    if not mine and not is_verified(command, account):
        return (AccountRefused(AccountFault.WRONG, name, context=context),)
    silencing = silenced_in(chat, me) if command.take and fold(name) != me.key else None
    if silencing is not None:
        return (NameFixed(name, silencing.name),)
    holder = chat.person_named(name)
    events: list[Event] = []
    if holder is not None and holder.id != me.id:
        reason = f"{name} is wanted back by its owner"
        events += (Killed(holder, me, reason), *leaving(chat, holder, reason, now))
        events += devices_offline(chat, holder, now)
    elif not command.take or holder is not None:
        return (AccountRefused(AccountFault.FREE, name, context=context),)
    if not mine:
        events += network_known(chat, account.name, command.network)
        before, me = me, with_account(me, account.name)
        events += _logging_in(chat, before, me, now)
    if command.take:
        events.append(Renamed(me, renamed(me, name), now, chat.rooms.joined.get(me.id, ())))
    return (*events, Released(name, context))


@notes(GetAccount)
def _note(chat: Chat, person_id: int, query: GetAccount, now: int) -> tuple[Event, ...]:
    account = chat.accounts.get(fold(query.account))
    if account is None or not account.email or chat.people[person_id].account == account.name:
        return ()
    return note_read(chat, person_id, "email", account.name, now)


@answers(GetAccount)
def answer_account(chat: Chat, person_id: int, query: GetAccount) -> Reply | Refusal:
    """What the requester may know of an account."""
    me = chat.people.get(person_id)
    name = query.account or (me.account if me is not None else "")
    account = chat.accounts.get(fold(name))
    if account is None:
        fault = AccountFault.UNKNOWN if name else AccountFault.LOGGED_OUT
        return AccountRefused(fault, name, context=query.context)
    people = tuple(person.name for person in chat.people.values() if person.account == account.name)
    mine = person_id in chat.server_operators or (me is not None and me.account == account.name)
    email = account.email if mine else ""
    return AccountView(account.name, account.time, people, mine, email, query.context)


def own_account(chat: Chat, person_id: int, name: str, context: object) -> Account | Refusal:
    """The account named, if it is the requester's, or a server operator or the server itself asks."""
    me = chat.people.get(person_id)
    if me is None and person_id != SERVER:
        return NotConnectedYet()
    if not name and (me is None or not me.account):
        return AccountRefused(AccountFault.LOGGED_OUT, context=context)
    account = chat.accounts.get(fold(name or (me.account if me is not None else "")))
    if account is not None and me is not None and me.account == account.name:
        return account
    if me is not None and person_id not in chat.server_operators:
        return AccountRefused(AccountFault.OTHERS, name, context=context)
    return account or AccountRefused(AccountFault.UNKNOWN, name, context=context)


def override_of(chat: Chat, person_id: int, account: Account, act: Event) -> tuple[OperOverride, ...]:
    """The entry of the audit when a server operator changes somebody else's account."""
    me = chat.people.get(person_id)
    return () if me is None or me.account == account.name else (OperOverride(me, act),)


@applies(AccountMade)
def _account_made(chat: Chat, event: AccountMade) -> None:
    chat.accounts[fold(event.name)] = Account(event.name, event.verifier, event.time, event.email)
    AccountShapes.of(chat).add(event.name)


@applies(AccountPasswordChanged)
def _password_changed(chat: Chat, event: AccountPasswordChanged) -> None:
    account = chat.accounts.get(fold(event.name))
    if account is not None:
        chat.accounts[fold(event.name)] = msgspec.structs.replace(account, verifier=event.verifier)
        KnownNetworks.of(chat).forget_account(fold(event.name))


@applies(AccountRemoved)
def _account_removed(chat: Chat, event: AccountRemoved) -> None:
    chat.accounts.pop(fold(event.name), None)
    for part in chat.parts.values():
        part.forget_account(fold(event.name))


def account_snapshot(account: Account) -> AccountMade:
    """The event that restores an account."""
    return AccountMade(account.name, account.verifier, account.time, account.email)
