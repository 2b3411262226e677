"""Durations as operators type them: ``1d2h30m``, ``90m``, ``3600``.

Owns the units; must not know what is to last that long.
"""

import re

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
