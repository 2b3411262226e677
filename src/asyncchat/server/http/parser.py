"""The grammar of requests: the bytes of a head, of a chunk's line and of trailers as values (RFC 9112).

Owns what is well formed, and where a body ends. It is strict: what two programs could read differently (a
line that ends with LF alone, a folded header, two lengths) is refused, or a proxy in front could be made to
see other requests than this server. Must not know connections.
"""

from __future__ import annotations

import re

from asyncchat.server.http.messages import CHUNKED, Headers, Request, Response, problem

TARGET_BYTES = 8_000
"""The longest request target: what RFC 9112, 3 asks for at least."""

MOST_HEADERS = 100
"""Headers of one request; a browser sends some twenty."""

BARE_LF = re.compile(rb"(?<!\r)\n")
"""An end of a line that is none (RFC 9112, 2.2)."""

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_REQUEST_LINE = re.compile(rb"(%b) ([\x21-\x7e\x80-\xff]+) HTTP/(\d)\.(\d)" % _TOKEN)
_FIELD = re.compile(rb"(%b):([^\x00-\x08\x0a-\x1f\x7f]*)" % _TOKEN)
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\x00-\x08\x0a-\x1f\x7f]*)?")
_LENGTH = re.compile(r"[0-9]{1,18}")
_HOST = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]*)(?::[0-9]*)?")
_TARGET = re.compile(r"/.*|[A-Za-z][A-Za-z0-9+.-]*://.*", re.DOTALL)

_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY"))
"""Methods that are known, though most are allowed nowhere; another one is answered 501 (RFC 9110, 9.1)."""


def parse_head(head: bytes) -> Request | Response:
    """A request without its body, or the answer to what is none.

    Args:
        head: all up to and with the empty line.
    """
    line, _, rest = head.partition(b"\r\n")
    found = _REQUEST_LINE.fullmatch(line)
    if found is None:
        return malformed("its first line is not METHOD TARGET HTTP/1.1")
    method, target = found[1].decode("ascii"), found[2].decode("latin-1")
    if found[3] != b"1":
        return problem(505, "This server speaks HTTP/1.1.", close=True)
    if len(target) > TARGET_BYTES:
        return target_too_long()
    if method not in _METHODS:
        return problem(501, "This server does not know that method.", close=True)
    if not (_TARGET.fullmatch(target) or (method == "OPTIONS" and target == "*")):
        return malformed("its target is not a path")
    fields = rest.split(b"\r\n")[:-2]
    if len(fields) > MOST_HEADERS:
        return problem(431, f"A request has at most {MOST_HEADERS} headers.", close=True)
    headers = parse_fields(fields)
    if headers is None:
        return malformed("a header is not NAME: VALUE on one line")
    # Whoever speaks a later HTTP/1 can read 1.1 (RFC 9110, 2.5).
    version = "1.0" if found[4] == b"0" else "1.1"
    return _framed(method, target, version, headers)


def parse_fields(lines: list[bytes]) -> Headers | None:
    """The lines of headers or trailers, with names in lower case; None if one of them is no such line."""
    headers = []
    for line in lines:
        found = _FIELD.fullmatch(line)
        if found is None:
            return None
        headers.append((found[1].decode("ascii").lower(), found[2].strip(b" \t").decode("latin-1")))
    return tuple(headers)


def chunk_size(line: bytes) -> int | None:
    """The size of the chunk that a line begins; None if it is no such line (RFC 9112, 7.1)."""
    found = _CHUNK.fullmatch(line)
    return None if found is None else int(found[1], 16)


def _framed(method: str, target: str, version: str, headers: Headers) -> Request | Response:
    """The request, with the length of its body (RFC 9112, 3.2 and 6.3)."""
    hosts = [value for name, value in headers if name == "host"]
    if len(hosts) > 1 or (version == "1.1" and not hosts):
        return malformed("it has no Host header, or more than one")
    if hosts and not _HOST.fullmatch(hosts[0]):
        return malformed("its Host header is no host")
    lengths = [value for name, value in headers if name == "content-length"]
    codings = [value for name, value in headers if name == "transfer-encoding"]
    length = 0
    if codings:
        if lengths or version == "1.0":
            return malformed("it has a Transfer-Encoding beside a Content-Length, or in HTTP/1.0")
        names = [name.strip().lower() for name in ",".join(codings).split(",")]
        if names[-1] != "chunked" or "chunked" in names[:-1]:
            return malformed("its last transfer coding is not chunked")
        if len(names) > 1:
            return problem(501, "The only transfer coding here is chunked.", close=True)
        length = CHUNKED
    elif lengths:
        if len(lengths) > 1 or not _LENGTH.fullmatch(lengths[0]):
            return malformed("its Content-Length is not one number")
        length = int(lengths[0])
    request = Request(method, target, headers, version, length)
    expected = request.header("expect").lower()
    if version == "1.1" and expected not in ("", "100-continue"):
        return problem(417, "The only expectation here is 100-continue.", close=True)
    return request


def malformed(reason: str) -> Response:
    """The answer to what is no request."""
    return problem(400, f"This is no HTTP request: {reason}.", close=True)


def target_too_long() -> Response:
    """The answer to a target of unreasonable length (RFC 9112, 3)."""
    return problem(414, f"A target is at most {TARGET_BYTES:,} bytes.", close=True)
