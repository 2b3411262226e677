"""Being away: AWAY (Modern IRC; IRCv3 away-notify, pre-away)."""

from collections.abc import Sequence
from typing import Final

from asyncchat.core.commands import Command, DialectReply
from asyncchat.core.events import Record
from asyncchat.core.features.away import AwayChanged, SetAway, StillAway
from asyncchat.core.replies import AwayNote
from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.capabilities import capability, token
from asyncchat.dialects.irc.client_registry import optional, shape, to_server
from asyncchat.dialects.irc.encoder_base import EncoderBase
from asyncchat.dialects.irc.registry import command, lines, reply, to_self, to_siblings_as_to_self
from asyncchat.dialects.irc.serialize import REASON_BYTES, line, numeric, reason_of
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.dialects.irc.tokens import Message

AWAY_NOTIFY: Final = capability("away-notify", "extensions/away-notify", changes=True)
PRE_AWAY: Final = capability("draft/pre-away", "extensions/pre-away")

token("AWAYLEN", REASON_BYTES)


@command(
    "AWAY [:<text>]",
    "Marks you as away, with a text for those who write to you; without a text you are back.",
    early=True,
)
def _away(session: IrcSession, message: Message) -> Sequence[Command]:
    """Marks as away with a text, or as back without one; with draft/pre-away before registration too."""
    text = reason_of(message.param(0))
    if session.entered:
        return [SetAway(text)]
    if not session.caps_in & PRE_AWAY:
        return [numeric(numerics.ERR_NOTREGISTERED, text="You have not registered")]
    session.registration.away = text
    return [DialectReply(StillAway(text))]


def away_line(session: IrcSession, text: str) -> bytes:
    """The numeric for being away, or back."""
    if text:
        return session.numeric(numerics.RPL_NOWAWAY, text="You have been marked as being away")
    return session.numeric(numerics.RPL_UNAWAY, text="You are no longer marked as being away")


@reply(StillAway)
def _say_still_away(session: IrcSession, reply: StillAway) -> bytes:
    return away_line(session, reply.text)


@reply(AwayNote)
def _say_away(session: IrcSession, note: AwayNote) -> bytes:
    return session.numeric(numerics.RPL_AWAY, note.person.name, text=note.text)


@lines(AwayChanged)
def _away_lines(encoder: EncoderBase, event: AwayChanged) -> bytes:
    if not encoder.caps & AWAY_NOTIFY:
        return b""
    return line(f":{event.person.origin} AWAY", event.text or None)


@to_self(AwayChanged)
def _away_changed(session: IrcSession, _record: Record, event: AwayChanged) -> bytes:
    if session.closed or not session.entered:
        return b""  # only that it comes, or is gone, has changed it
    return away_line(session, event.text)


to_siblings_as_to_self(AwayChanged)


# The client's side.

shape(numerics.RPL_AWAY, 2, "{1} is away", ": {2}")

to_server(SetAway)(lambda _, c: ("AWAY", *optional(c.text)))
