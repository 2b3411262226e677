"""Names that pass for somebody who has more authority: an account, a bot, a server operator, the server.

Owns which names these are. Must not know what is refused for it: ``connect`` and ``accounts`` do.
"""

from __future__ import annotations

from typing import Final

from asyncchat.core.chat import Chat, Part
from asyncchat.core.confusables import shapes, skeleton
from asyncchat.core.features.bots import Bots
from asyncchat.core.forgotten import FORGOTTEN
from asyncchat.core.names import SERVICES, fold

_WORDS: Final = (
    *SERVICES, "MemoServ", "OperServ", "BotServ", "HostServ", "server", "system", "service", "services",
    "owner", "admin", "administrator", "operator", "moderator", "here", "all", "everyone", "channel",
    "console", FORGOTTEN.name,
)  # fmt: skip
"""Names of the server, of roles in it, and words by which clients address a whole
room; and of those who are forgotten."""

_WORD_SHAPES = frozenset(shape for word in _WORDS for shape in shapes(word))


class AccountShapes(Part):
    """What the names of accounts look like, where that is not the account's key itself."""

    def __init__(self) -> None:
        self.by_shape: dict[str, dict[str, None]] = {}
        """The keys of accounts, by shape."""
        self.by_account: dict[str, tuple[str, ...]] = {}

    def add(self, name: str) -> None:
        """Adds an account."""
        key = fold(name)
        others = tuple(shape for shape in shapes(name) if shape != key)
        if others:
            self.by_account[key] = others
        for shape in others:
            self.by_shape.setdefault(shape, {})[key] = None

    def forget_account(self, account: str) -> None:
        """Forgets a removed account."""
        for shape in self.by_account.pop(account, ()):
            keys = self.by_shape[shape]
            del keys[account]
            if not keys:
                del self.by_shape[shape]


def stands_for_server(chat: Chat, name: str, person_id: int) -> bool:
    """Whether a name means or looks like the server or a role in it; operators and accounts may have it."""
    return (
        fold(name) not in chat.accounts
        and person_id not in chat.server_operators
        and not _WORD_SHAPES.isdisjoint(shapes(name))
    )


def imitated(chat: Chat, name: str, account: str = "") -> str:
    """The account, bot or present server operator that a different name looks like; empty if there is none.

    Args:
        chat: the chat.
        name: the name; if an account has it, it imitates none.
        account: the requester's own account, or empty.
    """
    key = fold(name)
    if key in chat.accounts:
        return ""
    alike = shapes(name)
    known = AccountShapes.of(chat).by_shape
    for shape in (*alike, skeleton(name)):
        for other in (shape, *known.get(shape, ())):
            there = chat.accounts.get(other)
            if there is not None and other != fold(account):
                return there.name
        token = Bots.of(chat).tokens.get(shape)
        if token is not None and shape != key:
            return token.name
    for person_id in chat.server_operators:
        oper = chat.people[person_id]
        if oper.key != key and not set(shapes(oper.name)).isdisjoint(alike):
            return oper.name
    return ""
