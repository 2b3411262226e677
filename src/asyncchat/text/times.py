"""Times as people read them: the server's zone, a clock for each line, a mark for each day.

Owns the zone and the calendar; must not know what happened at that time.
"""

import re
from datetime import date
from typing import Protocol

import msgspec

MICROSECONDS = 1_000_000
_DAY = 86_400
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_EPOCH = date(1970, 1, 1).toordinal()

MOST = 1_000_000
"""Largest number in what a person types: messages, minutes, hours or days."""

_BACK = re.compile(r"([0-9]{1,7})([mhd])")
_SECONDS = {"m": 60, "h": 3600, "d": 86_400}
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")


def seconds_back(text: str) -> int | None:
    """The seconds that ``30m``, ``2h`` or ``7d`` mean; None for anything else."""
    back = _BACK.fullmatch(text)
    return None if back is None else min(int(back[1]), MOST) * _SECONDS[back[2]]


def parse_date(text: str) -> date | None:
    """The date that ``2026-11-22`` means; None for anything else."""
    day = _DATE.fullmatch(text)
    if day is None:
        return None
    try:
        return date(int(day[1]), int(day[2]), int(day[3]))
    except ValueError:
        return None


class Calendar(Protocol):
    """Where days begin. Times are microseconds since 1970 UTC."""

    def bounds(self, when: date) -> tuple[int, int]:
        """The first moment of a date, and the first after it."""
        ...


class Zone(msgspec.Struct, frozen=True):
    """A zone by its name and its seconds east of UTC. Times are microseconds since 1970 UTC."""

    name: str
    offset: int

    def day(self, time: int) -> int:
        """The number of the day, counted from 1970-01-01 of this zone."""
        return (time // MICROSECONDS + self.offset) // _DAY

    def clock(self, time: int) -> str:
        """``21:14``."""
        minutes = (time // MICROSECONDS + self.offset) % _DAY // 60
        return f"{minutes // 60:02}:{minutes % 60:02}"

    def day_name(self, day: int) -> str:
        """``Sun 22 Nov 2026``."""
        when = date.fromordinal(min(max(1, _EPOCH + day), date.max.toordinal()))
        return f"{_WEEKDAYS[when.weekday()]} {when.day} {_MONTHS[when.month - 1]} {when.year}"

    def moment(self, time: int) -> str:
        """``Sun 22 Nov 2026 21:14 UTC``."""
        return f"{self.day_name(self.day(time))} {self.clock(time)} {self.name}"

    def bounds(self, when: date) -> tuple[int, int]:
        """The first moment of a date in this zone, and the first after it."""
        start = ((when.toordinal() - _EPOCH) * _DAY - self.offset) * MICROSECONDS
        return start, start + _DAY * MICROSECONDS
