"""Passwords of accounts: hashes and verifies them in a thread, and limits how fast they can be guessed.

Must not know sessions, nor what a right password grants.
"""

import asyncio
import hmac
import secrets
from collections.abc import Callable, Iterator
from itertools import islice

from asyncchat.core import scram
from asyncchat.core.people import SITE_SHARE, Account, customer_of, network_of, site_of
from asyncchat.server.hash_queue import HashQueue

WRONG_SECONDS = 1.0
"""How long the answer to a wrong password is delayed."""

MOST_COUNTED = 10_000
"""Networks and accounts in one count; beyond it the oldest are forgotten."""

SECRET_BYTES = 32
"""The key of what the guard derives: as long as the hash."""


class Count:
    """Counts what each of many did: ``most`` times at once, then once every ``seconds``."""

    def __init__(self, most: int, seconds: float, clock: Callable[[], float]) -> None:
        self._most = most
        self._seconds = seconds
        self._clock = clock
        self.full_at: dict[str, float] = {}
        """When nothing is counted against it any more, by who."""

    def wait(self, who: str) -> int:
        """Seconds until it may be done again; 0: now."""
        late = self.full_at.get(who, 0.0) - self._clock() - (self._most - 1) * self._seconds
        return max(0, -int(-late // 1))

    def add(self, who: str) -> None:
        """Counts once."""
        now = self._clock()
        counted = self.full_at
        counted[who] = max(counted.pop(who, 0.0), now) + self._seconds
        # Each call adds one and looks at two, so what is over does not pile up.
        for oldest in list(islice(counted, 2)):
            if counted[oldest] <= now:
                del counted[oldest]
        if len(counted) > MOST_COUNTED:
            del counted[next(iter(counted))]

    def forget(self, who: str) -> None:
        """Forgets what was counted."""
        self.full_at.pop(who, None)


class NetworkCount:
    """Counts what each network did. Of an IPv6 /48 all is counted too: it may as often, and more at once."""

    def __init__(self, most: int, seconds: float, clock: Callable[[], float]) -> None:
        self.networks = Count(most, seconds, clock)
        self.sites = Count(most * SITE_SHARE, seconds, clock)

    def wait(self, address: str) -> int:
        """Seconds until it may be done again from an address; 0: now."""
        return max(self.networks.wait(network_of(address)), self.sites.wait(site_of(address)))

    def waiting(self) -> Iterator[tuple[str, int]]:
        """Who has to wait, and for how many seconds; ('', 0) for who need not: others may have a turn."""
        for count in (self.networks, self.sites):
            for who in list(count.full_at):
                wait = count.wait(who)
                yield (who, wait) if wait else ("", 0)

    def add(self, address: str) -> None:
        """Counts once."""
        self.networks.add(network_of(address))
        if site := site_of(address):
            self.sites.add(site)


class PasswordGuard:
    """Verifies passwords, and counts the wrong ones.

    For each account and network 10 may be wrong at once, then one each 30 s. A network from which the owner
    of an account has logged in has no other limit for it. From all other networks together 40 may be wrong
    for one account, then one each 30 s: so a botnet has some 3,000 guesses a day, and does not lock out an
    owner who is where the owner was before. One network may be wrong 40 times, then each 10 s, for all
    accounts where nobody behind it is known.

    Args:
        clock: seconds that never go back.
        secret: the key of invented salts and of known networks; kept, so that both stay over a restart.
        queue: gives turns for hashing.
        counting: whether guesses are limited; not without flood control.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        *,
        secret: bytes = b"",
        queue: HashQueue | None = None,
        counting: bool = True,
    ) -> None:
        self.counting = counting
        self._here = Count(10, 30.0, clock)
        self._from = NetworkCount(40, 10.0, clock)
        self._of = Count(40, 30.0, clock)
        # Apart, so that names that are made up do not push out those of accounts.
        self._of_none = Count(40, 30.0, clock)
        self._server = NetworkCount(20, 10.0, clock)
        self._made = NetworkCount(20, 60.0, clock)
        # Ten at once and then 120 an hour, as for an account.
        self._tokens = NetworkCount(10, 30.0, clock)
        self._key = secret or secrets.token_bytes(SECRET_BYTES)
        self.queue = queue or HashQueue()

    @property
    def counts(self) -> dict[str, dict[str, float]]:
        """All that is counted, by times of the clock, for another process to go on with."""
        return {name: count.full_at for name, count in self._counts().items()}

    def restore(self, counts: dict[str, dict[str, float]]) -> None:
        """Goes on with what another process counted."""
        own = self._counts()
        for name, full_at in counts.items():
            if name in own:
                own[name].full_at.update(full_at)

    def _counts(self) -> dict[str, Count]:
        counts = {"here": self._here, "of": self._of, "of none": self._of_none}
        for name, count in (
            ("from", self._from),
            ("server", self._server),
            ("made", self._made),
            ("tokens", self._tokens),
        ):
            counts[name], counts[f"{name} site"] = count.networks, count.sites
        return counts

    async def verifier(self, password: str, address: str) -> str:
        """The verifier to keep of a password.

        Raises:
            scram.ScramFault: it can't be a password.
        """
        scram.prepared(password)
        async with self.queue.turn(customer_of(address)):
            return str(
                await asyncio.to_thread(scram.verifier, password, secrets.token_bytes(scram.SALT_BYTES))
            )

    async def verify(
        self, key: str, account: Account | None, typed: str, address: str, *, known: bool = False
    ) -> bool | None:
        """Whether this is the account's password; takes as long when there is no such account.

        A wrong one is counted before the next is verified, so that many at once do not get past the limit.
        None: there were too many meanwhile.
        """
        verifier = self.known(key, account)
        async with self.queue.turn(customer_of(address)):
            if self.wait(key, address, known=known):
                return None
            right = await asyncio.to_thread(scram.is_password, verifier, typed) and account is not None
            if right:
                self.record_success(key, address)
            else:
                self.record_failure(key, address, known=known, exists=account is not None)
            return right

    def known(self, name: str, account: Account | None) -> scram.Verifier:
        """An account's verifier; without an account, one that looks alike and that no password matches."""
        if account is not None:
            return scram.read_verifier(account.verifier)
        salt = self._derived("salt", name)[: scram.SALT_BYTES]
        return scram.Verifier(scram.ITERATIONS, salt, bytes(32), bytes(32))

    def network_mark(self, key: str, address: str) -> str:
        """What is kept of a network from which an account was used: nobody can read the address from it."""
        return self._derived("network", f"{key} {network_of(address)}")[:8].hex()

    def _derived(self, purpose: str, text: str) -> bytes:
        return hmac.digest(self._key, f"{purpose} {text}".encode("utf-8", "replace"), "sha256")

    def nonce(self) -> str:
        """The server's part of a nonce."""
        return secrets.token_urlsafe(scram.NONCE_BYTES)

    def wait(self, key: str, address: str, *, known: bool = False) -> int:
        """Seconds until a password of this account (its key) may be tried from this address; 0: now.

        ``known``: its owner has logged in from there before.
        """
        if not self.counting:
            return 0
        network = network_of(address)
        here = self._here.wait(f"{network} {key}")
        if known:
            return here
        return max(here, self._from.wait(address), self._of.wait(key), self._of_none.wait(key))

    def record_failure(self, key: str, address: str, *, known: bool = False, exists: bool = True) -> None:
        """Counts a wrong password; ``exists``: there is such an account."""
        network = network_of(address)
        self._here.add(f"{network} {key}")
        self._from.add(address)
        if not known:
            (self._of if exists else self._of_none).add(key)

    def record_success(self, key: str, address: str) -> None:
        """Forgets the wrong passwords of an account from a network: its owner logged in there."""
        self._here.forget(f"{network_of(address)} {key}")

    def count_operator_guess(self, name: str, address: str) -> bool:
        """Counts a guess at an operator's password, or the owner code (no name), before it is verified.

        Returns:
            Whether it may be tried.
        """
        network = network_of(address)
        if self.counting and max(self._here.wait(f"{network} :{name}"), self._from.wait(address)):
            return False
        self._here.add(f"{network} :{name}")  # no account's key begins with a colon
        self._from.add(address)
        return True

    def forget_operator_guesses(self, name: str, address: str) -> None:
        """Forgets the guesses from an address: it was that operator."""
        self._here.forget(f"{network_of(address)} :{name}")

    def server_wait(self, address: str) -> int:
        """Seconds until the server's own password may be tried from this address; 0: now."""
        return self._server.wait(address) if self.counting else 0

    def record_server_failure(self, address: str) -> None:
        """Counts a wrong password of the server."""
        self._server.add(address)

    def registration_wait(self, address: str) -> int:
        """Seconds until another account may be registered from this address."""
        return self._made.wait(address) if self.counting else 0

    def record_registration(self, address: str) -> None:
        """Counts an account that was registered."""
        self._made.add(address)

    def refused(self) -> Iterator[tuple[str, str, int]]:
        """What is refused to which networks now, and for how many seconds; empty ones as in ``waiting``."""
        for what, count in (
            ("passwords", self._from),
            ("server_password", self._server),
            ("tokens", self._tokens),
            ("registrations", self._made),
        ):
            for network, seconds in count.waiting() if self.counting else ():
                yield what, network, seconds

    def token_wait(self, address: str) -> int:
        """Seconds until another wrong token is looked at from this address; 0: now."""
        return self._tokens.wait(address) if self.counting else 0

    def record_wrong_token(self, address: str) -> None:
        """Counts a wrong token."""
        self._tokens.add(address)
