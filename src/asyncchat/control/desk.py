"""Where an operation gets its work done: a port with two sides, a running hub or the file alone.

Owns the contract and the words for a refusal; must not know sockets.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from asyncchat.control.wire import Refused
from asyncchat.core.chat import Chat
from asyncchat.core.commands import Command
from asyncchat.core.events import AnyEvent, Record
from asyncchat.core.replies import Refusal
from asyncchat.log.base import Log
from asyncchat.text.sentences import refusal_sentence

CONSOLE = 0
"""Who asks: no session's number. A rule that lets it do something does so for who runs the server."""


class Desk(Protocol):
    """One history's chat, to be read, and to be changed by commands only."""

    @property
    def running(self) -> bool:
        """Whether a server serves it."""
        ...

    @property
    def chat(self) -> Chat:
        """The state, to be read."""
        ...

    @property
    def log(self) -> Log:
        """The history, to be read."""
        ...

    async def submit(self, command: Command) -> Sequence[object]:
        """Has a command decided for ``CONSOLE``.

        Returns:
            Its outcome, records and replies, once the log has it.

        Raises:
            Refused: the log can't be written now.
        """
        ...


async def carried_out(desk: Desk, command: Command) -> list[AnyEvent]:
    """What happened by a command.

    Raises:
        Refused: it was refused; nothing happened.
    """
    outcome = await desk.submit(command)
    for item in outcome:
        if isinstance(item, Refusal):
            raise Refused(words_for(item))
    return [item.event for item in outcome if isinstance(item, Record)]


def words_for(refusal: Any) -> str:
    """A refusal as one line without a dot at its end."""
    return refusal_sentence(refusal).replace("\n", " ").removesuffix(".")
