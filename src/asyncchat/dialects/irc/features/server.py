"""Questions about the server: MOTD, LUSERS, VERSION, TIME, INFO, ADMIN, LINKS, HELP, ISUPPORT …

Owns what this server says of itself on demand (Modern IRC, "Server Queries and Commands"), and the lines of
005, whose tokens are ``irc.capabilities``'s. Must not know people but by how many they are. What is said of a
command stands in its ``CommandSpec``.
"""

import textwrap
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from asyncchat.core.commands import Command, DialectReply
from asyncchat.core.features.queries import Counts, GetCounts, GetPeople, PeopleView
from asyncchat.core.features.server import GetTime, NotReloaded, Reload, Reloaded, TimeNow
from asyncchat.core.features.server_bans import GetServerBans
from asyncchat.core.names import NAME_BYTES
from asyncchat.core.text import cut
from asyncchat.dialects.base import ServerInfo
from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.capabilities import (
    BATCH,
    SESSION_TOKENS,
    capability,
    isupport_tokens,
    token,
)
from asyncchat.dialects.irc.client_connection import ClientConnection, ServerLine
from asyncchat.dialects.irc.client_registry import from_server, silent, to_server
from asyncchat.dialects.irc.client_values import Value
from asyncchat.dialects.irc.registry import COMMANDS, command, reply
from asyncchat.dialects.irc.serialize import BODY_BYTES, hollow, line, middle, numeric
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.dialects.irc.shared_state import SharedState
from asyncchat.dialects.irc.tokens import Message

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


@command("MOTD [<server>]", "Shows the message of the day.")
def _motd(session: IrcSession, message: Message) -> Sequence[Command]:
    return _answered(session, message.param(0), Motd())


@command("LUSERS [<mask> [<server>]]", "Tells how many people and channels there are.")
def _lusers(session: IrcSession, message: Message) -> Sequence[Command]:
    """Counts people and rooms; asked of a mask of servers, and through one (RFC 2812, 3.4.2)."""
    for server in message.params[:2]:
        if not _is_us(session, server):
            return [no_such_server(server)]
    return [GetCounts()]


@command("VERSION [<server>]", "Tells which program runs here, and what it supports.")
def _version(session: IrcSession, message: Message) -> Sequence[Command]:
    irc = session.context
    ours = numeric(numerics.RPL_VERSION, irc.software, irc.name, text=_HOME).value
    return _answered(session, message.param(0), ours, Isupport())


@command("TIME [<server>]", "Tells the server's time.")
def _time(session: IrcSession, message: Message) -> Sequence[Command]:
    server = message.param(0)
    return [GetTime()] if _is_us(session, server) else [no_such_server(server)]


@command("INFO [<server>]", "Tells about this server and whether it keeps messages.")
def _info(session: IrcSession, message: Message) -> Sequence[Command]:
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


@command("ADMIN [<server>]", "Tells who is responsible for this server.")
def _admin(session: IrcSession, message: Message) -> Sequence[Command]:
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


@command("LINKS [[<server>] <mask>]", "Lists the servers.")
def _links(session: IrcSession, message: Message) -> Sequence[Command]:
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


@command(
    "STATS <letter> [<server>]",
    "Tells about the server's state: u how long it runs, o the names for OPER, m how often IRC "
    "clients used each command, k (operators) who is banned from it.",
    least=1,
)
def _stats(session: IrcSession, message: Message) -> Sequence[Command]:
    """Tells what a letter asks of the server's state; most letters have nothing to tell here."""
    server = message.param(1)
    if not _is_us(session, server):
        return [no_such_server(server)]
    asked = Stats(message.params[0][0])
    return [GetServerBans(asked) if asked.letter in "kK" else GetTime(asked)]


@command("USERS [<server>]", "Is not supported: who has an account on the machine is not told.")
def _users(session: IrcSession, message: Message) -> Sequence[Command]:
    """Refuses: who is logged in to the machine is not told (RFC 2812, 4.6)."""
    server = message.param(0)
    if not _is_us(session, server):
        return [no_such_server(server)]
    return [numeric(numerics.ERR_USERSDISABLED, text="USERS has been disabled")]


@command("SUMMON <user> [<server>]", "Is not supported.")
def _summon(session: IrcSession, message: Message) -> Sequence[Command]:
    """Refuses (RFC 2812, 4.5)."""
    return [numeric(numerics.ERR_SUMMONDISABLED, text="SUMMON has been disabled")]


def _is_us(session: IrcSession, server: str) -> bool:
    return not server or session.context.is_called(server) or server.casefold() == session.nick.casefold()


def no_such_server(server: str) -> DialectReply:
    """Says that a server that was asked for is not there."""
    return numeric(numerics.ERR_NOSUCHSERVER, middle(server), text="No such server")


def _answered(session: IrcSession, server: str, *answers: object) -> Sequence[Command]:
    """The answers, if this server is asked, or the server of a person that is here."""
    if _is_us(session, server):
        return [DialectReply(answer) for answer in answers]
    return [GetPeople((server,), AtServerOf(server, answers))]


_MOTD_BYTES: Final = 380
"""A line of the message of the day, beside any nick and server name."""


def motd_lines(context: SharedState) -> bytes:
    """The message of the day, or that there is none, with a NUL wherever the requester's nick goes."""
    name, lines = context.name, context.server.motd
    if lines is None:
        return hollow(name, numerics.ERR_NOMOTD, "", "There is no message of the day")
    parts = [part for text in lines for part in cut(text, _MOTD_BYTES)]
    return b"".join(
        (
            hollow(name, numerics.RPL_MOTDSTART, "", f"- {name} Message of the day - "),
            *(hollow(name, numerics.RPL_MOTD, "", f"- {part}") for part in parts),
            hollow(name, numerics.RPL_ENDOFMOTD, "", "End of /MOTD command"),
        )
    )


def lusers_lines(context: SharedState, nick: str, counts: Counts) -> bytes:
    """The counts of people and rooms (Modern IRC, "LUSERS message")."""
    people, rooms, most = counts.people, counts.rooms, counts.most_people
    visible = people - counts.invisible
    text = f"There are {visible} users and {counts.invisible} invisible on 1 servers"
    said = [(numerics.RPL_LUSERCLIENT, "", text)]
    if counts.server_operators:
        said.append((numerics.RPL_LUSEROP, f" {counts.server_operators}", "operator(s) online"))
    arriving = context.arriving()
    if arriving > 0:
        said.append((numerics.RPL_LUSERUNKNOWN, f" {arriving}", "unknown connection(s)"))
    if rooms:
        said.append((numerics.RPL_LUSERCHANNELS, f" {rooms}", "channels formed"))
    said += [
        (numerics.RPL_LUSERME, "", f"I have {people} clients and 0 servers"),
        (numerics.RPL_LOCALUSERS, f" {people} {most}", f"Current local users {people}, max {most}"),
        (numerics.RPL_GLOBALUSERS, f" {people} {most}", f"Current global users {people}, max {most}"),
    ]
    return b"".join(line(f":{context.name} {code} {nick}{words}", text) for code, words, text in said)


def say_at_server_of(session: IrcSession, context: AtServerOf, view: PeopleView) -> bytes:
    """The answers of the server that a person is at, or that there is no such server."""
    answers = context.answers if view.people else (no_such_server(context.name).value,)
    return session.say(answers)


@reply(Counts)
def _say_counts(session: IrcSession, counts: Counts) -> bytes:
    return lusers_lines(session.context, session.nick, counts)


@reply(Motd)
def _say_motd(session: IrcSession, _value: Motd) -> bytes:
    return session.context.rendered(motd_lines).replace(b"\0", session.nick.encode("utf-8", "replace"))


@reply(TimeNow)
def _say_time(session: IrcSession, reply: TimeNow) -> bytes:
    server = session.context.server
    if isinstance(reply.context, Stats):
        return _say_stats(session, reply.context.letter, (reply.time - server.started) // 1_000_000)
    local = datetime.fromtimestamp(reply.time / 1_000_000 + server.utc_offset, UTC)
    text = f"{local:%A %B %d %Y -- %H:%M:%S} {server.zone}"
    return session.numeric(numerics.RPL_TIME, session.context.name, text=text)


def _say_stats(session: IrcSession, letter: str, up: int) -> bytes:
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
        counts = sorted(session.context.command_counts.items())
        told = b"".join(session.numeric(numerics.RPL_STATSCOMMANDS, name, str(n)) for name, n in counts)
    return told + session.numeric(numerics.RPL_ENDOFSTATS, middle(letter), text="End of /STATS report")


_COLUMNS = 72
"""Where a line of help is broken: it is read beside times and names."""

_INDEX = ("INDEX", "COMMANDS", "USERCMDS")
"""Subjects under which people look for the list of commands."""


@command("HELP [<command>]", "Says what a command does, or which commands there are.")
@command("HELPOP [<command>]", "Says what a command does, or which commands there are.")
def _help(session: IrcSession, message: Message) -> Sequence[Command]:
    subject = message.param(0).upper()
    if not subject or subject in _INDEX:
        names = textwrap.wrap(" ".join(sorted(COMMANDS)), _COLUMNS)
        more = "HELP <command> says what a command does."
        return _page(subject or "*", "The commands of this server", [*names, "", more])
    entry = COMMANDS.get(subject)
    if entry is None:
        shown = message.param(0) if " " not in subject and subject[0] != ":" else "*"
        return [numeric(numerics.ERR_HELPNOTFOUND, shown, text="No help available on this topic")]
    usage = f"{subject} {entry.params}".rstrip()
    return _page(subject, f"The command {subject}", [usage, "", *textwrap.wrap(entry.about, _COLUMNS)])


def _page(subject: str, title: str, texts: Sequence[str]) -> Sequence[Command]:
    """A title, an empty line as is usual, the text; its last line tells that it is (Modern IRC, "HELP")."""
    return [
        numeric(numerics.RPL_HELPSTART, subject, text=title),
        *(numeric(numerics.RPL_HELPTXT, subject, text=text) for text in ("", *texts[:-1])),
        numeric(numerics.RPL_ENDOFHELP, subject, text=texts[-1]),
    ]


EXTENDED_ISUPPORT: Final = capability("draft/extended-isupport", "extensions/extended-isupport")

_BATCHED = BATCH | EXTENDED_ISUPPORT
"""With both, 005 comes in a batch and not otherwise."""


class Isupport(msgspec.Struct, frozen=True):
    """The tokens of 005 are asked for."""


@command("ISUPPORT", "Tells what this server supports.", early=True)
def _isupport(session: IrcSession, message: Message) -> Sequence[Command]:
    """Tells what the server supports, before registration too where that was negotiated."""
    if not session.entered and not session.caps_in & EXTENDED_ISUPPORT:
        return [numeric(numerics.ERR_NOTREGISTERED, text="You have not registered")]
    return [DialectReply(Isupport())]


TOKENS_A_LINE: Final = 13
"""Tokens in one 005: with nick and text 15 parameters (Modern IRC, "RPL_ISUPPORT")."""


def _targmax(_server: ServerInfo) -> str:
    """Of each command with a list of targets, how many it may have."""
    return ",".join(f"{name}:{spec.targets}" for name, spec in sorted(COMMANDS.items()) if spec.targets)


token("TARGMAX", _targmax)


def isupport_lines(context: SharedState) -> bytes:
    """005 with a NUL wherever the requester's nick goes."""
    return token_lines(context.name, isupport_tokens(context.server))


def token_lines(source: str, tokens: Sequence[str]) -> bytes:
    """The same of these tokens."""
    text = "are supported by this server"
    room = BODY_BYTES - len(f":{source} {numerics.RPL_ISUPPORT}  :{text}") - NAME_BYTES
    rows: list[list[str]] = [[]] if tokens else []
    for one in tokens:
        if len(rows[-1]) == TOKENS_A_LINE or len(" ".join((*rows[-1], one)).encode()) > room:
            rows.append([])
        rows[-1].append(one)
    return b"".join(hollow(source, numerics.RPL_ISUPPORT, f" {' '.join(row)}", text) for row in rows)


def isupport_of(session: IrcSession, hollow_lines: bytes = b"") -> bytes:
    """005 as this session is told it, all of it or these lines with a NUL for the nick."""
    told = hollow_lines
    if not told:
        own = [one for make in SESSION_TOKENS if (one := make(session)) is not None]
        told = session.context.rendered(isupport_lines) + token_lines(session.context.name, own)
    told = told.replace(b"\0", session.nick.encode("utf-8", "replace"))
    if session.caps_out & _BATCHED != _BATCHED:
        return told
    name = session.next_batch()
    tag = f"@batch={name} ".encode()
    source = f":{session.context.name} BATCH "
    lines = tag + told[:-2].replace(b"\r\n", b"\r\n" + tag) + b"\r\n"
    return line(f"{source}+{name} draft/isupport") + lines + line(f"{source}-{name}")


@reply(Isupport)
def _say_isupport(session: IrcSession, _value: Isupport) -> bytes:
    return isupport_of(session)


# The client's side.


silent(
    numerics.RPL_LUSERCLIENT,
    numerics.RPL_LUSEROP,
    numerics.RPL_LUSERUNKNOWN,
    numerics.RPL_LUSERCHANNELS,
    numerics.RPL_LUSERME,
    numerics.RPL_LOCALUSERS,
    numerics.RPL_GLOBALUSERS,
    numerics.RPL_MOTDSTART,
)


@command("REHASH", "Reads the server's configuration again and tells what changed (operators).")
def _rehash(session: IrcSession, message: Message) -> Sequence[Command]:
    return [Reload()]


@reply(Reloaded)
def _say_reloaded(session: IrcSession, reply: Reloaded) -> bytes:
    texts = [f"Changed: {', '.join(reply.changed) or 'nothing'}"]
    if reply.waiting:
        texts.append(f"Only a restart changes: {', '.join(reply.waiting)}")
    return _rehashing(session, reply.file, texts)


@reply(NotReloaded)
def _say_not_reloaded(session: IrcSession, refusal: NotReloaded) -> bytes:
    return _rehashing(session, refusal.file, [f"Nothing changed: {refusal.reason}"])


def _rehashing(session: IrcSession, file: str, texts: Sequence[str]) -> bytes:
    notices = (line(f":{session.context.name} NOTICE {session.nick}", text) for text in texts)
    rehashing = session.numeric(numerics.RPL_REHASHING, middle(file or "*"), text="Rehashing")
    return rehashing + b"".join(notices)


to_server(Reload)(lambda _, _command: ("REHASH",))


@from_server(numerics.RPL_ISUPPORT)
def _read_isupport(client: ClientConnection, line: ServerLine) -> Iterable[Value]:
    client.server.isupport(line)
    return ()
