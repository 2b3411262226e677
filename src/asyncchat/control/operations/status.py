"""Requests about the server's state."""

from asyncchat import __version__
from asyncchat.control.executor import CommandExecutor
from asyncchat.control.operations.base import Operation
from asyncchat.control.requests import AskStatus, Request, Status


async def status(executor: CommandExecutor, _request: AskStatus) -> Status:
    """Gives the version, and the number of people and rooms."""
    return Status(__version__, executor.running, len(executor.chat.people), len(executor.chat.rooms))


OPERATIONS: dict[type[Request], Operation] = {AskStatus: status}
