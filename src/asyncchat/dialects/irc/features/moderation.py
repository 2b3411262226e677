"""Keeping rooms in order: KICK, TBAN (Modern IRC, "KICK message")."""

from collections.abc import Iterable, Sequence
from typing import Final

from asyncchat.core.commands import Command
from asyncchat.core.features.moderation import Kick
from asyncchat.core.features.room_modes import SetMask
from asyncchat.core.features.rooms import Kicked
from asyncchat.core.modes import BANS
from asyncchat.core.replies import NotOperator, NotThere, Outranked
from asyncchat.core.text import cut
from asyncchat.dialects.irc import client_values as values
from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.capabilities import token
from asyncchat.dialects.irc.client_connection import ClientConnection, ServerLine
from asyncchat.dialects.irc.client_registry import from_server
from asyncchat.dialects.irc.encoder_base import EncoderBase
from asyncchat.dialects.irc.modes import parse_extban
from asyncchat.dialects.irc.registry import by_other, command, lines, refusal
from asyncchat.dialects.irc.serialize import each, line, middle, numeric, too_many
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.dialects.irc.tokens import Message
from asyncchat.text.times import seconds_in

KICK_BYTES: Final = 200
"""Longest reason of a kick (KICKLEN): it stands beside an origin, a room and another name."""

KICKS: Final = 4
"""People one KICK puts out (TARGMAX)."""

token("KICKLEN", KICK_BYTES)


@command(
    "KICK <channel>{,<channel>} <nickname>{,<nickname>} [:<reason>]",
    "Puts people out of a channel.",
    least=2,
    targets=KICKS,
)
def _kick(session: IrcSession, message: Message) -> Sequence[Command]:
    """Puts members out of a room; of several rooms each has its own nick (RFC 2812, 3.2.8)."""
    reason = cut(message.param(2), KICK_BYTES)[0]
    rooms, names = message.params[0].split(","), message.params[1].split(",")
    if len(rooms) > 1:
        if len(rooms) != len(names):
            return [numeric(numerics.ERR_NEEDMOREPARAMS, "KICK", text="As many nicknames as channels")]
        kicks: list[Command] = [Kick(room, name, reason) for room, name in zip(rooms, names, strict=True)]
        return kicks[:KICKS] + [too_many(name, KICKS) for name in names[KICKS : KICKS + 1]]
    return each(message.params[1], KICKS, lambda name: Kick(message.params[0], name, reason))


@command(
    "TBAN <channel> <duration> <mask>",
    "Bans a mask from a channel for a time, such as 90m or 1d12h; the ban ends by itself.",
    least=3,
)
def _tban(session: IrcSession, message: Message) -> Sequence[Command]:
    """Bans a mask from a room for a time (InspIRCd's ``TBAN``)."""
    room, duration, typed = message.params[:3]
    seconds = seconds_in(duration)
    if not seconds:
        text = f"{duration} is no duration: 90m, 1d12h, or a number of seconds"
        return [numeric(numerics.ERR_UNKNOWNERROR, "TBAN", middle(duration), text=text)]
    listed, mask, _ = parse_extban(BANS, typed)
    return [SetMask(room, listed, mask, True, seconds)]


refusal(NotThere, numerics.ERR_USERNOTINCHANNEL, "{r.name} {r.room}", "They aren't on it")
refusal(NotOperator, numerics.ERR_CHANOPRIVSNEEDED, "{r.room}", "You're not channel operator")
refusal(
    Outranked,
    numerics.ERR_CHANOPRIVSNEEDED,
    "{r.room}",
    "{r.name} has a higher role in this channel than you",
)


@lines(Kicked, cause=by_other)
def _kick_lines(_encoder: EncoderBase, event: Kicked) -> bytes:
    return line(f":{event.by.origin} KICK {event.room} {event.person.name}", event.reason or event.by.name)


# The client's side.


@from_server("KICK")
def _read_kick(client: ClientConnection, line: ServerLine) -> Iterable[values.Value]:
    room, nick = line.param(0), line.param(1)
    own = client.rooms.remove(room, nick)
    return (values.Kicked(line.time, room, nick, line.nick, line.param(2), own),)
