"""What a program waits for: the acknowledgement of a message, the answer of a history or a search.

Owns waiting; must not know who answers.
"""

import threading
from collections.abc import Callable, Iterable
from datetime import datetime

from asyncchat.client.errors import ClientError, NotDelivered, TimedOut
from asyncchat.dialects.irc.client_values import HistoryPage, MemberEvent, Message

MOST_PAGES = 40
"""Most pages read for one answer: a room may have thousands of joins between two messages."""


class Pending:
    """Something that is waited for: by a thread with ``_over``, by a task with ``when_done``."""

    def __init__(self) -> None:
        self._over = threading.Event()
        self._told: list[Callable[[], None]] = []

    @property
    def done(self) -> bool:
        """Whether the server has answered."""
        return self._over.is_set()

    def when_done(self, tell: Callable[[], None]) -> None:
        """Has something called when it is done, in the thread that runs the session."""
        self._told.append(tell)

    def _finish(self) -> None:
        self._over.set()
        for tell in self._told:
            tell()


class Receipt(Pending):
    """The result of one ``say``. Safe to use from any thread.

    A text may be sent as several messages: it is acknowledged when all of them are.
    """

    def __init__(self, parts: int) -> None:
        super().__init__()
        self._left = parts
        self._ids: list[str] = []
        self._failure: NotDelivered | None = None
        if not parts:
            self._finish()

    def __repr__(self) -> str:
        if not self.done:
            return "<Receipt: not acknowledged yet>"
        return f"<Receipt: {' '.join([str(self._failure or 'acknowledged'), *filter(None, self._ids)])}>"

    @property
    def acknowledged(self) -> bool:
        """Whether the server has accepted all of it."""
        return self.done and self._failure is None

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the acknowledged parts; '' for each one without an id."""
        return tuple(self._ids)

    def wait(self, timeout: float | None = 30.0) -> str:
        """Waits until the server has accepted it.

        Args:
            timeout: seconds; None waits as long as it takes, also over reconnections.

        Returns:
            The id of the message (of its first part); '' if the server has no ids.

        Raises:
            NotDelivered: the server refused it, or the connection broke and the result is not known.
            TimedOut: there is no answer yet; the message is still being sent.
        """
        self._over.wait(timeout)
        return self.result(timeout)

    # For the client.

    def result(self, timeout: float | None) -> str:
        """What ``wait`` gives, after the wait."""
        if not self.done:
            raise TimedOut(f"The message is not acknowledged after {timeout:g} s.")
        if self._failure is not None:
            raise self._failure
        return self._ids[0] if self._ids else ""

    # For the session.

    def part_taken(self, id: str) -> None:
        """Notes that one part is acknowledged."""
        self._ids.append(id)
        self._part_over()

    def more_parts(self, count: int) -> None:
        """Notes that a part was sent as several."""
        self._left += count

    def part_failed(self, failure: NotDelivered) -> None:
        """Notes that one part failed; the first failure counts."""
        self._failure = self._failure or failure
        self._part_over()

    def _part_over(self) -> None:
        self._left -= 1
        if self._left <= 0:
            self._finish()


class Found(list[Message]):
    """Messages that a search found, oldest first.

    Attributes:
        reached: how far the server has looked, if it could not look everywhere: search again for messages up
            to this time. None: it looked everywhere, or found as many as you asked for.
        why: why it looked no further: ``timeout``, ``indexing`` (its index is being made), ``full`` (a page
            holds no more), or empty: it did not say.
        changes: the reactions, edits and redactions there, in order; only with the client's ``playback``.
    """

    def __init__(
        self, messages: Iterable[Message] = (), reached: datetime | None = None, why: str = ""
    ) -> None:
        super().__init__(messages)
        self.reached = reached
        self.why = why
        self.changes: tuple[MemberEvent, ...] = ()


class Lookup(Pending):
    """A request to the history or the search, until its answer.

    Args:
        failed: what to say where there is none, such as "The search failed".

    Attributes:
        limit: how many messages are wanted of the history.
        is_forward: whether they are read on towards now.
    """

    def __init__(self, failed: str) -> None:
        super().__init__()
        self._failed = failed
        self.limit = 0
        self.is_forward = False
        self._messages = Found()
        self._pages = 0
        self._failure = ""

    def take(self, page: HistoryPage) -> bool:
        """Takes a page of the answer; returns whether another one is wanted, because this one is short."""
        before = self._messages
        pages = (before, page.messages) if self.is_forward else (page.messages, before)
        found = self._messages = Found((*pages[0], *pages[1]), page.reached, page.why)
        found.changes = (
            (*before.changes, *page.changes) if self.is_forward else (*page.changes, *before.changes)
        )
        self._pages += 1
        if page.newest and not page.ended and len(found) < self.limit and self._pages < MOST_PAGES:
            return True
        if page.newest:
            del found[slice(self.limit, None) if self.is_forward else slice(-self.limit)]
        self._finish()
        return False

    def fail(self, reason: str) -> None:
        """Sets why there is no answer."""
        self._failure = reason
        self._finish()

    def wait(self, timeout: float) -> Found:
        """Waits for the answer, and returns it.

        Raises:
            TimedOut: there is no answer in time.
            ClientError: there is none.
        """
        self._over.wait(timeout)
        return self.result(timeout)

    def result(self, timeout: float) -> Found:
        """What ``wait`` gives, after the wait."""
        if not self.done:
            raise TimedOut(f"The history did not answer within {timeout:g} s.")
        if self._failure:
            raise ClientError(f"{self._failed}: {self._failure}")
        return self._messages
