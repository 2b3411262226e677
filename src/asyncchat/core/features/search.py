"""Which texts a search finds: one definition for the index, for a scan and for the log in memory.

Owns folding and the language of searches. Must not know where texts are stored.

A search has words and "phrases in quotes". It finds a text that contains all of them, in any order, inside
words too, because many scripts have no spaces. Case does not matter in any script, nor do accents of Latin
and Greek letters or the two dots of ё (people search for ``cafe`` and ``елка``). Other marks do matter: й is
not и, が not か, and an Indic vowel sign is a letter. There is no stemming.
"""

from __future__ import annotations

import re
import unicodedata
from enum import Enum
from typing import ClassVar

import msgspec

from asyncchat.core.commands import IoCommand
from asyncchat.core.events import Record
from asyncchat.core.features.history import Window
from asyncchat.core.features.messages import Speech
from asyncchat.core.names import fold_text
from asyncchat.core.normalization import renormalize
from asyncchat.core.replies import Refusal, Reply

VERSION = f"2 {unicodedata.unidata_version}"
"""The version of what ``searchable`` returns: an index of another version can't be used."""


MOST_TERMS = 16
"""Words and phrases in one search: each candidate text is searched for each of them."""


UNSEEN = (Speech.CTCP_QUERY, Speech.CTCP_REPLY)
"""Speech that no person reads, so a search does not find it."""


_ACCENTS = re.compile("(?<=[a-z\u03b1-\u03c9])[\u0300-\u036f]+|(?<=\u0435)\u0308")


_NO_CHARACTERS = "\ufffe\uffff"
"""SQLite treats these as U+FFFD."""


_TERM = re.compile(r'"([^"]*)"?|([^\s"]+)')


class Search(IoCommand, frozen=True):
    """Messages that have all of ``terms`` (``terms_of``), in a room or in all rooms of the requester.

    ``room`` may be a person: then their private conversation is searched. ``name`` is the author; empty:
    anyone. Numbers and times (microseconds) are exclusive; None is open. ``newer_seconds`` and
    ``older_seconds`` count back from now; the server turns them into times. ``context`` goes back to the
    dialect with the answer.
    """

    cost: ClassVar[int] = 10
    terms: tuple[str, ...] = ()
    room: str = ""
    name: str = ""
    window: Window = Window()
    newer_seconds: int | None = None
    older_seconds: int | None = None
    context: object = None

    def bounded(self, **bounds: int | bool) -> Search:
        """The same search with other bounds of its window."""
        return msgspec.structs.replace(self, window=msgspec.structs.replace(self.window, **bounds))


class CutShort(Enum):
    """Why a search gives fewer messages than were asked for, though it could not look everywhere."""

    TIMEOUT = "timeout"
    INDEXING = "indexing"
    """The same, where the index lacks much: it is being made."""
    FULL = "full"
    """What it found fills the page."""


class SearchPage(Reply, frozen=True):
    """Messages that a search found, oldest first.

    ``reached`` is the number of the last record that was searched, if there may be more beyond it; None: all
    were searched. ``time`` is that record's time in microseconds. ``cut_short``: why there are fewer messages
    than were asked for, if there may be more.
    """

    records: tuple[Record, ...]
    reached: int | None
    time: int
    context: object
    cut_short: CutShort | None = None


class NotSearched(Refusal, frozen=True):
    """The requester may not read that room, or there is none; an empty room: no search is possible just now.

    ``context`` as in Search.
    """

    room: str
    context: object = None


def searchable(text: str) -> str:
    """The form of a text that is searched: folded, with one space for each run of white space."""
    if "\0" in text:
        text = text.replace("\0", " ")
    if text.isascii():
        return " ".join(text.lower().split())
    folded = renormalize("NFD", fold_text(text))
    folded = renormalize("NFC", _ACCENTS.sub("", folded))
    for char in _NO_CHARACTERS:
        folded = folded.replace(char, "\ufffd")
    return " ".join(folded.split())


def terms_of(text: str) -> tuple[str, ...]:
    """The words and phrases of a typed search, folded, each once; an open quote ends with the text."""
    found = (searchable(phrase or word) for phrase, word in _TERM.findall(text))
    return tuple(dict.fromkeys(term for term in found if term))


def matches_terms(text: str, terms: tuple[str, ...]) -> bool:
    """Whether a text contains all of these terms."""
    folded = searchable(text)
    return all(term in folded for term in terms)
