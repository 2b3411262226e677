"""SCRAM-SHA-256 (RFC 5802, RFC 7677): what is stored of a password, and both sides of the exchange.

Owns the form of a verifier, from which no password can be recovered; it serves SCRAM and passwords that are
sent in clear alike. Pure: salts and nonces are arguments. ``hashlib`` does the work. No library is used:
scramp (the tests run against it) refuses the authorization identity that IRC clients may send (IRCv3
sasl-3.1, "Example protocol exchange") and depends on an X.509 library, which nothing here needs.
"""

import base64
import binascii
import hashlib
import hmac
import stringprep
import unicodedata

import msgspec

from asyncchat.core.normalization import normalize

NAME = "SCRAM-SHA-256"

ITERATIONS = 65_536
"""Sixteen times the minimum of RFC 7677: some 20 ms of work, for a client too."""

MAX_ITERATIONS = 10_000_000
"""The most that a client accepts: a hostile server must not keep it busy for an hour."""

SALT_BYTES = 16
NONCE_BYTES = 18
"""Random bytes of a nonce; as base64 it needs no padding."""

PASSWORD_BYTES = 600
"""Longest password: IRCv3 account-registration calls 300 safe for a line of IRC; SASL has room for more."""


class ScramFault(ValueError):
    """A message that breaks RFC 5802, or a text that can't be a password."""


class Verifier(msgspec.Struct, frozen=True):
    """What is stored of a password."""

    iterations: int
    salt: bytes
    stored_key: bytes
    server_key: bytes

    def __str__(self) -> str:
        """The stored form (RFC 5803, section 3)."""
        salt, stored, server = (_b64(part) for part in (self.salt, self.stored_key, self.server_key))
        return f"{NAME}${self.iterations}:{salt}${stored}:{server}"


def prepared(password: str) -> bytes:
    """A password in the form that is hashed: SASLprep (RFC 4013), with characters newer than Unicode 3.2 too.

    Raises:
        ScramFault: it is empty or too long, or has characters that can't be typed again.
    """
    mapped = "".join(
        " " if stringprep.in_table_c12(char) else char
        for char in password
        if not stringprep.in_table_b1(char)
    )
    text = normalize("NFKC", mapped)
    if not text:
        raise ScramFault("the password is empty")
    if any(unicodedata.category(char) in ("Cc", "Cs", "Co") for char in text):
        raise ScramFault("the password has a character that nobody can type")
    raw = text.encode()
    if len(raw) > PASSWORD_BYTES:
        raise ScramFault(f"the password is longer than {PASSWORD_BYTES} bytes")
    return raw


def verifier(password: str, salt: bytes, iterations: int = ITERATIONS) -> Verifier:
    """The verifier of a password. This is slow on purpose: call it in a thread.

    Raises:
        ScramFault: as for ``prepared``.
    """
    client_key, server_key = _keys(prepared(password), salt, iterations)
    return Verifier(iterations, salt, hashlib.sha256(client_key).digest(), server_key)


def read_verifier(text: str) -> Verifier:
    """The verifier from its stored form.

    Raises:
        ScramFault: the text is not a verifier.
    """
    try:
        name, costs, keys = text.split("$")
        iterations, salt = costs.split(":")
        stored, server = keys.split(":")
        if name == NAME:
            return Verifier(int(iterations), _unb64(salt), _unb64(stored), _unb64(server))
    except ValueError as error:
        raise ScramFault("that is no verifier") from error
    raise ScramFault("that is no verifier")


def is_password(known: Verifier, typed: str) -> bool:
    """Whether that is the password. This is slow on purpose: call it in a thread."""
    try:
        client_key, _ = _keys(prepared(typed), known.salt, known.iterations)
    except ScramFault:
        return False
    return hmac.compare_digest(hashlib.sha256(client_key).digest(), known.stored_key)


# The server's side.


class First(msgspec.Struct, frozen=True):
    """A client's first message: ``name`` authenticates, to act as ``asked`` (empty: as itself)."""

    name: str
    asked: str
    header: str
    bare: str
    nonce: str


class Exchange(msgspec.Struct, frozen=True):
    """An exchange in which the server waits for the client's proof."""

    first: First
    nonce: str
    challenge: str
    known: Verifier


class Proven(msgspec.Struct, frozen=True):
    """An exchange in which the client has proven that it knows the password of this verifier."""

    name: str
    known: Verifier


def begin(data: bytes) -> First:
    """Parses a client's first message.

    Raises:
        ScramFault: it is malformed, or asks for channel binding.
    """
    text = _text(data)
    parts = text.split(",", 2)
    if len(parts) != 3 or parts[0] not in ("n", "y"):
        raise ScramFault("no channel binding is offered here")
    flag, asked, bare = parts
    if asked and not asked.startswith("a="):
        raise ScramFault("malformed header")
    name, nonce = _values(bare.split(","), "n", "r")
    if not name or not nonce:
        raise ScramFault("no name or no nonce")
    return First(_unescaped(name), _unescaped(asked[2:]), f"{flag},{asked},", bare, nonce)


def challenged(first: First, known: Verifier, nonce: str) -> Exchange:
    """The exchange after the first message, with the server's nonce."""
    whole = first.nonce + nonce
    return Exchange(first, whole, f"r={whole},s={_b64(known.salt)},i={known.iterations}", known)


def proven(exchange: Exchange, data: bytes) -> bytes | None:
    """The server's last message, or None if the client's proof is wrong.

    Raises:
        ScramFault: it is malformed, or belongs to another exchange.
    """
    said, comma, proof = _text(data).rpartition(",p=")
    header, nonce = _values(said.split(","), "c", "r")
    if not comma or nonce != exchange.nonce or _unb64(header) != exchange.first.header.encode():
        raise ScramFault("that belongs to another exchange")
    known = exchange.known
    message = ",".join((exchange.first.bare, exchange.challenge, said)).encode()
    signature = hmac.digest(known.stored_key, message, "sha256")
    given = _unb64(proof)
    if len(given) != len(signature):
        return None
    client_key = _xor(given, signature)
    if not hmac.compare_digest(hashlib.sha256(client_key).digest(), known.stored_key):
        return None
    return b"v=" + _b64(hmac.digest(known.server_key, message, "sha256")).encode()


# The client's side.


class Prover:
    """A client's side of one exchange.

    Args:
        name: the name of the account.
        password: its password.
        nonce: random, of base64 characters.

    Raises:
        ScramFault: as for ``prepared``.
    """

    def __init__(self, name: str, password: str, nonce: str) -> None:
        self._password = prepared(password)
        self._nonce = nonce
        escaped = name.replace("=", "=3D").replace(",", "=2C")
        self._bare = f"n={escaped},r={nonce}"
        self._signature = b""

    def first(self) -> bytes:
        """The first message."""
        return f"n,,{self._bare}".encode()

    def final(self, challenge: bytes) -> bytes:
        """The proof, which answers the server's first message. This is slow on purpose.

        Raises:
            ScramFault: the challenge does not answer this client's first message.
        """
        text = _text(challenge)
        nonce, salt, count = _values(text.split(","), "r", "s", "i")
        if not nonce.startswith(self._nonce) or len(nonce) == len(self._nonce):
            raise ScramFault("the server answered somebody else")
        if not (count.isascii() and count.isdigit() and len(count) < 9):
            raise ScramFault("the server asks for no number of iterations")
        if not 1 <= int(count) <= MAX_ITERATIONS:
            raise ScramFault("the server asks for too many iterations")
        client_key, server_key = _keys(self._password, _unb64(salt), int(count))
        said = f"c={_b64(b'n,,')},r={nonce}"
        message = ",".join((self._bare, text, said)).encode()
        stored_key = hashlib.sha256(client_key).digest()
        proof = _xor(client_key, hmac.digest(stored_key, message, "sha256"))
        self._signature = hmac.digest(server_key, message, "sha256")
        return f"{said},p={_b64(proof)}".encode()

    def is_server(self, final: bytes) -> bool:
        """Whether the server's last message shows that it knows the password's verifier."""
        try:
            (signature,) = _values(_text(final).split(","), "v")
            return hmac.compare_digest(_unb64(signature), self._signature)
        except ScramFault:
            return False


def _keys(password: bytes, salt: bytes, iterations: int) -> tuple[bytes, bytes]:
    """The client's and the server's key."""
    salted = hashlib.pbkdf2_hmac("sha256", password, salt, iterations)
    return hmac.digest(salted, b"Client Key", "sha256"), hmac.digest(salted, b"Server Key", "sha256")


def _values(attributes: list[str], *names: str) -> tuple[str, ...]:
    """The values of the first attributes, which must have these names; further attributes are ignored."""
    if len(attributes) < len(names):
        raise ScramFault("something is missing")
    for attribute, name in zip(attributes, names, strict=False):
        if not attribute.startswith(f"{name}="):
            raise ScramFault(f"{name} is missing")
    return tuple(attribute[2:] for attribute in attributes[: len(names)])


def _unescaped(name: str) -> str:
    plain = name.replace("=2C", ",").replace("=3D", "\0")
    if "=" in plain:
        raise ScramFault("a = stands alone")
    return plain.replace("\0", "=")


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise ScramFault("that is not UTF-8") from error


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _unb64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ScramFault("that is not base64") from error


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))
