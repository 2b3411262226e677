"""What the table of commands is made of, and the values with which a command answers by itself.

Owns the shape of a line of the table; must not know any command.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from asyncchat.core.commands import Answer, Command
from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.serialize import middle
from asyncchat.dialects.irc.tokens import Message

if TYPE_CHECKING:
    from asyncchat.dialects.irc.dialect import IrcDialect

Handler = Callable[["IrcDialect", Message], Sequence[Command]]
"""(session, message) -> what is asked of the chat; answers of its own are ``Answer`` among it."""

ReplyEncoder = Callable[["IrcDialect", Any], bytes]
"""(session, reply) -> lines."""


class CommandSpec(msgspec.Struct, frozen=True):
    """A command that clients may send.

    ``least`` parameters it must have (else 461), none of them empty but those after the first ``filled``;
    ``early`` whether it may come before the registration is complete (else 451); ``long`` that its answer may
    be as long as the list of people: nothing more is read until it is given. ``params`` and ``about`` are
    what HELP says of it: its parameters as the specifications write them, and sentences for people.
    """

    handler: Handler
    least: int = 0
    early: bool = False
    long: bool = False
    filled: int = 15
    params: str = ""
    about: str = ""

    def satisfied(self, params: tuple[str, ...]) -> bool:
        """Whether these parameters are enough."""
        return len(params) >= self.least and all(params[: min(self.least, self.filled)])


class Numeric(msgspec.Struct, frozen=True):
    """A numeric to be said in its place in the order, to whoever the asker is by then."""

    code: str
    words: tuple[str, ...]
    text: str | None


class ResumeReading(msgspec.Struct, frozen=True):
    """Comes last of what a line asks whose outcome decides how to read on: with it, reading goes on.

    With ``replaying`` first with what was said in the rooms that were joined, before that.
    """

    replaying: bool = False


def numeric(code: str, *words: str, text: str | None = None) -> Answer:
    """Has a numeric said."""
    return Answer(Numeric(code, words, text))


def fail(command: str, code: str, *context: str, text: str) -> bytes:
    """A FAIL line without its source (IRCv3 standard-replies)."""
    return f"FAIL {' '.join((command, code, *context))} :{text}".encode("utf-8", "replace")


def listed(text: str, most: int) -> list[str]:
    """The items of a comma-separated parameter, each once, at most so many."""
    return list(dict.fromkeys(item for item in text.split(",") if item))[:most]


def each(text: str, most: int, make: Callable[[str], Command]) -> list[Command]:
    """What is asked for each item of a comma-separated parameter; one refusal for those too many."""
    items = listed(text, most + 1)
    asked = [make(item) for item in items[:most]]
    if len(items) > most:
        asked.append(too_many(items[most], most))
    return asked


def too_many(target: str, most: int) -> Answer:
    """That a line names more targets than it may, and the first beyond (TARGMAX)."""
    return numeric(numerics.ERR_TOOMANYTARGETS, middle(target), text=f"At most {most} targets at once")
