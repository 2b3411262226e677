"""What is fuzzed: for each dialect its seeds, and what must hold of any bytes.

A check raises where an invariant does not hold: nothing raises, any chunking gives the same, buffers and work
are bounded, no line that goes out is over its limit or holds a line break or a NUL. The cuts of an input come
from its own checksum, so that an input alone is a reproduction.
"""

import asyncio
import gc
import logging
import random
import re
import sys
import zlib
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import zip_longest
from types import FunctionType, MethodType, ModuleType
from typing import Any

import h11
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Frame, Opcode
from websockets.protocol import CLIENT, Protocol

from asyncchat.control import requests
from asyncchat.control.offline import FileExecutor
from asyncchat.control.operations import OPERATIONS, carry_out
from asyncchat.control.requests import Status
from asyncchat.control.wire import Refused, line_of, reply_line, result_in
from asyncchat.core.commands import Command
from asyncchat.core.features.connect import Quit
from asyncchat.core.features.messages import Speech
from asyncchat.dialects import websocket
from asyncchat.dialects.base import Dialect
from asyncchat.dialects.deflate import Deflate
from asyncchat.dialects.irc import dispatch, tokens
from asyncchat.dialects.irc.capabilities import CAPABILITIES
from asyncchat.dialects.irc.client import IrcClient
from asyncchat.dialects.irc.client_batches import Batches
from asyncchat.dialects.irc.server_context import IrcContext
from asyncchat.dialects.plain.client import PlainClient
from asyncchat.dialects.plain.dialect import LINE_BYTES
from asyncchat.dialects.plain.unframed import WRITE_BYTES, Pieces
from asyncchat.dialects.websocket import WebSocket
from asyncchat.log.memory import MemoryLog
from asyncchat.server.http import reader as http_reader
from asyncchat.server.http.messages import Response
from asyncchat.server.http.reader import RequestReader
from asyncchat.server.sniffing import LONGEST_NEGOTIATION, MOST_NEGOTIATED, Kind, sniff
from asyncchat.text.sanitize import shown
from tests.control import test_wire as control_tests
from tests.dialects import test_framing, test_websocket
from tests.dialects.driver import Peer, server_info
from tests.dialects.irc import test_client as irc_client_tests
from tests.dialects.irc import test_dialect as irc_tests
from tests.dialects.irc import test_tokens
from tests.dialects.irc.features import (
    test_accounts,
    test_cap,
    test_connect,
    test_history,
    test_metadata,
    test_multiline,
    test_sasl,
)
from tests.dialects.plain import test_client as plain_client_tests
from tests.dialects.plain import test_dialect as plain_tests
from tests.dialects.plain import test_telnet, test_unframed
from tests.dialects.plain_driver import World
from tests.fuzz import corpus
from tests.server import test_sniffing
from tests.server.harness import Client, ServerThread, serving
from tests.server.hostile import Complaints
from tests.server.http import test_connection, test_parser
from tests.server.http.api.client import give_token

_REQUESTED = [one.name for one in CAPABILITIES if one.requestable]
"""One that can't be requested would have all others of its line refused."""

MOST_INPUT = 65_536
"""Bytes of an input; what is behind them is not looked at."""

NOW = datetime(2030, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Target:
    """One dialect: ``check`` takes any bytes, and raises where they do harm; ``words`` are worth trying."""

    check: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]
    words: tuple[bytes, ...] = ()


def pieces(data: bytes) -> list[bytes]:
    """An input in pieces of any size: single bytes, and larger ones."""
    chance = random.Random(zlib.crc32(data))  # noqa: S311  # the same cuts each time
    most = chance.choice((1, 1, 7, 200))
    cut: list[bytes] = []
    at = 0
    while at < len(data):
        size = chance.randint(1, most)
        cut.append(data[at : at + size])
        at += size
    return cut


def check_irc_lines(data: bytes) -> None:
    """What goes out to an IRC client: whole lines within their limits (Modern IRC; IRCv3 message-tags)."""
    if not data:
        return
    assert data.endswith(b"\r\n"), data[-200:]
    for line in data[:-2].split(b"\r\n"):
        check_irc_line(line)


def check_irc_line(line: bytes) -> None:
    """One line of that, without its end."""
    assert line, "an empty line goes out"
    assert not any(byte in line for byte in b"\r\n\0"), line
    line.decode()
    tags, _, body = line.partition(b" ") if line[:1] == b"@" else (b"", b"", line)
    assert len(body) <= tokens.LINE_BYTES - 2, line
    assert len(tags) < tokens.TAGS_BYTES, line


_TELNET = re.compile(rb"\xff[\xfb\xfc]\x01|\r(?=\n)")


def check_text(data: bytes) -> None:
    """What goes out to a terminal: no control character but the ends of lines and telnet's two commands."""
    for line in _TELNET.sub(b"", data).decode().split("\n"):
        assert shown(line) == line, line


# The server's side: the fuzzed session in a room with others, each of whom speaks another dialect.


class Room(World):
    """A chat in which everybody but the first session is well-behaved; counts what that one asks."""

    def __init__(self, make: Callable[["Room", int], Dialect], *, locked: bool = False) -> None:
        super().__init__(server_info(locked=locked, before_connect=True))
        self.irc = IrcContext(self.plain.info)
        self.websocket = WebSocket(self.irc)
        self.most_held = 0
        self.cost = 0
        self.fuzzed = self.join(lambda id: make(self, id))
        full = b"CAP REQ :" + " ".join(_REQUESTED[:12]).encode() + b"\r\n"
        more = b"CAP REQ :" + " ".join(_REQUESTED[12:]).encode() + b"\r\n"
        come = b"NICK %b\r\nUSER u 0 * :real\r\nCAP END\r\nJOIN #lobby,#tea\r\n"
        self.others = [
            self.come(lambda id: self.irc.dialect(id, "host"), full + more + come % b"anna"),
            self.come(lambda id: self.irc.dialect(id, "host"), come % b"bob"),
            self.come(lambda id: self.plain.dialect(id, "host"), b"zoe\n/join #tea\n"),
        ]
        self.told = [bytearray() for _ in self.peers]
        self.take()
        for kept in self.told:
            kept.clear()

    def come(self, make: Callable[[int], Dialect], data: bytes) -> Peer:
        """Somebody else."""
        if self.plain.info.locked:
            data = b"PASS :open sesame\r\n" + data if b"NICK" in data else b"open sesame\n" + data
        peer = self.join(make)
        self.receive(peer, data)
        assert peer.dialect.entered, peer.sent
        return peer

    def receive(self, peer: Peer, data: bytes) -> None:
        self.obey(peer, peer.dialect.receive_data(data))

    def obey(self, peer: Peer, asked: list[Command]) -> None:
        while asked and not peer.gone:
            if peer is self.fuzzed:
                self.cost += peer.dialect.cost(asked)
            for command in asked:
                self.submit(peer, command)
                if isinstance(command, Quit):
                    peer.sent += peer.dialect.closing_bytes("")
                    peer.gone = True
                if peer.gone:
                    return
            asked = peer.dialect.receive_data(b"")
        self.most_held = max(self.most_held, peer.dialect.backlog)

    def end(self, by: Peer, record: Any) -> None:
        """As the driver's; and a person of several peers."""
        with suppress(KeyError):
            super().end(by, record)

    def hear(self, chunks: Iterable[bytes], *, eof: bool = False) -> list[bytes]:
        """What everybody is told while the session sends this."""
        for chunk in chunks:
            if self.fuzzed.gone:
                break
            self.receive(self.fuzzed, chunk)
        if eof and not self.fuzzed.gone:
            self.obey(self.fuzzed, self.fuzzed.dialect.receive_eof())
        self.take()
        return [bytes(kept) for kept in self.told]

    def take(self) -> None:
        """Collects what was sent."""
        for kept, peer in zip(self.told, self.peers.values(), strict=True):
            kept += peer.sent
            peer.sent.clear()


def _check_others(told: list[bytes]) -> None:
    for lines in told[1:3]:
        check_irc_lines(lines)
    check_text(told[3])


def _lines(data: bytes) -> int:
    return data.count(b"\n") + 1


_HELP = re.compile(rb"(?:^|[\r\n]) *(?:@[^ ]* +)?(?::[^ ]* +)?HELP", re.IGNORECASE)


def _check_irc(data: bytes, before: bytes, **options: Any) -> None:
    def room(chunks: Iterable[bytes]) -> tuple[Room, list[bytes]]:
        made = Room(lambda room, id: room.irc.dialect(id, "host"), **options)
        made.hear((before,))
        made.cost = 0
        return made, made.hear(chunks)

    whole, told = room((data,))
    check_irc_lines(told[0])
    _check_others(told)
    assert whole.most_held <= dispatch.MOST_BYTES + 2
    # A line with a list is one command for each of its targets, and a pause; HELP has an answer of 11 lines.
    helped = 10 * len(_HELP.findall(data))
    assert whole.cost <= 2 * (_lines(data) + data.count(b",")) + helped, whole.cost
    split, apart = room(pieces(data))
    assert told == apart, _first_difference(told, apart)
    assert split.most_held <= dispatch.MOST_BYTES + 2


def _first_difference(one: list[bytes], other: list[bytes]) -> object:
    for number, (a, b) in enumerate(zip(one, other, strict=True)):
        for x, y in zip_longest(a.split(b"\n"), b.split(b"\n")):
            if x != y:
                return number, x, y
    return None


_CAPS = b"".join(
    b"CAP REQ :%b\r\n" % " ".join(_REQUESTED[at : at + 12]).encode() for at in range(0, len(_REQUESTED), 12)
)
_COME = _CAPS + b"NICK ivan\r\nUSER u 0 * :real\r\nCAP END\r\nJOIN #lobby,#tea\r\nOPER owner 7KQ2-M9XD\r\n"


def check_irc(data: bytes) -> None:
    """A member of the room who may use everything."""
    _check_irc(data, _COME)


def check_irc_login(data: bytes) -> None:
    """Somebody who is not in yet."""
    _check_irc(data, b"")


def check_plain(data: bytes) -> None:
    """A person at a terminal, from the password and the name on."""

    def room(chunks: Iterable[bytes], *, eof: bool) -> tuple[Room, list[bytes]]:
        made = Room(lambda room, id: room.plain.dialect(id, "host"), locked=data[:1] == b"o")
        return made, made.hear(chunks, eof=eof)

    whole, told = room((data,), eof=True)
    check_text(told[0])
    _check_others(told)
    _split, apart = room(pieces(data), eof=True)
    if b"\xff" in data:  # from the first of telnet's bytes on its lines are others
        told[0] = apart[0] = b""
    assert told == apart, _first_difference(told, apart)
    assert whole.most_held <= LINE_BYTES + 3
    # One more for what follows a password and an entry, and for the end.
    assert whole.cost <= 2 * (_lines(data) + data.count(b"\r\0")) + 4, whole.cost


def check_unframed(data: bytes) -> None:
    """The original client, each of whose writes is a message; what it gets is cut for it."""
    room = Room(lambda room, id: room.plain.dialect(id, "host", framed=False))
    told = room.hear(pieces(data), eof=True)
    check_text(told[0])
    _check_others(told)
    assert room.most_held <= LINE_BYTES + 3
    cut = Pieces()
    got: list[bytes] = []
    for chunk in (told[0][:300], told[0][300:]):
        cut.feed(chunk)
        while piece := cut.next():
            assert len(piece) <= WRITE_BYTES
            piece.decode()
            got.append(piece)
    assert b"".join(got).replace(b"\n", b"") == told[0].replace(b"\n", b"")


def check_websocket(data: bytes) -> None:
    """Frames: as they are, and as a client would mask them, with compression or without."""

    def room(chunks: Iterable[bytes], binary: bool) -> tuple[Room, list[bytes], list[tuple[Opcode, bytes]]]:
        made = Room(lambda room, id: room.websocket.dialect(id, "host", binary=binary, how=how))
        made.hear((b"".join(_masked(line) for line in _COME.split(b"\r\n") if line),))
        made.cost = 0
        told = made.hear(chunks)
        return made, told[1:], _frames(told[0])

    binary = data[:1] == b"b"
    how = None if data[:1] == b"n" else Deflate()
    whole, told, frames = room((data,), binary)
    split, apart, other = room(pieces(data), binary)
    _check_others([b"", *told])
    assert told == apart, _first_difference(told, apart)
    for pongs in (True, False):  # which stand before or behind what was asked in the same read
        one, two = ([frame for frame in got if (frame[0] is Opcode.PONG) is pongs] for got in (frames, other))
        assert one == two, next(pair for pair in zip_longest(one, two) if pair[0] != pair[1])
    for opcode, message in frames:
        if opcode in (Opcode.TEXT, Opcode.BINARY):
            check_irc_line(message)
    # An unfinished frame, its head, and the fragments before it.
    assert max(whole.most_held, split.most_held) <= websocket.MESSAGE_BYTES + 14
    assert whole.cost <= 2 * len(data) + 2, whole.cost


def _frames(data: bytes) -> list[tuple[Opcode, bytes]]:
    client = Protocol(CLIENT, max_size=None)
    client.extensions = [PerMessageDeflate(False, True, 15, 15)]
    client.receive_data(data)
    assert client.parser_exc is None, client.parser_exc
    return [
        # Its code depends on whether a fault behind a QUIT came in the same read.
        (one.opcode, b"" if one.opcode is Opcode.CLOSE else bytes(one.data))
        for one in client.events_received()
        if isinstance(one, Frame)
    ]


def _masked(line: bytes, opcode: Opcode = Opcode.TEXT, *, fin: bool = True) -> bytes:
    return Frame(opcode, line, fin).serialize(mask=True)


# Which dialect it is.


def check_sniffing(data: bytes) -> None:
    """The first line decides, however it comes."""
    data = data[:LONGEST_NEGOTIATION]

    def decided(chunks: Iterable[bytes]) -> Kind | None:
        begun = b""
        for chunk in chunks:
            begun += chunk
            kind = sniff(begun)
            if kind is not None:
                return kind
        return sniff(begun, ended=True)

    whole, split = decided((data,)), decided(pieces(data))
    # An endless negotiation is garbage once it is too long, and that may come before or behind a line's end.
    assert whole is split or data.count(b"\xff") > MOST_NEGOTIATED, (whole, split)


# HTTP.


class Input:
    """The bytes of a connection as its session gives them to a reader."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self.context = self.pass_turns = self
        self.cutting = False
        self.told = b""
        self.charged = 0.0

    def now(self) -> float:
        """Time stands still."""
        return 0.0

    async def read(self, _seconds: float) -> bytes:
        """The next piece; nothing at the end."""
        return next(self._chunks, b"")

    async def take(self) -> None:
        """Nobody else is there."""

    def charge(self, cost: float) -> None:
        """Counts."""
        self.charged += cost

    def tell(self, data: bytes) -> None:
        """Keeps an interim answer."""
        self.told += data


def check_http(data: bytes) -> None:
    """Requests one after another: their heads and bodies, beside what h11 reads of them."""
    whole, split = _run(_requests([data])), _run(_requests(pieces(data)))
    assert whole == split, (whole, split)
    assert len(whole) <= data.count(b"\r\n\r\n") + 1
    oracle = h11.Connection(h11.SERVER)
    oracle.receive_data(data)
    oracle.receive_data(b"")
    for method, target, headers, body in whole:
        if isinstance(body, int):
            break
        try:
            event = oracle.next_event()
        except h11.RemoteProtocolError as error:
            # An empty line before it, which RFC 9112, 2.2 allows, and bytes in a target that are no URI's.
            if "no request line" in str(error) or not target.isascii():
                break
            raise
        assert isinstance(event, h11.Request), event
        assert (event.method, event.target) == (method.encode(), target.encode("latin-1"))
        ours = [(name.encode(), value.encode("latin-1")) for name, value in headers]
        theirs = [(name, value) for name, value in event.headers]
        if not any(name == b"transfer-encoding" for name, _ in theirs):  # it normalizes those
            assert [one for one in ours if one[0] != b"content-length"] == [
                one for one in theirs if one[0] != b"content-length"
            ]
        read = bytearray()
        try:
            while isinstance(event := oracle.next_event(), h11.Data):
                read += event.data
        except h11.RemoteProtocolError as error:
            if "Transfer-Encoding" in str(error) or "Content-Length" in str(
                error
            ):  # trailers, which mean nothing here
                break
            raise
        assert isinstance(event, h11.EndOfMessage), event
        assert body is None or read == body
        with suppress(h11.LocalProtocolError):
            oracle.send(h11.Response(status_code=200, headers=[("content-length", "0")]))
            oracle.send(h11.EndOfMessage())
        if oracle.our_state is not h11.DONE or oracle.their_state is not h11.DONE:
            break
        oracle.start_next_cycle()


async def _requests(chunks: Iterable[bytes]) -> list[tuple[str, str, Any, Any]]:
    """Method, target, headers, and body, or the status of its refusal, or None: each third is skipped."""
    chunks = iter(chunks)
    reader: Any = RequestReader(Input(chunks), b"", ended=False)  # type: ignore[arg-type]
    found: list[tuple[str, str, Any, Any]] = []
    for number in range(100):
        head = await reader.head()
        assert len(reader.rest()) <= max(http_reader.HEAD_BYTES, MOST_INPUT)
        if head is None:
            break
        if isinstance(head, Response):
            found.append(("", "", (), head.status))
            break
        if number % 3 == 2:
            if not reader.may_follow or not await reader.skip():
                break
            body: Any = None
        else:
            body = await reader.read()
        if isinstance(body, Response):
            found.append((head.method, head.target, head.headers, body.status))
            break
        assert body is None or len(body) <= http_reader.BODY_BYTES
        found.append((head.method, head.target, head.headers, body))
    return found


def _run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Runs what waits for nothing but its turn."""
    while True:
        try:
            coroutine.send(None)
        except StopIteration as done:
            return done.value


# A whole server.


class Serving:
    """A server with somebody in it who must be answered whatever the others send; made anew now and then."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._left = 0

    def server(self) -> tuple[ServerThread, Client, Complaints]:
        """The server, who waits there, and what was logged that must not be."""
        if not self._left:
            self.stop()
            complaints = self._stack.enter_context(_watched())
            server = self._stack.enter_context(serving(limits=False))
            give_token(server, "bot", "post", "read", "who")
            self._now = server, server.irc("waiting"), complaints
            self._left = 500
        self._left -= 1
        return self._now

    def stop(self) -> None:
        """Ends it, if there is one."""
        self._stack.close()


@contextmanager
def _watched() -> Iterator[Complaints]:
    complaints, logger = Complaints(), logging.getLogger("asyncchat")
    logger.addHandler(complaints)
    try:
        yield complaints
    finally:
        logger.removeHandler(complaints)


_SERVING = Serving()


def stop() -> None:
    """Ends the server of ``check_server``, if there is one; what it logged as a bug is raised."""
    _SERVING.stop()


def check_server(data: bytes) -> None:
    """A connection to a real server: whoever else is there is answered, and nothing is a bug."""
    server, waiting, complaints = _SERVING.server()
    peer = server.connect()
    server.clients.remove(peer)
    with peer, suppress(OSError):
        for chunk in pieces(data)[:20]:
            peer.send(chunk)
        peer.end_input()
        waiting.send("PING here\r\n")
        waiting.until(" PONG ")
        waiting.until("\n")
        peer.socket.settimeout(0.0)
        peer.socket.recv(65_536)
    # A password that a mutation put into a name is no fault.
    bugs = [text for text in complaints.found if "bug of asyncchat" in text or "Traceback" in text]
    assert not bugs, bugs


def _server_seeds() -> list[bytes]:
    asked = b"%b HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer bot\r\n"
    post = asked + b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
    body = b'{"text": "hi", "kind": "action", "reply_to": "e1-1"}'
    upgrade = b"".join(b"%b: %b\r\n" % (a.encode(), b.encode()) for a, b in test_websocket.HANDSHAKE[1:])
    paths = (
        "/rooms",
        "/rooms/ci/messages?limit=5&before=e1-3",
        "/rooms/%23ci/members",
        "/rooms/ci/stream?after=1",
        "/openapi.json",
    )
    return [
        *(asked % f"GET /api/v1{path}".encode() + b"\r\n" for path in paths),
        post % (b"POST /api/v1/rooms/ci/messages", len(body), body),
        (asked % b"GET /")
        + upgrade
        + b"\r\n"
        + b"".join(_masked(line) for line in _COME.split(b"\r\n") if line),
        _COME + b"PRIVMSG #tea :hi\r\nSEARCH text=hi\r\nCHATHISTORY LATEST #tea * 5\r\n",
        *_http_seeds()[:40],
        *_irc_seeds()[:40],
        *corpus.typed_lines(20),
        *corpus.constants(test_sniffing),
    ]


# The control socket.


def check_control(data: bytes) -> None:
    """Lines of a console for the server, and a server's for a console."""
    executor = FileExecutor(MemoryLog())

    async def carried_out() -> None:
        for line in data.split(b"\n")[:20]:
            with suppress(Refused):
                result_in(line, Status)
            try:
                answer = reply_line(await carry_out(executor, line + b"\n"))
            except Refused as refused:
                answer = reply_line(refused)
            assert answer.count(b"\n") == 1, answer

    asyncio.run(carried_out())


# The client's side.


def check_irc_client(data: bytes) -> None:
    """A server that sends anything to a client that has said and asked something; then it speaks."""

    def client(chunks: Iterable[bytes]) -> tuple[list[Any], list[bytes], IrcClient]:
        made = IrcClient("me")
        made.receive_data(_WELCOME, NOW)
        made.join("#tea")
        for number in range(1, 4):
            made.say(number, "#tea", f"message {number}")
        made.history(7, "#tea", "LATEST", "*", limit=50)
        values: list[Any] = []
        sent = [made.data_to_send()]
        for chunk in chunks:
            values += made.receive_data(chunk, NOW)
        sent.append(made.data_to_send())
        return values, sent, made

    values, sent, made = client((data,))
    split = client(pieces(data))
    assert values == split[0]
    assert sent == split[1]
    assert len(values) <= 40 * _lines(data), len(values)
    text = data.decode("utf-8", "replace")
    for speech in Speech:
        try:
            parts = made.parts("#tea", text[:2000], speech)
            for number, part in enumerate(parts, 100):
                made.say(number, "#tea", part, speech)
        except ValueError:
            continue
    for ask in (made.join, made.change_nick, lambda word: made.send("TOPIC", "#tea", word)):
        with suppress(ValueError):
            ask(text[:200])
    for line in b"".join((*sent, made.data_to_send())).split(b"\r\n")[:-1]:
        assert line, "an empty line goes out"
        assert not any(byte in line for byte in b"\r\n\0"), line

    def again() -> None:
        made.receive_data(data, NOW)
        made.data_to_send()
        _end_batches(made.batches)

    _check_level(made, data, again)


def _end_batches(batches: Batches) -> None:
    """Ends what is open, which is held until then; every line of it is counted out."""
    for ref in tuple(batches._open):
        batches.boundary(tokens.Message("BATCH", (f"-{ref}",)))
    assert (batches._open, batches._held) == ({}, 0)


def check_plain_client(data: bytes) -> None:
    """A server that sends anything to the plain client, framed and unframed; then the client speaks."""

    def told(chunks: Iterable[bytes]) -> list[Any]:
        made = PlainClient()
        made.receive_data(b"Hello, me!\n")
        values = [value for chunk in chunks for value in made.receive_data(chunk)]
        return [*values, *made.receive_eof()]

    whole = told((data,))
    assert whole == told(pieces(data))
    assert len(whole) <= _lines(data)
    fresh = PlainClient()
    for chunk in pieces(data):
        fresh.receive_data(chunk)
    text = data.decode("utf-8", "replace")
    for framed in (True, False):
        made = PlainClient(framed=framed)
        for chunk in pieces(data):
            made.receive_data(chunk)
        assert made.enter(text).count(b"\n") <= framed
        for write in (made.command(text), *made.say(text)):
            lines = write.decode().splitlines()
            assert framed or (len(lines) <= 1 and len(write) <= WRITE_BYTES) or len(text) > 300
            check_text(write)
        assert made.command(text).count(b"\n") <= framed
    _check_level(fresh, data, lambda: fresh.receive_data(data))


def _check_level(thing: object, data: bytes, again: Callable[[], object], times: int = 20) -> None:
    """What is held does not grow for ever by the same input; looked at now and then, since it takes long."""
    if zlib.crc32(data) % 8:
        return
    for _ in range(times):
        again()
    before = held(thing)
    for _ in range(times):
        again()
    assert held(thing) <= before * 1.5 + 4096, (before, held(thing))


def held(thing: object) -> int:
    """Bytes of an object and all that only it may change."""
    seen: set[int] = set()
    waiting, total = [thing], 0
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, type | ModuleType | FunctionType | MethodType):
            continue
        seen.add(id(one))
        total += sys.getsizeof(one)
        waiting += gc.get_referents(one)
    return total


_USED = b"batch labeled-response message-tags server-time echo-message draft/chathistory draft/multiline"
_WELCOME = (
    b":s CAP * LS :%b\r\n:s CAP me ACK :%b\r\n:s 001 me :Hi\r\n:s 005 me CHANTYPES=# PREFIX=(ov)@+ :ok\r\n"
    b":s 376 me :End\r\n:me!~me@h JOIN #tea\r\n" % (_USED, _USED)
)


def _irc_seeds() -> list[bytes]:
    tables = (
        irc_tests, test_tokens, test_accounts, test_cap, test_connect, test_history, test_metadata,
        test_multiline, test_sasl, test_framing,
    )  # fmt: skip
    found = [
        line for table in tables for line in corpus.constants(table) if line[:1].isupper() or line[:1] == b"@"
    ]
    return [*corpus.irc_lines(200), *(line.rstrip(b"\r\n") + b"\r\n" for line in found)]


def _websocket_seeds() -> list[bytes]:
    seeds = [b"".join(_masked(line) for line in script.split(b"\r\n")) for script in corpus.irc_lines(60)] + [
        one for one in corpus.constants(test_websocket) if one[:1] >= b"\x80"
    ]
    parts = [
        _masked(b"PRIVMSG #tea :", fin=False),
        _masked(b"hel", Opcode.CONT, fin=False),
        _masked(b"lo", Opcode.CONT),
    ]
    packed = [
        Frame(Opcode.TEXT, line).serialize(mask=True, extensions=[PerMessageDeflate(True, True, 15, 15)])
        for line in (b"PRIVMSG #tea :packed", b"PRIVMSG #tea :" + b"x" * 300, b"y" * 100_000)
    ]
    control = [_masked(b"x", Opcode.PING), _masked(b"", Opcode.PONG), _masked(b"\x03\xe8bye", Opcode.CLOSE)]
    return [
        *seeds,
        *packed,
        b"".join(packed),
        b"".join(parts),
        parts[0] + control[0] + parts[1] + parts[2],
        *control,
        b"".join(control),
    ]


def _http_seeds() -> list[bytes]:
    found = corpus.constants(test_parser) + corpus.constants(test_connection)
    chunked = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    return [
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\nHEAD /x HTTP/1.1\r\nHost: b\r\nX: y\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET / HTTP/1.0\r\n\r\n",
        chunked + b"5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        chunked + b"1\r\na\r\n" * 40 + b"0\r\n\r\n",
        *(b"GET / HTTP/1.1\r\nHost: a\r\n%b\r\n\r\n" % one for one in found if b":" in one),
        *(one for one in found if b"HTTP" in one),
    ]


def _requests_of_all_kinds() -> list[bytes]:
    asked = [
        requests.AddAccount("anna", "open sesame"), requests.ChangeAccountPassword("anna", "hunter2secret"),
        requests.DropAccount("anna"), requests.AddToken("ci", "0" * 64, ("#tea",), ("say",)),
        requests.RevokeToken("ci"), *(kind() for kind in OPERATIONS if not kind.__struct_fields__),
    ]  # fmt: skip
    return [line_of(one) for one in asked] + [b"".join(line_of(one) for one in asked)]


def _irc_client_seeds() -> list[bytes]:
    heard = [one for one in corpus.constants(irc_client_tests) if one[:1] in b":@"]
    batch = (
        b"BATCH +a %b #tea\r\n@batch=a :b!b@h PRIVMSG #tea :x\r\n"
        b"@batch=a;draft/multiline-concat :b!b@h PRIVMSG #tea :y\r\nBATCH -a\r\n"
    )
    return [
        *(line + b"\r\n" for line in heard),
        *(b"\r\n".join(heard[at : at + 12]) + b"\r\n" for at in range(0, len(heard), 12)),
        *(batch % kind for kind in (b"draft/multiline", b"chathistory", b"labeled-response", b"netjoin")),
    ]


_IRC_WORDS = (
    b"PRIVMSG ", b"JOIN ", b"BATCH +", b"BATCH -", b"@batch=", b"@label=", b"\r\n", b" :", b"#tea", b"#lobby",
    b"CHATHISTORY ", b"MODE ", b"\x01ACTION ", b"draft/multiline", b"timestamp=", b"msgid=", b"\xff", b"\0",
    b"\xe2\x80\xae",
)  # fmt: skip

TARGETS = {
    "irc": Target(check_irc, _irc_seeds, _IRC_WORDS),
    "irc-login": Target(
        check_irc_login, _irc_seeds, (*_IRC_WORDS, b"NICK ", b"USER ", b"CAP REQ :", b"AUTHENTICATE ")
    ),
    "plain": Target(
        check_plain,
        lambda: [
            *(b"ivan\n" + one for one in corpus.typed_lines(100)),
            *(
                one.rstrip(b"\n") + b"\n"
                for one in corpus.constants(plain_tests) + corpus.constants(test_telnet)
            ),
            b"open sesame\nivan\n/login anna hunter2secret\nhi\n",
        ],
        (
            b"/join ",
            b"/history",
            b"/search ",
            b"exit",
            b"\xff\xfa",
            b"\xff\xf0",
            b"\r\0",
            b"\xff\xfb\x01",
            b"//",
        ),
    ),
    "unframed": Target(
        check_unframed,
        lambda: [b"ivan", *corpus.typed_lines(50), *corpus.constants(test_unframed)],
        (b"ivan", b"\xd0\x98", b"\xff\xfb\x01", b"\n"),
    ),
    "websocket": Target(
        check_websocket, _websocket_seeds, (b"\x81\x80", b"\x89\x80", b"\x88\x80", b"\x01\x80", b"\xff" * 8)
    ),
    "sniffing": Target(
        check_sniffing,
        lambda: corpus.constants(test_sniffing) + [one[:200] for one in _http_seeds()[:4]],
        (
            b"PROXY ",
            b"\xff\xfa",
            b"\xff\xf0",
            b"\xef\xbb\xbf",
            b"GET / HTTP/1.1\r\n",
            b"NICK x\r\n",
            b"SSH-2.0-",
        ),
    ),
    "http": Target(
        check_http,
        _http_seeds,
        (
            b"\r\n\r\n",
            b"Transfer-Encoding: chunked\r\n",
            b"Content-Length: 5\r\n",
            b"Host: a\r\n",
            b"HTTP/1.1\r\n",
            b"HTTP/1.0\r\n",
            b"0\r\n\r\n",
            b"Expect: 100-continue\r\n",
            b"\n",
        ),
    ),
    "server": Target(
        check_server,
        _server_seeds,
        (b"\r\n\r\n", b"/api/v1/rooms/", b"ivan\n", b"?limit=", b"Idempotency-Key: ", b"%ff"),
    ),
    "control": Target(
        check_control,
        lambda: [*corpus.constants(control_tests), *_requests_of_all_kinds()],
        (b'{"do":"', b"[" * 64, b"\\u0000"),
    ),
    "irc-client": Target(
        check_irc_client, _irc_client_seeds, (*_IRC_WORDS, b"@time=", b" 005 me ", b" 353 me = #tea :")
    ),
    "plain-client": Target(
        check_plain_client,
        lambda: corpus.constants(plain_client_tests),
        (b"Hello, ", b" is online\n", b"[#tea] ", b"[private] ", b"Welcome! Enter your name or nickname: "),
    ),
}
"""Each by its name on the command line."""
