"""Nothing that a terminal obeys passes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncchat.text.sanitize import shown, typed


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("plain", "plain"),
        ("Привет, 世界 👋🏽", "Привет, 世界 👋🏽"),
        ("\x02bold\x02 \x1dit\x1d \x1funder\x1f", "bold it under"),
        ("\x1estruck\x1e \x11mono\x11 \x16back\x16\x0f", "struck mono back"),
        ("\x034red\x03", "red"),
        ("\x0304,12red on blue\x03 12", "red on blue 12"),
        ("\x03,5 kept", ",5 kept"),
        ("\x03123", "3"),
        ("\x04FF0000red\x04", "red"),
        ("\x04FF0000,00FF00red", "red"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07x", "x"),
        ("\x1b]0;title\x1b\\x", "x"),
        ("\x9b31mred", "red"),
        ("\x1b[200~pasted\x1b[201~", "pasted"),
        ("\x1bOAup", "up"),
        ("\x1b(Bx", "x"),
        ("\x1b", ""),
        ("bell\x07 nul\x00", "bell nul"),
        ("\u202eevil\u202c", "evil"),
        ("zero\u200bwidth", "zerowidth"),
        ("soft\u00adhyphen", "softhyphen"),
        ("tab\there", "tab here"),
        ("no\u00a0break", "no break"),
    ],
)  # fmt: skip
def test_both_ways(raw, clean):
    assert typed(raw) == shown(raw) == clean


@pytest.mark.parametrize(
    ("raw", "clean"),
    [("helo\x08lo", "hello"), ("\x7f\x7fx", "x"), ("ab\x7f\x7f\x7fc", "c"), ("иw\x7fван", "иван")],
)
def test_backspaces_do_what_was_meant(raw, clean):
    assert typed(raw) == clean


def test_a_line_break_that_is_shown_is_a_space():
    assert shown("a\nb\r\nc\rd") == "a b c d"


@given(st.text())
def test_nothing_a_terminal_obeys_is_left(text):
    for clean in (typed(text), shown(text)):
        assert not any(char < " " or "\x7f" <= char <= "\x9f" for char in clean)
        assert shown(clean) == clean


@given(st.text(alphabet="\x1b[]\x03\x040,;m\x07\x08ab", max_size=2000))
def test_junk_of_escapes_is_clean_too(text):
    assert "\x1b" not in typed(text)
