"""Who stands where a session does for a person, or the server, that has none: it is told nothing.

Owns the fields and methods that ``delivery`` uses of a session; must not know why there is none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncchat.core.events import Record
    from asyncchat.server.audience import Audience


class Silence:
    """The encoder of who is told nothing (``dialects.base.EventEncoder``)."""

    def encode(self, _record: Record) -> bytes:
        """No bytes."""
        return b""


_SILENCE = Silence()


class Nobody:
    """Stands where a session does in an outcome, for what the server itself caused; it is told nothing."""

    def __init__(self) -> None:
        self.id = 0
        self.who = 0
        self.apart = 0
        self.parts: list[bytes] = []

    def hear_outcome(self, _outcome: object) -> None:
        """Takes no notice."""

    def flush_parts(self) -> None:
        """Writes nothing."""
        self.parts.clear()


class Absent(Nobody):
    """Stands in the rooms of a person who has no session."""

    encoder = _SILENCE
    ended = True
    address = ""
    ignoring: frozenset[str] = frozenset()

    def __init__(self, who: int) -> None:
        super().__init__()
        self.id = who
        self.who = who
        self.audiences: tuple[Audience, ...] = ()

    def write(self, _data: bytes) -> None:
        """Writes nothing."""

    def ignores(self, _record: Record) -> bool:
        """Hides nothing: it sees nothing."""
        return False

    def follow(self, _outcome: object) -> bytes:
        """Is told nothing."""
        return b""

    def is_slow(self) -> bool:
        """Never slow."""
        return False

    def expel(self, _reason: str) -> None:
        """Has nothing to end."""
