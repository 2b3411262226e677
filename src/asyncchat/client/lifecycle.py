"""The life of a chat over its connections: attempts, the pauses between them, and its end.

Owns what a lost connection and a failed attempt lead to, and the events that wait for the program. Sans-I/O:
a thread (``transport``) or a task (``async_transport``) drives it. Must not know sockets or the dialect.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from asyncchat.client.address import Address
from asyncchat.client.errors import START_HINT, ClientError, Unreachable, reason_of
from asyncchat.client.event_queue import EventQueue
from asyncchat.client.events import Disconnected
from asyncchat.client.protocol import ClientSession, Settings
from asyncchat.client.strict_transport import over_tls
from asyncchat.client.trust import SYSTEM, layer_for

if TYPE_CHECKING:
    from asyncchat.client.tls import TlsLayer

_UDP_HINT = "Is a server running there? asyncchat serve --listen udp://HOST:PORT"


class Lifecycle:
    """One chat, from the first attempt to connect until it is closed.

    Where there are threads, a lock guards it and its session.

    Args:
        places: where the servers of the chat are, and what encrypts the connections; None: they are not
            encrypted. One after the other is tried.
        session: the chat itself.
        settings: when and whether to connect again.

    Attributes:
        session: the chat itself.
        event_queue: what the program has not taken yet.
        stopping: whether somebody asked for the end.
        over: whether no more events will come.
        failure: why it is over, unless somebody asked for it.
        given_up: (room, text) of each message that was never acknowledged.
    """

    def __init__(
        self,
        places: Sequence[tuple[Address, TlsLayer | None]],
        session: ClientSession,
        settings: Settings,
    ) -> None:
        self.session = session
        self.event_queue = EventQueue()
        self.stopping = False
        self.over = False
        self.failure: ClientError | None = None
        self.given_up: list[tuple[str, str]] = []
        self._settings = settings
        self._places = list(places)
        self._at = 0
        self._over_tls: Address | None = None
        self._strict_seconds: int | None = None
        self._is_policy_due = False
        self._goodbye = ""
        self._attempt = 0
        self._was_ready = False
        self._became_ready = False

    @property
    def address(self) -> Address:
        """Where this connection, or the next one, is: a server may ask to be joined over TLS."""
        return self._places[self._at][0]

    @property
    def tls(self) -> TlsLayer | None:
        """What encrypts it."""
        return self._places[self._at][1]

    @property
    def entered(self) -> bool:
        """Whether it has begun, or can't."""
        return self.session.was_ready or self.over

    def stop(self, reason: str) -> None:
        """Somebody asks for the end, with a reason for the others."""
        self.stopping = True
        self._goodbye = reason

    # One connection.

    def begin(self) -> None:
        """An attempt to connect begins."""
        self._was_ready = self.session.was_ready
        self._became_ready = False
        self._strict_seconds = None

    def turn(self) -> bytes:
        """Does what is due; returns what is to be sent now."""
        session = self.session
        session.wake()
        data = session.data_to_send() if self._over_tls is None else b""
        self.event_queue.put(session.take_events())
        self._became_ready = self._became_ready or session.ready
        return data

    def wait(self) -> float | None:
        """Seconds until ``turn`` must be called again; None: when something happens."""
        deadline = self.session.deadline()
        return None if deadline is None else max(0.0, deadline - self._settings.clock.monotonic())

    def receive(self, data: bytes) -> ClientError | None:
        """Takes what was read; returns what ended the connection where it is empty."""
        if not data:
            return ClientError(self.session.ended_by() or "the server closed the connection")
        self.session.receive_data(data)
        strict, self.session.strict = self.session.strict, None
        if strict is None:
            return None
        if self.address.tls:
            self._strict_seconds = strict.seconds
            self._is_policy_due = strict.seconds is not None
        elif strict.port:
            self._over_tls = over_tls(self.address, strict.port)
        return None if self._over_tls is None else ClientError("the server asks to be joined over TLS")

    def take_policy(self) -> int | None:
        """For how many seconds from now the server wants to be joined over TLS; None: nothing is to be noted.

        It is noted when it comes, and again when the connection is over (IRCv3 sts, "Rescheduling expiry").
        """
        due, self._is_policy_due = self._is_policy_due, False
        return self._strict_seconds if due else None

    def last_words(self) -> bytes:
        """The last bytes before the connection is closed."""
        return self.session.goodbye(self._goodbye)

    def lost(self) -> None:
        """The connection is gone."""
        self._is_policy_due = self._strict_seconds is not None
        self.session.lost()
        self.event_queue.put(self.session.take_events())

    # What follows.

    def unreachable(self, error: OSError) -> float | None:
        """There is no connection; see ``after``."""
        hint = START_HINT if isinstance(error, ConnectionRefusedError) else ""
        hint = _UDP_HINT if self.address.scheme == "udp" else hint
        return self.after(Unreachable(str(self.address), reason_of(error), hint))

    def after(self, failure: ClientError) -> float | None:
        """What follows when a connection or an attempt is over.

        Returns:
            Seconds until the next attempt; None: there is none.
        """
        session, settings = self.session, self._settings
        if self.stopping:
            return None
        if self._over_tls is not None:
            self._places[self._at] = (self._over_tls, layer_for(self._over_tls, SYSTEM))
            self._over_tls = None
            if session.was_ready:
                self.event_queue.put([Disconnected(settings.clock.now(), str(failure), 0.0, 0)])
            return 0.0
        if not session.was_ready:
            return self._not_entered(failure)
        self._attempt = 0 if not self._was_ready or self._became_ready else self._attempt + 1
        self._at = (self._at + 1) % len(self._places)
        pause = self._pause() if settings.reconnect else None
        reason = failure.reason if isinstance(failure, Unreachable) else str(failure)
        self.event_queue.put([Disconnected(settings.clock.now(), reason, pause, self._attempt)])
        if pause is None:
            self.failure = failure
        return pause

    def _not_entered(self, failure: ClientError) -> float | None:
        """What follows when the first connection is of no use: the other servers are tried."""
        is_plain = type(failure) is ClientError
        if (is_plain or isinstance(failure, Unreachable)) and self._at + 1 < len(self._places):
            self._at += 1
            return 0.0
        places = " or ".join(str(address) for address, _ in self._places)
        if is_plain:
            failure = Unreachable(places, str(failure))
        elif isinstance(failure, Unreachable):
            failure = Unreachable(places, failure.reason, failure.hint)
        self.failure = failure
        return None

    def end(self, failure: ClientError | None = None) -> None:
        """Nothing more happens; ``failure``: what broke it."""
        self.failure = failure or self.failure
        self.given_up = self.session.waiting()
        self.session.give_up("the chat is closed")
        self.over = True

    def _pause(self) -> float:
        round_, within = divmod(self._attempt, len(self._places))
        if within:
            return 0.0  # the others are tried at once
        first, longest = self._settings.backoff
        random = self._settings.clock.random()
        return min(longest, first * 2.0 ** min(round_, 30)) * (0.5 + random / 2)
