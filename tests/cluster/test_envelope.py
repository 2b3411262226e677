"""Batches in the stream: their bytes, and parts of those that are too large for a message."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

pytest.importorskip("nats", reason="needs nats-py: pip install asyncchat[cluster]")

from asyncchat.cluster.envelope import Assembler, Envelope, decode, encode
from asyncchat.cluster.stream import MAX_BATCH
from asyncchat.log.base import LogError

counts = st.integers(0, 2**62)
LARGE = Envelope(3, 7, 42, "events", bytes(range(256)) * 3000)


@given(st.builds(Envelope, counts, counts, counts, st.text(max_size=10), st.binary(max_size=50)))
def test_an_envelope_comes_back(envelope):
    assert decode(1, encode(envelope)) == envelope
    assert envelope.split() == (envelope,)
    assert Assembler().take(envelope) == envelope


def test_a_large_batch_goes_in_parts():
    parts = LARGE.split()
    assert [part.id for part in parts] == ["3.7.0", "3.7.1", "3.7.2"]
    assert all(len(encode(part)) <= MAX_BATCH for part in parts)
    assembler = Assembler()
    assert [assembler.take(decode(1, encode(part))) for part in parts] == [None, None, LARGE]
    assert LARGE.id == "3.7"


@pytest.mark.parametrize("number", [0, 2**62])
def test_the_largest_part_fits(number):
    envelope = Envelope(number, number, number, "x" * 20, bytes(MAX_BATCH * 2))
    assert all(len(encode(part)) <= MAX_BATCH for part in envelope.split())


def test_a_batch_that_was_not_completed_is_left_out():
    first, second, third = LARGE.split()
    other = Envelope(4, 1, 42, "events", b"other")
    again = replace(LARGE, batch=8)
    assembler = Assembler()
    taken = [assembler.take(part) for part in (first, second, other, third, second, first, *again.split())]
    assert [batch for batch in taken if batch is not None] == [other, again]


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (b"", "Message 5 of the stream has no version"),
        (b"\x02x", "has version 2, and this asyncchat reads 1: upgrade asyncchat"),
        (b"\x01", "is damaged"),
        (b"\x01\xc0", "is damaged"),
        (b"\x01\x93\x01\x02\x03", "is damaged"),
    ],
)
def test_what_can_not_be_read_is_told(message, text):
    with pytest.raises(LogError, match=text):
        decode(5, message)
