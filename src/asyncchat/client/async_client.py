"""The Python client for asyncio: the same chat, with the same words as ``Client``.

Owns what is awaited; the rest of the public interface is in ``base``.
"""

from collections.abc import AsyncIterator
from contextlib import nullcontext
from datetime import datetime
from types import TracebackType
from typing import Self

from asyncchat.client.async_transport import AsyncTransport, finished
from asyncchat.client.base import QUEUED, BaseClient, history_request, pinned, search_request, speech_of
from asyncchat.client.errors import NotConnected, TimedOut
from asyncchat.client.events import Event, Pinned
from asyncchat.client.pending import Found, Receipt


class AsyncReceipt:
    """The result of one ``say`` of an ``AsyncClient``.

    A text may be sent as several messages: it is acknowledged when all of them are.
    """

    def __init__(self, receipt: Receipt) -> None:
        self._receipt = receipt

    def __repr__(self) -> str:
        return repr(self._receipt).replace("<", "<Async", 1)

    @property
    def done(self) -> bool:
        """Whether the server has answered."""
        return self._receipt.done

    @property
    def acknowledged(self) -> bool:
        """Whether the server has accepted all of it."""
        return self._receipt.acknowledged

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the acknowledged parts; '' for each one without an id."""
        return self._receipt.ids

    async def wait(self, timeout: float | None = 30.0) -> str:  # noqa: ASYNC109  # as Client has it
        """Waits until the server has accepted it.

        Args:
            timeout: seconds; None waits as long as it takes, also over reconnections.

        Returns:
            The id of the message (of its first part); '' if the server has no ids.

        Raises:
            NotDelivered: the server refused it, or the connection broke and the result is not known.
            TimedOut: there is no answer yet; the message is still being sent.
        """
        await finished(self._receipt, timeout)
        return self._receipt.result(timeout)


class AsyncClient(BaseClient):
    """A chat that an asyncio program joins, over IRC (TCP or UDP) or with a plain-text server.

        async with AsyncClient("127.0.0.1:1234", nick="bot", rooms=["#ci"]) as chat:
            await chat.say("#ci", "build 42 failed")
            async for event in chat:
                match event:
                    case Message(room=room, text="ping"):
                        await chat.say(room, "pong")

    It is ``Client`` for asyncio: the same arguments, events, errors and promises. What waits there is awaited
    here: ``say``, ``flush``, ``history``, ``search``, ``pins``, ``receive``, ``close`` and a receipt's
    ``wait``. All else is called as it is. ``async with`` connects, and goes on when we have a nick and have
    joined all rooms; what is wrong from the start is raised there. It is used in one event loop, and entered
    once.
    """

    def _begin(self) -> None:
        self._lock = nullcontext()  # there is one thread
        self._transport = AsyncTransport(self._life, self._settings.timeout)

    async def __aenter__(self) -> Self:
        self._transport.start()
        try:
            await self._transport.wait_for(lambda: self._life.entered, None)
        except BaseException:
            await self._transport.stop()
            raise
        self._check_entered()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close(timeout=5.0 if kind is None else 0.0)

    # Sending messages.

    async def say(
        self, room: str, text: str, *, action: bool = False, notice: bool = False, reply_to: str = ""
    ) -> AsyncReceipt:
        """Sends a message to a room (``#…``) or a person, without waiting for the server (``Client.say``).

        Args:
            room: the room or the person.
            text: the text, also of several lines; if it is empty, nothing is sent.
            action: whether it is an action (``/me``).
            notice: whether it is a notice, which is never answered automatically.
            reply_to: the id of the message that it answers.

        Returns:
            An ``AsyncReceipt``: awaiting its ``wait()`` gives the message's id.

        Raises:
            ValueError: ``room`` is neither a room nor a person.
            TimedOut: 1,000 messages still waited after the client's ``timeout``.
            NotConnected: the chat is closed.
        """
        if not await self._transport.wait_for(self._may_say, self._settings.timeout):
            raise TimedOut(f"{QUEUED} messages are already waiting for the server.")
        speech = speech_of(action=action, notice=notice)
        return AsyncReceipt(self._ask(lambda session: session.say(room, text, speech, reply_to)))

    async def flush(self, timeout: float | None = 30.0) -> None:  # noqa: ASYNC109  # as Client has it
        """Waits until all messages are acknowledged or refused.

        Args:
            timeout: seconds; None waits as long as it takes.

        Raises:
            TimedOut: some are not.
        """
        self._settle()
        if not await self._transport.wait_for(self._is_flushed, timeout):
            raise self._not_flushed()

    async def history(
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
        """Reads from a room's history, oldest first (``Client.history``).

        Raises:
            ClientError: there is no history, or no answer.
        """
        lookup = self._ask(history_request(room, before, after, around, since, until, limit))
        await finished(lookup, self._settings.timeout)
        return lookup.result(self._settings.timeout)

    async def search(
        self,
        text: str = "",
        *,
        room: str = "",
        nick: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 50,
    ) -> Found:
        """Searches the messages of the rooms that we are in (``Client.search``).

        Raises:
            ClientError: there is no search, or no answer.
            ValueError: the search is too long for a line.
        """
        lookup = self._ask(search_request(text, room, nick, since, until, limit))
        await finished(lookup, self._settings.timeout)
        return lookup.result(self._settings.timeout)

    async def pins(self, room: str) -> list[Pinned]:
        """Reads the pinned messages of a room that we are in (``Client.pins``).

        Raises:
            ClientError: the server has no pins, we are not in the room, or there is no answer.
            ValueError: ``room`` is no room.
        """
        lookup = self._ask(lambda session: session.pins(room))
        await finished(lookup, self._settings.timeout)
        return pinned(lookup.result(self._settings.timeout))

    # Events.

    async def receive(self, timeout: float | None = None) -> Event:  # noqa: ASYNC109  # as Client has it
        """Returns the next event; each event is returned to only one caller.

        Args:
            timeout: seconds; None waits as long as it takes.

        Raises:
            TimedOut: there was no event in that time.
            NotConnected: the chat is closed, and all earlier events have been returned.
        """
        if not await self._transport.wait_for(self._has_event, timeout):
            raise TimedOut(f"Nothing happened for {timeout:g} s.")
        return self._take()

    async def __aiter__(self) -> AsyncIterator[Event]:
        """Yields events until the chat is closed, here or by another task."""
        while True:
            try:
                event = await self.receive()
            except NotConnected:
                return
            yield event

    # Leaving.

    async def close(self, timeout: float = 5.0, *, reason: str = "") -> list[tuple[str, str]]:  # noqa: ASYNC109  # as Client has it
        """Leaves the chat and ends its task. It may be called more than once.

        Args:
            timeout: most seconds to wait for messages that are not acknowledged; without a connection it does
                not wait.
            reason: a reason that the others see.

        Returns:
            (room, text) of each message that was not acknowledged.
        """
        if not self._life.over and timeout > 0:
            self._settle()
            await self._transport.wait_for(self._is_settled, timeout)
        await self._transport.stop(reason)
        return self._life.given_up

    def _wake(self) -> None:
        self._transport.wake()
