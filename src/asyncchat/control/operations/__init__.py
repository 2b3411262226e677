"""What is done for each request: a module for each family of requests, each with a table.

To add a request: its value in ``requests``, a function in its family's module, a line in that module's table.
It runs beside a server as well as without one: it gets all it needs from its ``CommandExecutor``. What takes
long (a hash) goes to a thread.
"""

from collections.abc import Callable
from typing import Union

import msgspec

from asyncchat import __version__
from asyncchat.control.executor import CommandExecutor
from asyncchat.control.operations import accounts, status, tokens
from asyncchat.control.operations.base import Operation
from asyncchat.control.requests import Request, Result
from asyncchat.control.wire import Refused

_FAMILIES = (status, accounts, tokens)

OPERATIONS: dict[type[Request], Operation] = {
    request: operation for family in _FAMILIES for request, operation in family.OPERATIONS.items()
}

_decode: Callable[[bytes], Request] = msgspec.json.Decoder(Union[tuple(OPERATIONS)]).decode  # noqa: UP007  # made of a table


async def carry_out(executor: CommandExecutor, line: bytes) -> Result:
    """Carries out the request in a line.

    Raises:
        Refused: it can't be done.
    """
    try:
        request = _decode(line)
    except msgspec.DecodeError as error:
        raise Refused(
            f"The server (asyncchat {__version__}) does not know this request. "
            "It is of another version: restart it"
        ) from error
    return await OPERATIONS[type(request)](executor, request)
