"""Ids: from an epoch and a number, and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncchat.core.ids import Ids

IDS = Ids([(1, "a"), (100, "b2"), (100, "c"), (150, "d")])


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1, "a-1"),
        (99, "a-99"),
        (100, "c-100"),
        (149, "c-149"),
        (150, "d-150"),
        (10**15, "d-1000000000000000"),
    ],
)
def test_both_ways(number, text):
    assert IDS.id_of(number) == text
    assert IDS.number_of(text) == number


@pytest.mark.parametrize(
    "text",
    ["", "-", "a", "a-", "-1", "a-0", "a-01", "a--1", "a-+1", "a- 1", "a-1 ", "a-x", "a-100", "b2-100",
     "d-149", "A-1", "a-١", "a-1" + "0" * 30, "\ud800-1"],
)  # fmt: skip
def test_texts_that_are_not_ids(text):
    assert IDS.number_of(text) is None


@given(st.integers(1, 10**17))
def test_round_trip(number):
    assert IDS.number_of(IDS.id_of(number)) == number


@given(st.text(max_size=30))
def test_no_text_raises(text):
    number = IDS.number_of(text)
    assert number is None or IDS.id_of(number) == text
