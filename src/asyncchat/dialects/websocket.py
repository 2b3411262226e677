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
from websockets.exceptions import InvalidHandshake, InvalidUpgrade, ProtocolError
from websockets.frames import Close, CloseCode, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from asyncchat.core.commands import Command, DialectReply
from asyncchat.core.events import Record
from asyncchat.core.features.connect import Quit
from asyncchat.core.text import cut
from asyncchat.dialects import deflate
from asyncchat.dialects.base import COMMANDS_A_TURN, Outcome, Way
from asyncchat.dialects.deflate import Deflate
from asyncchat.dialects.irc.dialect import IrcDialect
from asyncchat.dialects.irc.encoder_base import EncoderBase
from asyncchat.dialects.irc.server_context import IrcContext

try:
    from websockets.speedups import apply_mask
except ImportError:  # no wheel for this machine
    from websockets.utils import apply_mask

MESSAGE_BYTES: Final = 16_384
"""Longest message: three times the longest line with its tags, which the dialect then refuses in words."""

CONTROL_BYTES: Final = 125
"""Longest control frame (RFC 6455, 5.5)."""

REASON_BYTES: Final = CONTROL_BYTES - 2
"""Longest reason in a close frame: the code takes two bytes."""

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
    used = [(name, value) for name, value in headers if name.lower() in _USED]
    negotiation = _COMPRESSING if compression else _NEGOTIATION
    try:
        accept, extensions, subprotocol = negotiation.process_request(Request(target, Headers(used)))
    except InvalidUpgrade as error:
        # The header is the connection's (RFC 9110, 7.8).
        return Handshake(426, (("Upgrade", "websocket"), _VERSION, ("Connection", "Upgrade")), str(error))
    except InvalidHandshake as error:
        return Handshake(400, (_VERSION,), str(error))
    answer = [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accept)]
    agreed = None
    if extensions is not None:
        answer.append(("Sec-WebSocket-Extensions", extensions))
        agreed = deflate.agreement(negotiation.extensions[0])
    if subprotocol is not None:
        answer.append(("Sec-WebSocket-Protocol", subprotocol))
    return Handshake(101, tuple(answer), binary=subprotocol == BINARY_SUBPROTOCOL, deflate=agreed)


_USED = frozenset(
    (
        *("connection", "upgrade", "sec-websocket-key", "sec-websocket-version"),
        *("sec-websocket-protocol", "sec-websocket-extensions"),
    )
)
"""Headers that the handshake is made of; others are not looked at."""

_VERSION = ("Sec-WebSocket-Version", "13")


class _Negotiation(ServerProtocol):
    """The library's handshake, without the rest of a connection: one does for all.

    It takes the first subprotocol that the server knows.
    """

    def __init__(self, *, compression: bool) -> None:
        # The library's would make a parser, a logger and a random id.
        self.origins = None
        self.available_subprotocols = [TEXT_SUBPROTOCOL, BINARY_SUBPROTOCOL]
        self.available_extensions = [deflate.FACTORY] if compression else None

    def select_subprotocol(self, subprotocols: Sequence[Subprotocol]) -> Subprotocol | None:
        known = self.available_subprotocols or ()
        return next((name for name in subprotocols if name in known), None)


_NEGOTIATION, _COMPRESSING = _Negotiation(compression=False), _Negotiation(compression=True)


def framed(lines: bytes, first: int = _TEXT) -> bytes:
    """Lines with their ends as messages without, each in a frame that begins with this byte."""
    if lines.find(b"\r\n") == len(lines) - 2:
        return _frame(lines[:-2], first)
    return b"".join([_frame(line, first) for line in lines.split(b"\r\n") if line])


def _frame(data: bytes, first: int) -> bytes:
    size = len(data)
    # No line is longer than 65,535 bytes.
    return (_HEADS[first][size] if size < _USUAL_BYTES else deflate.head(first, size)) + data


_USUAL_BYTES = 1024
_HEADS = {
    first: [deflate.head(first, size) for size in range(_USUAL_BYTES)]
    for first in (_TEXT, _BINARY, _FIN | Opcode.PONG, _FIN | Opcode.CLOSE)
}
"""The heads of frames up to this length: a list of thousands of people has hundreds of lines."""


class Frames(msgspec.Struct, frozen=True):
    """Frames as an answer: they go out as they are."""

    data: bytes


class WebSocketEncoder:
    """The frames of others' events for sessions that would get the same lines."""

    __slots__ = ("__weakref__", "first", "how", "irc")

    join = staticmethod(b"".join)

    def __init__(self, irc: EncoderBase, first: int) -> None:
        self.irc = irc
        self.first = first
        self.how: Deflate | None = None

    def encode(self, record: Record) -> bytes:
        """The frames of an event, or nothing where IRC has no word for it."""
        return framed(self.irc.encode(record), self.first)


class CompressingEncoder(WebSocketEncoder):
    """The same for sessions that have agreed on compression."""

    __slots__ = ()

    how: Deflate

    def __init__(self, irc: EncoderBase, first: int, how: Deflate) -> None:
        super().__init__(irc, first)
        self.how = how

    def join(self, lines: list[bytes]) -> bytes:  # type: ignore[override]  # the other one needs no self
        """The frames of a batch, compressed once for all who get them."""
        return deflate.deflate(b"".join(lines), self.how)


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
        reached_at: str = "",
        way: Way = Way.OPEN,
    ) -> "WebSocketDialect":
        """The dialect of a session whose handshake was answered; ``how`` is what that said of compression."""
        irc = self._irc.dialect(
            session, host, is_confidential=is_confidential, reached_at=reached_at, way=way
        )
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

    is_web = True
    __slots__ = (
        "_begun", "_closing", "_deflate", "_ended", "_first", "_frames", "_input", "_irc", "_last",
        "_message", "_peer_closed", "_pongs", "_shared", "encoder",
    )  # fmt: skip

    def __init__(self, shared: WebSocket, irc: IrcDialect, first: int, how: Deflate | None = None) -> None:
        self._shared = shared
        self._irc = irc
        self._first = first
        self._deflate = how
        self._input = b""
        """What was received and not read."""
        self._begun = 0
        """The first byte of a message that is not complete; 0: there is none."""
        self._message = b""
        """Its fragments so far, as they came."""
        self._pongs = b""
        """The answers to pings, which wait for the end of the turn."""
        self._frames = 0
        """Frames of the last turn that gave no line: control frames and fragments. And one for each KiB that
        was inflated."""
        self._closing = ""
        """Why the peer's frames are no longer read: it has closed, or broken the protocol."""
        self._peer_closed = False
        """Whether it has closed: then it reads nothing more but the answer to that."""
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
                pongs, self._pongs = self._pongs, b""
                if self._closing:
                    self._last = pongs + self._last
                    pongs = self._input = b""
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
        """ERROR with the reason, then a close frame, once; a stop is a close frame alone.

        After an ERROR gamja does not come back, and a server that stops is no fault of the connection.
        """
        code = CloseCode.POLICY_VIOLATION if reason else CloseCode.NORMAL_CLOSURE
        lines = self._irc.closing_bytes(reason)
        if stopping:
            return self._end(b"", CloseCode.GOING_AWAY, reason)
        return self._end(lines, code, reason)

    def ping(self) -> bytes:
        """A PING of IRC, which the client answers, not only its browser."""
        return framed(self._irc.ping(), self._first)

    def on_tick(self, now: float) -> bytes:
        """What IRC says of what was left half done."""
        return framed(self._irc.on_tick(now), self._first)

    def _read(self, limit: int) -> list[bytes]:
        """The lines of the next frames; a fault in one fails the connection and ends the list."""
        data = self._input
        size = len(data)
        lines: list[bytes] = []
        at = 0
        for _ in range(limit):
            if self._closing or self._frames >= _MOST_INFLATED or size < at + 2:
                break
            first, length = data[at], data[at + 1]
            fault = self._fault_in(first, length)
            if fault:
                self._fail(CloseCode.PROTOCOL_ERROR, fault)
                break
            length &= 0x7F
            begin = at + 2
            if length >= 126:
                begin += 2 if length == 126 else 8
                if size < begin:
                    break
                length = int.from_bytes(data[at + 2 : begin])
                fault = _length_fault(length, begin - at)
                if fault:
                    self._fail(CloseCode.PROTOCOL_ERROR, fault)
                    break
            if length > MESSAGE_BYTES - len(self._message) and first & 0x0F not in _CONTROL:
                self._fail(CloseCode.MESSAGE_TOO_BIG, _TOO_LONG)  # nobody waits for the rest of it
                break
            end = begin + 4 + length
            if size < end:
                break
            at = end
            message = self._message_of(first, apply_mask(data[begin + 4 : end], data[begin : begin + 4]))
            if message is None:
                self._frames += 1
            else:
                lines.append(_line(message))
        self._input = data[at:]
        return lines

    def _fault_in(self, first: int, second: int) -> str:
        """What is wrong with the first two bytes of a frame (RFC 6455, 5; RFC 7692, 6)."""
        opcode = first & 0x0F
        if not second & _MASKED:
            return "a frame is not masked"
        if first & _RESERVED and not (first & _RESERVED == _RSV1 and opcode in _BEGINNINGS and self._deflate):
            return "a reserved bit is set"
        if opcode in _BEGINNINGS:
            return "a message begins within another" if self._begun else ""
        if opcode == Opcode.CONT:
            return "" if self._begun else "a continuation of no message"
        if opcode not in _CONTROL:
            return "an opcode is unknown"
        if not first & _FIN:
            return "a control frame is in fragments"
        return "a control frame is too long" if second & 0x7F > CONTROL_BYTES else ""

    def _message_of(self, first: int, data: bytes) -> bytes | None:
        """The message that a frame completes."""
        opcode = first & 0x0F
        if opcode in _CONTROL:
            if opcode == Opcode.PING:
                self._pongs += _frame(data, _FIN | Opcode.PONG)
            elif opcode == Opcode.CLOSE:
                self._close(data)
            return None
        begun = self._begun or first
        if not first & _FIN:
            self._begun = begun
            self._message += data
            return None
        if self._begun:
            data = self._message + data
            self._begun, self._message = 0, b""
        if begun & _RSV1:
            try:
                data = deflate.inflate(data, MESSAGE_BYTES)
            except deflate.TooLong:
                self._fail(CloseCode.MESSAGE_TOO_BIG, _TOO_LONG)
                return None
            except deflate.Malformed:
                self._fail(CloseCode.INVALID_DATA, "a message can't be decompressed")
                return None
            self._frames += len(data) // 1024
        if begun & 0x0F == Opcode.TEXT and not _is_utf8(data):
            self._fail(CloseCode.INVALID_DATA, "a text message is not UTF-8")
            return None
        return data

    def _close(self, data: bytes) -> None:
        """The peer closes the connection, and is answered the same (RFC 6455, 5.5.1)."""
        try:
            Close.parse(data)
        except ProtocolError as error:
            return self._fail(CloseCode.PROTOCOL_ERROR, str(error))
        except UnicodeDecodeError:
            return self._fail(CloseCode.INVALID_DATA, "the reason of a close is not UTF-8")
        self._closing = "connection closed"
        self._peer_closed = True
        self._last = _frame(data, _FIN | Opcode.CLOSE)

    def _fail(self, code: CloseCode, reason: str) -> None:
        """Fails the connection (RFC 6455, 7.1.7): nothing more is read."""
        self._closing = reason
        self._last = _frame(Close(code, reason).serialize(), _FIN | Opcode.CLOSE)

    def _end(self, lines: bytes, code: CloseCode, reason: str) -> bytes:
        """The last frames, once."""
        if self._ended:
            return b""
        self._ended = True
        told = framed(lines, self._first)
        if self._last:
            return self._last if self._peer_closed else told + self._last
        close = Close(code, cut(reason, REASON_BYTES)[0])
        return told + _frame(close.serialize(), _FIN | Opcode.CLOSE)


_GATHERED_BYTES = 4096
"""Of a long answer, these are compressed together: in 0.2 ms, to a half or less."""

_MOST_INFLATED = 64
"""Frames that gave no line and KiB that were inflated, in a turn: a message may be a thousand times as long
as its frame."""

_TOO_LONG = f"a message has over {MESSAGE_BYTES} bytes"

_MASKED, _RESERVED, _RSV1 = 0x80, 0x70, 0x40
_BEGINNINGS = (Opcode.TEXT, Opcode.BINARY)
_CONTROL = (Opcode.PING, Opcode.PONG, Opcode.CLOSE)


def _length_fault(length: int, head: int) -> str:
    """What is wrong with a length that stands in bytes of its own (RFC 6455, 5.2, "Payload length")."""
    if length >> 63:
        return "the highest bit of a length is set"
    return "" if length >= (126 if head == 4 else 65_536) else "a length is not as short as it can be"


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
