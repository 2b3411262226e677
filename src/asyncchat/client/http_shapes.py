"""The shapes of what the HTTP API answers, and whether an answer has the one that is expected.

Owns what a command may rely on, so that a server of another kind ends in one line. Must not know how it is
asked. msgspec would say the same, and takes as long to load as all else that a short command needs.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

MESSAGE_ID: Final = re.compile(r"[a-z2-7]{1,32}-[0-9]{1,18}")
"""A message's id: its epoch and its number."""


def is_id(value: object) -> bool:
    """Whether it is the id of a message."""
    return type(value) is str and MESSAGE_ID.fullmatch(value) is not None


def is_time(value: object) -> bool:
    """Whether it is a time that the machine's calendar has."""
    try:
        return type(value) is str and datetime.fromisoformat(value).astimezone() is not None
    except (ValueError, OverflowError, OSError):
        return False


Shape = type | Callable[[object], bool] | dict[str, Any] | list[Any]
"""A type; a function that decides; an object with the shapes of its fields; a list with that of all items."""

MESSAGE: Final[Shape] = {
    "id": is_id,
    "time": is_time,
    **dict.fromkeys(("room", "name", "kind", "text", "reply_to"), str),
}
MESSAGES: Final[Shape] = {"messages": [MESSAGE], "more": bool}
FOUND: Final[Shape] = {"messages": [MESSAGE], "next": str}
MEMBERS: Final[Shape] = {"members": [{"name": str, "roles": [str], "away": str, "bot": bool}]}
ROOMS: Final[Shape] = {"rooms": [{"name": str, "topic": str, "members": int, "public": bool}]}
UPLOADED: Final[Shape] = {"url": str}
PROBLEM: Final[Shape] = {"detail": str}

EVENTS: Final[dict[str, Shape]] = {"message": MESSAGE, "renamed": {"room": str}}
"""By the kinds of a stream's events; the data of others is not read."""


def fits(value: object, shape: Shape) -> bool:
    """Whether a value from JSON has a shape; an object may have more fields."""
    if isinstance(shape, dict):
        return isinstance(value, dict) and all(
            key in value and fits(value[key], each) for key, each in shape.items()
        )
    if isinstance(shape, list):
        return isinstance(value, list) and all(fits(each, shape[0]) for each in value)
    return type(value) is shape if isinstance(shape, type) else shape(value)
