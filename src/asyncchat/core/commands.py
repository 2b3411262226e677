"""Commands: what a session asks the chat to do, in any dialect.

Owns the base classes. The commands themselves are in ``features``.
"""

from typing import ClassVar

import msgspec


class Command(msgspec.Struct, frozen=True, tag=True, tag_field="is"):
    """What a session asks for.

    ``io``: the server answers it with I/O (the history, a password), in the session's order.
    ``barrier``: its outcome decides how later input is read, so the session reads no input until the outcome
    has been delivered.
    ``audited``: a server operator may use it in a room without a role there; the audit records that.
    ``cost``: as how many more lines one with I/O counts, where a client's pace is limited. What else takes
    long counts by its time, and a long answer by its bytes.
    ``level``: from which level on the nodes of a cluster read it (``features.levels``).
    """

    level: ClassVar[int] = 1
    io: ClassVar[bool] = False
    barrier: ClassVar[bool] = False
    audited: ClassVar[bool] = False
    cost: ClassVar[int] = 0


class IoCommand(Command, frozen=True):
    """A command that the server answers outside the hub, by I/O or in slices; it is always a barrier."""

    io: ClassVar[bool] = True
    barrier: ClassVar[bool] = True
    cost: ClassVar[int] = 1


class DialectReply(Command, frozen=True):
    """An answer that the dialect made itself (a PONG, a syntax error); it is delivered in order."""

    value: object


class Pause(DialectReply, frozen=True):
    """An answer that is delivered before more input is read."""

    barrier: ClassVar[bool] = True


class Batch(Command, frozen=True):
    """Several commands with one outcome; each is decided after the one before it has been applied."""

    commands: tuple[Command, ...]


class Query(Command, frozen=True):
    """A command that reads the state and changes nothing."""
