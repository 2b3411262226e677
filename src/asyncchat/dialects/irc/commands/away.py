"""What one says of oneself while here: AWAY (Modern IRC, IRCv3 pre-away), SETNAME (IRCv3 setname)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from asyncchat.core import commands as core
from asyncchat.core import replies
from asyncchat.core.text import cut, printable, size
from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.capabilities import PRE_AWAY
from asyncchat.dialects.irc.commands.spec import CommandSpec, ReplyEncoder, fail, numeric
from asyncchat.dialects.irc.limits import REALNAME_BYTES, REASON_BYTES
from asyncchat.dialects.irc.tokens import Message

if TYPE_CHECKING:
    from asyncchat.dialects.irc.dialect import IrcDialect


def away(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """Goes away with a word, or comes back without one; with draft/pre-away before one is here, too."""
    text = cut(message.param(0), REASON_BYTES)[0]
    if session.entered:
        return [core.SetAway(text)]
    if not session.caps_in & PRE_AWAY:
        return [numeric(numerics.ERR_NOTREGISTERED, text="You have not registered")]
    session.registration.away = text
    return [core.Answer(replies.StillAway(text))]


def setname(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """Takes another real name."""
    text = message.params[0]
    if not text.strip() or size(text) > REALNAME_BYTES or printable(text) != text:
        why = f"A real name has 1 to {REALNAME_BYTES} bytes that can be shown"
        return [session.said(fail("SETNAME", "INVALID_REALNAME", text=why))]
    return [core.SetRealname(text)]


# What is said to it.


def away_line(session: IrcDialect, text: str) -> bytes:
    """That one is away, or back."""
    if text:
        return session.numeric(numerics.RPL_NOWAWAY, text="You have been marked as being away")
    return session.numeric(numerics.RPL_UNAWAY, text="You are no longer marked as being away")


def say_still_away(session: IrcDialect, reply: replies.StillAway) -> bytes:
    """The same as when it is new."""
    return away_line(session, reply.text)


def say_realname_fixed(session: IrcDialect, refusal: replies.RealnameFixed) -> bytes:
    """A FAIL."""
    why = f"You can't change your real name while you are banned or muted in {refusal.room}"
    return session.fail(fail("SETNAME", "CANNOT_CHANGE_REALNAME", text=why))


COMMANDS: dict[str, CommandSpec] = {
    "AWAY": CommandSpec(
        away,
        early=True,
        params="[:<text>]",
        about="Marks you as away, with a word for those who write to you; without one you are back.",
    ),
    "SETNAME": CommandSpec(
        setname,
        1,
        filled=0,
        params=":<realname>",
        about="Changes your real name.",
    ),
}

REPLIES: dict[type, ReplyEncoder] = {
    replies.StillAway: say_still_away,
    replies.RealnameFixed: say_realname_fixed,
}
