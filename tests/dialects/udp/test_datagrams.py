"""The datagrams: one table both ways, and that no bytes raise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncchat.dialects.udp.datagrams import (
    DATAGRAM_BYTES,
    HELLO_BYTES,
    RANGES,
    TEXT_BYTES,
    Cookie,
    Gone,
    Hello,
    Move,
    Open,
    Packet,
    decode,
    encode,
)
from tests.dialects.udp_driver import ID

WIRE = [
    (b"~hello asyncchat/1 .....................", Hello()),
    (b"~cookie ABCDEFGHIJ23", Cookie("ABCDEFGHIJ23")),
    (b"~open ABCDEFGHIJ23 ABCDEFGHIJKLMNOP", Open("ABCDEFGHIJ23", ID)),
    (b"~move ABCDEFGHIJ23 ABCDEFGHIJKLMNOP", Move("ABCDEFGHIJ23", ID)),
    (b"~gone ABCDEFGHIJKLMNOP", Gone(ID)),
    (b"~ABCDEFGHIJKLMNOP +0", Packet(ID)),
    (b"~ABCDEFGHIJKLMNOP +7 ?", Packet(ID, received=7, asks=True)),
    (b"~ABCDEFGHIJKLMNOP +7,9-9,11-20", Packet(ID, received=7, ranges=((9, 9), (11, 20)))),
    (b"~ABCDEFGHIJKLMNOP #1 +0\nhi\n", Packet(ID, 1, text=b"hi\n")),
    (b"~ABCDEFGHIJKLMNOP #2 +0\n", Packet(ID, 2)),
    (b"~ABCDEFGHIJKLMNOP #3 +12 end\n\xff\n\0", Packet(ID, 3, 12, is_last=True, text=b"\xff\n\0")),
]

JUNK = [
    b"",
    b"~",
    b"hello\n",
    b"~hello asyncchat/2 .....................",
    b"~hello",
    b"~cookie abcdefghijkl",
    b"~cookie ABCDEFGHIJ2",
    b"~open ABCDEFGHIJ23",
    b"~gone ABCDEFGHIJKLMNO",
    b"~ABCDEFGHIJKLMNOP #12345678901 +0\n",
    b"~ABCDEFGHIJKLMNOP +0 end",
    b"~ABCDEFGHIJKLMNOP +0\ntext without a number",
    b"~ABCDEFGHIJKLMNOP #1 +0,5\n",
    b"~ABCDEFGHIJKLMNOP +0" + b",1-1" * (RANGES + 1),
    b"~ABCDEFGHIJKLMNOP  #1 +0\n",
    b"~ABCDEFGHIJKLMNOP #1 +0\n" + b"x" * DATAGRAM_BYTES,
]


@pytest.mark.parametrize(("wire", "value"), WIRE)
def test_wire(wire, value):
    assert encode(value) == wire
    assert decode(wire) == value


@pytest.mark.parametrize("junk", JUNK)
def test_junk_is_nothing(junk):
    assert decode(junk) is None


@given(st.binary(max_size=1300) | st.binary(max_size=100).map(lambda tail: b"~ABCDEFGHIJKLMNOP " + tail))
def test_no_bytes_raise(data):
    decode(data)


_NUMBER = st.integers(0, 9_999_999_999)


@given(
    st.builds(
        Packet,
        st.just(ID),
        st.integers(1, 9_999_999_999),
        _NUMBER,
        st.lists(st.tuples(_NUMBER, _NUMBER), max_size=RANGES).map(tuple),
        st.booleans(),
        st.booleans(),
        st.binary(max_size=TEXT_BYTES),
    )
)
def test_packets_come_back_and_fit(packet):
    assert len(encode(packet)) <= DATAGRAM_BYTES
    assert decode(encode(packet)) == packet


def test_a_hello_is_longer_than_its_answer():
    assert len(encode(Hello())) == HELLO_BYTES > len(encode(Cookie("ABCDEFGHIJ23")))
