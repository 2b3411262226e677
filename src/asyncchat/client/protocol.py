"""What the thread needs of a chat, whatever dialect carries it.

Owns the contract and what all sessions are told; must not know sockets or threads.
"""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from asyncchat.client.errors import ClientError
from asyncchat.client.events import Event
from asyncchat.client.pending import Lookup, Receipt
from asyncchat.core.events import Speech


@dataclass(frozen=True, slots=True)
class Clock:
    """Time and chance, injected."""

    monotonic: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    random: Callable[[], float] = random.random


@dataclass(frozen=True, slots=True)
class Settings:
    """How a client behaves; all times in seconds.

    Attributes:
        nick: the nick wanted.
        rooms: the rooms to be in.
        history: messages read of each room when it is joined.
        echo: whether our own messages are yielded too.
        timeout: longest wait for a connection, for the registration, and for each answer.
        keepalive: silence after which the server is asked whether it is there.
        nick_patience: how long a nick that we had before is asked for again, while our own ghost may have
            it: servers need up to 5 s to find a dead connection, some longer.
        backoff: first and longest wait before connecting again.
        reconnect: whether to connect again at all.
        account: the account to log in to, with ``password``, which is not shown to the server then; '': none.
        password: the server's; '' shows none.
    """

    nick: str
    rooms: tuple[str, ...] = ()
    user: str = ""
    realname: str = ""
    history: int = 0
    echo: bool = False
    timeout: float = 30.0
    keepalive: float = 30.0
    nick_patience: float = 10.0
    backoff: tuple[float, float] = (1.0, 60.0)
    reconnect: bool = True
    password: str = field(default="", repr=False)
    account: str = ""
    clock: Clock = field(default_factory=Clock)


class ClientSession(Protocol):
    """One chat over any number of connections. Sans-I/O: the thread feeds it and sends what it has to say.

    It is used under the client's one lock.
    """

    ready: bool
    """Whether we are in, and what was missed has been read: what is said now goes out."""
    failure: ClientError | None
    """Why this connection is of no use; the thread then closes it."""
    was_ready: bool
    """Whether it was ready once: an attempt that fails from then on is followed by another."""
    nick: str
    """Our nick, as far as is known."""

    def connected(self) -> None:
        """A new connection stands."""
        ...

    def receive_data(self, data: bytes) -> None:
        """Takes what was read."""
        ...

    def data_to_send(self) -> bytes:
        """What is to be sent now."""
        ...

    def lost(self) -> None:
        """The connection is gone."""
        ...

    def ended_by(self) -> str:
        """What the server said before it closed the connection; '' for nothing."""
        ...

    def deadline(self) -> float | None:
        """The monotonic time at which ``wake`` wants to be called."""
        ...

    def wake(self) -> None:
        """Does what time asks for."""
        ...

    def take_events(self) -> list[Event]:
        """What is to be yielded, in order."""
        ...

    def say(self, to: str, text: str, speech: Speech, reply_to: str = "") -> Receipt:
        """Queues a message, which may answer another one."""
        ...

    def react(self, to: str, id: str, reaction: str, on: bool) -> None:
        """Puts a reaction to a message, or takes it back."""
        ...

    def waiting(self) -> list[tuple[str, str]]:
        """(room, text) of what is not acknowledged yet, in order."""
        ...

    @property
    def unanswered(self) -> int:
        """How many that are."""
        ...

    def settle(self) -> None:
        """Has the server answer for all that was sent."""
        ...

    def give_up(self, reason: str) -> None:
        """Nothing more will be sent: all that is not answered fails."""
        ...

    def goodbye(self, reason: str) -> bytes:
        """The last bytes before the connection is closed."""
        ...

    def rooms(self) -> list[str]:
        """The rooms that we are in."""
        ...

    def members(self, room: str) -> list[str]:
        """Who is in a room, as far as is known."""
        ...

    def topic(self, room: str) -> str:
        """A room's topic, as far as is known."""
        ...

    def server_tokens(self) -> dict[str, str]:
        """What the server says of itself."""
        ...

    def join(self, room: str, key: str = "") -> None:
        """Asks into a room, which may have a key."""
        ...

    def part(self, room: str, reason: str) -> None:
        """Leaves a room."""
        ...

    def set_nick(self, nick: str) -> None:
        """Asks for another nick."""
        ...

    def command(self, command: str, *params: str) -> None:
        """Sends a command of the dialect."""
        ...

    def history(self, room: str, kind: str, position: str, limit: int) -> Lookup:
        """Asks the history."""
        ...

    def search(self, attributes: Sequence[tuple[str, str]]) -> Lookup:
        """Searches what was said."""
        ...
