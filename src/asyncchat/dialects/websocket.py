"""IRC over WebSocket, the server's side: a line is a message (IRCv3 "WebSocket support", RFC 6455).

Owns the opening handshake, frames, and what a close code says. What the lines mean is ``irc``'s: an
``IrcDialect`` stands behind each ``WebSocketDialect``. Frames of others' events are made once for an
encoder and shared, as TCP's bytes are: a server's frames are not masked, and those of a room's batch may be
compressed (``deflate``).
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final
from weakref import WeakValueDictionary

import msgspec
from websockets.datastructures import Headers
from websockets.exceptions import InvalidHandshake
from websockets.frames import Close, CloseCode, Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import OPEN, SERVER, Protocol
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from asyncchat.core.commands import Command, DialectReply
from asyncchat.core.events import Record
from asyncchat.core.features.connect import Quit
from asyncchat.core.text import cut
from asyncchat.dialects import deflate
from asyncchat.dialects.base import COMMANDS_A_TURN, Outcome
from asyncchat.dialects.deflate import CompressedFrame, Deflate
from asyncchat.dialects.irc.dialect import IrcDialect
from asyncchat.dialects.irc.encoder_base import EncoderBase
from asyncchat.dialects.irc.server_context import IrcContext

MESSAGE_BYTES: Final = 16_384
"""Longest message: three times the longest line with its tags, which the dialect then refuses in words."""

REASON_BYTES: Final = 123
"""Longest reason in a close frame: a control frame has 125 bytes, the code takes two (RFC 6455, 5.5)."""

TEXT_SUBPROTOCOL: Final = Subprotocol("text.ircv3.net")
BINARY_SUBPROTOCOL: Final = Subprotocol("binary.ircv3.net")

_FIN = 0x80
_TEXT = _FIN | Opcode.TEXT
_BINARY = _FIN | Opcode.BINARY


class Handshake(msgspec.Struct, frozen=True):
    """The answer to an opening handshake: 101 where it succeeds, else a status with a reason to show."""

    status: int
    headers: tuple[tuple[str, str], ...]
    reason: str = ""
    binary: bool = False
    deflate: Deflate | None = None


def shake_hands(
    method: str, target: str, headers: Iterable[tuple[str, str]], *, compression: bool = False
) -> Handshake:
    """Answers an opening handshake (RFC 6455, 4.2); host and origin are checked before.

    The first of the client's subprotocols that the server knows counts; without one, messages are text. So
    does the first of its offers of compression that can be accepted.
    """
    if method != "GET":
        return Handshake(405, (("Allow", "GET"),), f"it is a {method}, not a GET")
    extensions = [deflate.FACTORY] if compression else None
    protocol = _Handshake(subprotocols=[TEXT_SUBPROTOCOL, BINARY_SUBPROTOCOL], extensions=extensions)
    try:
        return _answer(protocol, target, headers)
    finally:
        protocol.parser.close()  # it and the protocol refer to each other


def _answer(protocol: ServerProtocol, target: str, headers: Iterable[tuple[str, str]]) -> Handshake:
    used = [(name, value) for name, value in headers if name.lower() in _USED]
    try:
        response = protocol.accept(Request(target, Headers(used)))
    except InvalidHandshake as error:
        return Handshake(400, (), str(error))
    if response.status_code == 101:
        said = tuple((name, value) for name, value in response.headers.raw_items() if name != "Date")
        agreed = deflate.agreement(protocol.extensions[0]) if protocol.extensions else None
        return Handshake(101, said, binary=protocol.subprotocol == BINARY_SUBPROTOCOL, deflate=agreed)
    also = tuple((name, value) for name, value in response.headers.raw_items() if name in _KEPT)
    if response.status_code in (400, 426):
        also = (*also, ("Sec-WebSocket-Version", "13"))
    if any(name == "Upgrade" for name, _ in also):  # it is the connection's (RFC 9110, 7.8)
        also = (*also, ("Connection", "Upgrade"))
    return Handshake(response.status_code, also, str(protocol.handshake_exc or ""))


_USED = frozenset(
    (
        *("connection", "upgrade", "sec-websocket-key", "sec-websocket-version"),
        *("sec-websocket-protocol", "sec-websocket-extensions"),
    )
)
"""Headers that the handshake is made of; others are not looked at."""

_KEPT = ("Allow", "Upgrade")


class _Handshake(ServerProtocol):
    """Takes the first subprotocol that the server knows."""

    def select_subprotocol(self, subprotocols: Sequence[Subprotocol]) -> Subprotocol | None:
        known = self.available_subprotocols or ()
        return next((name for name in subprotocols if name in known), None)


def framed(lines: bytes, first: int = _TEXT) -> bytes:
    """Lines with their ends as messages without, each in a frame that begins with this byte."""
    if lines.find(b"\r\n") == len(lines) - 2:
        return _frame(lines[:-2], first)
    return b"".join([_frame(line, first) for line in lines.split(b"\r\n") if line])


def _frame(data: bytes, first: int) -> bytes:
    size = len(data)
    if size < 126:
        return b"%c%c%b" % (first, size, data)
    return deflate.head(first, size) + data  # no line is longer than 65,535 bytes


class Frames(msgspec.Struct, frozen=True):
    """Frames as an answer: they go out as they are."""

    data: bytes


class WebSocketEncoder:
    """The frames of others' events for sessions that would get the same lines."""

    __slots__ = ("__weakref__", "_first", "irc")

    join = staticmethod(b"".join)

    def __init__(self, irc: EncoderBase, first: int) -> None:
        self.irc = irc
        self._first = first

    def encode(self, record: Record) -> bytes:
        """The frames of an event, or nothing where IRC has no word for it."""
        return framed(self.irc.encode(record), self._first)


class CompressingEncoder(WebSocketEncoder):
    """The same for sessions that have agreed on compression."""

    __slots__ = ("_deflate",)

    def __init__(self, irc: EncoderBase, first: int, how: Deflate) -> None:
        super().__init__(irc, first)
        self._deflate = how

    def join(self, lines: list[bytes]) -> bytes:  # type: ignore[override]  # the other one needs no self
        """The frames of a batch, compressed once for all who get them."""
        return deflate.deflate(b"".join(lines), self._deflate)


class WebSocket:
    """What all WebSocket sessions of a server share: made once.

    Args:
        irc: gives each session its IRC.
    """

    def __init__(self, irc: IrcContext) -> None:
        self._irc = irc
        # As long as somebody has it, as ``IrcContext`` keeps its own.
        self._encoders: WeakValueDictionary[_EncoderKey, WebSocketEncoder] = WeakValueDictionary()

    def dialect(
        self,
        session: int,
        host: str,
        *,
        binary: bool = False,
        how: Deflate | None = None,
        is_confidential: bool = True,
    ) -> "WebSocketDialect":
        """The dialect of a session whose handshake was answered; ``how`` is what that said of compression."""
        irc = self._irc.dialect(session, host, is_confidential=is_confidential)
        return WebSocketDialect(self, irc, _BINARY if binary else _TEXT, how)

    def encoder(self, irc: EncoderBase, first: int, how: Deflate | None = None) -> WebSocketEncoder:
        """How others' events are told to who would get these lines."""
        encoder = self._encoders.get((irc, first, how))
        if encoder is None:
            encoder = WebSocketEncoder(irc, first) if how is None else CompressingEncoder(irc, first, how)
            self._encoders[irc, first, how] = encoder
        return encoder


_EncoderKey = tuple[EncoderBase, int, Deflate | None]


class WebSocketDialect:
    """One session's IRC in frames (``dialects.base.Dialect``)."""

    __slots__ = (
        "_closing", "_deflate", "_ended", "_first", "_frames", "_input", "_irc", "_is_compressed", "_is_text",
        "_last", "_message", "_protocol", "_shared", "encoder",
    )  # fmt: skip

    def __init__(self, shared: WebSocket, irc: IrcDialect, first: int, how: Deflate | None = None) -> None:
        self._shared = shared
        self._irc = irc
        self._first = first
        self._deflate = how
        self._protocol = Protocol(SERVER, max_size=MESSAGE_BYTES)
        if how is not None:
            self._protocol.extensions = deflate.MARKS
        self._input = bytearray()
        """What was received and not read: as bytes it takes no more memory than it weighs."""
        self._message = bytearray()
        """A message's fragments so far; ``Protocol`` bounds them."""
        self._is_text = False
        """Whether that message is text."""
        self._is_compressed = False
        """Whether it is compressed; then its fragments are kept as they came."""
        self._frames = 0
        """Frames of the last turn that gave no line: control frames and fragments. And one for each KiB that
        was inflated."""
        self._closing = ""
        """Why the peer's frames are no longer read: it has closed, or broken the protocol."""
        self._last = b""
        """The frames that answer that, which are the last ones."""
        self._ended = False
        self.encoder = shared.encoder(irc.encoder, first, how)

    @property
    def entered(self) -> bool:
        """Whether this session is a person."""
        return self._irc.entered

    def awaits(self, command: Command) -> bool:
        """Whether nothing is read after this command until its outcome has been told."""
        return self._irc.awaits(command)

    @property
    def backlog(self) -> int:
        """Bytes received that are not yet given out as commands."""
        return len(self._input) + self._irc.backlog

    def receive_data(self, data: bytes, limit: int = COMMANDS_A_TURN) -> list[Command]:
        """Takes what was read, gives the next commands.

        At most ``limit`` frames are read; the others stay bytes.
        """
        pongs = b""
        lines: list[bytes] = []
        self._frames = 0
        if not self._closing:
            self._input += data
            if not self._irc.backlog:
                lines = self._read(limit)
                writes = b"".join(self._protocol.data_to_send())
                if self._protocol.state is OPEN:
                    pongs = writes
                else:
                    self._last = writes
                    self._closing = _reason(self._protocol)
                    self._input.clear()
        commands = self._irc.receive_data(b"".join(lines), limit)
        if self._closing and not (self.backlog or (commands and commands[-1].barrier)):
            commands = [*commands, Quit(self._closing)]
        if pongs or (self._input and self._frames and not commands):  # or the session would not call again
            return [DialectReply(Frames(pongs)), *commands]
        return commands

    def cost(self, commands: Sequence[Command]) -> int:
        """One for each frame that gave no line, and the lines as IRC counts them."""
        asked = commands[1:] if _is_frames(commands) else commands
        return self._frames + self._irc.cost(asked)

    def receive_eof(self) -> list[Command]:
        """Half a message means nothing."""
        return self._irc.receive_eof()

    def encode_outcome(self, outcome: Outcome) -> bytes:
        """The frames that tell the session what became of its command."""
        if len(outcome) == 1 and isinstance(pongs := outcome[0], Frames):
            return b"" if self._ended else pongs.data
        return self._told(self._irc.encode_outcome(outcome))

    def _told(self, lines: bytes) -> bytes:
        """The frames of an answer's last lines; it may have changed how the session is told things."""
        if self._irc.encoder is not self.encoder.irc:
            self.encoder = self._shared.encoder(self._irc.encoder, self._first, self._deflate)
        if self._irc.closed:
            return self._end(lines, CloseCode.NORMAL_CLOSURE, "")
        return framed(lines, self._first)

    def encode_slices(self, outcome: Outcome) -> Iterator[bytes]:
        """The same in pieces, which are gathered until they are worth compressing, if that was agreed on."""
        how = self._deflate
        gathered = b""
        for lines in self._irc.encode_slices(outcome):
            frames = framed(lines, self._first)
            if how is None:
                yield frames
                continue
            gathered += frames
            if len(gathered) < _GATHERED_BYTES:
                yield b""
                continue
            yield deflate.deflate(gathered, how)
            gathered = b""
        if how is not None:
            yield deflate.deflate(gathered, how)
        yield self._told(b"")

    def encode_rename(self, outcome: Outcome) -> bytes:
        """What another session caused, as IRC tells it."""
        return framed(self._irc.encode_rename(outcome), self._first)

    def encode_from_sibling(self, outcome: Outcome, *, alone: bool) -> bytes:
        """What another session of its person caused, as IRC tells it."""
        return framed(self._irc.encode_from_sibling(outcome, alone=alone), self._first)

    def closing_bytes(self, reason: str, *, stopping: bool = False) -> bytes:
        """ERROR with the reason, then a close frame, once."""
        code = CloseCode.POLICY_VIOLATION if reason else CloseCode.NORMAL_CLOSURE
        lines = self._irc.closing_bytes(reason)
        return self._end(lines, CloseCode.GOING_AWAY if stopping else code, reason)

    def ping(self) -> bytes:
        """A PING of IRC, which the client answers, not only its browser."""
        return framed(self._irc.ping(), self._first)

    def on_tick(self, now: float) -> bytes:
        """What IRC says of what was left half done."""
        return framed(self._irc.on_tick(now), self._first)

    def _read(self, limit: int) -> list[bytes]:
        """The lines of the next frames; a fault in one fails the connection and ends the list."""
        protocol, received = self._protocol, self._input
        lines: list[bytes] = []
        at = 0
        for _ in range(limit):
            if self._frames >= _MOST_INFLATED:
                break
            end = _frame_end(received, at)
            if not at < end <= len(received):
                break
            protocol.receive_data(bytes(received[at:end]))
            at = end
            for frame in protocol.events_received():
                message = self._message_of(frame) if isinstance(frame, Frame) else None
                if message is not None:
                    lines.append(_line(message))
                else:
                    self._frames += 1
            if protocol.state is not OPEN:
                break
        del received[:at]
        return lines

    def _message_of(self, frame: Frame) -> bytes | None:
        """The message that a frame completes."""
        if frame.opcode in _CONTROL:
            return None
        if frame.opcode is not Opcode.CONT:
            self._is_text = frame.opcode is Opcode.TEXT
            self._is_compressed = isinstance(frame, CompressedFrame)
        if not frame.fin:
            self._message += frame.data
            return None
        whole = bytes(self._message + frame.data)
        self._message = bytearray()
        if self._is_compressed:
            try:
                whole = deflate.inflate(whole, MESSAGE_BYTES)
            except deflate.TooLong:
                self._protocol.fail(CloseCode.MESSAGE_TOO_BIG, f"a message has over {MESSAGE_BYTES} bytes")
                return None
            except deflate.Malformed:
                self._protocol.fail(CloseCode.INVALID_DATA, "a message can't be decompressed")
                return None
            self._frames += len(whole) // 1024
        if self._is_text and not _is_utf8(whole):
            self._protocol.fail(CloseCode.INVALID_DATA, "a text message is not UTF-8")
            return None
        return whole

    def _end(self, lines: bytes, code: CloseCode, reason: str) -> bytes:
        """The last frames, once."""
        if self._ended:
            return b""
        self._ended = True
        told = framed(lines, self._first)
        if self._last:
            # A peer that has closed reads nothing more but the answer to that.
            return self._last if self._protocol.close_rcvd is not None else told + self._last
        close = Close(code, cut(reason, REASON_BYTES)[0])
        return told + Frame(Opcode.CLOSE, close.serialize()).serialize(mask=False)


_GATHERED_BYTES = 4096
"""Of a long answer, these are compressed together: in 0.2 ms, to a half or less."""

_MOST_INFLATED = 64
"""Frames that gave no line and KiB that were inflated, in a turn: a message may be a thousand times as long
as its frame."""

_CONTROL = frozenset((Opcode.PING, Opcode.PONG, Opcode.CLOSE))


def _frame_end(data: bytearray, at: int) -> int:
    """Where the frame ends that begins at ``at`` (RFC 6455, 5.2); ``at`` while its head is not complete.

    A frame that will be refused by its length or for want of a mask ends with what there is: nobody waits for
    the rest of it.
    """
    if len(data) < at + 2:
        return at
    size = data[at + 1] & 0x7F
    begin = at + 2
    if size >= 126:
        wide = 2 if size == 126 else 8
        if len(data) < begin + wide:
            return at
        size = int.from_bytes(data[begin : begin + wide])
        begin += wide
    if size > MESSAGE_BYTES or not data[at + 1] & 0x80:
        return len(data)
    return begin + 4 + size


def _is_frames(commands: Sequence[Command]) -> bool:
    first = commands[0] if commands else None
    return isinstance(first, DialectReply) and isinstance(first.value, Frames)


def _line(message: bytes) -> bytes:
    """A message as a line. Old clients end it as one; a line break in it must not make it two."""
    return message.rstrip(b"\r\n").replace(b"\n", b"\0") + b"\r\n"


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _reason(protocol: Protocol) -> str:
    """Why a connection ends, as the others are told."""
    sent = protocol.close_sent
    if protocol.close_rcvd is not None or sent is None:
        return "connection closed"
    return sent.reason or "protocol error"
