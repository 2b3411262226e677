"""Passwords in a configuration: plain, or as a salted hash (``asyncchat config password``).

Owns the form of the hash and the comparison in constant time; must not know who asks.
"""

import base64
import binascii
import hashlib
import hmac
import secrets

from asyncchat.core.passwords import password_fault

PREFIX = "scrypt:"
"""The beginning of a hash: ``scrypt:N:R:P:SALT:HASH``. No character of it is special to a shell or TOML."""

N, R, P = 2**14, 8, 1
"""scrypt's parameters for interactive logins (RFC 7914; Percival 2009): 16 MB and about 50 ms each."""

MOST_MEMORY = 256 * 1024 * 1024
"""How much memory the verification of a configured hash may use, in bytes."""

SALT_BYTES = 16
HASH_BYTES = 32


class Password:
    """One password to compare with.

    Args:
        stated: the value in the configuration.

    Raises:
        ValueError: it begins like a hash and is not one.
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
        """Whether that is the password. A hash takes 50 ms: call this in a thread.

        A password that was right once is recognised at once: after a network failure everyone returns
        together.
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
    """A new salted hash of a password, for a configuration."""
    salt = secrets.token_bytes(SALT_BYTES)
    made = _scrypt(text, salt, N, R, P)
    return f"{PREFIX}{N}:{R}:{P}:{_encoded(salt)}:{_encoded(made)}"


def fault(stated: str) -> str:
    """Why this is not a valid password, or ''."""
    try:
        Password(stated)
    except ValueError as error:
        return str(error)
    if not stated.isprintable():
        return "it has a control character, which can't be typed"
    weak = password_fault(stated) if stated and not stated.startswith(PREFIX) else None
    return "" if weak is None else f"it is too weak: {weak}"


def _scrypt(text: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    password = text.encode("utf-8", "surrogatepass")
    return hashlib.scrypt(password, salt=salt, n=n, r=r, p=p, maxmem=MOST_MEMORY + 2**20, dklen=HASH_BYTES)


def _parsed(stated: str) -> tuple[tuple[int, int, int], bytes, bytes]:
    parts = stated.removeprefix(PREFIX).split(":")
    if len(parts) != 5 or not all(part.isascii() and part.isdigit() and len(part) < 9 for part in parts[:3]):
        raise ValueError("it begins like a hash but is not one; make one with “asyncchat config password”")
    n, r, p = (int(part) for part in parts[:3])
    if n < 2 or n & (n - 1) or r < 1 or not 1 <= p <= 16 or 128 * n * r > MOST_MEMORY:
        raise ValueError("its hash has parameters of scrypt that are not supported")
    try:
        salt, made = (base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in parts[3:])
    except (binascii.Error, ValueError) as error:
        raise ValueError("its hash is damaged") from error
    if not salt or len(made) != HASH_BYTES:
        raise ValueError("its hash is damaged")
    return (n, r, p), salt, made


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
