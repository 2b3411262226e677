"""The calendar is the one of the standard library, in any zone; durations and timestamps are read back."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncchat.text.times import LONGEST, MICROSECONDS, Zone, milliseconds, seconds_in, timestamp

moments = st.integers(0, 4_000_000_000_000_000)
offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: minutes * 60)


@given(moments, offsets)
def test_times_are_the_calendars(time, offset):
    zone = Zone("X", offset)
    when = datetime.fromtimestamp(time // MICROSECONDS, timezone(timedelta(seconds=offset)))
    assert zone.clock(time) == f"{when:%H:%M}"
    assert zone.day_name(zone.day(time)).split() == f"{when:%a} {when.day} {when:%b} {when.year}".split()
    start, end = zone.bounds(when.date())
    assert start <= time < end
    assert zone.day(start) == zone.day(end - 1) == zone.day(time)


def test_a_moment():
    assert Zone("UTC", 0).moment(
        int(datetime(2026, 11, 22, 21, 4, tzinfo=UTC).timestamp()) * MICROSECONDS
    ) == ("Sun 22 Nov 2026 21:04 UTC")


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
