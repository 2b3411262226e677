"""Who may begin: an address gets a cookie, and must send it back before the server remembers anything of it.

Owns the cookies and the answers to addresses that are not proven. An answer is never longer than what came,
so nobody can have others flooded. Must not know sockets. Time and the secret are arguments.
"""

import base64
import hashlib
import hmac

import msgspec

from asyncchat.dialects.udp.datagrams import (
    COOKIE_LETTERS,
    DATAGRAM_BYTES,
    Cookie,
    Gone,
    Hello,
    Move,
    Open,
    Packet,
    decode,
    encode,
)

SLOT_SECONDS = 60
"""Each cookie is valid in its slot of this length, and in the next."""

CODE_LETTERS = 10
"""Letters of the cookie that a person sends back: 50 bits."""

_TOO_SHORT = (b"Too short.\n", b"Longer\n")
"""What is answered to a person's line that is shorter than its answer would be, where it fits."""


class Opened(msgspec.Struct, frozen=True):
    """A proven address opens a connection under this id, or ``moves`` there with one that it has."""

    id: str
    moves: bool = False


class Entered(msgspec.Struct, frozen=True):
    """A person at a proven address begins with these lines."""

    lines: bytes


class Admission:
    """Answers whoever is not known.

    Args:
        secret: makes the cookies; nobody else knows it.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def answer(
        self, data: bytes, address: tuple[str, int], now: float, *, locked: bool = False
    ) -> bytes | Opened | Entered:
        """What is answered to a datagram that is part of no connection; b"": nothing.

        Args:
            data: the datagram.
            address: the host and port in whose name it came.
            now: seconds.
            locked: whether the server asks for a password first.
        """
        answer = self._answer(data, address, now, locked)
        return b"" if isinstance(answer, bytes) and len(answer) > len(data) else answer

    def _answer(
        self, data: bytes, address: tuple[str, int], now: float, locked: bool
    ) -> bytes | Opened | Entered:
        if len(data) > DATAGRAM_BYTES:
            return b""
        match decode(data):
            case Hello():
                return encode(Cookie(self._cookie(address, now)))
            case Open(cookie, id) | Move(cookie, id) as opened:
                valid = self._is_valid(cookie, address, now)
                return Opened(id, isinstance(opened, Move)) if valid else b""
            case Packet(id):
                return encode(Gone(id))
            case Cookie() | Gone():
                return b""
        return self._answer_person(data, address, now, locked)

    def renewed(self, data: bytes, address: tuple[str, int], now: float) -> bytes:
        """The answer to a packet of a known connection from another address: the cookie to prove that one."""
        answer = encode(Cookie(self._cookie(address, now)))
        return answer if len(answer) <= len(data) else b""

    def _answer_person(
        self, data: bytes, address: tuple[str, int], now: float, locked: bool
    ) -> bytes | Entered:
        code, _, rest = data.partition(b" ")
        code = code.strip().upper()
        is_code = len(code) == CODE_LETTERS and code.isalnum()
        if is_code and self._is_valid(code.decode(), address, now):
            return Entered(rest)
        code_now = self._cookie(address, now)[:CODE_LETTERS]
        answer = f"Send: {code_now} {'PASSWORD' if locked else 'NAME'}\n".encode()
        # Shorter than what came: two servers, told that each is the other's caller, must not go on for ever.
        return next((one for one in (answer, *_TOO_SHORT) if len(one) < len(data)), b"")

    def _is_valid(self, cookie: str, address: tuple[str, int], now: float) -> bool:
        return any(
            hmac.compare_digest(cookie, self._cookie(address, then)[: len(cookie)])
            for then in (now, now - SLOT_SECONDS)
        )

    def _cookie(self, address: tuple[str, int], now: float) -> str:
        """The cookie of an address: a keyed digest (RFC 7693), a fifth of HMAC's work."""
        proven = f"{address[0]} {address[1]} {now // SLOT_SECONDS}".encode()
        digest = hashlib.blake2b(proven, digest_size=10, key=self._secret).digest()
        return base64.b32encode(digest).decode()[:COOKIE_LETTERS]
