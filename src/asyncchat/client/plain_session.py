"""A chat with an original-style server that outlives its connections: names and texts, nothing more.

Owns pacing, and honesty about what such a server can't do: ids, history, acknowledgement. Must not know
sockets or threads; time comes from the settings' clock.
"""

from collections.abc import Callable, Sequence
from typing import Any

from asyncchat.client.errors import ClientError, NotConnected, NotDelivered, PasswordNeeded, Rejected
from asyncchat.client.events import (
    Event,
    Gap,
    Joined,
    Left,
    Message,
    Present,
    Reconnected,
    Renamed,
    Told,
    Unconfirmed,
)
from asyncchat.client.nick_fallback import NickFallback
from asyncchat.client.outbox import UNCERTAIN, Outbox, OutgoingMessage
from asyncchat.client.pending import Lookup, Receipt
from asyncchat.client.protocol import Settings
from asyncchat.core.events import Speech
from asyncchat.core.names import LOBBY, fold
from asyncchat.dialects.plain.client import PlainClient
from asyncchat.dialects.plain.client_values import (
    Asked,
    AskedPassword,
    CameOnline,
    Greeted,
    Heard,
    LeftChat,
    Line,
    NowCalled,
)
from asyncchat.dialects.plain.client_values import Value as PlainValue
from asyncchat.dialects.plain.unframed import WRITE_PAUSE

_PAUSE = WRITE_PAUSE * 2
"""Seconds between two writes: the original server takes what one read brings as one message."""


class PlainSession:
    """The session of one client with one original-style server (contract: ``ClientSession``).

    There is one room, called the lobby. Nothing acknowledges a message: it counts as taken when the line
    still stands a pause after it was written.
    """

    def __init__(self, settings: Settings) -> None:
        self.failure: ClientError | None = None
        self.ready = False
        self.was_ready = False
        self.nick = settings.nick
        self._settings = settings
        self._clock = settings.clock
        self._events: list[Event] = []
        self._outbox = Outbox()
        self._count = 0
        self._nick_fallback = NickFallback(settings.nick, settings.nick_patience)
        self._dialect = PlainClient(framed=False)
        self._members: dict[str, str] = {}
        self._out: list[bytes] = []
        self._written: OutgoingMessage | None = None
        self._connected = False
        self._enter_by: float | None = None
        self._write_at = 0.0
        self._gap_since = self._clock.now()

    # The connection.

    def connected(self) -> None:
        """A new connection stands: the server's prompt comes first."""
        now = self._clock.monotonic()
        self._dialect = PlainClient(framed=False)
        self._connected, self.failure, self.ready = True, None, False
        self.nick = self._nick_fallback.first(now, again=self.was_ready)
        self._enter_by = now + self._settings.timeout + self._settings.nick_patience
        self._out.clear()

    def receive_data(self, data: bytes) -> None:
        """Takes what was read."""
        for value in self._dialect.receive_data(data):
            self._take(value)

    def data_to_send(self) -> bytes:
        """One write, if one is due: each is a message of its own."""
        now = self._clock.monotonic()
        if not self._connected or now < self._write_at:
            return b""
        self._taken()
        if not self._out and self.ready and (outgoing := self._outbox.next()) is not None:
            self._out.append(outgoing.text.encode())
            self._written = outgoing
        if not self._out:
            return b""
        self._write_at = now + _PAUSE
        return self._out.pop(0)

    def lost(self) -> None:
        """The connection is gone."""
        if self.ready:
            self._gap_since = self._clock.now()
        self._outbox.lost([self._written.token] if self._written is not None else [])
        self._written = None
        self._connected = self.ready = False
        self._enter_by = None

    def ended_by(self) -> str:
        """What the server said before it closed the connection: nothing that can be told from a message."""
        return ""

    def deadline(self) -> float | None:
        """The monotonic time at which ``wake`` wants to be called."""
        if not self._connected:
            return None
        times = [] if self._enter_by is None else [self._enter_by]
        if self._out or (self.ready and len(self._outbox)):
            times.append(self._write_at)
        if not self.ready and self._nick_fallback.ask_again_at is not None:
            times.append(self._nick_fallback.ask_again_at)
        return min(times, default=None)

    def wake(self) -> None:
        """Does what time asks for."""
        now = self._clock.monotonic()
        if not self._connected:
            return
        again = self._nick_fallback.ask_again_at
        if not self.ready and again is not None and now >= again:
            self._enter(self._nick_fallback.ask_again())
        if self._enter_by is not None and now >= self._enter_by:
            self.failure = ClientError(f"it did not let us in within {self._settings.timeout:g} s")

    def goodbye(self, reason: str) -> bytes:
        """The last bytes before the connection is closed: the end of input says it all."""
        return b""

    def take_events(self) -> list[Event]:
        """What is to be yielded, in order."""
        events, self._events = self._events, []
        return events

    # What the program asks.

    def react(self, to: str, id: str, reaction: str, on: bool) -> None:
        """There are no ids to react to."""
        raise ClientError("An original-style server knows no reactions.")

    def say(self, to: str, text: str, speech: Speech, reply_to: str = "") -> Receipt:
        """Queues a message; whatever the room, there is only one."""
        parts = self._dialect.say(text)
        receipt = Receipt(len(parts))
        for part in parts:
            self._count += 1
            self._outbox.put(OutgoingMessage(self._count, to, part.decode(), speech, receipt))
        return receipt

    def waiting(self) -> list[tuple[str, str]]:
        """(room, text) of what is not sent yet, in order."""
        return [(outgoing.to, outgoing.text) for outgoing in self._outbox.all()]

    @property
    def unanswered(self) -> int:
        """How many that are."""
        return len(self._outbox)

    def settle(self) -> None:
        """There is no way to have such a server answer."""

    def give_up(self, reason: str) -> None:
        """Nothing more will be sent: all that is not sent fails."""
        self._outbox.fail_all(reason)

    def rooms(self) -> list[str]:
        """The one room."""
        return [LOBBY] if self.ready else []

    def members(self, room: str) -> list[str]:
        """Who is here, as far as is known."""
        return list(self._members.values())

    def topic(self, room: str) -> str:
        """There are no topics."""
        return ""

    def server_tokens(self) -> dict[str, str]:
        """It says nothing of itself."""
        return {}

    def join(self, room: str, key: str = "") -> None:
        """There is one room."""
        if fold(room) != LOBBY:
            raise ClientError("An original-style server has one room.")

    def part(self, room: str, reason: str) -> None:
        """There is one room, and no leaving it but to leave."""
        raise ClientError("An original-style server has one room; leave the chat instead.")

    def set_nick(self, nick: str) -> None:
        """The name is given once."""
        raise ClientError("An original-style server knows no change of name.")

    def command(self, command: str, *params: str) -> None:
        """Sends a line as it is: our own server's plain dialect has commands, an original one says it."""
        if not self.ready:
            raise NotConnected("There is no connection right now.")
        self._out.append(self._dialect.command(" ".join((command, *params))))

    def history(self, room: str, kind: str, position: str, limit: int) -> Lookup:
        """There is no history to ask."""
        lookup = Lookup()
        lookup.fail("an original-style server has none")
        return lookup

    def search(self, attributes: Sequence[tuple[str, str]]) -> Lookup:
        """There is nothing to search."""
        return self.history("", "", "", 0)

    # What the server says.

    def _take(self, value: PlainValue) -> None:
        handler = _HANDLERS.get(type(value))
        if handler is not None:
            handler(self, value)

    def _asked(self, value: Asked) -> None:
        if not value.refusal:
            self._enter(self.nick)
            return
        taken = "in use" in value.refusal
        nick = self._nick_fallback.next(taken, self._clock.monotonic())
        if nick is not None:
            self._enter(nick)
        elif self._nick_fallback.ask_again_at is None:
            self.failure = Rejected(f"The server does not accept the name {self.nick}", value.refusal)

    def _asked_password(self, value: AskedPassword) -> None:
        password = self._settings.password
        if password and not value.refusal:
            self._out.append(self._dialect.unlock(password))
        else:
            self.failure = PasswordNeeded(value.refusal or "it has none from us", given=bool(password))

    def _enter(self, nick: str) -> None:
        self.nick = nick
        self._out.append(self._dialect.enter(nick))

    def _greeted(self, value: Greeted) -> None:
        self.nick = value.name
        self._nick_fallback.got(value.name)
        self._enter_by = None
        self._members = {fold(name): name for name in value.names}
        now = self._clock.now()
        if self.was_ready:
            self._events += [Reconnected(now, self.nick), Gap(LOBBY, "", "", self._gap_since, now)]
        else:
            self._events.append(Joined(now, LOBBY, self.nick, own=True))
        self._events.append(Present(now, LOBBY, value.names))
        for outgoing in self._outbox.settle([], fold):
            outgoing.receipt.part_failed(NotDelivered(UNCERTAIN, uncertain=True))
            self._events.append(Unconfirmed(now, outgoing.to, outgoing.text))
        self.ready = self.was_ready = True

    def _taken(self) -> None:
        outgoing, self._written = self._written, None
        if outgoing is None:
            return
        self._outbox.answered(outgoing.token)
        outgoing.receipt.part_taken("")
        if self._settings.echo:
            self._events.append(
                Message("", self._clock.now(), outgoing.to, self.nick, outgoing.text, own=True)
            )

    def _heard(self, value: Heard) -> None:
        room = value.name if value.private else value.room or LOBBY
        self._events.append(
            Message(
                "",
                self._clock.now(),
                room,
                value.name,
                value.text,
                own=value.name == self.nick and bool(value.clock),
                action=value.action,
                replayed=bool(value.clock),
            )
        )

    def _came(self, value: CameOnline) -> None:
        if not value.room:
            self._members[fold(value.name)] = value.name
        self._events.append(Joined(self._clock.now(), value.room or LOBBY, value.name))

    def _left(self, value: LeftChat) -> None:
        self._members.pop(fold(value.name), None)
        self._events.append(Left(self._clock.now(), LOBBY, value.name, value.reason))

    def _renamed(self, value: NowCalled) -> None:
        own = value.name == self.nick
        if own:
            self.nick = value.now
        if self._members.pop(fold(value.name), None) is not None:
            self._members[fold(value.now)] = value.now
        self._events.append(Renamed(self._clock.now(), value.name, value.now, (LOBBY,), own))

    def _line(self, value: Line) -> None:
        self._events.append(Told(self._clock.now(), value.text))


_HANDLERS: dict[type[Any], Callable[[PlainSession, Any], None]] = {
    Asked: PlainSession._asked,
    AskedPassword: PlainSession._asked_password,
    Greeted: PlainSession._greeted,
    Heard: PlainSession._heard,
    CameOnline: PlainSession._came,
    LeftChat: PlainSession._left,
    NowCalled: PlainSession._renamed,
    Line: PlainSession._line,
}
