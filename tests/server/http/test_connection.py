"""HTTP over real sockets: tables of requests and what they are answered, one by one and behind each other."""

import gzip
import http.client
import json
import random
import re
import time
from contextlib import suppress

import pytest
from msgspec.structs import replace

from asyncchat.core.features.bots import TokenRevoked
from asyncchat.core.features.server_bans import ServerBanChanged
from asyncchat.core.people import Person
from asyncchat.server.http import connection, reader, static
from asyncchat.server.http.api.dispatch import description
from asyncchat.server.http.app import App
from asyncchat.server.http.reader import BODY_BYTES, HEAD_BYTES
from tests.server.harness import PATIENCE, serving
from tests.server.http.api.client import give_token

HTML = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"


@pytest.fixture(scope="module")
def server():
    with serving(limits=False, origins=("https://chat.example.org",)) as running:
        give_token(running, "bot", "post", "read")
        yield running


POST = b"POST /api/v1/rooms/ci/messages HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n"
BOT = b"Authorization: Bearer bot\r\n"
NO_BOT = b"Authorization: Bearer wrong\r\n"


def answer(server, request):
    """The head and body of the answer to one request, on a connection of its own."""
    client = server.connect()
    client.send(request)
    client.end_input()
    head, _, body = client.rest().partition(b"\r\n\r\n")
    return head + b"\r\n", body


def ask(server, target, method="GET", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        connection.request(method, target, headers={k.replace("_", "-"): v for k, v in headers.items()})
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


RAW = [
    (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 200),
    (b"GET / HTTP/1.1\r\nhost:10.0.0.7\r\n\r\n", 200),
    (b"GET http://localhost:1234/ HTTP/1.1\r\nHost: evil.example\r\n\r\n", 200),
    (b"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 421),
    (b"GET http://[bad/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    (b"GET http://[::1]:x/api/v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    (b"GET http://localhost/api/v1/health?a=http://[ HTTP/1.1\r\nHost: localhost\r\n\r\n", 200),
    (b"GET http://localhost HTTP/1.1\r\nHost: localhost\r\n\r\n", 200),
    (b"GET //[x HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
    (b"GET / HTTP/1.0\r\n\r\n", 200),
    (b"\xef\xbb\xbfGET / HTTP/1.0\r\n\r\n", 200),
    (b"GET / HTTP/1.1\nHost: localhost\n\n", 400),
    (b"GET /index.html HTTP/1.1\r\nHost: localhost\r\n\r\n", 200),
    (b"GET /%69ndex.html?v=1 HTTP/1.1\r\nHost: localhost\r\n\r\n", 200),
    (b"GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
    (b"GET /../pyproject.toml HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
    (b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
    (b"GET /%00%ff HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
    (b"OPTIONS /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
    (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello", 405),
    (b"BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n", 501),
    (b"PUT /js/main.js HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 405),
    (b"POST / HTTP/1.0\r\n\r\n", 405),
    (b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421),
    (b"GET / HTTP/1.0\r\nHost: evil.example\r\n\r\n", 421),
    (b"GET / HTTP/1.1\r\nHost: \xff\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost:\r\n\r\n", 421),
    (b"GET / HTTP/1.1\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\n\r\n", 403),
    (b"GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: null\r\n\r\n", 403),
    (b"GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\n\r\n", 200),
    (b"GET / HTTP/1.1\r\nHost: chat.example.org\r\nOrigin: https://chat.example.org\r\n\r\n", 200),
    (b"GET / HTTP/1.1\r\nHost: localhost\r\nbad header\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * HEAD_BYTES + b"\r\n\r\n", 431),
    (POST + BOT + b"Content-Length: 65537\r\n\r\n", 413),
    (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1" + b"0" * 5000 + b"\r\n\r\n", 400),
    (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx", 400),
    (POST + BOT + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
    (b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
    (
        POST + BOT + b"Transfer-Encoding: chunked\r\n\r\n"
        + b"ffff\r\n" + b"x" * 65_535 + b"\r\n2\r\nxx\r\n0\r\n\r\n",
        413,
    ),
    (b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n", 200),
    (POST + BOT + b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: localhost\nX: a\r\n\r\n", 400),
    (POST + BOT + b"Transfer-Encoding: chunked\r\n\r\n1\nx\r\n0\r\n\r\n", 400),
    (POST + BOT + b"Transfer-Encoding: chunked\r\n\r\n1\r\nxx\r\n0\r\n\r\n", 400),
    (POST + BOT + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX: a\nY: b\r\n\r\n", 400),
    (POST + BOT + b"Transfer-Encoding: chunked\r\n\r\n1;" + b"x" * 300 + b"\r\nx\r\n0\r\n\r\n", 400),
    (b"GET / HTTP/1.7\r\nHost: localhost\r\n\r\n", 200),
    (b"GET /" + b"x" * 8_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414),
    (b"GET / HTTP/1.1\r\nHost: localhost\r\nExpect: 200-ok\r\n\r\n", 417),
    (b"GET / HTTP/2.0\r\nHost: localhost\r\n\r\n", 505),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
]  # fmt: skip


@pytest.mark.parametrize(("request_", "status"), RAW)
def test_each_request_gets_one_answer(server, request_, status):
    head, body = answer(server, request_)
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert f"\r\ncontent-length: {len(body)}\r\n".encode() in head.lower()
    for header in (b"x-content-type-options: nosniff", b"referrer-policy: no-referrer", b"date: "):
        assert b"\r\n" + header in head.lower()
    assert b"default-src 'none'" in head
    if status >= 400:
        told = json.loads(body)
        assert told["status"] == status
        assert told["detail"].endswith(".")
        assert b"application/problem+json" in head


def test_a_request_byte_by_byte(server):
    client = server.connect()
    for byte in b"GET /js/main.js HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n":
        client.send(bytes((byte,)))
    assert client.rest().startswith(b"HTTP/1.1 200 ")


def test_the_options_of_the_whole_server_are_told_without_a_body(server):
    head, body = answer(server, b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 204 ")
    assert b"\r\nAllow: GET, HEAD, POST, OPTIONS\r\n" in head
    assert b"content-length" not in head.lower()  # RFC 9110, section 8.6
    assert body == b""


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/", "GET, HEAD, OPTIONS"),
        ("/js/main.js", "GET, HEAD, OPTIONS"),
        ("/metrics", "GET, HEAD, OPTIONS"),
        ("/api/v1/health", "GET, HEAD, OPTIONS"),
        ("/api/v1/rooms/ci/messages", "GET, POST, HEAD, OPTIONS"),
    ],
)
@pytest.mark.parametrize(("method", "status"), [("OPTIONS", 204), ("TRACE", 405)])
def test_what_is_allowed_is_told(server, path, allowed, method, status):
    """RFC 9110, 9.3.7 and 15.5.6."""
    head, _ = answer(server, f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert f"\r\nAllow: {allowed}\r\n".encode() in head


@pytest.mark.parametrize(
    "head",
    [
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
        b"POST / HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked, gzip\r\n\r\n",
    ],
)
def test_a_body_of_doubtful_length_ends_the_connection(server, head):
    """RFC 9112, 6.1 and 6.3: what stands behind it is no request."""
    client = server.connect()
    client.send(head + b"0\r\n\r\nGET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    told = client.rest()
    assert told.startswith(b"HTTP/1.1 400 ")
    assert told.count(b"HTTP/1.1 ") == 1
    assert b"\r\nConnection: close\r\n" in told


def test_requests_behind_each_other_are_answered_in_order(server):
    client = server.connect()
    client.send(
        b"GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n"
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc"
        b"\r\nHEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n"
        b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    )
    told = client.rest().decode()
    assert [line[9:12] for line in told.splitlines() if line.startswith("HTTP/1.1")] == [
        "404", "405", "200", "200",
    ]  # fmt: skip
    assert told.count("Join #lobby with") == 1


def test_a_connection_is_kept_for_the_next_request(server):
    client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    for _ in range(3):
        client.request("GET", "/", headers={"Accept": HTML})
        assert b"<!doctype html>" in client.getresponse().read()
    client.close()


def test_a_client_that_waits_for_100_is_told_to_go_on(server):
    client = server.connect()
    client.send(POST + BOT + b"Content-Length: 2\r\nExpect: 100-Continue\r\n\r\n")
    assert client.until("\r\n\r\n").startswith("HTTP/1.1 100 ")
    client.send("xx")
    assert client.until("\r\n\r\n").startswith("HTTP/1.1 201 ")


@pytest.mark.parametrize(
    ("request_", "status", "is_last"),
    [
        (POST + NO_BOT + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n", "401", True),
        (POST + NO_BOT + b"Content-Length: 2\r\n\r\n", "401", False),
        (POST + NO_BOT + b"Transfer-Encoding: chunked\r\n\r\n1\r\n", "401", True),
        (POST.replace(b"POST", b"PUT") + b"Content-Length: 2\r\n\r\n", "405", False),
        (POST.replace(b"text/plain", b"image/png") + BOT + b"Content-Length: 2\r\n\r\n", "415", False),
        (POST + BOT + b"Content-Length: 999999\r\nExpect: 100-continue\r\n\r\n", "413", True),
    ],
)
def test_what_its_head_decides_is_answered_before_the_body_comes(server, request_, status, is_last):
    client = server.connect()
    client.send(request_)
    head = client.until("\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ")
    assert ("\r\nConnection: close\r\n" in head) is is_last
    if not is_last:
        client.send(b"xxGET /nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert (b"HTTP/1.1 404 " in client.rest()) is not is_last


def test_a_body_that_nobody_wants_is_no_request(server):
    client = server.connect()
    inner = b"GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n"
    client.send(b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(inner) + inner)
    client.send(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert b" 404 " not in client.rest()


def test_a_body_in_too_many_chunks_is_refused(server):
    head = POST + BOT + b"Transfer-Encoding: chunked\r\n\r\n"
    most = b"1;a=b\r\nx\r\n" * (reader.MOST_CHUNKS - 1) + b"0\r\nTrailer: x\r\n\r\n"
    assert answer(server, head + most)[0].startswith(b"HTTP/1.1 201 ")
    assert answer(server, head + b"1\r\nx\r\n" + most)[0].startswith(b"HTTP/1.1 400 ")


def test_others_have_a_turn_between_two_requests_that_came_at_once(server, monkeypatch):
    turns = 0
    seen: list[int] = []

    def count():
        nonlocal turns
        turns += 1
        if len(seen) < 500:
            server.loop.call_soon(count)

    respond = App.respond

    async def noted(self, *request):
        seen.append(turns)
        return await respond(self, *request)

    monkeypatch.setattr(App, "respond", noted)
    server.call(count)
    client = server.connect()
    client.send(b"HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n" * 500)
    client.end_input()
    assert client.rest().count(b"HTTP/1.1 200 OK") == 500
    assert len(set(seen)) == 500


def test_a_browser_gets_the_page_and_curl_how_to_join(server):
    page, body = ask(server, "/", Accept=HTML)
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert body.startswith(b"<!doctype html>")
    assert page.headers["Vary"] == "Accept, Accept-Encoding"
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; ")
    assert (
        "require-trusted-types-for 'script'; trusted-types worker;" in policy
    )  # for the worker's address alone
    assert f"connect-src 'self' ws://127.0.0.1:{server.port} wss://127.0.0.1:{server.port};" in policy
    assert "base-uri 'none'; form-action 'none'; frame-ancestors 'none';" in policy
    assert policy.endswith("manifest-src 'self'; worker-src 'self'")
    assert page.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert page.headers["Permissions-Policy"].startswith("camera=(), ")
    curl, body = ask(server, "/", Accept="*/*")
    assert curl.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert body.startswith(b"Join #lobby with\n  nc ")


def test_what_the_page_needs_is_there(server):
    head, page = ask(server, "/", Accept=HTML)
    assert head.headers["Cache-Control"] == "no-cache"
    for target, kind in (
        ("js/main.js", "text/javascript; charset=utf-8"),
        ("style.css", "text/css; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
    ):
        (named,) = re.findall(rb'="(v/[0-9a-f]{16}/%b)"' % target.encode(), page)
        file, data = ask(server, f"/{named.decode()}")
        assert (file.status, file.headers["Content-Type"]) == (200, kind)
        # An update changes the name: no browser need ask for this one again.
        assert file.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert ask(server, f"/{target}")[1] == data
    assert ask(server, "/v/0123456789abcdef/js/main.js")[0].status == 404


def test_what_takes_long_is_made_before_it_is_asked_for(server):
    server.wait(server.server.app.prepare())
    before = static.files.cache_info().misses, description.cache_info().misses
    for target in ("/js/main.js", "/api/v1/openapi.json"):
        assert ask(server, target)[0].status == 200
    assert (static.files.cache_info().misses, description.cache_info().misses) == before


def test_head_is_get_without_the_body(server):
    for target in ("/", "/js/main.js"):
        got, _ = ask(server, target)
        head, body = ask(server, target, "HEAD")
        assert body == b""
        assert {k: v for k, v in got.getheaders() if k != "Date"} == {
            k: v for k, v in head.getheaders() if k != "Date"
        }


def test_the_head_of_a_stream_has_no_length(server):
    head, body = ask(server, "/api/v1/rooms/ci/stream", "HEAD", Authorization="Bearer bot")
    assert (head.status, head.headers["Content-Length"], body) == (200, None, b"")


def test_what_a_browser_has_is_not_sent_again(server):
    first, body = ask(server, "/js/main.js", Accept_Encoding="identity")
    assert first.headers["Cache-Control"] == "no-cache"
    again, nothing = ask(server, "/js/main.js", If_None_Match=f'"other", W/{first.headers["ETag"]}')
    assert (again.status, nothing, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    changed, same = ask(server, "/js/main.js", If_None_Match='"other"')
    assert (changed.status, same) == (200, body)
    for wanted, status in ((first.headers["ETag"], 200), ("*", 200), ('"other"', 412)):
        assert ask(server, "/js/main.js", If_Match=wanted)[0].status == status


@pytest.mark.parametrize(
    "accepted",
    ["gzip", "br, GZIP;q=0.5", "*", "*;q=0.1", "x-gzip", "gzip;q=0.5, identity;q=0.5", "gzip;q=0.001, *;q=0",
     "identity;q=0, gzip ; Q=0.3", "deflate, gzip, br, zstd"],
)  # fmt: skip
def test_files_go_compressed_where_that_is_asked_for(server, accepted):
    plain, body = ask(server, "/js/main.js", Accept_Encoding="identity")
    packed, data = ask(server, "/js/main.js", Accept_Encoding=accepted)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(data) == body
    assert packed.headers["ETag"] != plain.headers["ETag"]
    for told in (plain, packed):
        assert "Accept-Encoding" in told.headers["Vary"]
    known, nothing = ask(
        server, "/js/main.js", Accept_Encoding=accepted, If_None_Match=packed.headers["ETag"] or ""
    )
    assert (known.status, nothing) == (304, b"")
    assert known.headers["Vary"] == packed.headers["Vary"]


@pytest.mark.parametrize(
    "accepted",
    ["", "gzip;q=0", "br", "*;q=0", "gzip;q=0.000", "gzip;q=0, *", "*, gzip;q=0", "gzip;q=0.5, identity",
     "gzip;q=0.2, identity;q=0.3", "gzip;q=x", "gzip;q=", "identity", "gzipped", "*;q=0.5, identity;q=1"],
)  # fmt: skip
def test_files_go_as_they_are_where_that_is_rather_wanted(server, accepted):
    told, _ = ask(server, "/js/main.js", Accept_Encoding=accepted)
    assert told.status == 200
    assert told.headers["Content-Encoding"] is None


def test_a_small_file_is_not_compressed(server):
    told, body = ask(server, "/icon.svg", Accept_Encoding="gzip")
    assert len(body) < 500
    assert told.headers["Content-Encoding"] is None
    assert "Accept-Encoding" not in told.headers["Vary"]


def test_a_file_that_compression_does_not_shorten_is_not_compressed():
    noise = random.Random(1).randbytes(2000)  # noqa: S311  # no secret
    assert static._file("/noise.svg", noise).packed == b""
    assert len(static._file("/noise.svg", b"<path/>" * 300).packed) < 200


def test_pages_of_allowed_origins_read_answers_and_others_do_not(server):
    allowed = {"Origin": "https://chat.example.org"}
    told, _ = ask(server, "/api/v1/health", **allowed)
    assert told.headers["Access-Control-Allow-Origin"] == "https://chat.example.org"
    assert told.headers["Vary"] == "Origin"
    preflight, body = ask(
        server, "/api/v1/rooms/x/messages", "OPTIONS", Access_Control_Request_Method="POST", **allowed
    )
    assert (preflight.status, body) == (204, b"")
    assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]
    own, _ = ask(server, "/api/v1/health", Origin=f"http://127.0.0.1:{server.port}")
    assert own.headers["Access-Control-Allow-Origin"] is None
    refused, _ = ask(server, "/api/v1/health", Origin="http://evil.example")
    assert (refused.status, refused.headers["Access-Control-Allow-Origin"]) == (403, None)


def test_a_request_that_never_ends_is_told_so(monkeypatch):
    monkeypatch.setattr(reader, "REQUEST_SECONDS", 0.2)
    with serving() as server:
        for part in (
            b"GET / HTTP/1.1\r\nHo",
            POST + BOT + b"Content-Length: 2\r\n\r\nx",
            POST + BOT + b"Transfer-Encoding: chunked\r\n\r\n1\r\n",
        ):
            give_token(server, "bot", "post")
            client = server.connect()
            client.send(part)
            assert client.rest().startswith(b"HTTP/1.1 408 ")


def test_a_connection_without_a_next_request_is_closed(monkeypatch):
    monkeypatch.setattr(reader, "IDLE_SECONDS", 0.2)
    with serving() as server:
        client = server.connect()
        client.send("HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert client.rest().count(b"HTTP/1.1") == 1


def test_the_limits_fit_what_they_are_for():
    assert BODY_BYTES >= 8 * 8192


def test_who_sends_on_after_the_answer_is_closed_at_last(monkeypatch):
    monkeypatch.setattr(connection, "_TAIL_LONGEST", 0.2)
    with serving() as server:
        client = server.connect()
        client.send("POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9999999\r\n\r\n")
        client.until(" 405 ")
        end = time.monotonic() + PATIENCE
        with suppress(OSError):
            while time.monotonic() < end and server.call(lambda: len(server.server.context.sessions)):
                client.send("x")
        assert time.monotonic() < end


def statuses(client, count):
    return [client.until("\r\n\r\n").partition("HTTP/1.1 ")[2][:3] for _ in range(count)]


READ = (
    b"HEAD /api/v1/rooms/locked/messages HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer again\r\n\r\n"
)


def test_the_same_bytes_are_judged_anew_each_time():
    """What a request says is remembered; whether it may is not: tokens, bans and names change."""
    root = Person(0, "root", "u", "h")
    with serving(limits=False) as server:

        def declare(*facts):
            server.call(server.server.hub.declare, list(facts))
            server.wait(server.server.context.outbox.emptied())

        give_token(server, "again", "read")
        client = server.connect()
        for wanted in ("200", "401", "200"):
            client.send(READ)
            assert statuses(client, 1) == [wanted]
            if wanted == "200":
                declare(TokenRevoked("again", 0))
            else:
                give_token(server, "again", "read")
        named = b"HEAD / HTTP/1.1\r\nHost: chat.example.net\r\n\r\n"
        for names, wanted in (((), "421"), (("https://chat.example.net",), "200"), ((), "421")):
            context = server.server.context
            context.options = replace(context.options, origins=names)
            server.call(server.server.app.update)
            asker = server.connect()
            asker.send(named)
            assert statuses(asker, 1) == [wanted]
        here, there = server.connect(), server.connect(source="127.0.0.2")
        public = b"HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n"
        for one in (here, there):
            one.send(public)
            assert statuses(one, 1) == ["200"]
        declare(ServerBanChanged(root, "*!*@127.0.0.2", True, 0))
        here.send(public)
        assert statuses(here, 1) == ["200"]
        again = server.connect(source="127.0.0.2")
        again.send(public)
        assert statuses(again, 1) == ["403"]


def test_the_same_head_with_other_bodies(server):
    client = server.connect()
    head = POST + BOT + b"Content-Length: 2\r\n\r\n"
    client.send(head + b"ab" + head + b"cd" + head[:30])
    client.send(head[30:] + b"e")
    client.send(b"f")
    said = []
    for _ in range(3):
        assert client.until("\r\n\r\n").startswith("HTTP/1.1 201 ")
        said.append(json.loads(client.until("}\n"))["text"])
    assert said == ["ab", "cd", "ef"]


def test_the_same_head_whole_and_in_two_reads(server):
    client = server.connect()
    head = b"GET /nothing?a=1 HTTP/1.1\r\nHost: localhost\r\nAccept: x\r\n\r\n"
    for cut in range(1, len(head)):
        client.send(head + head[:cut])
        client.send(head[cut:])
        assert statuses(client, 2) == ["404", "404"]


def test_a_file_is_answered_as_each_browser_asks(server):
    """Answers are remembered; what they depend on is compared."""
    tags = {ask(server, "/style.css", Accept_Encoding=one)[0].headers["ETag"] for one in ("gzip", "br")}
    assert len(tags) == 2
    for encoding in ("gzip", "br", "gzip;q=0", "x" * 600, "gzip, " + "x" * 600):
        for known in (*tags, '"other"', ""):
            told, body = ask(server, "/style.css", Accept_Encoding=encoding, If_None_Match=known)
            zipped = encoding.startswith("gzip") and not encoding.endswith("q=0")
            assert told.headers["ETag"].endswith('-gz"') is zipped
            assert told.status == (304 if told.headers["ETag"] == known else 200)
            assert bool(body) is (told.status == 200)
    policies = {ask(server, "/index.html", Host=host)[0].headers["Content-Security-Policy"]
                for host in ("localhost:1", "localhost:2", "localhost:1")}  # fmt: skip
    assert len(policies) == 2
