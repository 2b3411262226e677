"""How far one has read: MARKREAD (IRCv3 read-marker)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from asyncchat.core import commands as core
from asyncchat.core import replies
from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.capabilities import READ_MARKER
from asyncchat.dialects.irc.commands.spec import CommandSpec, ReplyEncoder, fail, numeric
from asyncchat.dialects.irc.serialize import line, middle
from asyncchat.dialects.irc.timestamps import milliseconds, timestamp
from asyncchat.dialects.irc.tokens import Message

if TYPE_CHECKING:
    from asyncchat.dialects.irc.dialect import IrcDialect


def markread(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """Asks for a mark, or moves it."""
    if not session.caps_in & READ_MARKER:
        return [numeric(numerics.ERR_UNKNOWNCOMMAND, "MARKREAD", text="Unknown command")]
    target = message.param(0)
    if not target:
        return [session.said(fail("MARKREAD", "NEED_MORE_PARAMS", text="Missing parameters"))]
    if len(message.params) == 1:
        return [core.MarkRead(target)]
    kind, equals, value = message.params[1].partition("=")
    time = milliseconds(value) if kind == "timestamp" and equals else None
    if time is None or len(message.params) > 2:
        given = [middle(text) for text in message.params[: 3 if len(message.params) > 2 else 2] if text]
        return [session.said(fail("MARKREAD", "INVALID_PARAMS", *given, text="Invalid parameters"))]
    return [core.MarkRead(target, time * 1000)]


def mark_line(source: str, target: str, time: int | None) -> bytes:
    """Where a mark is."""
    return line(f":{source} MARKREAD {target} {'*' if time is None else f'timestamp={timestamp(time)}'}")


def say_mark(session: IrcDialect, view: replies.MarkView) -> bytes:
    """Where a mark is, for who asked or moved it."""
    return mark_line(session.context.name, view.target, view.time)


def say_no_mark(session: IrcDialect, refusal: replies.NoMark) -> bytes:
    """That this can be neither a room nor a person."""
    told = fail("MARKREAD", "INVALID_PARAMS", middle(refusal.target), text="Invalid parameters")
    return b":%b %b\r\n" % (session.context.name.encode(), told)


COMMANDS: dict[str, CommandSpec] = {
    "MARKREAD": CommandSpec(
        markread,
        params="<target> [timestamp=<time>]",
        about="Says how far you have read a channel or a private conversation, or asks for it.",
    ),
}

REPLIES: dict[type, ReplyEncoder] = {replies.MarkView: say_mark, replies.NoMark: say_no_mark}
