"""What proxies say in headers: whom they name as the client, and what a server makes of it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncchat.server.http.forwarded import Origin, origin_of
from asyncchat.server.http.messages import Request
from tests.server.harness import CODE, serving
from tests.server.http.api.client import give_token

TRUSTED = ("10.0.0.0/8", "2001:db8:ffff::/48", "unix")


def seen(kind="x-forwarded", **headers):
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return origin_of(Request("GET", "/", named), "10.0.0.1", TRUSTED, kind)


@pytest.mark.parametrize(
    ("fors", "address"),
    [
        ("", "10.0.0.1"),
        ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.7:4711", "192.0.2.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("[2001:db8::7]:4711", "2001:db8::7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("127.0.0.1, 192.0.2.7", "192.0.2.7"),
        ("192.0.2.7, 10.0.0.2", "192.0.2.7"),
        ("6.6.6.6, 192.0.2.7, 10.0.0.3,10.0.0.2", "192.0.2.7"),
        ("6.6.6.6, 192.0.2.7, 2001:db8:ffff::1", "192.0.2.7"),
        ("10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("6.6.6.6, unknown, 10.0.0.2", "10.0.0.2"),
        ("unknown", "10.0.0.1"),
        ("6.6.6.6, evil.example", "10.0.0.1"),
        ("6.6.6.6, 1.2.3", "10.0.0.1"),
        (", , 192.0.2.7", "192.0.2.7"),
        ("6.6.6.6, " + "10.0.0.2, " * 30 + "10.0.0.2", "10.0.0.2"),
    ],
)
def test_the_first_from_the_right_that_is_no_proxy(fors, address):
    assert seen(x_forwarded_for=fors).address == address


def test_scheme_and_host_are_what_the_nearest_proxy_says():
    assert seen(
        x_forwarded_for="192.0.2.7", x_forwarded_proto="http, HTTPS", x_forwarded_host="a, b:8"
    ) == Origin("192.0.2.7", "https", "b:8")
    assert seen(x_forwarded_proto="wss").scheme == "https"
    assert seen(x_forwarded_proto="gopher").scheme == ""


@pytest.mark.parametrize(
    ("value", "origin"),
    [
        ("for=192.0.2.7;proto=https;host=chat.example;by=10.0.0.1", ("192.0.2.7", "https", "chat.example")),
        (
            'For="[2001:db8::7]:4711"; Proto=http;HOST="chat.example:8080"',
            ("2001:db8::7", "http", "chat.example:8080"),
        ),
        ("for=6.6.6.6, for=192.0.2.7;proto=https, for=10.0.0.2;proto=http", ("192.0.2.7", "https", "")),
        ('for="_hidden", for=10.0.0.2', ("10.0.0.2", "", "")),
        ("for=unknown;proto=https", ("10.0.0.1", "https", "")),
        ('for="6.6.6.6, for=192.0.2.7', ("192.0.2.7", "", "")),  # a quotation that the client left open
        ('for="6.6.6.6\\", for=192.0.2.7;proto=https', ("192.0.2.7", "https", "")),
        ("for=192.0.2.7:80", ("192.0.2.7", "", "")),
        ("", ("10.0.0.1", "", "")),
        ("nonsense", ("10.0.0.1", "", "")),
    ],
)
def test_the_standard_s_header(value, origin):
    assert seen("forwarded", forwarded=value) == Origin(*origin)


def test_only_one_of_the_two_is_believed():
    both = {"x_forwarded_for": "192.0.2.7", "forwarded": "for=192.0.2.8"}
    assert seen(**both).address == "192.0.2.7"
    assert seen("forwarded", **both).address == "192.0.2.8"


@given(st.text(st.characters(max_codepoint=255), max_size=60), st.sampled_from(["x-forwarded", "forwarded"]))
def test_nothing_that_a_client_writes_changes_what_the_proxy_adds(text, kind):
    said = f"{text}, 192.0.2.7" if kind == "x-forwarded" else f"{text}, for=192.0.2.7;proto=https"
    assert seen(kind, x_forwarded_for=said, forwarded=said).address == "192.0.2.7"


@pytest.fixture(scope="module")
def server():
    with serving(
        trusted_proxies=("127.0.0.1",), per_address=2, rate=1000.0, origins=("https://chat.example",)
    ) as running:
        give_token(running, "bot", "post", "read")
        yield running


def ask(client, path="/api/v1/rooms", **headers):
    lines = [f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items()]
    client.send(f"GET {path} HTTP/1.1\r\nHost: {headers.pop('host', 'localhost')}\r\n{''.join(lines)}\r\n")
    status = int(client.line().split()[1])
    head = client.until("\r\n\r\n").lower()
    length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
    while len(client.unread) < length:
        client.unread += client.socket.recv(65536)
    body, client.unread = client.unread[:length], client.unread[length:]
    return status, body


def connections(server, network):
    found = server.call(lambda: server.server.context.budgets._networks.get(network))
    return 0 if found is None else found.connections


def test_a_connection_of_a_proxy_has_the_requests_of_many(server):
    with server.connect() as proxy, server.connect(source="127.0.0.2") as other:
        assert ask(proxy, X_Forwarded_For="192.0.2.7")[0] == 200
        assert (connections(server, "192.0.2.7"), connections(server, "127.0.0.1")) == (1, 0)
        assert ask(proxy, X_Forwarded_For="192.0.2.8")[0] == 200
        assert (connections(server, "192.0.2.7"), connections(server, "192.0.2.8")) == (0, 1)
        assert ask(proxy)[0] == 200
        assert (connections(server, "192.0.2.8"), connections(server, "127.0.0.1")) == (0, 1)
        assert ask(other, X_Forwarded_For="192.0.2.7")[0] == 200  # not trusted
        assert connections(server, "192.0.2.7") == 0


def test_the_limit_and_the_ban_are_the_client_s(server):
    with server.connect() as one, server.connect() as two, server.connect() as three:
        assert [ask(client, X_Forwarded_For="192.0.2.7")[0] for client in (one, two, three)] == [
            200,
            200,
            429,
        ]
    op = server.connect(source="127.0.0.3")
    op.send(f"NICK op\r\nUSER op 0 * :op\r\nOPER owner {CODE}\r\nKLINE *@192.0.2.9 :go\r\n")
    op.until("192.0.2.9")
    with server.connect() as proxy:
        assert ask(proxy, X_Forwarded_For="192.0.2.7")[0] == 200
        assert ask(proxy, X_Forwarded_For="192.0.2.9")[0] == 403


def test_the_host_is_the_one_that_the_proxy_was_asked(server):
    with server.connect() as proxy, server.connect(source="127.0.0.2") as other:
        page = {"Origin": "https://chat.example"}
        assert ask(proxy, X_Forwarded_Host="chat.example", X_Forwarded_For="192.0.2.7", **page)[0] == 200
        assert ask(other, X_Forwarded_Host="evil.example")[0] == 200  # not believed: it asked localhost
        assert ask(proxy, X_Forwarded_Host="evil.example", X_Forwarded_For="192.0.2.7")[0] == 421
    with server.connect() as proxy:
        shut = {"Origin": "http://evil.example", "X_Forwarded_Host": "127.0.0.1"}
        assert ask(proxy, X_Forwarded_For="192.0.2.7", **shut)[0] == 403


def test_the_scheme_is_in_links_and_decides_whether_a_connection_is_encrypted(server):
    with server.connect() as proxy:
        for scheme in ("https", "http"):
            proxy.send(
                "POST /upload HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer bot\r\n"
                "X-Forwarded-Host: 192.0.2.1\r\nX-Forwarded-For: 9.1.1.7\r\n"
                f"X-Forwarded-Proto: {scheme}\r\nContent-Length: 2\r\n\r\nhi"
            )
            assert f"\r\nLocation: {scheme}://192.0.2.1/" in proxy.until("\r\n\r\n")
            sessions = server.call(lambda: list(server.server.context.sessions))
            assert [one.private for one in sessions if one.address == "9.1.1.7"] == [scheme == "https"]


def test_a_websocket_has_the_address_too(server):
    with server.connect() as proxy:
        proxy.send(
            "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n"
            "X-Forwarded-For: 192.0.2.77\r\n\r\n"
        )
        proxy.until("\r\n\r\n")
        for line in (b"NICK ws", b"USER ws 0 * :ws"):
            proxy.send(b"\x81" + bytes([0x80 | len(line)]) + bytes(4) + line)
        seen = b""
        while b" 001 ws " not in seen:
            seen += proxy.socket.recv(65536)
        people = server.call(lambda: list(server.server.hub.chat.people.values()))
        assert [one.address for one in people if one.name == "ws"] == ["192.0.2.77"]


def test_nothing_is_believed_without_the_option():
    with serving(limits=False) as server, server.connect() as client:
        status, body = ask(client, "/metrics", X_Forwarded_For="192.0.2.7")
        assert status == 403
        assert "proxy" in json.loads(body)["detail"]
        assert connections(server, "192.0.2.7") == 0
