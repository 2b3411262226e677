"""Access: who may come in, and who may become an operator, by the passwords of the configuration.

Owns the comparing, in a thread and one at a time; must not know sessions nor what a right password gives.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from asyncchat.config.passwords import Password
from asyncchat.core.names import fold, matches

if TYPE_CHECKING:
    from asyncchat.config.options import ServeConfig


class Access:
    """The passwords of one configuration.

    Args:
        options: has them.
    """

    def __init__(self, options: ServeConfig) -> None:
        self._password = Password(options.password) if options.password else None
        self._operators = {
            name: (Password(operator.password) if operator.password else None, operator)
            for name, operator in options.operators.items()
        }
        # One hash at a time: a crowd of guessers costs one core and 16 MB, not all.
        self._turn = asyncio.Semaphore(1)

    async def admits(self, typed: str) -> bool:
        """Whether that is the server's password, or there is none."""
        return self._password is None or (bool(typed) and await self._verify(self._password, typed))

    def may_come(self, name: str, host: str) -> bool:
        """Whether the operator of this name may come from there; one that does not exist, from everywhere."""
        _, operator = self._operators.get(name, (None, None))
        hosts = () if operator is None else operator.hosts
        return not hosts or any(matches(mask, host) for mask in hosts)

    async def is_operator(self, name: str, typed: str, account: str) -> bool:
        """Whether that is the operator's password, and who typed it logged in as the operator must be."""
        password, operator = self._operators.get(name, (None, None))
        if operator is None or (operator.account and fold(operator.account) != fold(account)):
            return False
        return password is None or await self._verify(password, typed)

    async def _verify(self, password: Password, typed: str) -> bool:
        async with self._turn:
            return await asyncio.to_thread(password.verify, typed)
