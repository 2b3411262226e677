"""Questions about the server: MOTD, LUSERS, VERSION, TIME, INFO, ADMIN, LINKS, STATS, USERS, SUMMON.

Owns what this server says of itself on demand (Modern IRC, "Server Queries and Commands"); must not know
people but by how many they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from asyncchat.core import commands as core
from asyncchat.core import replies
from asyncchat.dialects.irc import greeting, numerics
from asyncchat.dialects.irc.commands.isupport import Isupport
from asyncchat.dialects.irc.commands.spec import CommandSpec, ReplyEncoder, numeric
from asyncchat.dialects.irc.serialize import middle
from asyncchat.dialects.irc.tokens import Message

if TYPE_CHECKING:
    from asyncchat.dialects.irc.dialect import IrcDialect

_HOME = "https://pypi.org/project/asyncchat/"


class Motd(msgspec.Struct, frozen=True):
    """The message of the day is asked for."""


class Stats(msgspec.Struct, frozen=True):
    """Purpose of a question: STATS of a letter."""

    letter: str


class AtServerOf(msgspec.Struct, frozen=True):
    """Purpose of a question: these are the answers if the person named is at this server."""

    name: str
    answers: tuple[object, ...]


def motd(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """The message of the day."""
    return _answered(session, message.param(0), Motd())


def lusers(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """How many there are; asked of a mask of servers, and through one (RFC 2812, 3.4.2)."""
    for server in message.params[:2]:
        if not _is_us(session, server):
            return [no_such_server(server)]
    return [core.AskCounts()]


def version(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """The program, its version and 005."""
    irc = session.context
    ours = numeric(numerics.RPL_VERSION, irc.software, irc.name, text=_HOME).value
    return _answered(session, message.param(0), ours, Isupport())


def time(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """The server's clock."""
    server = message.param(0)
    return [core.AskTime()] if _is_us(session, server) else [no_such_server(server)]


def info(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """What runs here."""
    irc = session.context
    started = datetime.fromtimestamp(irc.server.started / 1_000_000, UTC)
    kept = "What is said is kept, private messages too" if irc.server.keeps_history else "Nothing is kept"
    texts = (f"{irc.software}, a chat for any client", f"Running since {started:%Y-%m-%d %H:%M:%S} UTC", kept)
    return _answered(
        session,
        message.param(0),
        *(numeric(numerics.RPL_INFO, text=text).value for text in texts),
        numeric(numerics.RPL_ENDOFINFO, text="End of /INFO list").value,
    )


def admin(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """Who is responsible here."""
    server = session.context.server
    texts = (
        (numerics.RPL_ADMINLOC1, server.description or server.name),
        (numerics.RPL_ADMINLOC2, "Whoever started this server owns it"),
        (numerics.RPL_ADMINEMAIL, server.contact or "No address is given; ask a server operator (/who 0 o)"),
    )
    return _answered(
        session,
        message.param(0),
        numeric(numerics.RPL_ADMINME, server.name, text="Administrative info").value,
        *(numeric(code, text=text).value for code, text in texts),
    )


def links(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """The servers there are of a mask: this one; ``LINKS [[server] mask]`` (RFC 2812, 3.4.5)."""
    mask = message.params[-1] if message.params else "*"
    if len(message.params) > 1 and not _is_us(session, message.params[0]):
        return [no_such_server(message.params[0])]
    irc = session.context
    said = [numeric(numerics.RPL_ENDOFLINKS, middle(mask), text="End of /LINKS list")]
    if irc.is_called(mask):
        text = f"0 {irc.server.description or irc.software}"
        said.insert(0, numeric(numerics.RPL_LINKS, irc.name, irc.name, text=text))
    return said


def stats(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """What a letter asks of the server's state; most letters have nothing to tell here."""
    server = message.param(1)
    if not _is_us(session, server):
        return [no_such_server(server)]
    asked = Stats(message.params[0][0])
    return [core.AskServerBans(asked) if asked.letter in "kK" else core.AskTime(asked)]


def users(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """Would list who is logged in to the machine, which is nobody's affair (RFC 2812, 4.6)."""
    server = message.param(0)
    if not _is_us(session, server):
        return [no_such_server(server)]
    return [numeric(numerics.ERR_USERSDISABLED, text="USERS has been disabled")]


def summon(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """Would call who is logged in to the machine (RFC 2812, 4.5)."""
    return [numeric(numerics.ERR_SUMMONDISABLED, text="SUMMON has been disabled")]


def _is_us(session: IrcDialect, server: str) -> bool:
    return not server or session.context.is_called(server) or server.casefold() == session.nick.casefold()


def no_such_server(server: str) -> core.Answer:
    """Says that a server that was asked for is not there."""
    return numeric(numerics.ERR_NOSUCHSERVER, middle(server), text="No such server")


def _answered(session: IrcDialect, server: str, *answers: object) -> Sequence[core.Command]:
    """The answers, if they are asked of this server or of the server of a person who is here."""
    if _is_us(session, server):
        return [core.Answer(answer) for answer in answers]
    return [core.AskPeople((server,), AtServerOf(server, answers))]


# What is said to it.


def say_at_server_of(session: IrcDialect, purpose: AtServerOf, view: replies.PeopleView) -> bytes:
    """The answers of the server that a person is at, or that there is no such server."""
    answers = purpose.answers if view.people else (no_such_server(purpose.name).value,)
    return session.say(answers)


def say_counts(session: IrcDialect, counts: replies.Counts) -> bytes:
    """LUSERS."""
    return greeting.lusers(session.context, session.nick, counts)


def say_motd(session: IrcDialect, _value: Motd) -> bytes:
    """The message of the day."""
    return session.context.motd.replace(b"\0", session.nick.encode("utf-8", "replace"))


def say_time(session: IrcDialect, reply: replies.TimeNow) -> bytes:
    """The server's local time, or what was asked with it."""
    server = session.context.server
    if isinstance(reply.purpose, Stats):
        return _say_stats(session, reply.purpose.letter, (reply.time - server.started) // 1_000_000)
    local = datetime.fromtimestamp(reply.time / 1_000_000 + server.utc_offset, UTC)
    text = f"{local:%A %B %d %Y -- %H:%M:%S} {server.zone}"
    return session.numeric(numerics.RPL_TIME, session.context.name, text=text)


def _say_stats(session: IrcDialect, letter: str, up: int) -> bytes:
    """``u``: how long the server is up; ``o``: as what one may become an operator; ``m``: what was used."""
    told = b""
    if letter == "u":
        minutes, seconds = divmod(max(0, up), 60)
        hours, minutes = divmod(minutes, 60)
        days, hours = divmod(hours, 24)
        text = f"Server Up {days} days {hours}:{minutes:02}:{seconds:02}"
        told = session.numeric(numerics.RPL_STATSUPTIME, text=text)
    elif letter in "oO":
        names = ("owner", *(middle(name) for name in session.context.server.operators))
        told = b"".join(session.numeric(numerics.RPL_STATSOLINE, "O", "*@*", "*", name) for name in names)
    elif letter in "mM":
        counts = sorted(session.context.heard.items())
        told = b"".join(session.numeric(numerics.RPL_STATSCOMMANDS, name, str(n)) for name, n in counts)
    return told + session.numeric(numerics.RPL_ENDOFSTATS, middle(letter), text="End of /STATS report")


COMMANDS: dict[str, CommandSpec] = {
    "MOTD": CommandSpec(motd, params="[<server>]", about="Shows the message of the day."),
    "LUSERS": CommandSpec(
        lusers, params="[<mask> [<server>]]", about="Tells how many people and channels there are."
    ),
    "VERSION": CommandSpec(
        version, params="[<server>]", about="Tells which program runs here, and what it supports."
    ),
    "TIME": CommandSpec(time, params="[<server>]", about="Tells the server's time."),
    "INFO": CommandSpec(
        info, params="[<server>]", about="Tells about this server and whether it keeps what is said."
    ),
    "ADMIN": CommandSpec(admin, params="[<server>]", about="Tells who is responsible for this server."),
    "LINKS": CommandSpec(links, params="[[<server>] <mask>]", about="Lists the servers there are."),
    "STATS": CommandSpec(
        stats,
        1,
        params="<letter> [<server>]",
        about=(
            "Tells about the server's state: u since when it runs, o as what one may become an operator, "
            "m how often IRC clients used which command, k (operators) who is banned from it."
        ),
    ),
    "USERS": CommandSpec(
        users, params="[<server>]", about="Is not in use: who has an account there stays unsaid."
    ),
    "SUMMON": CommandSpec(summon, params="<user> [<server>]", about="Is not in use."),
}

REPLIES: dict[type, ReplyEncoder] = {
    replies.Counts: say_counts,
    replies.TimeNow: say_time,
    Motd: say_motd,
}
