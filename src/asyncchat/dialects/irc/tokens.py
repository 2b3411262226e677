"""IRC's message grammar, both ways: one line of bytes ⇄ one ``Message``.

Owns tags, source, command and parameters as Modern IRC ("Message Format") and IRCv3 ``message-tags`` have
them; must not know what a command means, nor which side reads.
"""

import enum
import re
from collections.abc import Collection, Iterable

import msgspec

LINE_BYTES = 512
"""Longest message without its tags, CR LF included (RFC 1459, 2.3)."""

CLIENT_TAG_BYTES = 4094
"""Most tag data a client may send, without ``@`` and the space (IRCv3 message-tags, "Size limit")."""

TAGS_BYTES = 8191
"""Longest tags a server may send, ``@`` and the space included (ibid.)."""

Tags = tuple[tuple[str, str], ...]
"""Tags in the order of the line, unescaped; each key once; no value is an empty one."""


def is_denied(denied: Collection[str], name: str) -> bool:
    """Whether a server that sets these in CLIENTTAGDENY passes a client's tag of this name not on.

    See message-tags, "RPL_ISUPPORT Tokens"; the name is without its ``+``.
    """
    return name in denied or ("*" in denied and f"-{name}" not in denied)


class Fault(enum.Enum):
    """Why a line is no message."""

    EMPTY = "there is no command in it"
    NOT_UTF8 = "it is not UTF-8"
    CONTROL = "it has a NUL or a line break in it"


class Message(msgspec.Struct, frozen=True):
    """One message of either side.

    ``source`` is without its colon, ``command`` in upper case; nothing tells a last parameter that had a
    colon from one that had none, as the grammar demands.
    """

    command: str
    params: tuple[str, ...] = ()
    source: str = ""
    tags: Tags = ()

    def tag(self, key: str) -> str | None:
        """A tag's value, '' for a tag without one, None for no such tag."""
        for name, value in self.tags:
            if name == key:
                return value
        return None

    def param(self, index: int) -> str:
        """A parameter, or '' where there are not so many."""
        return self.params[index] if index < len(self.params) else ""


def parse(line: bytes, fallback: str | None = None) -> Message | Fault:
    """Reads one line.

    Args:
        line: without its LF; CRs at its end do not matter.
        fallback: the encoding of bytes that are not UTF-8 (one that reads any byte, such as ``latin-1``);
            None: such a line is a fault.
    """
    line = line.rstrip(b"\r")
    if b"\0" in line or b"\r" in line:
        return Fault.CONTROL
    try:
        text = line.decode()
    except UnicodeDecodeError:
        if fallback is None:
            return Fault.NOT_UTF8
        text = line.decode(fallback, "replace")
    tags: Tags = ()
    source = ""
    text = text.lstrip(" ")
    if text.startswith("@"):
        tag_data, _, text = text[1:].partition(" ")
        tags = parse_tags(tag_data)
        text = text.lstrip(" ")
    if text.startswith(":"):
        source, _, text = text[1:].partition(" ")
    head, colon, last = (" " + text).partition(" :")
    words = [word for word in head.split(" ") if word]
    if not words:
        return Fault.EMPTY
    command = words[0]
    if colon:
        words.append(last)
    return Message(command.upper() if command.isascii() else command, tuple(words[1:]), source, tags)


def parse_tags(data: str) -> Tags:
    """Reads tag data, as it stands between ``@`` and the space; if a key is given twice, the last counts."""
    found: dict[str, str] = {}
    for piece in data.split(";"):
        key, _, value = piece.partition("=")
        if key:
            found.pop(key, None)
            found[key] = unescape(value) if "\\" in value else value
    return tuple(found.items())


def format(message: Message) -> bytes:
    """The bytes of a message, CR LF included; its length is not checked.

    Raises:
        ValueError: a part of it can't be said in the grammar: a parameter with a space that is not the last
            one, a line break or NUL anywhere.
    """
    words = []
    if message.tags:
        words.append("@" + format_tags(message.tags))
    if message.source:
        words.append(":" + message.source)
    words.append(message.command)
    words.extend(message.params[:-1])
    if any(not word or " " in word for word in words) or any(
        word.startswith(":") for word in message.params[:-1]
    ):
        raise ValueError(
            f"only the last parameter may be empty, have a space or begin with a colon: {message}"
        )
    if message.params:
        last = message.params[-1]
        words.append(":" + last if not last or last[0] == ":" or " " in last else last)
    text = " ".join(words)
    if "\n" in text or "\r" in text or "\0" in text:
        raise ValueError(f"a message is one line: {message}")
    return text.encode() + b"\r\n"


def format_tags(tags: Iterable[tuple[str, str]]) -> str:
    """Tag data, without ``@`` and the space."""
    return ";".join(f"{key}={escape(value)}" if value else key for key, value in tags)


_ESCAPES = {";": "\\:", " ": "\\s", "\\": "\\\\", "\r": "\\r", "\n": "\\n"}
_UNESCAPES = {":": ";", "s": " ", "\\": "\\", "r": "\r", "n": "\n"}
_TO_ESCAPE = re.compile(r"[; \\\r\n]")
_TO_UNESCAPE = re.compile(r"\\(.?)", re.DOTALL)


def escape(value: str) -> str:
    """A tag's value as it stands in a line."""
    return _TO_ESCAPE.sub(lambda found: _ESCAPES[found[0]], value)


def unescape(value: str) -> str:
    """The value that stands escaped in a line; a backslash that escapes nothing is dropped."""
    return _TO_UNESCAPE.sub(lambda found: _UNESCAPES.get(found[1], found[1]), value)
