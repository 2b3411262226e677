"""The dialect's own answers: values that stand among a line's commands and are told in their place.

Owns their form and the splitting of a list of targets; must not know any command.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from asyncchat.core.commands import Command, DialectReply
from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.serialize import middle


class Numeric(msgspec.Struct, frozen=True):
    """A numeric to be said in its place in the order, to whoever the asker is by then."""

    code: str
    words: tuple[str, ...]
    text: str | None


def numeric(code: str, *words: str, text: str | None = None) -> DialectReply:
    """Has a numeric said."""
    return DialectReply(Numeric(code, words, text))


def listed(text: str, most: int) -> list[str]:
    """The items of a comma-separated parameter, each once, at most so many."""
    return list(dict.fromkeys(item for item in text.split(",") if item))[:most]


def each(text: str, most: int, make: Callable[[str], Command]) -> list[Command]:
    """A command for each item of a comma-separated parameter; one refusal for those beyond the limit."""
    items = listed(text, most + 1)
    asked = [make(item) for item in items[:most]]
    if len(items) > most:
        asked.append(too_many(items[most], most))
    return asked


def too_many(target: str, most: int) -> DialectReply:
    """Refuses a line with too many targets; ``target`` is the first beyond the limit (TARGMAX)."""
    return numeric(numerics.ERR_TOOMANYTARGETS, middle(target), text=f"At most {most} targets at once")
