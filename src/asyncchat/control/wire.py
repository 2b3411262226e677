"""The protocol of the control socket: a line of JSON for a request, and one for its reply.

Owns the framing and its limits. Must not know sockets.
"""

from typing import Any

import msgspec

from asyncchat.control.requests import Request, Result
from asyncchat.errors import AsyncChatError

REQUEST_BYTES = 65_536
"""Longest request with its newline; a name and a password need far less."""

REPLY_BYTES = 64 * 1024 * 1024
"""Longest reply with its newline: a list of about 500,000 rows."""

NO_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding raises: a text in it may be no UTF-8, and lists in lists may be too deep."""


class Refused(AsyncChatError):
    """A request was refused; the text tells the person at the terminal why."""


class Reply(msgspec.Struct, frozen=True, omit_defaults=True):
    """The reply to a request: a result, or one line that says why there is none."""

    result: msgspec.Raw = msgspec.Raw(b"")
    error: str = ""


def line_of(request: Request) -> bytes:
    """Encodes a request."""
    return msgspec.json.encode(request) + b"\n"


def reply_line(result: Result | Refused) -> bytes:
    """Encodes a reply."""
    if isinstance(result, Refused):
        return msgspec.json.encode(Reply(error=str(result))) + b"\n"
    return msgspec.json.encode(Reply(msgspec.Raw(msgspec.json.encode(result)))) + b"\n"


def result_in(line: bytes, kind: type[Any]) -> Any:
    """Decodes a reply.

    Raises:
        Refused: the request was refused, or the reply has no such result.
    """
    try:
        reply = msgspec.json.decode(line, type=Reply)
        if reply.error:
            raise Refused(reply.error)
        return msgspec.json.decode(reply.result, type=kind)
    except NO_JSON as error:
        raise Refused("The server answers in another way: it is of another version. Restart it") from error
