"""What of a text may pass between people's terminals: no control, no invisible character, no format code.

Owns the cleaning of typed and of shown text; must not know what the text is part of.
"""

import re

from asyncchat.core.text import printable

_FORMAT = re.compile(
    r"\x03(?:[0-9]{1,2}(?:,[0-9]{1,2})?)?"
    r"|\x04(?:[0-9A-Fa-f]{6}(?:,[0-9A-Fa-f]{6})?)?"
    r"|[\x02\x0f\x11\x16\x1d\x1e\x1f]"
)
"""IRC's format codes with the digits of their colours (modern.ircdocs.horse/formatting)."""

_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b\]|\x9d)[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[NO][ -~]|\x1b[ -/]*[0-~]"
)
"""A terminal's own sequences (ECMA-48, 5.4 and 5.6): what an arrow key types, what a text may hide."""

_LETTER_BACK = re.compile(r"[\x08\x7f]")


def typed(text: str) -> str:
    """What a person meant to send: without what keys, backspaces and a terminal left in the line."""
    if text.isprintable():
        return text
    text = _ESCAPES.sub("", text)
    if _LETTER_BACK.search(text):
        kept: list[str] = []
        for char in text:
            if char not in "\x08\x7f":
                kept.append(char)
            elif kept:
                kept.pop()
        text = "".join(kept)
    return printable(_FORMAT.sub("", text))


def shown(text: str) -> str:
    """A line as a terminal may see it; a line break inside becomes a space."""
    if text.isprintable():
        return text
    text = _FORMAT.sub("", _ESCAPES.sub("", text))
    return printable(text.replace("\r\n", " ").replace("\n", " ").replace("\r", " "))
