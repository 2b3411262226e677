"""The Python client: a chat as an object, to send messages and follow events.

Owns the public interface; it must not know the dialect (``ClientSession``) or the socket (``Transport``).
"""

import weakref
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from types import TracebackType
from typing import Self, TypeVar

from asyncchat.client.address import Address, parse_address
from asyncchat.client.errors import ClientError, NickError, NotConnected, TimedOut
from asyncchat.client.events import Event, Message
from asyncchat.client.irc_session import IrcSession
from asyncchat.client.pending import Found, Lookup, Receipt
from asyncchat.client.plain_session import PlainSession
from asyncchat.client.protocol import ClientSession, Settings
from asyncchat.client.room_cursor import position_at
from asyncchat.client.transport import Transport
from asyncchat.core.features.messages import Speech
from asyncchat.core.names import LOBBY
from asyncchat.core.scram import prepared

T = TypeVar("T")

QUEUED = 1000
"""Most messages that wait for the server; with more, ``say`` blocks."""


class Client:
    """A chat that a Python program joins, thread-safe, over IRC (TCP or UDP) or with a plain-text server.

        with Client("127.0.0.1:1234", nick="bot", rooms=["#ci"]) as chat:
            chat.say("#ci", "build 42 failed")
            for event in chat:
                match event:
                    case Message(room=room, text="ping"):
                        chat.say(room, "pong")

    The constructor connects, and returns when we have a nick and have joined all rooms. When the connection
    breaks later, it reconnects by itself, with growing pauses, and resumes: it reads each room's history from
    the last message on, so that each message is yielded exactly once and in order, and what can't be read is
    yielded as a ``Gap``. Messages that were queued meanwhile are sent then; a message that was sent but not
    acknowledged is first looked for in the history. This does not hold for private messages to us during the
    break, because servers do not keep them for us.

    Iterating yields ``Message``, ``Joined``, ``Left``, ``Kicked``, ``Renamed``, ``RoomRenamed``,
    ``TopicChanged``, ``ModeChanged``, ``Reacted``, ``Redacted``, ``Present``, ``Told``, ``Refused``,
    ``Disconnected``, ``Reconnected``, ``Gap`` and ``Unconfirmed``. Up to 100,000 events wait for a program
    that does not iterate; beyond that the oldest are dropped.

    Args:
        address: ``host``, ``host:port``, ``[::1]:1234``, ``irc://host[:port][/room]``,
        ``udp://host[:port][/room]``, ``plain://host[:port]`` or the page's ``http://host[:port]/#room``.
        nick: the nick; if it is in use, ``nick_`` and similar ones are tried, see
        ``nick``. rooms: rooms to join; None: the address's room, else the lobby. history: how many of each
        room's last messages are read when it is joined, if the server has history. echo: whether our own
        messages are yielded too, in their place among the others. timeout: seconds for the connection, for
        the registration, and for each answer; after that the
            connection counts as dead.
        keepalive: seconds of silence after which a PING is sent.
        reconnect: whether to reconnect after a break; if not, the iteration ends there.
        backoff: seconds before the first attempt to reconnect, and the longest pause; a random part of up to
            a half is taken off.
        nick_patience: seconds for which our former nick is asked for again while our own dead connection has
            it.
        user: the user name that IRC shows; '': made from the nick.
        realname: the real name that IRC shows; '': the nick.
        password: the server's password, if it needs one; with ``account`` that account's.
        account: the account to log in to (IRC, SASL SCRAM-SHA-256: the password itself is never sent).

    Raises:
        ValueError: the password has more than one line, or can't be an account's.
        LoginRefused: the server refuses the login to the account.
        AddressError: the address is not valid.
        Unreachable: there is no server, or it does not speak the dialect.
        PasswordNeeded: the server needs a password, and none or a wrong one was given.
        Rejected: the server refuses us, or a room does.
        NickError: the nick is not valid.
    """

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
        nick_patience: float = 10.0,
        user: str = "",
        realname: str = "",
        password: str = "",
        account: str = "",
    ) -> None:
        if any(char in "\r\n\0" for char in password):
            raise ValueError("a password must be one line")
        if account:
            prepared(password)
        self.address = parse_address(address) if isinstance(address, str) else address
        wanted = (self.address.room or LOBBY,) if rooms is None else tuple(dict.fromkeys(rooms))
        self._settings = Settings(
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
            keys={self.address.room: self.address.key} if self.address.key else {},
        )
        self._transport = Transport(self.address, _new_session(self.address, self._settings), self._settings)
        self._finalizer = weakref.finalize(self, self._transport.stop, wait=False)
        self._transport.start()
        self._enter()

    def _enter(self) -> None:
        transport = self._transport
        try:
            with transport.changed:
                transport.changed.wait_for(lambda: transport.session.was_ready or transport.over)
                failure = transport.failure
        except BaseException:
            transport.stop()
            raise
        if failure is not None and not transport.session.was_ready:
            raise failure

    # State.

    @property
    def nick(self) -> str:
        """Our current nick."""
        return self._transport.session.nick

    @property
    def connected(self) -> bool:
        """Whether there is a connection and missed messages have been read."""
        return self._transport.session.ready

    @property
    def rooms(self) -> list[str]:
        """The rooms that we are in."""
        with self._transport.lock:
            return self._transport.session.rooms()

    @property
    def closed(self) -> bool:
        """Whether the chat has ended: it was closed, or there will be no further attempt to connect."""
        return self._transport.over

    @property
    def server_tokens(self) -> dict[str, str]:
        """What the server announces (IRC's 005): ``NETWORK``, ``CHANMODES`` …; empty for plain text."""
        with self._transport.lock:
            return self._transport.session.server_tokens()

    def members(self, room: str) -> list[str]:
        """The nicks of a room's members, as far as is known."""
        with self._transport.lock:
            return self._transport.session.members(room)

    def topic(self, room: str) -> str:
        """A room's topic, as far as is known."""
        with self._transport.lock:
            return self._transport.session.topic(room)

    # Sending messages.

    def say(
        self, room: str, text: str, *, action: bool = False, notice: bool = False, reply_to: str = ""
    ) -> Receipt:
        """Sends a message to a room (``#…``) or a person, without waiting for the server.

        A text of several lines is one message if the server supports it (``draft/multiline``), up to its
        limits; otherwise each line is a message, and a line that is too long for the server becomes several.
        Without a connection, messages wait and are sent after the resume. While 1,000 messages wait, this
        method blocks.

        Args:
            room: the room or the person.
            text: the text; if it is empty, nothing is sent.
            action: whether it is an action (``/me``).
            notice: whether it is a notice, which is never answered automatically.
            reply_to: the id of the message that it answers.

        Returns:
            A ``Receipt``: its ``wait()`` returns the message's id when the server has accepted the message.

        Raises:
            ValueError: ``room`` is neither a room nor a person.
            TimedOut: 1,000 messages still waited after the client's ``timeout``.
            NotConnected: the chat is closed.
        """
        speech = Speech.ACTION if action else Speech.NOTICE if notice else Speech.MESSAGE
        transport = self._transport
        with transport.changed:
            if not transport.changed.wait_for(
                lambda: transport.over or transport.session.unanswered < QUEUED, self._settings.timeout
            ):
                raise TimedOut(f"{QUEUED} messages are already waiting for the server.")
            self._check_open()
            receipt = transport.session.say(room, text, speech, reply_to)
        transport.wake()
        return receipt

    def waiting(self) -> list[tuple[str, str]]:
        """(room, text) of each message that is not acknowledged yet, in order."""
        with self._transport.lock:
            return self._transport.session.waiting()

    def flush(self, timeout: float | None = 30.0) -> None:
        """Waits until all messages are acknowledged or refused.

        Args:
            timeout: seconds; None waits as long as it takes.

        Raises:
            TimedOut: some are not.
        """
        if not self._flushed(timeout):
            count = len(self.waiting())
            raise TimedOut(f"{count} message{'s are' if count > 1 else ' is'} not acknowledged.")

    def _flushed(self, timeout: float | None, *, only_connected: bool = False) -> bool:
        transport = self._transport
        with transport.lock:
            transport.session.settle()
        transport.wake()

        def over() -> bool:
            session = transport.session
            return transport.over or not session.unanswered or (only_connected and not session.ready)

        with transport.changed:
            return transport.changed.wait_for(over, timeout) and not transport.session.unanswered

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

    def history(
        self,
        room: str,
        *,
        before: str = "",
        after: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 50,
    ) -> list[Message]:
        """Reads from a room's history, oldest first.

        Args:
            room: the room, or the other person of a private conversation.
            before: read the last messages before the one with this id.
            after: read the first messages after the one with this id.
            since: read the first messages from this time on.
            until: read the last messages before this time. With none of these four: the latest messages.
            limit: most messages; the server may return fewer.

        Raises:
            ClientError: there is no history, or no answer.
        """
        positions = [f"msgid={id}" for id in (before, after) if id]
        positions += [position_at(time) for time in (since, until) if time is not None]
        if len(positions) > 1:
            raise ValueError("give only one of before, after, since and until")
        kind = "BEFORE" if before or until is not None else "AFTER" if positions else "LATEST"
        position = positions[0] if positions else "*"
        messages, failure = self._look_up(lambda session: session.history(room, kind, position, limit))
        if failure:
            raise ClientError(f"The history of {room} can't be read: {failure}")
        return messages

    def search(
        self,
        text: str = "",
        *,
        room: str = "",
        nick: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 50,
    ) -> Found:
        """Searches the messages of the rooms that we are in, if the server can (``soju.im/search``).

        Args:
            text: words and "phrases in quotes", all of which the message must have.
            room: only messages of this room, or of the private conversation with this person.
            nick: only messages of this nick.
            since: only messages from this time on; the first ones are returned, else the latest.
            until: only messages up to this time.
            limit: most messages; the server may return fewer.

        Returns:
            The messages that were found, oldest first, and how far the server looked if not everywhere.

        Raises:
            ClientError: there is no search, or no answer.
            ValueError: the search is too long for a line.
        """
        wanted = {
            "text": text,
            "in": room,
            "from": nick,
            "after": "" if since is None else position_at(since).removeprefix("timestamp="),
            "before": "" if until is None else position_at(until).removeprefix("timestamp="),
            "limit": str(limit),
        }
        attributes = [(key, value) for key, value in wanted.items() if value]
        messages, failure = self._look_up(lambda session: session.search(attributes))
        if failure:
            raise ClientError(f"The search failed: {failure}")
        return messages

    # Events.

    def receive(self, timeout: float | None = None) -> Event:
        """Returns the next event; each event is returned to only one caller.

        Args:
            timeout: seconds; None waits as long as it takes.

        Raises:
            TimedOut: there was no event in that time.
            NotConnected: the chat is closed, and all earlier events have been returned.
        """
        transport = self._transport
        with transport.changed:
            if not transport.changed.wait_for(lambda: len(transport.event_queue) or transport.over, timeout):
                raise TimedOut(f"Nothing happened for {timeout:g} s.")
            if not len(transport.event_queue):
                self._check_open()
            return transport.event_queue.take()

    def __iter__(self) -> Iterator[Event]:
        """Yields events until the chat is closed, here or by another thread."""
        while True:
            try:
                event = self.receive()
            except NotConnected:
                return
            yield event

    # Leaving.

    def close(self, timeout: float = 5.0, *, reason: str = "") -> list[tuple[str, str]]:
        """Leaves the chat and ends the thread. It may be called more than once.

        Args:
            timeout: most seconds to wait for messages that are not acknowledged; without a connection it does
                not wait.
            reason: a reason that the others see.

        Returns:
            (room, text) of each message that was not acknowledged.
        """
        if not self._transport.over and timeout > 0:
            self._flushed(timeout, only_connected=True)
        self._transport.stop(reason)
        self._finalizer.detach()
        return self._transport.given_up

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close(timeout=5.0 if kind is None else 0.0)

    # Details.

    def _ask(self, ask: Callable[[ClientSession], T]) -> T:
        with self._transport.lock:
            self._check_open()
            answer = ask(self._transport.session)
        self._transport.wake()
        return answer

    def _look_up(self, ask: Callable[[ClientSession], Lookup]) -> tuple[Found, str]:
        return self._ask(ask).wait(self._settings.timeout)

    def _check_open(self) -> None:
        if self._transport.over:
            reason = f": {self._transport.failure}" if self._transport.failure is not None else ""
            raise NotConnected(f"The chat is closed{reason}.")


def _new_session(address: Address, settings: Settings) -> ClientSession:
    nick = settings.nick
    if (
        not nick.strip()
        or not nick.isprintable()
        or (address.scheme != "plain" and (" " in nick or nick[0] in ":#&@"))
    ):
        raise NickError(nick)
    return PlainSession(settings) if address.scheme == "plain" else IrcSession(settings)
