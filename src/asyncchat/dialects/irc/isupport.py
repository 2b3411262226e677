"""The tokens of RPL_ISUPPORT (005): what a server supports, in names and limits.

Owns the table that features fill, and the tokens that belong to no feature. All of them are true: each names
the limit's constant.
"""

from __future__ import annotations

from collections.abc import Callable

from asyncchat.core.names import NAME_LENGTH, ROOM_LENGTH
from asyncchat.dialects.base import ServerInfo

Value = str | int | Callable[[ServerInfo], str | None]
"""A token's value, empty for none, or what it is as a server is configured; None: there is no such token."""

TOKENS: dict[str, Value] = {}


def token(name: str, value: Value = "") -> None:
    """Declares a token."""
    if name in TOKENS:
        raise ValueError(f"{name} is declared twice")
    TOKENS[name] = value


def tokens(server: ServerInfo) -> list[str]:
    """The tokens of a server, ``NAME`` or ``NAME=value``, by name."""
    found = []
    for name, given in sorted(TOKENS.items()):
        value = given(server) if callable(given) else str(given)
        if value is not None:
            found.append(f"{name}={value}" if value else name)
    return found


def escaped(text: str) -> str:
    """A value as it is written (Modern IRC, "RPL_ISUPPORT Parameters")."""
    return text.replace("\\", "\\x5C").replace(" ", "\\x20").replace("=", "\\x3D")


def _icon(server: ServerInfo) -> str | None:
    return escaped(server.icon) if server.icon else None


token("CASEMAPPING", "ascii")
token("CHANTYPES", "#")
token("NICKLEN", NAME_LENGTH)
token("CHANNELLEN", ROOM_LENGTH)
token("NETWORK", lambda server: escaped(server.network or server.name))
token("draft/ICON", _icon)
token("UTF8ONLY")
