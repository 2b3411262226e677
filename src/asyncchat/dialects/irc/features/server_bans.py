"""Keeping people off the server: KILL, KLINE, UNKLINE, STATS k (Modern IRC, "KILL message")."""

from collections.abc import Sequence

from asyncchat.core.commands import Command
from asyncchat.core.events import Record
from asyncchat.core.features import server_bans
from asyncchat.core.features.opers import RequireOper
from asyncchat.core.features.server_bans import Kill, Killed
from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.client_registry import Line, LineContext, optional, to_server
from asyncchat.dialects.irc.encoder_base import EncoderBase
from asyncchat.dialects.irc.features.server import Stats
from asyncchat.dialects.irc.registry import by_other, command, lines, numeric_of, refusal, reply, to_self
from asyncchat.dialects.irc.serialize import line, middle, numeric, reason_of
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.dialects.irc.tokens import Message
from asyncchat.text.times import lasting, seconds_in


@command(
    "KLINE [<time>] [<mask> [:<reason>]]",
    "Bans a mask, an address or a network such as 192.0.2.0/24 from the server, for good or for a "
    "time in seconds or such as 1d2h30m, 90m; alone it lists these bans (operators).",
)
def _kline(session: IrcSession, message: Message) -> Sequence[Command]:
    """Bans a mask from the server, for a time when one stands before or behind it; alone it lists them."""
    params = list(message.params)
    seconds = seconds_in(params[0]) if params else None
    if seconds is not None:
        params.pop(0)  # as ergo's operators type it
    elif len(params) > 2:
        seconds = seconds_in(params[1])
        if seconds is not None:
            params.pop(1)  # as InspIRCd's do
    if not params:
        return [server_bans.GetServerBans(Stats("k"))]
    reason = reason_of(params[1]) if len(params) > 1 else ""
    return [server_bans.BanFromServer(params[0], True, seconds or 0, reason)]


@command("UNKLINE <mask>", "Lifts a ban from the server (operators).", least=1)
def _unkline(session: IrcSession, message: Message) -> Sequence[Command]:
    return [server_bans.BanFromServer(message.params[0], False)]


@reply(server_bans.ServerBansView)
def _say_bans(session: IrcSession, view: server_bans.ServerBansView) -> bytes:
    letter = view.context.letter if isinstance(view.context, Stats) else "k"
    end = session.numeric(numerics.RPL_ENDOFSTATS, letter, text="End of /STATS report")
    return b"".join((*(_ban_line(session, ban) for ban in view.bans), end))


def _ban_line(session: IrcSession, ban: server_bans.ServerBan) -> bytes:
    name, _, rest = ban.mask.partition("!")
    user, _, host = rest.partition("@")
    times = str(ban.time // 1_000_000), str(ban.until // 1_000_000)
    return session.numeric(
        numerics.RPL_STATSKLINE, "K", middle(host), name, user, *times, middle(ban.by), text=ban.reason
    )


numeric_of(server_bans.BannedFromServer)(
    lambda r: (
        numerics.ERR_YOUREBANNEDCREEP,
        (),
        f"You are banned from this server{f': {r.reason}' if r.reason else ''}",
    )
)
refusal(server_bans.NoSuchServerBan, numerics.ERR_UNKNOWNERROR, "UNKLINE {r.mask}", "No such ban")
refusal(
    server_bans.TooManyServerBans,
    numerics.ERR_UNKNOWNERROR,
    "KLINE {r.mask}",
    "The list is full ({r.limit}), or the mask is too long",
)
refusal(server_bans.ServerBanTooWide, numerics.ERR_UNKNOWNERROR, "KLINE {r.mask}", "That would ban everybody")


@to_self(server_bans.ServerBanChanged)
def _server_ban_changed(session: IrcSession, _record: Record, event: server_bans.ServerBanChanged) -> bytes:
    what = "is banned from the server" if event.on else "is no longer banned from the server"
    return session.notice(f"{event.mask} {what}")


@command("KILL <nickname> [:<reason>]", "Disconnects a person from the server (operators).", least=1)
def _kill(session: IrcSession, message: Message) -> Sequence[Command]:
    name = message.params[0]
    if session.context.names_server(name):
        return [RequireOper(numeric(numerics.ERR_CANTKILLSERVER, text="You can't kill a server!").value)]
    return [Kill(name, reason_of(message.param(1)) or session.nick)]


@lines(Killed, cause=by_other)
def _kill_lines(_encoder: EncoderBase, event: Killed) -> bytes:
    return line(f":{event.by.origin} KILL {event.person.name}", event.reason)


# The client's side.


to_server(server_bans.GetServerBans)(lambda _, _command: ("KLINE",))


@to_server(server_bans.BanFromServer)
def _ask_ban(_server: LineContext, asked: server_bans.BanFromServer) -> Line:
    if not asked.on:
        return ("UNKLINE", asked.mask)
    if asked.seconds:
        return ("KLINE", asked.mask, lasting(asked.seconds), asked.reason or "banned")
    return ("KLINE", asked.mask, *optional(asked.reason))


to_server(Kill)(lambda _, c: ("KILL", c.name, c.reason))
