"""Whether the hub of a cluster is gone, so that another node is to be it.

Owns what its silence means. Must not know the election, nor what a hub does.

A hub that was killed has no connection any more, so NATS says at once that nobody answers where it did. One
that is frozen, or cut off, still has one for NATS, and gives no answer. One that answers is there: then it is
the stream that takes nothing, as while the servers of NATS elect a leader.
"""

import asyncio
import contextlib
import secrets
from collections.abc import Callable
from time import monotonic

from asyncchat.cluster.errors import NoAnswer, StreamDown
from asyncchat.cluster.stream import Stream

HUB_ASKED_AFTER = 0.8
"""Seconds without a word of the hub after which it is asked: more than it is ever silent …"""

HUB_SILENCE = 3.0
"""… so many, after which one that gives no answer is taken for gone …"""

STAGGER = 0.5
"""… and at the most so many more, so that nodes seldom stand at the same moment."""

HUB_PATIENCE = 12.0
"""Seconds after which one that answers is taken for gone all the same. An election of NATS takes 5 to 9."""

LOOK_EVERY = 0.2
"""Seconds between two looks at a hub that is silent."""

_ANSWER_SECONDS = 0.5

_ABSENCES = 2
"""How often nobody must be there for a hub: it may connect to another server of NATS just then."""

_ABSENCES_AFTER_RETURN = 8
"""The same after this node itself has connected again: as NATS was away, the hub comes back, too."""

HUB = "hub"
"""Where a hub answers, followed by its node's number."""


async def has_connection(stream: Stream, subject: str) -> bool:
    """Whether NATS has a connection of whoever listens to a subject; it may be frozen all the same."""
    try:
        await stream.request(subject, b"", _ANSWER_SECONDS)
    except NoAnswer:
        return False
    except StreamDown:
        pass
    return True


class FailureDetector:
    """Watches the hub.

    Args:
        stream: where the hub speaks, and is asked.
        clock: seconds, of a clock that nobody sets.
    """

    def __init__(self, stream: Stream, clock: Callable[[], float] = monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._stagger = secrets.randbelow(1000) / 1000 * STAGGER
        self._heard = self._clock()
        self._has_left = False
        self._woken = asyncio.Event()
        self._absences = _ABSENCES
        """How often more nobody must be there."""
        stream.on_change = self._connection_changed

    @property
    def silence(self) -> float:
        """Seconds since the hub was heard."""
        return self._clock() - self._heard

    def hear(self) -> None:
        """The hub said something."""
        self._heard = self._clock()
        self._has_left = False
        self._absences = _ABSENCES

    def leave(self) -> None:
        """The hub said that it stops."""
        self._has_left = True
        self._woken.set()

    async def until_silent(self) -> None:
        """Waits until it is time to look whether the hub is gone."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(LOOK_EVERY, HUB_ASKED_AFTER - self.silence)):
                await self._woken.wait()
        self._woken.clear()

    async def is_gone(self, hub: int) -> bool:
        """Whether another node is to be the hub; ``hub`` is the number of the one that is."""
        if not self._stream.connected:
            return False
        if self._has_left:
            return True
        if self.silence < HUB_ASKED_AFTER:
            return False
        try:
            await self._stream.request(f"{HUB}.{hub}", b"", _ANSWER_SECONDS)
        except NoAnswer:
            self._absences -= 1
            return self._absences <= 0 and self.silence > HUB_ASKED_AFTER
        except StreamDown:
            return self.silence > HUB_SILENCE + self._stagger
        self._absences = max(self._absences, _ABSENCES)
        return self.silence > HUB_PATIENCE

    def _connection_changed(self, is_connected: bool) -> None:
        if is_connected:
            self._absences = _ABSENCES_AFTER_RETURN
