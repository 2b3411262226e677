"""Texts: which characters may be shown, and where a text is cut."""

import unicodedata
from itertools import accumulate

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from wcwidth import iter_graphemes

from asyncchat.core import text as text_module
from asyncchat.core.text import cut, printable, size

ANY_TEXT = st.text(alphabet=st.characters(codec=None), max_size=200)
PIECES = st.lists(
    st.sampled_from(
        [
            "a",
            "word ",
            " ",
            "é",
            "e\u0301",
            "ы",
            "李",
            "👋",
            "👋🏽",
            "👩\u200d💻",
            "🇩🇪",
            "🇩",
            "한",
            "ᄒ",
            "ᅡ",
            "ᆫ",
            "नि",
        ]
    ),
    max_size=60,
).map("".join)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("plain", "plain"),
        ("Привет, 世界!", "Привет, 世界!"),
        ("tab\there", "tab here"),
        ("a\x00b\x1bc\x7fd\x85e", "abcde"),
        ("a\nb\rc", "abc"),
        ("a\u2028b\u2029c", "abc"),
        ("a\u00a0b\u3000c", "a b c"),
        ("a\u200bb\u200ec\u202ed\u2066e\ufefff", "abcdef"),
        ("soft\u00adhyphen", "softhyphen"),
        ("\ud800x", "x"),
        ("a\u200db", "ab"),
        ("👩\u200d💻", "👩\u200d💻"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("\u200d👩", "👩"),
        ("👩\u200d", "👩"),
        ("👩\u200d\u200ba", "👩a"),
        ("a\u200d\u200dé", "aé"),
        ("é\u200d\u200dé", "é\u200dé"),
        ("❤\ufe0f", "❤\ufe0f"),
    ],
)
def test_printable(text, shown):
    assert printable(text) == shown


@given(ANY_TEXT)
def test_printable_text_is_safe_and_unchanged(text):
    shown = printable(text)
    assert printable(shown) == shown
    assert not any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in shown)
    assert {char for char in shown if unicodedata.category(char) == "Cf"} <= {"\u200c", "\u200d"}


@pytest.mark.parametrize(
    ("text", "limit", "parts"),
    [
        ("", 4, [""]),
        ("abcd", 4, ["abcd"]),
        ("abcdef", 4, ["abcd", "ef"]),
        ("one two three", 8, ["one two ", "three"]),
        ("one two three", 9, ["one two ", "three"]),
        ("a bcdefghij", 9, ["a bcdefgh", "ij"]),
        ("ыыы", 4, ["ыы", "ы"]),
        ("李李", 4, ["李", "李"]),
        ("ae\u0301", 4, ["ae\u0301"]),
        ("aae\u0301", 4, ["aa", "e\u0301"]),
        ("aaa👋🏽", 10, ["aaa", "👋🏽"]),
        ("aa👩\u200d💻", 12, ["aa", "👩\u200d💻"]),
        ("🇩🇪🇫🇷", 12, ["🇩🇪", "🇫🇷"]),
        ("👩\u200d💻", 4, ["👩", "\u200d", "💻"]),
        ("abc \u0301def", 5, ["abc", " \u0301de", "f"]),
        ("aक्षि", 12, ["a", "क्षि"]),
        ("a\u1100\u1100\u1161", 9, ["a", "\u1100\u1100\u1161"]),
        ("aa\u0600\u0661", 5, ["aa", "\u0600\u0661"]),
        ("abc\r\nd", 4, ["abc", "\r\nd"]),
    ],
)
def test_cut(text, limit, parts):
    assert cut(text, limit) == parts


SIMPLE = st.characters(categories=["Lu", "Ll", "Nd", "Lo"]).filter(text_module._is_simple)


@given(ANY_TEXT | PIECES, st.integers(4, 40))
def test_parts_joined_give_the_text_and_fit(text, limit):
    parts = cut(text, limit)
    assert "".join(parts) == text
    assert all(len(part.encode("utf-8", "surrogatepass")) <= limit for part in parts)
    assert all(parts) or parts == [""]


@given(PIECES)
def test_clusters_stay_whole_where_they_fit(text):
    clusters = list(iter_graphemes(text))
    assume(all(size(cluster) <= 24 for cluster in clusters))
    parts = cut(text, 24)
    assert set(accumulate(map(len, parts))) <= {0, *accumulate(map(len, clusters))}
    for part in parts[1:]:
        assert unicodedata.category(part[0]) not in ("Mn", "Mc", "Me")
        assert part[0] not in "\u200d🏽"


@pytest.mark.parametrize("unit", ["x", "ы", "漢", "e\u0301", "\u0301", "각", "🇩", " ", "👩\u200d", "क्"])
def test_a_long_text_is_cut_by_looking_at_each_character_a_few_times(unit, monkeypatch):
    looked_at = 0

    def counted(text, start, end):
        nonlocal looked_at
        for cluster in iter_graphemes(text, start, end):
            looked_at += len(cluster)
            yield cluster

    monkeypatch.setattr(text_module, "iter_graphemes", counted)
    text = unit * (8192 // len(unit.encode()))
    assert "".join(cut(text, 300)) == text
    assert looked_at <= 2 * len(text)


@given(SIMPLE, SIMPLE)
def test_simple_characters_are_clusters(one, other):
    assert list(iter_graphemes(one + other)) == [one, other]
