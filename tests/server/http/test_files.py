"""Files over HTTP: who may send them, what is kept, and how they are given to browsers."""

import base64
import contextlib
import hashlib
import http.client
import json
import os
import re
import zlib
from urllib.parse import quote, urlsplit

import pytest

from asyncchat.core.features.files import Files
from asyncchat.server.file_store import FileStore
from asyncchat.server.http import reader
from asyncchat.server.http.files import NAME_BYTES, POLICY, clean_name, name_of
from asyncchat.server.uploads import MOST_AT_ONCE, SMALL_IMAGE
from tests.server.harness import serving
from tests.server.http.api.client import give_token
from tests.server.test_file_types import EXIF_TURNED, jpeg, png

PASSWORD = "correct horse battery"  # noqa: S105  # of a test


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    with serving(limits=False, file_megabytes=1, database=folder / "chat.db") as running:
        give_token(running, "bot", "post")
        give_token(running, "reader", "read")
        yield running


def ask(server, method, target, body=None, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        connection.request(method, target, body, {k.replace("_", "-"): v for k, v in headers.items()})
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


def upload(server, content, name="a.bin", target="/upload", **headers):
    headers.setdefault("Authorization", "Bearer bot")
    disposition = f"attachment; filename*=UTF-8''{quote(name)}"
    response, body = ask(server, "POST", target, content, Content_Disposition=disposition, **headers)
    return response.status, json.loads(body)


def uploaded(server, content, name="a.bin"):
    """The path of a file that was uploaded, and what the answer says of it."""
    status, told = upload(server, content, name)
    assert status == 201, told
    return urlsplit(told["url"]).path, told


def link_of(client):
    """Where an IRC client uploads files."""
    client.send("ISUPPORT\r\nPING done\r\n")
    found = re.search(r"soju\.im/FILEHOST=(\S+)", client.until(" PONG "))
    assert found
    return found[1]


def basic(name, password):
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def stored(server):
    """The names in the folder of files."""
    return sorted(os.listdir(server.server.uploads.store.folder))


# Who may send.


def test_each_irc_client_is_told_where_it_uploads_files(server):
    anna, ben = server.irc("anna1"), server.irc("ben1")
    link = link_of(anna)
    assert re.fullmatch(rf"http://127\.0\.0\.1:{server.port}/upload/\d+-\d+-[0-9a-f]{{32}}", link)
    assert link_of(ben) != link
    target = urlsplit(link).path
    status, told = upload(server, b"hello", "a note.txt", target, Authorization="")
    assert (status, told["name"], told["type"], told["size"]) == (
        201,
        "a note.txt",
        "text/plain; charset=utf-8",
        5,
    )
    assert re.fullmatch(
        rf"http://127\.0\.0\.1:{server.port}/files/[a-z2-7]{{26}}-5/a%20note\.txt", told["url"]
    )
    assert ask(server, "GET", urlsplit(told["url"]).path)[1] == b"hello"
    (by,) = {file.by for file in Files.of(server.server.hub.chat).by_id.values() if file.size == 5}
    assert by.startswith("anna1!")
    anna.close()
    server.irc("carl1").close()  # the server has seen that she is gone
    other = re.sub(r"\d+-(\d+)-", r"1-\1-", target)
    for gone in (target, other, target[:-1] + "g", "/upload/x"):
        status, told = upload(server, b"hello", "x", gone, Authorization="")
        assert status == 403, gone
        assert "Join again" in told["detail"]


def test_an_account_sends_its_password(server):
    dora = server.irc("dora")
    dora.send(f"REGISTER * * :{PASSWORD}\r\n")
    dora.until("REGISTER SUCCESS")
    assert upload(server, b"x", Authorization=basic("DORA", PASSWORD))[0] == 201
    response, _ = ask(server, "POST", "/upload", b"x", Authorization=basic("dora", "wrong"))
    assert (response.status, response.getheader("WWW-Authenticate")[:5]) == (401, "Basic")
    assert ask(server, "POST", "/upload", b"x", Authorization="Basic %")[0].status == 400
    dora.close()
    assert upload(server, b"y", Authorization=basic("dora", PASSWORD))[0] == 201


def test_a_token_that_may_post_may_upload(server):
    assert upload(server, b"x")[0] == 201
    assert upload(server, b"x", Authorization="Bearer reader")[0] == 403
    assert upload(server, b"x", Authorization="Bearer wrong")[0] == 401


def test_what_else_is_asked_there(server):
    response, _ = ask(server, "OPTIONS", "/upload/1-2-3")
    assert (response.status, response.getheader("Accept-Post")) == (204, "*/*")
    assert ask(server, "GET", "/upload")[0].status == 405
    assert ask(server, "GET", "/uploads")[0].status == 404
    assert ask(server, "GET", "/files/x")[0].status == 404
    assert ask(server, "GET", f"/files/{'a' * 26}/x")[0].status == 404
    path, _ = uploaded(server, b"x")
    assert ask(server, "POST", path)[0].status == 405
    assert ask(server, "OPTIONS", path)[0].getheader("Allow") == "GET, HEAD, OPTIONS"


# What is taken.


def test_a_body_in_chunks_and_one_that_waits(server):
    content = os.urandom(300_000)
    parts = (content[at : at + 7000] for at in range(0, len(content), 7000))
    response, body = ask(server, "POST", "/upload", parts, Authorization="Bearer bot")
    assert response.status == 201
    assert ask(server, "GET", urlsplit(json.loads(body)["url"]).path)[1] == content
    client = server.connect()
    head = "POST /upload HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer bot\r\nExpect: 100-continue\r\n"
    client.send(f"{head}Content-Length: 5\r\n\r\n")
    client.until("HTTP/1.1 100 Continue\r\n\r\n")
    client.send("hello")
    client.until("HTTP/1.1 201 Created\r\n")
    client.send("GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n")  # the connection goes on
    client.until("HTTP/1.1 404")
    assert not [name for name in stored(server) if name.endswith(".part")]


BROKEN = [
    ("Content-Length: 1000001", b"", 413),
    ("Content-Length: 0", b"", 400),
    ("Transfer-Encoding: chunked", b"0\r\n\r\n", 400),
    ("Transfer-Encoding: chunked", b"F4241\r\n", 413),
    ("Transfer-Encoding: chunked", b"x\r\n", 400),
    ("Transfer-Encoding: chunked", b"2\r\nabcd\r\n", 400),
    ("Transfer-Encoding: chunked", b"1\r\na\r\n" * 1010, 400),
    ("Transfer-Encoding: chunked", b"1\r\na\r\n0\r\nbad\r\n\r\n", 400),
    ("Content-Length: 9", b"half", 408),
]


@pytest.mark.parametrize(("header", "body", "status"), BROKEN, ids=range(len(BROKEN)))
def test_what_does_not_come_whole_leaves_nothing(server, header, body, status):
    before = stored(server)
    client = server.connect()
    client.send(f"POST /upload HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer bot\r\n{header}\r\n\r\n")
    client.send(body)
    client.end_input()
    assert client.rest().decode().startswith(f"HTTP/1.1 {status} ")
    assert stored(server) == before


def test_a_photograph_is_kept_without_its_place(server):
    """The hash is that of what is kept, and the orientation stays."""
    place = b"Exif\0\0MM\0*\0\0\0\x08\0\0 52.52 N 13.40 E"
    path, told = uploaded(server, jpeg(300, 200, (0xE1, place), (0xE1, EXIF_TURNED)))
    response, content = ask(server, "GET", path)
    assert b"52.52" not in content
    assert (told["width"], told["height"], told["size"]) == (200, 300, len(content))
    assert response.getheader("ETag") == f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    assert not [name for name in stored(server) if name.endswith(".part")]


def test_too_many_chunks_are_not_called_too_large(server):
    chunks = iter([b"a"] * 1010)
    response, body = ask(server, "POST", "/upload", chunks, Authorization="Bearer bot")
    assert (response.status, "chunks" in json.loads(body)["detail"]) == (400, True)


def test_a_body_that_comes_too_slowly(server, monkeypatch):
    monkeypatch.setattr(reader, "SLOWEST_SECONDS", 0.0)
    client = server.connect()
    client.send("POST /upload HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer bot\r\n")
    client.send("Content-Length: 9\r\n\r\n")
    client.until("HTTP/1.1 408 ")


def test_the_disk_is_full(server, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    before = stored(server)
    for where in ("keep", "receive", "free"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(FileStore, where, full)
            status, told = upload(server, b"x" * 300_000)
            assert (status, "full" in told["detail"]) == (507, True)
    monkeypatch.setattr(FileStore, "free", lambda _: (100, 10_000))
    status, told = upload(server, b"x" * 300_000)
    assert (status, "nearly full" in told["detail"]) == (507, True)
    assert stored(server) == before


@contextlib.contextmanager
def other(**options):
    with serving(**options) as server:
        give_token(server, "bot", "post")
        yield server


@pytest.mark.parametrize(
    ("options", "size", "status", "words"),
    [
        ({"file_uploads": False}, 5, 403, "takes no files"),
        ({"file_megabytes": 1}, 1_000_001, 413, "at most 1 MB"),
        ({"file_account_megabytes": 1}, 1_100_000, 429, "your account"),
        ({"file_total_megabytes": 1}, 1_000_001, 507, "as many files"),
    ],
)
def test_what_an_operator_can_limit(options, size, status, words):
    with other(**options) as server:
        got, told = upload(server, b"x" * size)
        assert (got, words in told["detail"]) == (status, True)


def test_the_quota_is_charged_what_came(monkeypatch):
    with other(file_account_megabytes=1, limits=True) as server:
        for _ in range(10):  # what does not come is not charged
            client = server.connect()
            client.send("POST /upload HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer bot\r\n")
            client.send("Content-Length: 900000\r\n\r\nx")
            client.end_input()
            client.rest()
        assert upload(server, b"x" * 700_000)[0] == 201
        response, _ = ask(server, "POST", "/upload", b"x" * 300_000, Authorization="Bearer bot")
        assert response.status == 429
        assert int(response.getheader("Retry-After")) > 0


def test_guests_may_be_kept_out():
    with other(file_guests=False) as server:
        anna = server.irc("anna")
        status, told = upload(server, b"x", "x", urlsplit(link_of(anna)).path, Authorization="")
        assert (status, "Log in" in told["detail"]) == (403, True)
        assert upload(server, b"x")[0] == 201


@pytest.mark.parametrize(
    ("query", "by"),
    [("", "guest"), ("?name=gus", "gus"), ("?name=anna", "anna_"), ("?name=%D0%91", "Б")],
)
def test_a_guest_sends_under_a_name_that_is_nobody_s(server, query, by):
    anna = server.irc("anna")
    status, told = upload(server, query.encode() + b"of a guest", target=f"/upload{query}", Authorization="")
    assert status == 201, told
    file = list(Files.of(server.server.hub.chat).by_id.values())[-1]
    assert file.by.startswith(f"{by}!guest@")
    anna.close()


def test_a_guest_s_name_may_be_none(server):
    status, told = upload(server, b"x", target="/upload?name=a%20b%0A", Authorization="")
    assert (status, "name" in told["detail"].lower()) == (403, True)


def test_only_so_many_come_at_once(server):
    uploads = server.server.uploads
    server.call(uploads._coming.update, dict.fromkeys(range(MOST_AT_ONCE), ("192.0.2.1", 0)))
    try:
        assert upload(server, b"x")[0] == 503
    finally:
        server.call(uploads._coming.clear)
    assert upload(server, b"x")[0] == 201


# What is given.


def test_a_file_in_parts(server):
    content = os.urandom(400_000)
    path, _ = uploaded(server, content, "clip.bin")
    whole, body = ask(server, "GET", path)
    assert (whole.status, whole.getheader("Accept-Ranges"), body == content) == (200, "bytes", True)
    head, body = ask(server, "HEAD", path, Range="bytes=0-1")
    assert (head.status, head.getheader("Content-Length"), body) == (200, "400000", b"")
    tag = whole.getheader("ETag")
    for asked, start, end in (
        ("bytes=0-0", 0, 1),
        ("bytes=10-199999", 10, 200_000),
        ("bytes=399990-", 399_990, 400_000),
        ("bytes=-5", 399_995, 400_000),
        ("bytes=5-900000", 5, 400_000),
        ("bytes=-900000", 0, 400_000),
    ):
        part, body = ask(server, "GET", path, Range=asked, If_Range=tag)
        assert (part.status, body == content[start:end]) == (206, True)
        assert part.getheader("Content-Range") == f"bytes {start}-{end - 1}/400000"
    for asked in ("bytes=400000-", "bytes=-0"):
        part, _ = ask(server, "GET", path, Range=asked)
        assert (part.status, part.getheader("Content-Range")) == (416, "bytes */400000")
    for asked in ("bytes=0-1,5-6", "lines=1-2", "bytes=5-2", "bytes=-", "bytes=a-b"):
        assert ask(server, "GET", path, Range=asked)[0].status == 200
    assert ask(server, "GET", path, Range="bytes=0-1", If_Range='"other"')[0].status == 200
    assert ask(server, "GET", path, If_None_Match=tag)[0].status == 304
    assert "immutable" in whole.getheader("Cache-Control")


def test_a_film_has_an_origin_to_be_loaded_from_but_runs_nothing(server):
    path, _ = uploaded(server, b"\0\0\0\x18ftypmp42\0\0\0\0isommp42", "a.mp4")
    response, _ = ask(server, "GET", path)
    assert response.getheader("Content-Type") == "video/mp4"
    policy = response.getheader("Content-Security-Policy").split("; ")
    assert {"default-src 'none'", "media-src 'self'", "sandbox allow-same-origin"} < set(policy)


def test_an_image_and_its_small_picture(server):
    path, told = uploaded(server, png(640, 480), "screen.png")
    assert path.endswith("-640x480/screen.png")
    assert (told["type"], told["width"], told["height"]) == ("image/png", 640, 480)
    response, body = ask(server, "GET", path.replace("/files/", "/thumbs/").partition("-")[0])
    assert (response.getheader("Content-Type"), body) == ("image/png", png(640, 480))
    path, _ = uploaded(server, jpeg(9000, 9000) + bytes(SMALL_IMAGE), "large.jpg")  # it can't be decoded
    response, _ = ask(server, "GET", path.replace("/files/", "/thumbs/").partition("-")[0])
    assert response.status == 404
    assert ask(server, "GET", "/thumbs/x")[0].status == 404


def test_a_large_image_is_shown_small(server):
    pytest.importorskip("PIL.Image", reason="the extra asyncchat[images] is not installed")
    rows = b"".join(b"\0" + os.urandom(188) for _ in range(1500))
    path, _ = uploaded(server, png(1500, 1500, zlib.compress(rows, 0)), "noise.png")
    response, body = ask(server, "GET", path.replace("/files/", "/thumbs/").partition("-")[0])
    assert (response.getheader("Content-Type"), response.getheader("X-Content-Type-Options")) == (
        "image/webp",
        "nosniff",
    )
    assert len(body) < SMALL_IMAGE


SCRIPT = b"<script>alert(1)</script>"
HOSTILE = {
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'>" + SCRIPT + b"</svg>", "a.svg"),
    "svg with a declaration": (b"<?xml version='1.0'?><svg onload='alert(1)'/>", "a.svg"),
    "html": (b"<!doctype html>" + SCRIPT, "a.html"),
    "html behind a mark": (b"\xef\xbb\xbf  <html>" + SCRIPT, "a.htm"),
    "html in UTF-16": ("<html>".encode("utf-16") + SCRIPT, "a.html"),
    "html in UTF-7": (b"+ADw-script+AD4-alert(1)+ADw-/script+AD4-", "a.html"),
    "script": (b"alert(1)", "a.js"),
    "xhtml": (b"<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'>" + SCRIPT, "a.xhtml"),
    "gif and script": (b"GIF89a/*" + bytes(8) + b"*/=1;alert(1)", "a.gif"),
    "gif and html": (b"GIF89a" + bytes(8) + SCRIPT, "a.html"),
    "pdf and html": (b"%PDF-1.7\n" + SCRIPT, "a.html"),
    "html before pdf": (SCRIPT + b"\n%PDF-1.7\n", "a.pdf"),
    "jpeg and zip": (jpeg(9, 9) + b"PK\x03\x04" + bytes(40), "a.jar"),
    "png and html": (png() + SCRIPT, "a.html"),
    "zip bomb": (b"PK\x03\x04" + zlib.compress(bytes(10_000_000)), "a.zip"),
    "1 x 100,000": (png(1, 100_000), "a.png"),
    "millions of pixels": (png(30_000, 30_000, b""), "a.png"),
    "wrong type": (b"MZ\x90\0" + bytes(40), "a.png"),
    "flash": (b"FWS\x09" + bytes(40), "a.swf"),
    "xml with a stylesheet": (b"<?xml-stylesheet href='data:text/xsl,x'?><a/>", "a.xml"),
    "web manifest": (b'{"start_url": "/"}', "a.webmanifest"),
    "path": (SCRIPT, "../../../etc/passwd.html"),
    "header": (SCRIPT, "a\r\nContent-Type: text/html\r\n\r\n<b>"),
    "direction": (SCRIPT, "a\u202egpj.html"),
    "long name": (SCRIPT, "x" * 10_000 + ".html"),
    "quotes": (SCRIPT, 'a"; filename="b.html'),
    "no name": (SCRIPT, ""),
}
RUNS = ("html", "svg", "xml", "script", "json", "pdf", "flash", "css", "manifest")


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("stated", ["text/html", "image/svg+xml", "application/javascript"])
def test_nothing_that_is_uploaded_is_executed(server, kind, stated):
    content, name = HOSTILE[kind]
    disposition = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    response, body = ask(
        server, "POST", "/upload", content, Authorization="Bearer bot", Content_Type=stated,
        Content_Disposition=disposition,
    )  # fmt: skip
    told = json.loads(body)
    assert response.status == 201
    assert len(told["url"]) < 260
    path = urlsplit(told["url"]).path
    assert path.count("/") == 3
    assert ".." not in path
    for asked in (path, path.rpartition("/")[0], path.rpartition("/")[0] + "/a.html"):
        response, got = ask(server, "GET", asked)
        # Of a PNG nothing is kept that stands behind the picture.
        assert (response.status, got) == (200, png() if kind == "png and html" else content)
        headers = {key.lower(): value for key, value in response.getheaders()}
        assert headers["content-security-policy"] == POLICY
        assert "sandbox" in POLICY.split("; ")
        assert "script-src" not in POLICY
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        shown, _, name = headers["content-disposition"].partition("; filename*=UTF-8''")
        if any(word in headers["content-type"] for word in RUNS):
            assert (headers["content-type"], shown) == ("application/pdf", "attachment")
        assert shown == "attachment" or headers["content-type"].startswith(("image/", "text/plain"))
        assert re.fullmatch(r"[A-Za-z0-9._~%-]+", name)


NAMES = [
    ("attachment; filename=report.pdf", "report.pdf"),
    ('attachment; filename="a \\"b\\".txt"', "a _b_.txt"),
    ("attachment; filename=\"x.txt\"; filename*=UTF-8''caf%C3%A9.txt", "café.txt"),
    ('attachment; filename="caf\xc3\xa9.txt"', "café.txt"),
    ("attachment", "file"),
    ("", "file"),
    ("attachment; filename*=UTF-8''..%2F..%2Fetc%2Fpasswd", "passwd"),
    ("attachment; filename*=UTF-8''C%3A%5Cx%5Cphoto.jpg", "photo.jpg"),
    ("attachment; filename*=UTF-8''a%0D%0Ab.txt", "ab.txt"),
    ("attachment; filename*=UTF-8''%E2%80%AEgpj.exe", "gpj.exe"),
    ("attachment; filename*=UTF-8''..", "file"),
    ("attachment; filename*=UTF-8''.bashrc", "bashrc"),
    ("attachment; filename*=UTF-8''%FF%FE.txt", "��.txt"),
]


@pytest.mark.parametrize(("header", "name"), NAMES)
def test_names(header, name):
    assert name_of(header) == name
    assert clean_name(name) == name


@pytest.mark.parametrize("letter", ["x", "ж", "\U0001f994", " ", "."])
def test_a_long_name_keeps_its_ending(letter):
    name = clean_name(letter * 10_000 + "z.tar")
    assert name.endswith(".tar")
    assert len(quote(name, safe="")) <= NAME_BYTES


# Links.


@pytest.mark.parametrize(
    ("options", "headers", "base"),
    [
        ({}, {"Host": "192.0.2.5:1234"}, "http://192.0.2.5:1234"),
        ({}, {"Host": "192.0.2.5", "Origin": "https://192.0.2.5"}, "https://192.0.2.5"),
        (
            {"origins": ("https://chat.example.org",)},
            {"Host": "chat.example.org"},
            "https://chat.example.org",
        ),
        (
            {"origins": ("https://web.example.org",)},
            {"Host": "192.0.2.5:99", "Origin": "https://web.example.org"},
            "http://192.0.2.5:99",
        ),
        ({"file_url": "https://files.example.org/"}, {"Host": "192.0.2.5"}, "https://files.example.org"),
    ],
)
def test_the_address_in_a_link(options, headers, base):
    with other(**options) as server:
        response, body = ask(server, "POST", "/upload", b"x", Authorization="Bearer bot", **headers)
        url = json.loads(body)["url"]
        assert url.startswith(f"{base}/files/")
        assert response.getheader("Location") == url
        if "file_url" in options:
            assert link_of(server.irc("anna")).startswith(f"{base}/upload/")


def test_a_page_of_an_allowed_origin_uploads_too(server):
    with other(origins=("https://web.example.org",)) as running:
        origin = {"Origin": "https://web.example.org"}
        response, _ = ask(running, "OPTIONS", "/upload", Access_Control_Request_Method="POST", **origin)
        assert "Content-Disposition" in response.getheader("Access-Control-Allow-Headers")
        response, _ = ask(running, "POST", "/upload", b"x", Authorization="Bearer bot", **origin)
        assert response.getheader("Access-Control-Expose-Headers") == "Location"
    response, _ = ask(
        server, "POST", "/upload", b"x", Authorization="Bearer bot", Origin="https://evil.example"
    )
    assert response.status == 403
