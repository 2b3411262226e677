"""The client's side of WebSocket (RFC 6455): a handshake, masked frames, and lines out of frames.

Owns the few lines that a load needs, also for compressed messages (RFC 7692). Thousands of members of a
room receive the same bytes: what a chunk means is worked out once for all that have received the same
before. It must not know IRC or sockets.
"""

import base64
import struct
import zlib
from weakref import WeakValueDictionary

from asyncchat.errors import AsyncChatError

# What a browser offers (Chromium).
_OFFER = "permessage-deflate; client_max_window_bits"
_WINDOW = 32_768  # RFC 7692, 7.1.2.1: what a compressed message may refer back to
_MOST_CHUNKS = 256
_COMPRESSED, _FIN, _MASK = 0x40, 0x80, 0x80
_TEXT, _BINARY = 1, 2
_CONTROL = 8  # from here on: RFC 6455, 5.5


def handshake(host: str, port: int, nick: str) -> bytes:
    """Return a client's opening handshake; ``nick`` makes its key."""
    key = base64.b64encode(nick.encode().ljust(16, b".")[:16]).decode()
    name = f"[{host}]" if ":" in host else host
    return (
        f"GET / HTTP/1.1\r\nHost: {name}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Origin: http://{name}:{port}\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: text.ircv3.net\r\n"
        f"Sec-WebSocket-Extensions: {_OFFER}\r\n\r\n"
    ).encode()


def head(size: int) -> bytes:
    """Return what precedes a message of so many bytes.

    The masking key is zero. A browser's is random, so that no page can choose the bytes on the wire (5.3);
    this generator is no browser, and the server unmasks all the same.
    """
    if size < 126:
        return struct.pack("!BBI", _FIN | _TEXT, _MASK | size, 0)
    return struct.pack("!BBHI", _FIN | _TEXT, _MASK | 126, size, 0)


class Shared:
    """What the connections of a run share: how far a connection has come, once for all that are there."""

    def __init__(self) -> None:
        self._states: WeakValueDictionary[tuple[bytes, bytes], State] = WeakValueDictionary()
        self.begin = self.state(b"", b"")

    def state(self, tail: bytes, window: bytes) -> "State":
        """Return the state with this beginning of a frame, after these bytes out of compressed messages."""
        state = self._states.get((tail, window))
        if state is None:
            state = self._states[tail, window] = State(self, tail, window)
        return state


class State:
    """All that the meaning of what follows depends on."""

    __slots__ = ("__weakref__", "_next", "_shared", "_tail", "_window", "last")

    def __init__(self, shared: Shared, tail: bytes, window: bytes) -> None:
        self._shared, self._tail, self._window = shared, tail, window
        self._next: dict[bytes, tuple[State, bytes]] = {}
        self.last = (b"", self, b"")  # the chunk that came last, then what ``after`` returns of it

    def after(self, chunk: bytes) -> tuple["State", bytes]:
        """Return the state after a chunk, and its lines."""
        found = self._next.get(chunk)
        if found is None:
            if len(self._next) >= _MOST_CHUNKS:
                self._next.clear()
            found = self._next[chunk] = self._read(chunk)
        self.last = (chunk, *found)
        return found

    def _read(self, chunk: bytes) -> tuple["State", bytes]:
        data = self._tail + chunk
        inflater = None
        inflated = self._window
        lines = []
        at = 0
        while (found := _frame(data, at)) is not None:
            first, begin, end = found
            at = end
            payload = data[begin:end]
            if first & 0x0F >= _CONTROL:  # a close: the end follows
                continue
            if not first & _FIN or first & 0x0F not in (_TEXT, _BINARY):
                raise AsyncChatError("the server sends fragments, which bench can't read")
            if first & _COMPRESSED:
                if inflater is None:
                    inflater = zlib.decompressobj(-zlib.MAX_WBITS, inflated)
                payload = inflater.decompress(payload + b"\0\0\xff\xff")
                inflated += payload
            lines.append(payload)
            lines.append(b"\r\n")
        return self._shared.state(data[at:], inflated[-_WINDOW:]), b"".join(lines)


class Frames:
    """One connection's frames."""

    __slots__ = ("_state",)

    def __init__(self, shared: Shared) -> None:
        self._state = shared.begin

    def read(self, chunk: bytes) -> bytes:
        """Return the lines of the messages that this chunk completes; each ends with CR LF.

        Raises:
            AsyncChatError: It is nothing that a server may send here.
        """
        last, state, lines = self._state.last
        if chunk != last:
            try:
                state, lines = self._state.after(chunk)
            except zlib.error as error:
                raise AsyncChatError(
                    f"the server sends a message that can't be decompressed: {error}"
                ) from error
        self._state = state
        return lines


def _frame(data: bytes, at: int) -> tuple[int, int, int] | None:
    """Return a frame's first byte, and where its payload begins and ends; None: it is not complete."""
    if len(data) < at + 2:
        return None
    first, size = data[at], data[at + 1]
    if size & _MASK:
        raise AsyncChatError("the server masks its frames")
    begin = at + 2
    if size >= 126:
        wide = 2 if size == 126 else 8
        begin += wide
        if len(data) < begin:
            return None
        size = int.from_bytes(data[begin - wide : begin])
    return (first, begin, begin + size) if len(data) >= begin + size else None
