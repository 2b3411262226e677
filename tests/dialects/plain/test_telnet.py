"""Telnet's negotiation is skipped, however it is cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncchat.dialects.plain.telnet import SUBNEGOTIATION_BYTES, Telnet

WIRE = [
    (b"text", b"text"),
    (b"\xff\xfb\x01text", b"text"),
    (b"a\xff\xfd\x03b", b"ab"),
    (b"a\xff\xf1b", b"ab"),
    (b"a\xff\xffb", b"a\xffb"),
    (b"a\xff\xfa\x18\x00xterm\xff\xf0b", b"ab"),
    (b"a\xff\xfa\x1f\xff\xff\x00\xff\xf0b", b"ab"),
    (b"\xff\xfa\x1f\n\xff\xf0b\n", b"b\n"),
    (b"\xff\xfb\xff\xfd", b"\xfd"),
]


@pytest.mark.parametrize(("wire", "text"), WIRE)
def test_whole_and_byte_by_byte_and_with_a_tail(wire, text):
    assert Telnet().feed(wire) == text
    telnet = Telnet()
    assert b"".join(telnet.feed(wire[at : at + 1]) for at in range(len(wire))) == text
    assert Telnet().feed(wire + b"tail") == text + b"tail"


def test_a_subnegotiation_without_end_does_not_swallow_all():
    telnet = Telnet()
    telnet.feed(b"\xff\xfa" + b"x" * SUBNEGOTIATION_BYTES)
    telnet.feed(b"x")
    assert telnet.feed(b"hello") == b"hello"


@given(st.lists(st.binary(max_size=6) | st.sampled_from([b"\xff", b"\xff\xfa", b"\xff\xf0"]), max_size=30))
def test_any_chunking(chunks):
    telnet = Telnet()
    assert b"".join(map(telnet.feed, chunks)) == Telnet().feed(b"".join(chunks))
