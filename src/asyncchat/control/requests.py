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


class Done(Result, frozen=True):
    """It was done."""


class AskStatus(Request, frozen=True, tag="status"):
    """How the server is."""


class Status(Result, frozen=True):
    """How it is; ``running`` is false where no server has the history."""

    version: str
    running: bool
    people: int
    rooms: int


class AddToken(Request, frozen=True, tag="token add"):
    """Add a token; ``digest`` is kept of its secret, which only the asker knows."""

    begins: ClassVar[bool] = True
    name: str
    digest: str
    rooms: tuple[str, ...]
    actions: tuple[str, ...]


class AskTokens(Request, frozen=True, tag="token list"):
    """Which tokens there are."""


class TokenRow(msgspec.Struct, frozen=True):
    """One of them; ``time`` is when it was made, in microseconds since 1970 UTC."""

    name: str
    rooms: tuple[str, ...]
    actions: tuple[str, ...]
    time: int


class TokenRows(Result, frozen=True):
    """All of them, by name."""

    tokens: tuple[TokenRow, ...]


class RevokeToken(Request, frozen=True, tag="token revoke"):
    """Revoke a token."""

    name: str


class AddAccount(Request, frozen=True, tag="account add"):
    """Add an account."""

    begins: ClassVar[bool] = True
    name: str
    password: str


class ChangeAccountPassword(Request, frozen=True, tag="account password"):
    """Give an account another password."""

    name: str
    password: str


class DropAccount(Request, frozen=True, tag="account remove"):
    """Remove an account."""

    name: str


class AskAccounts(Request, frozen=True, tag="account list"):
    """Which accounts there are."""


class AccountLine(msgspec.Struct, frozen=True):
    """One of them; ``made`` in microseconds since 1970 UTC, ``online`` when somebody is logged in to it."""

    name: str
    made: int
    email: str
    online: bool


class AccountList(Result, frozen=True):
    """All of them, by their names."""

    accounts: tuple[AccountLine, ...]
