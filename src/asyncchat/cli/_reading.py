"""What the commands have in common that print messages of a room.

Owns the options of a part of the history, and how a message is printed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from asyncchat.client.http_api import HttpApi, Message

F = TypeVar("F", bound=Callable[..., Any])

MOMENT = "ID|TIME"

since_option = click.option(
    "--since",
    metavar=MOMENT,
    default="",
    help="Only messages after this one, or from this time on: 2h, 2026-11-30, 2026-11-30T21:14.",
)

until_option = click.option(
    "--until", metavar=MOMENT, default="", help="Only messages before this one, or before this time."
)


def part(
    api: HttpApi, room: str, count: int | None, since: str, until: str = "", *, usual: int
) -> list[Message]:
    """A part of a room's history, oldest first.

    Args:
        api: the server.
        room: the room.
        count: how many messages, the last ones; None: all since then, or as many as is usual.
        since: where it begins, as typed; empty: anywhere.
        until: where it ends, as typed; empty: now.
        usual: how many messages are given where nothing else is asked for.
    """
    from collections import deque
    from itertools import takewhile

    before, end = moment(until)
    after, start = moment(since)
    if not since:
        return api.backwards(room, usual if count is None else count, before, end)
    found = api.forwards(room, after, start, end)
    if before:
        number = _number(before)
        found = takewhile(lambda message: _number(message["id"]) < number, found)
    return list(deque(found, count))


def moment(text: str) -> tuple[str, str]:
    """(id, time) of a place in the history, as typed; both are empty where none was."""
    if not text:
        return "", ""
    # It loads much, and is seldom needed.
    from datetime import UTC, datetime

    from asyncchat.client.moments import parse_moment

    return parse_moment(text, datetime.now(UTC))


def _number(id: str) -> int:
    return int(id.rpartition("-")[2])


def show(message: Message, as_json: bool) -> None:
    """Prints a message."""
    from asyncchat.client import transcript

    click.echo(transcript.as_json(message) if as_json else transcript.as_lines(message))
