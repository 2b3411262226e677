"""The client's side of the plain dialect: bytes from a server to values, words to bytes.

Owns how lines are recognised and sent, framed and unframed; must not know sockets or waiting.
"""

import re

from asyncchat.core.text import cut
from asyncchat.dialects.framing import LineFramer
from asyncchat.dialects.plain import client_values as values
from asyncchat.dialects.plain.dialect import LINE_BYTES
from asyncchat.dialects.plain.prompts import ASK_AGAIN, GREETING, PASSWORD_PROMPT
from asyncchat.dialects.plain.unframed import WRITE_BYTES, unfinished
from asyncchat.text.sanitize import shown

LONGEST_LINE = 65_536
"""Longest line taken from a server, in bytes: a message, or a list of names, with room to spare."""

NEWS_CHARS = 1024
"""Longest line that may be news: what an original server writes at once. They are sought by patterns."""

PROMPT_BYTES = 512
"""Longest unfinished line that may be a prompt: a refused name and its reason are far shorter."""

_CLOCK = r"(?:(?P<clock>[0-2][0-9]:[0-5][0-9]) )?"
_WHERE = r"(?:\[(?:(?P<private>private)|(?P<room>#\S+))\] )?"
_SPOKEN = re.compile(_CLOCK + _WHERE + r"(?:\* (?P<doer>\S+)|(?P<name>\S+):) (?P<text>.*)")
_NOT_SPOKEN = ("Usage: /", "… ")
_SPOKEN_BY_ANY_NAME = re.compile(r"(?P<name>[^:]+): (?P<text>.*)", re.DOTALL)
_NEWS = (
    (re.compile(r"(?P<name>.+) is online"), lambda m: values.CameOnline(m["name"])),
    (
        re.compile(r"\[(?P<room>#\S+)\] (?P<name>\S+) joined"),
        lambda m: values.CameOnline(m["name"], m["room"]),
    ),
    (
        re.compile(r"(?P<name>.+) left chat(?: \((?P<reason>.*)\))?"),
        lambda m: values.LeftChat(m["name"], m["reason"] or ""),
    ),
    (re.compile(r"(?P<name>\S+) is now (?P<now>\S+)"), lambda m: values.NowCalled(m["name"], m["now"])),
)


class PlainClient:
    """One connection to a server that speaks the plain dialect, as its client.

    An original-style server (``seed/server.py``) ends nothing with a newline: one read brings one message, or
    several in one piece, and nothing tells which. So where ``framed`` is False each read gives one value (or
    one for each line in it), and messages that arrived together are one ``Heard`` that has all of them.

    Args:
        framed: whether lines end with newlines in both directions (asyncchat's own server does so for a
            client that sends one); False for an original-style server.
    """

    __slots__ = ("_entered", "_framed", "_lines", "_tail")

    def __init__(self, *, framed: bool = True) -> None:
        self._framed = framed
        self._entered = False
        self._lines = LineFramer(LONGEST_LINE)
        self._tail = b""

    @property
    def entered(self) -> bool:
        """Whether the server has greeted us under our name."""
        return self._entered

    def receive_data(self, data: bytes) -> list[values.Value]:
        """What one read brought, in order."""
        if not self._framed:
            return self._read_whole(data)
        lines = self._lines
        lines.feed(data)
        told: list[values.Value] = []
        for raw in lines.take(lines.ready):
            if raw is None:
                told.append(values.Line(f"(a line of more than {LONGEST_LINE:,} bytes, not shown)"))
            elif raw:
                told.append(self._understood(raw.decode("utf-8", "replace")))
        if not self._entered and 0 < lines.unfinished <= PROMPT_BYTES:
            # A prompt ends without a newline; anything else without one is a line that is not complete.
            rest = lines.take_rest()
            asked = _asked(shown(rest.decode("utf-8", "replace")))
            if asked is None:
                lines.feed(rest)
            else:
                told.append(asked)
        return told

    def receive_eof(self) -> list[values.Value]:
        """The value of an unfinished last line."""
        rest = (self._tail + self._lines.take_rest()).decode("utf-8", "replace")
        self._tail = b""
        return [self._understood(rest)] if rest else []

    def enter(self, name: str) -> bytes:
        """Answers ``Asked`` with a name."""
        return self._line(" ".join(name.split()))

    def unlock(self, password: str) -> bytes:
        """Answers ``AskedPassword`` with the server's password."""
        return self._line(password)

    def say(self, text: str) -> list[bytes]:
        """Sends a message to the current room, whatever it looks like.

        Returns:
            Writes. Where unframed, each is a message: send them at least ``WRITE_PAUSE`` apart, or the server
            reads two as one. A text of several lines is several messages.
        """
        said = []
        for line in shown_lines(text):
            if self._framed and (line.startswith("/") or line.lower() == "exit"):
                line = f"//{line}" if line.lower() == "exit" else f"/{line}"
            said += [self._line(part) for part in cut(line, LINE_BYTES if self._framed else WRITE_BYTES)]
        return [b"".join(said)] if self._framed and said else said

    def command(self, line: str) -> bytes:
        """Sends a line as it is: ``/join #room``. An original server takes it as a message."""
        return self._line(shown(line))

    def _line(self, text: str) -> bytes:
        return (text + "\n" if self._framed else text).encode("utf-8", "replace")

    def _read_whole(self, data: bytes) -> list[values.Value]:
        data = self._tail + data
        whole = len(data) - unfinished(data)
        self._tail = data[whole:]
        texts = data[:whole].decode("utf-8", "replace").split("\n")
        return [self._understood(text.removesuffix("\r")) for text in texts if text]

    def _understood(self, text: str) -> values.Value:
        text = shown(text)
        if not self._entered:
            asked = _asked(text)
            if asked is not None:
                return asked
            # It follows a prompt that was answered before it was read.
            text = text.removeprefix(GREETING).rpartition(ASK_AGAIN)[2]
            greeted = _greeted(text)
            if greeted is not None:
                self._entered = True
                return greeted
        if text.startswith(_NOT_SPOKEN):
            return values.Line(text)
        spoken = _SPOKEN.fullmatch(text)
        if spoken is not None:
            return values.Heard(
                spoken["name"] or spoken["doer"],
                spoken["text"],
                spoken["room"] or "",
                spoken["private"] is not None,
                spoken["doer"] is not None,
                spoken["clock"] or "",
            )
        if not self._framed:
            by_any = _SPOKEN_BY_ANY_NAME.fullmatch(text)
            if by_any is not None:
                return values.Heard(by_any["name"], by_any["text"])
        for news, value in _NEWS if len(text) <= NEWS_CHARS else ():
            found = news.fullmatch(text)
            if found is not None:
                return value(found)
        return values.Line(text)


def shown_lines(text: str) -> list[str]:
    """The lines of a text that have anything in them, made clean."""
    return [line for part in text.splitlines() if (line := shown(part)).strip()]


def _greeted(text: str) -> values.Greeted | None:
    """``Hello, NAME!``, or ``Hello, NAME! NAME, NAME are in the chat``."""
    hello = text.removeprefix("Hello, ")
    if hello == text:
        return None
    people = hello.removesuffix(" are in the chat")
    name, found, names = people.partition("! ") if people != hello else ("", "", "")
    if name and found and names:
        return values.Greeted(name, tuple(names.split(", ")))
    name = hello.removesuffix("!")
    return values.Greeted(name, (name,)) if name and name != hello else None


def _asked(text: str) -> values.Asked | values.AskedPassword | None:
    if text == GREETING:
        return values.Asked("")
    if text.endswith(ASK_AGAIN):
        return values.Asked(text.removesuffix(ASK_AGAIN).rstrip().removeprefix(GREETING))
    if text.endswith(PASSWORD_PROMPT):
        return values.AskedPassword(text.removesuffix(PASSWORD_PROMPT).rstrip())
    return None
