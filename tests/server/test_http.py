"""HTTP on the chat's port: how to join, and for whom."""

import pytest

from asyncchat.server.http import complete, respond

TEXT = "Join with …\n"
NAMES = frozenset({"asyncchat.local", "desk"})

REQUESTS = [
    (b"GET / HTTP/1.1\r\nHost: 127.0.0.1:1234\r\n\r\n", 200),
    (b"GET / HTTP/1.1\r\nhost:10.0.0.7\r\n\r\n", 200),
    (b"GET / HTTP/1.1\r\nHost: [::1]:1234\r\n\r\n", 200),
    (b"GET / HTTP/1.1\r\nHost: [::1]\r\n\r\n", 200),
    (b"GET / HTTP/1.1\r\nHost: localhost:1234\r\n\r\n", 200),
    (b"GET / HTTP/1.1\r\nHost: LOCALHOST.\r\n\r\n", 200),
    (b"GET / HTTP/1.1\r\nHost: desk\r\n\r\n", 200),
    (b"GET / HTTP/1.1\r\nHost: asyncchat.local:80\r\n\r\n", 200),
    (b"POST / HTTP/1.1\nHost: localhost\nContent-Length: 5\n\nhello", 200),
    (b"BREW /pot HTTP/1.1\r\nHost: localhost\r\n\r\n", 200),
    (b"GET / HTTP/1.0\r\n\r\n", 200),
    (b"POST / HTTP/1.0\r\n\r\nx\r\nHost: evil.example\r\n", 200),
    (b"POST / HTTP/1.1\r\nHost: localhost\r\n\r\nx\r\nHost: evil.example\r\n", 200),
    (b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421),
    (b"GET / HTTP/1.0\r\nHost: evil.example\r\n\r\n", 421),
    (b"GET / HTTP/1.1\r\nHost: localhost.evil.example\r\n\r\n", 421),
    (b"GET / HTTP/1.1\r\nHost: 127.0.0.1.evil.example:1234\r\n\r\n", 421),
    (b"GET / HTTP/1.1\r\nHost: \xff\r\n\r\n", 421),
    (b"GET / HTTP/1.1\r\nHost:\r\n\r\n", 421),
    (b"GET / HTTP/1.1\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", 400),
]


@pytest.mark.parametrize(("request_", "status"), REQUESTS)
def test_answers_by_host(request_, status):
    head, _, body = respond(request_, NAMES, TEXT).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert b"\r\nContent-Length: %d\r\n" % len(body) in head
    assert b"\r\nContent-Type: text/plain; charset=utf-8\r\n" in head
    assert b"\r\nConnection: close" in head
    assert (body == TEXT.encode()) is (status == 200)


@pytest.mark.parametrize(("request_", "status"), REQUESTS)
def test_a_whole_request_is_known_as_one_at_its_end(request_, status):
    end = min(at for at in (request_.find(b"\r\n\r\n") + 4, request_.find(b"\n\n") + 2) if at > 3)
    assert complete(request_[:end])
    assert not any(complete(request_[:part]) for part in range(end))


def test_head_gets_the_head_alone():
    get = respond(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", NAMES, TEXT)
    head = respond(b"HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n", NAMES, TEXT)
    assert get == head + TEXT.encode()
