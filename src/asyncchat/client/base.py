"""What clients in threads and in asyncio have in common: settings, state, and all that waits for nothing.

Owns the public interface but for what waits; it must not know the dialect (``ClientSession``), sockets,
threads or tasks.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TypeVar

from asyncchat.client.address import Address, parse_address
from asyncchat.client.errors import LoginRefused, NickError, NotConnected, TimedOut
from asyncchat.client.events import Event, Pinned
from asyncchat.client.irc_session import IrcSession
from asyncchat.client.lifecycle import Lifecycle
from asyncchat.client.pending import Found, Lookup
from asyncchat.client.plain_session import PlainSession
from asyncchat.client.protocol import ClientSession, Settings
from asyncchat.client.room_cursor import position_at
from asyncchat.client.strict_transport import secured
from asyncchat.client.trust import Trust, layer_for
from asyncchat.core.features.messages import Speech
from asyncchat.core.names import LOBBY
from asyncchat.core.scram import ScramFault, prepared

T = TypeVar("T")

QUEUED = 1000
"""Most messages that wait for the server; with more, ``say`` waits."""


class BaseClient(ABC):
    """A chat that a Python program joins: ``Client`` is for threads, ``AsyncClient`` for asyncio."""

    _lock: AbstractContextManager[object]
    """Guards the chat where there are threads."""

    def __init__(
        self,
        address: str | Address,
        *,
        nick: str,
        rooms: Sequence[str] | None = None,
        history: int = 0,
        echo: bool = False,
        timeout: float = 30.0,
        keepalive: float = 30.0,
        reconnect: bool = True,
        backoff: tuple[float, float] = (1.0, 60.0),
        nick_patience: float = 15.0,
        user: str = "",
        realname: str = "",
        password: str = "",
        account: str = "",
        playback: bool = False,
        ca: str = "",
        fingerprint: str = "",
        cert: str = "",
    ) -> None:
        if any(char in "\r\n\0" for char in password):
            raise ValueError("a password must be one line")
        if account and (password or not cert):
            try:
                prepared(password)
            except ScramFault as fault:
                raise LoginRefused(account, f"{fault}.") from fault
        place = secured(parse_address(address) if isinstance(address, str) else address)
        trust = Trust(ca, fingerprint, cert)
        places = [(one, layer_for(one, trust)) for one in map(secured, place.each)]
        self._place = place
        if rooms is None:
            rooms = [place.room or LOBBY]
        wanted = (rooms,) if isinstance(rooms, str) else tuple(dict.fromkeys(rooms))
        settings = self._settings = Settings(
            nick=nick,
            rooms=wanted,
            user=user,
            realname=realname,
            history=history,
            echo=echo,
            timeout=timeout,
            keepalive=keepalive,
            nick_patience=nick_patience,
            backoff=backoff,
            reconnect=reconnect,
            password=password,
            account=account,
            playback=playback,
            keys={place.room: place.key} if place.key else {},
        )
        self._life = Lifecycle(places, _new_session(place, settings), settings)
        self._begin()

    def __repr__(self) -> str:
        state = "closed" if self.closed else "connected" if self.connected else "not connected"
        return f"<{type(self).__name__} {self.nick!r} at {self.address}: {state}>"

    # State.

    @property
    def address(self) -> Address:
        """Where the server is, or all of them; a single one that asks to be joined over TLS changes it."""
        return self._place if self._place.others else self._life.address

    @property
    def server(self) -> str:
        """Where the server of this connection, or of the next one, is: of several, one."""
        return str(self._life.address)

    @property
    def nick(self) -> str:
        """Our current nick."""
        return self._life.session.nick

    @property
    def connected(self) -> bool:
        """Whether there is a connection and missed messages have been read."""
        return self._life.session.ready

    @property
    def rooms(self) -> list[str]:
        """The rooms that we are in."""
        with self._lock:
            return self._life.session.rooms()

    @property
    def closed(self) -> bool:
        """Whether the chat has ended: it was closed, or there will be no further attempt to connect."""
        return self._life.over

    @property
    def server_tokens(self) -> dict[str, str]:
        """What the server announces (IRC's 005): ``NETWORK``, ``CHANMODES`` …; empty for plain text."""
        with self._lock:
            return self._life.session.server_tokens()

    def members(self, room: str) -> list[str]:
        """The nicks of a room's members, as far as is known."""
        with self._lock:
            return self._life.session.members(room)

    def prefixes(self, room: str) -> dict[str, str]:
        """What a room's members with a role have before their nick (``@``, ``+``), the highest role first."""
        with self._lock:
            return self._life.session.prefixes(room)

    def topic(self, room: str) -> str:
        """A room's topic, as far as is known."""
        with self._lock:
            return self._life.session.topic(room)

    def waiting(self) -> list[tuple[str, str]]:
        """(room, text) of each message that is not acknowledged yet, in order."""
        with self._lock:
            return self._life.session.waiting()

    # Commands.

    def join(self, room: str, key: str = "") -> None:
        """Asks to join a room, now and after each reconnection; ``Joined`` (``own``) or ``Refused`` follows.

        Args:
            room: its name.
            key: the room's key, if it has one.
        """
        self._ask(lambda session: session.join(room, key))

    def part(self, room: str, reason: str = "") -> None:
        """Leaves a room; ``Left`` (``own``) follows."""
        self._ask(lambda session: session.part(room, reason))

    def set_nick(self, nick: str) -> None:
        """Asks for another nick; ``Renamed`` (``own``) or ``Refused`` follows."""
        self._ask(lambda session: session.set_nick(nick))

    def set_topic(self, room: str, topic: str) -> None:
        """Sets a room's topic; ``TopicChanged`` or ``Refused`` follows."""
        self.command("TOPIC", room, topic)

    def kick(self, room: str, nick: str, reason: str = "") -> None:
        """Kicks somebody from a room; ``Kicked`` or ``Refused`` follows."""
        self.command("KICK", room, nick, *([reason] if reason else []))

    def react(self, room: str, id: str, reaction: str, *, on: bool = True) -> None:
        """Adds a reaction (``👍``) to a message, or removes it; ``Reacted`` follows with ``echo``.

        Args:
            room: the message's room, as in ``Message.room``.
            id: the message's id.
            reaction: an emoji, or any text.
            on: whether to add it.
        """
        self._ask(lambda session: session.react(room, id, reaction, on))

    def edit(self, room: str, id: str, text: str) -> None:
        """Replaces what a message of ours says; ``Edited`` or ``Refused`` follows.

        Raises:
            ClientError: the server does not know edits, or there is no connection.
        """
        self._ask(lambda session: session.edit(room, id, text))

    def mark_read(self, room: str, time: datetime) -> None:
        """Notes that we have read a room, or a private conversation, up to a message's time.

        The server tells it to the other devices of our account, and to us when we join again (``ReadUpTo``).
        """
        self._ask(lambda session: session.mark_read(room, time))

    def prefer(self, name: str, target: str, value: str = "") -> bool:
        """Chooses something for all devices of our account; ``Preference`` or ``Refused`` follows.

        Args:
            name: ``ignore`` or ``notify``.
            target: whom we ignore; the room or person of which we are notified.
            value: ``on`` to ignore; ``all`` or ``none``; '': the default.

        Returns:
            False: nothing is chosen, because we are logged in to no account, or the server keeps no choices.

        Raises:
            ValueError: it does not fit into one line.
            NotConnected: there is no connection right now.
        """
        return self._ask(lambda session: session.prefer(name, target, value))

    def typing(self, room: str, state: str = "active") -> None:
        """Tells others whether we type: ``active``, ``paused`` or ``done``. Once in 3 s is enough."""
        self._ask(lambda session: session.typing(room, state))

    def redact(self, room: str, id: str, reason: str = "") -> None:
        """Removes a message from the history; ``Redacted`` or ``Refused`` follows."""
        self.command("REDACT", room, id, *([reason] if reason else []))

    def rename_room(self, room: str, name: str, reason: str = "") -> None:
        """Renames a room; ``RoomRenamed`` or ``Refused`` follows."""
        self.command("RENAME", room, name, *([reason] if reason else []))

    def command(self, command: str, *params: str) -> None:
        """Sends any IRC command; the answers are yielded.

        Raises:
            ValueError: it does not fit into one line.
            NotConnected: there is no connection right now.
        """
        self._ask(lambda session: session.command(command, *params))

    # Details.

    @abstractmethod
    def _begin(self) -> None:
        """Prepares what runs the chat."""

    @abstractmethod
    def _wake(self) -> None:
        """Has whatever runs the chat look at it."""

    def _ask(self, ask: Callable[[ClientSession], T]) -> T:
        with self._lock:
            self._check_open()
            answer = ask(self._life.session)
        self._wake()
        return answer

    def _settle(self) -> None:
        """Makes the server answer everything that was sent."""
        with self._lock:
            self._life.session.settle()
        self._wake()

    # Conditions that are waited for.

    def _is_flushed(self) -> bool:
        """Whether nothing is left to be acknowledged."""
        return self._life.over or not self._life.session.unanswered

    def _is_settled(self) -> bool:
        """Whether there is nothing to wait for before closing."""
        return self._is_flushed() or not self._life.session.ready

    def _may_say(self) -> bool:
        """Whether few enough messages wait."""
        return self._life.over or self._life.session.unanswered < QUEUED

    def _has_event(self) -> bool:
        """Whether there is an event, or will never be one."""
        return bool(len(self._life.event_queue)) or self._life.over

    def _take(self) -> Event:
        """The next event; one who asks when there is none is told that the chat is closed."""
        if not len(self._life.event_queue):
            self._check_open()
        return self._life.event_queue.take()

    def _check_open(self) -> None:
        if self._life.over:
            reason = f": {self._life.failure}" if self._life.failure is not None else ""
            raise NotConnected(f"The chat is closed{reason}.")

    def _not_flushed(self) -> TimedOut:
        count = self._life.session.unanswered
        return TimedOut(f"{count} message{'s are' if count > 1 else ' is'} not acknowledged.")

    def _check_entered(self) -> None:
        """Raises why we are not in the chat, if we are not."""
        if self._life.failure is not None and not self._life.session.was_ready:
            raise self._life.failure


def speech_of(*, action: bool, notice: bool) -> Speech:
    """The kind of a message."""
    return Speech.ACTION if action else Speech.NOTICE if notice else Speech.MESSAGE


def history_request(
    room: str,
    before: str,
    after: str,
    around: str,
    since: datetime | None,
    until: datetime | None,
    limit: int,
) -> Callable[[ClientSession], Lookup]:
    """Asks a session for what ``history`` was given.

    Raises:
        ValueError: more than one position is given.
    """
    positions = [f"msgid={id}" for id in (before, after, around) if id]
    positions += [position_at(time) for time in (since, until) if time is not None]
    if len(positions) > 1:
        raise ValueError("give only one of before, after, around, since and until")
    kind = "BEFORE" if before or until is not None else "AFTER" if positions else "LATEST"
    if around:
        kind = "AROUND"
    position = positions[0] if positions else "*"
    return lambda session: session.history(room, kind, position, limit)


def search_request(
    text: str, room: str, nick: str, since: datetime | None, until: datetime | None, limit: int
) -> Callable[[ClientSession], Lookup]:
    """Asks a session for what ``search`` was given."""
    wanted = {
        "text": text,
        "in": room,
        "from": nick,
        "after": "" if since is None else position_at(since).removeprefix("timestamp="),
        "before": "" if until is None else position_at(until).removeprefix("timestamp="),
        "limit": str(limit),
    }
    attributes = [(key, value) for key, value in wanted.items() if value]
    return lambda session: session.search(attributes)


def pinned(found: Found) -> list[Pinned]:
    """What a session found for ``pins``."""
    return [message for message in found if isinstance(message, Pinned)]


def _new_session(address: Address, settings: Settings) -> ClientSession:
    nick = settings.nick
    if (
        not nick.strip()
        or not nick.isprintable()
        or (address.scheme != "plain" and (" " in nick or nick[0] in ":#&@"))
    ):
        raise NickError(nick)
    return PlainSession(settings) if address.scheme == "plain" else IrcSession(settings)
