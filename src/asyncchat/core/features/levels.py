"""Levels: how nodes of several versions are one chat.

Owns which level this version reads, and which one is in force. In a cluster that is the lowest that all its
nodes read: so nobody is told what it can't read. A single server's is its own.
"""

from typing import Final

from asyncchat.core.chat import Chat, Part
from asyncchat.core.replies import Refusal

LEVEL: Final = 1
"""The highest level that this version reads.

It is raised by one where an older version would not read what this one says, or would make something else of
it: a new event, command, reply or refusal, a new value of an enumeration in one, a new field that changes the
state, or a new kind of message between nodes. The new class says so by ``level``. A new field has a default,
and keeps it below the level.
"""


class Level(Part):
    """The level in force. It is no event: all nodes learn it at the same place of their stream."""

    def __init__(self) -> None:
        self.number = LEVEL


class AboveLevel(Refusal, frozen=True):
    """Not all nodes of the cluster can read that yet."""


def level_of(chat: Chat) -> int:
    """The level in force: what needs a higher one is not said."""
    return Level.of(chat).number
