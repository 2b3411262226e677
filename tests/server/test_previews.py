"""What a page says of itself: which link is looked at, where redirects may lead, and what is read."""

import itertools
import queue
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from asyncchat.server import previews
from asyncchat.server.outgoing import NotPublic
from asyncchat.server.previews import (
    MOST_REDIRECTS,
    PAGE_BYTES,
    PAGE_SECONDS,
    Preview,
    fetched,
    link_in,
    read,
)

HERE = ("127.0.0.0/8",)
PAGE = b"""<!doctype html><html><head><meta charset=utf-8><title>Tea &amp; biscuits</title>
<meta name="description" content="How to make it"><meta property='og:site_name' content=Kitchen></head>"""


@contextmanager
def pages(answers):
    """A web server that has these answers by path; gives its address, and what it was asked."""
    asked: queue.Queue[str] = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.put(self.path)
            status, headers, body = answers.get(self.path, (404, {}, b""))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()


HTML = {"Content-Type": "text/html"}


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("see https://a.example/b.", "https://a.example/b"),
        ("(https://a.example/b_(c))", "https://a.example/b_(c)"),
        ("*HTTP://A.example*, https://b.example", "HTTP://A.example"),
        ("http://x/files/" + "a" * 26 + "-5/a.txt then https://b.example/", "https://b.example/"),
        ("ftp://a.example www.a.example", ""),
        ("", ""),
    ],
)
def test_which_link_is_looked_at(text, link):
    assert link_in(text) == link


def test_what_a_page_says():
    url = "https://a.example/"
    assert read(url, PAGE) == Preview(url, "Tea & biscuits", "How to make it", "Kitchen")
    assert read(url, b"<META content='x > y' property=og:title><title>z</title>") == Preview(url, "x > y")
    assert read(url, b"<meta name=description><b content=x><title>z") == Preview(url, "z")
    assert read(url, b"<title>  </title><meta name=description content=x>") is None
    assert read(url, b"no html") is None
    for page, parameters, title in (
        (b"<title>a\x1b[31m\xe2\x80\xaeb\x00\n c</title>", "", "ab c"),
        ("<title>каша".encode("koi8-r"), "charset=koi8-r", "каша"),
        (b"<meta charset=rot13><title>Grnf", "", "Grnf"),
        (b"<meta charset=iso-8859-99><titles><title>\xc3\xa4", "", "ä"),
        (b"<title>" + b"x" * 900, "", "x" * 200 + "…"),
        (b"<title>same<meta name=description content=same>", "", "same"),
    ):
        assert read(url, page, parameters) == Preview(url, title)


@pytest.mark.parametrize(
    "part", [b"<meta ", b"<meta a=", b"<meta a='", b"<title>", b"<title ", b"<", b'a="', b"&#", b"og:title"]
)
def test_no_page_takes_long_to_read(part):
    # A pattern that goes back over the text takes minutes, and the run ends there.
    assert read("https://a.example/", part * (PAGE_BYTES // len(part))) is None


def test_a_redirect_is_followed_and_each_address_is_checked():
    answers = {
        "/": (302, {"Location": "/next"}, b""),
        "/next": (301, {"Location": "page#part"}, b""),
        "/page": (200, HTML, PAGE),
        "/away": (302, {"Location": "http://127.0.0.2:1/"}, b""),
        "/file": (302, {"Location": "file:///etc/passwd"}, b""),
        "/round": (302, {"Location": "/round"}, b""),
    }
    with pages(answers) as (base, asked):
        here = (base.removeprefix("http://").partition(":")[0],)
        found = fetched(f"{base}/", here)
        assert found is not None
        assert (found.url, found.title) == (f"{base}/", "Tea & biscuits")
        with pytest.raises(NotPublic):
            fetched(f"{base}/away", here)
        with pytest.raises(ValueError, match="no"):
            fetched(f"{base}/file", here)
        while not asked.empty():
            asked.get()
        assert fetched(f"{base}/round", here) is None
        assert asked.qsize() == MOST_REDIRECTS + 1


def test_redirects_have_the_time_of_one_page_together(monkeypatch):
    times = itertools.count(0, PAGE_SECONDS / 2.5)
    monkeypatch.setattr(previews, "monotonic", lambda: next(times))
    with pages({"/round": (302, {"Location": "/round"}, b"")}) as (base, asked):
        with pytest.raises(TimeoutError):
            fetched(f"{base}/round", HERE)
        assert asked.qsize() == 2


def test_only_pages_are_read():
    answers = {
        "/image": (200, {"Content-Type": "image/png"}, PAGE),
        "/untyped": (200, {}, PAGE),
        "/missing": (404, HTML, PAGE),
        "/long": (200, HTML, PAGE + b" " * 10_000_000),
        "/ä?ö=%20": (200, HTML, PAGE),
    }
    with pages(answers) as (base, asked):
        for path in ("/image", "/untyped", "/missing"):
            assert fetched(base + path, HERE) is None
        assert fetched(f"{base}/long", HERE) is not None
        fetched(f"{base}/ä?ö=%20#x", HERE)
        assert [asked.get() for _ in range(5)][-1] == "/%C3%A4?%C3%B6=%20"


def test_a_private_address_is_not_asked():
    with pages({"/": (200, HTML, PAGE)}) as (base, asked):
        with pytest.raises(NotPublic):
            fetched(base)
        assert asked.empty()
