"""IRC over WebSocket against a running server, with an independent client, and beside the other clients."""

import re
import socket

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.sync.client import ClientConnection, connect

from asyncchat.server import keepalive
from asyncchat.server.session import Session
from tests.server.harness import PATIENCE, serving


class Browser:
    """A WebSocket client in the lobby, or on its way there."""

    def __init__(self, server, path="/ws", subprotocols=("text.ircv3.net",), host="127.0.0.1", **options):
        sock = socket.create_connection(("127.0.0.1", server.port), PATIENCE)
        server.clients.append(self)
        self.close = sock.close
        url = f"ws://{host}:{server.port}{path}"
        self.socket: ClientConnection = connect(
            url, sock=sock, subprotocols=subprotocols, proxy=None, **options
        ).__enter__()
        self.close = self.socket.close

    def enter(self, name):
        for line in (f"NICK {name}", f"USER {name} 0 * :{name}", "JOIN #lobby"):
            self.socket.send(line)
        self.until(" 366 ")
        return self

    def line(self):
        found = self.socket.recv(PATIENCE)
        return found if isinstance(found, str) else found.decode()

    def until(self, part):
        while part not in (line := self.line()):
            pass
        return line

    def ended(self):
        """The close frame that the server ends it with."""
        with pytest.raises(ConnectionClosed) as closed:
            self.until("nothing more")
        close = closed.value.rcvd
        assert close is not None
        return close


@pytest.fixture
def server():
    with serving(origins=("https://chat.example.org",)) as running:
        yield running


def test_a_password_is_not_asked_for_where_somebody_may_listen(server, monkeypatch):
    monkeypatch.setattr(Session, "private", False)
    page = Browser(server)
    for line in ("CAP REQ :sasl", "AUTHENTICATE PLAIN"):
        page.socket.send(line)
    assert "PLAIN would show your password on this unencrypted connection" in page.until(" 904 ")


def test_all_kinds_of_clients_meet_in_the_lobby(server):
    nc, irc = server.person("nc"), server.irc("irc")
    web, other = Browser(server).enter("web"), Browser(server, "/", ("binary.ircv3.net",)).enter("other")
    nc.send("from nc\n")
    for who in (web, other):
        assert re.fullmatch(r":nc!\S+ PRIVMSG #lobby :from nc", who.until("PRIVMSG"))
    irc.until("from nc\r\n")
    web.socket.send("PRIVMSG #lobby :from the wéb")
    nc.until("web: from the wéb\n")
    irc.until(" PRIVMSG #lobby :from the wéb\r\n")
    assert other.until("from the").endswith(" PRIVMSG #lobby :from the wéb")
    other.socket.send(b"PRIVMSG #lobby :" + b"x" * 300)
    assert web.until("xxx").endswith(" PRIVMSG #lobby :" + "x" * 300)
    nc.until("x" * 300 + "\n")
    web.socket.close()
    nc.until("web left chat (connection closed)")
    assert server.people() == ["irc", "nc", "other"]


@pytest.mark.parametrize(
    ("offered", "chosen", "kind"),
    [
        (("text.ircv3.net",), "text.ircv3.net", str),
        (("binary.ircv3.net",), "binary.ircv3.net", bytes),
        (("binary.ircv3.net", "text.ircv3.net"), "binary.ircv3.net", bytes),
        (("text.ircv3.net", "binary.ircv3.net"), "text.ircv3.net", str),
        (None, None, str),
    ],
)
def test_the_subprotocol_says_how_lines_come(server, offered, chosen, kind):
    web = Browser(server, subprotocols=offered)
    assert web.socket.subprotocol == chosen
    web.socket.send("PING x")
    web.socket.send("CAP LS 302")
    for _ in range(2):
        told = web.socket.recv(PATIENCE)
        assert type(told) is kind
        assert told == told.strip()


@pytest.mark.parametrize("path", ["/", "/ws", "/webirc", "/anything/at?all=1"])
def test_any_path_is_one(server, path):
    Browser(server, path).enter("web")


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "null",
        "http://127.0.0.1:1",
        "https://127.0.0.1.evil.example",
        "http://chat.example.org",
    ],
)
def test_a_foreign_page_is_refused(server, origin):
    with pytest.raises(InvalidStatus) as refused:
        Browser(server, origin=origin)
    assert refused.value.response.status_code == 403


def test_own_pages_and_allowed_ones_are_let_in(server):
    for origin in (f"http://127.0.0.1:{server.port}", "https://chat.example.org"):
        Browser(server, origin=origin).socket.close()


def test_a_name_that_was_made_to_point_here_is_refused(server):
    with pytest.raises(InvalidStatus) as refused:
        Browser(server, host="evil.example", origin=f"http://evil.example:{server.port}")
    assert refused.value.response.status_code == 421


def agreed(browser):
    assert browser.socket.response is not None
    return browser.socket.response.headers.get("Sec-WebSocket-Extensions")


@pytest.mark.parametrize(
    ("compression", "address", "expected"),
    [
        ("auto", "127.0.0.1", None),
        ("auto", "192.0.2.1", "permessage-deflate; client_no_context_takeover"),
        ("always", "127.0.0.1", "permessage-deflate; client_no_context_takeover"),
        ("never", "192.0.2.1", None),
    ],
)
def test_compression_is_agreed_on_where_bytes_travel(compression, address, expected, monkeypatch):
    init = Session.__init__

    def from_there(self, context, id, _address, *more):
        init(self, context, id, address, *more)

    monkeypatch.setattr(Session, "__init__", from_there)
    with serving(compression=compression) as server:
        assert agreed(Browser(server, compression="deflate")) == expected
        assert agreed(Browser(server, compression=None)) is None


def test_what_is_compressed_for_all_is_what_was_said():
    """Members that came at different times, and have been told different things, read the same."""
    with serving(compression="always", limits=False) as server:
        early = Browser(server, compression="deflate").enter("early")
        plain, nc = Browser(server, compression=None).enter("plain"), server.person("nc")
        said = [f"line {number} of a text that is said by somebody" for number in range(200)]
        for number, line in enumerate(said):
            nc.send(f"{line}\n")
            if number == 100:
                plain.until(line)
                late = Browser(server, compression="deflate").enter("late")
        for who, first in ((early, 0), (plain, 101), (late, 101)):
            line = who.until(" PRIVMSG ")
            while " PRIVMSG #lobby :[" in line:  # what was said before it came, with the time
                line = who.until(" PRIVMSG ")
            for text in said[first:-1]:
                assert line.endswith(f" PRIVMSG #lobby :{text}")
                line = who.until(" PRIVMSG ")
            assert line.endswith(said[-1])
        early.socket.send("PRIVMSG #lobby :" + "ha " * 100 + "!")
        assert late.until("ha ha").endswith("ha " * 100 + "!")


def test_a_compression_bomb_costs_its_sender_the_connection():
    with serving(compression="always") as server:
        web, alice = Browser(server, compression="deflate").enter("web"), server.person("alice")
        web.socket.send("x" * 1_000_000)
        assert web.ended().code == 1009
        alice.until("web left chat")


def test_pings_and_fragments(server):
    web, alice = Browser(server).enter("web"), server.person("alice")
    assert web.socket.ping("token").wait(PATIENCE)
    web.socket.send(["PRIVMSG #lobby :in ", "two ", "", "parts"])
    alice.until("web: in two parts\n")


def test_what_follows_the_handshake_at_once_is_not_lost(server):
    client = server.connect()
    frames = b"".join(
        Frame(Opcode.TEXT, line.encode()).serialize(mask=True)
        for line in ("NICK web", "USER web 0 * :web", "JOIN #lobby")
    )
    client.send(
        b"GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" + frames
    )
    head = client.until(b"\r\n\r\n")
    assert head.startswith("HTTP/1.1 101 ")
    assert "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in head
    while b" 366 " not in client.unread:
        client.unread += client.socket.recv(65536)


def test_a_handshake_in_http_1_0_is_an_ordinary_request(server):
    """RFC 9110, 7.8: an Upgrade in HTTP/1.0 is ignored; RFC 6455, 4.2.1 asks for 1.1."""
    client = server.connect()
    client.send(
        b"GET / HTTP/1.0\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    assert client.rest().startswith(b"HTTP/1.1 200 ")


def test_a_handshake_with_a_body_is_none(server):
    client = server.connect()
    client.send(
        b"GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Content-Length: 2\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\nhi"
    )
    assert client.rest().startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    ("data", "code", "reason"),
    [
        (b"\x81\x02hi", 1002, "mask"),
        (b"\x81\x81\0\0\0\0\xff", 1007, "a text message is not UTF-8"),
        (b"\x81\xfe\x40\x01" + b"\0" * 4 + b"x" * 16_385, 1009, "over 16384 bytes"),
        (b"\xff" * 100, 1002, ""),
    ],
)
def test_garbage_closes_with_its_code_and_the_others_read_why(server, data, code, reason):
    alice = server.person("alice")
    web = Browser(server).enter("web")
    alice.until("web is online\n")
    web.socket.socket.sendall(data)
    close = web.ended()
    assert close.code == code
    assert alice.line().startswith("web left chat (")
    assert reason in close.reason


def test_a_stop_is_a_close_that_says_so():
    with serving() as server:
        web = Browser(server).enter("web")
        server.stop("the server is stopping")
        close = web.ended()
    assert (close.code, close.reason) == (1001, "the server is stopping")


def test_a_kill_says_who_and_why(server):
    web, owner = Browser(server).enter("web"), server.irc("root")
    owner.send("OPER owner 7KQ2-M9XD\r\nKILL web :enough\r\n")
    assert web.until("ERROR").endswith("[Killed (root (enough))]")
    close = web.ended()
    assert close.code == 1008


def test_a_quit_is_a_normal_end(server):
    web = Browser(server).enter("web")
    web.socket.send("QUIT :bye")
    assert web.until("ERROR").endswith("[Quit: bye]")
    close = web.ended()
    assert close.code == 1000


def test_a_silent_one_is_asked_and_then_put_out(monkeypatch):
    monkeypatch.setattr(keepalive, "ROUND", 0.05)
    monkeypatch.setattr(keepalive, "WEB_SILENCE", 0.1)
    monkeypatch.setattr(keepalive, "ANSWER", 1.0)
    with serving() as server:
        web = Browser(server).enter("web")
        assert web.until("PING") == "PING :asyncchat.local"
        with pytest.raises(ConnectionClosed):
            web.until("nothing more")
        assert server.people() == []


def test_one_is_asked_before_a_proxy_ends_it(server):
    """Proxies end a connection that was silent for 60 s; an IRC client of TCP has none (RFC 6455, 5.5.2)."""
    Browser(server).enter("web")
    server.irc("tcp")
    check, context = server.server.keepalive._check, server.server.context
    later = keepalive.WEB_SILENCE + 1

    def asked():
        sessions = [session for session in context.sessions if session.dialect is not None]
        for session in sessions:
            check(session, session.heard_at + later)
        return {session.dialect.is_web: session.probed_at > session.heard_at for session in sessions}

    assert server.call(asked) == {True: True, False: False}
    assert keepalive.WEB_SILENCE + keepalive.ROUND < 60 - keepalive.ROUND


def test_who_never_registers_is_put_out(monkeypatch):
    monkeypatch.setattr(keepalive, "ROUND", 0.05)
    with serving() as server:
        web = Browser(server)
        monkeypatch.setattr(keepalive, "REGISTRATION_SECONDS", 0.0)
        close = web.ended()
    assert close.reason == "no name in time"


def test_a_flood_is_slowed_and_comes_whole():
    with serving(burst=5, rate=1000.0, network_rate=1000.0) as server:
        alice = server.person("alice")
        web = Browser(server).enter("web")
        alice.until("web is online\n")
        flood = Frame(Opcode.TEXT, b"PRIVMSG #lobby :" + b"x" * 300).serialize(mask=True) * 200
        web.socket.socket.sendall(flood)
        for _ in range(200):
            alice.until(f"web: {'x' * 300}\n")


def test_one_who_does_not_read_is_put_out():
    with serving(slow_bytes=65_536, limits=False) as server:
        alice = server.person("alice")
        web = Browser(server, max_queue=1).enter("web")
        for number in range(12_000):
            alice.send("x" * 1000 + "\n")
            if number % 100 == 0 and "web" not in server.people():
                break
        alice.until("web left chat (too slow)")
        web.socket.close_socket()
