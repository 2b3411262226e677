"""What every command is."""

import msgspec


class Command(msgspec.Struct, frozen=True):
    """Something asked."""


class Answer(Command, frozen=True):
    """What the dialect answers by itself (a PONG, a syntax error), in its place in the order."""

    value: object


class Question(Command, frozen=True):
    """A question about the state; it changes nothing."""
