"""The API as a command asks it: pages, patience, and what a failure says."""

import socket
from threading import Thread

import pytest

from asyncchat.client.address import Address
from asyncchat.client.errors import Unreachable
from asyncchat.client.http_api import PAGE, ApiError, HttpApi
from asyncchat.client.http_exchange import ConnectionBroken, NotOurs
from tests.server.harness import serving


@pytest.fixture(scope="module")
def server():
    with serving(limits=False) as running:
        yield running


def api(port: int, **options) -> HttpApi:
    return HttpApi(Address("irc", "127.0.0.1", port), **options)


def test_pages_in_both_directions(server):
    anna = server.irc("anna")
    anna.send("JOIN #long\r\n")
    many = 2 * PAGE + 7
    anna.send("".join(f"PRIVMSG #long :{number}\r\n" for number in range(many)) + "PING over\r\n")
    anna.until("PONG")
    asked = api(server.port)
    texts = [str(number) for number in range(many)]
    found = list(asked.forwards("#long"))
    assert [message["text"] for message in found] == texts
    assert list(asked.forwards("#long", after=found[-3]["id"])) == found[-2:]
    assert asked.backwards("#long", PAGE + 5) == found[-PAGE - 5 :]
    assert asked.backwards("#long", 10_000) == found
    assert asked.backwards("#long", 2, before=found[9]["id"]) == found[7:9]
    assert asked.search("#long", "40", "ANNA", 3)[0] == [m for m in found if "40" in m["text"]][-3:]


def test_another_server_is_asked_where_one_does_not_answer(server):
    heard: list[bytes] = []
    busy = response("503 Service Unavailable", '{"detail": "later"}')
    ports = (answering(b"", heard=heard), answering(busy), server.port)
    asked = HttpApi(Address("irc", "127.0.0.1", 1, others=tuple(("127.0.0.1", port) for port in ports)))
    said = asked.post("#several", "once", "gus")
    assert b"Idempotency-Key: " in heard[0]  # it may have been said there
    assert asked.messages("#several")[0] == [said]
    asked = HttpApi(Address("irc", "127.0.0.1", 1, others=(("127.0.0.1", 2),)))
    with pytest.raises(Unreachable, match=r"127.0.0.1:1 or 127.0.0.1:2: connection refused"):
        asked.rooms()


def answering(*answers: bytes, heard: list[bytes] | None = None) -> int:
    """A port that gives these answers, each on a connection of its own; ``heard`` takes what it is asked."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        with listener:
            for answer in answers:
                client, _ = listener.accept()
                with client:
                    asked = client.recv(65536)
                    if heard is not None:
                        heard.append(asked)
                    client.sendall(answer)

    Thread(target=serve, daemon=True).start()
    port: int = listener.getsockname()[1]
    return port


def response(status: str, body: str, *headers: str) -> bytes:
    lines = (f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers, "", body)
    return "\r\n".join(lines).encode()


def test_a_busy_server_is_asked_again():
    busy = response("429 x", '{"detail": "Wait."}', "Retry-After: 7")
    port = answering(busy, busy, response("200 OK", '{"rooms": []}'))
    slept: list[float] = []
    assert api(port, sleep=slept.append).rooms() == []
    assert slept == [7.0, 7.0]
    with pytest.raises(ApiError, match="Wait"):
        api(answering(busy, busy), patience=10.0, sleep=slept.append).rooms()
    assert slept == [7.0, 7.0, 7.0]


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (b"", ConnectionBroken, "The connection to .* broke"),
        (b":irc.example NOTICE * :hello\r\n", NotOurs, "not the address of an asyncchat server"),
        (response("200 OK", "<html>"), NotOurs, "not the address of an asyncchat server"),
        (response("404 x", "<html>"), NotOurs, "not the address of an asyncchat server"),
        (response("401 x", '{"detail": "x"}'), ApiError, "--token TOKEN"),
        (response("403 x", '{"detail": "Not you."}'), ApiError, "Not you."),
        (response("403 x", r'{"detail": "a\u001b]0;b\u0007c\u009b2J"}'), ApiError, "^ac$"),
    ],
)
def test_failures_in_one_line(answer, error, words):
    with pytest.raises(error, match=words) as raised:
        api(answering(answer)).rooms()
    assert "\n" not in str(raised.value)


def test_no_server():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with pytest.raises(Unreachable, match="connection refused"):
        api(port).rooms()
