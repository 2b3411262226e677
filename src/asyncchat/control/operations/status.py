"""How the server is."""

from asyncchat import __version__
from asyncchat.control.desk import Desk
from asyncchat.control.operations.base import Operation
from asyncchat.control.requests import AskStatus, Request, Status


async def status(desk: Desk, _request: AskStatus) -> Status:
    """Counts what is there."""
    return Status(__version__, desk.running, len(desk.chat.people), len(desk.chat.rooms))


OPERATIONS: dict[type[Request], Operation] = {AskStatus: status}
