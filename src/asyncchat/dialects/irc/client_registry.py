"""The tables that the features of the IRC dialect fill for its client's side: how lines are read and asked.

Owns the tables and the functions that fill them; must not know any feature.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, TypeVar

from asyncchat.core.commands import Command
from asyncchat.dialects.irc.client_batches import Batch
from asyncchat.dialects.irc.client_connection import ClientConnection
from asyncchat.dialects.irc.client_values import Value
from asyncchat.dialects.irc.tokens import Message

Reader = Callable[[ClientConnection, Message, str, datetime], Iterable[Value]]
"""(connection, line, its label or '', the time of lines that carry none) -> what it says."""

BatchReader = Callable[[ClientConnection, Batch, datetime], Iterable[Value]]
"""(connection, batch, the time of lines that carry none) -> what it says."""

ReaderT = TypeVar("ReaderT", bound=Reader)
BatchReaderT = TypeVar("BatchReaderT", bound=BatchReader)

READERS: dict[str, Reader] = {}
"""By command or numeric."""

BATCH_READERS: dict[str, BatchReader] = {}
"""By type; the lines of other batches are read one by one."""

SILENT: set[str] = set()
"""Numerics that say nothing to people."""

SHAPES: dict[str, tuple[int, str, str]] = {}
"""Numeric -> (last parameter needed, shape, what that parameter adds to it unless it is empty)."""

LINES: dict[type[Command], Callable[[Any], tuple[str, ...]]] = {}
"""Command of the core -> the command of IRC that asks it, and its parameters."""

LineT = TypeVar("LineT", bound=Callable[[Any], tuple[str, ...]])


def to_server(kind: type[Command]) -> Callable[[LineT], LineT]:
    """Declares the line that asks a command of the core."""

    def declare(make: LineT) -> LineT:
        if kind in LINES:
            raise ValueError(f"{kind.__name__} is declared twice")
        LINES[kind] = make
        return make

    return declare


def from_server(*commands: str) -> Callable[[ReaderT], ReaderT]:
    """Declares how commands or numerics of the server are read."""

    def declare(reader: ReaderT) -> ReaderT:
        for command in commands:
            if command in READERS:
                raise ValueError(f"{command} is declared twice")
            READERS[command] = reader
        return reader

    return declare


def batch_from_server(kind: str) -> Callable[[BatchReaderT], BatchReaderT]:
    """Declares how a type of batches is read."""

    def declare(reader: BatchReaderT) -> BatchReaderT:
        BATCH_READERS[kind] = reader
        return reader

    return declare


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
