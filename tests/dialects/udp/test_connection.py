"""A connection over a network that loses, doubles and reorders, in memory, with a clock of its own."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncchat.dialects.udp.connection import KEEPALIVE, PATIENCE, WINDOW, UdpConnection
from asyncchat.dialects.udp.datagrams import TEXT_BYTES, Packet, decode
from tests.dialects.udp_driver import ID, Network, Pair, seeded


def bad(seed: int) -> Network:
    """20 % lost, 20 % doubled, reordered."""
    return Network(0.2, 0.2, (0.001, 0.05), seeded(seed))


@pytest.mark.parametrize("seed", range(5))
def test_a_thousand_messages_each_way_over_a_bad_network(seed):
    pair = Pair(bad(seed))
    lines = [[f"{side} {n} {'x' * (n * 7 % 300)}\n".encode() for n in range(1000)] for side in ("a", "b")]
    for index in (0, 1):
        for n, line in enumerate(lines[index]):
            pair.ends[index].write(line)
            if n % 10 == index:
                pair.step()
        pair.ends[index].end()
    pair.run(600)
    assert pair.taken == [b"".join(lines[1]), b"".join(lines[0])]
    assert [end.over for end in pair.ends] == ["", ""]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 1), st.binary(max_size=4000)), max_size=20),
    st.floats(0, 0.4),
    st.floats(0, 0.5),
    st.floats(0.001, 0.3),
    st.integers(0, 2**32),
)
def test_what_is_written_arrives_once_and_in_order(writes, lost, doubled, delay, seed):
    pair = Pair(Network(lost, doubled, (0.001, 0.001 + delay), seeded(seed)))
    for index, data in writes:
        pair.ends[index].write(data)
        pair.step()
    for end in pair.ends:
        end.end()
    pair.run(3000)
    for index in (0, 1):
        assert pair.taken[index] == b"".join(data for writer, data in writes if writer != index)
        assert pair.ends[index].ended


def test_a_datagram_has_whole_lines_where_they_fit():
    pair = Pair()
    pair.ends[0].write(b"a" * 500 + b"\n" + b"b" * 500 + b"\n" + b"c" * 2000 + b"\n")
    texts = []
    for datagram in pair.ends[0].data_to_send(pair.now):
        packet = decode(datagram)
        assert isinstance(packet, Packet)
        texts.append(packet.text)
    assert [len(text) for text in texts] == [501, 501, TEXT_BYTES, TEXT_BYTES, 81]


def test_a_burst_does_not_go_out_at_once():
    pair = Pair()
    pair.ends[0].write(b"x" * 100_000)
    pair.flush()
    pair.flush()
    assert pair.sent == 10
    pair.run(1)
    assert len(pair.taken[1]) == 100_000


def test_repeats_become_seldom_and_end():
    pair = Pair(Network(lost=1.0))
    pair.ends[0].write(b"hello\n")
    began = pair.now
    times = []
    while pair.ends[0].over is None:
        if pair.ends[0].data_to_send(pair.now):
            times.append(pair.now - began)
        pair.now = max(pair.now + 1e-6, pair.ends[0].deadline())
    assert times[:4] == pytest.approx([0, 1, 3, 7], abs=0.01)
    assert len(times) < 30
    assert pair.now - began == pytest.approx(PATIENCE, abs=0.01)
    assert pair.ends[0].over == "no answer for 60 seconds"
    assert pair.ends[0].data_to_send(pair.now) == []


def test_what_is_not_taken_is_held_and_its_sender_waits():
    pair = Pair(bad(7))
    pair.paused.add(1)
    pair.ends[0].write(b"y" * 500_000)
    pair.run(120)
    assert pair.taken[1] == b""
    assert pair.most[1] == WINDOW * TEXT_BYTES
    assert pair.ends[0].over is None
    held = pair.sent
    pair.run(60)
    assert pair.sent - held < 60  # it asks now and then
    pair.paused.clear()
    pair.run(120)
    assert pair.taken[1] == b"y" * 500_000


def test_a_packet_beyond_the_window_is_not_held():
    end = UdpConnection(ID, 0)
    for number in range(1, 10 * WINDOW):
        end.receive(Packet(ID, number + 1, text=b"z"), 0)
    assert len(end._held) == WINDOW - 1
    (answer,) = end.data_to_send(0)
    assert answer == f"~{ID} +0,2-{WINDOW}".encode()


def test_the_idle_ask_each_other_and_stay():
    pair = Pair()
    pair.run(1000)
    assert [end.over for end in pair.ends] == [None, None]
    assert pair.sent < 1000 / KEEPALIVE * 4 + 10


def test_whoever_is_expected_answers_in_time_or_is_lost():
    pair = Pair()
    pair.ends[1].expect(5, pair.now)
    pair.run(10)
    assert pair.ends[1].over is None
    pair = Pair(Network(lost=1.0))
    pair.ends[1].expect(5, pair.now)
    began = pair.now
    while pair.ends[1].over is None:
        pair.step()
    assert pair.now - began == pytest.approx(5, abs=0.1)


def test_an_acknowledgement_of_what_was_not_sent_is_ignored():
    end = UdpConnection(ID, 0)
    end.write(b"hello\n")
    assert len(end.data_to_send(0)) == 1
    end.receive(Packet(ID, received=9_999_999_999, ranges=((5, 2),)), 0)
    assert end.waiting == 6
    end.receive(Packet(ID, received=1), 0)
    assert end.waiting == 0


def test_the_end_comes_after_all_that_was_written():
    pair = Pair(bad(3))
    pair.ends[0].write(b"last words\n")
    pair.ends[0].end()
    pair.ends[0].write(b"too late\n")
    while not pair.ends[1].ended:
        pair.step()
    assert pair.taken[1] == b"last words\n"
    while pair.ends[0].unfinished:
        pair.step()
    pair.ends[1].write(b"an answer\n")
    pair.ends[1].end()
    pair.run(30)
    assert pair.taken[0] == b"an answer\n"
    assert [end.over for end in pair.ends] == ["", ""]


def test_gone_after_the_last_packet_is_in_order():
    pair = Pair()
    pair.ends[0].gone()
    assert pair.ends[0].over == "connection lost"
    pair.ends[1].end()
    pair.ends[1].data_to_send(pair.now)
    pair.ends[1].gone()
    assert pair.ends[1].over == ""


_HEADERS = st.builds(
    lambda *words: f"~{ID}{''.join(words)}".encode(),
    st.sampled_from(["", " #0", " #1", " #2", f" #{WINDOW + 1}", " #9999999999"]),
    st.sampled_from(["", " +0", " +1", " +3,5-9", " +9999999999", " +2,9-1,0-9999999999"]),
    st.sampled_from(["", " ?"]),
    st.sampled_from(["", " end"]),
    st.sampled_from(["", "\n", "\nhello\n", "\n" + "z" * 900]),
)


@given(
    st.lists(
        st.one_of(
            _HEADERS, st.binary(max_size=40), st.floats(0, 10), st.sampled_from(["take", "write", "end"])
        ),
        max_size=40,
    )
)
def test_whatever_the_other_end_sends_is_bounded_and_raises_nothing(doings):
    now = 0.0
    end = UdpConnection(ID, now)
    written = 0
    for doing in doings:
        match doing:
            case bytes():
                packet = decode(doing)
                if isinstance(packet, Packet):
                    end.receive(packet, now)
            case float():
                now += doing
            case "take":
                end.take()
            case "write":
                end.write(b"x" * 2000)
                written += 2000
            case "end":
                end.end()
        sent = end.data_to_send(now)
        assert len(sent) <= WINDOW + 1
        assert all(len(datagram) <= 1200 and isinstance(decode(datagram), Packet) for datagram in sent)
        assert len(end._held) <= WINDOW
        assert 0 <= end._lost <= len(end._flight) <= WINDOW
        assert 0 <= end.waiting <= written
        assert end.deadline() > now or end.over is not None or end._lost
