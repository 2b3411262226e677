"""Webhooks: signed, in order, tried again, their backlog bounded; against an HTTP server of the library's."""

import asyncio
import base64
import hashlib
import hmac
import http.client
import json
import queue
import re
import threading
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer

import msgspec
import pytest

from asyncchat.config.webhooks import Webhook
from asyncchat.core.features.rooms import RoomClosed
from asyncchat.log.memory import MemoryLog
from asyncchat.server import webhooks
from tests.server.harness import PATIENCE, serving
from tests.server.test_history import opened

SECRET = "a secret of some length"  # noqa: S105


class Receiver:
    """Takes posts; answers with what ``answers`` says, else 204."""

    def __init__(self):
        self.posts: queue.Queue[tuple[str, dict[str, str], bytes, int]] = queue.Queue()
        self.answers: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = receiver.answers.pop(0) if receiver.answers else 204
                receiver.posts.put((self.path, dict(self.headers), body, status))
                if status:
                    self.send_response(status)
                    self.end_headers()

            def log_message(self, format, *args):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook?a=b"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    def next(self):
        return self.posts.get(timeout=PATIENCE)

    def drain(self):
        """Forgets what came, also on connections that wait for their turn; answers well from now on."""
        with closing(
            http.client.HTTPConnection("127.0.0.1", self.server.server_port, timeout=PATIENCE)
        ) as last:
            last.request("POST", "/last", b"", {"Content-Length": "0"})
            last.getresponse().read()
        self.answers = []
        while not self.posts.empty():
            self.posts.get()

    def text(self):
        return json.loads(self.next()[2])["message"]["text"]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receiver(monkeypatch):
    monkeypatch.setattr(webhooks, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(webhooks, "LONGEST_PAUSE", 0.02)
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def server(receiver):
    hook = Webhook(receiver.url, ("#lobby", "#Builds"), SECRET)
    with serving(limits=False, webhooks={"log": hook}) as running:
        yield running


def test_what_is_said_is_posted_and_signed(server, receiver):
    alice = server.irc("alice")
    alice.send("JOIN #builds,#other\r\nPRIVMSG #other :no\r\nPRIVMSG #builds :döne\r\n")
    path, headers, body, _ = receiver.next()
    assert path == "/hook?a=b"
    found = json.loads(body)
    assert found["event"] == "message"
    assert (found["message"]["room"], found["message"]["text"]) == ("#builds", "döne")
    assert headers["Webhook-Id"] == found["message"]["id"]
    signed = f"{headers['Webhook-Id']}.{headers['Webhook-Timestamp']}.".encode() + body
    whole = base64.b64encode(hmac.digest(SECRET.encode(), signed, hashlib.sha256)).decode()
    assert headers["Webhook-Signature"] == f"v1,{whole}"
    assert headers["X-Hub-Signature-256"] == "sha256=" + hmac.new(SECRET.encode(), body, "sha256").hexdigest()


def test_a_message_to_it_is_charged_as_to_many_members(server):
    members_of = server.server.delivery.members_of
    alice = server.irc("alice")
    alice.send("JOIN #builds,#other\r\nPING joined\r\n")
    alice.until(" PONG ")
    assert server.call(members_of, "#builds") == 1 + webhooks.WEIGHT
    assert server.call(members_of, "#other") == 1
    server.call(server.server.webhooks.change, {})
    while server.call(members_of, "#builds") > 1:
        pass  # each call lets the loop go on


def test_many_come_in_order_though_tries_fail(server, receiver):
    receiver.answers = [500, 0, 429, 204, 503]
    alice = server.person("alice")
    for number in range(30):
        alice.send(f"{number}\n")
    texts: list[str] = []
    while len(texts) < 30:
        _, _, body, status = receiver.next()
        if status == 204:
            texts.append(json.loads(body)["message"]["text"])
    assert texts == [str(number) for number in range(30)]


def test_one_that_is_refused_again_and_again_is_given_up(server, receiver):
    receiver.answers = [400] * webhooks.REFUSED_TRIES
    alice = server.person("alice")
    alice.send("poison\nnext\n")
    assert [receiver.text() for _ in range(webhooks.REFUSED_TRIES)] == ["poison"] * webhooks.REFUSED_TRIES
    assert receiver.text() == "next"


def test_the_oldest_of_too_many_are_dropped(receiver, monkeypatch):
    monkeypatch.setattr(webhooks, "BACKLOG", 3)
    hook = Webhook(receiver.url, ("#lobby",), SECRET)
    with serving(webhooks={"log": hook}) as server:
        name, _ = next(iter(server.call(lambda: dict(server.server.webhooks._running)).items()))
        assert name == "log"
        running = server.call(lambda: server.server.webhooks._running["log"])
        server.call(running[1].cancel)
        for number in range(5):
            server.call(running[0].write, f"e-{number} {{}}\n".encode())
        assert [waiting.id for waiting in running[0]._waiting] == ["e-2", "e-3", "e-4"]


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_what_waits_outlives_the_server(receiver, tmp_path, monkeypatch, kind):
    monkeypatch.setattr(webhooks, "SAVE_SECONDS", 0.0)
    path = tmp_path / "positions"
    log = MemoryLog() if kind == "memory" else asyncio.run(opened(tmp_path / "chat.db"))
    hook = Webhook(receiver.url, ("#lobby", "#tea"), SECRET)
    options = {"log": log, "limits": False, "webhook_positions": path}
    with serving(webhooks={"log": hook}, **options) as server:
        alice = server.irc("alice")
        alice.send("JOIN #tea,#other\r\nPRIVMSG #lobby :first\r\n")
        assert receiver.text() == "first"
        receiver.answers = [503] * 10_000
        alice.send(
            "PRIVMSG #lobby :1\r\nPRIVMSG #tea :2\r\nPRIVMSG #other :no\r\nPRIVMSG #lobby :3\r\nPING x\r\n"
        )
        alice.until("PONG")
        assert receiver.text() == "1"
    receiver.drain()
    with serving(webhooks={"log": hook}, **options) as server:
        assert [receiver.text() for _ in range(3)] == ["1", "2", "3"]
        server.person("bob").send("4\n")
        assert receiver.text() == "4"
    # Of a room that is new to it, it gets only what is said from then on.
    more = Webhook(receiver.url, ("#lobby", "#other"), SECRET)
    with serving(webhooks={"log": more}, **options) as server:
        server.person("bob").send("5\n")
        # The server may have stopped before it knew that the last one had arrived.
        assert next(text for text in iter(receiver.text, None) if text != "4") == "5"
    assert path.stat().st_mode & 0o077 == 0


def test_only_so_much_is_caught_up(receiver, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(webhooks, "BACKLOG", 3)
    path = tmp_path / "positions"
    log = MemoryLog()
    hook = Webhook(receiver.url, ("#lobby",), SECRET)
    options = {"log": log, "limits": False, "webhook_positions": path}
    with serving(webhooks={"log": hook}, **options) as server:
        alice = server.person("alice")
        alice.send("0\n")
        assert receiver.text() == "0"
    kept = path.read_bytes()
    with serving(**options) as server:
        alice = server.person("alice")
        alice.send("1\n2\n3\n4\n5\n/me\n")
        alice.until("Usage: /me")
    path.write_bytes(kept)
    with serving(webhooks={"log": hook}, **options):
        assert [receiver.text() for _ in range(3)] == ["3", "4", "5"]
    assert re.search(r"missed [23] messages; the oldest are dropped", caplog.text)


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"log": {"after": "x", "rooms": ["#lobby"]}}'])
def test_a_file_that_says_nothing_is_begun_anew(receiver, tmp_path, content):
    path = tmp_path / "positions"
    path.write_bytes(content)
    hook = Webhook(receiver.url, ("#lobby",), SECRET)
    with serving(webhooks={"log": hook}, limits=False, webhook_positions=path) as server:
        server.person("alice").send("hello\n")
        assert receiver.text() == "hello"


def test_a_webhook_stays_with_the_names_it_states(server, receiver):
    alice = server.irc("alice")
    alice.send("CAP REQ draft/channel-rename\r\nJOIN #builds,#x\r\nPRIVMSG #builds :1\r\n")
    alice.until("#x :End of")
    alice.send("RENAME #builds #secret\r\nPRIVMSG #secret :no\r\nRENAME #x #Builds2\r\nPRIVMSG #lobby :2\r\n")
    assert [receiver.text(), receiver.text()] == ["1", "2"]
    bob = server.irc("bob")
    bob.send("JOIN #y\r\n")
    bob.until("366")
    alice.send("RENAME #secret #builds\r\nPRIVMSG #builds :3\r\n")
    assert receiver.text() == "3"


def test_a_closed_auditorium_hides_nobody_from_the_next_room(server, receiver):
    alice, bob = server.irc("alice"), server.irc("bob")
    alice.send("JOIN #builds\r\nMODE #builds +u\r\nPART #builds\r\n")
    alice.until("PART")
    server.call(server.server.hub.declare, [RoomClosed("#builds")])
    alice.send("JOIN #builds\r\nPING done\r\n")
    alice.until("PONG")
    bob.send("JOIN #builds\r\n")
    alice.until(":bob!")
    assert not server.call(lambda: server.server.delivery.subscribers_in("#builds").hides_members)


def test_nobody_there_is_no_trouble(monkeypatch, receiver):
    with serving(webhooks={"log": Webhook("http://127.0.0.1:9/x", ("#lobby",), SECRET)}) as server:
        alice, bob = server.person("alice"), server.person("bob")
        alice.send("hello\n")
        bob.until("alice: hello")


def test_other_options_are_taken_over(server, receiver):
    options = server.call(lambda: server.server.options)
    hook = Webhook(receiver.url, ("#tea",), SECRET)
    server.call(server.server.apply_options, msgspec.structs.replace(options, webhooks={"log": hook}), None)
    alice = server.irc("alice")
    alice.send("JOIN #tea\r\nPRIVMSG #lobby :no\r\nPRIVMSG #tea :yes\r\n")
    assert receiver.text() == "yes"
