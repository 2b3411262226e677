"""A server's own lines, made to fit.

Owns the 512 bytes of a line (RFC 1459, 2.3), and that no text breaks out of its place.
"""

from asyncchat.core.text import cut
from asyncchat.dialects.irc.tokens import LINE_BYTES

BODY_BYTES = LINE_BYTES - 2
"""A line without its CR LF."""

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


def hollow(source: str, code: str, words: str, text: str | None) -> bytes:
    """A numeric with a NUL in the place of the reader's nick: what is the same for all is made once."""
    marked = line(f":{source} {code} \x1a{words}", text and text.replace("\0", "\x1a"))
    return marked.replace(b"\x1a", b"\0")
