"""The secrets of the server: the owner code, and the passwords of the configuration.

Owns their verification, in a thread. Must not know sessions, nor what a right password
grants.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
from pathlib import Path

from asyncchat.config.options import ServeConfig
from asyncchat.config.passwords import Password
from asyncchat.core.names import fold, matches
from asyncchat.core.people import customer_of
from asyncchat.server.addresses import is_within
from asyncchat.server.hash_queue import HashQueue
from asyncchat.server.password_guard import PasswordGuard
from asyncchat.server.secret_file import kept_beside

# Without 0/O, 1/I/L, U: nobody mistakes one for another when it is read aloud.
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH = 8


class OwnerCode:
    """A code such as ``7KQ2-M9XD``; case and dashes don't matter when it is typed.

    Whoever can read the file beside the database becomes an operator of the server.
    """

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    @classmethod
    def new(cls) -> OwnerCode:
        """A code for one run, kept nowhere."""
        return cls(new_code())

    @classmethod
    def beside(cls, database: Path) -> OwnerCode:
        """The code kept beside a database, made at the first start.

        Raises:
            OSError: its file can't be read or made.
        """
        return cls(kept_beside(database, ".owner", is_code, new_code))

    def verify(self, typed: str) -> bool:
        """Whether this is the code; takes as long whatever was typed."""
        return hmac.compare_digest(_letters(typed).encode(), _letters(self.text).encode())


def is_code(text: str) -> bool:
    """Whether a text can be an owner code."""
    return len(_letters(text)) >= _LENGTH


def new_code() -> str:
    """A new owner code."""
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
    return f"{letters[:4]}-{letters[4:]}"


def _letters(text: str) -> str:
    return "".join(char for char in text.upper() if char.isalnum())


class ServerPasswords:
    """The passwords of one configuration.

    Args:
        options: the configuration.
        queue: gives turns for hashing.
    """

    def __init__(self, options: ServeConfig, queue: HashQueue) -> None:
        self._queue = queue
        self._password = Password(options.password) if options.password else None
        self._operators = {
            name: (Password(operator.password) if operator.password else None, operator)
            for name, operator in options.operators.items()
        }
        self._gateways = {
            name: (Password(one.password), one.networks) for name, one in options.gateways.items()
        }
        # For operators who do not exist, so that the answer takes as long.
        self._decoy = next((password for password, _ in self._operators.values() if password), None)

    async def verify_server(self, typed: str, address: str, guard: PasswordGuard) -> bool | None:
        """Whether this is the server's password, or there is none; None: too many from there were wrong."""
        if self._password is None:
            return True
        if not typed:
            return False
        async with self._queue.turn(customer_of(address)):
            if guard.server_wait(address):
                return None
            right = await asyncio.to_thread(self._password.verify, typed)
            if not right:
                guard.record_server_failure(address)
            return right

    async def verify_gateway(self, typed: str, address: str) -> str:
        """The name of the gateway that connects from this address and has this password; empty: none."""
        for name, (password, networks) in self._gateways.items():
            if is_within(address, networks):
                async with self._queue.turn(customer_of(address)):
                    if await asyncio.to_thread(password.verify, typed):
                        return name
        return ""

    def is_host_allowed(self, name: str, host: str) -> bool:
        """Whether the operator of this name may come from this host; an unknown one from everywhere."""
        _, operator = self._operators.get(name, (None, None))
        hosts = () if operator is None else operator.hosts
        return not hosts or any(matches(mask, host) for mask in hosts)

    async def verify_operator(self, name: str, typed: str, account: str, address: str) -> bool:
        """Whether this is the operator's password, and the account is the one that the operator must have."""
        password, operator = self._operators.get(name, (self._decoy, None))
        right = True
        if password is not None:
            async with self._queue.turn(customer_of(address)):
                right = await asyncio.to_thread(password.verify, typed)
        if operator is None or not right:
            return False
        return not operator.account or fold(operator.account) == fold(account)
