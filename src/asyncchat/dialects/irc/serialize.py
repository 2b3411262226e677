"""A server's own lines, made to fit, and its answers that stand among a line's commands.

Owns the 512 bytes of a line (RFC 1459, 2.3), that no text breaks out of its place, and how a parameter with
several targets is split; must not know any command.
"""

import base64
from collections.abc import Callable
from typing import Final

import msgspec

from asyncchat.core.commands import Command, DialectReply
from asyncchat.core.text import cut
from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.tokens import LINE_BYTES

BODY_BYTES = LINE_BYTES - 2
"""A line without its CR LF."""

REASON_BYTES: Final = 255
"""Longest reason of a quit or a part, and away text (AWAYLEN): half a line."""

CHUNK_BYTES = 400
"""Longest chunk of a message in base64 (sasl-3.1, "The AUTHENTICATE command")."""

_BREAKS = str.maketrans({"\r": " ", "\n": " ", "\0": " "})


def line(head: str, last: str | None = None) -> bytes:
    """A line of a head (words that are known to be words) and a last parameter of any text.

    What is too long for a line loses its end: only a topic, a mask or a reason of full length beside the
    longest names is; messages are cut into several lines instead (``speech``).
    """
    text = head if last is None else f"{head} :{last}"
    raw = text.encode("utf-8", "replace")
    if len(raw) > BODY_BYTES:
        text = cut(text, BODY_BYTES)[0]
        raw = text.encode("utf-8", "replace")
    if b"\n" in raw or b"\r" in raw or b"\0" in raw:
        raw = text.translate(_BREAKS).encode("utf-8", "replace")
    return raw + b"\r\n"


def middle(text: str) -> str:
    """A text as a parameter in the middle of a line."""
    if not text:
        return "*"
    if " " in text:
        text = text.replace(" ", "_")
    return "0" + text if text[0] == ":" else text


def reason_of(text: str) -> str:
    """A reason, cut to its limit."""
    return cut(text, REASON_BYTES)[0]


def hollow(source: str, code: str, words: str, text: str | None) -> bytes:
    """A numeric with a NUL in the place of the reader's nick: what is the same for all is made once."""
    marked = line(f":{source} {code} \x1a{words}", text and text.replace("\0", "\x1a"))
    return marked.replace(b"\x1a", b"\0")


def chunks(data: bytes) -> list[str]:
    """A message as AUTHENTICATE takes it; a last chunk of full length is followed by an empty one."""
    text = base64.b64encode(data).decode()
    pieces = [text[at : at + CHUNK_BYTES] for at in range(0, len(text), CHUNK_BYTES)]
    return pieces if pieces and len(pieces[-1]) < CHUNK_BYTES else [*pieces, "+"]


class Numeric(msgspec.Struct, frozen=True):
    """A numeric to be said in its place in the order, to whoever the requester is by then."""

    code: str
    words: tuple[str, ...]
    text: str | None


def numeric(code: str, *words: str, text: str | None = None) -> DialectReply:
    """Has a numeric said."""
    return DialectReply(Numeric(code, words, text))


def listed(text: str, most: int) -> list[str]:
    """The items of a comma-separated parameter, each once, at most so many."""
    return list(dict.fromkeys(item for item in text.split(",") if item))[:most]


def each(text: str, most: int, make: Callable[[str], Command]) -> list[Command]:
    """A command for each item of a comma-separated parameter; one refusal for those beyond the limit."""
    items = listed(text, most + 1)
    asked = [make(item) for item in items[:most]]
    if len(items) > most:
        asked.append(too_many(items[most], most))
    return asked


def too_many(target: str, most: int) -> DialectReply:
    """Refuses a line with too many targets; ``target`` is the first beyond the limit (TARGMAX)."""
    return numeric(numerics.ERR_TOOMANYTARGETS, middle(target), text=f"At most {most} targets at once")
