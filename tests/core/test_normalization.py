"""The work of a normalization is bounded by the text's length: no long run of marks is ever sorted."""

import re
import sys
import unicodedata
from itertools import groupby
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import asyncchat
from asyncchat.core.features.search import searchable
from asyncchat.core.names import fold
from asyncchat.core.normalization import (
    MARKS_BY_DECOMPOSITION,
    MARKS_IN_A_RUN,
    SHORT,
    normalize,
    stream_safe,
)

MOST_IN_A_RUN = 2 * MARKS_IN_A_RUN + 3
"""A mark may become two marks, and a character before a run a letter and three."""

MARKS = [char for char in map(chr, range(0x300, 0x1F000)) if unicodedata.combining(char)]
DESCENDING = sorted(MARKS, key=unicodedata.combining, reverse=True)
ODD = sorted(MARKS_BY_DECOMPOSITION)


def longest_run(text: str) -> int:
    """The most marks in a row that a normalization of this text sorts together."""
    classes = [unicodedata.combining(char) > 0 for char in unicodedata.normalize("NFKD", text)]
    return max((len(list(run)) for marked, run in groupby(classes) if marked), default=0)


def hostile(length: int) -> str:
    """A letter with marks of all classes, in descending order."""
    each = length // len(DESCENDING) + 1
    return ("a" + "".join(mark * each for mark in DESCENDING))[:length]


@pytest.mark.parametrize(
    "text",
    [
        *(hostile(length) for length in (SHORT + 1, 1024, 4096)),
        "\u0345\u0315\u0301\u0316" * 1000,
        *(odd * 2000 for odd in ODD),
        ("".join(DESCENDING[:29]) + "\uff9e") * 100,
        ("\u1f82" + "\u0301" * 30) * 50,
        "\u0301" * 4000 + "x",
    ],
    ids=range(12),
)
def test_no_long_run_of_marks_is_sorted(text):
    assert longest_run(stream_safe(text)) <= MOST_IN_A_RUN


@given(st.text(st.sampled_from([*DESCENDING[::20], *ODD, "a", "\u1f82", "😀", "-"]), max_size=300))
def test_no_text_has_a_longer_one(text):
    found = stream_safe(text)
    assert found.replace("\u034f", "") == text.replace("\u034f", "")
    assert len(text) <= SHORT or longest_run(found) <= MOST_IN_A_RUN
    assert stream_safe(found) == found


@given(st.text())
def test_usual_texts_are_normalized_as_ever(text):
    if longest_run(text) < MARKS_IN_A_RUN:
        for form in ("NFC", "NFD", "NFKC"):
            assert normalize(form, text * 3) == unicodedata.normalize(form, text * 3)


def test_what_becomes_marks_is_known():
    for char in map(chr, range(sys.maxunicode + 1)):
        if unicodedata.combining(char):
            assert not char.isalnum(), ascii(char)
            assert not char.isspace(), ascii(char)
        else:
            begins = unicodedata.combining(unicodedata.normalize("NFKD", char)[0]) > 0
            assert begins == (char in MARKS_BY_DECOMPOSITION), ascii(char)


def test_keys_and_searched_texts_of_hostile_texts():
    """They are equal where the texts are, and grow with them."""
    for make in (fold, searchable):
        assert make(hostile(4096)) == make(hostile(4096))
        assert len(make(hostile(4096))) < 3 * 4096


def test_texts_are_normalized_in_one_place():
    home = Path(asyncchat.__file__).parent
    calls = re.compile(r"unicodedata\.normalize\(|from unicodedata import .*normalize")
    found = [path.name for path in home.rglob("*.py") if calls.search(path.read_text("utf-8"))]
    assert found == ["normalization.py"]
