"""A node that is taken out of service: what each kind of client is told, and that nobody new is let in."""

import http.client
from contextlib import closing

import pytest

from asyncchat.core.features.drain import Draining
from asyncchat.server.drain import drain
from asyncchat.text.features.drain import draining
from tests.server.harness import serving
from tests.server.test_udp import LONG, udp

HANDSHAKE = (
    "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
STREAM = "GET /api/v1/rooms/%23lobby/stream HTTP/1.1\r\nHost: localhost\r\n\r\n"
ELSEWHERE = "this server stops; connect to another one of this chat"
TURNED_AWAY = "This server is taken out of service. Connect to another one of this chat.\r\n"


@pytest.fixture
def server():
    with serving(udp=0, limits=False) as running:
        yield running


def test_each_client_is_told_in_its_own_words_and_disconnected(server):
    irc, plain, web, stream = server.irc("ira"), server.person("nina"), server.connect(), server.connect()
    web.send(HANDSHAKE)
    web.until("\r\n\r\n")
    stream.send(STREAM)
    stream.until("retry: 3000\n\n")
    server.wait(drain(server.server.context, 0.4))
    told = irc.rest().decode()
    assert f" NOTICE ira :{draining(Draining(0))}\r\n" in told
    assert told.endswith(f"ERROR :Closing link: (ira@localhost) [{ELSEWHERE}]\r\n")
    told = plain.rest().decode()
    assert f"{draining(Draining(0))}\n" in told
    assert told.endswith(f"{ELSEWHERE}\n")
    assert web.rest() == b"\x88" + bytes([2 + len(ELSEWHERE)]) + b"\x03\xe9" + ELSEWHERE.encode()
    assert b"ira" not in stream.rest()
    server.left()
    assert server.people() == []


def test_others_are_told_that_the_server_of_those_who_go_stopped(server):
    clients = [server.irc("ira"), server.irc("ben")]
    server.wait(drain(server.server.context, 0.2))
    told = [client.rest().decode().count(" QUIT :its server stopped\r\n") for client in clients]
    assert sorted(told) == [0, 1]  # whoever went last saw the first one go


def asked(server, method: str, path: str, body: str = "") -> tuple[int, str]:
    headers = {"Content-Type": "application/json"} if body else {}
    with closing(http.client.HTTPConnection("127.0.0.1", server.port)) as connection:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


@pytest.mark.usefixtures("prompted")
def test_nobody_new_is_let_in_and_load_balancers_are_told(server):
    assert asked(server, "GET", "/readyz") == (200, "ok\n")
    server.wait(drain(server.server.context, 0))
    assert asked(server, "GET", "/readyz") == (503, "this server is taken out of service\n")
    assert asked(server, "GET", "/healthz") == (200, "ok\n")
    path, body = "/api/v1/rooms/%23lobby/messages", '{"name": "gus", "text": "x"}'
    assert asked(server, "POST", path, body)[0] == 201
    irc, plain, silent = [server.connect() for _ in range(3)]
    irc.send("NICK ira\r\nUSER i 0 * :i\r\n")
    assert irc.rest().decode() == f"ERROR :{TURNED_AWAY}"
    plain.send("nina\n")
    assert plain.rest().decode() == TURNED_AWAY
    assert silent.rest().decode() == TURNED_AWAY
    web = server.connect()
    web.send(HANDSHAKE)
    assert web.line() == "HTTP/1.1 503 Service Unavailable"
    with udp(server) as person:
        person.send(LONG)
        person.send(person.read().split()[1] + b" nina\n")
        assert person.read() == TURNED_AWAY.encode()
    assert server.people() == []
