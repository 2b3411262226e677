"""The generator's frames, against the library's server side; and a whole run against our server."""

import socket
import threading
from random import Random

import pytest
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import SERVER, Protocol
from websockets.server import ServerProtocol

from asyncchat.bench.protocols import WebSocketIrc, make_dialect
from asyncchat.bench.run import Settings, run
from asyncchat.bench.scenario import Scenario
from asyncchat.bench.servers import Remote
from asyncchat.bench.websocket import Frames, Shared, handshake
from asyncchat.errors import AsyncChatError
from tests.bench.test_run import silent
from tests.server.harness import serving

WEB = Scenario("web", clients=12, senders=4, rooms=2, window=3, seconds=0.2, warmup=0.05,
               surface="websocket", filler="words")  # fmt: skip


def sent(*lines, deflate=None):
    """What a server sends for these lines, each compressed by the extension if there is one."""
    frames = [Frame(Opcode.TEXT, line) for line in lines]
    return b"".join(
        frame.serialize(mask=False, extensions=[] if deflate is None else [deflate]) for frame in frames
    )


def test_the_handshake_is_one():
    server = ServerProtocol()
    server.receive_data(handshake("::1", 80, "bxyz00001"))
    (request,) = server.events_received()
    assert isinstance(request, Request)
    assert server.accept(request).status_code == 101


def test_lines_become_frames_that_a_server_reads():
    irc = make_dialect("irc", (), "websocket")
    assert isinstance(irc, WebSocketIrc)
    text = b"x" * 200
    server = Protocol(SERVER)
    server.receive_data(irc.wire(b"NICK a\r\nUSER b\r\n") + irc.say(0, len(text)) + text + irc.end)
    assert server.parser_exc is None
    said = [bytes(frame.data) for frame in server.events_received() if isinstance(frame, Frame)]
    assert said == [b"NICK a", b"USER b", f"PRIVMSG {irc.room(0)} :".encode() + text]


LONG = b"d" * 70_000
LINES = [b"a", b"b" * 125, b"c" * 126, LONG, b"the same again", b"the same again"]


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("size", [1, 7, 1000, 1_000_000])
def test_frames_become_lines_in_any_pieces(compressed, size):
    data = sent(*LINES, deflate=PerMessageDeflate(False, False, 15, 15) if compressed else None)
    frames = Frames(Shared())
    found, at = b"", 0
    while at < len(data):
        # What of a long line differs in nothing from what is beside it comes at once.
        piece = data[at : at + size]
        if data.startswith(LONG[1000:], at):
            piece = data[at : at + len(LONG) - 1000]
        found += frames.read(piece)
        at += len(piece)
    assert found == b"".join(line + b"\r\n" for line in LINES)


def test_members_that_received_the_same_share_it_and_others_do_not():
    """Each has its own window: what refers back to what another has received is a fault."""
    shared = Shared()
    deflate = PerMessageDeflate(False, False, 15, 15)
    text = Random(1).randbytes(400).hex().encode()  # noqa: S311  # no secret
    first, again = sent(text, deflate=deflate), sent(text, deflate=deflate)
    assert len(again) < len(first) / 4
    one, two, three = Frames(shared), Frames(shared), Frames(shared)
    for frames in (one, two):
        assert frames.read(first) == text + b"\r\n"
    for frames in (one, two):
        assert frames.read(again) == text + b"\r\n"
    with pytest.raises(AsyncChatError, match="can't be decompressed"):
        three.read(again)


@pytest.mark.parametrize(
    "data",
    [
        Frame(Opcode.TEXT, b"x").serialize(mask=True),
        Frame(Opcode.TEXT, b"x", fin=False).serialize(mask=False),
        b"\xc1\x02\xff\xff",
    ],
)
def test_what_a_server_may_not_send_here_is_said(data):
    with pytest.raises(AsyncChatError):
        Frames(Shared()).read(data)


def test_a_window_is_the_last_32_kib():
    deflate = PerMessageDeflate(False, False, 15, 15)
    chance = Random(1)  # noqa: S311  # no secret
    texts = [chance.randbytes(600).hex().encode() for _ in range(80)]
    frames = Frames(Shared())
    data = b"".join(sent(text, deflate=deflate) for text in texts * 2)
    assert b"".join(frames.read(data[at : at + 999]) for at in range(0, len(data), 999)) == b"".join(
        text + b"\r\n" for text in texts * 2
    )


def test_a_run_over_websocket():
    with serving(limits=False) as server:
        [(_, metrics)] = run(Remote(f"irc://127.0.0.1:{server.port}"), [WEB], Settings(), silent)
    assert metrics.faults == ""
    assert metrics.values["messages_per_s"] > 0
    assert metrics.values["bytes"] > WEB.payload
    assert metrics.version


def test_a_server_without_websockets():
    def refuse() -> None:
        client, _ = listener.accept()
        with client:
            client.recv(4096)
            client.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        answering = threading.Thread(target=refuse)
        answering.start()
        target = Remote(f"irc://127.0.0.1:{listener.getsockname()[1]}")
        with pytest.raises(AsyncChatError, match=r"is no WebSocket: HTTP/1\.1 404 Not Found"):
            next(run(target, [WEB], Settings(), silent))
        answering.join()
