"""The contract between the client's thread and its session, whatever the dialect.

Owns the settings, and what sessions of all dialects have in common; must not know sockets or threads.
"""

import random
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from asyncchat.client.errors import ClientError
from asyncchat.client.events import Event
from asyncchat.client.nick_fallback import NickFallback
from asyncchat.client.outbox import Outbox
from asyncchat.client.pending import Lookup, Receipt
from asyncchat.core.features.messages import Speech
from asyncchat.dialects.irc.client_values import StrictTransport


@dataclass(frozen=True, slots=True)
class Clock:
    """Time and randomness; tests inject their own."""

    monotonic: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    random: Callable[[], float] = random.random


@dataclass(frozen=True, slots=True)
class Settings:
    """How a client behaves; all times are in seconds.

    Attributes:
        nick: the nick to ask for.
        rooms: the rooms to join.
        keys: the key of a room that needs one, or the code of an invitation to it.
        history: how many messages of each room are read when it is joined.
        echo: whether our own messages are yielded too.
        timeout: longest wait for a connection, for the registration, and for each answer.
        keepalive: silence after which a PING is sent.
        nick_patience: how long our former nick is asked for again while our own dead connection may have it:
            servers need up to 5 s to find a dead connection, a cluster up to 12 s to find a dead node.
        backoff: first and longest wait before reconnecting.
        reconnect: whether to reconnect at all.
        account: the account to log in to with ``password``, which is then not sent to the server; '': none.
        password: the server's password; '': none.
    """

    nick: str
    rooms: tuple[str, ...] = ()
    user: str = ""
    realname: str = ""
    history: int = 0
    echo: bool = False
    timeout: float = 30.0
    keepalive: float = 30.0
    nick_patience: float = 15.0
    backoff: tuple[float, float] = (1.0, 60.0)
    reconnect: bool = True
    password: str = field(default="", repr=False)
    account: str = ""
    playback: bool = False
    keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    clock: Clock = field(default_factory=Clock)


class ClientSession(ABC):
    """One chat over any number of connections. Sans-I/O: the thread feeds it and sends what it returns.

    It is used under the client's one lock.

    Attributes:
        ready: whether we have joined, and what was missed has been read: what is said now is sent.
        was_ready: whether it was ready once: after that, a failed attempt is followed by another.
        failure: why this connection is of no use; the thread then closes it.
        nick: our nick, as far as is known.
        strict: how the server wants to be joined, as it said last on this connection.
    """

    def __init__(self, settings: Settings) -> None:
        self.ready = False
        self.was_ready = False
        self.failure: ClientError | None = None
        self.nick = settings.nick
        self.strict: StrictTransport | None = None
        self._settings = settings
        self._clock = settings.clock
        self._connected = False
        self._events: list[Event] = []
        self._outbox = Outbox()
        self._nick_fallback = NickFallback(settings.nick, settings.nick_patience)

    # The connection.

    @abstractmethod
    def connected(self) -> None:
        """Begins on a new connection."""

    @abstractmethod
    def receive_data(self, data: bytes) -> None:
        """Takes what was read."""

    @abstractmethod
    def data_to_send(self) -> bytes:
        """What is to be sent now."""

    @abstractmethod
    def lost(self) -> None:
        """Ends the connection, which is gone."""

    def ended_by(self) -> str:
        """What the server said before it closed the connection; '' for nothing."""
        return ""

    @abstractmethod
    def deadline(self) -> float | None:
        """The monotonic time at which ``wake`` must be called."""

    @abstractmethod
    def wake(self) -> None:
        """Does what is due."""

    def goodbye(self, reason: str) -> bytes:
        """The last bytes before the connection is closed."""
        return b""

    def take_events(self) -> list[Event]:
        """What is to be yielded, in order."""
        events, self._events = self._events, []
        return events

    # Our messages.

    @abstractmethod
    def say(self, to: str, text: str, speech: Speech, reply_to: str = "") -> Receipt:
        """Queues a message, which may answer another one."""

    def waiting(self) -> list[tuple[str, str]]:
        """(room, text) of each message that is not acknowledged yet, in order."""
        return [(outgoing.to, outgoing.text) for outgoing in self._outbox.all()]

    @property
    def unanswered(self) -> int:
        """How many messages are not acknowledged yet."""
        return len(self._outbox)

    @abstractmethod
    def settle(self) -> None:
        """Makes the server answer everything that was sent."""

    @abstractmethod
    def give_up(self, reason: str) -> None:
        """Fails everything that is not answered: nothing more will be sent."""

    # What the program asks.

    @abstractmethod
    def react(self, to: str, id: str, reaction: str, on: bool) -> None:
        """Adds a reaction to a message, or removes it."""

    @abstractmethod
    def edit(self, to: str, id: str, text: str) -> None:
        """Replaces what a message of ours says."""

    def mark_read(self, target: str, time: datetime) -> None:
        """Notes how far we have read, if the server keeps that."""
        return

    def prefer(self, name: str, target: str, value: str) -> bool:
        """Keeps a choice for our account; False: the server does not, or there is no account."""
        return False

    def typing(self, to: str, state: str) -> None:
        """Tells others whether we type, if they can be told."""
        return

    @abstractmethod
    def rooms(self) -> list[str]:
        """The rooms that we are in."""

    @abstractmethod
    def members(self, room: str) -> list[str]:
        """The members of a room, as far as is known."""

    def prefixes(self, room: str) -> dict[str, str]:
        """The prefixes of members with a role, by nick, as far as is known."""
        return {}

    def topic(self, room: str) -> str:
        """A room's topic, as far as is known."""
        return ""

    def server_tokens(self) -> dict[str, str]:
        """What the server announces about itself."""
        return {}

    @abstractmethod
    def join(self, room: str, key: str = "") -> None:
        """Asks to join a room, which may have a key."""

    @abstractmethod
    def part(self, room: str, reason: str) -> None:
        """Leaves a room."""

    @abstractmethod
    def set_nick(self, nick: str) -> None:
        """Asks for another nick."""

    @abstractmethod
    def command(self, command: str, *params: str) -> None:
        """Sends a command of the dialect."""

    @abstractmethod
    def history(self, room: str, kind: str, position: str, limit: int) -> Lookup:
        """Asks for a page of a room's history."""

    @abstractmethod
    def search(self, attributes: Sequence[tuple[str, str]]) -> Lookup:
        """Searches messages."""

    @abstractmethod
    def pins(self, room: str) -> Lookup:
        """Asks for the pinned messages of a room."""
