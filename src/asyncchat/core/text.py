"""Texts people read: what of a stranger's text may reach a terminal, and where a long one may be cut.

Owns the safety of shown text; must not know a dialect's line length or format codes.
"""

import unicodedata

TEXT_BYTES = 8192
"""Longest message in UTF-8; a page of prose or a stack trace, and small enough to relay whole."""

TOPIC_BYTES = 270
"""Longest topic: fits one IRC line of 512 bytes beside the longest origin and room that we allow."""

_JOINERS = frozenset("\u200c\u200d")
_HIDDEN = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))


def size(text: str) -> int:
    """A text's length in UTF-8, in bytes; half a surrogate pair counts as the three that it would be."""
    return len(text.encode("utf-8", "surrogatepass"))


def printable(text: str) -> str:
    """The text without control and invisible characters; a tab or an exotic space becomes a space.

    One joiner stays between two letters beyond ASCII, where scripts and emoji need it.
    """
    if text.isprintable():
        return text
    kept: list[str] = []
    joiner = ""
    for char in text:
        category = unicodedata.category(char)
        if category == "Zs" or char == "\t":
            kept.append(" ")
            joiner = ""
        elif char in _JOINERS:
            joiner = joiner or (char if kept and ord(kept[-1]) > 127 else "")
        elif category not in _HIDDEN:
            if joiner and ord(char) > 127:
                kept.append(joiner)
            kept.append(char)
            joiner = ""
    return "".join(kept)


def cut(text: str, limit: int) -> list[str]:
    """Cuts a text into parts of at most ``limit`` UTF-8 bytes that joined give the text again.

    Cuts fall behind a space if one is in the part's last third, else between grapheme clusters; inside a
    cluster only where it alone is longer than the limit.

    Args:
        text: any text.
        limit: bytes, at least 4 (one character).
    """
    if len(text) * 4 <= limit or size(text) <= limit:
        return [text]
    parts = []
    start = 0
    while start < len(text):
        end = _fitting(text, start, limit)
        if end < len(text):
            end = _good_cut(text, start, end)
        parts.append(text[start:end])
        start = end
    return parts


def _fitting(text: str, start: int, limit: int) -> int:
    """The end of the longest part from ``start`` that fits."""
    used = 0
    for index in range(start, len(text)):
        code = ord(text[index])
        used += 1 if code < 0x80 else 2 if code < 0x800 else 3 if code < 0x10000 else 4
        if used > limit:
            return max(index, start + 1)
    return len(text)


def _good_cut(text: str, start: int, end: int) -> int:
    space = text.rfind(" ", start + (end - start) * 2 // 3, end)
    if space > start and not _continues(text, space + 1, start):
        return space + 1
    cluster = end
    while cluster > start + 1 and _continues(text, cluster, start):
        cluster -= 1
    return cluster if cluster > start + 1 or not _continues(text, cluster, start) else end


def _continues(text: str, index: int, start: int) -> bool:
    """Whether the character there belongs to the cluster before it (UAX #29, as far as people type it).

    A cluster begins at ``start``: nothing before it is looked at.
    """
    if index >= len(text):
        return False
    char, before = text[index], text[index - 1]
    if char.isascii() and before.isascii():
        return False
    code = ord(char)
    if unicodedata.category(char) in ("Mn", "Me", "Mc") or char in _JOINERS or before == "\u200d":
        return True
    if 0x1F3FB <= code <= 0x1F3FF or 0xE0020 <= code <= 0xE007F:
        return True
    if 0x1160 <= code <= 0x11FF:
        return True
    if 0x1F1E6 <= code <= 0x1F1FF and 0x1F1E6 <= ord(before) <= 0x1F1FF:
        flags = 0
        while index - 1 - flags >= start and 0x1F1E6 <= ord(text[index - 1 - flags]) <= 0x1F1FF:
            flags += 1
        return flags % 2 == 1
    return False
