"""Both clients over UDP, also where datagrams are lost, doubled and reordered, and the server dies."""

import io
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from asyncchat import Client, Disconnected, Gap, Message, Unreachable
from asyncchat.client import pipe
from asyncchat.dialects.udp import connection
from asyncchat.server.addresses import Address, open_listener
from tests.client.fronts import ClientOnLoop
from tests.lossy_datagrams import lossy
from tests.server.harness import PATIENCE, free_port, serving

QUICK = {"backoff": (0.01, 0.1)}


def joined(port: int, nick: str, kind: Any = Client, **settings) -> Any:
    return kind(f"udp://127.0.0.1:{port}", nick=nick, **{**QUICK, **settings})


BOTH = pytest.mark.parametrize("kind", [Client, ClientOnLoop], ids=["threads", "asyncio"])


def texts(chat: Any, count: int) -> list[str]:
    """The next messages; a gap would be one too."""
    found: list[str] = []
    while len(found) < count:
        event = chat.receive(PATIENCE)
        if isinstance(event, Message):
            found.append(event.text)
        assert not isinstance(event, Gap)
    return found


@BOTH
def test_a_message_has_the_same_id_everywhere(kind):
    with serving(udp=0) as server:
        with (
            joined(server.udp_port, "anna", kind) as anna,
            Client(f"127.0.0.1:{server.port}", nick="bert") as bert,
        ):
            said = anna.say("#lobby", "hello 👋 " + "x" * 5000).wait(PATIENCE)
            assert texts(bert, 1) == ["hello 👋 " + "x" * 5000]
            assert bert.history("#lobby")[-1].id == anna.history("#lobby")[-1].id == said
            assert str(anna.address) == f"udp://127.0.0.1:{server.udp_port}"
        assert server.people() == []


def test_a_thousand_messages_each_way_over_a_bad_network():
    """20 % lost, 20 % doubled, reordered."""
    with serving(udp=0, limits=False) as server, lossy(server.udp_port) as way:
        with joined(way.port, "anna") as anna, joined(way.port, "bert", ClientOnLoop) as bert:
            for n in range(1000):
                anna.say("#lobby", f"anna {n}")
                bert.say("#lobby", f"bert {n}")
            assert texts(anna, 1000) == [f"bert {n}" for n in range(1000)]
            assert texts(bert, 1000) == [f"anna {n}" for n in range(1000)]
            anna.flush(PATIENCE)
            assert anna.waiting() == []
        assert server.people() == []


def test_an_address_that_changes_in_the_middle():
    with serving(udp=0) as server, lossy(server.udp_port, lost=0.0) as way:
        with joined(way.port, "anna") as anna, joined(way.port, "bert", ClientOnLoop) as bert:
            for n in range(3):
                anna.say("#lobby", f"anna {n}")
                bert.say("#lobby", f"bert {n}")
                anna.flush(PATIENCE)
                bert.flush(PATIENCE)
                way.rebind()
            anna.say("#lobby", "anna 3")  # whoever is silent notices it within ten seconds
            bert.say("#lobby", "bert 3")
            assert texts(anna, 4) == [f"bert {n}" for n in range(4)]
            assert texts(bert, 4) == [f"anna {n}" for n in range(4)]
        assert server.people() == []


def _serve(database: Path, port: int) -> subprocess.Popen[str]:
    options = (
        "--port",
        "0",
        "--listen",
        f"udp://127.0.0.1:{port}",
        "--db",
        str(database),
        "--name",
        "s.test",
    )
    server = subprocess.Popen(
        [sys.executable, "-m", "asyncchat", "serve", *options], stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    with server.stdout as told:
        while not told.readline().startswith("Stop with"):
            pass
    return server


def test_a_server_that_is_killed_and_started_again(tmp_path):
    """The kernel tells anna and carl that nobody listens there; the new server does not know bert."""
    port = free_port()  # other tests get theirs from the system, which gives no such one
    server = _serve(tmp_path / "chat.db", port)
    try:
        with (
            lossy(port, lost=0.0, doubled=0.0) as way,
            joined(port, "anna", echo=True) as anna,
            joined(port, "carl", ClientOnLoop) as carl,
            joined(way.port, "bert", ClientOnLoop, echo=True) as bert,
        ):
            for n in range(20):
                anna.say("#lobby", f"before {n}")
            anna.flush(PATIENCE)
            server.send_signal(signal.SIGKILL)
            server.wait()
            for n in range(20):
                anna.say("#lobby", f"after {n}")
            while not isinstance(event := anna.receive(PATIENCE), Disconnected):
                assert not isinstance(event, Gap)
            server = _serve(tmp_path / "chat.db", port)
            anna.flush(PATIENCE)
            bert.say("#lobby", "the last one")
            said = [f"{when} {n}" for when in ("before", "after") for n in range(20)]
            assert texts(bert, 41) == [*said, "the last one"]
            assert texts(anna, 21) == [*said[20:], "the last one"]
            assert texts(carl, 41) == [*said, "the last one"]
    finally:
        server.kill()
        server.wait()


@BOTH
def test_a_server_that_answers_no_more(kind, monkeypatch):
    with (
        serving(udp=0) as server,
        lossy(server.udp_port, lost=0.0) as way,
        joined(way.port, "anna", kind, reconnect=False) as anna,
    ):
        way.cut = True
        monkeypatch.setattr(connection, "PATIENCE", 0.5)
        anna.say("#lobby", "hello?")
        while not isinstance(event := anna.receive(PATIENCE), Disconnected):
            pass
        assert re.fullmatch(r"no answer for \d+ seconds", event.reason)
        assert anna.close() == [("#lobby", "hello?")]


def test_over_ipv6():
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as free:
        try:
            free.bind(("::1", 0))
        except OSError:
            pytest.skip("there is no IPv6 here")
    with serving() as server:
        (listener,) = open_listener(Address("::1", 0, udp=True))
        port = listener.getsockname()[1]
        endpoint = server.wait(server.server.listeners._open_endpoint(listener, Address(udp=True)))
        with Client(f"udp://[::1]:{port}", nick="anna") as anna:
            assert anna.say("#lobby", "hello").wait(PATIENCE)
        server.call(endpoint.close)


@BOTH
def test_nobody_answers(kind):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        with pytest.raises(
            Unreachable, match=rf"^Can't reach udp://127.0.0.1:{port}: no answer in 0\.2 s\. Is a"
        ):
            joined(port, "anna", kind, timeout=0.2)
        assert silent.recv(2000).startswith(b"~hello asyncchat/1 ")
    with pytest.raises(Unreachable, match="connection refused"):
        joined(port, "anna", kind)


def test_exit_leaves_on_a_pipe():
    with serving(udp=0) as server:
        anna = server.person("anna")
        read, write = os.pipe()
        os.write(write, b"hello\nexit\nnot sent\n")
        out = io.StringIO()
        chat = joined(server.udp_port, "bert")
        assert pipe.run(chat, "#lobby", "bert", exit_leaves=True, stdin=read, out=out, err=io.StringIO())
        assert [anna.line() for _ in range(3)] == ["bert is online", "bert: hello", "bert left chat"]
        assert threading.active_count() < 20
        os.close(read)
        os.close(write)
