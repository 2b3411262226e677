"""Times as IRCv3 writes them: ``YYYY-MM-DDThh:mm:ss.sssZ`` (server-time), in UTC.

Owns the form; in core and log a time is microseconds since 1970 UTC.
"""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FORM = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?Z", re.ASCII)


@lru_cache(maxsize=256)
def _second(seconds: int) -> str:
    return (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")


def timestamp(time: int) -> str:
    """A time in microseconds as a timestamp, with milliseconds."""
    seconds, rest = divmod(time, 1_000_000)
    return f"{_second(seconds)}.{rest // 1000:03d}Z"


def milliseconds(text: str) -> int | None:
    """The milliseconds since 1970 of a timestamp, or None if it is none; a leap second counts as the next."""
    found = _FORM.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(group) for group in found.groups()[:6])
    leap = second == 60
    try:
        moment = datetime(year, month, day, hour, minute, 59 if leap else second, tzinfo=UTC)
    except ValueError:
        return None
    whole = int((moment - _EPOCH).total_seconds()) + leap
    return whole * 1000 + int((found[7] or "0").ljust(3, "0")[:3])
