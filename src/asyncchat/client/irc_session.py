"""A chat over IRC that continues over several connections.

Owns what a new connection resumes: nick, rooms, missed messages, unconfirmed messages. It must not know
sockets or threads; time comes from the settings' clock.
"""

import itertools
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from asyncchat.client import errors, events
from asyncchat.client.errors import ClientError, NotConnected, NotDelivered, PasswordNeeded, Rejected
from asyncchat.client.outbox import UNCERTAIN, OutgoingMessage
from asyncchat.client.pending import Lookup, Receipt
from asyncchat.client.protocol import ClientSession, Settings
from asyncchat.client.resume import Resume
from asyncchat.core.features.messages import Speech
from asyncchat.core.scram import NONCE_BYTES
from asyncchat.dialects.irc import client_values
from asyncchat.dialects.irc.client import IrcClient
from asyncchat.dialects.irc.client_login import Login
from asyncchat.dialects.plain.prompts import GREETING

_PROMPT = GREETING[:12].encode()
"""The prompt of a plain-text server. Our server may send it too on a slow connection, but then speaks IRC."""

_PATIENCE_WITH_PROMPT = 5.0
"""Seconds after which a prompt means that the server does not speak IRC."""


class IrcSession(ClientSession):
    """The session of one client with one IRC server (contract: ``ClientSession``)."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._tokens = itertools.count(1)
        self._lookups: dict[int, Lookup] = {}
        self._resume = Resume(settings, self._outbox, self._tokens, self._emit)
        self._dialect = IrcClient(settings.nick, user=settings.user, realname=settings.realname)
        for room in settings.rooms:
            self._resume.want(room, settings.keys.get(room, ""))
        self._opened_at = 0.0
        self._heard_at = 0.0
        self._asked_at: float | None = None
        self._step_by: float | None = None
        self._first_bytes = b""
        self._heard_line = False
        self._closing = ""

    # The connection.

    def connected(self) -> None:
        """Registers on a new connection."""
        settings = self._settings
        now = self._clock.monotonic()
        nick = self._nick_fallback.first(now, again=self.was_ready)
        login = None
        if settings.account:
            login = Login(settings.account, settings.password, secrets.token_urlsafe(NONCE_BYTES))
        self._dialect = IrcClient(
            nick,
            user=settings.user,
            realname=settings.realname,
            password="" if login is not None else settings.password,
            login=login,
            playback=settings.playback,
        )
        self._connected = True
        self.failure, self.ready, self.nick, self.strict = None, False, nick, None
        self._opened_at = self._heard_at = now
        self._asked_at, self._closing = None, ""
        self._first_bytes, self._heard_line = b"", False
        self._step_by = now + settings.timeout + settings.nick_patience

    def receive_data(self, data: bytes) -> None:
        """Takes what was read."""
        self._heard_at = self._clock.monotonic()
        self._asked_at = None
        if len(self._first_bytes) < len(_PROMPT):
            self._first_bytes += data[: len(_PROMPT)]
        self._heard_line = self._heard_line or b"\n" in data
        for value in self._dialect.receive_data(data, self._clock.now()):
            self._take(value)
        self._hand_over()

    def data_to_send(self) -> bytes:
        """What is to be sent now."""
        return self._dialect.data_to_send() if self._connected else b""

    def lost(self) -> None:
        """Ends the connection: what was in transit is in doubt."""
        self._connected = self.ready = False
        self._outbox.lost(self._dialect.under_way)
        self._step_by = None
        self._resume.lost()
        for lookup in self._lookups.values():
            lookup.fail("the connection broke")
        self._lookups.clear()

    def ended_by(self) -> str:
        """What the server said before it closed the connection."""
        return self._closing or ("it does not speak IRC" if self._is_not_irc() else "")

    def deadline(self) -> float | None:
        """The monotonic time at which ``wake`` must be called."""
        if not self._connected:
            return None
        settings = self._settings
        times = [
            (self._asked_at or self._heard_at) + (settings.timeout if self._asked_at else settings.keepalive)
        ]
        if self._step_by is not None:
            times.append(self._step_by)
        if not self._dialect.registered and (again := self._nick_fallback.ask_again_at) is not None:
            times.append(again)
        if self._is_not_irc():
            times.append(self._opened_at + min(_PATIENCE_WITH_PROMPT, settings.timeout))
        return min(times)

    def wake(self) -> None:
        """Does what is due."""
        now, settings = self._clock.monotonic(), self._settings
        if not self._connected or self.failure is not None:
            return
        if not self._dialect.registered:
            again = self._nick_fallback.ask_again_at
            if again is not None and now >= again:
                self._dialect.change_nick(self._nick_fallback.ask_again())
            if self._is_not_irc() and now >= self._opened_at + min(_PATIENCE_WITH_PROMPT, settings.timeout):
                self._fail(
                    ClientError("it does not speak IRC (for a plain-text server use plain://host:port)")
                )
        if self._step_by is not None and now >= self._step_by:
            self._step_timed_out()
        if self._asked_at is not None:
            if now >= self._asked_at + settings.timeout:
                self._fail(ClientError(f"no answer for {now - self._heard_at:.0f} s"))
        elif self._dialect.registered and now >= self._heard_at + settings.keepalive:
            self._dialect.ping("alive")
            self._asked_at = now
        elif not self._dialect.registered and now >= self._heard_at + settings.keepalive:
            self._asked_at = now  # no PING before the registration: its deadline decides

    def goodbye(self, reason: str) -> bytes:
        """The last bytes before the connection is closed."""
        if not self._connected:
            return b""
        self._dialect.send("QUIT", *([reason] if reason else []))
        return self._dialect.data_to_send()

    # What the program asks.

    def say(self, to: str, text: str, speech: Speech, reply_to: str = "") -> Receipt:
        """Queues a message."""
        if not to or to.startswith(":") or any(char in " ,\r\n\0" for char in to):
            raise ValueError(f"{to!r} is neither a room nor a person")
        if self._dialect.registered:
            parts = self._dialect.parts(to, text, speech)
        else:  # this server's limits are not known yet
            parts = [text] if text.strip() else []
        receipt = Receipt(len(parts))
        for part in parts:
            self._outbox.put(OutgoingMessage(next(self._tokens), to, part, speech, receipt, reply_to))
            reply_to = ""
        self._hand_over()
        return receipt

    def settle(self) -> None:
        """Makes the server answer everything that was sent."""
        if self.ready:
            self._dialect.confirm()

    def give_up(self, reason: str) -> None:
        """Fails everything that is not answered: nothing more will be sent."""
        self._outbox.fail_all(reason)
        for lookup in self._lookups.values():
            lookup.fail(reason)
        self._lookups.clear()

    def rooms(self) -> list[str]:
        """The rooms that we are in."""
        return self._resume.joined_rooms()

    def members(self, room: str) -> list[str]:
        """The members of a room, as far as is known."""
        found = self._dialect.rooms.get(room)
        return [] if found is None else list(found.members.values())

    def prefixes(self, room: str) -> dict[str, str]:
        """The prefixes of members with a role, by nick, as far as is known."""
        found = self._dialect.rooms.get(room)
        if found is None:
            return {}
        return {found.members[key]: held for key, held in found.prefixes.items() if key in found.members}

    def topic(self, room: str) -> str:
        """A room's topic, as far as is known."""
        found = self._dialect.rooms.get(room)
        return "" if found is None else found.topic

    def server_tokens(self) -> dict[str, str]:
        """What the server announces about itself."""
        return dict(self._dialect.server.tokens)

    def join(self, room: str, key: str = "") -> None:
        """Asks to join a room, now and after each reconnection."""
        if not self._dialect.server.is_room(room) or any(char in " ,\r\n\0\x07" for char in room):
            raise ValueError(f"{room!r} is not a room; rooms begin with #")
        if any(char in " ,\r\n\0" for char in key) or key.startswith(":"):
            raise ValueError("A key can't have spaces or commas, or begin with a colon")
        self._resume.want(room, key)
        if self._registered_now:
            self._dialect.join(room, key)

    def part(self, room: str, reason: str) -> None:
        """Leaves a room, also for later connections."""
        self._resume.unwant(room)
        if self._registered_now:
            self._dialect.ask("PART", room, *([reason] if reason else []))

    def set_nick(self, nick: str) -> None:
        """Asks for another nick."""
        if self._registered_now:
            self._dialect.change_nick(nick)
        self._nick_fallback.wanted = nick

    def command(self, command: str, *params: str) -> None:
        """Sends any IRC command."""
        self._check_registered()
        self._dialect.ask(command, *params)

    def react(self, to: str, id: str, reaction: str, on: bool) -> None:
        """Adds a reaction to a message, or removes it."""
        self._check_registered()
        if not self._dialect.react(to, id, reaction, on):
            raise ClientError("This server does not support reactions.")

    def edit(self, to: str, id: str, text: str) -> None:
        """Replaces what a message of ours says."""
        self._check_registered()
        if not self._dialect.edit(to, id, text):
            raise ClientError("This server does not support edits.")

    def mark_read(self, target: str, time: datetime) -> None:
        """Notes how far we have read, if the server keeps that."""
        if self.ready:
            self._dialect.mark_read(target, time)

    def prefer(self, name: str, target: str, value: str) -> bool:
        """Keeps a choice for our account, if the server does that."""
        if not self._settings.account:
            return False
        self._check_registered()
        if not self._dialect.server.keeps_preferences:
            return False
        self._dialect.ask("PREFERENCES", name, target, *([value] if value else []))
        return True

    def typing(self, to: str, state: str) -> None:
        """Tells others whether we type, if they can be told."""
        if self.ready:
            self._dialect.typing(to, state)

    def history(self, room: str, kind: str, position: str, limit: int) -> Lookup:
        """Asks for a page of a room's history."""
        server = self._dialect.server
        lookup = self._look_up(
            f"The history of {room} can't be read",
            "" if server.keeps_history else "this server has no history",
            lambda token: self._dialect.history(token, room, kind, position, limit=min(limit, server.page)),
        )
        # What is around a message is one page; others are read on where they have few messages.
        lookup.limit = 0 if kind == "AROUND" else min(limit, server.page)
        lookup.is_forward = kind == "AFTER"
        return lookup

    def search(self, attributes: Sequence[tuple[str, str]]) -> Lookup:
        """Searches messages."""
        return self._look_up(
            "The search failed",
            "" if self._dialect.server.searches else "this server has no search",
            lambda token: self._dialect.search(token, attributes),
        )

    def pins(self, room: str) -> Lookup:
        """Asks for the pinned messages of a room."""
        return self._look_up(
            f"The pinned messages of {room} can't be read",
            "",
            lambda token: self._dialect.pins(token, room),
        )

    def _look_up(self, failed: str, fault: str, ask: Callable[[int], None]) -> Lookup:
        lookup = Lookup(failed)
        if not self._registered_now:
            lookup.fail("there is no connection right now")
        elif fault:
            lookup.fail(fault)
        else:
            token = next(self._tokens)
            ask(token)
            self._lookups[token] = lookup
        return lookup

    def _check_registered(self) -> None:
        if not self._registered_now:
            raise NotConnected("There is no connection right now.")

    @property
    def _registered_now(self) -> bool:
        return self._connected and self._dialect.registered

    # What the server sends.

    def _take(self, value: client_values.Value) -> None:
        # A Pong needs no handler: ``receive_data`` has noted that the server answers.
        handler = _HANDLERS.get(type(value))
        if handler is not None:
            handler(self, value)
        elif isinstance(value, events.RoomEvent):
            self._resume.in_room(value)
        elif isinstance(value, events.Event):
            self._emit(value)

    def _registered(self, value: client_values.Registered) -> None:
        self.nick = value.nick
        self._nick_fallback.got(value.nick)
        if self.was_ready:
            self._emit(events.Reconnected(self._clock.now(), value.nick))
        if self._settings.account and self._dialect.server.keeps_preferences:
            self._dialect.ask("PREFERENCES")
        self._resume.begin(self._dialect)
        self._step()

    def _nick_refused(self, value: client_values.NickRefused) -> None:
        if self._dialect.registered:
            if not self._nick_fallback.refused_later():
                self._emit(events.Refused(self._clock.now(), value.nick, value.reason))
            return
        nick = self._nick_fallback.next(value.taken, self._clock.monotonic())
        if nick is not None:
            reason = f"{value.nick}: {value.reason}. Trying {nick}"
            self._emit(events.Refused(self._clock.now(), value.nick, reason))
            self._dialect.change_nick(nick)
        elif self._nick_fallback.ask_again_at is None:
            self._fail(Rejected(f"The server does not accept the nick {value.nick}", value.reason))

    def _login_refused(self, value: client_values.LoginRefused) -> None:
        self._fail(errors.LoginRefused(self._settings.account, value.reason))

    def _password_refused(self, value: client_values.PasswordRefused) -> None:
        self._fail(PasswordNeeded(value.reason, given=bool(self._settings.password)))

    def _joined(self, value: events.Joined) -> None:
        if value.own:
            self._resume.joined(value)
            self._step()
        else:
            self._resume.in_room(value)

    def _cant_join(self, value: client_values.CantJoin) -> None:
        if not self.was_ready and value.room in self._settings.rooms:
            self._fail(Rejected(f"Can't join {value.room}", value.reason))
            return
        self._resume.cant_join(value)
        self._step()

    def _acknowledged(self, value: client_values.Acknowledged) -> None:
        outgoing = self._outbox.answered(value.token)
        if outgoing is not None:
            outgoing.receipt.part_taken(value.message.id)
        self._resume.message(value.message)

    def _undelivered(self, value: client_values.Undelivered) -> None:
        outgoing, refusal = self._outbox.answered(value.token), value.refusal
        if outgoing is not None:
            outgoing.receipt.part_failed(NotDelivered(f"{refusal.about}: {refusal.reason}"))
        self._emit(refusal)

    def _page_read(self, page: client_values.HistoryPage) -> None:
        if (lookup := self._lookups.pop(page.token, None)) is not None:
            if lookup.take(page):
                self._read_on(page, lookup)
        elif self._resume.page(page):
            self._step()

    def _read_on(self, page: client_values.HistoryPage, lookup: Lookup) -> None:
        """Asks for what a page is short of: other things than messages count in it."""
        token, server = next(self._tokens), self._dialect.server
        kind, id = ("AFTER", page.newest) if lookup.is_forward else ("BEFORE", page.oldest)
        self._lookups[token] = lookup
        self._dialect.history(token, page.room, kind, f"msgid={id}", limit=server.page)

    def _history_failed(self, value: client_values.HistoryFailed) -> None:
        if (lookup := self._lookups.pop(value.token, None)) is not None:
            lookup.fail(value.reason)
        elif self._resume.failed(value):
            self._step()

    def _gone(self, value: events.Left | events.Kicked) -> None:
        if value.own:
            self._resume.out(value)
            self._step()
        else:
            self._resume.in_room(value)
            self._regain(value.nick)

    def _renamed(self, value: events.Renamed) -> None:
        if value.own:
            self.nick = value.now
            self._nick_fallback.got(value.now)
        self._emit(value)
        if not value.own:
            self._regain(value.nick)

    def _server_closes(self, value: client_values.Closing) -> None:
        self._closing = value.reason

    # The steps from registration to being ready; each has a time limit.

    def _step(self) -> None:
        if self.ready:
            return
        self._step_by = self._clock.monotonic() + self._settings.timeout
        if self._resume.done:
            self._go_live()

    def _go_live(self) -> None:
        self._step_by = None
        for outgoing in self._resume.settle():
            outgoing.receipt.part_failed(NotDelivered(UNCERTAIN, uncertain=True))
            self._emit(events.Unconfirmed(self._clock.now(), outgoing.to, outgoing.text))
        self.ready = self.was_ready = True
        self._hand_over()

    def _step_timed_out(self) -> None:
        if not self._dialect.registered or not self.was_ready:
            self._fail(ClientError(f"registration did not finish within {self._settings.timeout:g} s"))
            return
        self._resume.late()
        self._go_live()

    def _hand_over(self) -> None:
        while self.ready and self._connected and (outgoing := self._outbox.next()) is not None:
            parts = self._dialect.parts(outgoing.to, outgoing.text, outgoing.speech)
            if parts and parts != [outgoing.text]:  # this server's limits were not known, or have changed
                self._say_in_parts(outgoing, parts)
                continue
            self._dialect.say(outgoing.token, outgoing.to, outgoing.text, outgoing.speech, outgoing.reply_to)

    def _say_in_parts(self, outgoing: OutgoingMessage, parts: Sequence[str]) -> None:
        outgoing.receipt.more_parts(len(parts) - 1)
        replies = (outgoing.reply_to, *[""] * (len(parts) - 1))
        self._outbox.replace(
            outgoing,
            [
                OutgoingMessage(
                    next(self._tokens), outgoing.to, part, outgoing.speech, outgoing.receipt, reply_to
                )
                for part, reply_to in zip(parts, replies, strict=True)
            ],
        )

    # Details.

    def _emit(self, event: events.Event) -> None:
        self._events.append(event)

    def _regain(self, nick: str) -> None:
        """Asks for the wanted nick again, which may be free now."""
        wanted = self._nick_fallback.wanted
        if self.nick != wanted and self._fold(nick) == self._fold(wanted):
            self._dialect.change_nick(self._nick_fallback.ask_again())

    def _is_not_irc(self) -> bool:
        """Whether the server's first bytes are not IRC: a prompt, or anything without a line end."""
        said = self._first_bytes
        return (
            bool(said) and not self._dialect.registered and (said.startswith(_PROMPT) or not self._heard_line)
        )

    def _fail(self, failure: ClientError) -> None:
        self.failure = self.failure or failure

    def _fold(self, name: str) -> str:
        return self._dialect.server.fold(name)


_HANDLERS: dict[type[Any], Callable[[IrcSession, Any], None]] = {
    client_values.Registered: IrcSession._registered,
    client_values.NickRefused: IrcSession._nick_refused,
    client_values.LoginRefused: IrcSession._login_refused,
    client_values.PasswordRefused: IrcSession._password_refused,
    events.Joined: IrcSession._joined,
    client_values.CantJoin: IrcSession._cant_join,
    events.Message: lambda session, value: session._resume.message(value),
    client_values.Acknowledged: IrcSession._acknowledged,
    client_values.Undelivered: IrcSession._undelivered,
    client_values.HistoryPage: IrcSession._page_read,
    client_values.HistoryFailed: IrcSession._history_failed,
    events.Left: IrcSession._gone,
    events.Kicked: IrcSession._gone,
    events.Renamed: IrcSession._renamed,
    client_values.Closing: IrcSession._server_closes,
    client_values.StrictTransport: lambda session, value: setattr(session, "strict", value),
}
