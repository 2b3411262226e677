"""Passwords as a configuration states them: plain, or as a salted hash (``asyncchat config password``).

Owns the hash's form and the comparison, which takes as long whatever is typed; must not know who asks.
"""

import base64
import binascii
import hashlib
import hmac
import secrets

PREFIX = "scrypt:"
"""How a hash begins: ``scrypt:N:R:P:SALT:HASH``. None of its characters means anything to a shell or TOML."""

N, R, P = 2**14, 8, 1
"""scrypt's parameters for interactive logins (RFC 7914; Percival 2009): 16 MB and some 50 ms each time."""

MOST_MEMORY = 256 * 1024 * 1024
"""What a stated hash may cost to verify, in bytes."""

SALT_BYTES = 16
HASH_BYTES = 32


class Password:
    """One password to compare with.

    Args:
        stated: as the configuration has it.

    Raises:
        ValueError: it begins as a hash and is none.
    """

    __slots__ = ("_hash", "_key", "_known", "_parameters", "_salt")

    def __init__(self, stated: str) -> None:
        self._key = secrets.token_bytes(HASH_BYTES)
        self._known = b""
        if not stated.startswith(PREFIX):
            self._parameters = None
            self._known = self._digest(stated)
            return
        self._parameters, self._salt, self._hash = _parsed(stated)

    def verify(self, typed: str) -> bool:
        """Whether that is it. A hash takes its time: call it in a thread.

        What has been right once is found in no time: after a restart of the network everybody comes at once.
        """
        if hmac.compare_digest(self._digest(typed), self._known.ljust(HASH_BYTES, b"\0")):
            return True
        if self._parameters is None:
            return False
        found = hmac.compare_digest(_scrypt(typed, self._salt, *self._parameters), self._hash)
        if found:
            self._known = self._digest(typed)
        return found

    def _digest(self, text: str) -> bytes:
        return hmac.digest(self._key, text.encode("utf-8", "surrogatepass"), "sha256")


def hashed(text: str) -> str:
    """A new salted hash of a password, as it is written into a configuration."""
    salt = secrets.token_bytes(SALT_BYTES)
    made = _scrypt(text, salt, N, R, P)
    return f"{PREFIX}{N}:{R}:{P}:{_encoded(salt)}:{_encoded(made)}"


def fault(stated: str) -> str:
    """Why this can't be a password; empty when it can."""
    try:
        Password(stated)
    except ValueError as error:
        return str(error)
    return "" if stated.isprintable() else "it has a control character, which nobody can type"


def _scrypt(text: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    password = text.encode("utf-8", "surrogatepass")
    return hashlib.scrypt(password, salt=salt, n=n, r=r, p=p, maxmem=MOST_MEMORY + 2**20, dklen=HASH_BYTES)


def _parsed(stated: str) -> tuple[tuple[int, int, int], bytes, bytes]:
    parts = stated.removeprefix(PREFIX).split(":")
    if len(parts) != 5 or not all(part.isascii() and part.isdigit() and len(part) < 9 for part in parts[:3]):
        raise ValueError("it begins as a hash and is none; “asyncchat config password” makes one")
    n, r, p = (int(part) for part in parts[:3])
    if n < 2 or n & (n - 1) or r < 1 or not 1 <= p <= 16 or 128 * n * r > MOST_MEMORY:
        raise ValueError("its hash has parameters of scrypt that are not taken here")
    try:
        salt, made = (base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in parts[3:])
    except (binascii.Error, ValueError) as error:
        raise ValueError("its hash is damaged") from error
    if not salt or len(made) != HASH_BYTES:
        raise ValueError("its hash is damaged")
    return (n, r, p), salt, made


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
