"""Messages of a client that the server has not acknowledged yet.

Owns the window and the matching of echoes, labels, refusals and barriers to messages; must not know what
answers look like on the wire.
"""

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass

from asyncchat.core.features.messages import Speech
from asyncchat.core.text import printable

WINDOW_BYTES = 4096
"""Most bytes under way: servers close on a full receive queue (InspIRCd's default is 8 KiB)."""


@dataclass(slots=True)
class Pending:
    """One line to be acknowledged; ``key`` is the folded target, ``barrier`` the PING that followed it."""

    token: int
    to: str
    key: str
    text: str
    speech: Speech
    line: bytes
    barrier: int = 0


class Sending:
    """One connection's messages, in order: first queued, then under way, then acknowledged or refused."""

    def __init__(self) -> None:
        self._queue: deque[Pending | bytes] = deque()
        self._flight: dict[int, Pending] = {}
        self._bytes = 0
        self._barrier = 0
        self._barrier_open = False

    def __len__(self) -> int:
        return len(self._queue) + len(self._flight)

    @property
    def queued(self) -> int:
        """How much is not sent yet."""
        return len(self._queue)

    @property
    def under_way(self) -> list[int]:
        """Tokens of what was sent and is neither acknowledged nor refused, in order."""
        return list(self._flight)

    def put(self, pending: Pending | bytes) -> None:
        """Queues a message, or a line that keeps its place among messages."""
        self._queue.append(pending)

    def release(self) -> list[bytes]:
        """The lines that may be sent now; from here on they are under way."""
        lines = []
        while self._queue:
            pending = self._queue[0]
            if isinstance(pending, bytes):
                lines.append(pending)
                self._queue.popleft()
                continue
            if self._flight and self._bytes + len(pending.line) > WINDOW_BYTES:
                break
            self._queue.popleft()
            self._flight[pending.token] = pending
            self._bytes += len(pending.line)
            lines.append(pending.line)
        return lines

    def barrier(self) -> int | None:
        """The number of a PING to send behind what is under way; None while one is out, or needless."""
        bare = [pending for pending in self._flight.values() if not pending.barrier]
        if self._barrier_open or not bare:
            return None
        self._barrier += 1
        self._barrier_open = True
        for pending in bare:
            pending.barrier = self._barrier
        return self._barrier

    def passed(self, barrier: int) -> list[Pending]:
        """The messages that were under way before this barrier, whose PONG has come."""
        if barrier == self._barrier:
            self._barrier_open = False
        return [
            self._done(pending) for pending in list(self._flight.values()) if 0 < pending.barrier <= barrier
        ]

    def labeled(self, label: str) -> Pending | None:
        """The message that was sent with a label."""
        is_number = label.isascii() and label.isdigit() and len(label) < 18  # ours are counted
        pending = self._flight.get(int(label)) if is_number else None
        return self._done(pending) if pending is not None else None

    def echoed(self, key: str, text: str) -> Pending | None:
        """The message that an echo without a label belongs to.

        A server answers in order but may change the text: the first with that text, else the first to that
        target.
        """
        mine = [pending for pending in self._flight.values() if pending.key == key]
        same = comparable(text)
        for pending in mine:
            if comparable(pending.text) == same:
                return self._done(pending)
        return self._done(mine[0]) if mine else None

    def refused(self, keys: Collection[str]) -> Pending | None:
        """The first message under way to one of these targets."""
        for pending in self._flight.values():
            if pending.key in keys:
                return self._done(pending)
        return None

    def _done(self, pending: Pending) -> Pending:
        del self._flight[pending.token]
        self._bytes -= len(pending.line)
        return pending


def comparable(text: str) -> str:
    """A text in a form that is the same before and after a server cleaned it."""
    return " ".join(printable(text).split())
