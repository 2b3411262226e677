"""When a search finds a text: the one definition that the index, a scan and a log in memory share.

Owns folding and the language of searches; must not know where texts are kept.

A text is found by words and "phrases in quotes", all of which are somewhere in it, in any order: inside of a
word too, because many scripts have no spaces. Case does not matter in any script; nor do the accents of Latin
and Greek letters and the two dots of ё (people search for ``cafe`` and ``елка``). Other marks do: й is not и,
が not か, and an Indic vowel sign is a letter. Nothing is stemmed.
"""

from __future__ import annotations

import re
import unicodedata

import msgspec

from asyncchat.core.commands import IoCommand
from asyncchat.core.events import Record
from asyncchat.core.features.history import Window
from asyncchat.core.features.messages import Speech
from asyncchat.core.names import fold
from asyncchat.core.replies import Refusal, Reply

VERSION = f"1 {unicodedata.unidata_version}"
"""Names what ``searchable`` gives: an index of another one is of no use."""


MOST_TERMS = 16
"""Words and phrases in one search; each is looked for in each text that comes into question."""


UNSEEN = (Speech.CTCP_QUERY, Speech.CTCP_REPLY)
"""Speech that no person reads, so that none searches for it."""


_ACCENTS = re.compile("(?<=[a-z\u03b1-\u03c9])[\u0300-\u036f]+|(?<=\u0435)\u0308")


_NO_CHARACTERS = "\ufffe\uffff"
"""SQLite takes these for U+FFFD."""


_TERM = re.compile(r'"([^"]*)"?|([^\s"]+)')


class Search(IoCommand, frozen=True):
    """Messages that have all of ``terms`` (``terms_of``), in a room or in all that the asker is in.

    ``room`` may be a person too: then what the asker and it wrote to each other is searched. ``name`` is who
    said them, empty: anyone. ``newer_seconds`` and ``older_seconds`` are counted back from now: the server,
    which has a clock, makes times of them. ``context`` goes back to the dialect with the answer.
    """

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


class SearchPage(Reply, frozen=True):
    """Messages that a search found, oldest first, in the rooms that it looked at.

    ``reached`` is the number of the last record looked at, where there may be more behind it; None: that is
    all. ``time`` is that record's, in microseconds. ``cut_short``: fewer than wanted were found in time.
    """

    records: tuple[Record, ...]
    reached: int | None
    time: int
    context: object
    cut_short: bool = False


class NotSearched(Refusal, frozen=True):
    """A room that the asker may not read, or what is no name, or none: then no search can be run just now.

    ``context`` as in Search.
    """

    room: str
    context: object = None


def searchable(text: str) -> str:
    """The form of a text in which it is searched: folded, one space where there was any white space."""
    if "\0" in text:
        text = text.replace("\0", " ")
    if text.isascii():
        return " ".join(text.lower().split())
    folded = unicodedata.normalize("NFD", fold(text))
    folded = unicodedata.normalize("NFC", _ACCENTS.sub("", folded))
    for char in _NO_CHARACTERS:
        folded = folded.replace(char, "\ufffd")
    return " ".join(folded.split())


def terms_of(text: str) -> tuple[str, ...]:
    """The words and phrases that somebody typed, folded, each once; a quote left open ends with the text."""
    found = (searchable(phrase or word) for phrase, word in _TERM.findall(text))
    return tuple(dict.fromkeys(term for term in found if term))


def matches_terms(text: str, terms: tuple[str, ...]) -> bool:
    """Whether a text has all of these terms."""
    folded = searchable(text)
    return all(term in folded for term in terms)
