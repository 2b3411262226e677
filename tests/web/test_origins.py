"""A browser on a stranger's page, and under a name that was made to point here: neither gets a word in."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.server.http.api.client import ask, give_token

TRY = """async ([url, socket, token]) => {
    const opened = new Promise((resolve) => {
        const tried = new WebSocket(socket, ["text.ircv3.net"]);
        tried.onopen = () => {
            tried.send("NICK mallory"); tried.send("USER m 0 * :m"); tried.send("JOIN #lobby");
            resolve("open");
        };
        tried.onerror = () => resolve("refused");
    });
    const results = [await opened];
    const lines = "mallory\\nNICK mallory\\r\\nUSER m 0 * :m\\r\\nPRIVMSG #lobby :hi\\r\\n";
    for (const [path, options] of [
        ["/", {method: "POST", mode: "no-cors", body: lines}],
        ["/api/v1/rooms/lobby/messages", {method: "POST", mode: "no-cors", body: "hi"}],
        ["/api/v1/rooms/lobby/messages", {
            method: "POST", body: "hi",
            headers: {"Authorization": `Bearer ${token}`, "Content-Type": "text/plain"},
        }],
        ["/api/v1/rooms/lobby/messages", {}],
    ]) {
        try {
            const answer = await fetch(url + path, options);
            results.push(answer.type === "opaque" ? "opaque" : answer.status);
        } catch (error) {
            results.push("refused");
        }
    }
    return results;
}"""


@pytest.fixture
def elsewhere():
    """A web server of somebody else."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>elsewhere</title>")

        def log_message(self, format, *args):
            pass

    made = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://localhost:{made.server_port}/"
    made.shutdown()
    made.server_close()
    thread.join()


def test_a_page_of_another_origin_can_do_nothing(server, browser, elsewhere):
    alice = server.person("alice")
    token = give_token(server, "bot", "post", "read")
    context = browser.new_context()
    page = context.new_page()
    page.goto(elsewhere)
    url, socket = f"http://127.0.0.1:{server.port}", f"ws://127.0.0.1:{server.port}/ws"
    assert page.evaluate(TRY, [url, socket, token]) == ["refused"] * 5
    context.close()
    server.person("bob")
    assert alice.line() == "bob is online"
    assert ask(server, "GET", "/rooms/lobby/messages").json["messages"] == []


def test_a_name_that_was_made_to_point_here_can_do_nothing(server, browser):
    alice = server.person("alice")
    token = give_token(server, "bot", "post", "read")
    # What the name resolves to is the attacker's: here the browser is told so.
    context = browser.new_context(bypass_csp=True)
    page = context.new_page()
    host = f"evil.localhost:{server.port}"
    answer = page.goto(f"http://{host}/")
    assert answer is not None
    assert answer.status == 421
    tried = page.evaluate(TRY, [f"http://{host}", f"ws://{host}/ws", token])
    assert tried[0] == "refused"
    assert set(tried[1:]) <= {421, "opaque"}
    context.close()
    server.person("bob")
    assert alice.line() == "bob is online"
    assert ask(server, "GET", "/rooms/lobby/messages").json["messages"] == []
