"""What a server says of itself: the greeting 001 to 005, LUSERS, the message of the day.

Owns the tokens of 005, which are all true: each names the limit's constant. Must not know who is greeted.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from asyncchat.core.modes import BOT, EXCEPTIONS, GUESTS, KEY_BYTES
from asyncchat.core.names import NAME_BYTES, NAME_LENGTH, ROOM_LENGTH
from asyncchat.core.people import Person
from asyncchat.core.replies import Counts
from asyncchat.core.rules.modes import MASKS_EACH
from asyncchat.core.rules.rooms import ROOMS_EACH
from asyncchat.core.rules.watching import WATCHED_EACH
from asyncchat.core.text import TOPIC_BYTES, cut
from asyncchat.dialects.irc import limits, modes, numerics
from asyncchat.dialects.irc.serialize import BODY_BYTES, line

if TYPE_CHECKING:
    from asyncchat.dialects.irc.server_context import IrcContext

TOKENS_A_LINE: Final = 13
"""Tokens in one 005: with nick and text 15 parameters (Modern IRC, "RPL_ISUPPORT")."""

_TARGETS: Final = (
    ("PRIVMSG", limits.TARGETS),
    ("NOTICE", limits.TARGETS),
    ("TAGMSG", limits.TARGETS),
    ("JOIN", limits.JOINS),
    ("PART", limits.JOINS),
    ("KICK", limits.KICKS),
    ("NAMES", limits.NAMED),
    ("LIST", limits.LISTED),
    ("WHOIS", limits.WHOIS),
)

_MOTD_BYTES: Final = 380
"""A line of the message of the day, beside any nick and server name."""


def isupport(irc: IrcContext) -> list[str]:
    """The tokens of 005."""
    return [
        "CASEMAPPING=ascii",
        "CHANTYPES=#",
        f"PREFIX={modes.PREFIX}",
        f"STATUSMSG={modes.STATUSMSG}",
        f"CHANMODES={modes.CHANMODES}",
        f"EXCEPTS={modes.LIST_LETTERS[EXCEPTIONS]}",
        f"INVEX={modes.LIST_LETTERS[GUESTS]}",
        f"EXTBAN=,{modes.EXTBANS}",
        f"ACCOUNTEXTBAN={modes.ACCOUNT_EXTBAN}",
        f"BOT={modes.PERSON_LETTERS[BOT]}",
        f"NICKLEN={NAME_LENGTH}",
        f"USERLEN={limits.USER_LENGTH}",
        f"CHANNELLEN={ROOM_LENGTH}",
        f"TOPICLEN={TOPIC_BYTES}",
        f"KICKLEN={limits.KICK_BYTES}",
        f"AWAYLEN={limits.REASON_BYTES}",
        f"NAMELEN={limits.REALNAME_BYTES}",
        f"CHANLIMIT=#:{ROOMS_EACH}",
        f"KEYLEN={KEY_BYTES}",
        f"MAXLIST={','.join(f'{letter}:{MASKS_EACH}' for letter in modes.LIST_LETTERS.values())}",
        f"MODES={limits.CHANGES}",
        f"TARGMAX={','.join(f'{command}:{most}' for command, most in _TARGETS)}",
        f"NETWORK={_value(irc.server.network or irc.name)}",
        *([f"draft/ICON={_value(irc.server.icon)}"] if irc.server.icon else ()),
        f"CHATHISTORY={limits.PAGE}",
        f"MONITOR={WATCHED_EACH}",
        "MSGREFTYPES=msgid,timestamp",
        "SAFELIST",
        "KNOCK",
        f"ELIST={limits.ELIST}",
        "UTF8ONLY",
        "WHOX",
    ]


def _value(text: str) -> str:
    """A token's value as it is written (Modern IRC, "RPL_ISUPPORT Parameters")."""
    return text.replace("\\", "\\x5C").replace(" ", "\\x20").replace("=", "\\x3D")


def opening(irc: IrcContext) -> bytes:
    """001 to 004 with a NUL wherever the asker's nick goes."""
    server = irc.server
    created = datetime.fromtimestamp(server.started / 1_000_000, UTC).strftime("%a %d %b %Y at %H:%M:%S UTC")
    return b"".join(
        (
            _hollow(irc, numerics.RPL_WELCOME, "", f"Welcome to {irc.name}, \0"),
            _hollow(irc, numerics.RPL_YOURHOST, "", f"Your host is {irc.name}, running {irc.software}"),
            _hollow(irc, numerics.RPL_CREATED, "", f"This server was started {created}"),
            _hollow(
                irc,
                numerics.RPL_MYINFO,
                f" {irc.name} {irc.software} {modes.USER_MODES} {modes.ROOM_MODES} "
                f"{modes.ROOM_MODES_WITH_PARAMETER}",
                None,
            ),
        )
    )


def isupport_lines(irc: IrcContext) -> bytes:
    """005 with a NUL wherever the asker's nick goes."""
    text = "are supported by this server"
    room = BODY_BYTES - len(f":{irc.name} {numerics.RPL_ISUPPORT}  :{text}") - NAME_BYTES
    lines: list[list[str]] = [[]]
    for token in isupport(irc):
        if len(lines[-1]) == TOKENS_A_LINE or len(" ".join((*lines[-1], token)).encode()) > room:
            lines.append([])
        lines[-1].append(token)
    return b"".join(_hollow(irc, numerics.RPL_ISUPPORT, f" {' '.join(tokens)}", text) for tokens in lines)


def motd(irc: IrcContext) -> bytes:
    """The message of the day, or that there is none, with a NUL wherever the asker's nick goes."""
    lines = irc.server.motd
    if lines is None:
        return _hollow(irc, numerics.ERR_NOMOTD, "", "There is no message of the day")
    parts = [part for text in lines for part in cut(text, _MOTD_BYTES)]
    return b"".join(
        (
            _hollow(irc, numerics.RPL_MOTDSTART, "", f"- {irc.name} Message of the day - "),
            *(_hollow(irc, numerics.RPL_MOTD, "", f"- {part}") for part in parts),
            _hollow(irc, numerics.RPL_ENDOFMOTD, "", "End of /MOTD command"),
        )
    )


def _hollow(irc: IrcContext, code: str, words: str, text: str | None) -> bytes:
    """A numeric with a NUL in the place of the nick: what is the same for all is made once."""
    marked = line(f":{irc.name} {code} \x1a{words}", text and text.replace("\0", "\x1a"))
    return marked.replace(b"\x1a", b"\0")


def lusers(irc: IrcContext, nick: str, counts: Counts) -> bytes:
    """How many there are (Modern IRC, "LUSERS message")."""
    people, rooms, most = counts.people, counts.rooms, counts.most_people
    visible = people - counts.invisible
    said: list[tuple[str, str, str]] = [
        (
            numerics.RPL_LUSERCLIENT,
            "",
            f"There are {visible} users and {counts.invisible} invisible on 1 servers",
        ),
    ]
    if counts.owners:
        said.append((numerics.RPL_LUSEROP, f" {counts.owners}", "operator(s) online"))
    arriving = irc.arriving()
    if arriving > 0:
        said.append((numerics.RPL_LUSERUNKNOWN, f" {arriving}", "unknown connection(s)"))
    if rooms:
        said.append((numerics.RPL_LUSERCHANNELS, f" {rooms}", "channels formed"))
    said += [
        (numerics.RPL_LUSERME, "", f"I have {people} clients and 0 servers"),
        (numerics.RPL_LOCALUSERS, f" {people} {most}", f"Current local users {people}, max {most}"),
        (numerics.RPL_GLOBALUSERS, f" {people} {most}", f"Current global users {people}, max {most}"),
    ]
    return b"".join(line(f":{irc.name} {code} {nick}{words}", text) for code, words, text in said)


def greeting(irc: IrcContext, person: Person, counts: Counts, isupport: bytes, own: bytes = b"") -> bytes:
    """All that a newcomer is told; ``isupport`` is 005 as it is told it, ``own`` what it has of its own."""
    nick = person.name.encode("utf-8", "replace")
    return b"".join(
        (
            irc.opening.replace(b"\0", nick),
            isupport,
            lusers(irc, person.name, counts),
            own,
            irc.motd.replace(b"\0", nick),
        )
    )
