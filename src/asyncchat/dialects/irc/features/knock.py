"""Asking for an invitation: KNOCK. No specification has it: it is as in ratbox, InspIRCd and others."""

from __future__ import annotations

from collections.abc import Sequence

from asyncchat.core import commands as core
from asyncchat.core import events, replies
from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.encoder_base import EncoderBase
from asyncchat.dialects.irc.isupport import token
from asyncchat.dialects.irc.registry import command, lines, refusals, to_self
from asyncchat.dialects.irc.serialize import line
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.dialects.irc.tokens import Message

token("KNOCK")


@command(
    "KNOCK",
    1,
    params="<channel> [:<text>]",
    about="Asks those who keep order in an invite-only channel (+i) to invite you.",
)
def _knock(session: IrcSession, message: Message) -> Sequence[core.Command]:
    return [core.Knock(message.params[0], message.param(1))]


refusals(
    {
        replies.NoNeedToKnock: lambda r: (
            (numerics.ERR_KNOCKONCHAN, (r.room,), "You are already on that channel.")
            if r.inside
            else (numerics.ERR_CHANOPEN, (r.room,), "Channel is open.")
        ),
        replies.KnockForbidden: lambda r: (
            numerics.ERR_CANNOTKNOCK,
            (r.room,),
            f"Cannot knock on channel: {r.reason}",
        ),
        replies.TooManyKnocks: lambda r: (numerics.ERR_TOOMANYKNOCK, (r.room,), "Too many KNOCKs (user)."),
    }
)


@lines(events.Knocked)
def _knock_lines(encoder: EncoderBase, event: events.Knocked) -> bytes:
    """The room stands where a numeric has its reader, so that the line is the same for all of them."""
    asks = f"has asked for an invite: {event.text}" if event.text else "has asked for an invite."
    head = f":{encoder.source} {numerics.RPL_KNOCK} {event.room} {event.room} {event.person.origin}"
    return line(head, asks)


@to_self(events.Knocked)
def _knocked(session: IrcSession, _record: events.Record, event: events.Knocked) -> bytes:
    return session.numeric(numerics.RPL_KNOCKDLVR, event.room, text="Your KNOCK has been delivered.")
