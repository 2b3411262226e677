"""HTTP on the chat's port: until there is a page, the lines that say how to join.

Owns the little of HTTP that this takes; it is replaced by a library when there is more than one answer.
"""

import ipaddress
import re

from asyncchat import __version__

HEAD_BYTES = 16_384
"""The largest request head that is read."""

_HEAD_END = re.compile(rb"\r?\n\r?\n")
_HOST = re.compile(rb"\r?\nhost:[ \t]*([^\r\n]*)", re.IGNORECASE)


def complete(head: bytes) -> bool:
    """Whether a request's head has ended."""
    return _HEAD_END.search(head) is not None


def respond(head: bytes, names: frozenset[str], how_to_join: str) -> bytes:
    """The answer to any request: how to join.

    Args:
        head: the request line and the headers.
        names: host names that the server answers to beside IP literals and ``localhost``; a name that a
            stranger's DNS made point here (DNS rebinding) is refused.
        how_to_join: the text.
    """
    head = _HEAD_END.split(head, maxsplit=1)[0]
    method, _, rest = head.partition(b" ")
    # HTTP/1.1 asks for the host exactly once (RFC 9112, 3.2); HTTP/1.0 may leave it out.
    hosts = _HOST.findall(head)
    if len(hosts) > 1 or (not hosts and b" HTTP/1.1" in rest.split(b"\n", 1)[0]):
        return _response("400 Bad Request", "Send one Host header.\n", method)
    if hosts and not _allowed(hosts[0].decode("latin-1").strip(), names):
        return _response("421 Misdirected Request", "This server does not answer to that name.\n", method)
    return _response("200 OK", how_to_join, method)


def _allowed(host: str, names: frozenset[str]) -> bool:
    name = host.rpartition("]")[0].lstrip("[") if host.startswith("[") else host.rpartition(":")[0] or host
    if name.lower().rstrip(".") in names | {"localhost"}:
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _response(status: str, text: str, method: bytes) -> bytes:
    body = text.encode()
    head = (
        f"HTTP/1.1 {status}\r\nServer: asyncchat/{__version__}\r\nContent-Type: text/plain; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\nX-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n"
        "Connection: close\r\n\r\n"
    ).encode()
    return head if method == b"HEAD" else head + body
