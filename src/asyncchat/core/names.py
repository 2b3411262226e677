"""Names of people and rooms: what is allowed, and when two spellings are the same name.

Owns the alphabet and the case folding. Must not know which dialect a name came from.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

from asyncchat.core.normalization import normalize, renormalize

LOBBY = "#lobby"
"""The room that clients without a choice of room are in."""

NICKSERV = "NickServ"
CHANSERV = "ChanServ"
HISTSERV = "HistServ"

SERVICES = frozenset((NICKSERV, CHANSERV, HISTSERV))
"""Names under which a dialect may show the server's own answers; nobody can have them."""

NAME_LENGTH = 32
"""Longest name of a person, in characters (the IRC dialect's NICKLEN)."""

NAME_BYTES = 64
"""The same in UTF-8: a relayed IRC line of 512 bytes has to hold it beside user, host, room and text."""

ROOM_LENGTH = 64
"""Longest name of a room, in characters, its ``#`` included (the IRC dialect's CHANNELLEN)."""

ROOM_BYTES = 100
"""The same in UTF-8, for the same reason."""

ROOM_SIGNS = frozenset("#\uff03\ufe5f")
"""What a room's name begins with as typed; the wide signs of East Asian keyboards fold to ``#``."""

_MARKS_IN_A_ROW = 3
"""Combining marks on one letter: pointed Hebrew needs 3, and a taller stack breaks displays."""

_NEVER = frozenset(" ,*?!@")
"""Modern IRC, "Clients": a nickname must not contain these; a mask or a list would be ambiguous."""

_CHARACTER_NAMES = {" ": "a space", ",": "a comma", ".": "a dot", ":": "a colon"}
"""Names of characters that are hard to see in a sentence."""

_NEVER_FIRST = frozenset("#&$:~%+/-")
"""Modern IRC, "Clients": channel types and membership prefixes; ``/`` begins a plain command."""

# Letters by category that are drawn as nothing: Hangul fillers, the braille blank, joiners and selectors.
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u17b5") | frozenset(
    chr(code)
    for first, last in ((0x180B, 0x180F), (0xFE00, 0xFE0F), (0xE0100, 0xE01EF))
    for code in range(first, last + 1)
)
_HIDDEN_CATEGORIES = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zs", "Zl", "Zp"))


_REMEMBERED = 256
"""Longest text that can be a name, or an origin, in characters. Peers send names of any length."""


def fold(name: str) -> str:
    """The key of a name: two names are the same when their keys are.

    Unicode's compatibility case folding (UAX #15 and #31: NFKC, full case folding, NFKC); for ASCII it is
    plain lower case, the IRC case mapping ``ascii``. No name is as long as those that are not normalised.
    """
    return _fold_short(name) if len(name) <= _REMEMBERED else name.casefold()


def fold_text(name: str) -> str:
    """The same for a text of any length: some milliseconds for the longest."""
    key = name.lower() if name.isascii() else renormalize("NFKC", normalize("NFKC", name).casefold())
    return name if key == name else key  # one string in memory where two are equal


_fold_short = lru_cache(maxsize=2048)(fold_text)


_SERVICE_KEYS = frozenset(fold(name) for name in SERVICES)


@lru_cache(maxsize=1024)
def name_fault(name: str) -> str | None:
    """Why a person can't have this name, as half a sentence ("it has …"), or None if it is allowed."""
    if not name:
        return "it is empty"
    if len(name) > NAME_LENGTH:
        return f"it is longer than {NAME_LENGTH} letters"
    if len(name.encode("utf-8", "replace")) > NAME_BYTES:
        return f"it is longer than {NAME_BYTES} bytes in UTF-8"
    if name[0] in _NEVER_FIRST:
        return f"it begins with {_CHARACTER_NAMES.get(name[0], name[0])}"
    fault = _fault(name, _NEVER | {"."})
    if fold(name) in _SERVICE_KEYS:
        return "it stands for the server or for everybody"
    if fault is None and fold(name)[0] in _NEVER_FIRST:
        return "it begins with a character that stands for a forbidden one"
    return fault


def room_fault(name: str) -> str | None:
    """Why a room can't have this name, as half a sentence, or None if it is allowed."""
    if not name.startswith("#"):
        return "a room's name begins with #"
    if len(name) == 1:
        return "it is empty"
    if len(name) > ROOM_LENGTH:
        return f"it is longer than {ROOM_LENGTH} letters"
    if len(name.encode("utf-8", "replace")) > ROOM_BYTES:
        return f"it is longer than {ROOM_BYTES} bytes in UTF-8"
    return _room_fault(name)


@lru_cache(maxsize=1024)
def _room_fault(name: str) -> str | None:
    return _fault(name[1:], frozenset(" ,*?!@:"))


def _fault(name: str, never: frozenset[str]) -> str | None:
    marks = 0
    for char in normalize("NFC", name):
        if char in never:
            return f"it has {_CHARACTER_NAMES.get(char, char)}"
        category = unicodedata.category(char)
        if category in _HIDDEN_CATEGORIES or char in _BLANK:
            return "it has a character that can't be seen"
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if marks > _MARKS_IN_A_ROW:
            return "it stacks too many marks on one letter"
    if unicodedata.combining(name[0]) or unicodedata.category(name[0]) in ("Mn", "Me"):
        return "it begins with a combining mark"
    # The folded form counts too: a fullwidth ＠ folds to @ and would break a mask.
    if not never.isdisjoint(fold(name)):
        return "it has a character that stands for a forbidden one"
    return None


def mask_of(text: str) -> str:
    """The whole mask ``name!user@host`` for what a moderator typed (Modern IRC, "Wildcard Expressions")."""
    name, bang, rest = text.partition("!")
    if not bang:
        if "@" in name:
            name, rest = "*", name
        else:
            return f"{name or '*'}!*@*"
    user, at, host = rest.partition("@")
    if not at:
        host = "*"
    return f"{name or '*'}!{user or '*'}@{host or '*'}"


def glob(mask: str) -> Callable[[str], bool]:
    """The test whether a whole text matches a mask with ``*`` and ``?``; both are folded already.

    No backtracking: each part matches at the first possible place, which is enough for a mask. With a plain
    ``.*`` for each ``*``, a stranger's mask of a few parts could keep the matcher busy for years. Only ``?``
    needs a pattern, which takes a hundred times as long to make as to use: whoever uses a mask again keeps
    the test.
    """
    parts = mask.split("*")
    if "?" in mask:
        return _pattern(parts)
    if len(parts) == 1:
        return mask.__eq__
    first, *middle, last = parts
    middle = [part for part in middle if part]  # a run of stars is one star
    least = len(first) + len(last)

    def test(text: str) -> bool:
        if len(text) < least or not (text.startswith(first) and text.endswith(last)):
            return False
        at, end = len(first), len(text) - len(last)
        for part in middle:
            at = text.find(part, at, end)
            if at < 0:
                return False
            at += len(part)
        return True

    return test


def _pattern(parts: list[str]) -> Callable[[str], bool]:
    first, *middle = ("".join("." if c == "?" else re.escape(c) for c in part) for part in parts)
    if middle:
        last = middle.pop()
        first += "".join(f"(?>.*?{part})" for part in middle if part) + f".*{last}"
    full = re.compile(first, re.DOTALL).fullmatch
    return lambda text: full(text) is not None


_glob = lru_cache(maxsize=1024)(glob)


def matches(mask: str, text: str) -> bool:
    """Whether a mask with ``*`` and ``?`` matches the whole text; both are folded first."""
    return _glob(fold(mask))(fold(text))


def matcher(masks: Iterable[str]) -> Callable[[str], bool]:
    """Whether one of these masks matches a whole text, which is folded already; for many texts."""
    patterns = [glob(fold(mask)) for mask in masks]
    return lambda key: any(pattern(key) for pattern in patterns)


def alternatives(name: str) -> Iterator[str]:
    """Similar names for somebody whose name is taken; the last ones have 9 letters at most (RFC 1459)."""
    yield f"{name}_"
    yield f"{name}__"
    yield f"{name[:8]}_"
    for digit in range(2, 10):
        yield f"{name[:7]}_{digit}"
