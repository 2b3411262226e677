"""Accounts: making one (IRCv3 account-registration), and what is told of logging in and out.

Owns the lines of each outcome, by what asked for it: SASL, REGISTER, PASS, or a service.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from asyncchat.core.commands import Command, DialectReply
from asyncchat.core.events import Record
from asyncchat.core.features import accounts, connect, presence
from asyncchat.core.replies import AccountFault, AccountRefused, NeedsAccount
from asyncchat.dialects.base import ServerInfo, Way
from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.capabilities import capability
from asyncchat.dialects.irc.client_registry import shape
from asyncchat.dialects.irc.encoder_base import EncoderBase
from asyncchat.dialects.irc.features import sasl
from asyncchat.dialects.irc.features.connect import PassPurpose, entering, person_changed
from asyncchat.dialects.irc.features.services import notice, noticed
from asyncchat.dialects.irc.registry import command, lines, refusal, reply, to_self, to_siblings
from asyncchat.dialects.irc.serialize import line, middle
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.dialects.irc.tokens import Message


def _registration_value(server: ServerInfo, _way: Way) -> str | None:
    """The value of draft/account-registration; none where people make no accounts."""
    if not server.registration:
        return None
    early = ("before-connect",) if server.before_connect else ()
    email = ("email-required",) if server.require_email else ()
    return ",".join((*early, "custom-account-name", *email))


ACCOUNT_NOTIFY: Final = capability("account-notify", "extensions/account-notify", changes=True)

capability("draft/account-registration", "extensions/account-registration", value=_registration_value)

LoggedIn = accounts.LoggedInNow | accounts.Confirmed | accounts.Registered


class FailPurpose(msgspec.Struct, frozen=True):
    """Purpose of what a command asks that is refused with FAIL."""

    command: str


class RegisterPurpose(FailPurpose, frozen=True):
    """Purpose of what REGISTER asks."""

    command: str = "REGISTER"


_CODES = {
    AccountFault.EXISTS: "ACCOUNT_EXISTS",
    AccountFault.HELD: "BAD_ACCOUNT_NAME",
    AccountFault.NOT_ALLOWED: "BAD_ACCOUNT_NAME",
    AccountFault.LOGGED_IN: "ALREADY_AUTHENTICATED",
    AccountFault.WEAK: "WEAK_PASSWORD",
    AccountFault.BAD_PASSWORD: "UNACCEPTABLE_PASSWORD",
    AccountFault.EMAIL: "INVALID_EMAIL",
    AccountFault.BAD_EMAIL: "INVALID_EMAIL",
    AccountFault.LOGGED_OUT: "ACCOUNT_REQUIRED",
    AccountFault.NO_TOKEN: "UNKNOWN_DEVICE",
    AccountFault.NO_TOKENS: "UNKNOWN_DEVICE",
    AccountFault.BY_TOKEN: "PASSWORD_REQUIRED",
}
"""FAIL's code for each reason why REGISTER or DEVICES is refused; TEMPORARILY_UNAVAILABLE for all others."""


@command(
    "REGISTER <account>|* <email>|* <password>",
    "Makes an account, with * of your nickname, which then nobody else can have.",
    least=3,
    early=True,
)
def _register(session: IrcSession, message: Message) -> Sequence[Command]:
    """Makes an account: ``REGISTER <account>|* <email>|* <password>``."""
    account, email, password = message.params[:3]
    name = session.registration.wanted if not session.entered else ""
    if not session.entered:
        if not session.context.server.before_connect:
            return [_connect_first(session, "REGISTER")]
        if not name:
            return [session.fail_answer("REGISTER", "NEED_NICK", "*", text="Choose a nickname first")]
        there = session.registration.account
        if there:
            text = f"You are logged in as {there}"
            return [session.fail_answer("REGISTER", "ALREADY_AUTHENTICATED", there, text=text)]
    account = "" if account == "*" else account
    email = "" if email == "*" else email
    if not session.is_confidential:
        return [DialectReply(AccountRefused(AccountFault.OPEN, account, context=RegisterPurpose()))]
    return [accounts.RegisterAccount(account, email, password, name, RegisterPurpose())]


@command("VERIFY <account> <code>", "Is not needed: accounts need no verification here.", least=2, early=True)
def _verify(session: IrcSession, message: Message) -> Sequence[Command]:
    if not session.entered and not session.context.server.before_connect:
        return [_connect_first(session, "VERIFY")]
    text = "No account waits to be verified here"
    return [session.fail_answer("VERIFY", "INVALID_CODE", middle(message.params[0]), text=text)]


def _connect_first(session: IrcSession, command: str) -> DialectReply:
    return session.fail_answer(
        command, "COMPLETE_CONNECTION_REQUIRED", "*", text="Complete the connection first"
    )


@reply(accounts.Confirmed, accounts.Registered)
def _say_confirmed(session: IrcSession, reply: accounts.Confirmed | accounts.Registered) -> bytes:
    """Remembers the account of a session that is not registered yet, then as for the others."""
    if not session.entered:
        session.registration.account = reply.account
        session.registration.verifier = reply.verifier
    return _say_logged_in(session, reply)


@reply(accounts.LoggedInNow)
def _say_logged_in(session: IrcSession, reply: LoggedIn) -> bytes:
    """900 where no event told it, and what depends on the purpose."""
    already = isinstance(reply, accounts.LoggedInNow) and reply.already
    told = _logged_in_line(session, reply.account) if already or not session.entered else b""
    context = reply.context
    if isinstance(context, PassPurpose):
        session.ask_next(entering(session))
        return told
    if isinstance(context, sasl.SaslPurpose):
        return told + sasl.succeeded(session)
    if isinstance(context, RegisterPurpose):
        success = f":{session.context.name} REGISTER SUCCESS {reply.account}"
        return line(success, "Account created") + told
    made = isinstance(reply, accounts.Registered)
    words = "The account {} is made: the name is yours now" if made else "You are now logged in as {}"
    return told + notice(session, context, words.format(reply.account))


noticed(accounts.LoggedOutNow, "You are logged out")  # beside the event's own line (901)
noticed(accounts.PasswordChanged, "The password of {r.account} is changed")
noticed(accounts.Removed, "The account {r.account} is removed")
noticed(accounts.Released, "{r.name} is free, or yours")


@reply(accounts.AccountView)
def _say_account(session: IrcSession, view: accounts.AccountView) -> bytes:
    made = session.context.moment(view.time)
    lines = [f"The account {view.account} was made on {made}"]
    people = ", ".join(view.people)
    lines.append(f"Logged in to it: {people}" if people else "Nobody is logged in to it")
    if view.mine:
        lines.append(f"Its e-mail address: {view.email or 'none'}")
    return b"".join(notice(session, view.context, text) for text in lines)


@reply(AccountRefused)
def _say_refused(session: IrcSession, refusal: AccountRefused) -> bytes:
    """904 to SASL, FAIL to REGISTER and DEVICES, a notice to all else."""
    context = refusal.context
    why = refusal.why[:1].upper() + refusal.why[1:]
    if isinstance(context, PassPurpose):
        session.ask_next(entering(session))
        return notice(session, context, f"PASS did not log you in: {refusal.why}")
    if isinstance(context, sasl.SaslPurpose):
        return sasl.failed(session, "" if refusal.fault is AccountFault.WRONG else refusal.why)
    if isinstance(context, FailPurpose):
        code = _CODES.get(refusal.fault, "TEMPORARILY_UNAVAILABLE")
        return session.fail(context.command, code, middle(refusal.account or "*"), text=why)
    return notice(session, context, why)


refusal(
    NeedsAccount, numerics.ERR_NEEDREGGEDNICK, "{r.target}", "You need to be logged in to an account for that"
)
refusal(
    connect.NameReserved,
    numerics.ERR_NICKNAMEINUSE,
    "{r.name}",
    "Nickname belongs to an account: log in to it (SASL), or choose another",
)


@lines(presence.LoggedIn, presence.LoggedOut)
def _account_lines(encoder: EncoderBase, event: presence.LoggedIn | presence.LoggedOut) -> bytes:
    if not encoder.caps & ACCOUNT_NOTIFY:
        return b""
    return line(f":{event.person.origin} ACCOUNT {event.now.account or '*'}")


@to_self(presence.LoggedIn)
def _logged_in(session: IrcSession, record: Record, event: presence.LoggedIn) -> bytes:
    """900, then ACCOUNT; what ends the exchange is the reply's."""
    session.take_name(event.now)
    return _logged_in_line(session, event.now.account) + session.encoder.encode(record)


def _logged_in_line(session: IrcSession, account: str) -> bytes:
    text = f"You are now logged in as {account}"
    return session.numeric(numerics.RPL_LOGGEDIN, session.origin, account, text=text)


@to_self(presence.LoggedOut)
def _logged_out(session: IrcSession, record: Record, event: presence.LoggedOut) -> bytes:
    if event.now.id != session.id:
        return session.encoder.encode(record)
    session.take_name(event.now)
    return session.encoder.encode(record) + _logged_out_line(session, event)


def _logged_out_line(session: IrcSession, event: presence.LoggedOut) -> bytes:
    return session.numeric(numerics.RPL_LOGGEDOUT, event.now.origin, text="You are now logged out")


@to_siblings(presence.LoggedIn)
def _sibling_logged_in(session: IrcSession, record: Record, event: presence.LoggedIn, alone: bool) -> bytes:
    told = person_changed(session, record, event, alone)
    return _logged_in_line(session, event.now.account) + told if event.now.id == session.id else told


@to_siblings(presence.LoggedOut)
def _sibling_logged_out(session: IrcSession, record: Record, event: presence.LoggedOut, alone: bool) -> bytes:
    told = person_changed(session, record, event, alone)
    return told + _logged_out_line(session, event) if event.now.id == session.id else told


# The client's side.

shape(numerics.RPL_LOGGEDIN, 3, "", "{3}")
shape(numerics.RPL_LOGGEDOUT, 2, "", "{2}")
