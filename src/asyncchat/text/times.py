"""Times as people read and type them, and as IRCv3 writes them; durations.

Owns the zone, the calendar and the units of a duration; must not know what happens at a time. In core and log
a time is microseconds since 1970 UTC.
"""

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
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


# Durations, as operators type them: 1d2h30m, 90m, 3600.

_UNITS = {"y": 31_536_000, "w": 604_800, "d": 86_400, "h": 3600, "m": 60, "s": 1}
"""Seconds of each unit, in the order in which they stand (InspIRCd's and ergo's; a year has 365 days)."""

_DURATION = re.compile("".join(f"(?:([0-9]{{1,9}}){unit})?" for unit in _UNITS), re.ASCII | re.IGNORECASE)

LONGEST = 100 * 31_536_000
"""Longest duration, in seconds: beyond it, times have more digits than clients expect."""


def seconds_in(text: str, bare: bool = True) -> int | None:
    """The seconds a duration has; None when it is none, or too long.

    Args:
        text: as typed.
        bare: whether a number without a unit is one, of seconds.
    """
    if bare and text.isascii() and text.isdigit() and len(text) <= 10:
        found = int(text)
    else:
        parts = _DURATION.fullmatch(text)
        if not text or parts is None:
            return None
        found = sum(
            int(count or 0) * unit for count, unit in zip(parts.groups(), _UNITS.values(), strict=True)
        )
    return found if found <= LONGEST else None


def lasting(seconds: int) -> str:
    """A duration as it is typed, in its largest units: ``1d12h``."""
    text = ""
    for unit, length in _UNITS.items():
        count, seconds = divmod(seconds, length)
        text += f"{count}{unit}" if count else ""
    return text or "0s"


# Timestamps: YYYY-MM-DDThh:mm:ss.sssZ in UTC (IRCv3 server-time).

_EPOCH_UTC = datetime(1970, 1, 1, tzinfo=UTC)
_STAMP = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?Z", re.ASCII)


_MILLISECONDS = tuple(f".{number:03d}Z" for number in range(1000))
"""How a timestamp ends: each message has one, and to format it takes twice as long."""


@lru_cache(maxsize=256)
def _second(seconds: int) -> str:
    return (_EPOCH_UTC + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")


def timestamp(time: int) -> str:
    """A time in microseconds as a timestamp, with milliseconds."""
    seconds, rest = divmod(time, 1_000_000)
    return _second(seconds) + _MILLISECONDS[rest // 1000]


def milliseconds(text: str) -> int | None:
    """The milliseconds since 1970 of a timestamp, or None if it is none; a leap second counts as the next."""
    found = _STAMP.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(group) for group in found.groups()[:6])
    leap = second == 60
    try:
        moment = datetime(year, month, day, hour, minute, 59 if leap else second, tzinfo=UTC)
    except ValueError:
        return None
    whole = int((moment - _EPOCH_UTC).total_seconds()) + leap
    return whole * 1000 + int((found[7] or "0").ljust(3, "0")[:3])
