"""What server operators may: KILL, WALLOPS, KLINE, REHASH; CONNECT, SQUIT, DIE, RESTART, which nobody may.

Owns their words (Modern IRC, "Operator Messages"); who may, the core decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from asyncchat.core import commands as core
from asyncchat.core import replies
from asyncchat.core.text import cut
from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.commands.server import Stats, no_such_server
from asyncchat.dialects.irc.commands.spec import CommandSpec, Numeric, ReplyEncoder, numeric
from asyncchat.dialects.irc.limits import REASON_BYTES
from asyncchat.dialects.irc.serialize import line, middle
from asyncchat.dialects.irc.tokens import Message
from asyncchat.text.durations import seconds_in
from asyncchat.text.sentences import audit_line
from asyncchat.text.times import Zone

if TYPE_CHECKING:
    from asyncchat.core.server_bans import ServerBan
    from asyncchat.dialects.irc.dialect import IrcDialect

_ACTS_TOLD = 200
"""Lines that AUDIT tells at most: some 20 KB."""


def kill(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """Puts a person out of the chat."""
    name = message.params[0]
    if session.context.names_server(name):
        return [core.NeedOwner(_value(numerics.ERR_CANTKILLSERVER, text="You can't kill a server!"))]
    return [core.Kill(name, _reason(message.param(1)) or session.nick)]


def chghost(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """Lets a person be seen as coming from another host."""
    return [core.ChangeHost(message.params[0], message.params[1])]


def wallops(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """Tells those something who have the mode w, and operators."""
    return [core.Announce(message.params[0])]


def kline(session: IrcDialect, message: Message) -> Sequence[core.Command]:
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


def unkline(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """Lifts a ban from the server."""
    return [core.BanFromServer(message.params[0], False)]


def rehash(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """Reads the configuration again."""
    session.pause()
    return [core.Reload()]


def audit(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """Tells what operators did: the last things, as many as asked for, or all since so long ago."""
    asked = message.param(0)
    session.pause()
    if asked.isascii() and asked.isdigit():
        return [core.ReadActs(max(1, min(int(asked[:9]), _ACTS_TOLD)))]
    since = seconds_in(asked, bare=False)
    return [core.ReadActs() if since is None else core.ReadActs(_ACTS_TOLD, since)]


def connect(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """Would link another server: there is none to be linked."""
    return [core.NeedOwner(no_such_server(message.params[0]).value)]


def squit(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """Would end the link of another server; this one ends as a program does."""
    server = message.params[0]
    if session.context.is_called(server):
        return _not_from_here("squit")
    return [core.NeedOwner(no_such_server(server).value)]


def die(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """Would end the server, which only who runs the program may."""
    return _not_from_here("die")


def restart(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """Would end it and begin it anew; the same."""
    return _not_from_here("restart")


def _not_from_here(right: str) -> Sequence[core.Command]:
    text = "Insufficient oper privileges: stop it where it was started"
    return [core.NeedOwner(_value(numerics.ERR_NOPRIVS, right, text=text))]


def _value(code: str, *words: str, text: str) -> object:
    return numeric(code, *words, text=text).value


def _reason(text: str) -> str:
    return cut(text, REASON_BYTES)[0]


# What is said to it.


def say_owner_only(session: IrcDialect, reply: replies.OwnerOnly) -> bytes:
    """What only the owner is told."""
    value = reply.purpose
    return session.numeric(value.code, *value.words, text=value.text) if isinstance(value, Numeric) else b""


def say_bans(session: IrcDialect, view: replies.ServerBansView) -> bytes:
    """STATS k: the bans from the server."""
    letter = view.purpose.letter if isinstance(view.purpose, Stats) else "k"
    end = session.numeric(numerics.RPL_ENDOFSTATS, letter, text="End of /STATS report")
    return b"".join((*(_ban_line(session, ban) for ban in view.bans), end))


def _ban_line(session: IrcDialect, ban: ServerBan) -> bytes:
    name, _, rest = ban.mask.partition("!")
    user, _, host = rest.partition("@")
    times = str(ban.time // 1_000_000), str(ban.until // 1_000_000)
    return session.numeric(
        numerics.RPL_STATSKLINE, "K", middle(host), name, user, *times, middle(ban.by), text=ban.reason
    )


def say_reloaded(session: IrcDialect, reply: replies.Reloaded) -> bytes:
    """382, then in notices what changed and what did not."""
    session.resume()
    texts = [f"Changed: {', '.join(reply.changed) or 'nothing'}"]
    if reply.waiting:
        texts.append(f"Only a restart changes: {', '.join(reply.waiting)}")
    return _rehashing(session, reply.file, texts)


def say_not_reloaded(session: IrcDialect, refusal: replies.NotReloaded) -> bytes:
    """382, then what is wrong."""
    session.resume()
    return _rehashing(session, refusal.file, [f"Nothing changed: {refusal.reason}"])


def _rehashing(session: IrcDialect, file: str, texts: Sequence[str]) -> bytes:
    notices = (line(f":{session.context.name} NOTICE {session.nick}", text) for text in texts)
    rehashing = session.numeric(numerics.RPL_REHASHING, middle(file or "*"), text="Rehashing")
    return rehashing + b"".join(notices)


def say_acts(session: IrcDialect, view: replies.ActsView) -> bytes:
    """Notices, one for each act, and one that says where they end."""
    session.resume()
    zone = Zone(session.context.server.zone, session.context.server.utc_offset)
    texts = [audit_line(record, zone) for record in view.records]
    return b"".join(_notice(session, text) for text in (*texts, "End of the audit"))


def say_acts_unreadable(session: IrcDialect, _refusal: replies.ActsUnreadable) -> bytes:
    """That the disk is in the way."""
    session.resume()
    return _notice(session, "The history can't be read at the moment")


def _notice(session: IrcDialect, text: str) -> bytes:
    return line(f":{session.context.name} NOTICE {session.nick}", text)


COMMANDS: dict[str, CommandSpec] = {
    "KILL": CommandSpec(
        kill, 1, params="<nickname> [:<reason>]", about="Puts a person off the server (operators)."
    ),
    "CHGHOST": CommandSpec(
        chghost,
        2,
        params="<nickname> <host>",
        about="Lets a person be seen as coming from another host, until it leaves (operators).",
    ),
    "WALLOPS": CommandSpec(
        wallops, 1, params=":<text>", about="Tells those something who have the user mode w (operators)."
    ),
    "KLINE": CommandSpec(
        kline,
        params="[<time>] [<mask> [:<reason>]]",
        about=(
            "Bans a mask, an address or a network such as 192.0.2.0/24 from the server, for good or for a "
            "time, in seconds or such as 1d2h30m, 90m; alone it lists these bans (operators)."
        ),
    ),
    "UNKLINE": CommandSpec(unkline, 1, params="<mask>", about="Lifts a ban from the server (operators)."),
    "REHASH": CommandSpec(
        rehash, about="Reads the server's configuration again, tells what changed (operators)."
    ),
    "AUDIT": CommandSpec(
        audit,
        params="[<count>|<time>]",
        about=(
            "Tells what operators of the server did, in notices: the last 20 things, as many as you say, or "
            "all since a time such as 2h or 7d (operators)."
        ),
    ),
    "CONNECT": CommandSpec(
        connect,
        1,
        params="<server> [<port> [<server>]]",
        about="Is not in use: there is no other server to link (operators).",
    ),
    "SQUIT": CommandSpec(
        squit, 2, params="<server> :<reason>", about="Is not in use: there is no link to end (operators)."
    ),
    "DIE": CommandSpec(die, about="Is refused: a server is stopped where it was started (operators)."),
    "RESTART": CommandSpec(
        restart, about="Is refused: a server is started again where it was started (operators)."
    ),
}

REPLIES: dict[type, ReplyEncoder] = {
    replies.Reloaded: say_reloaded,
    replies.NotReloaded: say_not_reloaded,
    replies.ActsView: say_acts,
    replies.ActsUnreadable: say_acts_unreadable,
    replies.OwnerOnly: say_owner_only,
    replies.ServerBansView: say_bans,
}
