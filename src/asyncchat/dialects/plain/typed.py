"""How what follows a word is read: names, rooms, and what is left.

Owns the shape of a handler; must not know any word.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from asyncchat.core.commands import Command

if TYPE_CHECKING:
    from asyncchat.dialects.plain.dialect import PlainDialect

Handler = Callable[["PlainDialect", str], "Command | str | None"]
"""(session, what follows the word) -> what to ask, or what to answer at once, or None: that is misuse."""


def name_from(text: str) -> str:
    """A name as typed, trimmed, the spaces inside made ``_``."""
    return "_".join(text.split())


def one_name(make: Callable[[str, str], Command]) -> Handler:
    """A handler that takes one name; ``make`` gets the current room and the name."""
    return lambda session, text: make(session.room, text) if text and " " not in text else None


def name_and_rest(text: str) -> tuple[str, str]:
    """The first word, and what follows it."""
    name, _, rest = text.partition(" ")
    return name, rest.strip()


def room_from(text: str) -> str:
    """A room's name as typed; its ``#`` may be left out."""
    return text if text.startswith("#") else f"#{text}"
