"""Plain text stays within private networks, unless it was asked for."""

import socket
from contextlib import closing

import pytest

from asyncchat.errors import Misuse
from asyncchat.server import addresses, plaintext, protocol_detection
from asyncchat.server.addresses import Address, is_private
from asyncchat.server.plaintext import check_listeners, turn_away
from asyncchat.server.sniffing import Kind
from asyncchat.server.tls import Certificate
from tests.server.harness import PATIENCE, serving
from tests.server.test_tls import closes, connected, enter, make, until

OUTSIDE = "127.0.0.2"
"""It stands for an address elsewhere, from which no test can come."""

SAID = b"From there this server takes only TLS, on port %d: ircs:// or https://"
NONE = b"This server has no TLS, and so takes connections from private networks only."


@pytest.fixture(autouse=True)
def outside(monkeypatch):
    monkeypatch.setattr(plaintext, "is_private", lambda address: address != OUTSIDE)


@pytest.fixture(scope="module")
def pem(tmp_path_factory):
    return make(tmp_path_factory.mktemp("tls"))


def answer(server, sent, source=OUTSIDE):
    where = ("127.0.0.1", server.port)
    with closing(socket.create_connection(where, PATIENCE, source_address=(source, 0))) as client:
        client.sendall(sent)
        told = b""
        while data := client.recv(65_536):
            told += data
        return told


def test_who_comes_from_outside_is_told_where_tls_is(pem):
    with serving(certificate=Certificate(pem, pem)) as server:
        said = SAID % server.port
        assert answer(server, b"NICK eve\r\nUSER e 0 * :e\r\n") == b"ERROR :" + said + b"\r\n"
        assert answer(server, b"eve\n") == said + b"\r\n"
        answered = answer(server, b"GET /a?b HTTP/1.1\r\nHost: chat.example:80\r\n\r\n")
        assert answered.startswith(b"HTTP/1.1 307 Temporary Redirect\r\n")
        assert b"\r\nLocation: https://chat.example:%d/a?b\r\n" % server.port in answered
        assert answer(server, b"\0\1\2") == b""
        with connected(server.port, pem, source=OUTSIDE) as iris, server.person("ivan") as ivan:
            enter(iris, "iris")
            ivan.send("hello\n")
            until(iris, b":hello\r\n")
            iris.sendall(b"QUIT\r\n")
            closes(iris)


def test_without_tls_only_the_own_network_is_served():
    with serving() as server:
        assert answer(server, b"eve\n") == NONE + b"\r\n"
        assert answer(server, b"\x16\x03\x01\x00\x05hello").startswith(b"\x15\x03")
        answered = answer(server, b"GET / HTTP/1.1\r\nHost: chat.example\r\n\r\n")
        assert answered.startswith(b"HTTP/1.1 403 Forbidden\r\n")
        assert NONE in answered
        with server.person("ivan") as ivan:
            ivan.send("/me\n")
            ivan.until("Usage: /me")


def test_who_says_nothing_or_no_whole_line_is_told_after_a_while(pem, monkeypatch):
    monkeypatch.setattr(protocol_detection, "HANDSHAKE_SECONDS", 0.05)
    with serving(certificate=Certificate(pem, pem), tls=True) as server:
        for sent in (b"", b"eve"):
            assert answer(server, sent) == SAID % server.tls_port + b"\r\n"
        with closing(socket.create_connection(("127.0.0.1", server.tls_port), PATIENCE)) as client:
            client.sendall(b"eve")
            assert client.recv(100) == b""


def test_what_is_spelled_out_is_served():
    with serving(insecure=True) as server, server.connect(source=OUTSIDE) as eve:
        eve.send("eve\n")
        eve.until("Hello, eve!")


def test_the_redirect_goes_nowhere_else():
    for begun in (
        b"GET http://elsewhere/ HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: user@a\r\n\r\n",
        b"GET / HTTP/1.1\r\n",
    ):
        assert turn_away(Kind.HTTP, begun, 7).startswith(b"HTTP/1.1 403 Forbidden\r\n")
    ipv6 = turn_away(Kind.HTTP, b"GET /#x HTTP/1.1\r\nhost:[::1]\r\n\r\n", 7)
    assert b"\r\nLocation: https://[::1]:7/#x\r\n" in ipv6


def test_addresses_that_count_as_private():
    private = (
        "10.1.2.3 172.17.0.2 192.168.1.1 169.254.7.7 100.64.0.1 100.127.255.254 127.0.0.1 ::1 fe80::1%eth0"
    )
    for address in [*private.split(), "fd7a:115c:a1e0::1", "localhost"]:
        assert is_private(address), address
    for address in ("8.8.8.8", "100.128.0.1", "172.32.0.1", "2600::1", "2001:4860:4860::8888"):
        assert not is_private(address), address


@pytest.mark.parametrize(
    ("address", "has_certificate", "refused"),
    [
        (Address("8.8.8.8", 1234), False, True),
        (Address("8.8.8.8", 1234), True, False),
        (Address("8.8.8.8", 1234, insecure=True), False, False),
        (Address("8.8.8.8", 1234, tls=True), True, False),
        (Address("8.8.8.8", 1234, udp=True), True, True),
        (Address("8.8.8.8", 1234, udp=True, insecure=True), False, False),
        (Address("0.0.0.0", 1234), False, False),  # noqa: S104
        (Address("10.0.0.1", 1234), False, False),
    ],
)
def test_a_public_address_needs_tls_or_must_be_spelled_out(monkeypatch, address, has_certificate, refused):
    monkeypatch.setattr(plaintext, "is_private", addresses.is_private)
    listening = [(address, address.host)]
    if not refused:
        check_listeners(listening, has_certificate=has_certificate)
        return
    scheme = "udp" if address.udp else "tcp"
    with pytest.raises(Misuse, match=rf"--listen {scheme}\+insecure://8\.8\.8\.8:1234"):
        check_listeners(listening, has_certificate=has_certificate)


def test_over_udp_too():
    with serving(udp=0) as server:
        admit = server.server.listeners._admit_udp
        assert server.call(lambda: admit(Address(udp=True), OUTSIDE, None)) == NONE + b"\r\n"
