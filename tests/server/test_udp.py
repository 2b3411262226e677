"""UDP on the server, over real sockets: ``nc -u``, the numbered form, and whoever means no good."""

import base64
import hashlib
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from asyncchat.dialects.udp.connection import WINDOW
from asyncchat.dialects.udp.datagrams import Cookie, Gone, Hello, Move, Open, Packet, decode, encode
from asyncchat.server import keepalive
from asyncchat.server.listeners import FULL
from asyncchat.server.udp import UdpTransport
from tests.server.harness import PATIENCE, ServerThread, serving

LONG = b"hello, may I come in please?\n"
OTHER = "QRSTUVWXYZ234567"


@pytest.fixture
def id(request) -> str:
    """A connection's id that no other test has."""
    return base64.b32encode(hashlib.sha256(request.node.name.encode()).digest())[:16].decode()


class Udp:
    """A UDP socket at the server; each datagram is sent and read by hand."""

    def __init__(self, port: int) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(("127.0.0.1", port))
        self.taken = 0

    def send(self, data: bytes) -> None:
        self.socket.send(data)

    def read(self) -> bytes:
        return self.socket.recv(65536)

    def until(self, wanted: bytes) -> bytes:
        """What comes up to a datagram with this in it."""
        found = b""
        while wanted not in found:
            found += self.read()
        return found

    def enter(self, name: str) -> None:
        """Comes in as a person with ``nc -u``."""
        self.send(LONG)
        code = self.read().split()[1]
        self.send(code + f" {name}\n".encode())
        self.until(b"Hello, ")

    def open(self, id: str) -> None:
        """Opens a numbered connection."""
        self.send(encode(Hello()))
        cookie = decode(self.read())
        assert isinstance(cookie, Cookie)
        self.send(encode(Open(cookie.cookie, id)))
        assert decode(self.read()) == Packet(id)

    def packet(self) -> Packet:
        packet = decode(self.read())
        assert isinstance(packet, Packet)
        return packet

    def text_until(self, id: str, wanted: bytes) -> bytes:
        """The text that comes up to this, acknowledged."""
        found = b""
        while wanted not in found:
            packet = self.packet()
            if packet.number == self.taken + 1:
                self.taken += 1
                found += packet.text
            if packet.number:
                self.send(encode(Packet(id, received=self.taken)))
        return found

    def leave(self, id: str, number: int) -> None:
        """Ends a numbered connection in order."""
        self.send(encode(Packet(id, number, self.taken, is_last=True)))
        ended = False
        while not ended:
            packet = self.packet()
            if packet.number == self.taken + 1:
                self.taken += 1
                ended = packet.is_last
            self.send(encode(Packet(id, received=self.taken)))

    def silence(self) -> bool:
        """Whether nothing has come that was sent before an answer to a hello."""
        self.send(encode(Hello()))
        return isinstance(decode(self.read()), Cookie)


@contextmanager
def udp(server: ServerThread) -> Iterator[Udp]:
    client = Udp(server.udp_port)
    with client.socket:
        yield client


@pytest.fixture(scope="module")
def server() -> Iterator[ServerThread]:
    with serving(udp=0, limits=False) as server:
        yield server


@pytest.fixture(autouse=True)
def nobody_is_left(server: ServerThread) -> Iterator[None]:
    """The next test has the same names."""
    yield
    for client in server.clients:
        client.close()
    server.left()


def known(server: ServerThread) -> int:
    """How many connections the endpoint knows."""
    return server.call(lambda: len(server.server.listeners._endpoints[0]._connections))


def settled(server: ServerThread, connections: int) -> None:
    """Waits until so many are left."""
    endpoint = server.server.listeners._endpoints[0]
    changed = threading.Event()

    class Noted(dict[str | tuple[Any, ...], UdpTransport]):
        def pop(self, *what: Any) -> Any:
            found = super().pop(*what)
            changed.set()
            return found

    server.call(lambda: setattr(endpoint, "_connections", Noted(endpoint._connections)))
    while known(server) != connections:
        assert changed.wait(PATIENCE)
        changed.clear()


def test_a_silent_person_is_asked_when_its_name_is_wanted(server, monkeypatch):
    monkeypatch.setattr(keepalive, "NAME_SILENCE", -1.0)
    with udp(server) as before, udp(server) as after:
        before.enter("bert")
        after.send(LONG)
        after.send(after.read().split()[1] + b" bert\n")
        after.until(b"Enter another name: ")
        before.until(b"Somebody at your address asks for your name.")
        before.send(b"exit\n")
        settled(server, 1)
        after.send(b"bert\n")
        after.until(b"Hello, bert!")
        after.send(b"exit\n")
    settled(server, 0)


def test_a_person_with_nc(server):
    anna = server.person("anna")
    with udp(server) as bert:
        bert.send(b"hi\n")  # nothing that is as short
        bert.enter("bert")
        assert anna.line() == "bert is online"
        bert.send(b"hello all\n")
        bert.send(b"two\nlines")
        assert [anna.line() for _ in range(3)] == ["bert: hello all", "bert: two", "bert: lines"]
        anna.send("x" * 3000 + "\n")
        assert bert.until(b"xx").startswith(b"anna: xxx")
        bert.send(b"y" * 1201)
        bert.until(b"Not sent: a datagram has more than 1,200 bytes.")
        bert.send(b"\xc3\x28\n")
        bert.until(b"Not sent: the line is not UTF-8.")
        bert.send(b"exit\n")
        assert anna.line() == "bert left chat"
        settled(server, 0)
        bert.send(LONG)
        bert.until(b"Send: ")
    anna.close()


def test_nc_itself(server):
    anna = server.person("anna")
    with subprocess.Popen(
        ["nc", "-u", "127.0.0.1", str(server.udp_port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as nc:
        assert nc.stdin is not None
        assert nc.stdout is not None
        nc.stdin.write(LONG)
        nc.stdin.flush()
        code = nc.stdout.readline().split()[1]
        nc.stdin.write(code + b" bert\n")
        nc.stdin.flush()
        assert nc.stdout.readline() == b"Hello, bert! anna, bert are in the chat\n"
        nc.stdin.write(b"exit\n")
        nc.stdin.flush()
        anna.until("bert left chat\n")
        nc.kill()
    anna.close()
    settled(server, 0)


def test_the_numbered_form_is_said_once_and_in_order(server, id):
    anna = server.person("anna")
    with udp(server) as carl:
        carl.open(id)
        for number, text in (
            (2, b"two\n"),
            (1, b"carl\none\n"),
            (1, b"carl\none\n"),
            (2, b"two\n"),
            (3, b"th"),
        ):
            carl.send(encode(Packet(id, number, text=text)))
        carl.send(encode(Packet(id, 4, text=b"ree\n")))
        assert [anna.line() for _ in range(4)] == ["carl is online", "carl: one", "carl: two", "carl: three"]
        anna.send("hello carl\n")
        carl.text_until(id, b"anna: hello carl\n")
        carl.leave(id, 5)
        assert anna.line() == "carl left chat"
    settled(server, 0)
    anna.close()


def test_irc_is_spoken_in_packets_too(server, id):
    with udp(server) as dora:
        dora.open(id)
        dora.send(encode(Packet(id, 1, text=b"NICK dora\r\nUSER dora 0 * :d\r\n")))
        assert b" 001 dora " in dora.text_until(id, b" 422 ")
        dora.send(encode(Gone(id)))
    settled(server, 0)


def test_another_address_is_proven_before_anything_is_sent_there(server, id):
    with udp(server) as here, udp(server) as there:
        here.open(id)
        here.send(encode(Packet(id, 1, text=b"eva\n/me\n")))
        here.text_until(id, b"Usage: /me")
        there.taken = here.taken
        there.send(encode(Packet(id, 2, text=b"hello\n")))
        cookie = decode(there.read())
        assert isinstance(cookie, Cookie)
        there.send(encode(Move("ABCDEFGHIJ23", id)))  # a wrong one is not answered
        there.send(encode(Move(cookie.cookie, id)))
        assert there.packet().received == 1  # what came before it was proven was not taken
        there.send(encode(Packet(id, 2, text=b"/who\n")))
        there.text_until(id, b"eva")
        there.leave(id, 3)
    settled(server, 0)


def test_what_is_over_does_not_begin_again(server):
    with udp(server) as fred:
        fred.send(encode(Hello()))
        cookie = decode(fred.read())
        assert isinstance(cookie, Cookie)
        opening = encode(Open(cookie.cookie, OTHER))
        fred.send(opening)
        assert decode(fred.read()) == Packet(OTHER)
        fred.send(opening)
        assert decode(fred.read()) == Packet(OTHER)
        fred.send(encode(Gone(OTHER)))
        settled(server, 0)
        fred.send(opening)
        assert decode(fred.read()) == Gone(OTHER)
        fred.send(encode(Packet(OTHER, 1, text=b"fred\n")))
        assert decode(fred.read()) == Gone(OTHER)
    assert known(server) == 0


def test_a_spoofed_join_is_answered_by_at_most_the_challenge(server, id):
    """The socket stands for the victim: all that is sent in its name is answered there."""
    with udp(server) as victim:
        for data in (b"anna\n", b"a\nb\nc\n", LONG, b"AAAAAAAAAA anna, who is somebody else\n", b"x" * 1200):
            victim.send(data)
            if len(data) > 7:
                assert len(victim.read()) <= len(data)
        for value in (Open("ABCDEFGHIJ23", id), Move("ABCDEFGHIJ23", id), Gone(id), Packet(id)):
            victim.send(encode(value))
        victim.send(b"")
        assert victim.silence()
    assert known(server) == 0
    assert server.people() == []


@pytest.mark.parametrize("how", ["person", "person without an answer", "in order", "gone"])
def test_nothing_of_who_is_gone_is_left_to_the_collector(server, garbage, how):
    for number in range(5):
        one = base64.b32encode(f"{how} {number}".rjust(10, "-").encode())[-16:].decode()
        with udp(server) as client:
            if how.startswith("person"):
                client.enter(f"guest{number}")
                client.send(b"exit\n" if how == "person" else b"/me\n")
                if how == "person without an answer":
                    client.until(b"Usage: /me")
                    server.call(_abort, server)
            else:
                client.open(one)
                client.send(encode(Packet(one, 1, text=f"guest{number}\n".encode())))
                client.text_until(one, b"Hello, ")
                client.leave(one, 2) if how == "in order" else client.send(encode(Gone(one)))
        settled(server, 0)
    server.left()
    found = garbage()
    assert [one for one in found if type(one).__module__.startswith(("asyncchat.", "asyncio."))] == []


def _abort(server: ServerThread) -> None:
    for session in list(server.server.context.sessions):
        session.disconnect("no answer", at_once=True)


def test_garbage_and_floods_are_noticed_by_nobody(id):
    with serving(udp=0, limits=False) as server:
        _flood(server, id)


def _flood(server: ServerThread, id: str) -> None:
    anna, bert = server.person("anna"), server.person("bert")
    anna.until("bert is online\n")
    with udp(server) as hostile, udp(server) as flooder:
        flooder.open(id)
        for n in range(3000):
            hostile.send(b"\xff\xfe~" + bytes([n % 256]) * (n % 1400))
            hostile.send(f"~{OTHER} #{n} +{n}\nx".encode())
            # Beyond the window, with holes: it must not be held.
            flooder.send(encode(Packet(id, 2 + n * 7, 9_999_999, ((n, 5),), text=b"z" * 900)))
            if n % 500 == 0:
                bert.send(f"{n}\n")
                assert anna.line() == f"bert: {n}"
        assert known(server) == 1
        held = server.call(
            lambda: [
                len(one.connection._held)
                for one in server.server.listeners._endpoints[0]._connections.values()
            ]
        )
        assert held[0] < WINDOW
        while known(server):  # the kernel may have dropped it in the flood
            flooder.send(encode(Gone(id)))
    anna.close()
    bert.close()


def test_those_who_are_not_known_are_answered_at_a_limited_rate():
    with serving(udp=0) as server, udp(server) as one:
        endpoint = server.server.listeners._endpoints[0]
        where = one.socket.getsockname()
        answers: list[object] = []

        def flood() -> float:
            began = server.loop.time()
            endpoint.send = lambda data, address: answers.append(address)  # type: ignore[method-assign]
            for _ in range(10_000):
                endpoint.datagram_received(encode(Hello()), where)
            return server.loop.time() - began

        seconds = server.call(flood)
        assert 2000 <= len(answers) <= 2001 + 2000 * seconds


def test_a_reader_who_acknowledges_nothing_is_too_slow(id):
    with serving(udp=0, limits=False, slow_bytes=16_384) as server, udp(server) as slow:
        slow.open(id)
        slow.send(encode(Packet(id, 1, text=b"slow\n")))
        anna = server.person("anna")
        for _ in range(100):
            anna.send("x" * 8000 + "\n")
        while "slow" not in anna.line():
            pass
        settled(server, 0)


def test_a_full_server_says_so_and_remembers_nothing(id):
    with serving(udp=0, sessions=1) as server, udp(server) as late, udp(server) as person:
        server.person("anna")
        late.send(encode(Hello()))
        cookie = decode(late.read())
        assert isinstance(cookie, Cookie)
        late.send(encode(Open(cookie.cookie, id)))
        assert decode(late.read()) == Packet(id, 1, is_last=True, text=FULL)
        person.send(LONG)
        person.send(person.read().split()[1] + b" bert\n")
        assert person.read() == FULL
        assert known(server) == 0


def test_a_locked_server_asks_for_its_password():
    with serving(udp=0, password="sesame") as server, udp(server) as anna:  # noqa: S106
        anna.send(LONG)
        send, code, word = anna.read().split()
        assert (send, word) == (b"Send:", b"PASSWORD")
        anna.send(code + b" sesame\n")
        anna.until(b"Enter your name")
        anna.send(b"anna\n")
        anna.until(b"Hello, anna!")


def test_all_are_told_that_the_server_stops(id):
    with serving(udp=0) as server, udp(server) as person, udp(server) as client:
        person.enter("anna")
        client.open(id)
        client.send(encode(Packet(id, 1, text=b"bert\n")))
        client.text_until(id, b"Hello, bert!")
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        person.until(b"the server is stopping\n")
        client.text_until(id, b"the server is stopping\n")
        stopping.join(PATIENCE)
        assert not stopping.is_alive()
