"""Which answers have the shape that commands rely on, and that any other one ends in one line."""

import copy
import json
import re
import socket
from threading import Thread
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from asyncchat.client.http_shapes import MESSAGE, fits
from tests.cli.calling import call
from tests.client.test_http_api import response

SAID = {
    "id": "abc-1",
    "time": "2026-11-30T12:00:00.000Z",
    "room": "#ci",
    "name": "bob",
    "kind": "message",
    "text": "hi",
    "edited": False,
    "reply_to": "",
}
ANSWERS: dict[str, Any] = {
    "messages": {"messages": [SAID, SAID], "more": False},
    "search": {"messages": [SAID], "next": ""},
    "members": {"members": [{"name": "bob", "roles": ["operator"], "away": "", "bot": False}]},
    "rooms": {"rooms": [{"name": "#ci", "topic": "", "members": 1, "public": True}]},
    "upload": {"url": "http://x/files/1"},
    "stream": SAID,
}
"""What our server answers, by the end of the path."""

COMMANDS = (
    ("say", "ci", "hi"),
    ("say", "ci", "hi", "--id", "k", "--json"),
    ("say", "ci", "--file", "-"),
    ("tail", "ci"),
    ("tail", "ci", "--json"),
    ("history", "ci", "--since", "abc-1", "--until", "abc-3"),
    ("export", "ci"),
    ("export", "ci", "--format", "html"),
    ("export", "ci", "--format", "json"),
    ("search", "ci", "hi"),
    ("who",),
    ("who", "--json"),
    ("rooms",),
    ("rooms", "--json"),
    ("ask", "ci", "hi?", "--timeout", "0.02"),
)

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["", "\x1b]0;x\x07", "\x9b2J", "\ud800", "0001-01-01", "9999-12-31T23:59:59Z", "soon"])
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


COMMAND = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""What a terminal may take as a command, or what turns a line around."""


class Peer:
    """A server that answers every request with what a test says."""

    def __init__(self) -> None:
        self.answer: dict[str, Any] = {}
        self.status = "200 OK"
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            client, _ = self._listener.accept()
            with client:
                head = client.recv(65536)
                while b"\r\n\r\n" not in head:
                    head += client.recv(65536)
                method, target = head.split(b" ", 2)[:2]
                part = target.partition(b"?")[0].rpartition(b"/")[2].decode()
                value = json.dumps(self.answer["stream" if method == b"POST" and part != "upload" else part])
                body = f"event: message\ndata: {value}\n\n" if part == "stream" else value
                client.sendall(response(self.status, body))


@pytest.fixture(scope="module")
def peer():
    return Peer()


def places(value, path=()):
    """The paths to all values in a value from JSON."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield from places(each, (*path, key))


@st.composite
def hostile(draw):
    """Answers of our server, one of which has something else at some place."""
    answers = copy.deepcopy(ANSWERS)
    part = draw(st.sampled_from(sorted(answers)))
    path = (part, *draw(st.sampled_from(list(places(answers[part])))))
    value: Any = answers
    for key in path[:-1]:
        value = value[key]
    value[path[-1]] = draw(JSON)
    return answers


@settings(max_examples=60, deadline=None)
@given(hostile(), st.sampled_from(COMMANDS), st.sampled_from(["200 OK", "403 Forbidden"]))
@example(ANSWERS | {"rooms": []}, ("rooms",), "200 OK")
@example(ANSWERS | {"stream": {"id": "\x1b[2J", "detail": "No."}}, COMMANDS[1], "409 Conflict")
@example(ANSWERS | {"messages": {"messages": [SAID | {"time": "0001-01-01"}]}}, ("tail", "ci"), "200 OK")
def test_any_other_answer_ends_in_one_line(peer, answers, command, status):
    peer.answer, peer.status = answers, status
    done = call(*command, given="x", ASYNCCHAT_NICK="gus", ASYNCCHAT_SERVER=peer.address)
    assert done.returncode in (0, 1, 3)
    assert done.stderr.count("\n") <= 1
    assert not COMMAND.search(done.stdout + done.stderr)


@pytest.mark.parametrize("command", COMMANDS)
def test_what_our_server_answers_is_taken(peer, command):
    peer.answer, peer.status = ANSWERS, "200 OK"
    done = call(*command, given="x", ASYNCCHAT_NICK="gus", ASYNCCHAT_SERVER=peer.address)
    assert (done.returncode, done.stderr) == (
        (3, "Error: No answer came in time.\n") if "ask" in command else (0, "")
    )


@pytest.mark.parametrize(
    ("change", "right"),
    [
        ({}, True),
        ({"more": 1}, True),
        ({"id": ""}, False),
        ({"id": "abc-1\n"}, False),
        ({"time": "yesterday"}, False),
        ({"time": "9999-12-31T23:59:59-23:00"}, False),
        ({"text": None}, False),
        ({"name": ["bob"]}, False),
    ],
)
def test_a_message_has_what_commands_use(change, right):
    assert fits(SAID | change, MESSAGE) is right


@pytest.mark.parametrize("value", [[], None, 5, "x", {}, [SAID]])
def test_what_is_no_message(value):
    assert not fits(value, MESSAGE)
