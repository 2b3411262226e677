"""Unicode's normal forms of texts that anybody may send, in time that their length bounds.

Owns the only call of ``unicodedata.normalize``. It must not know what the texts are.

A normalization sorts each run of combining marks, by insertion in CPython: a run of 4,000 marks in descending
order takes 27 ms, and twice as many take four times as long. So a long text's run gets a separator after each
30 marks, as in UAX #15's Stream-Safe Text Format. No language has as many.
"""

import re
import unicodedata
from itertools import accumulate
from typing import Literal

MARKS_IN_A_RUN = 30
"""The most marks in a row that are sorted together in a long text (UAX #15, 13)."""

SHORT = 128
"""The most characters of a text that is taken as it is: its marks are sorted in 10 µs."""

_SEPARATOR = "\u034f"
"""The combining grapheme joiner: it is not sorted, and is drawn as nothing."""

MARKS_BY_DECOMPOSITION = frozenset("\u0f73\u0f75\u0f81\uff9e\uff9f")
"""Characters that are no such marks, but become some."""

_SUSPECT = re.compile(rf"(?:[^\w\s\x00-\x7f]|[\uff9e\uff9f]){{{MARKS_IN_A_RUN + 1},}}")
"""Runs that may be marks; they may be signs and emoji too. A pattern of the marks alone would be slow."""


def normalize(form: Literal["NFC", "NFD", "NFKC"], text: str) -> str:
    """A text in a normal form; a run of more marks than ``MARKS_IN_A_RUN`` is divided first."""
    return unicodedata.normalize(form, stream_safe(text))


def renormalize(form: Literal["NFC", "NFD", "NFKC"], text: str) -> str:
    """The same for what was made of a normalized text: mostly it is in the form already, which is seen fast.

    Its marks are in order then, so nothing is sorted.
    """
    return text if unicodedata.is_normalized(form, text) else normalize(form, text)


def stream_safe(text: str) -> str:
    """The text with its long runs of combining marks divided; usual texts are returned as they are."""
    if len(text) <= SHORT or text.isascii():
        return text
    return _SUSPECT.sub(_divided, text)


def _divided(run: re.Match[str]) -> str:
    chars = run[0]
    lengths = accumulate(chars, _run_length, initial=0)
    next(lengths)
    return "".join(
        char + _SEPARATOR if length and not length % MARKS_IN_A_RUN else char
        for char, length in zip(chars, lengths, strict=True)
    )


def _run_length(before: int, char: str) -> int:
    """How many marks in a row end with a character."""
    return before + 1 if unicodedata.combining(char) or char in MARKS_BY_DECOMPOSITION else 0
