"""Who may begin: cookies, and that an answer is never longer than what came."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncchat.dialects.udp.admission import Admission, Entered, Opened
from asyncchat.dialects.udp.client import UdpClientConnection
from asyncchat.dialects.udp.datagrams import Cookie, Hello, Move, Open, Packet, decode, encode
from tests.dialects.udp_driver import ID

HERE = ("192.0.2.1", 4000)
LONG = b"hello, may I come in please?\n"


def admission() -> Admission:
    return Admission(b"secret")


def cookie_for(address: tuple[str, int], now: float) -> str:
    answer = admission().answer(encode(Hello()), address, now)
    assert isinstance(answer, bytes)
    value = decode(answer)
    assert isinstance(value, Cookie)
    return value.cookie


def test_a_client_opens_with_the_cookie_of_its_address():
    cookie = cookie_for(HERE, 1000)
    assert admission().answer(encode(Open(cookie, ID)), HERE, 1010) == Opened(ID)
    assert admission().answer(encode(Move(cookie, ID)), HERE, 1010) == Opened(ID, moves=True)


@pytest.mark.parametrize(
    ("address", "now"),
    [(("192.0.2.1", 4001), 1000), (("192.0.2.2", 4000), 1000), (HERE, 1000 + 121), (HERE, 1000 - 61)],
)
def test_a_cookie_is_of_one_address_and_one_time(address, now):
    cookie = cookie_for(HERE, 1000)
    assert admission().answer(encode(Open(cookie, ID)), address, now) == b""


def test_a_cookie_is_of_one_secret():
    cookie = cookie_for(HERE, 1000)
    assert Admission(b"another").answer(encode(Open(cookie, ID)), HERE, 1000) == b""


def test_a_person_sends_the_code_back():
    answer = admission().answer(LONG, HERE, 1000)
    assert isinstance(answer, bytes)
    send, code, name = answer.decode().split()
    assert (send, name) == ("Send:", "NAME")
    for line in (f"{code} anna\n", f"{code.lower()} anna\n"):
        assert admission().answer(line.encode(), HERE, 1059) == Entered(b"anna\n")
    assert admission().answer(f"{code}\n".encode(), HERE, 1059) == Entered(b"")
    asked_again = admission().answer(f"{code} anna, and more words\n".encode(), ("192.0.2.9", 4000), 1000)
    assert isinstance(asked_again, bytes)
    assert code not in asked_again.decode()


def test_a_locked_server_asks_for_its_password():
    answer = admission().answer(LONG, HERE, 1000, locked=True)
    assert isinstance(answer, bytes)
    assert answer.endswith(b" PASSWORD\n")


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        (b"", b""),
        (b"hi\n", b""),
        (b"hello!!\n", b"Longer\n"),
        (b"hello there\n", b"Too short.\n"),
        (b"x" * 22, b"Too short.\n"),
    ],
)
def test_a_short_line_has_a_short_answer(line, answer):
    assert admission().answer(line, HERE, 1000) == answer


def test_an_unknown_connection_is_gone():
    packet = encode(Packet(ID, 1, text=b"hi\n"))
    assert admission().answer(packet, HERE, 1000) == b"~gone ABCDEFGHIJKLMNOP"
    assert admission().answer(encode(Packet(ID)), HERE, 1000) == b""  # it would be longer
    assert (
        admission().answer(b"~gone ABCDEFGHIJKLMNOP", HERE, 1000) == b""
    )  # two servers would go on for ever


@given(
    st.binary(max_size=1300)
    | st.text(max_size=60).map(str.encode)
    | st.builds(Packet, st.just(ID), st.integers(0, 99)).map(encode),
    st.booleans(),
)
def test_no_answer_is_longer_than_what_came(data, locked):
    answer = admission().answer(data, HERE, 1000, locked=locked)
    assert not isinstance(answer, bytes) or len(answer) <= len(data)
    assert len(admission().renewed(data, HERE, 1000)) <= len(data)


@pytest.mark.parametrize("first", [LONG, b"x" * 22, b"hello there!\n"])
def test_two_servers_that_answer_each_other_end(first):
    data = first
    for _ in range(4):
        answer = admission().answer(data, HERE, 1000)
        assert isinstance(answer, bytes)
        data = answer
    assert data == b""


def test_the_way_of_a_client():
    door = admission()
    client = UdpClientConnection(ID, 1000.0)
    (hello,) = client.data_to_send(1000.0)
    assert client.data_to_send(1000.1) == []
    assert client.data_to_send(client.deadline()) == [hello]
    answer = door.answer(hello, HERE, 1001)
    assert isinstance(answer, bytes)
    client.receive_datagram(b"junk", 1001)
    client.receive_datagram(answer, 1001)
    client.receive_datagram(answer, 1001)
    (opening,) = client.data_to_send(1001)
    assert door.answer(opening, HERE, 1001) == Opened(ID)
    assert not client.is_open
    client.receive_datagram(encode(Packet("QRSTUVWXYZ234567", 1, text=b"somebody else\n")), 1001)
    assert not client.is_open
    client.receive_datagram(encode(Packet(ID)), 1001)
    assert client.is_open
    client.write(b"anna\n")
    assert client.data_to_send(1001) == [b"~ABCDEFGHIJKLMNOP #1 +0\nanna\n"]
    client.receive_datagram(door.renewed(hello, HERE, 1001.5), 1001.5)
    (move,) = client.data_to_send(1001.5)
    assert door.answer(move, HERE, 1001.5) == Opened(ID, moves=True)


@pytest.mark.parametrize(("hellos", "repeated_after"), [(1, 0.3), (2, 1.0)])
def test_a_client_learns_from_the_only_hello_how_long_an_answer_takes(hellos, repeated_after):
    client = UdpClientConnection(ID, 0.0)
    now = 0.0
    for _ in range(hellos):
        now = client.deadline()
        assert client.data_to_send(now) == [encode(Hello())]
    client.receive_datagram(encode(Cookie("ABCDEFGHIJ23")), now + 0.1)
    assert client.data_to_send(now + 0.1) == [encode(Open("ABCDEFGHIJ23", ID))]
    client.receive_datagram(encode(Packet(ID)), now + 0.2)
    client.write(b"anna\n")
    client.data_to_send(now + 0.2)
    assert client.deadline() - (now + 0.2) == pytest.approx(repeated_after)


def test_a_client_whose_cookie_is_not_taken_asks_for_another():
    client = UdpClientConnection(ID, 0.0)
    client.receive_datagram(encode(Cookie("ABCDEFGHIJ23")), 0)
    sent: list[bytes] = []
    while len(sent) < 8:
        sent += client.data_to_send(client.deadline())
    assert {datagram[:6] for datagram in sent} == {b"~open ", b"~hello"}
    assert client.deadline() < 60
