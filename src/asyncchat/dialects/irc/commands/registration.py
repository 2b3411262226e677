"""Coming and going: NICK, USER, PASS, PING, PONG, OPER, QUIT (Modern IRC, "Connection Messages")."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from asyncchat.core import commands as core
from asyncchat.core import replies
from asyncchat.core.replies import AccountFault, AccountRefused
from asyncchat.core.text import cut, printable
from asyncchat.dialects.irc import greeting, numerics
from asyncchat.dialects.irc.capabilities import METADATA
from asyncchat.dialects.irc.commands import autoreplay
from asyncchat.dialects.irc.commands.isupport import isupport_of
from asyncchat.dialects.irc.commands.spec import CommandSpec, ReplyEncoder, ResumeReading, numeric
from asyncchat.dialects.irc.limits import REALNAME_BYTES, REASON_BYTES, USER_LENGTH
from asyncchat.dialects.irc.metadata_lines import in_batch, told_lines
from asyncchat.dialects.irc.serialize import line
from asyncchat.dialects.irc.tokens import Message

if TYPE_CHECKING:
    from asyncchat.dialects.irc.dialect import IrcDialect

_USER_SYMBOLS = frozenset("-_.~[]{}|`^\\")


def nick(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """Takes a name, or another one."""
    name = message.param(0)
    if not name:
        return [numeric(numerics.ERR_NONICKNAMEGIVEN, text="No nickname given")]
    if session.entered:
        return [core.Rename(name)]
    arrival = session.registration
    arrival.nick = name
    if arrival.complete:
        return enter(session)
    if session.context.server.locked and not arrival.unlocked:
        return []  # who has no password learns nothing of who is here
    session.pause()
    return [core.CheckName(name), core.Answer(ResumeReading())]


def user(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """Says who somebody is beside the nick; once."""
    if session.entered:
        return [_already()]
    given = "".join(char for char in message.params[0] if char.isascii() and _user_char(char))
    arrival = session.registration
    arrival.user = given[:USER_LENGTH] or "user"
    arrival.realname = cut(printable(message.params[3]), REALNAME_BYTES)[0]
    return enter(session) if arrival.complete else []


def _user_char(char: str) -> bool:
    return char.isalnum() or char in _USER_SYMBOLS


class PassPurpose(msgspec.Struct, frozen=True):
    """Purpose of a login with PASS."""


def enter(session: IrcDialect) -> Sequence[core.Command]:
    """Asks to become a person, now that all is known for it; where there is a password, shows it before.

    Where there is none, ``PASS account:password`` logs in: what clients can that know no SASL.
    """
    arrival = session.registration
    session.pause()
    if session.context.server.locked and not arrival.unlocked:
        return [core.Unlock(arrival.password, last=True)]
    account, colon, shown = arrival.password.partition(":")
    arrival.password = ""
    if colon and account and shown and not (session.context.server.locked or arrival.account):
        if not session.is_confidential:
            return [core.Answer(AccountRefused(AccountFault.OPEN, account, purpose=PassPurpose()))]
        return [core.ShowPassword(account, shown, PassPurpose())]
    return [entering(session)]


def entering(session: IrcDialect) -> core.Enter:
    """Asks to become a person."""
    arrival = session.registration
    return core.Enter(
        arrival.nick,
        arrival.user,
        session.host,
        arrival.realname,
        account=arrival.account,
        away=arrival.away,
        metadata=arrival.metadata,
        keys=arrival.keys,
    )


def password(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """Takes the server's password; of several the last one counts (RFC 2812, 3.1.1)."""
    if session.entered:
        return [_already()]
    session.registration.password = message.params[0]
    return []


def _already() -> core.Answer:
    return numeric(numerics.ERR_ALREADYREGISTERED, text="You may not reregister")


def ping(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """Answers with the same token."""
    token = message.params[0]
    if not token:
        return [numeric(numerics.ERR_NOORIGIN, text="No origin specified")]
    return [core.Answer(line(f":{session.context.name} PONG {session.context.name}", token))]


def nothing(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """Needs no answer: that something came is all it says."""
    return []


def quit(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """Leaves, with the prefix that tells a person's reason from a server's."""
    reason = cut(message.param(0), REASON_BYTES)[0]
    return [core.Quit(f"Quit: {reason}" if reason else "")]


def oper(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """Claims the server with the owner code, ``OPER owner CODE``, or as a named operator."""
    name, code = message.params[:2]
    session.pause()
    return [core.Owner(code, "" if name.casefold() == "owner" else name)]


def owner(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """The same in the words of a terminal: ``OWNER CODE``, ``OWNER NAME PASSWORD``."""
    params = message.params if len(message.params) > 1 else ("owner", message.params[0])
    return oper(session, Message("OPER", params))


# What is said to it.


def say_read_on(session: IrcDialect, value: ResumeReading) -> bytes:
    """Nothing is said; reading goes on."""
    session.resume(session.take_replays() if value.replaying else ())
    return b""


def say_unlocked(session: IrcDialect, _reply: replies.Unlocked) -> bytes:
    """Nothing is said; the registration goes on."""
    session.registration.unlocked = True
    session.resume(then=[entering(session)])
    return b""


def say_welcome(session: IrcDialect, reply: replies.Welcome) -> bytes:
    """The greeting: 001 to 005, LUSERS, MOTD."""
    session.become(reply.person)
    if session.absence is not None and reply.missed is not None:
        session.resume(then=[autoreplay.on_return(session.absence, reply.missed)])
    isupport = isupport_of(session)
    own = b""
    if session.caps_out & METADATA:
        name = reply.person.name
        lines = told_lines(session, ((name, key, value) for key, value in reply.metadata))
        own = in_batch(session, "metadata", (name,), lines)
    return greeting.greeting(session.context, reply.person, reply.counts, isupport, own)


COMMANDS: dict[str, CommandSpec] = {
    "NICK": CommandSpec(
        nick,
        early=True,
        params="<nickname>",
        about="Takes a nickname, or another one.",
    ),
    "USER": CommandSpec(
        user,
        4,
        early=True,
        filled=1,
        params="<username> 0 * :<realname>",
        about="Says who you are beside your nickname, once, before you are let in.",
    ),
    "PASS": CommandSpec(
        password,
        1,
        early=True,
        params="<password>",
        about="Gives the server's password, before NICK and USER, where there is one.",
    ),
    "PING": CommandSpec(
        ping,
        1,
        early=True,
        filled=0,
        params="<token>",
        about="Asks the server for a sign of life; it answers PONG with the same token.",
    ),
    "PONG": CommandSpec(
        nothing,
        early=True,
        params="<token>",
        about="Answers the server's PING. Your client does this by itself.",
    ),
    "ERROR": CommandSpec(
        nothing,
        early=True,
        params=":<reason>",
        about="Is what a server says before it closes a connection; from a client it means nothing.",
    ),
    "QUIT": CommandSpec(
        quit,
        early=True,
        params="[:<reason>]",
        about="Leaves the server.",
    ),
    "OWNER": CommandSpec(
        owner,
        1,
        params="[<name>] <password>",
        about="Makes you a server operator, as OPER does; for the owner the owner code is enough.",
    ),
    "OPER": CommandSpec(
        oper,
        2,
        params="<name> <password>",
        about=("Makes you a server operator. With the name owner and the owner code you own this server."),
    ),
}

REPLIES: dict[type, ReplyEncoder] = {
    ResumeReading: say_read_on,
    replies.Unlocked: say_unlocked,
    replies.Welcome: say_welcome,
}
