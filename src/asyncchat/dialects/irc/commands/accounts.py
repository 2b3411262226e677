"""Accounts: what is said of having one, being logged in to it, and out (IRCv3 sasl-3.1, "Numerics")."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncchat.core import replies
from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.commands.word import Answerer, Word
from asyncchat.dialects.irc.line import line

if TYPE_CHECKING:
    from asyncchat.dialects.irc.dialect import IrcDialect


def say_logged_in(
    session: IrcDialect, reply: replies.LoggedInNow | replies.Confirmed | replies.Registered
) -> bytes:
    """900."""
    text = f"You are now logged in as {reply.account}"
    return session.numeric(numerics.RPL_LOGGEDIN, session.origin, reply.account, text=text)


def say_logged_out(session: IrcDialect, reply: replies.LoggedOutNow) -> bytes:
    """Nothing: the event said it (901)."""
    return b""


def say_password_changed(session: IrcDialect, reply: replies.PasswordChanged) -> bytes:
    """A notice."""
    return _notice(session, f"The password of {reply.account} is changed")


def say_removed(session: IrcDialect, reply: replies.Removed) -> bytes:
    """A notice."""
    return _notice(session, f"The account {reply.account} is removed")


def say_refused(session: IrcDialect, refusal: replies.AccountRefused) -> bytes:
    """A notice."""
    return _notice(session, f"Not done: {refusal.why}")


def _notice(session: IrcDialect, text: str) -> bytes:
    return line(f":{session.irc.name} NOTICE {session.nick}", text)


WORDS: dict[str, Word] = {}

ANSWERS: dict[type, Answerer] = {
    replies.AccountRefused: say_refused,
    replies.Confirmed: say_logged_in,
    replies.LoggedInNow: say_logged_in,
    replies.LoggedOutNow: say_logged_out,
    replies.PasswordChanged: say_password_changed,
    replies.Registered: say_logged_in,
    replies.Removed: say_removed,
}
