"""Requests off a connection: the same ones in whatever pieces their bytes come."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncchat.server.http.messages import Request, Response
from asyncchat.server.http.reader import BODY_BYTES, MOST_CHUNKS, RequestReader
from tests.log.records import asynchronous
from tests.server.listeners import Hall

HOST = b"Host: localhost\r\n"
REQUESTS = (
    b"POST /1 HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\nhello"
    b"\r\nPOST /2 HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
    b"1\r\na\r\n2;x=y\r\nbc\r\n0\r\nTrailer: x\r\n\r\n"
    b"GET /3 HTTP/1.1\r\n" + HOST + b"\r\n"
    b"POST /4 HTTP/1.1\r\n" + HOST + b"Content-Length: 0\r\n\r\n"
)
READ = [("/1", b"hello"), ("/2", b"abc"), ("/3", b""), ("/4", b"")]


async def read_all(pieces: list[bytes], *, bodies: bool = True) -> list[tuple[str, Any]]:
    """What is read of these pieces: each request's target and body, or the status of the last answer."""
    stream = asyncio.StreamReader()
    session = Hall().session(stream)
    reader = RequestReader(session, b"", ended=False)

    async def feed() -> None:
        for piece in pieces:
            stream.feed_data(piece)
            await asyncio.sleep(0)
        stream.feed_eof()

    feeding = asyncio.create_task(feed())
    found: list[tuple[str, Any]] = []
    while isinstance(request := await reader.head(), Request):
        body = await reader.read() if bodies else b""
        found.append((request.target, body.status if isinstance(body, Response) else body))
        if not reader.skip():
            break
    if isinstance(request, Response):
        found.append(("", request.status))
    await feeding
    return found


@asynchronous
async def test_whole_and_byte_by_byte():
    assert await read_all([REQUESTS]) == READ
    assert await read_all([bytes((byte,)) for byte in REQUESTS]) == READ


@given(st.lists(st.integers(1, 60), max_size=30))
def test_in_any_pieces(sizes):
    pieces, rest = [], REQUESTS
    for size in sizes:
        pieces.append(rest[:size])
        rest = rest[size:]
    assert asyncio.run(read_all([*pieces, rest])) == READ


POST = b"POST / HTTP/1.1\r\n" + HOST
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (CHUNKED + b"1\r\na\r\n" * (MOST_CHUNKS + 1), 413),
        (CHUNKED + b"%x\r\n" % (BODY_BYTES + 1), 413),
        (CHUNKED + b"ffffffff\r\n", 413),
        (CHUNKED + b"fffffffff\r\n", 400),
        (CHUNKED + b"1" * 300, 400),
        (CHUNKED + b"1\r\nab\r\n", 400),
        (CHUNKED + b"0\r\nbad trailer\r\n\r\n", 400),
        (CHUNKED + b"0\r\n" + b"a: b\r\n" * 300 + b"\r\n", 400),
        (POST + b"Content-Length: %d\r\n\r\n" % (BODY_BYTES + 1), 413),
        (POST + b"Content-Length: 5\r\n\r\nab", 408),
    ],
)
def test_a_body_that_is_refused_is_the_last_thing_read(data, status):
    after = b"GET /after HTTP/1.1\r\n" + HOST + b"\r\n"
    found = asyncio.run(read_all([data, after] if status != 408 else [data]))
    assert found == [("/", status)]


@asynchronous
async def test_a_body_that_nobody_reads_is_skipped_if_it_is_here():
    assert await read_all([REQUESTS], bodies=False) == [("/1", b""), ("/2", b"")]
    skipped = REQUESTS.split(b"\r\nPOST /2")[0] + b"GET /3 HTTP/1.1\r\n" + HOST
    assert await read_all([skipped + b"\r\n"], bodies=False) == [("/1", b""), ("/3", b"")]


@given(st.binary(max_size=400))
def test_no_bytes_raise(data):
    asyncio.run(read_all([data]))
    asyncio.run(read_all([CHUNKED + data]))
