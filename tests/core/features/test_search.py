"""Which texts a search finds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncchat.core.features.search import matches_terms, searchable, terms_of


@pytest.mark.parametrize(
    ("typed", "terms"),
    [
        ("", ()),
        ("   ", ()),
        ("Build failed", ("build", "failed")),
        ('"Build  FAILED" again', ("build failed", "again")),
        ('say "open end', ("say", "open end")),
        ('a"b c"d', ("a", "b c", "d")),
        ('""  "" x', ("x",)),
        ("twice TWICE twice", ("twice",)),
        ("don't AND* NEAR(a b) -c ^d", ("don't", "and*", "near(a", "b)", "-c", "^d")),
        ("ПРИВЕТ Straße", ("привет", "strasse")),
    ],
)
def test_what_is_typed_is_words_and_phrases(typed, terms):
    assert terms_of(typed) == terms


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("The build FAILED", "fail build"),
        ("Привет, МИР", "мир привет"),
        ("Ёлка", "елка"),
        ("елка", "ёлка"),
        ("café au lait", "CAFE"),
        ("cafe", "café"),
        ("Ὀδυσσεύς", "οδυσσευσ"),
        ("今日は東京で", "東京"),
        ("ｆｕｌｌ ｗｉｄｔｈ", "full width"),
        ("two\nlines  here", '"two lines here"'),
        ("İstanbul", "istanbul"),
        ("한국어 검색", "국어"),
    ],
)
def test_found(text, typed):
    assert matches_terms(text, terms_of(typed))


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("the build", "build failed"),
        ("failed the build", '"build failed"'),
        ("мои", "мой"),
        ("か", "が"),
        ("हिन्दी", "हन्दी"),
    ],
)
def test_not_found(text, typed):
    assert not matches_terms(text, terms_of(typed))


@given(st.text())
def test_folding_a_text_twice_is_folding_it_once(text):
    assert searchable(searchable(text)) == searchable(text)
    assert "\0" not in searchable(text)


@given(st.text(st.characters(codec="ascii")))
def test_an_ascii_text_stays_one(text):
    assert searchable(text) == " ".join(text.replace("\0", " ").lower().split())
