"""Whom a client trusts over TLS: what people state, for all clients.

Owns these settings; ``tls`` does what they say, and is loaded only where it is needed. Must not know where
they are stated or remembered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from asyncchat.client.address import Address
from asyncchat.core.fingerprints import parse_fingerprint

if TYPE_CHECKING:
    from asyncchat.client.tls import TlsLayer


@dataclass(frozen=True, slots=True)
class Trust:
    """What tells a client that a server is the right one, and the server who the client is.

    Attributes:
        ca: a file with the certificates of those who may vouch for it (PEM); '': the system's.
        fingerprint: the SHA-256 of the only certificate that is taken, whoever vouches for it; '': any.
        cert: a file with the client's own certificate and key (PEM); '': it has none.
    """

    ca: str = ""
    fingerprint: str = ""
    cert: str = ""


SYSTEM = Trust()
"""Whom the system trusts."""


def layer_for(address: Address, trust: Trust) -> TlsLayer | None:
    """What the connections to a server are encrypted with; None: they are not.

    Raises:
        ValueError: this is no fingerprint, or the address is not one over TLS.
        ClientError: a file can't be used.
    """
    if not address.tls:
        if trust != SYSTEM:
            raise ValueError(f"{address} is not over TLS: begin the address with ircs:// or https://")
        return None
    pin = parse_fingerprint(trust.fingerprint)
    if trust.fingerprint and not pin:
        raise ValueError("a fingerprint is the SHA-256 of a certificate, 64 hexadecimal digits")
    from asyncchat.client.tls import TlsLayer

    return TlsLayer(address, trust.ca, pin, trust.cert)
