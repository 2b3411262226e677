"""The grammar of requests: a table of heads, each with the request or the status of its refusal."""

import re
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncchat.server.http.messages import CHUNKED, Headers, Request, Response
from asyncchat.server.http.parser import (
    MOST_HEADERS,
    REMEMBERED,
    REMEMBERED_BYTES,
    TARGET_BYTES,
    chunk_size,
    parse_fields,
    parse_head,
)

HOST = ("host", "localhost")


def head(*lines: str) -> bytes:
    return "\r\n".join((*lines, "", "")).encode("latin-1")


@pytest.mark.parametrize(
    ("lines", "request_"),
    [
        (("GET / HTTP/1.1", "Host: localhost"), Request("GET", "/", (HOST,))),
        (("GET / HTTP/1.0",), Request("GET", "/", (), "1.0")),
        (("GET / HTTP/1.9", "HOST:\t localhost \t"), Request("GET", "/", (HOST,))),
        (("OPTIONS * HTTP/1.1", "Host: localhost"), Request("OPTIONS", "*", (HOST,))),
        (("GET http://a/b HTTP/1.1", "Host: localhost"), Request("GET", "http://a/b", (HOST,))),
        (("GET / HTTP/1.1", "Host: "), Request("GET", "/", (("host", ""),))),
        *(
            (("GET / HTTP/1.1", f"Host: {host}"), Request("GET", "/", (("host", host),)))
            for host in (
                "[::1]:80",
                "[::ffff:1.2.3.4]",
                "[v1.x:y]",
                "a%20b",
                "a_b.",
                "a:",
                "1.2.3.4:65535",
                "a:000080",
            )
        ),
        (("GET / HTTP/1.1", "Host: localhost", "X: \xe9"), Request("GET", "/", (HOST, ("x", "\xe9")))),
        (
            ("POST / HTTP/1.1", "Host: localhost", "Content-Length: 05"),
            Request("POST", "/", (HOST, ("content-length", "05")), length=5),
        ),
        (
            ("POST / HTTP/1.1", "Host: localhost", "Transfer-Encoding: Chunked"),
            Request("POST", "/", (HOST, ("transfer-encoding", "Chunked")), length=CHUNKED),
        ),
    ],
)
def test_what_is_a_request(lines, request_):
    assert parse_head(head(*lines)) == request_


GET = ("GET / HTTP/1.1", "Host: localhost")


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        # RFC 9112, 3: the first line.
        (("GET  / HTTP/1.1", "Host: localhost"), 400),
        (("GET / HTTP/1.1 ", "Host: localhost"), 400),
        (("GET /a b HTTP/1.1", "Host: localhost"), 400),
        (("GET / HTTP/11.1", "Host: localhost"), 400),
        (("GET / http/1.1", "Host: localhost"), 400),
        (("G\xc9T / HTTP/1.1", "Host: localhost"), 400),
        (("GET nothing HTTP/1.1", "Host: localhost"), 400),
        (("GET * HTTP/1.1", "Host: localhost"), 400),
        (("GET localhost:80 HTTP/1.1", "Host: localhost"), 400),
        (("GET / HTTP/3.0", "Host: localhost"), 505),
        ((f"GET /{'x' * TARGET_BYTES} HTTP/1.1", "Host: localhost"), 414),
        (("CONNECT localhost:80 HTTP/1.1", "Host: localhost"), 501),
        (("get / HTTP/1.1", "Host: localhost"), 501),
        # 3.2: Host.
        (("GET / HTTP/1.1",), 400),
        (("GET / HTTP/1.1", "Host: a", "Host: a"), 400),
        (("GET / HTTP/1.0", "Host: a", "Host: b"), 400),
        (("GET / HTTP/1.1", "Host: a b"), 400),
        (("GET / HTTP/1.1", "Host: a/b"), 400),
        *(
            (("GET / HTTP/1.1", f"Host: {host}"), 400)
            for host in (
                *("user@a", "a:b", "a:1:2", "%", "%zz", "a%2", "[::1", "::1", "[]", "[1::2::3]", "[1.2.3.4]"),
                *("a:65536", "a:99999", "[::1]:123456", "a:0000065536"),
                *("[12345::]", "[v1.]", "a, b", "a#b", "a?b", "a\\b", '"a"', "<a>", "\xe9", "a\tb"),
            )
        ),
        # 3.2.2: a target with its own host.
        (("GET http://user@a/ HTTP/1.1", "Host: a"), 400),
        (("GET http://[a/ HTTP/1.1", "Host: a"), 400),
        (("GET http://a:b/ HTTP/1.1", "Host: a"), 400),
        # 5: header lines.
        ((*GET, " folded"), 400),
        ((*GET, "X : space before the colon"), 400),
        ((*GET, ": no name"), 400),
        ((*GET, "no colon"), 400),
        ((*GET, "X: a\rb"), 400),
        ((*GET, "X: a\nY: b"), 400),
        ((*GET, "X: a\0b"), 400),
        ((*GET, "X\xe9: a"), 400),
        ((*GET, *(f"X{n}: a" for n in range(MOST_HEADERS))), 431),
        # 6: the length of the body.
        ((*GET, "Content-Length: 5", "Transfer-Encoding: chunked"), 400),
        (("GET / HTTP/1.0", "Transfer-Encoding: chunked"), 400),
        ((*GET, "Transfer-Encoding: chunked, chunked"), 400),
        ((*GET, "Transfer-Encoding: chunked", "Transfer-Encoding: gzip"), 400),
        ((*GET, "Transfer-Encoding: gzip"), 400),
        ((*GET, "Transfer-Encoding: xchunked"), 400),
        ((*GET, "Transfer-Encoding:"), 400),
        ((*GET, "Transfer-Encoding: gzip, chunked"), 501),
        ((*GET, "Transfer-Encoding: identity, chunked"), 501),
        ((*GET, "Content-Length: 5", "Content-Length: 5"), 400),
        ((*GET, "Content-Length: 5, 5"), 400),
        ((*GET, "Content-Length: +5"), 400),
        ((*GET, "Content-Length: -5"), 400),
        ((*GET, "Content-Length: 0x5"), 400),
        ((*GET, "Content-Length: \xb2"), 400),
        ((*GET, "Content-Length: " + "1" * 5000), 400),
        ((*GET, "Content-Length:"), 400),
        # RFC 9110, 10.1.1.
        ((*GET, "Expect: the unexpected"), 417),
    ],
)
def test_what_is_none(lines, status):
    refused = parse_head(head(*lines))
    assert isinstance(refused, Response)
    assert (refused.status, refused.close) == (status, True)


@pytest.mark.parametrize(
    ("line", "size"),
    [
        (b"0", 0), (b"1a", 26), (b"FF ;a=b;c", 255), (b"5;x", 5), (b"5 ", 5),
        (b"", None), (b"+1", None), (b"0x1", None), (b" 1", None), (b"1_0", None), (b"1 a", None),
        (b"1;a\nb", None), (b"1;a\rb", None), (b"123456789", None),
    ],
)  # fmt: skip
def test_lines_that_begin_chunks(line, size):
    assert chunk_size(line) == size


@given(st.binary(max_size=200))
def test_no_bytes_raise_and_what_is_taken_has_one_reading(data):
    request = parse_head(b"GET / HTTP/1.1\r\nHost: a\r\nX: " + data + b"\r\n\r\n")
    if isinstance(request, Request):
        for name, value in request.headers:
            assert re.fullmatch(r"[!#$%&'*+.^_`|~0-9a-z-]+", name)
            assert not set("\r\n\0") & set(value)


def slowly_parsed(lines: bytes) -> Headers | None:
    """Header lines one by one, as RFC 9112, 5 has them."""
    found = []
    for line in lines.split(b"\r\n")[:-1]:
        field = re.fullmatch(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[\t ]*([\t\x20-\x7e\x80-\xff]*)", line)
        if field is None:
            return None
        found.append((field[1].decode().lower(), field[2].strip(b"\t ").decode("latin-1")))
    return tuple(found)


LINE_PARTS = st.sampled_from(["X", "a-b", ":", " ", "\t", "\r\n", "\r", "\n", "\0", "\xe9", "host", "1", ","])


@given(st.lists(LINE_PARTS, max_size=20).map(lambda parts: "".join([*parts, "\r\n"]).encode("latin-1")))
def test_all_lines_at_once_are_as_one_by_one(lines):
    assert parse_fields(lines) == slowly_parsed(lines)


def test_the_same_bytes_are_read_once_and_long_ones_each_time():
    short, long = head(*GET, "X: 1"), head(*GET, "X: " + "1" * REMEMBERED_BYTES)
    assert parse_head(bytes(bytearray(short))) is parse_head(short)
    assert parse_head(long) is not parse_head(long)
    assert parse_head(long) == parse_head(long)


def test_what_is_remembered_is_bounded():
    """Somebody who sends other heads each time, as large as are remembered, takes a few megabytes at most."""

    def fill(rounds: range) -> None:
        for number in rounds:
            lines = [f"x{number}y{at}: {number}" for at in range(MOST_HEADERS - 2)]
            request = parse_head(head(*GET, f"a: {number}", *lines))
            assert isinstance(request, Request)
            assert (request.path, request.host, request.is_last) == ("/", "localhost", False)
            assert len(request.values) == MOST_HEADERS

    fill(range(1))
    tracemalloc.start()
    try:
        fill(range(3 * REMEMBERED))
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken < REMEMBERED * 32_768
