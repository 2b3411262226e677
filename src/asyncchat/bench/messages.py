"""The texts that the generator sends: sender, number and time, in a form that is found fast.

A text is ``~b1~``, the sender (4 hex digits), its number from 1 (8), the send time (12, microseconds of the
monotonic clock) and padding. It must not know dialects: a text is found anywhere in a line.
"""

import time
from typing import NamedTuple

MARK = b"~b1~"
_SENDER_END = len(MARK) + 4
_NUMBER_END = _SENDER_END + 8
STAMPED = _NUMBER_END + 12  # bytes of a text before its padding


class Stamp(NamedTuple):
    """What a text contains."""

    sender: int
    number: int
    sent: int  # microseconds


def now() -> int:
    """Return the monotonic time in microseconds."""
    return time.monotonic_ns() // 1000


def padding(payload: int) -> bytes:
    """Return what fills a text up to ``payload`` bytes."""
    return b" ".ljust(payload - STAMPED, b"x")


def text(sender: int, number: int, sent: int, pad: bytes) -> bytes:
    """Make one text."""
    return b"~b1~%04x%08x%012x%b" % (sender, number, sent, pad)


def find(line: bytes, pad: bytes) -> Stamp | None:
    """Find a text at the end of a line without its LF; None if there is none.

    The number is negative if the text does not end as it was sent, and 0 if the text cannot be read.
    """
    at = line.find(MARK)
    if at < 0:
        return None
    try:
        stamp = Stamp(
            int(line[at + 4 : at + 8], 16), int(line[at + 8 : at + 16], 16), int(line[at + 16 : at + 28], 16)
        )
    except ValueError:
        return Stamp(0, 0, 0)
    if line[at + STAMPED :].rstrip(b"\r") != pad:
        return stamp._replace(number=-stamp.number)
    return stamp
