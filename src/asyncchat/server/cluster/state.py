"""The state of a cluster at one place of its stream, as bytes: what a node that comes begins with.

Owns which classes these bytes may have: those of the chat's state alone, so that they run nothing. Must not
know who asks for them.
"""

import io
import pickle
from typing import Any

import msgspec

from asyncchat.core.chat import Chat
from asyncchat.errors import AsyncChatError

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


class BadState(AsyncChatError):
    """These bytes are no state of a cluster."""


class State(msgspec.Struct):
    """The state after one message of the stream.

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


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """The class of this name, if a state may have it."""
        if module == __name__ and name == State.__name__:
            return State
        if (module, name) in _OTHERS or module.startswith("asyncchat.core."):
            found = super().find_class(module, name)
            if isinstance(found, type) or (module, name) in _OTHERS:
                return found
        raise BadState(f"a state has no {module}.{name}")


def pack(state: State) -> bytes:
    """A state as bytes."""
    return pickle.dumps(state, pickle.HIGHEST_PROTOCOL)


def unpack(data: bytes) -> State:
    """The state of these bytes.

    Raises:
        BadState: they are no state, or one of a version that keeps something else.
    """
    try:
        state = _Unpickler(io.BytesIO(data)).load()
    except BadState:
        raise
    except Exception as error:
        raise BadState(f"it can't be read: {error!r}") from error
    if not isinstance(state, State):
        raise BadState("it is something else")
    return state


def copy(chat: Chat) -> Chat:
    """A chat that is equal and shares nothing that changes."""
    made: Chat = _Unpickler(io.BytesIO(pickle.dumps(chat, pickle.HIGHEST_PROTOCOL))).load()
    return made
