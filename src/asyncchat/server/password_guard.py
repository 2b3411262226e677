"""Passwords of accounts: hashes and verifies them in a thread, and limits how fast they can be guessed.

Must not know sessions, nor what a right password grants.
"""

import asyncio
import hmac
import secrets
from collections.abc import Callable

from asyncchat.core import scram
from asyncchat.core.people import Account
from asyncchat.server.limits import network_of

WRONG_SECONDS = 1.0
"""How long the answer to a wrong password is delayed."""

MOST_COUNTED = 10_000
"""Addresses and accounts that are counted; beyond it the oldest are forgotten."""

PASSWORD_LETTERS = 4
"""Shortest password. It may be short, because guesses are limited and the verifier is never shown."""


class Count:
    """Counts what each of many did: ``most`` times at once, then once every ``seconds``."""

    def __init__(self, most: int, seconds: float, clock: Callable[[], float]) -> None:
        self._most = most
        self._seconds = seconds
        self._clock = clock
        self._full_at: dict[str, float] = {}
        """When nothing is counted against it any more."""

    def wait(self, who: str) -> int:
        """Seconds until it may be done again; 0: now."""
        late = self._full_at.get(who, 0.0) - self._clock() - (self._most - 1) * self._seconds
        return max(0, -int(-late // 1))

    def add(self, who: str) -> None:
        """Counts once."""
        now = self._clock()
        self._full_at[who] = max(self._full_at.pop(who, 0.0), now) + self._seconds
        if len(self._full_at) > MOST_COUNTED:
            del self._full_at[next(iter(self._full_at))]

    def forget(self, who: str) -> None:
        """Forgets what was counted."""
        self._full_at.pop(who, None)


class PasswordGuard:
    """Verifies the passwords of accounts.

    Args:
        clock: seconds that never go back.
        counting: whether guesses are limited; not without flood control.
    """

    def __init__(self, clock: Callable[[], float], *, counting: bool = True) -> None:
        self.counting = counting
        # Ten from one address, for all the people behind it; then 120 an hour.
        self._from = Count(10, 30.0, clock)
        # More for one account, so that a stranger can't lock its owner out from a single address.
        self._of = Count(40, 30.0, clock)
        self._made = Count(20, 60.0, clock)
        self._key = secrets.token_bytes(32)
        # One hash at a time: a crowd of guessers costs one core, not all.
        self._turn = asyncio.Semaphore(1)

    async def verifier(self, password: str) -> str:
        """The verifier to keep of a password.

        Raises:
            scram.ScramFault: it can't be a password.
        """
        scram.prepared(password)
        async with self._turn:
            return str(
                await asyncio.to_thread(scram.verifier, password, secrets.token_bytes(scram.SALT_BYTES))
            )

    async def verify(self, key: str, account: Account | None, typed: str, address: str) -> bool | None:
        """Whether this is the account's password; takes as long when there is no such account.

        A wrong one is counted before the next is verified, so that many at once do not get past the limit.
        None: there were too many meanwhile.
        """
        known = self.known(key, account)
        async with self._turn:
            if self.wait(key, address):
                return None
            right = await asyncio.to_thread(scram.is_password, known, typed) and account is not None
            if not right:
                self.record_failure(key, address)
            return right

    def known(self, name: str, account: Account | None) -> scram.Verifier:
        """An account's verifier; without an account, one that looks alike and that no password matches."""
        if account is not None:
            return scram.read_verifier(account.verifier)
        salt = hmac.digest(self._key, name.encode("utf-8", "replace"), "sha256")[: scram.SALT_BYTES]
        return scram.Verifier(scram.ITERATIONS, salt, bytes(32), bytes(32))

    def nonce(self) -> str:
        """The server's part of a nonce."""
        return secrets.token_urlsafe(scram.NONCE_BYTES)

    def wait(self, key: str, address: str) -> int:
        """Seconds until a password of this account (its key) may be tried from this address; 0: now."""
        if not self.counting:
            return 0
        return max(self._from.wait(network_of(address)), self._of.wait(key))

    def record_failure(self, key: str, address: str) -> None:
        """Counts a wrong password."""
        self._from.add(network_of(address))
        self._of.add(key)

    def count_guess(self, address: str) -> bool:
        """Counts a guess at an operator's password before it is verified. Returns whether it may be tried."""
        network = network_of(address)
        if self.counting and self._from.wait(network):
            return False
        self._from.add(network)
        return True

    def forget_guesses(self, address: str) -> None:
        """Forgets the guesses from an address: it was an operator."""
        self._from.forget(network_of(address))

    def record_success(self, key: str) -> None:
        """Forgets the wrong passwords of an account: its owner logged in."""
        self._of.forget(key)

    def registration_wait(self, address: str) -> int:
        """Seconds until another account may be registered from this address."""
        return self._made.wait(network_of(address)) if self.counting else 0

    def record_registration(self, address: str) -> None:
        """Counts an account that was registered."""
        self._made.add(network_of(address))
