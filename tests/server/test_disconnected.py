"""Clients that are gone, half or wholly: nobody else notices, and nothing is reported as a bug."""

import queue
import re
import socket

import pytest

from asyncchat.core.chat import APPLIERS
from asyncchat.core.features.presence import Connected
from asyncchat.server import keepalive
from asyncchat.server.session import Session
from tests.server.harness import PATIENCE, serving


@pytest.fixture
def server():
    with serving() as running:
        yield running


@pytest.mark.parametrize(
    "last_words",
    [
        b"",
        b"\n",
        b"bob",
        b"bob\n",
        b"bob\nhello\n/history\n",
        b"bob\n/owner 2222-2222\n",
        b"NICK bob\r\nUSER bob 0 * :b\r\n",
        b"NICK bob\r\nUSER bob 0 * :b\r\nJOIN #lobby,#x\r\nPRIVMSG #lobby :hi\r\nLIST\r\nWHO\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\nxxx",
        b"GET / HT",
        b"\x16\x03\x01\x02\x00",
        b"SSH-2.0-x\r\n",
        b"\x00",
        b"\xff\xfb\x1f",
    ],
)
@pytest.mark.parametrize("way", ["abort", "close"])
def test_a_client_that_is_gone_at_once(server, last_words, way):
    alice = server.person("alice")
    for _ in range(10):
        client = server.connect()
        client.send(last_words)
        getattr(client, way)()
    alice.send("/who\n")
    alice.until("In the lobby")
    server.person("zoe").send("over\n")
    alice.until("zoe: over")


def test_an_unframed_client_that_is_gone_while_pieces_wait(server):
    alice = server.person("alice")
    bob = server.connect()
    bob.send("bob")
    bob.until("Hello, bob!")
    for _ in range(20):
        alice.send("x" * 900 + "\n")
    bob.until("alice: xxx")
    bob.abort()
    alice.until("bob left chat")
    server.person("zoe").send("over\n")
    alice.until("zoe: over")


def test_a_newcomer_gets_the_name_of_a_dead_irc_client_from_its_address(server, monkeypatch):
    monkeypatch.setattr(keepalive, "NAME_SILENCE", 0.0)
    monkeypatch.setattr(keepalive, "NAME_ANSWER", 0.05)
    dead = server.irc("bob")
    alice = server.person("alice")
    bob = server.connect()
    bob.send("bob\n")
    assert "bob is already in use. Enter another name: " in bob.until("another name: ")
    dead.until("PING")
    assert alice.line() == "bob left chat (no answer)"
    bob.send("bob\n")
    bob.until("Hello, bob!")


def test_a_living_irc_client_keeps_its_name(server, monkeypatch):
    monkeypatch.setattr(keepalive, "NAME_SILENCE", 0.0)
    monkeypatch.setattr(keepalive, "NAME_ANSWER", 0.0)
    asked: queue.SimpleQueue[tuple[Session, float]] = queue.SimpleQueue()
    judge = server.server.keepalive._judge
    server.server.keepalive._judge = lambda *about: asked.put(about)
    living = server.irc("bob")
    thief = server.connect()
    thief.send("bob\n")
    token = living.until("PING ") and living.line()
    living.send(f"PONG {token}\r\nPING answered\r\n")
    living.until("answered\r\n")
    server.call(judge, *asked.get(timeout=PATIENCE))
    assert server.people() == ["bob"]
    thief.send("bob\n")
    thief.until("in use. Enter another name: ")
    thief.until("in use. Enter another name: ")


def test_an_irc_client_that_has_just_said_something_is_not_asked(server):
    bob = server.irc("bob")
    thief = server.connect()
    thief.send("bob\n")
    thief.until("in use. Enter another name: ")
    bob.send("PING still-here\r\n")
    assert "PING" not in bob.until("still-here\r\n")


def test_a_holder_at_nc_is_probed_by_the_kernel(server, monkeypatch):
    monkeypatch.setattr(keepalive, "NAME_SILENCE", 0.0)
    server.person("bob")
    thief = server.connect()
    thief.send("bob\n")
    thief.until("in use. Enter another name: ")

    def options():
        holder = next(s for s in server.server.context.sessions if s.dialect.entered)
        connection = holder._writer.get_extra_info("socket")
        return [
            connection.getsockopt(socket.IPPROTO_TCP, option)
            for option in (
                socket.TCP_KEEPIDLE,
                socket.TCP_KEEPINTVL,
                socket.TCP_KEEPCNT,
                socket.TCP_USER_TIMEOUT,
            )
        ]

    assert server.call(options) == [1, 1, 4, 5000]


@pytest.mark.usefixtures("prompted")
def test_the_name_of_a_holder_that_is_gone_a_moment_ago_is_asked_for(server, monkeypatch):
    """The holder's end is known to the transport, not yet to its session."""
    monkeypatch.setattr(keepalive, "NAME_SILENCE", 0.0)
    server.person("bob")
    thief = server.connect()
    thief.until("nickname: ")

    def lose_then_probe():
        holder = next(s for s in server.server.context.sessions if s.dialect is not None)
        asker = next(s for s in server.server.context.sessions if s.dialect is None)
        holder._writer.transport.abort()
        server.server.keepalive.probe(asker, holder.id)

    server.call(lose_then_probe)


def test_a_silent_irc_client_is_asked_and_then_disconnected(monkeypatch):
    for name, seconds in (("ROUND", 0.01), ("SILENCE", 0.1), ("ANSWER", 0.1)):
        monkeypatch.setattr(keepalive, name, seconds)
    with serving() as server:
        alice, carol = server.person("alice"), server.connect()
        carol.send("NICK carol\r\nUSER carol 0 * :carol\r\nJOIN #lobby\r\n")
        alice.until("carol is online\n")
        carol.until("PING ")
        assert re.fullmatch(r"carol left chat \(no answer for \d seconds\)", alice.line())


def test_a_client_that_answers_pings_stays(monkeypatch):
    for name, seconds in (("ROUND", 0.01), ("SILENCE", 0.02)):
        monkeypatch.setattr(keepalive, name, seconds)
    with serving() as server:
        carol = server.connect()  # on a slow machine the first question comes before the welcome is read
        carol.send("NICK carol\r\nUSER carol 0 * :carol\r\nJOIN #lobby\r\n")
        for _ in range(5):
            carol.until("PING ")
            carol.send(f"PONG {carol.line()}\r\n")
        assert server.people() == ["carol"]


def test_who_is_gone_before_being_accepted_does_not_count_as_this_machine(server):
    hosts = set()
    enter = APPLIERS[Connected]

    def noted(_chat, event):
        hosts.add(event.person.address)

    server.call(lambda: APPLIERS.__setitem__(Connected, (*enter, noted)))
    try:
        for number in range(200):
            client = server.connect()
            client.send(f"n{number}\nhello\n")
            client.abort()
        server.person("zoe")
    finally:
        APPLIERS[Connected] = enter
    assert hosts == {"127.0.0.1"}


GET = "GET {} HTTP/1.1\r\nHost: localhost\r\n{}\r\n"
UPGRADE = (
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: text.ircv3.net\r\n"
    "Origin: http://localhost\r\n"
)


def masked(kind: int, text: str) -> str:
    """A whole frame of a client, with a mask of zeros; such a short one of ASCII is a text."""
    return f"{chr(0x80 | kind)}{chr(0x80 | len(text))}\0\0\0\0{text}"


VISITS = {
    "silent": ("", ""),
    "half a line": ("NIC", ""),
    "irc": ("NICK NAME\r\nUSER a 0 * :a\r\nJOIN #lobby\r\nPING x\r\n", " PONG "),
    "irc with requests": ("NICK NAME\r\nUSER a 0 * :a\r\nLIST\r\nSEARCH text=x\r\nPING x\r\n", " PONG "),
    "nc": ("NAME\n/me\n", "Usage: /me"),
    "page": (GET.format("/", ""), " 200 OK"),
    "websocket": (GET.format("/", UPGRADE), " 101 "),
    "websocket with a message": (GET.format("/", UPGRADE) + masked(1, "NICK NAME"), " 101 "),
    "websocket that is closed": (GET.format("/", UPGRADE) + masked(8, ""), " 101 "),
    "websocket with a bad frame": (GET.format("/", UPGRADE) + masked(7, ""), " 101 "),
}


@pytest.mark.parametrize("how", ["close", "abort"])
@pytest.mark.parametrize("visit", VISITS)
def test_nothing_of_who_is_gone_is_left_to_the_collector(server, garbage, visit, how):
    sent, expected = VISITS[visit]
    for number in range(5):
        client = server.connect()
        client.send(sent.replace("NAME", f"guest{number}").encode("latin-1"))
        client.until(expected)
        getattr(client, how)()
    server.left()
    server.clients.clear()
    found = garbage()
    ours = ("asyncchat.", "asyncio.", "websockets.")
    assert [one for one in found if type(one).__module__.startswith(ours)] == []
