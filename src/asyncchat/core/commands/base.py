"""What every command is."""

import msgspec


class Command(msgspec.Struct, frozen=True):
    """Something asked."""


class Answer(Command, frozen=True):
    """What the dialect answers by itself (a PONG, a syntax error), in its place in the order."""

    value: object


class Several(Command, frozen=True):
    """Several commands of one line with one outcome, each decided when the one before has been applied."""

    commands: tuple[Command, ...]


class Question(Command, frozen=True):
    """A question about the state; it changes nothing."""
