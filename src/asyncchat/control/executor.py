"""The port through which operations run commands: implemented by a running hub and by the file alone.

Owns the contract. Must not know sockets.
"""

from collections.abc import Sequence
from typing import Protocol

from asyncchat.control.requests import ClusterStatus, Drained
from asyncchat.control.wire import Refused
from asyncchat.core.chat import Chat
from asyncchat.core.commands import Command
from asyncchat.core.events import Event, Record
from asyncchat.core.replies import Refusal
from asyncchat.log.base import Log
from asyncchat.text.sentences import refusal_sentence


class CommandExecutor(Protocol):
    """A chat that can be read, and changed by commands only."""

    running: bool
    """Whether a server is running."""
    chat: Chat
    """The state, only to be read."""
    page: str
    """The address of the page; empty: it is not known."""

    log: Log
    """The history, to be read, and for its upkeep."""

    async def request(self, command: Command) -> Sequence[object]:
        """Decides a command for ``SERVER``.

        Returns:
            Its outcome, once the log has its records; a refusal if the log can't be written now.
        """

    async def drop_files(self, ids: Sequence[str]) -> None:
        """Removes uploaded files with their contents, whatever refers to them."""

    def cluster(self) -> ClusterStatus:
        """The nodes of the cluster of which the server is one.

        Raises:
            AsyncChatError: it is in none.
        """

    def drain(self, seconds: float) -> Drained:
        """Takes the node out of service; once it has begun, tells how far that is.

        Raises:
            AsyncChatError: it is no node of a cluster, or no other node is there.
        """

    async def upgrade(self) -> int:
        """Has a new process take over from the server's, and gives its number.

        Raises:
            AsyncChatError: it can't; the server serves on.
        """


async def execute(executor: CommandExecutor, command: Command) -> list[Event]:
    """The events of a command.

    Raises:
        Refused: the command was refused; nothing happened.
    """
    outcome = await executor.request(command)
    for item in outcome:
        if isinstance(item, Refusal):
            raise Refused(sentence(item).removesuffix("."))
    return [item.event for item in outcome if isinstance(item, Record)]


def sentence(refusal: Refusal) -> str:
    """Why a command was refused, on one line."""
    return refusal_sentence(refusal).replace("\n", " ")
