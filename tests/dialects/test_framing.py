"""Line framing: the wire table whole, byte by byte and with a tail; any chunking; its limits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncchat.dialects.framing import OVERLONG, LineFramer

LIMIT = 8

WIRE = [
    (b"", []),
    (b"\n", [b""]),
    (b"\r\n", [b""]),
    (b"\n\n", [b"", b""]),
    (b"one\n", [b"one"]),
    (b"one\r\n", [b"one"]),
    (b"one\r\r\n", [b"one\r"]),
    (b"o\rne\n", [b"o\rne"]),
    (b"one\ntwo\r\nthree\n", [b"one", b"two", b"three"]),
    (b"12345678\n", [b"12345678"]),
    (b"12345678\r\n", [b"12345678"]),
    (b"123456789\n", [OVERLONG]),
    (b"123456789\r\n", [OVERLONG]),
    (b"12345678\rx\n", [OVERLONG]),
    (b"1234567890123456789\nnext\n", [OVERLONG, b"next"]),
    (b"a\n1234567890123456789\n1234567890123456789\nb\n", [b"a", OVERLONG, OVERLONG, b"b"]),
]


@pytest.mark.parametrize(("wire", "lines"), WIRE)
def test_whole(wire, lines):
    framing = LineFramer(LIMIT)
    framing.feed(wire)
    assert framing.ready == len(lines)
    assert framing.take(100) == lines
    assert framing.backlog == 0


@pytest.mark.parametrize(("wire", "lines"), WIRE)
def test_byte_by_byte(wire, lines):
    framing = LineFramer(LIMIT)
    for index in range(len(wire)):
        framing.feed(wire[index : index + 1])
    assert framing.take(100) == lines
    assert framing.backlog == 0


@pytest.mark.parametrize(("wire", "lines"), WIRE)
def test_with_a_tail(wire, lines):
    framing = LineFramer(LIMIT)
    framing.feed(wire + b"tail")
    assert framing.take(100) == lines
    assert framing.unfinished == 4
    assert framing.take_rest() == b"tail"
    assert framing.backlog == 0


def test_an_endless_line_is_never_held():
    framing = LineFramer(LIMIT)
    for _ in range(1000):
        framing.feed(b"abc")
        assert framing.unfinished <= LIMIT + 1
    assert framing.take(10) == [OVERLONG]
    framing.feed(b"\nnext\n")
    assert framing.take(10) == [b"next"]


def test_backlog_counts_an_overlong_line_as_its_end():
    framing = LineFramer(LIMIT)
    framing.feed(b"one\n1234567890\ntwo\nthree\n")
    assert framing.take(2) == [b"one", OVERLONG]
    assert framing.backlog == len(b"two\nthree\n")


def test_a_line_given_whole_stands_in_its_place():
    framing = LineFramer(LIMIT)
    framing.feed(b"one\n")
    framing.add(b"t\no")
    framing.add(b"123456789")
    assert framing.take(10) == [b"one", b"t\no", OVERLONG]


chunked = st.lists(st.binary(max_size=12) | st.sampled_from([b"\n", b"\r", b"\r\n", b"x\n"]), max_size=40)


@given(chunked)
def test_any_chunking_gives_the_same_lines(chunks):
    whole, pieces = LineFramer(LIMIT), LineFramer(LIMIT)
    whole.feed(b"".join(chunks))
    for chunk in chunks:
        pieces.feed(chunk)
    assert pieces.backlog == whole.backlog
    assert pieces.take(1000) == whole.take(1000)
    assert pieces.take_rest() == whole.take_rest()


@given(chunked, st.lists(st.tuples(st.integers(1, 5), st.integers(0, 5)), max_size=30))
def test_taking_a_few_and_putting_some_back_keeps_the_order(chunks, turns):
    expected, framing = LineFramer(LIMIT), LineFramer(LIMIT)
    got: list[bytes | None] = []
    expected.feed(b"".join(chunks))
    feeds = iter(chunks)
    for few, back in turns:
        framing.feed(next(feeds, b""))
        taken = framing.take(few)
        kept = max(0, len(taken) - back)
        got += taken[:kept]
        framing.put_back(taken[kept:])
    for chunk in feeds:
        framing.feed(chunk)
    assert framing.ready == expected.ready - len(got)
    got += framing.take(1000)
    assert got == expected.take(1000)
    assert framing.backlog == framing.unfinished


def test_idle_is_when_the_next_byte_begins_a_line():
    lines = LineFramer(4)
    assert lines.idle
    lines.feed(b"a")
    assert not lines.idle
    lines.feed(b"\n")
    assert not lines.idle
    lines.take(1)
    assert lines.idle
    lines.feed(b"longer than four")
    lines.take(1)
    assert not lines.idle
    lines.feed(b"\n")
    assert lines.idle
