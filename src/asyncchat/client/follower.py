"""Following a room over every break: each message once and in order, or a gap is told.

Owns where to go on after a break. Must not know what is shown.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Final

from asyncchat.client.errors import ClientError, TimedOut, Unreachable
from asyncchat.client.http_api import ApiError, HttpApi, Message
from asyncchat.client.http_exchange import ConnectionBroken

PAUSES: Final = (1.0, 30.0)
"""Seconds between two attempts to reconnect, the first and the longest."""

GAP: Final = "gap"
"""The kind of what stands where messages are missing."""

_LATER: Final = (404, 429, 500, 503)
"""What a server answers that may soon answer otherwise: a room may be opened again."""


def forever() -> float:
    """How long somebody waits who has all the time."""
    return 86_400.0


def silent(_failure: ClientError) -> None:
    """Tells nobody of a break."""


def follow(
    api: HttpApi,
    room: str,
    after: str,
    *,
    left: Callable[[], float] = forever,
    sleep: Callable[[float], None] = time.sleep,
    on_break: Callable[[ClientError], None] = silent,
) -> Iterator[Message]:
    """The messages of a room after one (by its id), and those to come; it reconnects as long as it takes.

    Args:
        api: the server.
        room: the room.
        after: the id of the last message that is known; empty: there was none, so all are new.
        left: how many seconds the caller still waits.
        sleep: waits between two attempts.
        on_break: is told once why a break began; what follows are attempts to end it.

    Raises:
        ApiError: the room may not be read, or no longer.
        ClientError: there is no server at first.
        TimedOut: the caller waits no longer.
    """
    was_connected = is_broken = False
    pause = PAUSES[0]
    while True:
        try:
            with api.stream(room, after, left) as events:
                was_connected, is_broken, pause = True, False, PAUSES[0]
                early = set()
                if not after:
                    # There was nothing: what is there now was said since, or will also come as an event.
                    for message in api.forwards(room):
                        early.add(message["id"])
                        after = message["id"]
                        yield message
                for kind, data in events:
                    if kind == "message" and data["id"] not in early:
                        after = data["id"]
                        yield data
                    elif kind == GAP:
                        yield {"kind": GAP, "room": room}
                    elif kind == "renamed":
                        room = data["room"]
        except ApiError as error:
            if not was_connected or error.status not in _LATER:
                raise
            failure: ClientError = error
            if after and error.id == after:
                # A server without a history has begun anew: it does not know this message.
                after = ""
                yield {"kind": GAP, "room": room}
        except (ConnectionBroken, TimedOut, Unreachable) as error:
            if not was_connected:
                raise
            failure = error
        if not is_broken:
            is_broken = True
            on_break(failure)
        seconds = min(pause, left())
        if seconds <= 0:
            raise TimedOut("No answer came in time.")
        sleep(seconds)
        pause = min(2 * pause, PAUSES[1])
