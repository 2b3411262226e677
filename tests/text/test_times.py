"""The calendar is the one of the standard library, in any zone."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from asyncchat.text.times import MICROSECONDS, Zone

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
