"""The PROXY protocol: its grammar as a table, and what a server makes of it."""

import socket
import ssl
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncchat.server import protocol_detection
from asyncchat.server.listeners import CROWDED
from asyncchat.server.proxy_protocol import BINARY, BINARY_BYTES, ProxyHeader, is_whole, parse_header
from asyncchat.server.tls import Certificate
from tests.server.harness import CODE, PATIENCE, serving
from tests.server.test_tls import make, trusting, until

V4 = bytes([192, 0, 2, 7, 10, 0, 0, 1, 0, 80, 1, 187])
V6 = bytes.fromhex("20010db8000000000000000000000007" * 2) + bytes(4)
MAPPED = bytes(10) + b"\xff\xff" + bytes([192, 0, 2, 7]) + bytes(16 + 4)


def binary(body=V4, kind=0x11, command=0x21, length=None):
    size = len(body) if length is None else length
    return BINARY + bytes([command, kind]) + size.to_bytes(2, "big") + body


def value(kind, data):
    return bytes([kind]) + len(data).to_bytes(2, "big") + data


TLS = value(0x20, b"\x05\0\0\0\0" + value(0x21, b"TLSv1.3"))
NO_TLS = value(0x20, b"\0\0\0\0\0")

HEADERS = [
    (b"PROXY TCP4 192.0.2.7 10.0.0.1 5000 443\r\n", "192.0.2.7", False),
    (b"PROXY TCP6 2001:db8::7 ::1 0 65535\r\n", "2001:db8::7", False),
    (b"PROXY TCP6 ::ffff:192.0.2.7 ::1 1 2\r\n", "192.0.2.7", False),
    (b"PROXY UNKNOWN\r\n", "", False),
    (b"PROXY UNKNOWN ffff:: ffff:: 1 anything\r\n", "", False),
    (binary(), "192.0.2.7", False),
    (binary(kind=0x12), "192.0.2.7", False),
    (binary(V6, 0x21), "2001:db8::7", False),
    (binary(MAPPED, 0x21), "192.0.2.7", False),
    (binary(V4 + value(4, b"\0" * 7) + TLS + value(2, b"chat.example")), "192.0.2.7", True),
    (binary(V4 + NO_TLS), "192.0.2.7", False),
    (binary(b"/run/x".ljust(108, b"\0") * 2, 0x31), "", False),
    (binary(b"/run/x".ljust(108, b"\0") * 2 + TLS, 0x31), "", True),
    (binary(b"", 0x00), "", False),
    (binary(b"what ever", 0x00), "", False),
    (binary(V4, 0x10), "", False),
    (binary(b"", 0x00, 0x20), "", False),
    (binary(b"what ever", 0x77, 0x20), "", False),
]

FAULTS = [
    (b"PROXY TCP4 192.0.2.7 10.0.0.1 5000 443\n", "no CR LF"),
    (b"PROXY " + b"x" * 200 + b"\r\n", "no CR LF"),
    (b"PROXY tcp4 192.0.2.7 10.0.0.1 5000 443\r\n", "not PROXY TCP4"),
    (b"PROXY TCP4 192.0.2.7 10.0.0.1 5000\r\n", "not PROXY TCP4"),
    (b"PROXY TCP4  192.0.2.7 10.0.0.1 5000 443\r\n", "not PROXY TCP4"),
    (b"PROXY TCP4 192.0.2.7 10.0.0.1 05 443\r\n", "not PROXY TCP4"),
    (b"PROXY TCP4 192.0.2.07 10.0.0.1 5 443\r\n", "IPv4"),
    (b"PROXY TCP4 ::1 10.0.0.1 5 443\r\n", "IPv4"),
    (b"PROXY TCP6 192.0.2.7 ::1 5 443\r\n", "IPv6"),
    (b"PROXY TCP4 192.0.2.7 10.0.0.1 5 65536\r\n", "65535"),
    (b"PROXY \r\n", "not PROXY TCP4"),
    (binary(command=0x11), "0x11"),
    (binary(command=0x22), "0x22"),
    (binary(kind=0x41), "0x41"),
    (binary(kind=0x13), "0x13"),
    (binary(V4[:-1]), "cut off"),
    (binary(V4, 0x21), "cut off"),
    (binary(V4 + b"\x04\x00"), "cut off"),
    (binary(V4 + b"\x04\x00\x05abcd"), "cut off"),
    (binary(V4 + value(0x20, b"\x01\0\0\0")), "cut off"),
    (binary(length=BINARY_BYTES), "longer"),
    (binary(length=65_535, command=0x20), "longer"),
    (binary()[:-1], "not complete"),
]


@pytest.mark.parametrize(("header", "address", "encrypted"), HEADERS)
def test_reads_headers_and_leaves_what_follows(header, address, encrypted):
    wanted = ProxyHeader(len(header), address, encrypted)
    assert parse_header(header) == parse_header(header + b"NICK anna\r\n") == wanted
    assert is_whole(header)
    assert not any(
        is_whole(header[:end]) for end in range(12 if header.startswith(BINARY) else 6, len(header))
    )


@pytest.mark.parametrize(("header", "says"), FAULTS)
def test_says_what_is_wrong_with_one(header, says):
    assert says in parse_header(header)


@given(
    st.binary(max_size=300), st.sampled_from([b"PROXY ", b"PROXY TCP4 ", BINARY, BINARY + b"\x21\x11\0\x20"])
)
def test_takes_any_bytes(data, begun):
    found = parse_header(begun + data)
    assert isinstance(found, str) or 0 < found.length <= len(begun + data)


FROM = b"PROXY TCP4 192.0.2.7 10.0.0.1 5000 1234\r\n"


@pytest.fixture(scope="module")
def server():
    with serving(trusted_proxies=("127.0.0.1",), per_address=3) as running:
        yield running


def address_of(server, name):
    return server.call(
        lambda: next(
            person.address for person in server.server.hub.chat.people.values() if person.name == name
        )
    )


def refused(server):
    return server.call(lambda: server.server.context.proxies_refused)


def test_all_kinds_of_clients_come_from_where_the_proxy_says(server):
    anna, bob = server.connect(), server.connect()
    for byte in FROM + b"anna\n":  # torn
        anna.send(bytes([byte]))
    anna.until("Hello, anna")
    bob.send(binary(V6, 0x21) + b"NICK bob\r\nUSER bob 0 * :bob\r\nOPER owner " + CODE.encode() + b"\r\n")
    bob.send("WHOIS anna\r\nWHOIS bob\r\n")
    assert "192.0.2.7" in bob.until(" 318 bob anna ")
    assert "2001:db8::7" in bob.until(" 318 bob bob ")
    local = server.connect(source="127.0.0.2")
    local.send("local\n")
    local.until("Hello, ")
    assert [address_of(server, name) for name in ("anna", "bob", "local")] == [
        "192.0.2.7",
        "2001:db8::7",
        "127.0.0.2",
    ]
    checked = server.connect()  # a proxy's own check
    checked.send(binary(b"", 0, 0x20) + b"GET / HTTP/1.0\r\n\r\n")
    assert checked.rest().startswith(b"HTTP/1.1 200 ")


def test_limits_and_bans_are_those_of_the_real_address(server):
    clients = [server.connect() for _ in range(5)]
    other = FROM.replace(b"192.0.2.7", b"192.0.2.8")
    for client in clients:
        client.send(other + b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
    first = {client: client.until("\n") for client in clients}
    served = [line for line in first.values() if " 403 " in line]  # it is not this machine
    refused = [line.encode() + client.rest() for client, line in first.items() if line not in served]
    assert len(served) == 3
    assert refused == [CROWDED, CROWDED]
    networks = server.call(lambda: dict(server.server.context.budgets._networks))
    assert networks["192.0.2.8"].connections == 3
    assert networks["127.0.0.1"].connections == sum(
        one.address == "127.0.0.1" for one in server.call(lambda: list(server.server.context.sessions))
    )
    op = server.connect(source="127.0.0.3")
    op.send(f"NICK op\r\nUSER op 0 * :op\r\nOPER owner {CODE}\r\nKLINE *@192.0.2.9 :go\r\n")
    op.until("192.0.2.9")
    for says, asked in ((b"403", b"GET / HTTP/1.0\r\n\r\n"), (b" 465 ", b"NICK e\r\nUSER e 0 * :e\r\n")):
        banned = server.connect()
        banned.send(FROM.replace(b"192.0.2.7", b"192.0.2.9") + asked)
        assert says in banned.rest()


@pytest.mark.parametrize(
    ("source", "sent"),
    [
        ("127.0.0.2", FROM + b"anna\n"),
        ("127.0.0.2", binary() + b"anna\n"),
        ("127.0.0.1", FROM + FROM + b"anna\n"),
        ("127.0.0.1", FROM.replace(b"TCP4", b"TCP6")),
        ("127.0.0.1", binary()[:-1]),
    ],
)
def test_others_and_wrong_ones_are_refused_and_counted(server, source, sent):
    before = refused(server)
    with server.connect(source=source) as client:
        client.send(sent)
        client.end_input()
        assert b"anna" not in client.rest()
    assert refused(server) == before + 1
    with server.connect() as client:
        client.send("GET /metrics HTTP/1.0\r\n\r\n")
        assert b"\nasyncchat_proxy_headers_refused_total %d.0\n" % (before + 1) in client.rest()


def test_who_may_not_is_told_which_option_it_is(server):
    with server.connect(source="127.0.0.2") as client:
        client.send(FROM)
        assert b"trusted_proxies" in client.rest()


def test_half_a_header_ends_like_half_a_line(monkeypatch):
    monkeypatch.setattr(protocol_detection, "FIRST_LINE_SECONDS", 0.05)
    with serving(trusted_proxies=("127.0.0.1",)) as server:
        for half in (FROM[:20], binary()[:14], BINARY[:6]):
            client = server.connect()
            client.send(half)
            assert client.rest() == b""


def test_one_goes_before_tls(tmp_path):
    pem = make(tmp_path)
    with serving(certificate=Certificate(pem, pem), tls=True, trusted_proxies=("127.0.0.1",)) as server:
        for port, header in ((server.port, FROM), (server.tls_port, FROM), (server.tls_port, binary())):
            with closing(socket.create_connection(("127.0.0.1", port), PATIENCE)) as plain:
                plain.sendall(header)
                with trusting(pem).wrap_socket(plain, server_hostname="localhost") as client:
                    assert isinstance(client, ssl.SSLSocket)
                    client.sendall(b"NICK iris\r\nUSER iris 0 * :iris\r\nJOIN #lobby\r\n")
                    until(client, b" 366 ")
                    assert address_of(server, "iris") == "192.0.2.7"
                    client.sendall(b"QUIT\r\n")
                    while client.recv(65_536):
                        pass
        with server.connect() as client:
            client.socket.close()
            client.socket = socket.create_connection(("127.0.0.1", server.tls_port), PATIENCE)
            client.send(FROM + b"NICK anna\r\n")  # TLS only, all the same
            assert client.rest() == b""


def test_a_proxy_that_ends_tls_says_so(server):
    public = bytes([9, 1, 1, 7]) + V4[4:]
    for header, is_private in ((binary(public + TLS), True), (binary(public + NO_TLS), False)):
        with server.connect() as client:
            client.send(header + b"CAP LS 302\r\nCAP END\r\nNICK\r\n")
            client.until(" 431 ")
            sessions = server.call(lambda: list(server.server.context.sessions))
            assert [one.private for one in sessions if one.address == "9.1.1.7"] == [is_private]
            client.send("QUIT\r\n")
            client.rest()
