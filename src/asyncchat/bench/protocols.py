"""What the generator sends in each dialect: registering, sending, leaving; and what the answers mean.

Owns the few lines that a load needs, as bytes: the project's dialect classes parse each line, which would be
too slow for the generator. It must not know sockets.
"""

import random
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from asyncchat.bench import websocket
from asyncchat.bench.scenario import Surface
from asyncchat.errors import AsyncChatError

# Error numerics that a client may receive while it registers or for a message (RFC 2812, 5.2): 4xx and 5xx.
# 422 (no message of the day) is no failure.
_ERROR_NUMERIC = re.compile(rb"^(?:@\S+ )?:\S+ (?!422)([45]\d\d) ", re.MULTILINE)
_MYINFO = re.compile(rb"^:\S+ 004 \S+ \S+ (\S+)", re.MULTILINE)
_TEXT_LIMIT = 200


class Dialect(ABC):
    """The lines of one dialect. Answers are searched in whole lines, as bytes.

    Attributes:
        tag: Makes names of this run different from an earlier run's.
        echo: Whether a sender is sent its own messages.
        has_ping: Whether it has a PING, which shows what has been read.
        one_room: Whether there is only one room.
        end: What ends a text that is sent.
        shared: What the clients' frames share, on a surface with frames.
    """

    __slots__ = ()
    tag: str
    echo: bool
    has_ping: bool
    one_room: bool
    end: bytes
    shared: websocket.Shared | None

    def opening(self, address: "Address", nick: str) -> bytes:
        """Return the handshake that goes before ``hello``, or nothing."""
        return b""

    def wire(self, lines: bytes) -> bytes:
        """Return lines as they are sent."""
        return lines

    def hello(self, nick: str) -> bytes:
        """Return what a client sends first."""
        return b""

    @abstractmethod
    def step(self, stage: int, text: bytes, nick: str, room: int) -> tuple[int, bytes]:
        """Return the next stage of a client that registers (``JOINED`` at the end) and what to send."""

    @abstractmethod
    def refusal(self, text: bytes) -> str | None:
        """Return the line in which the server refuses something, if there is one."""

    def closing(self, text: bytes) -> str | None:
        """Return the line that announces that the server closes the connection, if there is one."""
        return None

    def answer(self, line: bytes) -> bytes:
        """Return the answer that a line needs (a PONG), or nothing."""
        return b""

    def say(self, room: int, size: int) -> bytes:
        """Return what precedes a text of so many bytes to this room."""
        return b""

    @abstractmethod
    def leave(self) -> bytes:
        """Return the line with which a client leaves."""

    def version(self, text: bytes) -> str | None:
        """Return the server's version, if these lines have it."""
        return None


JOINED = 99  # the stage of a client that has joined

_END = b"\r\n"


@dataclass(slots=True)
class Irc(Dialect):
    """IRC: registration, one JOIN, PRIVMSG.

    Args:
        caps: Capabilities to request before registration.
        tag: Makes nicknames and rooms of this run different from an earlier run's.
    """

    caps: tuple[str, ...] = ()
    tag: str = field(default_factory=lambda: "".join(random.choices("abcdefghijklmnopqrstuvwxyz", k=3)))  # noqa: S311  # no secret
    echo: bool = field(init=False)
    has_ping: bool = True
    one_room: bool = False
    end: bytes = _END
    shared: websocket.Shared | None = None

    def __post_init__(self) -> None:
        self.echo = "echo-message" in self.caps

    def room(self, room: int) -> str:
        """Return a room's name."""
        return f"#b{self.tag}{room}"

    def hello(self, nick: str) -> bytes:
        """Return the capabilities' and the registration's first lines."""
        begin = f"CAP REQ :{' '.join(self.caps)}\r\n" if self.caps else ""
        return f"{begin}NICK {nick}\r\nUSER bench 0 * :bench\r\n".encode()

    def step(self, stage: int, text: bytes, nick: str, room: int) -> tuple[int, bytes]:
        """Go from the capabilities (0) over the welcome (1) to the end of NAMES (2)."""
        sent = b""
        if stage == 0:
            if not self.caps:
                stage = 1
            elif b" ACK " in text:
                stage, sent = 1, b"CAP END\r\n"
            elif b" NAK " in text:
                raise AsyncChatError(f"the server does not have these capabilities: {' '.join(self.caps)}")
        if stage == 1 and b" 001 " in text:
            stage, sent = 2, sent + f"JOIN {self.room(room)}\r\n".encode()
        if stage == 2 and b" 366 " in text:
            stage = JOINED
        return stage, sent

    def refusal(self, text: bytes) -> str | None:
        """Return the line with an error numeric."""
        if b" 353 " in text or (found := _ERROR_NUMERIC.search(text)) is None:  # 353: the client has joined
            return None
        return _line(text, found.start())

    def closing(self, text: bytes) -> str | None:
        """Return the ERROR line."""
        if text.startswith(b"ERROR "):
            return _line(text, 0)
        at = text.find(b"\nERROR ")
        return _line(text, at + 1) if at >= 0 else None

    def answer(self, line: bytes) -> bytes:
        """Answer a PING."""
        return b"PONG" + line[4:].rstrip(b"\r") + _END if line.startswith(b"PING") else b""

    def say(self, room: int, size: int) -> bytes:
        """Return PRIVMSG up to the text."""
        return f"PRIVMSG {self.room(room)} :".encode()

    def leave(self) -> bytes:
        """Return QUIT."""
        return b"QUIT :bench\r\n"

    def version(self, text: bytes) -> str | None:
        """Find the version in RPL_MYINFO."""
        if b" 004 " not in text or (found := _MYINFO.search(text)) is None:
            return None
        return found[1].decode(errors="replace")


@dataclass(slots=True)
class WebSocketIrc(Irc):
    """IRC as the page speaks it: each line is a WebSocket message."""

    end: bytes = b""
    shared: websocket.Shared | None = field(default_factory=websocket.Shared)

    def opening(self, address: "Address", nick: str) -> bytes:
        """Return the opening handshake."""
        return websocket.handshake(address.host, address.port, nick)

    def wire(self, lines: bytes) -> bytes:
        """Return each line in a frame."""
        return b"".join([websocket.head(len(line)) + line for line in lines.split(_END) if line])

    def say(self, room: int, size: int) -> bytes:
        """Return the frame's head and PRIVMSG up to the text."""
        begin = f"PRIVMSG {self.room(room)} :".encode()
        return websocket.head(len(begin) + size) + begin


@dataclass(slots=True)
class Plain(Dialect):
    """The plain dialect: the first line is a name, then each line is a message to the one room."""

    tag: str = "n"
    echo: bool = False
    has_ping: bool = False
    one_room: bool = True
    end: bytes = b"\n"
    shared: websocket.Shared | None = None

    def step(self, stage: int, text: bytes, nick: str, room: int) -> tuple[int, bytes]:
        """Go from the prompt (0) to the greeting (1)."""
        if stage == 0:
            return (1, nick.encode() + b"\n") if text.find(b"nickname: ") >= 0 else (0, b"")
        return (JOINED, b"") if f"Hello, {nick}!".encode() in text else (stage, b"")

    def refusal(self, text: bytes) -> str | None:
        """Find a refused name."""
        at = text.find(b"Enter another name: ")
        return _line(text, text.rfind(b"\n", 0, at) + 1) if at >= 0 else None

    def leave(self) -> bytes:
        """Return the command that leaves."""
        return b"/quit\n"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens and what it speaks, perhaps over TLS."""

    dialect: str
    host: str
    port: int
    tls: bool = False

    def __str__(self) -> str:
        return f"{self.dialect}://{self.host}:{self.port}"


_DEFAULT_PORTS = {"irc": 6667, "plain": 1234}


def parse_url(url: str) -> Address:
    """Read ``irc://host:port`` or ``plain://host:port``.

    Raises:
        ValueError: It is something else; the message says what.
    """
    parts = urlsplit(url)
    if parts.scheme not in _DEFAULT_PORTS:
        raise ValueError(f"{url} is not irc://HOST:PORT or plain://HOST:PORT")
    try:
        port = parts.port
    except ValueError:
        raise ValueError(f"{url} has no valid port") from None
    if not parts.hostname:
        raise ValueError(f"{url} has no host")
    return Address(parts.scheme, parts.hostname, port or _DEFAULT_PORTS[parts.scheme])


def make_dialect(name: str, caps: tuple[str, ...], surface: Surface = "irc") -> Dialect:
    """Return the lines of the dialect with this name on this surface, for one run."""
    if name != "irc":
        return Plain()
    return WebSocketIrc(caps) if surface == "websocket" else Irc(caps)


def _line(text: bytes, start: int) -> str:
    line, _, _ = text[start:].partition(b"\n")
    return line.decode(errors="replace").strip()[:_TEXT_LIMIT]
