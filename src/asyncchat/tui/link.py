"""The threads between the client, which waits, and the application, which must not.

Owns who waits for what: one thread follows the chat, one does what is typed, in order. It must not know
widgets.
"""

import threading
from collections.abc import Callable
from concurrent.futures import CancelledError
from contextlib import suppress
from queue import SimpleQueue
from typing import Protocol

from asyncchat.client.client import Client
from asyncchat.client.errors import ClientError, NotConnected, TimedOut
from asyncchat.client.events import Event

FRAME = 1 / 20
"""Seconds between two groups of events that are shown: what comes meanwhile is drawn at once."""

GROUP = 2_000
"""Most events in a group, so that keys are answered in between."""


class Shown(Protocol):
    """What the threads tell; both methods return when the application has dealt with it."""

    def take_events(self, events: list[Event]) -> None:
        """Events of the chat, in order."""

    def ended(self, why: str) -> None:
        """The chat is closed: no more events come."""

    def told(self, text: str) -> None:
        """A line for the person: why something was not done."""


def beside(task: Callable[[], None]) -> None:
    """Does something that may wait in a thread of its own, which holds up nobody's leaving."""

    def done() -> None:
        with suppress(RuntimeError, CancelledError):  # the application has just ended
            task()

    threading.Thread(target=done, name="asyncchat task", daemon=True).start()


class Link:
    """One client and its threads.

    Args:
        chat: the client.
        shown: is told, in the application's thread.
        call: calls a function in the application's thread and waits for its end.
    """

    def __init__(self, chat: Client, shown: Shown, call: Callable[..., object]) -> None:
        self.chat = chat
        self._shown = shown
        self._call = call
        self._tasks: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=target, name=f"asyncchat {name}", daemon=True)
            for name, target in (("events", self._follow), ("typed", self._work))
        ]

    def start(self) -> None:
        """Starts the threads."""
        for thread in self._threads:
            thread.start()

    def do(self, task: Callable[[], None]) -> None:
        """Does something that may wait, after what was asked before; what it raises is told."""
        self._tasks.put(task)

    def close(self, timeout: float, reason: str = "") -> list[tuple[str, str]]:
        """Leaves the chat; returns (room, text) of each message that was not acknowledged."""
        self._over.set()
        self._tasks.put(None)
        return self.chat.close(timeout, reason=reason)

    def _follow(self) -> None:
        while not self._over.is_set():
            try:
                events = self._gathered()
            except NotConnected as error:
                self._tell(self._shown.ended, str(error))
                return
            self._tell(self._shown.take_events, events)
            self._over.wait(FRAME)

    def _gathered(self) -> list[Event]:
        events = [self.chat.receive()]
        try:
            while len(events) < GROUP:
                events.append(self.chat.receive(0))
        except (TimedOut, NotConnected):
            pass
        return events

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            try:
                task()
            except (ClientError, ValueError) as error:
                self._tell(self._shown.told, str(error))

    def _tell(self, tell: Callable[..., None], *values: object) -> None:
        if not self._over.is_set():
            try:
                self._call(tell, *values)
            except (RuntimeError, CancelledError):  # the application has just ended
                self._over.set()
