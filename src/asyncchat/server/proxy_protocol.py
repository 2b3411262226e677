"""The PROXY protocol, versions 1 and 2: what a proxy says of the client before the client's first byte.

Pure: bytes in, values out (HAProxy's doc/proxy-protocol.txt, whose sections are cited). Must not know who may
say it.
"""

import ipaddress
import re
from typing import NamedTuple

from asyncchat.server.addresses import parse_address

TEXT = b"PROXY "
BINARY = b"\r\n\r\n\x00\r\nQUIT\n"
"""What a header of version 1 and of version 2 begins with."""

TEXT_BYTES = 107
"""The longest header of version 1, with its CR LF (2.1)."""

BINARY_BYTES = 4096
"""The longest one of version 2 that is taken. Addresses are at most 216 bytes; certificates' names follow."""

_HEAD_BYTES = len(BINARY) + 4
_TLS, _TLS_HEAD_BYTES = 0x20, 5
"""PP2_TYPE_SSL: how the client is connected, and what follows it at the least (2.2.6)."""
_CLIENT_HAS_TLS = 0x01
_FAMILIES = {0: 0, 1: 12, 2: 36, 3: 216}
"""Bytes of addresses and ports by the family: unspecified, IPv4, IPv6, Unix (2.2)."""

_PORT = r"(?:0|[1-9]\d{0,4})"
_LINE = re.compile(rf"PROXY TCP([46]) ([0-9a-fA-F:.]+) ([0-9a-fA-F:.]+) ({_PORT}) ({_PORT})", re.ASCII)


class ProxyHeader(NamedTuple):
    """What a proxy says of a connection.

    Attributes:
        length: the header's bytes.
        address: the client's; empty: the proxy does not know it, or speaks for itself.
        encrypted: whether the client's connection to the proxy is.
    """

    length: int
    address: str = ""
    encrypted: bool = False


def is_begun(begun: bytes) -> bool:
    """Whether a header begins here."""
    return begun.startswith((TEXT, BINARY))


def is_whole(begun: bytes) -> bool:
    """Whether a header that begins here is complete, or can't become one any more."""
    if begun.startswith(TEXT):
        return b"\n" in begun[:TEXT_BYTES] or len(begun) >= TEXT_BYTES
    if len(begun) < _HEAD_BYTES:
        return False
    length = _binary_length(begun)
    return length > BINARY_BYTES or len(begun) >= length


def parse_header(begun: bytes) -> ProxyHeader | str:
    """The header that begins here and is whole; or why it is none."""
    if begun.startswith(TEXT):
        return _parse_text(begun)
    if not is_whole(begun):
        return "it is not complete"
    return _parse_binary(begun)


def _parse_text(begun: bytes) -> ProxyHeader | str:
    line, end, _ = begun[:TEXT_BYTES].partition(b"\r\n")
    if not end:
        return f"it has no CR LF within {TEXT_BYTES} bytes"
    length = len(line) + len(end)
    text = line.decode("latin-1")
    if text.split(" ")[1] == "UNKNOWN":
        return ProxyHeader(length)
    found = _LINE.fullmatch(text)
    if found is None:
        return "it is not PROXY TCP4 or TCP6 with two addresses and two ports"
    family, source, destination, *ports = found.groups()
    kind = ipaddress.IPv4Address if family == "4" else ipaddress.IPv6Address
    try:
        kind(source), kind(destination)
    except ValueError:
        return f"an address of it is not one of IPv{family}"
    if any(int(port) > 65_535 for port in ports):
        return "a port of it is above 65535"
    return ProxyHeader(length, parse_address(source))


def _parse_binary(begun: bytes) -> ProxyHeader | str:
    version, command = divmod(begun[12], 16)
    family, transport = divmod(begun[13], 16)
    length = _binary_length(begun)
    if version != 2 or command > 1:
        return f"its version and command are {begun[12]:#x}"
    if length > BINARY_BYTES:
        return f"it is longer than {BINARY_BYTES} bytes"
    if command == 0:  # LOCAL: a check of the proxy's own
        return ProxyHeader(length)
    if family not in _FAMILIES or transport > 2:
        return f"its family and transport are {begun[13]:#x}"
    body = begun[_HEAD_BYTES:length]
    fixed = _FAMILIES[family]
    if len(body) < fixed:
        return "its addresses are cut off"
    address = ""
    if transport and family in (1, 2):
        packed = body[:4] if family == 1 else body[:16]
        address = parse_address(str(ipaddress.ip_address(packed)))
    # Without a family nobody can tell where the addresses end.
    encrypted = _client_has_tls(body[fixed:]) if family else False
    if isinstance(encrypted, str):
        return encrypted
    return ProxyHeader(length, address, encrypted)


def _client_has_tls(rest: bytes) -> bool | str:
    """Whether the client's connection is encrypted, by what follows the addresses (2.2.6); or a fault."""
    found = False
    while rest:
        length = int.from_bytes(rest[1:3], "big")
        if len(rest) < 3 + length:
            return "a value of it is cut off"
        if rest[0] == _TLS:
            if length < _TLS_HEAD_BYTES:
                return "what it says of TLS is cut off"
            found = bool(rest[3] & _CLIENT_HAS_TLS)
        rest = rest[3 + length :]
    return found


def _binary_length(begun: bytes) -> int:
    return _HEAD_BYTES + int.from_bytes(begun[14:16], "big")
