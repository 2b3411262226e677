"""Server and clients over lines on which everything goes wrong: nothing lost, nothing twice, all in order."""

import gc
from contextlib import ExitStack
from socket import create_connection, create_server
from typing import Any

import pytest
from websockets.sync.client import connect as websocket
from websockets.typing import Origin, Subprotocol

from asyncchat import Client, Edited, Gap, Message
from asyncchat.tui.state import ChatState
from tests.client.fronts import ClientOnLoop
from tests.faulty_line import SHAPES, FaultyLine, faulty_line
from tests.server import harness
from tests.server.harness import PATIENCE, serving

MESSAGES = 120
LAST = "the last one"
SAID = [f"message {number}{' ы' * (number % 9 * 12)}" for number in range(MESSAGES)]


@pytest.fixture
def server():
    with serving(limits=False) as running:
        yield running


@pytest.fixture
def line(server):
    """Makes faulty lines to the server."""
    with ExitStack() as lines:
        yield lambda seed, *shapes: lines.enter_context(faulty_line(server.port, seed, shapes or SHAPES))


def texts_of(chat: Client) -> list[str]:
    """What others say, up to the last one; a gap fails."""
    heard: list[str] = []
    while True:
        event = chat.receive(PATIENCE)
        assert not isinstance(event, Gap)
        if isinstance(event, Message):
            if event.text == LAST:
                return heard
            heard.append(event.text)


@pytest.mark.parametrize("joined", [Client, ClientOnLoop], ids=["threads", "asyncio"])
@pytest.mark.parametrize("seed", range(2))
def test_messages_over_lines_that_break(line, joined, seed):
    lines: list[FaultyLine] = [line(seed), line(seed + 100)]
    ear, mouth = (
        joined(
            f"irc://127.0.0.1:{one.port}", nick=nick, rooms=["#ci"], backoff=(0.01, 0.05), timeout=PATIENCE
        )
        for one, nick in zip(lines, ("ear", "mouth"), strict=True)
    )
    with ear, mouth:
        for one in lines:
            one.break_often(5)
        receipts = [mouth.say("#ci", text) for text in SAID]
        for receipt in receipts:
            assert receipt.wait(PATIENCE)
        mouth.say("#ci", LAST)
        assert texts_of(ear) == SAID
        mouth.flush(PATIENCE)
        assert [message.text for message in ear.history("#ci", limit=MESSAGES * 2)] == [*SAID, LAST]
    assert all(len(one.broken) >= 3 for one in lines), "the lines broke too seldom"


@pytest.mark.parametrize("joined", [Client, ClientOnLoop], ids=["threads", "asyncio"])
def test_edits_over_lines_that_break(server, line, joined):
    """Each edit is told once, and who follows ends with the texts of now, as the terminal client does."""
    broken = line(7)
    options: dict[str, Any] = {"rooms": ["#ci"], "backoff": (0.01, 0.05), "timeout": PATIENCE}
    state = ChatState("ear")
    edits: list[tuple[str, str]] = []
    with (
        joined(f"irc://127.0.0.1:{broken.port}", nick="ear", playback=True, **options) as ear,
        Client(f"irc://127.0.0.1:{server.port}", nick="mouth", **options) as mouth,
    ):
        broken.break_often(6)
        ids = []
        for number in range(60):
            ids.append(mouth.say("#ci", f"message {number}").wait(PATIENCE))
            mouth.edit("#ci", ids[-1], f"edited {number}")
            mouth.edit("#ci", ids[number // 2], f"edited {number // 2} at {number}")
        mouth.say("#ci", LAST)
        is_told_all = False
        while not is_told_all or len(edits) < 120:  # a page of the history has its messages first
            event = ear.receive(PATIENCE)
            assert not isinstance(event, Gap)
            if isinstance(event, Message) and event.text == LAST:
                is_told_all = True
                continue
            state.take(event)
            if isinstance(event, Edited):
                edits.append((event.id, event.text))
    assert len(broken.broken) >= 3, "the line broke too seldom"
    assert len(edits) == len(set(edits)) == 120
    shown = state.conversations["#ci"].by_id
    assert list(shown) == ids
    for number, id in enumerate(ids):
        last = f"edited {number} at {2 * number + 1}" if number < 30 else f"edited {number}"
        assert (shown[id].message.text, shown[id].edited) == (last, True)


def test_plain_text_over_lines_that_cut_anywhere(line):
    with harness.Client(line(1).port) as ear, harness.Client(line(2).port) as mouth:
        for one, name in ((ear, "ear"), (mouth, "mouth")):
            one.send(f"{name}\n")
            one.until(f"Hello, {name}!")
        ear.until("mouth is online\n")
        mouth.send("".join(f"{text}\n" for text in (*SAID, LAST)))
        mouth.end_input()
        heard = ear.until(f"mouth: {LAST}\n")
        assert heard == "".join(f"mouth: {text}\n" for text in (*SAID, LAST))
        assert ear.line() == "mouth left chat"


def test_a_line_that_ends_closes_what_it_just_accepted():
    """What stays open warns where it is collected: in any other test."""
    with create_server(("127.0.0.1", 0)) as silent:
        for _ in range(40):
            with (
                faulty_line(silent.getsockname()[1], 1) as ending,
                create_connection(("127.0.0.1", ending.port), PATIENCE),
            ):
                pass
    gc.collect()


def come(socket, name):
    """Has somebody come into the room."""
    for asked in (f"NICK {name}", "USER u 0 * :r", "JOIN #ci", "PING settled"):
        socket.send(asked)
    while " PONG " not in str(socket.recv(PATIENCE)):
        pass


def test_websocket_over_lines_that_cut_anywhere(line):
    ports = [line(seed, "bytes", "joined", "late").port for seed in (1, 2)]
    with ExitStack() as sockets:
        ear, mouth = (
            sockets.enter_context(
                websocket(
                    f"ws://127.0.0.1:{port}/",
                    subprotocols=[Subprotocol("text.ircv3.net")],
                    origin=Origin(f"http://127.0.0.1:{port}"),
                    proxy=None,
                )
            )
            for port in ports
        )
        come(ear, "ear")
        come(mouth, "mouth")
        for text in (*SAID, LAST):
            mouth.send(f"PRIVMSG #ci :{text}")
        heard: list[str] = []
        while LAST not in heard:
            _, said, text = str(ear.recv(PATIENCE)).partition(" PRIVMSG #ci :")
            heard += [text] * bool(said)
        assert heard == [*SAID, LAST]
