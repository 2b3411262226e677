"""The Python client for threads: a chat as an object, to send messages and follow events.

Owns what blocks; the rest of the public interface is in ``base``.
"""

import weakref
from collections.abc import Iterator
from datetime import datetime
from types import TracebackType
from typing import Self

from asyncchat.client.base import QUEUED, BaseClient, history_request, pinned, search_request, speech_of
from asyncchat.client.errors import NotConnected, TimedOut
from asyncchat.client.events import Event, Pinned
from asyncchat.client.pending import Found, Receipt
from asyncchat.client.transport import Transport


class Client(BaseClient):
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
    ``TopicChanged``, ``ModeChanged``, ``Reacted``, ``Edited``, ``Redacted``, ``Typing``, ``ReadUpTo``,
    ``Preference``, ``Present``, ``Told``, ``Refused``, ``Disconnected``, ``Reconnected``, ``Gap`` and
    ``Unconfirmed``. Up to 100,000 events wait for a program that does not iterate; beyond that the oldest are
    dropped.

    Args:
        address: ``host``, ``host:port``, ``[::1]:1234``, ``irc://host[:port][/room]``,
            ``ircs://host[:port][/room]`` over TLS, ``udp://host[:port][/room]``, ``plain://host[:port]`` or
            the page's ``http[s]://host[:port]/#room``. Nodes of one chat are ``host:port,host:port``:
            where one does not answer, or ends, the next one is tried.
        nick: the nick; if it is in use, ``nick_`` and similar ones are tried, see ``nick``.
        rooms: rooms to join; None: the address's room, else the lobby.
        history: how many of each room's last messages are read when it is joined, if the server has history.
        echo: whether our own messages are yielded too, in their place among the others.
        timeout: seconds for the connection, for the registration, and for each answer; after that the
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
        account: the account to log in to (IRC, SASL SCRAM-SHA-256: the password itself is never sent);
            without a password by ``cert`` (SASL EXTERNAL).
        playback: whether what the history tells of messages is yielded too, after a break and at first:
            ``Reacted``, ``Edited`` and ``Redacted``.
        ca: over TLS, a file with the certificates of those who may vouch for the server (PEM); '': those that
            the system trusts.
        fingerprint: over TLS, the SHA-256 of the only certificate that is taken, whoever vouches for it.
        cert: over TLS, a file with our own certificate and its key (PEM).

    Raises:
        ValueError: the password has more than one line, or can't be an account's; or something for TLS is
            given for an address without it.
        LoginRefused: the server refuses the login to the account.
        AddressError: the address is not valid.
        Unreachable: there is no server, or it does not speak the dialect.
        Untrusted: nobody vouches for the server's certificate.
        PasswordNeeded: the server needs a password, and none or a wrong one was given.
        Rejected: the server refuses us, or a room does.
        NickError: the nick is not valid.
    """

    def _begin(self) -> None:
        self._transport = Transport(self._life, self._settings.timeout)
        self._lock = self._transport.lock
        self._finalizer = weakref.finalize(self, self._transport.stop, wait=False)
        self._transport.start()
        try:
            with self._transport.changed:
                self._transport.changed.wait_for(lambda: self._life.entered)
        except BaseException:
            self._transport.stop()
            raise
        self._check_entered()

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
        with self._transport.changed:
            if not self._transport.changed.wait_for(self._may_say, self._settings.timeout):
                raise TimedOut(f"{QUEUED} messages are already waiting for the server.")
            self._check_open()
            receipt = self._life.session.say(room, text, speech_of(action=action, notice=notice), reply_to)
        self._wake()
        return receipt

    def flush(self, timeout: float | None = 30.0) -> None:
        """Waits until all messages are acknowledged or refused.

        Args:
            timeout: seconds; None waits as long as it takes.

        Raises:
            TimedOut: some are not.
        """
        self._settle()
        with self._transport.changed:
            if not self._transport.changed.wait_for(self._is_flushed, timeout):
                raise self._not_flushed()

    def history(
        self,
        room: str,
        *,
        before: str = "",
        after: str = "",
        around: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 50,
    ) -> Found:
        """Reads from a room's history, oldest first.

        Args:
            room: the room, or the other person of a private conversation.
            before: read the last messages before the one with this id.
            after: read the first messages after the one with this id.
            around: read the message with this id, and as many before it as after it.
            since: read the first messages from this time on.
            until: read the last messages before this time. With none of these five: the latest messages.
            limit: most messages; the server may return fewer.

        Raises:
            ClientError: there is no history, or no answer.
        """
        return self._ask(history_request(room, before, after, around, since, until, limit)).wait(
            self._settings.timeout
        )

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
        return self._ask(search_request(text, room, nick, since, until, limit)).wait(self._settings.timeout)

    def pins(self, room: str) -> list[Pinned]:
        """Reads the pinned messages of a room that we are in, in the order in which they were pinned.

        Raises:
            ClientError: the server has no pins, we are not in the room, or there is no answer.
            ValueError: ``room`` is no room.
        """
        return pinned(self._ask(lambda session: session.pins(room)).wait(self._settings.timeout))

    # Events.

    def receive(self, timeout: float | None = None) -> Event:
        """Returns the next event; each event is returned to only one caller.

        Args:
            timeout: seconds; None waits as long as it takes.

        Raises:
            TimedOut: there was no event in that time.
            NotConnected: the chat is closed, and all earlier events have been returned.
        """
        with self._transport.changed:
            if not self._transport.changed.wait_for(self._has_event, timeout):
                raise TimedOut(f"Nothing happened for {timeout:g} s.")
            return self._take()

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
        if not self._life.over and timeout > 0:
            self._settle()
            with self._transport.changed:
                self._transport.changed.wait_for(self._is_settled, timeout)
        self._transport.stop(reason)
        self._finalizer.detach()
        return self._life.given_up

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close(timeout=5.0 if kind is None else 0.0)

    def _wake(self) -> None:
        self._transport.wake()
