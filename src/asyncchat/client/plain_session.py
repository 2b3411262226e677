"""A chat with a plain-text server that continues over several connections: names and texts, nothing more.

Owns pacing, and what such a server can't do: ids, history, acknowledgements. It must not know sockets or
threads; time comes from the settings' clock.
"""

from collections.abc import Callable, Sequence
from typing import Any

from asyncchat.client import events
from asyncchat.client.errors import ClientError, NotConnected, NotDelivered, PasswordNeeded, Rejected
from asyncchat.client.outbox import UNCERTAIN, OutgoingMessage
from asyncchat.client.pending import Lookup, Receipt
from asyncchat.client.protocol import ClientSession, Settings
from asyncchat.core.features.messages import Speech
from asyncchat.core.names import LOBBY, fold
from asyncchat.dialects.plain import client_values
from asyncchat.dialects.plain.client import PlainClient
from asyncchat.dialects.plain.unframed import WRITE_PAUSE

_PAUSE = WRITE_PAUSE * 2
"""Seconds between two writes: the original server treats what one read returns as one message."""


class PlainSession(ClientSession):
    """The session of one client with one plain-text server, as the original chat was.

    There is one room, called the lobby. The server acknowledges nothing: a message counts as delivered when
    the connection is still open one pause after it was written. A last line can't be told from a message, and
    the end of input is goodbye enough.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._count = 0
        self._dialect = PlainClient(framed=False)
        self._members: dict[str, str] = {}
        self._out: list[bytes] = []
        self._written: OutgoingMessage | None = None
        self._enter_by: float | None = None
        self._write_at = 0.0
        self._gap_since = self._clock.now()

    # The connection.

    def connected(self) -> None:
        """Begins on a new connection: the server's prompt comes first."""
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
        """One write, if one is due: each is one message."""
        now = self._clock.monotonic()
        if not self._connected or now < self._write_at:
            return b""
        self._confirm_written()
        if not self._out and self.ready and (outgoing := self._outbox.next()) is not None:
            self._out.append(outgoing.text.encode())
            self._written = outgoing
        if not self._out:
            return b""
        self._write_at = now + _PAUSE
        return self._out.pop(0)

    def lost(self) -> None:
        """Ends the connection, which is gone."""
        if self.ready:
            self._gap_since = self._clock.now()
        self._outbox.lost([self._written.token] if self._written is not None else [])
        self._written = None
        self._connected = self.ready = False
        self._enter_by = None

    def deadline(self) -> float | None:
        """The monotonic time at which ``wake`` must be called."""
        if not self._connected:
            return None
        times = [] if self._enter_by is None else [self._enter_by]
        if self._out or (self.ready and len(self._outbox)):
            times.append(self._write_at)
        if not self.ready and self._nick_fallback.ask_again_at is not None:
            times.append(self._nick_fallback.ask_again_at)
        return min(times, default=None)

    def wake(self) -> None:
        """Does what is due."""
        now = self._clock.monotonic()
        if not self._connected:
            return
        again = self._nick_fallback.ask_again_at
        if not self.ready and again is not None and now >= again:
            self._enter(self._nick_fallback.ask_again())
        if self._enter_by is not None and now >= self._enter_by:
            self.failure = ClientError(f"joining did not finish within {self._settings.timeout:g} s")

    # What the program asks.

    def react(self, to: str, id: str, reaction: str, on: bool) -> None:
        """Fails: there are no ids to react to."""
        raise ClientError("A plain-text server does not support reactions.")

    def edit(self, to: str, id: str, text: str) -> None:
        """Fails: there are no ids to name a message."""
        raise ClientError("A plain-text server does not support edits.")

    def say(self, to: str, text: str, speech: Speech, reply_to: str = "") -> Receipt:
        """Queues a message; the room does not matter, there is only one."""
        parts = self._dialect.say(text)
        receipt = Receipt(len(parts))
        for part in parts:
            self._count += 1
            self._outbox.put(OutgoingMessage(self._count, to, part.decode(), speech, receipt))
        return receipt

    def settle(self) -> None:
        """Does nothing: such a server does not answer."""

    def give_up(self, reason: str) -> None:
        """Fails everything that is not sent: nothing more will be sent."""
        self._outbox.fail_all(reason)

    def rooms(self) -> list[str]:
        """The one room."""
        return [LOBBY] if self.ready else []

    def members(self, room: str) -> list[str]:
        """The members of the room, as far as is known."""
        return list(self._members.values())

    def join(self, room: str, key: str = "") -> None:
        """Fails for any room but the lobby."""
        if fold(room) != LOBBY:
            raise ClientError("A plain-text server has only one room.")

    def part(self, room: str, reason: str) -> None:
        """Fails: the only way to leave the room is to leave the chat."""
        raise ClientError("A plain-text server has only one room; leave the chat instead.")

    def set_nick(self, nick: str) -> None:
        """Fails: the name is given once."""
        raise ClientError("On a plain-text server the name can't be changed.")

    def command(self, command: str, *params: str) -> None:
        """Sends a line unchanged: our plain dialect has commands, other servers take it as a message."""
        if not self.ready:
            raise NotConnected("There is no connection right now.")
        self._out.append(self._dialect.command(" ".join((command, *params))))

    def history(self, room: str, kind: str, position: str, limit: int) -> Lookup:
        """Fails: there is no history."""
        return _no_answer(f"The history of {room} can't be read")

    def search(self, attributes: Sequence[tuple[str, str]]) -> Lookup:
        """Fails: there is nothing to search."""
        return _no_answer("The search failed")

    def pins(self, room: str) -> Lookup:
        """Fails: nothing is pinned."""
        return _no_answer(f"The pinned messages of {room} can't be read")

    # What the server sends.

    def _take(self, value: client_values.Value) -> None:
        handler = _HANDLERS.get(type(value))
        if handler is not None:
            handler(self, value)

    def _asked(self, value: client_values.Asked) -> None:
        if not value.refusal:
            self._enter(self.nick)
            return
        taken = "in use" in value.refusal
        nick = self._nick_fallback.next(taken, self._clock.monotonic())
        if nick is not None:
            self._enter(nick)
        elif self._nick_fallback.ask_again_at is None:
            self.failure = Rejected(f"The server does not accept the name {self.nick}", value.refusal)

    def _asked_password(self, value: client_values.AskedPassword) -> None:
        password = self._settings.password
        if password and not value.refusal:
            self._out.append(self._dialect.unlock(password))
        else:
            self.failure = PasswordNeeded(value.refusal or "none was given", given=bool(password))

    def _enter(self, nick: str) -> None:
        self.nick = nick
        self._out.append(self._dialect.enter(nick))

    def _greeted(self, value: client_values.Greeted) -> None:
        self.nick = value.name
        self._nick_fallback.got(value.name)
        self._enter_by = None
        self._members = {fold(name): name for name in value.names}
        now = self._clock.now()
        if self.was_ready:
            self._events += [
                events.Reconnected(now, self.nick),
                events.Gap(LOBBY, "", "", self._gap_since, now),
            ]
        else:
            self._events.append(events.Joined(now, LOBBY, self.nick, own=True))
        self._events.append(events.Present(now, LOBBY, value.names))
        for outgoing in self._outbox.settle([], fold):
            outgoing.receipt.part_failed(NotDelivered(UNCERTAIN, uncertain=True))
            self._events.append(events.Unconfirmed(now, outgoing.to, outgoing.text))
        self.ready = self.was_ready = True

    def _confirm_written(self) -> None:
        outgoing, self._written = self._written, None
        if outgoing is None:
            return
        self._outbox.answered(outgoing.token)
        outgoing.receipt.part_taken("")
        if self._settings.echo:
            self._events.append(
                events.Message("", self._clock.now(), outgoing.to, self.nick, outgoing.text, own=True)
            )

    def _heard(self, value: client_values.Heard) -> None:
        room = value.name if value.private else value.room or LOBBY
        self._events.append(
            events.Message(
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

    def _came(self, value: client_values.CameOnline) -> None:
        if not value.room:
            self._members[fold(value.name)] = value.name
        self._events.append(events.Joined(self._clock.now(), value.room or LOBBY, value.name))

    def _left(self, value: client_values.LeftChat) -> None:
        self._members.pop(fold(value.name), None)
        self._events.append(events.Left(self._clock.now(), LOBBY, value.name, value.reason))

    def _renamed(self, value: client_values.NowCalled) -> None:
        own = value.name == self.nick
        if own:
            self.nick = value.now
        if self._members.pop(fold(value.name), None) is not None:
            self._members[fold(value.now)] = value.now
        self._events.append(events.Renamed(self._clock.now(), value.name, value.now, (LOBBY,), own))

    def _line(self, value: client_values.Line) -> None:
        self._events.append(events.Told(self._clock.now(), value.text))


def _no_answer(failed: str) -> Lookup:
    lookup = Lookup(failed)
    lookup.fail("a plain-text server has none")
    return lookup


_HANDLERS: dict[type[Any], Callable[[PlainSession, Any], None]] = {
    client_values.Asked: PlainSession._asked,
    client_values.AskedPassword: PlainSession._asked_password,
    client_values.Greeted: PlainSession._greeted,
    client_values.Heard: PlainSession._heard,
    client_values.CameOnline: PlainSession._came,
    client_values.LeftChat: PlainSession._left,
    client_values.NowCalled: PlainSession._renamed,
    client_values.Line: PlainSession._line,
}
