"""What is done for each request: a module for each family, each with a table of its own.

To add a request: its value in ``requests``, a function here in its family's module, a line in that table. It
runs beside a server as well as without one: what it needs, its ``Desk`` has. What takes long (a hash) goes to
a thread.
"""

from collections.abc import Callable
from typing import Union

import msgspec

from asyncchat import __version__
from asyncchat.control.desk import Desk
from asyncchat.control.operations import accounts, status, tokens
from asyncchat.control.operations.base import Operation
from asyncchat.control.requests import Request, Result
from asyncchat.control.wire import Refused

_FAMILIES = (status, accounts, tokens)

OPERATIONS: dict[type[Request], Operation] = {
    request: operation for family in _FAMILIES for request, operation in family.OPERATIONS.items()
}

_decode: Callable[[bytes], Request] = msgspec.json.Decoder(Union[tuple(OPERATIONS)]).decode  # noqa: UP007  # made of a table


async def carry_out(desk: Desk, line: bytes) -> Result:
    """Does what a request's line asks.

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
    return await OPERATIONS[type(request)](desk, request)
