"""The handover of a running server to the process that follows it: the state as one value, and its bytes.

Owns what of a chat, a connection and a session another process is given, and how both agree that they mean
the same by it. Must not know how a session stops or goes on (``upgrade``).
"""

from __future__ import annotations

import asyncio
import io
import pickle
import socket
import sys
from collections.abc import Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any

import msgspec

from asyncchat.dialects.irc.encoder_base import EncoderBase
from asyncchat.dialects.irc.server_context import IrcContext
from asyncchat.dialects.plain.dialect import Plain
from asyncchat.dialects.plain.encoder import PlainEncoder
from asyncchat.dialects.websocket import WebSocket, WebSocketEncoder
from asyncchat.errors import AsyncChatError
from asyncchat.server.protocols import Protocols
from asyncchat.server.secret_file import RunKeys

if TYPE_CHECKING:
    from asyncchat.core.chat import Chat
    from asyncchat.dialects.base import Dialect
    from asyncchat.dialects.plain.unframed import Pieces
    from asyncchat.log.memory import MemoryLog
    from asyncchat.server.addresses import Address
    from asyncchat.server.limits import ClientSpent, Spent

LEVEL = 1
"""Raised where the same fields mean something else: processes of two levels hand nothing over."""

_LEVEL = "level"

_FDS_AT_ONCE = 200
"""Descriptors in one message; the kernel takes 253 (SCM_MAX_FD)."""

_PART_BYTES = 1 << 20


class HandoverFailed(AsyncChatError):
    """The other process can't go on; the text says why."""


class SessionState(msgspec.Struct):
    """What another process needs of a session; times are the loop's, which all processes share."""

    id: int
    person_id: int
    address: str
    host: str
    secure: bool
    token: str
    ignoring: frozenset[str]
    heard_at: float
    waiting_since: float
    probed_at: float
    unread: bytes
    """What was received and not processed."""
    dialect: Dialect | None
    before: object
    """How it goes on where it has no dialect, or is no person yet; else None."""
    pieces: Pieces | None
    """What waits for a client that ends no line."""
    is_unsent: bool
    """Whether the old process still sends what was said to it before."""
    spent: ClientSpent | None = None
    """What it has taken of its budgets."""


class Handover(msgspec.Struct):
    """A server without its sessions; the listening sockets and the connections follow in their order.

    Attributes:
        last: the number of the history's last record.
        chat: who is there.
        next_id: the number of the next session.
        listening: where it listens, and on how many sockets.
        owns_sockets: whether the listening ones are not those of whoever started the first process.
        keys: those of this run.
        owner_code: the code that makes a person an operator of the server.
        log: the history, where it is in memory.
        spent: what is taken of the budgets that clients share.
        guesses: how often passwords were wrong, as ``PasswordGuard.counts`` has it.
        stopped_at: since when nobody is heard (the system's monotonic clock).
    """

    last: int
    chat: Chat
    next_id: int
    listening: list[tuple[Address, int]]
    owns_sockets: bool
    keys: RunKeys
    owner_code: str
    log: MemoryLog | None
    spent: Spent | None = None
    guesses: dict[str, dict[str, float]] = {}
    stopped_at: float = 0.0


class _Shared(Enum):
    """What each process makes for itself, and all sessions share."""

    IRC = "irc"
    IRC_ENCODER = "irc encoder"
    PLAIN = "plain"
    WEBSOCKET = "websocket"
    WEBSOCKET_ENCODER = "websocket encoder"
    LF = "lf"
    CRLF = "crlf"
    LOCK = "lock"


class _Pickler(pickle.Pickler):
    """Writes a handover; notes of which classes it has objects."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self.classes: set[type] = set()

    def reducer_override(self, obj: Any) -> Any:
        """Names what all sessions share. Plain values do not come here, as they would by their ids."""
        kind = type(obj)
        if kind is IrcContext:
            return _of_process, (_Shared.IRC,)
        if kind is Plain:
            return _of_process, (_Shared.PLAIN,)
        if kind is WebSocket:
            return _of_process, (_Shared.WEBSOCKET,)
        if kind is PlainEncoder:
            return _of_process, (_Shared.CRLF if obj.end == "\r\n" else _Shared.LF,)
        if kind is asyncio.Lock:
            return _of_process, (_Shared.LOCK,)
        if isinstance(obj, WebSocketEncoder):
            return _of_process, (_Shared.WEBSOCKET_ENCODER, obj.irc.caps, obj.first, obj.how)
        if isinstance(obj, EncoderBase):
            return _of_process, (_Shared.IRC_ENCODER, obj.caps)
        if kind.__module__.startswith("asyncchat."):
            self.classes.add(kind)
        return NotImplemented


def _of_process(shared: _Shared, *which: Any) -> Any:
    """Stands in the bytes for ``_Unpickler.of_process``."""
    raise NotImplementedError


class _Unpickler(pickle.Unpickler):
    """Reads one, with what this process has made for all sessions."""

    protocols: Protocols

    def find_class(self, module: str, name: str) -> Any:
        """The class or function of this name."""
        return self.of_process if name == _of_process.__name__ else super().find_class(module, name)

    def of_process(self, shared: _Shared, *which: Any) -> Any:
        """What this process has in the place of the other's."""
        if shared is _Shared.LOCK:
            return asyncio.Lock()
        protocols = self.protocols
        match shared:
            case _Shared.IRC:
                return protocols.irc
            case _Shared.IRC_ENCODER:
                return protocols.irc.encoder(*which)
            case _Shared.PLAIN:
                return protocols.plain
            case _Shared.LF:
                return protocols.plain.lf
            case _Shared.CRLF:
                return protocols.plain.crlf
            case _Shared.WEBSOCKET:
                return protocols.websocket
            case _Shared.WEBSOCKET_ENCODER:
                caps, first, how = which
                return protocols.websocket.encoder(protocols.irc.encoder(caps), first, how)


class Taken:
    """What a process was handed over.

    Attributes:
        server: the server without its sessions.
        listening: where it listens.
        connections: a socket for each session.
    """

    def __init__(self, data: bytes, descriptors: Sequence[int]) -> None:
        head, _, rest = data.partition(b"\n")
        layouts = msgspec.json.decode(head, type=dict[str, tuple[str, ...]])
        if layouts.pop(_LEVEL, ()) != (str(LEVEL),):
            raise HandoverFailed("this version means something else by the same state")
        changed = [name for name, layout in layouts.items() if not _is_followed_by(layout, _layout_of(name))]
        if changed:
            raise HandoverFailed(f"this version keeps these in another form: {', '.join(sorted(changed))}")
        self._unpickler = _Unpickler(io.BytesIO(rest))
        self.server: Handover = self._unpickler.load()
        self.server.chat.complete()
        sockets = [socket.socket(fileno=one) for one in descriptors]
        self.listening: list[tuple[Address, list[socket.socket]]] = []
        for address, count in self.server.listening:
            self.listening.append((address, sockets[:count]))
            del sockets[:count]
        self.connections = sockets

    def sessions(self, protocols: Protocols) -> list[SessionState]:
        """The sessions, with what all sessions of this process share. Called once."""
        self._unpickler.protocols = protocols
        sessions: list[SessionState] = self._unpickler.load()
        return sessions


def pack(server: Handover, sessions: list[SessionState]) -> bytes:
    """A server and its sessions as bytes."""
    file = io.BytesIO()
    pickler = _Pickler(file)
    pickler.dump(server)
    pickler.dump(sessions)
    layouts = {f"{one.__module__}.{one.__qualname__}": _layout(one) for one in pickler.classes}
    layouts[_LEVEL] = (str(LEVEL),)
    return msgspec.json.encode(layouts) + b"\n" + file.getvalue()


def _layout(kind: type) -> tuple[str, ...]:
    """The names of what objects of a class keep."""
    fields = getattr(kind, "__struct_fields__", None)
    if fields is not None:
        return tuple(fields)
    if issubclass(kind, Enum):
        return tuple(str(member.value) for member in kind)
    slots = [name for base in kind.__mro__ for name in getattr(base, "__slots__", ())]
    made_by = getattr(kind.__init__, "__code__", None)
    return (*slots, *sorted(getattr(made_by, "co_names", ())))


def _layout_of(name: str) -> tuple[str, ...]:
    """The same of a class of this process; empty: it has none of this name."""
    module, _, _ = name.rpartition(".")
    while module and module not in sys.modules:
        module, _, _ = module.rpartition(".")
    found: Any = sys.modules.get(module)
    for part in name[len(module) + 1 :].split("."):
        found = getattr(found, part, None)
    return _layout(found) if isinstance(found, type) else ()


def _is_followed_by(before: tuple[str, ...], now: tuple[str, ...]) -> bool:
    """Whether what a class keeps now has all of what it kept, in the same order."""
    return now[: len(before)] == before


# Between the two processes.


def send(to: socket.socket, data: bytes, descriptors: Sequence[int]) -> None:
    """Sends bytes and open files to the other process; blocks.

    Raises:
        OSError: it is gone, or takes too long.
    """
    to.sendall(b"%d %d\n" % (len(data), len(descriptors)))
    to.sendall(data)
    for at in range(0, len(descriptors), _FDS_AT_ONCE):
        socket.send_fds(to, [b"f"], descriptors[at : at + _FDS_AT_ONCE])


def receive(source: socket.socket) -> tuple[bytes, list[int]]:
    """Receives them; blocks.

    Raises:
        OSError: the other process is gone, or takes too long.
        HandoverFailed: not all came.
    """
    head = b""
    while not head.endswith(b"\n"):
        head += _some(source, 1)
    size, count = map(int, head.split())
    data = bytearray()
    while len(data) < size:
        data += _some(source, min(_PART_BYTES, size - len(data)))
    descriptors: list[int] = []
    while len(descriptors) < count:
        came, some, flags, _ = socket.recv_fds(source, 1, _FDS_AT_ONCE)
        if not came or flags & socket.MSG_CTRUNC:
            raise HandoverFailed("not all connections came: is the limit of open files (ulimit -n) too low?")
        descriptors += some
    return bytes(data), descriptors


def _some(source: socket.socket, size: int) -> bytes:
    data = source.recv(size)
    if not data:
        raise HandoverFailed("the other process is gone")
    return data
