"""The first line's table, whole, byte by byte and with a tail."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncchat.server.sniffing import Kind, sniff

FIRST_LINES = [
    (b"GET / HTTP/1.1\r\n", Kind.HTTP),
    (b"POST /x?y=z HTTP/1.1\r\n", Kind.HTTP),
    (b"BREW /pot HTTP/1.0\n", Kind.HTTP),
    (b"OPTIONS * HTTP/1.1\r\n", Kind.HTTP),
    (b"CAP LS 302\r\n", Kind.IRC),
    (b"NICK alice\n", Kind.IRC),
    (b"USER a 0 * :a\r\n", Kind.IRC),
    (b"PASS secret\r\n", Kind.IRC),
    (b"QUIT :bye\r\n", Kind.IRC),
    (b"@label=1 CAP LS\r\n", Kind.IRC),
    (b"JOIN #lobby\r\n", Kind.IRC),
    (b"PRIVMSG #lobby :hi\r\n", Kind.IRC),
    (b"JOIN us\n", Kind.PLAIN),
    (b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n", Kind.PROXY),
    (b"\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x02xx", Kind.PROXY),
    (b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\xff\xff", Kind.PROXY),
    (b"PROXY " + b"x" * 101, Kind.PROXY),
    (b"alice\n", Kind.PLAIN),
    (b"alice\r\n", Kind.PLAIN),
    (b"alice\r\x00", Kind.PLAIN),
    (b"nick alice\n", Kind.PLAIN),
    (b"NICK\n", Kind.PLAIN),
    (b"GET / please\n", Kind.PLAIN),
    ("Иван\n".encode(), Kind.PLAIN),
    (b"\xef\xbb\xbfalice\n", Kind.PLAIN),
    (b"\xff\xfb\x1f\xff\xfa\x1f\x00\x50\x00\x18\xff\xf0alice\r\n", Kind.PLAIN),
    (b"\n", Kind.PLAIN),
    (b"al\tice\n", Kind.PLAIN),
    (b"\x16\x03\x01\x02\x00", Kind.TLS),
    (b"SSH-2.0-OpenSSH_9.2\r\n", Kind.SSH),
    (b"NICK J\xf6rg\r\n", Kind.IRC),
    (b"@label=\xf6 CAP LS\r\n", Kind.IRC),
    (b"PING \x01\r\n", Kind.IRC),
    (b"GET /J\xf6rg HTTP/1.1\r\n", Kind.HTTP),
    (b"J\xf6rg is here\n", Kind.GARBAGE),
    (b"I am J\xf6rg\n", Kind.GARBAGE),
    (b"a\x00b\n", Kind.GARBAGE),
    (b"\x1b[31malice\n", Kind.GARBAGE),
    (b"\xc3\x28\n", Kind.GARBAGE),
    (b"\x80", Kind.GARBAGE),
]


@pytest.mark.parametrize(("line", "kind"), FIRST_LINES)
def test_tells_clients_apart_by_their_first_line(line, kind):
    assert sniff(line) is kind


@pytest.mark.parametrize(("line", "kind"), FIRST_LINES)
def test_decides_the_same_byte_by_byte(line, kind):
    kinds = [sniff(line[:end]) for end in range(1, len(line) + 1)]
    decided = [found for found in kinds if found is not None]
    assert decided[0] is kind


@pytest.mark.parametrize(("line", "kind"), FIRST_LINES)
def test_decides_the_same_with_more_behind(line, kind):
    if line.endswith(b"\n"):
        assert sniff(line + b"and\xffmore\n") is kind


def test_half_a_line_is_open_until_the_end_of_input():
    assert sniff(b"alice") is None
    assert sniff(b"alice", ended=True) is Kind.PLAIN
    assert sniff("Ив".encode()[:3]) is None
    assert sniff(b"NICK alice", ended=True) is Kind.IRC


@pytest.mark.parametrize("said", [b"\xff\xfb\x01", b"\xff\xfa", b"\xff\xfa\x1fxx"])
def test_endless_negotiation_is_garbage(said):
    """All of it would be looked at again with each byte that comes."""
    assert sniff(said * 20) is None
    assert sniff(said * 201) is Kind.GARBAGE
    assert sniff(said + b"x" * 5000) is Kind.GARBAGE


def test_an_endless_first_line_is_garbage():
    assert sniff(b"a" * 20_000) is Kind.GARBAGE


@given(st.binary(max_size=300), st.booleans())
def test_no_bytes_raise(begun, ended):
    sniff(begun, ended=ended)
