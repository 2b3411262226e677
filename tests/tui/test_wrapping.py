"""Where lines are cut, and which characters reach the screen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from asyncchat.tui.wrapping import MARKS, display_line, display_lines, fitted, one_line, plain, width_of, wrap


def rows(text: str, width: int) -> list[str]:
    return [text[start:end] for start, end in wrap(text, width)]


@pytest.mark.parametrize(
    ("text", "width", "wrapped"),
    [
        ("", 10, [""]),
        ("short", 10, ["short"]),
        ("exactly ten", 11, ["exactly ten"]),
        ("cut at the words", 8, ["cut at", "the", "words"]),
        ("the space at the edge", 9, ["the space", "at the", "edge"]),
        ("two  spaces  between", 4, ["two", "spac", "es", "betw", "een"]),
        ("anextremelylongword", 8, ["anextrem", "elylongw", "ord"]),
        ("see anextremelylongword", 8, ["see", "anextrem", "elylongw", "ord"]),
        ("    indented", 8, ["    inde", "nted"]),
        ("чай в пять часов", 6, ["чай в", "пять", "часов"]),
        ("三体问题是什么", 6, ["三体问", "题是什", "么"]),
        ("日本語 and English", 10, ["日本語 and", "English"]),
        ("👍🏽👍🏽👍🏽", 4, ["👍🏽👍🏽", "👍🏽"]),
        ("שלום לכולם כאן", 8, ["שלום", "לכולם", "כאן"]),
    ],
)
def test_rows_end_at_words(text, width, wrapped):
    assert rows(text, width) == wrapped


@given(st.text(st.sampled_from("ab c é漢👍\u0301\u200d\ufe0f—ש "), max_size=60), st.integers(2, 20))
def test_nothing_is_lost_and_nothing_too_wide(text, width):
    text = display_line(text)
    found = wrap(text, width)
    assert found[0][0] == 0
    at = 0
    for start, end in found:
        assert at <= start <= end
        assert text[at:start].strip(" ") == ""
        assert cell_len(text[start:end]) <= width
        at = end
    assert text[at:].strip(" ") == ""


def test_escapes_and_controls_are_text():
    assert display_lines("evil\x1b]0;title\x07\x1b[2J\x1b[31m red\x9b1m\x00") == ["evil red"]
    assert display_lines("one\r\ntwo\n\n") == ["one", "two"]
    assert display_lines("") == [""]
    assert one_line("a\u202eb\nc", 9) == "ab c"


def test_marks_are_not_piled_up():
    (line,) = display_lines("e" + "\u0301" * 4000 + "nd")
    assert line == "e" + "\u0301" * MARKS + "nd"
    assert width_of(line) == 3


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [("tea", 5, "tea  "), ("tea time", 5, "tea…  "[:5]), ("三体问题", 5, "三体…"), ("tea", 0, "")],
)
def test_fitted(text, width, shown):
    assert fitted(text, width) == shown
    assert width_of(fitted(text, width)) == width


def test_a_widget_gets_lines_without_markup_or_controls():
    told = plain("[link=https://example.org]a[/]\x1b]8;;x\x07\nb\x9b2J")
    assert (told.plain, told.spans) == ("[link=https://example.org]a[/]\nb", [])
