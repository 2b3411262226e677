"""Accounts' passwords: hashing them in a thread, checking them, and counting the wrong ones.

Owns the pace at which passwords may be guessed; must not know sessions nor what a right password gives.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING

from asyncchat.core import scram
from asyncchat.server.limits import place_of

if TYPE_CHECKING:
    from asyncchat.core.accounts import Account

WRONG_SECONDS = 1.0
"""What a wrong password costs whoever typed it."""

MOST_COUNTED = 10_000
"""Addresses and accounts that are counted; beyond it the oldest are forgotten."""

PASSWORD_LETTERS = 4
"""Shortest password. Short, since guessing goes at the pace below and what is kept is never shown."""


class Count:
    """How often each of many did something: so often at once, then one every so many seconds."""

    def __init__(self, most: int, seconds: float, clock: Callable[[], float]) -> None:
        self._most = most
        self._seconds = seconds
        self._clock = clock
        self._full_at: dict[str, float] = {}
        """When each of them has nothing counted against it any more."""

    def wait(self, who: str) -> int:
        """Seconds until it may be done again, 0 for now."""
        late = self._full_at.get(who, 0.0) - self._clock() - (self._most - 1) * self._seconds
        return max(0, -int(-late // 1))

    def add(self, who: str) -> None:
        """Counts once."""
        now = self._clock()
        self._full_at[who] = max(self._full_at.pop(who, 0.0), now) + self._seconds
        if len(self._full_at) > MOST_COUNTED:
            del self._full_at[next(iter(self._full_at))]

    def forget(self, who: str) -> None:
        """Begins anew."""
        self._full_at.pop(who, None)


class Accounts:
    """The passwords of the accounts.

    Args:
        clock: seconds that never go back.
        counting: whether anything is counted; not without flood control.
    """

    def __init__(self, clock: Callable[[], float], *, counting: bool = True) -> None:
        self.counting = counting
        # Ten, for all that may be typed in vain from behind one address; then 120 an hour.
        self._from = Count(10, 30.0, clock)
        # More than that, so that a stranger does not lock somebody out with a single address.
        self._of = Count(40, 30.0, clock)
        self._made = Count(20, 60.0, clock)
        self._key = secrets.token_bytes(32)
        # One hash at a time: a crowd of guessers costs one core, not all.
        self._turn = asyncio.Semaphore(1)

    async def verifier(self, password: str) -> str:
        """What is kept of a password.

        Raises:
            scram.ScramFault: it can't be one.
        """
        scram.prepared(password)
        async with self._turn:
            return str(
                await asyncio.to_thread(scram.verifier, password, secrets.token_bytes(scram.SALT_BYTES))
            )

    async def is_password(self, key: str, account: Account | None, typed: str, address: str) -> bool | None:
        """Whether that is an account's password; it takes as long where there is no such account.

        A wrong one is counted before the next is looked at, so that many at once are no way past the pace;
        None: meanwhile there were too many.
        """
        known = self.known(key, account)
        async with self._turn:
            if self.wait(key, address):
                return None
            right = await asyncio.to_thread(scram.is_password, known, typed) and account is not None
            if not right:
                self.wrong(key, address)
            return right

    def known(self, name: str, account: Account | None) -> scram.Verifier:
        """An account's verifier; where there is none, one that looks like it and that nothing proves."""
        if account is not None:
            return scram.read_verifier(account.verifier)
        salt = hmac.digest(self._key, name.encode("utf-8", "replace"), "sha256")[: scram.SALT_BYTES]
        return scram.Verifier(scram.ITERATIONS, salt, bytes(32), bytes(32))

    def nonce(self) -> str:
        """A server's part of a nonce."""
        return secrets.token_urlsafe(scram.NONCE_BYTES)

    def wait(self, key: str, address: str) -> int:
        """Seconds until a password of this account (its key) may be tried from there, 0 for now."""
        if not self.counting:
            return 0
        return max(self._from.wait(place_of(address)), self._of.wait(key))

    def wrong(self, key: str, address: str) -> None:
        """Counts a wrong password."""
        self._from.add(place_of(address))
        self._of.add(key)

    def may_guess(self, address: str) -> bool:
        """Counts a guess at an operator's password, before it is looked at; whether it may be."""
        place = place_of(address)
        if self.counting and self._from.wait(place):
            return False
        self._from.add(place)
        return True

    def guessed(self, address: str) -> None:
        """Forgets the guesses from there: that was an operator."""
        self._from.forget(place_of(address))

    def right(self, key: str) -> None:
        """Forgets the wrong ones of an account: its owner is there."""
        self._of.forget(key)

    def wait_to_make(self, address: str) -> int:
        """Seconds until another account may be made from there."""
        return self._made.wait(place_of(address)) if self.counting else 0

    def made(self, address: str) -> None:
        """Counts an account that was made."""
        self._made.add(place_of(address))
