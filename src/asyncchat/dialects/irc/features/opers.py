"""Operators of the server: OPER, KILL, WALLOPS, KLINE, REHASH; CONNECT, SQUIT, DIE, RESTART are refused.

Owns their words (Modern IRC, "Operator Messages"); who may, the core decides.
"""

from __future__ import annotations

from collections.abc import Sequence

from asyncchat.core import commands as core
from asyncchat.core import events, replies
from asyncchat.core.server_bans import ServerBan
from asyncchat.core.text import cut
from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.answers import Numeric, numeric
from asyncchat.dialects.irc.encoder_base import EncoderBase
from asyncchat.dialects.irc.features.server import Stats, no_such_server
from asyncchat.dialects.irc.limits import REASON_BYTES
from asyncchat.dialects.irc.registry import (
    by_other,
    command,
    lines,
    refusals,
    reply,
    to_self,
    to_siblings,
    to_siblings_as_to_self,
)
from asyncchat.dialects.irc.serialize import line, middle
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.dialects.irc.tokens import Message
from asyncchat.text.durations import seconds_in


@command(
    "OPER",
    2,
    params="<name> <password>",
    about="Makes you a server operator. With the name owner and the owner code you own this server.",
)
def _oper(session: IrcSession, message: Message) -> Sequence[core.Command]:
    """Grants operator rights for the owner code, ``OPER owner CODE``, or as a named operator."""
    name, code = message.params[:2]
    return [core.Owner(code, "" if name.casefold() == "owner" else name)]


@command(
    "OWNER",
    1,
    params="[<name>] <password>",
    about="Makes you a server operator, as OPER does; for the owner the owner code is enough.",
)
def _owner(session: IrcSession, message: Message) -> Sequence[core.Command]:
    """``OPER`` in the words of a terminal: ``OWNER CODE``, ``OWNER NAME PASSWORD``."""
    params = message.params if len(message.params) > 1 else ("owner", message.params[0])
    return _oper(session, Message("OPER", params))


@command("KILL", 1, params="<nickname> [:<reason>]", about="Puts a person off the server (operators).")
def _kill(session: IrcSession, message: Message) -> Sequence[core.Command]:
    name = message.params[0]
    if session.context.names_server(name):
        return [core.NeedOwner(_value(numerics.ERR_CANTKILLSERVER, text="You can't kill a server!"))]
    return [core.Kill(name, _reason(message.param(1)) or session.nick)]


@command("WALLOPS", 1, params=":<text>", about="Tells those something who have the user mode w (operators).")
def _wallops(session: IrcSession, message: Message) -> Sequence[core.Command]:
    return [core.Announce(message.params[0])]


@command(
    "KLINE",
    params="[<time>] [<mask> [:<reason>]]",
    about="Bans a mask, an address or a network such as 192.0.2.0/24 from the server, for good or for a "
    "time, in seconds or such as 1d2h30m, 90m; alone it lists these bans (operators).",
)
def _kline(session: IrcSession, message: Message) -> Sequence[core.Command]:
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
        return [core.AskServerBans(Stats("k"))]
    reason = _reason(params[1]) if len(params) > 1 else ""
    return [core.BanFromServer(params[0], True, seconds or 0, reason)]


@command("UNKLINE", 1, params="<mask>", about="Lifts a ban from the server (operators).")
def _unkline(session: IrcSession, message: Message) -> Sequence[core.Command]:
    return [core.BanFromServer(message.params[0], False)]


@command("REHASH", about="Reads the server's configuration again, tells what changed (operators).")
def _rehash(session: IrcSession, message: Message) -> Sequence[core.Command]:
    return [core.Reload()]


@command(
    "CONNECT",
    1,
    params="<server> [<port> [<server>]]",
    about="Is not in use: there is no other server to link (operators).",
)
def _connect(session: IrcSession, message: Message) -> Sequence[core.Command]:
    """Refuses: there is no other server to link."""
    return [core.NeedOwner(no_such_server(message.params[0]).value)]


@command("SQUIT", 2, params="<server> :<reason>", about="Is not in use: there is no link to end (operators).")
def _squit(session: IrcSession, message: Message) -> Sequence[core.Command]:
    """Refuses: there is no link to end, and this server is stopped as a program is."""
    server = message.params[0]
    if session.context.is_called(server):
        return _not_from_here("squit")
    return [core.NeedOwner(no_such_server(server).value)]


@command("DIE", about="Is refused: a server is stopped where it was started (operators).")
def _die(session: IrcSession, message: Message) -> Sequence[core.Command]:
    return _not_from_here("die")


@command("RESTART", about="Is refused: a server is started again where it was started (operators).")
def _restart(session: IrcSession, message: Message) -> Sequence[core.Command]:
    return _not_from_here("restart")


def _not_from_here(right: str) -> Sequence[core.Command]:
    text = "Insufficient oper privileges: stop it where it was started"
    return [core.NeedOwner(_value(numerics.ERR_NOPRIVS, right, text=text))]


def _value(code: str, *words: str, text: str) -> object:
    return numeric(code, *words, text=text).value


def _reason(text: str) -> str:
    return cut(text, REASON_BYTES)[0]


# Replies.


@reply(replies.OwnerOnly)
def _say_owner_only(session: IrcSession, reply: replies.OwnerOnly) -> bytes:
    value = reply.purpose
    return session.numeric(value.code, *value.words, text=value.text) if isinstance(value, Numeric) else b""


@reply(replies.ServerBansView)
def _say_bans(session: IrcSession, view: replies.ServerBansView) -> bytes:
    letter = view.purpose.letter if isinstance(view.purpose, Stats) else "k"
    end = session.numeric(numerics.RPL_ENDOFSTATS, letter, text="End of /STATS report")
    return b"".join((*(_ban_line(session, ban) for ban in view.bans), end))


def _ban_line(session: IrcSession, ban: ServerBan) -> bytes:
    name, _, rest = ban.mask.partition("!")
    user, _, host = rest.partition("@")
    times = str(ban.time // 1_000_000), str(ban.until // 1_000_000)
    return session.numeric(
        numerics.RPL_STATSKLINE, "K", middle(host), name, user, *times, middle(ban.by), text=ban.reason
    )


@reply(replies.Reloaded)
def _say_reloaded(session: IrcSession, reply: replies.Reloaded) -> bytes:
    texts = [f"Changed: {', '.join(reply.changed) or 'nothing'}"]
    if reply.waiting:
        texts.append(f"Only a restart changes: {', '.join(reply.waiting)}")
    return _rehashing(session, reply.file, texts)


@reply(replies.NotReloaded)
def _say_not_reloaded(session: IrcSession, refusal: replies.NotReloaded) -> bytes:
    return _rehashing(session, refusal.file, [f"Nothing changed: {refusal.reason}"])


def _rehashing(session: IrcSession, file: str, texts: Sequence[str]) -> bytes:
    notices = (line(f":{session.context.name} NOTICE {session.nick}", text) for text in texts)
    rehashing = session.numeric(numerics.RPL_REHASHING, middle(file or "*"), text="Rehashing")
    return rehashing + b"".join(notices)


refusals(
    {
        replies.WrongCode: lambda r: (numerics.ERR_PASSWDMISMATCH, (), "Password incorrect"),
        replies.NotFromHere: lambda r: (numerics.ERR_NOOPERHOST, (), "No O-lines for your host"),
        replies.NotServerOperator: lambda r: (
            numerics.ERR_NOPRIVILEGES,
            (),
            "Permission Denied- You're not an IRC operator",
        ),
        replies.BannedFromServer: lambda r: (
            numerics.ERR_YOUREBANNEDCREEP,
            (),
            f"You are banned from this server{f': {r.reason}' if r.reason else ''}",
        ),
        replies.NoSuchServerBan: lambda r: (numerics.ERR_UNKNOWNERROR, ("UNKLINE", r.mask), "No such ban"),
        replies.TooManyServerBans: lambda r: (
            numerics.ERR_UNKNOWNERROR,
            ("KLINE", r.mask),
            f"The list is full ({r.limit}), or the mask is too long",
        ),
        replies.ServerBanTooWide: lambda r: (
            numerics.ERR_UNKNOWNERROR,
            ("KLINE", r.mask),
            "That would ban everybody",
        ),
    }
)


# Events.


def _own_mode(session: IrcSession, mode: str) -> bytes:
    return line(f":{session.nick} MODE {session.nick}", mode)


@to_self(events.OwnerClaimed)
def _oper_granted(session: IrcSession, _record: events.Record, _event: events.OwnerClaimed) -> bytes:
    text = "You are now an IRC operator"
    return session.numeric(numerics.RPL_YOUREOPER, text=text) + _own_mode(session, "+o")


@to_siblings(events.OwnerClaimed)
def _oper_granted_to_sibling(
    session: IrcSession, _record: events.Record, _event: events.OwnerClaimed, _alone: bool
) -> bytes:
    return _own_mode(session, "+o")


@to_self(events.OwnerResigned)
def _oper_resigned(session: IrcSession, _record: events.Record, _event: events.OwnerResigned) -> bytes:
    return _own_mode(session, "-o")


to_siblings_as_to_self(events.OwnerResigned)


@lines(events.Announced)
def _wallops_lines(_encoder: EncoderBase, event: events.Announced) -> bytes:
    return line(f":{event.person.origin} WALLOPS", event.text)


@lines(events.Killed, cause=by_other)
def _kill_lines(_encoder: EncoderBase, event: events.Killed) -> bytes:
    return line(f":{event.by.origin} KILL {event.person.name}", event.reason)


@to_self(events.ServerBanChanged)
def _server_ban_changed(session: IrcSession, _record: events.Record, event: events.ServerBanChanged) -> bytes:
    what = "is banned from the server" if event.on else "is no longer banned from the server"
    return session.notice(f"{event.mask} {what}")
