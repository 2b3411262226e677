"""A person with ``nc -u``: lines in, bare text out, the pace, and the question whether somebody is there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncchat.dialects.udp.bare import (
    ANSWER,
    BURST,
    HELD_BYTES,
    LEFT,
    NAME_ANSWER,
    NAME_WANTED,
    SILENCE,
    STILL_THERE,
    TOO_FAST,
    TOO_LONG,
    BareConnection,
)


def bare() -> BareConnection:
    return BareConnection(b"CODE anna\n", 0)


@pytest.mark.parametrize(
    ("datagrams", "lines"),
    [
        ([b"hi\n"], b"hi\n"),
        ([b"hi"], b"hi\n"),
        ([b"one\ntwo\n", b"three\n"], b"one\ntwo\nthree\n"),
        ([b""], b""),
        ([b"\n"], b"\n"),
        ([b"CODE anna\n", b"hi\n"], b"hi\n"),
        ([b"\xff\xfe"], b"\xff\xfe\n"),
    ],
)
def test_a_datagram_is_a_line_or_several(datagrams, lines):
    peer = bare()
    for datagram in datagrams:
        peer.receive(datagram, 1)
    assert peer.take() == lines
    assert peer.take() == b""


def test_what_is_too_long_is_not_taken_and_told():
    peer = bare()
    peer.receive(b"x" * 1201, 1)
    assert peer.take() == b""
    assert peer.data_to_send(1) == [TOO_LONG]


def test_it_is_told_once_as_long_as_that_waits():
    peer = BareConnection(b"opening", 0)
    for _ in range(1000):
        peer.receive(bytes(1201), 1)
    assert peer.waiting == len(TOO_LONG)


def test_what_is_too_fast_is_not_held_and_told_once():
    peer = bare()
    for _ in range(1000):
        peer.receive(b"x" * 1000, 1)
    assert peer.data_to_send(1) == [TOO_FAST]
    assert len(peer.take()) <= HELD_BYTES + 1000


def test_lines_go_together_and_long_ones_are_cut_between_grapheme_clusters():
    peer = bare()
    family = "👨‍👩‍👧‍👦"
    text = ("short\n" * 150 + family * 100 + "\n" + "e\u0301" * 700 + "\nend\n").encode()
    peer.write(text)
    sent = peer.data_to_send(0)
    assert b"".join(sent) == text
    assert all(len(datagram) <= 1200 for datagram in sent)
    assert sent[0] == b"short\n" * 150
    for datagram in sent[1:]:
        assert not datagram.decode().startswith(("\u200d", "\u0301"))


def test_a_prompt_goes_out_without_an_end():
    peer = bare()
    peer.write(b"Enter your name: ")
    assert peer.data_to_send(0) == [b"Enter your name: "]


def test_a_burst_keeps_its_pace():
    peer = bare()
    text = (b"y" * 1199 + b"\n") * 40
    peer.write(text)
    sent = peer.data_to_send(0)
    assert len(sent) == BURST
    now = 0.0
    while peer.waiting:
        now = peer.deadline()
        more = peer.data_to_send(now)
        assert len(more) <= 1
        sent += more
    assert now == pytest.approx((40 - BURST) / 20, abs=0.1)
    assert b"".join(sent) == text


def test_a_silent_person_is_asked_and_then_gone():
    peer = bare()
    assert peer.deadline() == SILENCE
    assert peer.data_to_send(SILENCE - 1) == []
    assert peer.data_to_send(SILENCE) == [STILL_THERE]
    peer.receive(b"\n", SILENCE + 10)
    assert peer.data_to_send(SILENCE + ANSWER + 5) == []
    assert peer.data_to_send(2 * SILENCE + 10) == [STILL_THERE]
    assert peer.deadline() == 2 * SILENCE + 10 + ANSWER
    assert peer.data_to_send(peer.deadline()) == [LEFT]
    assert peer.over == "no answer for 420 seconds"
    assert peer.data_to_send(peer.deadline()) == []


def test_a_name_that_is_wanted_is_kept_by_an_answer():
    peer = bare()
    peer.expect(5, 10)
    peer.expect(5, 12)
    assert peer.data_to_send(12) == [NAME_WANTED]
    peer.receive(b"\n", 20)
    assert peer.data_to_send(45) == []
    peer.expect(5, 50)
    assert peer.data_to_send(50) == [NAME_WANTED]
    assert peer.deadline() == 50 + NAME_ANSWER
    assert peer.data_to_send(50 + NAME_ANSWER) == [LEFT]
    assert peer.over == "no answer for 60 seconds"


def test_it_is_over_when_all_is_sent():
    peer = bare()
    peer.write(b"bye\n")
    peer.end()
    peer.write(b"too late\n")
    assert peer.data_to_send(0) == [b"bye\n"]
    assert peer.over == ""


@given(st.lists(st.text(max_size=3000), max_size=8))
def test_nothing_is_lost_in_cutting(texts):
    peer = bare()
    text = "".join(text + "\n" for text in texts).encode("utf-8", "replace")
    peer.write(text)
    sent: list[bytes] = []
    now = 0.0
    while peer.waiting:
        sent += peer.data_to_send(now)
        now += 1
    assert b"".join(sent) == text
    assert all(0 < len(datagram) <= 1200 for datagram in sent)
