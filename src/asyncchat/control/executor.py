"""The port through which operations run commands: implemented by a running hub and by the file alone.

Owns the contract. Must not know sockets.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from asyncchat.control.refusals import sentence
from asyncchat.control.wire import Refused
from asyncchat.core.chat import Chat
from asyncchat.core.commands import Command
from asyncchat.core.events import Event, Record
from asyncchat.core.replies import Refusal
from asyncchat.log.base import Log


class CommandExecutor(Protocol):
    """A chat that can be read, and changed by commands only."""

    @property
    def running(self) -> bool:
        """Whether a server is running."""

    @property
    def chat(self) -> Chat:
        """The state, only to be read."""

    @property
    def log(self) -> Log:
        """The history, only to be read."""

    async def submit(self, command: Command) -> Sequence[object]:
        """Decides a command for ``SERVER``.

        Returns:
            Its outcome, once the log has its records; a refusal if the log can't be written now.
        """


async def execute(executor: CommandExecutor, command: Command) -> list[Event]:
    """The events of a command.

    Raises:
        Refused: the command was refused; nothing happened.
    """
    outcome = await executor.submit(command)
    for item in outcome:
        if isinstance(item, Refusal):
            raise Refused(sentence(item).removesuffix("."))
    return [item.event for item in outcome if isinstance(item, Record)]
