"""The grammar of requests: the bytes of a head, of a chunk's line and of trailers as values (RFC 9112).

Owns what is well formed, and where a body ends. It is strict: what two programs could read differently (a
line that ends with LF alone, a folded header, two lengths) is refused, or a proxy in front could be made to
see other requests than this server. The same bytes give the same request, which is remembered for a while.
Must not know connections.
"""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv6Address

from asyncchat.server.http.messages import CHUNKED, Headers, Request, Response, problem

TARGET_BYTES = 8_000
"""The longest request target: what RFC 9112, 3 asks for at least."""

MOST_HEADERS = 100
"""Headers of one request; a browser sends some twenty."""

REMEMBERED_BYTES = 2_048
"""Heads up to this size are remembered: a browser's have some 700 bytes, with a cookie of others more."""

REMEMBERED = 128
"""How many of them. A client sends the same bytes again and again; with what is found out about them, the
largest take some 20 KB each."""

BARE_LF = re.compile(rb"(?<!\r)\n")
"""An end of a line that is none (RFC 9112, 2.2)."""

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_REQUEST_LINE = re.compile(rb"(%b) ([\x21-\x7e\x80-\xff]+) HTTP/(\d)\.(\d)" % _TOKEN)
_FIELD = re.compile(rf"^({_TOKEN.decode()}):([^\x00-\x08\x0a-\x1f\x7f]*)\r\n", re.MULTILINE)
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\x00-\x08\x0a-\x1f\x7f]*)?")
_LENGTH = re.compile(r"[0-9]{1,18}")
_HOST = re.compile(
    r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|\[v[0-9A-Fa-f]+\.[A-Za-z0-9._~!$&'()*+,;=:-]+\]"
    r"|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)(?::0*(?P<port>[0-9]{0,5}))?"
)
"""A host with or without a port (RFC 3986, 3.2.2 and 3.2.3)."""

_MOST_PORT = 65_535

_TARGET = re.compile(r"/.*|[A-Za-z][A-Za-z0-9+.-]*://.*", re.DOTALL)

_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY"))
"""Methods that are known, though most are allowed nowhere; another one is answered 501 (RFC 9110, 9.1)."""


def parse_head(head: bytes) -> Request | Response:
    """A request without its body, or the answer to what is none.

    Args:
        head: all up to and with the empty line.
    """
    return _remembered(head) if len(head) <= REMEMBERED_BYTES else _parse(head)


def _parse(head: bytes) -> Request | Response:
    if head.count(b"\n") != head.count(b"\r\n"):
        return bare_line_feed()
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
    if rest.count(b"\r\n") > MOST_HEADERS + 1:
        return problem(431, f"A request has at most {MOST_HEADERS} headers.", close=True)
    headers = parse_fields(rest[:-2])
    if headers is None:
        return malformed("a header is not NAME: VALUE on one line")
    # Whoever speaks a later HTTP/1 can read 1.1 (RFC 9110, 2.5).
    version = "1.0" if found[4] == b"0" else "1.1"
    return _framed(method, target, version, headers)


_remembered = lru_cache(REMEMBERED)(_parse)


def parse_fields(lines: bytes) -> Headers | None:
    """The lines of headers or trailers, with names in lower case; None if one of them is no such line.

    Args:
        lines: each with its end.
    """
    found = _FIELD.findall(lines.decode("latin-1"))
    # What no field has matched is missing here.
    if sum([len(name) + len(value) for name, value in found]) + 3 * len(found) != len(lines):
        return None
    return tuple([(name.lower(), value.strip(" \t")) for name, value in found])


def chunk_size(line: bytes) -> int | None:
    """The size of the chunk that a line begins; None if it is no such line (RFC 9112, 7.1)."""
    found = _CHUNK.fullmatch(line)
    return None if found is None else int(found[1], 16)


def _framed(method: str, target: str, version: str, headers: Headers) -> Request | Response:
    """The request, with the length of its body (RFC 9112, 3.2 and 6.3)."""
    request = Request(method, target, headers, version)
    values = request.values
    names = [name for name, _ in headers] if len(values) < len(headers) else []
    host = values.get("host")
    if names.count("host") > 1 or (version == "1.1" and host is None):
        return malformed("it has no Host header, or more than one")
    if (host and not _is_host(host)) or (request.host != host and not _is_host(request.host)):
        return malformed("its host is no host")
    length = values.get("content-length")
    codings = values.get("transfer-encoding")
    if codings is not None:
        if length is not None or version == "1.0":
            return malformed("it has a Transfer-Encoding beside a Content-Length, or in HTTP/1.0")
        coding = [name.strip().lower() for name in codings.split(",")]
        if coding[-1] != "chunked" or "chunked" in coding[:-1]:
            return malformed("its last transfer coding is not chunked")
        if len(coding) > 1:
            return problem(501, "The only transfer coding here is chunked.", close=True)
        request = Request(method, target, headers, version, CHUNKED)
    elif length is not None:
        if names.count("content-length") > 1 or not _LENGTH.fullmatch(length):
            return malformed("its Content-Length is not one number")
        request = Request(method, target, headers, version, int(length))
    if version == "1.1" and values.get("expect", "").lower() not in ("", "100-continue"):
        return problem(417, "The only expectation here is 100-continue.", close=True)
    return request


def _is_host(text: str) -> bool:
    found = _HOST.fullmatch(text)
    if found is None or int(found["port"] or 0) > _MOST_PORT:
        return False
    if found["v6"] is None:
        return True
    try:
        IPv6Address(found["v6"])
    except ValueError:
        return False
    return True


def bare_line_feed() -> Response:
    """The answer to an end of a line that is none (RFC 9112, 2.2)."""
    return malformed("a line ends with LF, not CR LF")


def malformed(reason: str) -> Response:
    """The answer to what is no request."""
    return problem(400, f"This is no HTTP request: {reason}.", close=True)


def target_too_long() -> Response:
    """The answer to a target of unreasonable length (RFC 9112, 3)."""
    return problem(414, f"A target is at most {TARGET_BYTES:,} bytes.", close=True)
