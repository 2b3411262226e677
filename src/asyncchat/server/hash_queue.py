"""The queue of passwords to be hashed: one at a time, and networks take turns.

Owns the order. Must not know what is hashed.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class HashQueue:
    """Gives turns, one at a time: a crowd of guessers costs one core and 16 MB, not all.

    Networks that wait take turns, so whoever guesses from one network delays others by one hash only.
    """

    def __init__(self) -> None:
        self._busy = False
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}
        """Who waits, by network; the first network is the next."""

    @asynccontextmanager
    async def turn(self, network: str) -> AsyncIterator[None]:
        """Waits for the turn of this network, and takes it."""
        if self._busy:
            mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.setdefault(network, deque()).append(mine)
            try:
                await mine
            except asyncio.CancelledError:
                if mine.done() and not mine.cancelled():  # its turn had just come
                    self._pass_on()
                raise
        self._busy = True
        try:
            yield
        finally:
            self._pass_on()

    def _pass_on(self) -> None:
        while self._waiting:
            network = next(iter(self._waiting))
            waiting = self._waiting.pop(network)
            first = waiting.popleft()
            if waiting:
                self._waiting[network] = waiting  # behind the others
            if not first.done():  # else its session has ended
                first.set_result(None)
                return
        self._busy = False
