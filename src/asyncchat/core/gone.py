"""Who was here lately: people who left, and names they gave up.

Owns a bounded memory beside the chat's state: no decision reads it, and a new run begins without it.
"""

from collections import deque
from typing import Final

import msgspec

from asyncchat.core.names import fold
from asyncchat.core.people import Person

REMEMBERED: Final = 1000
"""People remembered, the last to go: some 300 KB."""


class Gone(msgspec.Struct, frozen=True):
    """A person as it was called until ``time`` (microseconds since 1970 UTC); ``key`` is the folded name."""

    key: str
    person: Person
    time: int


class Departures:
    """The last people to go, or to take another name."""

    __slots__ = ("_gone",)

    def __init__(self) -> None:
        self._gone: deque[Gone] = deque(maxlen=REMEMBERED)

    def add(self, person: Person, time: int) -> None:
        """Somebody is no longer here under this name."""
        self._gone.append(Gone(person.key, person, time))

    def of(self, name: str) -> list[Gone]:
        """Those who had a name, the last first."""
        key = fold(name)
        return [gone for gone in reversed(self._gone) if gone.key == key]

    def clear(self) -> None:
        """Forgets all."""
        self._gone.clear()
