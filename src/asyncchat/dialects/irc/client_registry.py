"""The tables that the features of the IRC dialect fill for its client's side: how lines are read and asked.

Owns the tables and the functions that fill them; must not know any feature.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, NamedTuple

from asyncchat.core.commands import Command
from asyncchat.dialects.irc.client_batches import Batch
from asyncchat.dialects.irc.client_connection import ClientConnection, ServerLine
from asyncchat.dialects.irc.client_values import Value
from asyncchat.dialects.irc.table import Table
from asyncchat.dialects.irc.tokens import Message

Reader = Callable[[ClientConnection, ServerLine], Iterable[Value]]
"""(connection, line) -> what it says."""

BatchReader = Callable[[ClientConnection, Batch, datetime], Iterable[Value]]
"""(connection, batch, the time of lines that carry none) -> what it says."""

READERS: Table[str, Reader] = Table()
"""By command or numeric."""

BATCH_READERS: Table[str, BatchReader] = Table()
"""By type; the lines of other batches are read one by one."""

SILENT: set[str] = set()
"""Numerics that say nothing to people."""

SHAPES: dict[str, tuple[int, str, str]] = {}
"""Numeric -> (last parameter needed, shape, what that parameter adds to it unless it is empty)."""

from_server = READERS.declare
"""Declares how commands or numerics of the server are read."""


class LineContext(NamedTuple):
    """What a line may depend on: our nick, what the server says of itself (005), the time in seconds."""

    nick: str
    tokens: dict[str, str]
    now: int


class NotAskable(ValueError):
    """IRC, or this server, has no line for a command."""


Line = tuple[str, ...]
"""A command and its parameters; the last one may have spaces."""

LineMaker = Callable[[LineContext, Any], Line]
"""(context, command of the core) -> the line that asks it."""

LINES: Table[type[Command], LineMaker] = Table()
"""By the command of the core."""

to_server = LINES.declare
"""Declares the line that asks a command of the core."""


def line_for(server: LineContext, command: Command) -> Line:
    """The line that asks a command of the core.

    Raises:
        NotAskable: there is none.
    """
    if type(command) not in LINES:
        raise NotAskable("That can't be asked over IRC.")
    return LINES[type(command)](server, command)


def optional(text: str) -> Line:
    """The last parameter of a line that needs none."""
    return (text,) if text else ()


batch_from_server = BATCH_READERS.declare
"""Declares how a type of batches is read."""


def silent(*codes: str) -> None:
    """Declares numerics that say nothing to people."""
    SILENT.update(codes)


def shape(code: str, last: int, text: str, more: str) -> None:
    """Declares the sentence of a numeric, ``more`` for when its parameter ``last`` is not empty."""
    SHAPES[code] = last, text, more


def readable(line: Message) -> str:
    """A reply as one line for people: its parameters without our nick."""
    found = SHAPES.get(line.command)
    if found is not None and len(line.params) > found[0]:
        return (found[1] + found[2] * bool(line.params[found[0]])).format(*line.params)
    return " ".join(param for param in line.params[1:] if param)
