"""Commands: what a session asks of the chat, whatever dialect it speaks.

Owns what every command is; the commands themselves stand with their features.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec


class Command(msgspec.Struct, frozen=True):
    """Something asked.

    ``io``: the server answers it with I/O (the history, a password), in its session's order.
    ``barrier``: its outcome decides how input is read on, so no input after it is read before that is told.
    ``audited``: an operator of the server may do by it in a room what no role there allows; that is noted.
    """

    io: ClassVar[bool] = False
    barrier: ClassVar[bool] = False
    audited: ClassVar[bool] = False


class IoCommand(Command, frozen=True):
    """A command that the server answers with I/O; each is a barrier."""

    io: ClassVar[bool] = True
    barrier: ClassVar[bool] = True


class DialectReply(Command, frozen=True):
    """What the dialect answers by itself (a PONG, a syntax error), in its place in the order."""

    value: object


class Pause(DialectReply, frozen=True):
    """An answer that is told before more input is read."""

    barrier: ClassVar[bool] = True


class Batch(Command, frozen=True):
    """Several commands of one line with one outcome, each decided when the one before has been applied."""

    commands: tuple[Command, ...]


class Query(Command, frozen=True):
    """A question about the state; it changes nothing."""
