"""PRIVMSG and NOTICE as a client reads and writes them.

Owns actions, conversations' names, continuation lines and the room a line has for text; must not know
acknowledgements.
"""

from collections.abc import Callable
from datetime import datetime

from asyncchat.core.events import Speech
from asyncchat.core.text import cut
from asyncchat.dialects.irc import tokens
from asyncchat.dialects.irc.client_server import HOST_BYTES, USER_BYTES, ServerFacts
from asyncchat.dialects.irc.client_values import Message, Told

_ACTION = "\x01ACTION "
_CUT_FREE = 4
"""Bytes cut() needs at least; a target that leaves less room than that is none that a server gave."""

_SPEECH = (Speech.MESSAGE, Speech.NOTICE, Speech.ACTION)


def moment(line: tokens.Message, now: datetime) -> datetime:
    """When the server says a line happened (IRCv3 server-time), else ``now``."""
    stamp = line.tag("time")
    if stamp:
        try:
            at = datetime.fromisoformat(stamp)
        except ValueError:
            return now
        if at.tzinfo is not None:
            return at
    return now


def nick_of(source: str) -> str:
    """The nick in ``nick!user@host``."""
    return source.partition("!")[0].partition("@")[0]


class Reader:
    """Reads the messages of one stream of lines: a connection, or one batch.

    Args:
        server: for folding and rooms' names.
        is_own: whether a nick is ours.
    """

    def __init__(self, server: ServerFacts, is_own: Callable[[str], bool]) -> None:
        self._server = server
        self._is_own = is_own
        self._head: Message | None = None

    def interrupt(self) -> None:
        """Another line came: what follows continues no message."""
        self._head = None

    def read(self, line: tokens.Message, now: datetime, *, replayed: bool) -> Message | Told | None:
        """The message in a PRIVMSG or NOTICE; None where it is not for people (CTCP)."""
        nick = nick_of(line.source)
        target = self._server.bare_room(line.param(0))
        text = line.param(1)
        notice = line.command == "NOTICE"
        at = moment(line, now)
        in_room = self._server.is_room(target)
        if notice and not in_room and ("!" not in line.source or target == "*"):
            self._head = None
            return Told(at, text)
        action = text.startswith(_ACTION)
        if action:
            text = text[len(_ACTION) :].removesuffix("\x01")
        elif text.startswith("\x01"):
            self._head = None
            return None
        own = self._is_own(nick)
        room = target if in_room or own else nick
        id = line.tag("msgid") or ""
        part = 0
        head = self._head
        if not id and head is not None and (head.room, head.nick, head.notice) == (room, nick, notice):
            # A message longer than a line: the server puts its id on the first line only.
            id, part = head.id, head.part + 1
        message = Message(id, at, room, nick, text, own, action, notice, replayed, part)
        self._head = message if id else None
        return message


def text_bytes(server: ServerFacts, origin: str, to: str, speech: Speech) -> int:
    """How many bytes of text fit one line as the server relays it, with our origin before it.

    Args:
        server: its line length and what it shows of users.
        origin: ``nick!user@host``, or the nick alone while the rest is not known.
        to: the target.
        speech: how it is said.
    """
    prefix = len(origin.encode())
    if "!" not in origin:
        user = server.number("USERLEN", USER_BYTES)
        prefix += 2 + user + server.number("HOSTLEN", HOST_BYTES)
    around = len(f": {_command(speech)}  :\r\n") + len(to.encode())
    if speech is Speech.ACTION:
        around += len(_ACTION) + 1
    return max(_CUT_FREE, server.line_bytes - prefix - around)


def parts(server: ServerFacts, origin: str, to: str, text: str, speech: Speech) -> list[str]:
    """A text as the messages that carry it: lines, and these cut so that each fits once it is relayed."""
    limit = text_bytes(server, origin, to, speech)
    clean = text.replace("\0", "").encode("utf-8", "replace").decode()
    lines = clean.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return [part for line in lines if line.strip() for part in cut(line, limit) if part]


def said(to: str, text: str, speech: Speech, label: str) -> bytes:
    """The line that says one part."""
    if speech is Speech.ACTION:
        text = f"{_ACTION}{text}\x01"
    tags = (("label", label),) if label else ()
    return tokens.format(tokens.Message(_command(speech), (to, text), tags=tags))


def _command(speech: Speech) -> str:
    return "NOTICE" if speech is Speech.NOTICE else "PRIVMSG"
