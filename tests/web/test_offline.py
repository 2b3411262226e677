"""The installed page: its service worker, without a server and after an update of it."""

import json
from urllib.request import Request, urlopen

import msgspec
from playwright.sync_api import expect

from asyncchat.server.http import static
from tests.server.harness import serving
from tests.web.conftest import say, sees
from tests.web.test_proxy import proxying

PAGE = {"Accept": "text/html"}


def read(port, path, **headers):
    with urlopen(Request(f"http://127.0.0.1:{port}{path}", headers=headers)) as answer:
        return answer.read(), answer.headers


def test_the_page_can_be_installed(server):
    page, headers = read(server.port, "/", **PAGE)
    assert headers["Cache-Control"] == "no-cache"
    assert "worker-src 'self'" in headers["Content-Security-Policy"]
    path = page.decode().split('rel="manifest" href="')[1].split('"')[0]
    manifest, headers = read(server.port, f"/{path}")
    assert headers["Content-Type"] == "application/manifest+json"
    assert "immutable" in headers["Cache-Control"]
    manifest = json.loads(manifest)
    folder = path.rpartition("/")[0]
    assert manifest["start_url"] == manifest["scope"] == "../" * len(folder.split("/"))
    for icon in manifest["icons"]:
        assert read(server.port, f"/{folder}/{icon['src']}")[1]["Content-Type"] == icon["type"]
    _, headers = read(server.port, "/sw.js")
    assert headers["Cache-Control"] == "no-cache"
    assert headers["Content-Type"].startswith("text/javascript")
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; connect-src 'self';")


def kept_page(page):
    """The page that the service worker keeps."""
    return page.evaluate(
        """caches.match(document.baseURI.split("#")[0], { ignoreVary: true })
          .then((one) => one ? one.text() : "")"""
    )


def wait_until_kept(page, text):
    while text not in kept_page(page):
        page.wait_for_timeout(50)


def newer(file):
    return msgspec.structs.replace(
        file, data=file.data.replace(b"<title>", b"<title>New "), packed=b"", tag="new"
    )


def test_without_the_server_the_page_opens_and_an_update_is_seen_at_once(visits, monkeypatch):
    with serving(limits=False) as server, proxying(server, "/chat/") as port:
        page = visits.join(port, "anna", "/chat/#lobby", of=server.port, service_workers="allow")
        server.irc("iris").send("PRIVMSG anna :psst\r\n")
        page.get_by_role("button", name="iris, 1 unread").wait_for()
        say(page, "before the tunnel")
        sees(page, "before the tunnel")
        wait_until_kept(page, "<title>asyncchat")
        # The server gets another page, which the next load shows.
        files = {**static.files(), static.INDEX: newer(static.files()[static.INDEX])}
        monkeypatch.setattr(static, "files", lambda: files)
        static._remembered.cache_clear()
        with page.expect_navigation() as navigation:
            page.reload()
        assert "<title>New " in navigation.value.text()
        assert navigation.value.from_service_worker
        sees(page, "before the tunnel")
        wait_until_kept(page, "<title>New ")
        # Now there is no server.
        page.context.set_offline(True)
        page.reload()
        page.get_by_text("Not connected:").wait_for()
        page.locator(".message .text", has_text="before the tunnel").wait_for()
        kept = page.evaluate("localStorage.getItem('asyncchat/chat.last')")
        assert "before the tunnel" in kept
        assert "psst" not in kept  # a guest's private talk is the tab's
        page.wait_for_function("document.querySelector('.brand img').naturalWidth > 0")
        say(page, "from the tunnel")
        page.context.set_offline(False)
        page.evaluate("dispatchEvent(new Event('online'))")
        sees(page, "from the tunnel")
        expect(page.locator(".message .text", has_text="before the tunnel")).to_have_count(1)
        page.context.close()
    static._remembered.cache_clear()
