"""The state of a cluster at one place of its stream, as bytes: what a node that comes begins with.

Owns which classes these bytes may have: those of the chat's state alone, so that they run nothing. And how a
node reads what one of another version has written: what it does not keep is passed over, what it keeps
besides is as in a new chat. Must not know who asks for them.

It may be called in a thread, while nothing changes the chat: it lets the loop go on at each piece.
"""

import pickle
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum
from functools import lru_cache, partial
from importlib import import_module
from itertools import islice
from time import sleep
from typing import Any, Final

import msgspec

from asyncchat.core.chat import Chat, Part
from asyncchat.core.rooms import Block, Room
from asyncchat.errors import AsyncChatError
from asyncchat.version import __version__

_OTHERS = frozenset(
    {
        ("builtins", "set"),
        ("builtins", "frozenset"),
        ("collections", "Counter"),
        ("collections", "OrderedDict"),
        ("collections", "defaultdict"),
        ("collections", "deque"),
        ("msgspec._core", "rebuild"),
    }
)
"""What the state is made of beside the core's own classes."""

_MADE_ANEW: Final[dict[type, frozenset[str]]] = {
    Room: frozenset({"_verdicts"}),
    Block: frozenset({"encoded"}),
}
"""What the loop changes also where it only reads the chat."""

_AT_ONCE = 2000
"""Entries of a table that one pickler writes: what it remembers of 100,000 takes 20 ms to be freed."""


_PAUSE = 0.001
"""Seconds for which a thread lets the loop go on at each piece of some 64 KB, which takes as long. Without it
the loop would wait for the interpreter at each write to a client, 5 ms each time."""


class BadState(AsyncChatError):
    """These bytes are no state of a cluster."""


class State(msgspec.Struct):
    """The state after one message of the stream. A later version may add fields at the end, with defaults.

    Attributes:
        sequence: that message.
        last: the number of the last record.
        last_time: its time, in microseconds since 1970 UTC.
        term: counts the hubs.
        hub: the number of the node that is the hub.
        counters: by queue, how much of it is decided.
        epochs: those of the ids of messages (``core.ids``).
        chat: the chat.
    """

    sequence: int
    last: int
    last_time: int
    term: int
    hub: int
    counters: dict[int, int]
    epochs: list[tuple[int, str]]
    chat: Chat


class _Head(msgspec.Struct):
    """What stands before a state: who wrote it, and what the values of each class keep, in this order."""

    version: str
    layouts: dict[str, tuple[str, ...]]


class _Pieces:
    """A file in memory that is written in pieces."""

    def __init__(self) -> None:
        self.all: list[bytes] = []

    def write(self, piece: Any) -> int:
        """Takes the next piece."""
        self.all.append(bytes(piece))
        sleep(_PAUSE)
        return len(piece)


class _Source:
    """The same to be read."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = deque(pieces)
        self._rest = memoryview(b"")

    def read(self, size: int) -> bytes:
        """The next bytes."""
        found = bytearray()
        while len(found) < size and (self._rest or self._pieces):
            if not self._rest:
                self._rest = memoryview(self._pieces.popleft())
                sleep(_PAUSE)
            taken = self._rest[: size - len(found)]
            found += taken
            self._rest = self._rest[len(taken) :]
        return bytes(found)

    def readline(self) -> bytes:
        """The next line."""
        line = bytearray()
        while not line.endswith(b"\n") and (byte := self.read(1)):
            line += byte
        return bytes(line)


class _Pickler(pickle.Pickler):
    """Writes a state: of each object of the core's classes what it keeps, by its name."""

    def __init__(self, file: _Pieces, layouts: dict[str, tuple[str, ...]]) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self._layouts = layouts
        self._values: set[type] = set()

    def reducer_override(self, obj: Any) -> Any:
        """How an object is written. What is built in does not come here."""
        kind = type(obj)
        if kind in self._values:
            return NotImplemented
        if kind is _Long:
            return _joined, tuple(self._chunks(obj.table))
        if isinstance(obj, msgspec.Struct):
            self._values.add(kind)
            self._layouts[f"{kind.__module__}.{kind.__qualname__}"] = kind.__struct_fields__
            return NotImplemented
        if not kind.__module__.startswith("asyncchat.core.") or isinstance(obj, Enum | tuple):
            return NotImplemented
        if "__reduce__" in vars(kind):
            return NotImplemented
        kept, items = _kept(obj), dict(obj) if isinstance(obj, dict) else None
        if isinstance(obj, Chat | Part):  # people and their rooms stay together: they share values
            return _made, (
                kind.__module__,
                kind.__qualname__,
                {name: _long(value) for name, value in kept.items()},
                _long(items),
            )
        return _made, (kind.__module__, kind.__qualname__, kept, items)

    def _chunks(self, table: dict[Any, Any]) -> Iterator[bytes]:
        entries = iter(table.items())
        while some := list(islice(entries, _AT_ONCE)):
            file = _Pieces()
            _Pickler(file, self._layouts).dump(some)
            yield b"".join(file.all)


class _Long:
    """Stands for a long table."""

    def __init__(self, table: dict[Any, Any]) -> None:
        self.table = table


def _long(value: object) -> object:
    return _Long(value) if type(value) is dict and len(value) > _AT_ONCE else value


def _joined(*chunks: bytes) -> dict[Any, Any]:
    """A long table of its parts. ``_Unpickler`` does it."""
    raise NotImplementedError


def _kept(obj: Any) -> dict[str, Any]:
    """What an object keeps, by the names of its attributes."""
    kind = type(obj)
    names = {name for base in kind.__mro__ for name in getattr(base, "__slots__", ())}
    names.update(getattr(obj, "__dict__", ()))
    kept = {name: getattr(obj, name) for name in sorted(names - _MADE_ANEW.get(kind, frozenset()))}
    if kind is Chat:
        del kept["parts_of_people"]
        kept["parts"] = list(obj.parts.values())  # a class that only one version has is no key
    return kept


def _made(module: str, name: str, kept: dict[str, Any], items: dict[Any, Any] | None) -> object:
    """An object with what is kept of it, and all else as in a new one. ``_Unpickler`` calls it."""
    kind = _core_class(module, name)
    if kind is None:
        return _UNKNOWN
    made: Any = kind(*[kept[parameter] for parameter in _parameters(kind)])
    for attribute, value in kept.items():
        if hasattr(made, attribute):
            setattr(made, attribute, value)
    if items:
        dict.update(made, items)
    if kind is Chat:
        made.parts = {type(part): part for part in kept["parts"] if part is not _UNKNOWN}
    return made


@lru_cache
def _parameters(kind: type) -> tuple[str, ...]:
    """What a new object of a class is made of; these are names of attributes, too."""
    code = getattr(vars(kind).get("__init__"), "__code__", None)
    return () if code is None else code.co_varnames[1 : code.co_argcount]


@lru_cache
def _core_class(module: str, name: str) -> type | None:
    """A class of the core; None: this version has none of this name."""
    if not module.startswith("asyncchat.core."):
        raise BadState(f"a state has no {module}.{name}")
    try:
        found = getattr(import_module(module), name, None)
    except ImportError:
        return None
    if found is not None and not isinstance(found, type):
        raise BadState(f"a state has no {module}.{name}")
    return found


class _Unknown:
    """Stands for what this version does not keep."""

    def __init__(self, *_values: object) -> None:
        """Takes everything."""


_UNKNOWN: Final = _Unknown()


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: _Source, layouts: dict[str, tuple[str, ...]]) -> None:
        super().__init__(file)
        self._layouts = layouts

    def find_class(self, module: str, name: str) -> Any:
        """The class of this name, if a state may have it."""
        if module == __name__ and name == _made.__name__:
            return _made
        if module == __name__ and name == _joined.__name__:
            return partial(_join, self._layouts)  # its own method would keep it, with all that it remembers
        if (module, name) in _OTHERS:
            return super().find_class(module, name)
        found = State if module == __name__ and name == State.__name__ else _core_class(module, name)
        if found is None:
            return _Unknown
        if issubclass(found, msgspec.Struct):
            return self._reads(found, self._layouts.get(f"{module}.{name}", ()))
        return found

    @staticmethod
    def _reads(kind: type[msgspec.Struct], theirs: tuple[str, ...]) -> Any:
        """What makes a value of another's fields: those that this version has."""
        mine = kind.__struct_fields__
        if theirs == mine[: len(theirs)]:
            return kind
        if mine == theirs[: len(mine)]:
            return partial(_shortened, kind, len(mine))
        raise BadState(f"{kind.__name__} is kept in another form")


def _join(layouts: dict[str, tuple[str, ...]], *chunks: bytes) -> dict[Any, Any]:
    table: dict[Any, Any] = {}
    for chunk in chunks:
        table.update(_Unpickler(_Source([chunk]), layouts).load())
    return table


def _shortened(kind: type[msgspec.Struct], fields: int, *values: Any) -> object:
    return kind(*values[:fields])


def pack(state: State) -> list[bytes]:
    """A state as bytes, in pieces."""
    file = _Pieces()
    head = _Head(__version__, {})
    _Pickler(file, head.layouts).dump(state)
    return [msgspec.json.encode(head) + b"\n", *file.all]


def unpack(pieces: Sequence[bytes], own: Callable[[], Chat] = Chat) -> State:
    """The state of these bytes.

    Args:
        pieces: the bytes.
        own: gives the chat of this node's own history: what this version makes of it, and the other does not
            keep, is taken from there.

    Raises:
        BadState: they are no state, or one of a version that keeps it in another form.
    """
    source = _Source(pieces)
    version = "?"
    try:
        head = msgspec.json.decode(source.readline(), type=_Head)
        version = head.version
        state = _Unpickler(source, head.layouts).load()
    except Exception as error:
        raise BadState(
            f"The hub has version {version} of asyncchat, and version {__version__} can't read its state of "
            f"the chat ({error}): stop all nodes, and start them with one version"
        ) from error
    if not isinstance(state, State):
        raise BadState("What the hub has sent is no state of a cluster")
    chat = state.chat
    missing = [kind for kind in Part.kinds if kind not in chat.parts]
    if missing:
        before = own()
        chat.parts.update({kind: before.parts[kind] for kind in missing})
    chat.complete()
    return state


def copy(chat: Chat) -> Chat:
    """A chat that is equal and shares nothing that changes."""
    return unpack(pack(State(0, 0, 0, 0, 0, {}, [], chat))).chat


def contents(chat: Chat) -> list[object]:
    """What the tables of a chat have: who keeps that can free it a little at a time when the chat is gone."""
    found: list[object] = []
    for owner in (chat, chat.people, chat.sessions, chat.rooms, *chat.parts.values()):
        tables = [one for one in _kept(owner).values() if isinstance(one, dict)]
        if isinstance(owner, dict):
            tables.append(owner)
        for table in tables:
            found += table.values()
    return found
