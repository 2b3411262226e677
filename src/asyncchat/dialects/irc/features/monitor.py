"""Watching people by nick: MONITOR (IRCv3 monitor; what else is told of them: extended-monitor)."""

from collections.abc import Iterable, Sequence
from typing import Final

from asyncchat.core.commands import Command
from asyncchat.core.features import monitor
from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.capabilities import capability, gathered, token
from asyncchat.dialects.irc.encoder_base import EncoderBase
from asyncchat.dialects.irc.registry import LINES, WATCHED, by_the_server, command, lines, not_to_self, reply
from asyncchat.dialects.irc.serialize import line, middle, numeric
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.dialects.irc.tokens import Message

EXTENDED_MONITOR: Final = capability("extended-monitor", "extensions/extended-monitor", changes=True)

token("MONITOR", monitor.MONITOR_EACH)

_NAMES_BYTES = 380
"""Nicks in one line, beside any nick and server name."""


@command(
    "MONITOR +|-|C|L|S [<nickname>{,<nickname>}]",
    "Tells you when people come and go: + adds nicknames, - removes them, C clears the list, L shows "
    "it, S tells who of them is here.",
    least=1,
)
def _monitor(session: IrcSession, message: Message) -> Sequence[Command]:
    """Adds and removes nicks (``+ -``), clears the list (``C``), shows it (``L``) or who is here (``S``)."""
    subcommand = message.params[0].upper()
    names = tuple(dict.fromkeys(name for name in message.param(1).split(",") if name))
    if subcommand in ("+", "-") and not names:
        return [numeric(numerics.ERR_NEEDMOREPARAMS, "MONITOR", text="Not enough parameters")]
    if subcommand == "+":
        return [monitor.MonitorAdd(names, session.session)]
    if subcommand == "-":
        return [monitor.MonitorRemove(names, session=session.session)]
    if subcommand == "C":
        return [monitor.MonitorRemove(all=True, session=session.session)]
    if subcommand in ("L", "S"):
        return [monitor.GetMonitored(status=subcommand == "S", session=session.session)]
    text = "Unknown MONITOR subcommand: + - C L S"
    return [numeric(numerics.ERR_UNKNOWNERROR, "MONITOR", middle(message.params[0]), text=text)]


@reply(monitor.MonitorStatusView)
def _say_here(session: IrcSession, view: monitor.MonitorStatusView) -> bytes:
    here = _lines(session, numerics.RPL_MONONLINE, (person.origin for person in view.online))
    gone = _lines(session, numerics.RPL_MONOFFLINE, view.offline)
    over = b"".join(
        session.numeric(numerics.ERR_MONLISTFULL, str(view.limit), some, text="Monitor list is full.")
        for some in _joined(view.over)
    )
    return here + gone + over


@reply(monitor.MonitorListView)
def _say_watched(session: IrcSession, view: monitor.MonitorListView) -> bytes:
    end = session.numeric(numerics.RPL_ENDOFMONLIST, text="End of MONITOR list")
    return _lines(session, numerics.RPL_MONLIST, view.names) + end


def _lines(session: IrcSession, code: str, names: Iterable[str]) -> bytes:
    return b"".join(session.numeric(code, text=some) for some in _joined(names))


def _joined(names: Iterable[str]) -> list[str]:
    """Names as few lines have them, with commas between."""
    every = list(names)
    return [some.replace(" ", ",") for some in gathered(every, _NAMES_BYTES)] if every else []


@lines(monitor.MonitorOnline, cause=by_the_server)
def _online_lines(encoder: EncoderBase, event: monitor.MonitorOnline) -> bytes:
    """``*`` stands for each reader (monitor, "730")."""
    return line(f":{encoder.source} {numerics.RPL_MONONLINE} *", event.person.origin)


@lines(monitor.MonitorOffline, cause=by_the_server)
def _offline_lines(encoder: EncoderBase, event: monitor.MonitorOffline) -> bytes:
    return line(f":{encoder.source} {numerics.RPL_MONOFFLINE} *", event.person.name)


@lines(monitor.MonitorChange)
def _change_lines(encoder: EncoderBase, event: monitor.MonitorChange) -> bytes:
    """Tells what the person's rooms are told of it (extended-monitor)."""
    if not encoder.caps & EXTENDED_MONITOR:
        return b""
    kind = type(event.change)
    told = WATCHED.get(kind) or LINES.get(kind)
    return b"" if told is None else told(encoder, event.change)


not_to_self(monitor.MonitorOnline, monitor.MonitorOffline, monitor.MonitorChange)
