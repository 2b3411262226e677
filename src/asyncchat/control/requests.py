"""Requests and their results: the closed set of what can be asked beside a server.

Values only; what is done for each stands in ``operations``.
"""

from typing import ClassVar

import msgspec


class Request(msgspec.Struct, frozen=True, tag_field="do", forbid_unknown_fields=True):
    """Something asked by whoever may use the control socket: the user who runs the server.

    ``begins`` tells whether it makes a history where there is none yet.
    """

    begins: ClassVar[bool] = False


class Result(msgspec.Struct, frozen=True):
    """What a request gives when it is not refused."""


class AskStatus(Request, frozen=True, tag="status"):
    """How the server is."""


class Status(Result, frozen=True):
    """How it is; ``running`` is false where no server has the history."""

    version: str
    running: bool
    people: int
    rooms: int
