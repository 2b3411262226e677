"""Watching people by nick: MONITOR (IRCv3 monitor; what else is told of them: extended-monitor)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from asyncchat.core import commands as core
from asyncchat.core import replies
from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.capabilities import gathered
from asyncchat.dialects.irc.commands.spec import CommandSpec, ReplyEncoder, numeric
from asyncchat.dialects.irc.serialize import middle
from asyncchat.dialects.irc.tokens import Message

if TYPE_CHECKING:
    from asyncchat.dialects.irc.dialect import IrcDialect

_NAMES_BYTES = 380
"""Nicks in one line, beside any nick and server name."""


def monitor(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """Watches nicks or not (``+ -``), none at all (``C``), lists them (``L``) or who is here (``S``)."""
    subcommand = message.params[0].upper()
    names = tuple(dict.fromkeys(name for name in message.param(1).split(",") if name))
    if subcommand in ("+", "-") and not names:
        return [numeric(numerics.ERR_NEEDMOREPARAMS, "MONITOR", text="Not enough parameters")]
    if subcommand == "+":
        return [core.Watch(names)]
    if subcommand == "-":
        return [core.Unwatch(names)]
    if subcommand == "C":
        return [core.Unwatch(all=True)]
    if subcommand in ("L", "S"):
        return [core.AskWatched(here=subcommand == "S")]
    text = "Unknown MONITOR subcommand: + - C L S"
    return [numeric(numerics.ERR_UNKNOWNERROR, "MONITOR", middle(message.params[0]), text=text)]


# What is said to it.


def say_here(session: IrcDialect, view: replies.HereView) -> bytes:
    """Who is here, who is not, and what could not be watched."""
    here = _lines(session, numerics.RPL_MONONLINE, (person.origin for person in view.here))
    gone = _lines(session, numerics.RPL_MONOFFLINE, view.gone)
    over = b"".join(
        session.numeric(numerics.ERR_MONLISTFULL, str(view.limit), some, text="Monitor list is full.")
        for some in _joined(view.over)
    )
    return here + gone + over


def say_watched(session: IrcDialect, view: replies.WatchedView) -> bytes:
    """The nicks that are watched."""
    end = session.numeric(numerics.RPL_ENDOFMONLIST, text="End of MONITOR list")
    return _lines(session, numerics.RPL_MONLIST, view.names) + end


def _lines(session: IrcDialect, code: str, names: Iterable[str]) -> bytes:
    return b"".join(session.numeric(code, text=some) for some in _joined(names))


def _joined(names: Iterable[str]) -> list[str]:
    """Names as few lines have them, with commas between."""
    every = list(names)
    return [some.replace(" ", ",") for some in gathered(every, _NAMES_BYTES)] if every else []


COMMANDS: dict[str, CommandSpec] = {
    "MONITOR": CommandSpec(
        monitor,
        1,
        params="+|-|C|L|S [<nickname>{,<nickname>}]",
        about=(
            "Tells you when people come and go: + watches nicknames, - no longer, C clears the list, "
            "L shows it, S tells who of them is here."
        ),
    ),
}

REPLIES: dict[type, ReplyEncoder] = {replies.HereView: say_here, replies.WatchedView: say_watched}
