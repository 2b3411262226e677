"""Services: names that are nobody's, and answer what is said to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from asyncchat.core.commands import Command
from asyncchat.core.names import CHANSERV, HISTSERV, NICKSERV, fold
from asyncchat.dialects.irc.commands import chanserv, histserv, nickserv

if TYPE_CHECKING:
    from asyncchat.dialects.irc.dialect import IrcDialect

_HEARD: dict[str, Callable[[IrcDialect, str], Sequence[Command]]] = {
    fold(NICKSERV): nickserv.heard,
    fold(HISTSERV): histserv.heard,
    fold(CHANSERV): chanserv.heard,
}

KEYS = frozenset(_HEARD)
"""Their folded names."""


def heard(session: IrcDialect, name: str, text: str) -> Sequence[Command]:
    """What a message to a service asks."""
    return _HEARD[fold(name)](session, text)
