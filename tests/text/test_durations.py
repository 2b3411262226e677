"""Durations as operators type them."""

import pytest

from asyncchat.text.durations import LONGEST, seconds_in


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("3600", 3600),
        ("0", 0),
        ("90m", 5400),
        ("1d2h30m", 95_400),
        ("1D2H", 93_600),
        ("2w", 1_209_600),
        ("1y1s", 31_536_001),
        ("100y", LONGEST),
        ("100y1s", None),
        ("9999999999", None),
        ("99999999999", None),
        ("", None),
        ("d", None),
        ("2h1d", None),
        ("1h1h", None),
        ("-1d", None),
        ("1.5h", None),
        ("٣d", None),
        ("٣", None),
        ("bob", None),
    ],
)
def test_durations(text, seconds):
    assert seconds_in(text) == seconds


def test_a_number_alone_may_be_none():
    assert seconds_in("3600", bare=False) is None
    assert seconds_in("3600s", bare=False) == 3600
