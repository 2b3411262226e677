"""Commands about whom one watches: to be told when they come and go."""

from asyncchat.core.commands.base import Command, Question


class Watch(Command, frozen=True):
    """Be told when people of these names come and go."""

    names: tuple[str, ...]


class Unwatch(Command, frozen=True):
    """Be no longer told of these names; ``all``: of any."""

    names: tuple[str, ...] = ()
    all: bool = False


class AskWatched(Question, frozen=True):
    """The names that the asker watches; ``here``: and who of them is here."""

    here: bool
