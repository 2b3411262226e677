"""The cryptography of web push: a message that only one device reads (RFC 8291), and who sent it (RFC 8292).

Needs the extra ``asyncchat[push]``. Must not know what is said or where it is sent.
"""

import base64
import os
import struct
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

AUTH_BYTES: Final = 16
"""Bytes of a device's secret (RFC 8291, 3.2)."""

_RECORD_BYTES: Final = 4096
"""The size of a record (RFC 8188, 2.1); there is one."""

_CURVE: Final = ec.SECP256R1()

_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""The order of the curve P-256 (FIPS 186-5)."""

VALID_SECONDS: Final = 12 * 3600
"""How long a signature is valid; a day is the most (RFC 8292, 2)."""


def encoded(data: bytes) -> str:
    """Bytes in base64 for URLs, without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """The bytes of such a text, with padding or without.

    Raises:
        ValueError: it is none.
    """
    text = text.rstrip("=")
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def device_key(p256dh: str) -> ec.EllipticCurvePublicKey:
    """The public key of a device.

    Raises:
        ValueError: it is no point of the curve.
    """
    return ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, decoded(p256dh))


def device_secret(auth: str) -> bytes:
    """The secret that a device shares.

    Raises:
        ValueError: it has another length.
    """
    secret = decoded(auth)
    if len(secret) != AUTH_BYTES:
        raise ValueError(f"auth has {len(secret)} bytes, not {AUTH_BYTES}")
    return secret


def _point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _derived(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=info).derive(secret)


def encrypted(
    message: bytes,
    p256dh: str,
    auth: str,
    *,
    salt: bytes = b"",
    own: ec.EllipticCurvePrivateKey | None = None,
) -> bytes:
    """A message for one device, in the coding ``aes128gcm``.

    Args:
        message: at most some 3,900 bytes.
        p256dh: the device's public key.
        auth: its secret.
        salt: 16 random bytes, for tests.
        own: a key for this message, for tests.

    Raises:
        ValueError: the keys are not valid.
    """
    key = device_key(p256dh)
    salt = salt or os.urandom(16)
    own = own or ec.generate_private_key(_CURVE)
    point = _point(own.public_key())
    shared = own.exchange(ec.ECDH(), key)
    secret = _derived(device_secret(auth), shared, b"WebPush: info\0" + _point(key) + point, 32)
    cipher = AESGCM(_derived(salt, secret, b"Content-Encoding: aes128gcm\0", 16))
    nonce = _derived(salt, secret, b"Content-Encoding: nonce\0", 12)
    head = salt + struct.pack(">IB", _RECORD_BYTES, len(point)) + point
    return head + cipher.encrypt(nonce, message + b"\x02", None)


class ServerKey:
    """The key by which push services know this server.

    Args:
        secret: 32 random bytes, of which it is made.
    """

    def __init__(self, secret: bytes) -> None:
        self._key = ec.derive_private_key(int.from_bytes(secret) % (_ORDER - 1) + 1, _CURVE)
        self.public = encoded(_point(self._key.public_key()))
        """The public key, in base64."""

    def authorization(self, origin: str, contact: str, now: int) -> str:
        """The header ``Authorization`` of a push.

        Args:
            origin: the push service's.
            contact: where its operator writes to this server's: a ``mailto:`` or ``https:`` URL.
            now: seconds since 1970 UTC.
        """
        claims = {"aud": origin, "exp": now + VALID_SECONDS, "sub": contact}
        parts = [encoded(msgspec.json.encode(part)) for part in ({"typ": "JWT", "alg": "ES256"}, claims)]
        signed = ".".join(parts)
        r, s = decode_dss_signature(self._key.sign(signed.encode(), ec.ECDSA(SHA256())))
        signature = encoded(r.to_bytes(32) + s.to_bytes(32))
        return f"vapid t={signed}.{signature}, k={self.public}"
