"""Plain text: who may come without TLS, and what others are told.

Owns the rule: without TLS only within private networks, unless a listener spells out ``+insecure``. Must not
know what clients speak afterwards.
"""

import re
from collections.abc import Iterable

import msgspec

from asyncchat.errors import Misuse
from asyncchat.server.addresses import Address, is_private, is_wildcard
from asyncchat.server.sniffing import Kind

_HOST = re.compile(rb"\r?\nhost: *([a-z0-9.-]+|\[[0-9a-f:.]+\])(?::[0-9]+)? *\r?\n", re.IGNORECASE)


def is_refused(listener: Address, peer: str) -> bool:
    """Whether a client at this address must come over TLS."""
    return not (listener.insecure or is_private(peer))


def sentence(tls_port: int) -> str:
    """What is told to who must; ``tls_port``: where to come over TLS, 0: there is none."""
    if not tls_port:
        return "This server has no TLS, and so takes connections from private networks only."
    return f"From there this server takes only TLS, on port {tls_port}: ircs:// or https://"


def last_line(kind: Kind, said: str) -> bytes:
    """What is said to a client that is not let in, in the words of what it speaks."""
    return f"{'ERROR :' if kind is Kind.IRC else ''}{said}\r\n".encode()


def turn_away(kind: Kind, begun: bytes, tls_port: int) -> bytes:
    """The answer to who must come over TLS and does not; a browser is sent on to where it must come.

    Args:
        kind: what it speaks.
        begun: what came from it so far, for HTTP at least the first line.
        tls_port: where to come over TLS; 0: there is none.
    """
    said = sentence(tls_port)
    if kind is not Kind.HTTP:
        return last_line(kind, said)
    host, target = _HOST.search(begun), begun.split(b" ", 2)[1]
    head = b"HTTP/1.1 403 Forbidden\r\n"
    if tls_port and host is not None and target.startswith(b"/"):
        place = b"https://%b:%d%b" % (host[1], tls_port, target)
        head = b"HTTP/1.1 307 Temporary Redirect\r\nLocation: %b\r\n" % place
    body = f"{said}\n".encode()
    return head + b"Content-Type: text/plain\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (
        len(body),
        body,
    )


def check_listeners(listening: Iterable[tuple[Address, str]], *, has_certificate: bool) -> None:
    """Looks where plain text would be served.

    Args:
        listening: what was asked for, and an address at which that is.
        has_certificate: whether TCP may be over TLS.

    Raises:
        Misuse: it would be at a public address.
    """
    for asked, host in listening:
        if asked.path or asked.tls or (has_certificate and not asked.udp) or is_wildcard(host):
            continue
        if is_refused(asked, host):
            plain = msgspec.structs.replace(asked, host=host, insecure=True)
            raise Misuse(
                f"{host} is a public address: without TLS everybody on the way can read what is said. Give "
                "--tls-cert FILE --tls-key FILE, or --tls self-signed; or spell out that plain text may be: "
                f"--listen {plain}"
            )
