"""The control socket's protocol: one line of JSON for a request, one for its reply.

Owns the framing and its limits; must not know sockets.
"""

from typing import Any

import msgspec

from asyncchat.control.requests import Request, Result
from asyncchat.errors import AsyncChatError

REQUEST_BYTES = 65_536
"""Longest request with its newline; a name, a password and a few words are far below."""

REPLY_BYTES = 64 * 1024 * 1024
"""Longest reply with its newline that is read: a list of some 500,000 rows."""


class Refused(AsyncChatError):
    """A request that can't be done; the text is what the person at the terminal is told."""


class Reply(msgspec.Struct, frozen=True, omit_defaults=True):
    """What came of a request: a result, or one line that says why there is none."""

    result: msgspec.Raw = msgspec.Raw(b"")
    error: str = ""


def line_of(request: Request) -> bytes:
    """A request as it is sent."""
    return msgspec.json.encode(request) + b"\n"


def reply_line(result: Result | Refused) -> bytes:
    """A reply as it is sent."""
    if isinstance(result, Refused):
        return msgspec.json.encode(Reply(error=str(result))) + b"\n"
    return msgspec.json.encode(Reply(msgspec.Raw(msgspec.json.encode(result)))) + b"\n"


def result_in(line: bytes, kind: type[Any]) -> Any:
    """The result in a reply's line.

    Raises:
        Refused: it was refused, or this is no reply with such a result.
    """
    try:
        reply = msgspec.json.decode(line, type=Reply)
        if reply.error:
            raise Refused(reply.error)
        return msgspec.json.decode(reply.result, type=kind)
    except msgspec.DecodeError as error:
        raise Refused("The server answers in another way: it is of another version. Restart it") from error
