"""Texts that people read: which characters may reach a terminal, and where a long text may be cut.

Owns the safety of shown text. Must not know a dialect's line length or format codes.
"""

import unicodedata

from wcwidth import iter_graphemes

TEXT_BYTES = 8192
"""Longest message in UTF-8: a page of prose or a stack trace, and small enough to relay in one piece."""

TOPIC_BYTES = 270
"""Longest topic: it fits one IRC line of 512 bytes beside the longest allowed origin and room name."""

_LOOKED_BACK = 64
"""Characters before a cut among which a sure boundary of grapheme clusters is looked for."""

_JOINERS = frozenset("\u200c\u200d")
_HIDDEN = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))


def size(text: str) -> int:
    """A text's length in UTF-8, in bytes; a lone surrogate counts as three bytes."""
    return len(text.encode("utf-8", "surrogatepass"))


def printable(text: str) -> str:
    """The text without control and invisible characters; a tab or an exotic space becomes a space.

    One joiner is kept between two characters beyond ASCII, where scripts and emoji need it.
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
    """Cuts a text into parts of at most ``limit`` UTF-8 bytes; joined they give the text again.

    A cut comes after a space if there is one in the last third of the part, else between grapheme clusters. A
    cluster is cut only if it alone is longer than the limit.

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


def beginning(text: str, limit: int) -> str:
    """The first line of a text, at most so many bytes of it; ``…`` stands for the rest."""
    short = cut(text.partition("\n")[0], limit)[0]
    return short if short == text else f"{short}…"


def _fitting(text: str, start: int, limit: int) -> int:
    """The end of the longest part from ``start`` that fits."""
    taken = text[start : start + limit]
    raw = taken.encode("utf-8", "surrogatepass")
    if len(raw) <= limit:
        return start + len(taken)
    end = limit
    while raw[end] & 0xC0 == 0x80:  # in the middle of a character
        end -= 1
    return start + max(1, len(raw[:end].decode("utf-8", "surrogatepass")))


def _good_cut(text: str, start: int, end: int) -> int:
    """The best place to cut at or before ``end``: after a space, else between grapheme clusters (UAX #29)."""
    space = text.rfind(" ", start + (end - start) * 2 // 3, end)
    if space > start and next(iter_graphemes(text, space, space + 2)) == " ":
        return space + 1
    around = text[end - 1 : end + 1]
    if around.isascii() and around != "\r\n":
        return end
    good = _sure_boundary(text, start, end)
    for cluster in iter_graphemes(text, good, end + 1):
        if good + len(cluster) > end:
            break
        good += len(cluster)
    return good if good > start else end


def _sure_boundary(text: str, start: int, end: int) -> int:
    """A boundary of grapheme clusters before ``end`` from which they are looked at, else ``start``."""
    simple = False
    for index in range(end - 1, max(start, end - _LOOKED_BACK), -1):
        before, simple = simple, _is_simple(text[index])
        if before and simple:
            return index + 1
    return start


def _is_simple(char: str) -> bool:
    """Whether a character begins a cluster wherever it follows another of these (UAX #29, "Any ÷ Any")."""
    category = unicodedata.category(char)
    return category in ("Ll", "Lu", "Nd") or (category == "Lo" and "\u3041" <= char <= "\u9fff")
