import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncchat.text.timestamps import milliseconds, timestamp


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("1970-01-01T00:00:00.000Z", 0),
        ("2019-01-04T14:33:26.123Z", 1546612406123),
        ("2019-01-04T14:33:26Z", 1546612406000),
        ("2019-01-04T14:33:26.1Z", 1546612406100),
        ("2019-01-04T14:33:26.123456Z", 1546612406123),
        ("2012-06-30T23:59:60.419Z", 1341100800419),
        ("2023-02-30T00:00:00.000Z", None),
        ("2023-01-01T25:00:00.000Z", None),
        ("2023-01-01T00:00:61.000Z", None),
        ("0000-01-01T00:00:00.000Z", None),
        ("2023-01-01 00:00:00", None),
        ("٢٠٢٣-01-01T00:00:00.000Z", None),
        ("", None),
    ],
)
def test_reading(text, time):
    assert milliseconds(text) == time


@given(st.integers(0, 4_000_000_000_000_000))
def test_round_trip(time):
    assert milliseconds(timestamp(time)) == time // 1000
