"""Where days begin for the person at this machine.

Owns the machine's zone; a day on which its clocks change is not 24 hours long.
"""

from datetime import UTC, date, datetime

_MICROSECONDS = 1_000_000
_EPOCH = date(1970, 1, 1).toordinal()


class LocalCalendar:
    """The calendar (``text.times.Calendar``) of the machine's zone."""

    def bounds(self, when: date) -> tuple[int, int]:
        """The first moment of a date, and the first after it, in microseconds since 1970 UTC."""
        return _start_of(when.toordinal()), _start_of(when.toordinal() + 1)


def moment(time: int) -> datetime:
    """Microseconds since 1970 UTC as a time.

    Raises:
        ValueError: no calendar has it.
    """
    return datetime.fromtimestamp(time / _MICROSECONDS, UTC)


def _start_of(ordinal: int) -> int:
    try:
        return int(datetime.fromordinal(ordinal).astimezone().timestamp()) * _MICROSECONDS
    except (OverflowError, ValueError, OSError):  # at the ends of the calendar
        return (ordinal - _EPOCH) * 86_400 * _MICROSECONDS
