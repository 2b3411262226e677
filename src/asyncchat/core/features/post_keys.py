"""Keys under which something is posted only once, so that a program may repeat its request.

Owns which keys were used lately. Must not know who posts: a bot, a guest or an account.
"""

from collections.abc import Iterator
from typing import Final

import msgspec

from asyncchat.core.events import Event, Untold
from asyncchat.core.forgotten import Identity
from asyncchat.core.replies import Reply

MAX_KEYS: Final = 10_000
"""Keys that are remembered, the newest, of bots, of guests and of accounts each: 100 bytes each, in memory
and in each snapshot."""

KEY_MICROSECONDS: Final = 7 * 86_400_000_000
"""How long a key is remembered: a job that failed on Friday is repeated on Monday."""


class Posted(msgspec.Struct, frozen=True):
    """What was posted under a key: ``asked`` identifies the request, ``time`` is that of the message."""

    asked: str
    room: str
    time: int


class PostedOnce(Untold, frozen=True, tag="posted_once"):
    """The message before this event was posted under a key, and must not be posted again.

    ``asked`` and ``time`` as in ``Posted``; ``token`` is whose key it is: the digest of a token's secret, or
    ``guest NAME``, or ``account NAME``.
    """

    token: str
    key: str
    asked: str
    room: str
    time: int


class PostedBefore(Reply, frozen=True):
    """Something was posted under the same key before; see ``Posted``."""

    asked: str
    room: str
    time: int


class PostKeys:
    """What was posted under keys; a chat has one, beside its tokens (``bots``)."""

    def __init__(self) -> None:
        self._kinds: dict[str, dict[tuple[str, str], Posted]] = {}
        """By whose key it is and the key, for bots (empty), guests and accounts: none of these makes the
        keys of another forgotten."""

    def before(self, owner: str, key: str, now: int) -> PostedBefore | None:
        """What somebody (``PostedOnce.token``) posted under this key; None: nothing, or too long ago."""
        found = self._of(owner).get((owner, key)) if key else None
        if found is None or now - found.time >= KEY_MICROSECONDS:
            return None
        return PostedBefore(found.asked, found.room, found.time)

    def add(self, event: PostedOnce) -> None:
        """Remembers a key."""
        posted = self._of(event.token)
        posted.pop((event.token, event.key), None)
        posted[event.token, event.key] = Posted(event.asked, event.room, event.time)
        if len(posted) > MAX_KEYS:
            del posted[next(iter(posted))]

    def forget(self, who: Identity) -> None:
        """Forgets the keys of a person."""
        for posted in self._kinds.values():
            for owner, key in list(posted):
                if who.replaced(owner) != owner:
                    del posted[owner, key]

    def _of(self, owner: str) -> dict[tuple[str, str], Posted]:
        return self._kinds.setdefault(owner.rpartition(" ")[0], {})

    def state(self) -> dict[tuple[str, str], Posted]:
        """All of it."""
        return {at: once for posted in self._kinds.values() for at, once in posted.items()}

    def facts(self) -> Iterator[Event]:
        """The fewest events that restore it."""
        for (owner, key), once in self.state().items():
            yield PostedOnce(owner, key, once.asked, once.room, once.time)
