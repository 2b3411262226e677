"""A place in the history as people name it: the id of a message, or a time.

Owns how the two are told apart. Must not know who reads from there.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from asyncchat.client.errors import ClientError
from asyncchat.client.http_shapes import MESSAGE_ID
from asyncchat.text.times import seconds_in


class MomentError(ClientError):
    """Neither an id nor a time."""

    exit_code = 2

    def __init__(self, text: str) -> None:
        super().__init__(
            f"{text!r} is neither the id of a message nor a time such as 2h, 2026-11-30 or 2026-11-30T21:14."
        )


def parse_moment(text: str, now: datetime) -> tuple[str, str]:
    """(id, time) of what was typed, one of them empty; a time without a zone is a local one.

    Raises:
        MomentError: it is neither.
    """
    if MESSAGE_ID.fullmatch(text):
        return text, ""
    seconds = seconds_in(text, bare=False)
    try:
        if seconds is not None:
            at = now - timedelta(seconds=seconds)
        else:
            at = datetime.fromisoformat(text).astimezone()
        utc = at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise MomentError(text) from error
    return "", f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03}Z"
