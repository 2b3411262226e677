"""Sends a request to the server that has a history, or carries it out on the file if no server has it.

Owns the choice between the two, and the messages about what prevents both. Blocking: for a command line.
"""

import socket
from pathlib import Path
from typing import TypeVar

from asyncchat.control.requests import Request, Result
from asyncchat.control.socket_path import address_of, socket_path, supported
from asyncchat.control.wire import REPLY_BYTES, Refused, line_of, result_in

PATIENCE = 60.0
"""Seconds for an answer: a server whose disk is full tries for 30."""

R = TypeVar("R", bound=Result)


def ask(database: Path, request: Request, kind: type[R], patience: float = PATIENCE) -> R:
    """Carries out a request.

    Args:
        database: the history's file.
        request: the request.
        kind: the type of its result.
        patience: seconds for an answer.

    Raises:
        AsyncChatError: it can't be done; one line says why and what to do.
    """
    result: R
    connection = _connected(database, patience)
    if connection is None:
        return _ask_file(database, request)  # type: ignore[return-value]  # the operation gives this kind
    with connection:
        result = result_in(_answer(connection, request), kind)
    return result


def _connected(database: Path, patience: float) -> socket.socket | None:
    """A connection to the control socket; None if nobody listens."""
    if not supported():
        return None
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(patience)
    try:
        with address_of(socket_path(database)) as address:
            connection.connect(address)
    except PermissionError as error:
        connection.close()
        raise Refused(f"The server of {database} is another user's: run this as that user") from error
    except OSError:
        connection.close()  # no socket, one that nobody listens on, or a path that no socket can have
        return None
    return connection


def _answer(connection: socket.socket, request: Request) -> bytes:
    data = bytearray()
    try:
        connection.sendall(line_of(request))
        while not data.endswith(b"\n"):
            part = connection.recv(65_536)
            if not part or len(data) > REPLY_BYTES:
                raise Refused(
                    "The server ended before it answered: look whether it was done before you try again"
                )
            data += part
    except TimeoutError as error:
        raise Refused(f"The server did not answer within {connection.gettimeout():g} seconds") from error
    except OSError as error:
        raise Refused(f"The server can't be asked: {error.strerror or error}") from error
    return bytes(data)


def _ask_file(database: Path, request: Request) -> Result:
    import asyncio

    from asyncchat.control.offline import carry_out_offline
    from asyncchat.log.lockfile import InUse

    if not request.begins and not database.expanduser().exists():
        raise Refused(f"There is no history {database} yet. Name another: --db FILE")
    try:
        return asyncio.run(carry_out_offline(database, line_of(request)))
    except InUse as held:
        who = "" if held.pid is None else f" (pid {held.pid})"
        what_to_do = (
            "its control socket does not answer. When the server is starting or stopping, try again; "
            "else stop it first"
            if supported()
            else "this system has no Unix sockets, by which its server could be asked. Stop it first"
        )
        raise Refused(f"The history {database} is in use{who}, and {what_to_do}") from held
