"""The Python client: a chat as an object to say things to and to follow.

Owns the public face; the thread behind it is ``Transport``'s, what is said the session's.
"""

import weakref
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from types import TracebackType
from typing import Self

from asyncchat.client.address import Address, parse_address
from asyncchat.client.errors import ClientError, NickError, NotConnected, TimedOut
from asyncchat.client.events import Event, Message
from asyncchat.client.irc_session import IrcSession
from asyncchat.client.pending import Receipt
from asyncchat.client.plain_session import PlainSession
from asyncchat.client.protocol import ClientSession, Settings
from asyncchat.client.room_cursor import position_at
from asyncchat.client.transport import Transport
from asyncchat.core.events import Speech
from asyncchat.core.names import LOBBY
from asyncchat.core.scram import prepared

QUEUED = 1000
"""Most messages waiting for the server; who says more waits in ``say``."""


class Client:
    """A chat joined from a Python program, thread-safe, over IRC or to an original-style server.

        with Client("127.0.0.1:1234", nick="bot", rooms=["#ci"]) as chat:
            chat.say("#ci", "build 42 failed")
            for event in chat:
                match event:
                    case Message(room=room, text="ping"):
                        chat.say(room, "pong")

    Making one connects, and returns when the nick is ours and all rooms are joined. From then on it connects
    again by itself when the line breaks, with growing pauses, and resumes: from each room's last message on
    it reads the history, so that each message is yielded exactly once and in order, and what can't be had is
    yielded as a ``Gap``. What was said meanwhile is sent then; a message that was sent but not acknowledged
    is looked for in the history first. Private messages to us while the line is down are not kept by servers
    for us: they are outside of that promise.

    Following it yields ``Message``, ``Joined``, ``Left``, ``Kicked``, ``Renamed``, ``RoomRenamed``,
    ``TopicChanged``, ``ModeChanged``, ``Reacted``, ``Redacted``, ``Present``, ``Told``, ``Refused``,
    ``Disconnected``, ``Reconnected``, ``Gap`` and ``Unconfirmed``. A program that never follows loses nothing
    but the oldest events beyond 100,000.

    Args:
        address: ``host``, ``host:port``, ``[::1]:1234``, ``irc://host[:port][/room]`` or ``plain://host[:port]``.
        nick: the nick; when somebody has it, ``nick_`` and the like, see ``nick``.
        rooms: rooms to join; None: the address's room, else the lobby.
        history: how many of each room's last messages are read when it is joined, where the server has them.
        echo: whether our own messages are yielded too, where they stand among the others.
        timeout: seconds for the connection, for being let in, and for each answer; after it the line counts
            as dead.
        keepalive: seconds of silence after which the server is asked whether it is there.
        reconnect: whether to connect again after a break; if not, following ends there.
        backoff: seconds before the first attempt to connect again, and the longest pause; each is shortened
            by chance, to a half at most.
        nick_patience: seconds for which a nick of ours that our own dead connection holds is asked for again.
        user: the user name that IRC shows; '' is made from the nick.
        realname: the real name that IRC shows; '' is the nick.
        password: the server's password, where it asks for one; with ``account`` that account's.
        account: the account to log in to (IRC, SASL SCRAM-SHA-256: the password itself is never sent).

    Raises:
        ValueError: the password can't be said in one line, or can't be an account's.
        LoginRefused: the server does not log us in to the account.
        AddressError: the address is none.
        Unreachable: there is no server, or none that speaks the dialect.
        PasswordNeeded: the server asks for a password that we did not give.
        Rejected: the server does not let us in, or not into a room.
        NickError: that is no nick.
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
            raise ValueError("a password is one line")
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

    # Who and where.

    @property
    def nick(self) -> str:
        """Our nick right now."""
        return self._transport.session.nick

    @property
    def connected(self) -> bool:
        """Whether the line is up and what was missed has been read."""
        return self._transport.session.ready

    @property
    def rooms(self) -> list[str]:
        """The rooms that we are in."""
        with self._transport.lock:
            return self._transport.session.rooms()

    @property
    def closed(self) -> bool:
        """Whether the chat is over: closed, or ended without another attempt."""
        return self._transport.over

    @property
    def server_tokens(self) -> dict[str, str]:
        """What the server says of itself (IRC's 005): ``NETWORK``, ``CHANMODES`` …; empty over plain."""
        with self._transport.lock:
            return self._transport.session.server_tokens()

    def members(self, room: str) -> list[str]:
        """The nicks of those in a room, as far as the server told."""
        with self._transport.lock:
            return self._transport.session.members(room)

    def topic(self, room: str) -> str:
        """A room's topic, as far as the server told."""
        with self._transport.lock:
            return self._transport.session.topic(room)

    # Sending messages.

    def say(
        self, room: str, text: str, *, action: bool = False, notice: bool = False, reply_to: str = ""
    ) -> Receipt:
        """Says something to a room (``#…``) or a person. It returns at once; the receipt can be waited for.

        A text of several lines is one message where the server takes such (``draft/multiline``), up to its
        limits; else each line is one, and a line too long for the server becomes several. While the line is
        down, messages wait and are sent after the resume. With 1,000 waiting it blocks until there is room.

        Args:
            room: where to.
            text: what; an empty one says nothing.
            action: ``/me``: the text is what we do.
            notice: never to be answered automatically.
            reply_to: the id of the message that it answers.

        Returns:
            A ``Receipt``: ``wait()`` gives the message's id once the server has taken it.

        Raises:
            ValueError: that is neither a room nor a person.
            TimedOut: there was no room for it within the client's ``timeout``.
            NotConnected: the chat is closed.
        """
        speech = Speech.ACTION if action else Speech.NOTICE if notice else Speech.MESSAGE
        transport = self._transport
        with transport.changed:
            if not transport.changed.wait_for(
                lambda: transport.over or transport.session.unanswered < QUEUED, self._settings.timeout
            ):
                raise TimedOut(f"{QUEUED} messages are waiting for the server already.")
            self._check_open()
            receipt = transport.session.say(room, text, speech, reply_to)
        transport.wake()
        return receipt

    def waiting(self) -> list[tuple[str, str]]:
        """(room, text) of each message that is not acknowledged yet, in order."""
        with self._transport.lock:
            return self._transport.session.waiting()

    def flush(self, timeout: float | None = 30.0) -> None:
        """Waits until all that was said is acknowledged or refused.

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

    # Asking.

    def join(self, room: str, key: str = "") -> None:
        """Asks into a room, and again after each break; ``Joined`` (``own``) or ``Refused`` follows.

        Args:
            room: its name.
            key: the word without which that room lets nobody in.
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
        """Puts somebody out of a room; ``Kicked`` or ``Refused`` follows."""
        self.command("KICK", room, nick, *([reason] if reason else []))

    def react(self, room: str, id: str, reaction: str, *, on: bool = True) -> None:
        """Puts a reaction (``👍``) to a message, or takes it back; ``Reacted`` follows with ``echo``.

        Args:
            room: where the message is, as in ``Message.room``.
            id: the message's.
            reaction: an emoji, or any text.
            on: whether it is put.
        """
        self._ask(lambda session: session.react(room, id, reaction, on))

    def redact(self, room: str, id: str, reason: str = "") -> None:
        """Takes a message out of the history; ``Redacted`` (or ``Refused``) follows."""
        self.command("REDACT", room, id, *([reason] if reason else []))

    def rename_room(self, room: str, name: str, reason: str = "") -> None:
        """Gives a room another name; ``RoomRenamed`` or ``Refused`` follows."""
        self.command("RENAME", room, name, *([reason] if reason else []))

    def command(self, command: str, *params: str) -> None:
        """Sends any IRC command; the answers are yielded.

        Raises:
            ValueError: it can't be said in one line.
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
            room: the room, or the other one of a private conversation.
            before: the id of the message that the last one stands before.
            after: the id of the message that the first one follows.
            since: the time from which on the first ones are wanted.
            until: the time before which the last ones are wanted. With none of the four: the latest.
            limit: most messages; the server may give fewer.

        Raises:
            ClientError: there is no history, or no answer.
        """
        positions = [f"msgid={id}" for id in (before, after) if id]
        positions += [position_at(time) for time in (since, until) if time is not None]
        if len(positions) > 1:
            raise ValueError("either before, after, since or until")
        kind = "BEFORE" if before or until is not None else "AFTER" if positions else "LATEST"
        position = positions[0] if positions else "*"
        with self._transport.lock:
            self._check_open()
            lookup = self._transport.session.history(room, kind, position, limit)
        self._transport.wake()
        messages, failure = lookup.wait(self._settings.timeout)
        if failure:
            raise ClientError(f"The history of {room} can't be read: {failure}")
        return list(messages)

    def search(
        self,
        text: str = "",
        *,
        room: str = "",
        nick: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 50,
    ) -> list[Message]:
        """Searches what was said in the rooms one is in, where the server can (``soju.im/search``).

        Args:
            text: words, and "phrases in quotes", all of which a message has.
            room: only there; of a person: what you and it wrote to each other.
            nick: only what somebody of this nick said.
            since: only from this time on; then the first ones are given, else the latest.
            until: only up to this time.
            limit: most messages; the server may give fewer.

        Returns:
            What was found, oldest first.

        Raises:
            ClientError: there is no search, or no answer.
            ValueError: that is too long for a line.
        """
        wanted = {
            "text": text,
            "in": room,
            "from": nick,
            "after": "" if since is None else position_at(since).removeprefix("timestamp="),
            "before": "" if until is None else position_at(until).removeprefix("timestamp="),
            "limit": str(limit),
        }
        with self._transport.lock:
            self._check_open()
            lookup = self._transport.session.search([(key, value) for key, value in wanted.items() if value])
        self._transport.wake()
        messages, failure = lookup.wait(self._settings.timeout)
        if failure:
            raise ClientError(f"The search failed: {failure}")
        return list(messages)

    # Following.

    def receive(self, timeout: float | None = None) -> Event:
        """The next event; each is given to one caller only.

        Args:
            timeout: seconds; None waits as long as it takes.

        Raises:
            TimedOut: there is none yet.
            NotConnected: the chat is closed, and all that had come before is taken.
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
        """Leaves the chat and ends the thread; it may be called again.

        Args:
            timeout: most seconds to wait for messages that are not acknowledged; it does not wait while the
                line is down.
            reason: a word to the others.

        Returns:
            (room, text) of what is given up, not acknowledged.
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

    # Small things.

    def _ask(self, ask: Callable[[ClientSession], None]) -> None:
        with self._transport.lock:
            self._check_open()
            ask(self._transport.session)
        self._transport.wake()

    def _check_open(self) -> None:
        if self._transport.over:
            reason = f": {self._transport.failure}" if self._transport.failure is not None else ""
            raise NotConnected(f"The chat is closed{reason}.")


def _new_session(address: Address, settings: Settings) -> ClientSession:
    nick = settings.nick
    if (
        not nick.strip()
        or not nick.isprintable()
        or (address.scheme == "irc" and (" " in nick or nick[0] in ":#&@"))
    ):
        raise NickError(nick)
    return PlainSession(settings) if address.scheme == "plain" else IrcSession(settings)
