"""Accounts: who may make one, log in and out, change and remove it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncchat.core import commands, events, replies
from asyncchat.core.accounts import ACCOUNTS, SERVER
from asyncchat.core.lookalikes import mixed
from asyncchat.core.names import fold, name_fault
from asyncchat.core.people import logged, renamed
from asyncchat.core.replies import AccountFault
from asyncchat.core.rules.founding import given_up, granted_everywhere
from asyncchat.core.rules.rooms import closing
from asyncchat.core.rules.stays import absent_people, leaving
from asyncchat.core.seen import gone, here

if TYPE_CHECKING:
    from asyncchat.core.accounts import Account
    from asyncchat.core.chat import Answerer, Chat, Items, Rule


def make_account(chat: Chat, who: int, command: commands.MakeAccount, now: int) -> Items:
    """Makes an account and logs its maker in."""
    name, purpose = command.account, command.purpose
    fault = unmakable(chat, who, name)
    if fault is not None:
        return (replies.AccountRefused(fault, name, name_fault(name) or "", purpose),)
    made = events.AccountMade(name, command.verifier, now, command.email)
    answer = replies.Registered(name, purpose)
    me = chat.people.get(who)
    if me is None:
        return (made, answer)
    now_me = logged(me, name)
    return (made, events.LoggedIn(me, now_me), *here(chat, now_me), answer)


def unmakable(chat: Chat, who: int, name: str) -> AccountFault | None:
    """Why somebody can't make an account of this name, or None; asked before its password is hashed, too."""
    me = chat.people.get(who)
    if me is not None and me.account:
        return AccountFault.LOGGED_IN
    if name_fault(name) is not None or mixed(name) or (chat.ascii_names and not name.isascii()):
        return AccountFault.NOT_ALLOWED
    key = fold(name)
    if key in chat.accounts:
        return AccountFault.EXISTS
    if key in chat.tokens or chat.kept_twin(name):
        return AccountFault.HELD
    # A name that somebody has must not be taken from under him.
    if who != SERVER and chat.holders.get(key, who) != who:
        return AccountFault.HELD
    return AccountFault.FULL if len(chat.accounts) >= ACCOUNTS else None


def log_in(chat: Chat, who: int, command: commands.LogIn, _now: int) -> Items:
    """Logs a person in; who has not entered yet is told under which account it may."""
    account = chat.accounts.get(fold(command.account))
    purpose = command.purpose
    if account is None or not command.verified:
        return (replies.AccountRefused(AccountFault.WRONG, command.account, purpose=purpose),)
    me = chat.people.get(who)
    if me is None:
        return (replies.Confirmed(account.name, purpose),)
    answer = replies.LoggedInNow(account.name, purpose)
    if me.account == account.name:
        return (answer,)
    now_me = logged(me, account.name)
    return (events.LoggedIn(me, now_me), *here(chat, now_me), *granted_everywhere(chat, now_me), answer)


def log_out(chat: Chat, who: int, command: commands.LogOut, now: int) -> Items:
    """Logs a person out; it keeps its name, which nobody else can have."""
    me = chat.people.get(who)
    if me is None:
        return (replies.NotEntered(),)
    if not me.account:
        return (replies.AccountRefused(AccountFault.LOGGED_OUT, purpose=command.purpose),)
    return (events.LoggedOut(me, logged(me, "")), *gone(chat, me, now), replies.LoggedOutNow(command.purpose))


def change_password(chat: Chat, who: int, command: commands.ChangePassword, now: int) -> Items:
    """Gives an account another password."""
    found = _own(chat, who, command.account, command.purpose)
    if isinstance(found, replies.Refusal):
        return (found,)
    changed = events.AccountPasswordChanged(found.name, command.verifier, now)
    return (changed, replies.PasswordChanged(found.name, command.purpose))


def remove_account(chat: Chat, who: int, command: commands.RemoveAccount, now: int) -> Items:
    """Removes an account; all who are logged in to it are logged out."""
    found = _own(chat, who, command.account, command.purpose)
    if isinstance(found, replies.Refusal):
        return (found,)
    if not command.verified:
        return (replies.AccountRefused(AccountFault.WRONG, found.name, purpose=command.purpose),)
    absent = absent_people(chat, found.name)
    out: list[events.AnyEvent] = [
        events.LoggedOut(person, logged(person, ""))
        for person in chat.people.values()
        if person.account == found.name and person not in absent
    ]
    for person in absent:
        out.extend(leaving(chat, person, "the account is removed", now))
    gone = events.AccountRemoved(found.name, now)
    return (*out, *given_up(chat, found.name), gone, replies.Removed(found.name, command.purpose))


def release(chat: Chat, who: int, command: commands.Release, now: int) -> Items:
    """Puts out who has the name of one's account, and gives one the name."""
    me = chat.people.get(who)
    if me is None:
        return (replies.NotEntered(),)
    name, purpose = command.name, command.purpose
    account = chat.accounts.get(fold(name))
    if account is None:
        return (replies.AccountRefused(AccountFault.UNKNOWN, name, purpose=purpose),)
    mine = me.account == account.name
    if not mine and not command.verified:
        return (replies.AccountRefused(AccountFault.WRONG, name, purpose=purpose),)
    holder = chat.person_named(name)
    facts: list[events.AnyEvent] = []
    if holder is not None and holder.id != who:
        reason = f"{name} is wanted back by its owner"
        facts += (events.Killed(holder, me, reason), events.Left(holder, reason, now))
        facts += (fact for room in chat.rooms_with(holder.id) for fact in closing(room))
        facts += gone(chat, holder, now)
    elif not command.take or holder is not None:
        return (replies.AccountRefused(AccountFault.FREE, name, purpose=purpose),)
    if not mine:
        me = logged(me, account.name)
        facts.append(events.LoggedIn(chat.people[who], me))
    if command.take:
        facts.append(events.Renamed(me, renamed(me, name), now))
    return (*facts, replies.Released(name, purpose))


def ask(chat: Chat, who: int, command: commands.AskAccount, _now: int) -> Items:
    """Passes the question on, for who has entered."""
    return (command,) if who in chat.people else (replies.NotEntered(),)


def answer_account(chat: Chat, who: int, question: commands.AskAccount) -> replies.Reply | replies.Refusal:
    """What may be known of an account."""
    me = chat.people.get(who)
    name = question.account or (me.account if me is not None else "")
    account = chat.accounts.get(fold(name))
    if account is None:
        fault = AccountFault.UNKNOWN if name else AccountFault.LOGGED_OUT
        return replies.AccountRefused(fault, name, purpose=question.purpose)
    people = tuple(person.name for person in chat.people.values() if person.account == account.name)
    mine = who in chat.owners or (me is not None and me.account == account.name)
    email = account.email if mine else ""
    return replies.AccountView(account.name, account.time, people, mine, email, question.purpose)


def _own(chat: Chat, who: int, name: str, purpose: object) -> Account | replies.Refusal:
    """The account meant, if it is the asker's, or the server or its owner asks."""
    me = chat.people.get(who)
    if me is None and who != SERVER:
        return replies.NotEntered()
    if not name and (me is None or not me.account):
        return replies.AccountRefused(AccountFault.LOGGED_OUT, purpose=purpose)
    account = chat.accounts.get(fold(name or (me.account if me is not None else "")))
    if account is not None and me is not None and me.account == account.name:
        return account
    if me is not None and who not in chat.owners:
        return replies.AccountRefused(AccountFault.OTHERS, name, purpose=purpose)
    return account or replies.AccountRefused(AccountFault.UNKNOWN, name, purpose=purpose)


RULES: dict[type[commands.Command], Rule] = {
    commands.MakeAccount: make_account,
    commands.LogIn: log_in,
    commands.LogOut: log_out,
    commands.ChangePassword: change_password,
    commands.RemoveAccount: remove_account,
    commands.Release: release,
    commands.AskAccount: ask,
}

ANSWERS: dict[type[commands.Question], Answerer] = {commands.AskAccount: answer_account}
