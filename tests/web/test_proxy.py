"""The page behind a reverse proxy: under a path of it, and where the server is not told what it must know."""

import asyncio
import re
from contextlib import contextmanager
from typing import Any

import pytest

from tests.real_proxies import NGINX, nginx
from tests.server.harness import free_port, serving
from tests.web.conftest import say, sees


@contextmanager
def proxying(server, path="/", *, passes=("host", "upgrade")):
    """A proxy as nginx is one, in the server's loop; gives its port. It takes one request a connection."""
    tasks: set[Any] = set()

    async def forward(reader, writer):
        tasks.add(asyncio.current_task())
        try:
            request = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").replace(f" {path}", " /", 1)
            if "host" not in passes:
                request = re.sub("(?im)^host:.*?\r\n", f"Host: 127.0.0.1:{server.port}\r\n", request)
            if "upgrade" not in passes or not re.search("(?im)^upgrade:", request):
                request = re.sub("(?im)^(connection|upgrade):.*?\r\n", "", request)
                request = request.replace("\r\n", "\r\nConnection: close\r\n", 1)
            answer, server_writer = await asyncio.open_connection("127.0.0.1", server.port)
            server_writer.write(request.encode("latin-1"))
            await asyncio.gather(pump(reader, server_writer), pump(answer, writer))
        except (EOFError, OSError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def pump(reader, writer):
        try:
            while data := await reader.read(65536):
                writer.write(data)
        finally:
            writer.close()

    async def stop():
        proxy.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    proxy = server.wait(asyncio.start_server(forward, "127.0.0.1", 0))
    yield proxy.sockets[0].getsockname()[1]
    server.wait(stop())


def join(page, port):
    page.goto(f"http://127.0.0.1:{port}/")
    page.get_by_label("Your name").fill("bob")
    page.get_by_role("button", name="Join", exact=True).click()


def test_the_page_works_under_a_path_of_a_proxy(server, visits):
    alice = server.person("alice")
    alice.send("before\n")
    with proxying(server, "/chat/") as port:
        page = visits.open(port, "/chat/#lobby", of=server.port)
        page.locator("#timeline", has_text="before").wait_for()  # by the API
        page.wait_for_function("document.querySelector('.brand img').naturalWidth > 0")
        page.get_by_label("Your name").fill("bob")
        page.get_by_role("button", name="Join", exact=True).click()
        alice.until("bob is online\n")
        say(page, "hello")
        sees(page, "hello")
        assert alice.line() == "bob: hello"


@pytest.mark.skipif(NGINX is None, reason="nginx is not installed")
def test_all_of_it_is_below_the_base_path_of_nginx(visits, tmp_path):
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    with (
        serving(base_path="/chat", origins=(origin,), trusted_proxies=("127.0.0.1",)) as server,
        nginx(tmp_path, server.port, path="/chat/", listen=port),
    ):
        alice = server.person("alice")
        page = visits.join(port, "bob", "/chat/#lobby", of=server.port, service_workers="allow")
        assert page.evaluate("navigator.serviceWorker.ready.then(({ scope }) => scope)") == f"{origin}/chat/"
        start = page.evaluate(
            """fetch(document.querySelector('link[rel=manifest]').href).then(async (answer) =>
              new URL((await answer.json()).start_url, answer.url).href)"""
        )
        assert start == f"{origin}/chat/"
        alice.until("bob is online\n")
        with page.expect_file_chooser() as chooser:
            page.get_by_role("button", name="Send a file").click()
        chooser.value.set_files([{"name": "plan.txt", "mimeType": "text/plain", "buffer": b"first tea"}])
        page.locator("#composer textarea").press("Enter")
        link = alice.until("plan.txt").split()[-1]
        assert link.startswith(f"{origin}/chat/files/")
        assert page.request.get(link).text() == "first tea"
        page.locator("#timeline a.file", has_text="plan.txt").wait_for()
        alice.send("/join #class\n/invitecode\n")
        assert f"{origin}/chat/#class?invite=" in alice.until("?invite=")
        assert page.request.get(f"{origin}/chat/api/v1/openapi.json").ok
        direct = page.request.get(f"http://127.0.0.1:{server.port}/chat?x", headers={"Accept": "text/html"})
        assert direct.url == f"http://127.0.0.1:{server.port}/chat/?x"
        assert direct.ok


def test_the_page_says_that_its_scripts_are_refused(server, browser):
    with proxying(server, passes=()) as port:
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{port}/")
        page.get_by_text("it must pass Host on").wait_for(state="visible")
        page.close()


def test_the_page_says_that_no_websocket_is_let_in(server, browser):
    with proxying(server, passes=("host",)) as port:
        page = browser.new_page()
        join(page, port)
        page.get_by_text("must pass Host and Upgrade on").wait_for()
        # It stands there while one attempt after the other fails.
        changes = page.evaluate(_CHANGES_OF_THE_STRIP)
        assert changes == 0
        page.close()


_CHANGES_OF_THE_STRIP = """new Promise((done) => {
  let changes = 0;
  let failed = 0;
  const observer = new MutationObserver((found) => { changes += found.length; });
  observer.observe(document.getElementById("strip"), { childList: true });
  const { connection } = asyncchat;
  connection.addEventListener("state", ({ detail: { state } }) => {
    if (state !== "offline") return;
    failed += 1;
    if (failed === 8) requestAnimationFrame(() => requestAnimationFrame(() => done(changes)));
    else setTimeout(() => connection.retry());
  });
  connection.retry();
})"""
