"""Fingerprints of certificates: how a server or a client is known without anybody who vouches for it.

Owns their two forms. Must not know TLS.
"""

import hashlib
import re

_HEX = re.compile(r"[0-9a-f]{64}")


def fingerprint_of(certificate: bytes) -> str:
    """The SHA-256 of a certificate (DER), as 64 hexadecimal digits in lower case."""
    return hashlib.sha256(certificate).hexdigest()


def parse_fingerprint(text: str) -> str:
    """A fingerprint as people give it, with colons or without; '' if it is none."""
    digits = text.strip().removeprefix("SHA256:").replace(":", "").replace(" ", "").lower()
    return digits if _HEX.fullmatch(digits) else ""


def shown_fingerprint(fingerprint: str) -> str:
    """A fingerprint as ``openssl x509 -fingerprint -sha256`` prints it."""
    digits = fingerprint.upper()
    return ":".join(digits[at : at + 2] for at in range(0, len(digits), 2))
