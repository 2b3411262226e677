"""Accounts: make one, log in and out, change and remove it.

Owns accounts. How a password is checked is the server's affair.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import msgspec

from asyncchat.core.accounts import Account
from asyncchat.core.commands import Command, IoCommand, Query
from asyncchat.core.confusables import is_mixed_script
from asyncchat.core.events import Event, Recipients, Retention
from asyncchat.core.features.always_on import offline_people
from asyncchat.core.features.bots import Bots, confusable_reserved
from asyncchat.core.features.kill import Killed
from asyncchat.core.features.last_seen import devices_offline, devices_online
from asyncchat.core.features.presence import Left, LoggedIn, LoggedOut, Renamed, leaving
from asyncchat.core.features.room_registration import given_up, granted_everywhere
from asyncchat.core.features.rooms import closing
from asyncchat.core.names import fold, name_fault
from asyncchat.core.people import logged, renamed
from asyncchat.core.permissions import SERVER
from asyncchat.core.registry import Items, answers, applies, handles
from asyncchat.core.replies import AccountFault, AccountRefused, NotConnectedYet, Refusal, Reply

if TYPE_CHECKING:
    from asyncchat.core.chat import Chat


ACCOUNTS = 100_000
"""Accounts there may be: each costs half a kilobyte, so a script that makes them can't fill the memory."""


class Authenticate(IoCommand, frozen=True):
    """A message of a client in an exchange of this mechanism (RFC 4422); ``exchange``: where it stands."""

    mechanism: str
    data: bytes
    exchange: object = None
    context: object = None


class LogInWithPassword(IoCommand, frozen=True):
    """Log in with a password as it is; an empty account: that of one's name."""

    account: str
    password: str
    context: object = None


class RegisterAccount(IoCommand, frozen=True):
    """Make an account with a password.

    An empty account: one of one's name, which is ``name`` before one enters.
    """

    account: str
    email: str
    password: str
    name: str = ""
    context: object = None


class NewPassword(IoCommand, frozen=True):
    """Give one's own account another password."""

    password: str
    context: object = None


class DropAccount(IoCommand, frozen=True):
    """Remove one's own account, with its password."""

    account: str
    password: str
    context: object = None


class Reclaim(IoCommand, frozen=True):
    """Have who has one's name put out, with the account's password where one is not logged in to it."""

    name: str
    password: str
    take: bool = False
    context: object = None


class RegisterAccountVerified(Command, frozen=True):
    """Make an account and be logged in to it; ``verifier`` is what its password is checked against."""

    account: str
    verifier: str
    email: str = ""
    context: object = None


class LogInVerified(Command, frozen=True):
    """Log in to an account; whether the password was right comes as data."""

    account: str
    verified: bool
    context: object = None


class LogOut(Command, frozen=True):
    """Be logged in no more."""

    context: object = None


class NewPasswordVerified(Command, frozen=True):
    """Check the passwords of one's own account (empty) against this verifier from now on."""

    account: str
    verifier: str
    context: object = None


class DropAccountVerified(Command, frozen=True):
    """Remove one's own account (empty); whether its password was shown comes as data."""

    account: str
    verified: bool
    context: object = None


class ReclaimVerified(Command, frozen=True):
    """Put out who has a name that belongs to an account, and ``take`` the name oneself.

    It is for who is logged in to the account, or has shown its password.
    """

    name: str
    verified: bool
    take: bool = False
    context: object = None


class GetAccount(Query, frozen=True):
    """What may be known of an account (empty: one's own)."""

    account: str
    context: object = None


class AccountMade(Event, frozen=True, tag="account_made", omit_defaults=True):
    """There is an account; ``time`` in microseconds since 1970 UTC."""

    retention: ClassVar[Retention] = Retention.STATE
    recipients: ClassVar[Recipients] = Recipients.NOBODY
    name: str
    verifier: str
    time: int
    email: str = ""


class AccountPasswordChanged(Event, frozen=True, tag="account_password"):
    """An account has another password; ``time`` in microseconds since 1970 UTC."""

    retention: ClassVar[Retention] = Retention.STATE
    recipients: ClassVar[Recipients] = Recipients.NOBODY
    name: str
    verifier: str
    time: int


class AccountRemoved(Event, frozen=True, tag="account_removed"):
    """An account is no more; ``time`` in microseconds since 1970 UTC."""

    retention: ClassVar[Retention] = Retention.STATE
    recipients: ClassVar[Recipients] = Recipients.NOBODY
    name: str
    time: int


class Registered(Reply, frozen=True):
    """An account was made, and who asked is logged in to it."""

    account: str
    context: object = None


class Confirmed(Reply, frozen=True):
    """Who has not entered yet showed the password of this account, and may enter with it."""

    account: str
    context: object = None


class LoggedInNow(Reply, frozen=True):
    """The asker is logged in to this account, by now or already."""

    account: str
    context: object = None


class LoggedOutNow(Reply, frozen=True):
    """The asker is not logged in any more."""

    context: object = None


class PasswordChanged(Reply, frozen=True):
    """The account has another password."""

    account: str
    context: object = None


class Removed(Reply, frozen=True):
    """The account is no more."""

    account: str
    context: object = None


class Challenge(Reply, frozen=True):
    """The server's next message in an exchange, and where that stands then."""

    data: bytes
    exchange: object


class Released(Reply, frozen=True):
    """Nobody has that name any more, or the asker does."""

    name: str
    context: object = None


class AccountView(Reply, frozen=True):
    """An account; times in microseconds since 1970 UTC; ``people`` are logged in to it.

    ``mine`` tells whether the asker may know its address (its own, and the owner of all).
    """

    account: str
    time: int
    people: tuple[str, ...]
    mine: bool = False
    email: str = ""
    context: object = None


@handles(RegisterAccountVerified)
def register_account(chat: Chat, person_id: int, command: RegisterAccountVerified, now: int) -> Items:
    """Makes an account and logs its maker in."""
    name, context = command.account, command.context
    fault = unmakable(chat, person_id, name)
    if fault is not None:
        return (AccountRefused(fault, name, name_fault(name) or "", context),)
    made = AccountMade(name, command.verifier, now, command.email)
    answer = Registered(name, context)
    me = chat.people.get(person_id)
    if me is None:
        return (made, answer)
    now_me = logged(me, name)
    return (made, LoggedIn(me, now_me), *devices_online(chat, now_me), answer)


def unmakable(chat: Chat, person_id: int, name: str) -> AccountFault | None:
    """Why somebody can't make an account of this name, or None; asked before its password is hashed, too."""
    me = chat.people.get(person_id)
    if me is not None and me.account:
        return AccountFault.LOGGED_IN
    if name_fault(name) is not None or is_mixed_script(name) or (chat.ascii_names and not name.isascii()):
        return AccountFault.NOT_ALLOWED
    key = fold(name)
    if key in chat.accounts:
        return AccountFault.EXISTS
    if key in Bots.of(chat).tokens or confusable_reserved(chat, name):
        return AccountFault.HELD
    # A name that somebody has must not be taken from under him.
    if person_id != SERVER and chat.people.by_name.get(key, person_id) != person_id:
        return AccountFault.HELD
    return AccountFault.FULL if len(chat.accounts) >= ACCOUNTS else None


@handles(LogInVerified)
def log_in_verified(chat: Chat, person_id: int, command: LogInVerified, _now: int) -> Items:
    """Logs a person in; who has not entered yet is told under which account it may."""
    account = chat.accounts.get(fold(command.account))
    context = command.context
    if account is None or not command.verified:
        return (AccountRefused(AccountFault.WRONG, command.account, context=context),)
    me = chat.people.get(person_id)
    if me is None:
        return (Confirmed(account.name, context),)
    answer = LoggedInNow(account.name, context)
    if me.account == account.name:
        return (answer,)
    now_me = logged(me, account.name)
    return (LoggedIn(me, now_me), *devices_online(chat, now_me), *granted_everywhere(chat, now_me), answer)


@handles(LogOut)
def log_out(chat: Chat, person_id: int, command: LogOut, now: int) -> Items:
    """Logs a person out; it keeps its name, which nobody else can have."""
    me = chat.people.get(person_id)
    if me is None:
        return (NotConnectedYet(),)
    if not me.account:
        return (AccountRefused(AccountFault.LOGGED_OUT, context=command.context),)
    return (LoggedOut(me, logged(me, "")), *devices_offline(chat, me, now), LoggedOutNow(command.context))


@handles(NewPasswordVerified)
def new_password_verified(chat: Chat, person_id: int, command: NewPasswordVerified, now: int) -> Items:
    """Gives an account another password."""
    found = _own(chat, person_id, command.account, command.context)
    if isinstance(found, Refusal):
        return (found,)
    changed = AccountPasswordChanged(found.name, command.verifier, now)
    return (changed, PasswordChanged(found.name, command.context))


@handles(DropAccountVerified)
def drop_account_verified(chat: Chat, person_id: int, command: DropAccountVerified, now: int) -> Items:
    """Removes an account; all who are logged in to it are logged out."""
    found = _own(chat, person_id, command.account, command.context)
    if isinstance(found, Refusal):
        return (found,)
    if not command.verified:
        return (AccountRefused(AccountFault.WRONG, found.name, context=command.context),)
    absent = offline_people(chat, found.name)
    out: list[Event] = [
        LoggedOut(person, logged(person, ""))
        for person in chat.people.values()
        if person.account == found.name and person not in absent
    ]
    for person in absent:
        out.extend(leaving(chat, person, "the account is removed", now))
    gone = AccountRemoved(found.name, now)
    return (*out, *given_up(chat, found.name), gone, Removed(found.name, command.context))


@handles(ReclaimVerified)
def reclaim_verified(chat: Chat, person_id: int, command: ReclaimVerified, now: int) -> Items:
    """Puts out who has the name of one's account, and gives one the name."""
    me = chat.people.get(person_id)
    if me is None:
        return (NotConnectedYet(),)
    name, context = command.name, command.context
    account = chat.accounts.get(fold(name))
    if account is None:
        return (AccountRefused(AccountFault.UNKNOWN, name, context=context),)
    mine = me.account == account.name
    if not mine and not command.verified:
        return (AccountRefused(AccountFault.WRONG, name, context=context),)
    holder = chat.person_named(name)
    facts: list[Event] = []
    if holder is not None and holder.id != person_id:
        reason = f"{name} is wanted back by its owner"
        facts += (Killed(holder, me, reason), Left(holder, reason, now))
        facts += (fact for room in chat.rooms_with(holder.id) for fact in closing(chat, room))
        facts += devices_offline(chat, holder, now)
    elif not command.take or holder is not None:
        return (AccountRefused(AccountFault.FREE, name, context=context),)
    if not mine:
        me = logged(me, account.name)
        facts.append(LoggedIn(chat.people[person_id], me))
    if command.take:
        facts.append(Renamed(me, renamed(me, name), now))
    return (*facts, Released(name, context))


@answers(GetAccount)
def answer_account(chat: Chat, person_id: int, query: GetAccount) -> Reply | Refusal:
    """What may be known of an account."""
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


def _own(chat: Chat, person_id: int, name: str, context: object) -> Account | Refusal:
    """The account meant, if it is the asker's, or the server or its owner asks."""
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


@applies(AccountMade)
def _account_made(chat: Chat, event: AccountMade) -> None:
    chat.accounts[fold(event.name)] = Account(event.name, event.verifier, event.time, event.email)


@applies(AccountPasswordChanged)
def _password_changed(chat: Chat, event: AccountPasswordChanged) -> None:
    account = chat.accounts.get(fold(event.name))
    if account is not None:
        chat.accounts[fold(event.name)] = msgspec.structs.replace(account, verifier=event.verifier)


@applies(AccountRemoved)
def _account_removed(chat: Chat, event: AccountRemoved) -> None:
    chat.accounts.pop(fold(event.name), None)
    for part in chat.parts.values():
        part.forget_account(fold(event.name))


def remade(account: Account) -> AccountMade:
    """The event that makes an account again."""
    return AccountMade(account.name, account.verifier, account.time, account.email)
