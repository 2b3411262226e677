"""Accounts: making one (IRCv3 account-registration), and what is said of being logged in to it, and out.

Owns the words for each outcome, by what it was asked for: SASL, REGISTER, PASS, or a service's words.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from asyncchat.core import commands as core
from asyncchat.core import replies
from asyncchat.core.replies import AccountFault
from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.commands import sasl
from asyncchat.dialects.irc.commands.registration import PassPurpose, entering
from asyncchat.dialects.irc.commands.spec import CommandSpec, ReplyEncoder, ResumeReading, fail
from asyncchat.dialects.irc.serialize import line, middle
from asyncchat.dialects.irc.tokens import Message

if TYPE_CHECKING:
    from asyncchat.dialects.irc.dialect import IrcDialect

LoggedIn = replies.LoggedInNow | replies.Confirmed | replies.Registered


class RegisterPurpose(msgspec.Struct, frozen=True):
    """Purpose of what REGISTER asks."""


class ServicePurpose(msgspec.Struct, frozen=True):
    """Purpose of what was asked of a service, which answers in notices of its own."""

    service: str


_CODES = {
    AccountFault.EXISTS: "ACCOUNT_EXISTS",
    AccountFault.HELD: "BAD_ACCOUNT_NAME",
    AccountFault.NOT_ALLOWED: "BAD_ACCOUNT_NAME",
    AccountFault.LOGGED_IN: "ALREADY_AUTHENTICATED",
    AccountFault.WEAK: "WEAK_PASSWORD",
    AccountFault.BAD_PASSWORD: "UNACCEPTABLE_PASSWORD",
    AccountFault.EMAIL: "INVALID_EMAIL",
    AccountFault.BAD_EMAIL: "INVALID_EMAIL",
}
"""FAIL's code for each reason why no account is made; TEMPORARILY_UNAVAILABLE for all others."""


def register(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """Makes an account: ``REGISTER <account>|* <email>|* <password>``."""
    account, email, password = message.params[:3]
    name = session.registration.nick if not session.entered else ""
    if not session.entered:
        if not session.context.server.before_connect:
            return [_connect_first(session, "REGISTER")]
        if not name:
            return [session.said(fail("REGISTER", "NEED_NICK", "*", text="Choose a nickname before"))]
        there = session.registration.account
        if there:
            text = f"You are logged in as {there}"
            return [session.said(fail("REGISTER", "ALREADY_AUTHENTICATED", there, text=text))]
    account = "" if account == "*" else account
    email = "" if email == "*" else email
    if not session.is_confidential:
        return [core.Answer(replies.AccountRefused(AccountFault.OPEN, account, purpose=RegisterPurpose()))]
    session.pause()
    return [core.Register(account, email, password, name, RegisterPurpose())]


def verify(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """Would end a registration that is to be verified: none is."""
    if not session.entered and not session.context.server.before_connect:
        return [_connect_first(session, "VERIFY")]
    text = "No account waits to be verified here"
    return [session.said(fail("VERIFY", "INVALID_CODE", middle(message.params[0]), text=text))]


def _connect_first(session: IrcDialect, command: str) -> core.Answer:
    return session.said(fail(command, "COMPLETE_CONNECTION_REQUIRED", text="Enter the chat before"))


# What is said to it.


def say_confirmed(session: IrcDialect, reply: replies.Confirmed | replies.Registered) -> bytes:
    """Remembers the account of who has not entered yet, then as for the others."""
    if not session.entered:
        session.registration.account = reply.account
    return say_logged_in(session, reply)


def say_logged_in(session: IrcDialect, reply: LoggedIn) -> bytes:
    """900, and what the purpose wants."""
    text = f"You are now logged in as {reply.account}"
    told = session.numeric(numerics.RPL_LOGGEDIN, session.origin, reply.account, text=text)
    purpose = reply.purpose
    if isinstance(purpose, PassPurpose):
        session.resume(then=[entering(session)])
        return told
    session.resume()
    if isinstance(purpose, sasl.SaslPurpose):
        return told + sasl.succeeded(session)
    if isinstance(purpose, RegisterPurpose):
        success = f":{session.context.name} REGISTER SUCCESS {reply.account}"
        return line(success, "Account created") + told
    made = isinstance(reply, replies.Registered)
    words = f"The account {reply.account} is made: the name is yours now" if made else f"{text}"
    return told + notice(session, purpose, words)


def say_logged_out(session: IrcDialect, reply: replies.LoggedOutNow) -> bytes:
    """A notice beside the event's own line (901)."""
    return _done(session, reply.purpose, "You are logged out")


def say_password_changed(session: IrcDialect, reply: replies.PasswordChanged) -> bytes:
    """A notice."""
    return _done(session, reply.purpose, f"The password of {reply.account} is changed")


def say_staying(session: IrcDialect, reply: replies.Staying) -> bytes:
    """A notice."""
    if not reply.on:
        return _done(session, reply.purpose, f"{reply.account} leaves with its last connection")
    end = f", for up to {reply.days} days" if reply.days else ""
    text = f"As {reply.account} you stay in your channels while you are not connected{end}"
    return _done(session, reply.purpose, text)


def say_removed(session: IrcDialect, reply: replies.Removed) -> bytes:
    """A notice."""
    return _done(session, reply.purpose, f"The account {reply.account} is removed")


def say_released(session: IrcDialect, reply: replies.Released) -> bytes:
    """A notice."""
    return _done(session, reply.purpose, f"{reply.name} is free, or yours")


def say_account(session: IrcDialect, view: replies.AccountView) -> bytes:
    """What is known of an account, in notices."""
    made = session.context.moment(view.time)
    lines = [f"The account {view.account} was made on {made}"]
    people = ", ".join(view.people)
    lines.append(f"Logged in to it: {people}" if people else "Nobody is logged in to it")
    if view.mine:
        lines.append(f"Its e-mail address: {view.email or 'none'}")
    return b"".join(notice(session, view.purpose, text) for text in lines)


def say_refused(session: IrcDialect, refusal: replies.AccountRefused) -> bytes:
    """904 to SASL, FAIL to REGISTER, a notice to all else."""
    purpose = refusal.purpose
    why = refusal.why[:1].upper() + refusal.why[1:]
    if isinstance(purpose, PassPurpose):
        session.resume(then=[entering(session)])
        return notice(session, purpose, f"PASS did not log you in: {refusal.why}")
    session.resume()
    if isinstance(purpose, sasl.SaslPurpose):
        return sasl.failed(session, "" if refusal.fault is AccountFault.WRONG else refusal.why)
    if isinstance(purpose, RegisterPurpose):
        code = _CODES.get(refusal.fault, "TEMPORARILY_UNAVAILABLE")
        told = fail("REGISTER", code, middle(refusal.account or "*"), text=why)
        return line(f":{session.context.name} {told.decode()}")
    return notice(session, purpose, why)


def _done(session: IrcDialect, purpose: object, text: str) -> bytes:
    session.resume()
    return notice(session, purpose, text)


def notice(session: IrcDialect, purpose: object, text: str) -> bytes:
    """A notice of the service that was asked, or of the server."""
    source = session.context.name
    if isinstance(purpose, ServicePurpose):
        source = f"{purpose.service}!{purpose.service}@{session.context.name}"
    return line(f":{source} NOTICE {session.nick}", text)


def ask(session: IrcDialect, command: core.Command) -> Sequence[core.Command]:
    """Asks it, and reads on after its answer."""
    session.pause()
    return [command] if isinstance(command, core.WITH_PASSWORD) else [command, core.Answer(ResumeReading())]


COMMANDS: dict[str, CommandSpec] = {
    "REGISTER": CommandSpec(
        register,
        3,
        early=True,
        params="<account>|* <email>|* <password>",
        about="Makes an account, of your nickname with *: nobody else can have that name then.",
    ),
    "VERIFY": CommandSpec(
        verify,
        2,
        early=True,
        params="<account> <code>",
        about="Is not in use: accounts need not be verified here.",
    ),
}

REPLIES: dict[type, ReplyEncoder] = {
    replies.AccountRefused: say_refused,
    replies.AccountView: say_account,
    replies.Confirmed: say_confirmed,
    replies.LoggedInNow: say_logged_in,
    replies.LoggedOutNow: say_logged_out,
    replies.PasswordChanged: say_password_changed,
    replies.Registered: say_confirmed,
    replies.Released: say_released,
    replies.Removed: say_removed,
    replies.Staying: say_staying,
}
