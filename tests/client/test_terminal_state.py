"""Days of the machine's zone."""

import time
from datetime import UTC, date, datetime, timedelta

import pytest

from asyncchat.client.history_cursor import moment
from asyncchat.client.terminal_state import LocalCalendar


@pytest.fixture
def berlin(monkeypatch):
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 11, 22), 24)]
)
def test_a_day_is_as_long_as_the_clock_says(berlin, day, hours):
    start, end = LocalCalendar().bounds(day)
    assert moment(end) - moment(start) == timedelta(hours=hours)


def test_a_day_begins_at_midnight(berlin):
    start, _ = LocalCalendar().bounds(date(2026, 11, 22))
    assert moment(start) == datetime(2026, 11, 21, 23, tzinfo=UTC)


def test_the_ends_of_the_calendar_are_days_too():
    for day in (date.min, date.max):
        start, end = LocalCalendar().bounds(day)
        assert start < end
