"""Requests off a connection: the same ones in whatever pieces their bytes come."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncchat.server import session as session_module
from asyncchat.server.http.messages import Request, Response
from asyncchat.server.http.reader import (
    BODY_BYTES,
    CHUNK_LINE_BYTES,
    HEAD_BYTES,
    MOST_CHUNKS,
    TRAILER_BYTES,
    RequestReader,
)
from asyncchat.server.session import Session
from asyncchat.server.slices import PASS_SECONDS, PassTurns
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
        if not reader.may_follow or not await reader.skip():
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
        (CHUNKED + b"1\r\na\r\n" * (MOST_CHUNKS + 1), 400),
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


GET = b"GET / HTTP/1.1\r\n" + HOST
AT_A_LIMIT = [
    (GET + b"X: ", HEAD_BYTES - 4, b"\r\n\r\n", [("/", b"")]),
    (GET + b"X: ", HEAD_BYTES - 3, b"\r\n\r\n", [("", 431)]),
    (GET + b"X: ", HEAD_BYTES - 1, b"\n\r\n\r\n", [("", 400)]),
    (GET + b"X: ", HEAD_BYTES, b"\n\r\n\r\n", [("", 431)]),
    (b"GET /", HEAD_BYTES, b" HTTP/1.1\r\n\r\n", [("", 414)]),
    (CHUNKED + b"1;", len(CHUNKED) + CHUNK_LINE_BYTES, b"\r\na\r\n0\r\n\r\n", [("/", b"a")]),
    (CHUNKED + b"1;", len(CHUNKED) + CHUNK_LINE_BYTES + 1, b"\r\na\r\n0\r\n\r\n", [("/", 400)]),
    (CHUNKED + b"0\r\nX: ", len(CHUNKED) + 3 + TRAILER_BYTES, b"\r\n\r\n", [("/", b"")]),
    (CHUNKED + b"0\r\nX: ", len(CHUNKED) + 4 + TRAILER_BYTES, b"\r\n\r\n", [("/", 400)]),
]


@pytest.mark.parametrize(("begin", "size", "end", "expected"), AT_A_LIMIT)
def test_a_limit_is_the_same_wherever_the_input_is_cut(begin, size, end, expected):
    data = begin.ljust(size, b"x") + end
    assert asyncio.run(read_all([data])) == expected
    for cut in range(size - 3, len(data)):
        assert asyncio.run(read_all([data[:cut], data[cut:]])) == expected, cut


def test_requests_that_come_at_once_are_read_a_few_a_pass(monkeypatch):
    now, turn = 0.0, 0
    came: list[int] = []
    monkeypatch.setattr(session_module, "perf_counter", lambda: now)

    async def scene() -> None:
        nonlocal turn
        pass_turns = PassTurns(lambda: now)

        async def answer(session: Session) -> None:
            nonlocal now
            request = await RequestReader(session, b"GET / HTTP/1.1\r\n" + HOST + b"\r\n", ended=True).head()
            assert isinstance(request, Request)
            now += PASS_SECONDS / 5
            came.append(turn)

        hall = Hall()
        sessions = [hall.session(asyncio.StreamReader()) for _ in range(40)]
        for session in sessions:
            session.context.pass_turns = pass_turns
        tasks = [asyncio.create_task(answer(session)) for session in sessions]
        while len(came) < len(tasks):
            turn += 1
            await asyncio.sleep(0)
        await asyncio.gather(*tasks)

    asyncio.run(scene())
    assert max(came.count(one) for one in came) <= 6


@asynchronous
async def test_a_body_that_nobody_reads_is_skipped():
    short = REQUESTS.split(b"\r\nPOST /2")[0] + b"GET /3 HTTP/1.1\r\n" + HOST + b"\r\n"
    for cut in range(len(short)):
        assert await read_all([short[:cut], short[cut:]], bodies=False) == [("/1", b""), ("/3", b"")], cut


@pytest.mark.parametrize(
    "head",
    [
        CHUNKED,
        POST + b"Content-Length: %d\r\n\r\n" % (BODY_BYTES + 1),
        POST + b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\n",
    ],
)
def test_a_body_that_nobody_reads_is_the_last_if_it_is_long_or_its_end_unknown(head):
    data = head + b"0\r\n\r\n" + b"x" * (BODY_BYTES - 4)
    assert asyncio.run(read_all([data, GET + b"\r\n"], bodies=False)) == [("/", b"")]


@given(st.binary(max_size=400))
def test_no_bytes_raise(data):
    asyncio.run(read_all([data]))
    asyncio.run(read_all([CHUNKED + data]))
