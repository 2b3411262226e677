"""Events of what people have read."""

from typing import ClassVar, Self

import msgspec

from asyncchat.core.events.base import Event, Kept, Reach
from asyncchat.core.people import Person


class ReadUpTo(Event, frozen=True, tag="read", omit_defaults=True):
    """An account has read a room, or a private conversation, up to a time (microseconds since 1970 UTC).

    ``target`` is the room's name or the other's; ``to`` are the sessions of the same account, who alone are
    told. Such facts are kept until a snapshot has the newest.
    """

    kept: ClassVar[Kept] = Kept.STATE
    reach: ClassVar[Reach] = Reach.SOME
    account: str
    target: str
    time: int
    to: tuple[int, ...] = ()

    def to_keep(self) -> Self:
        """Without the sessions, which belong to this run."""
        return msgspec.structs.replace(self, to=()) if self.to else self


class ReadHere(Event, frozen=True, tag="read_here"):
    """The same, by somebody without an account: it is forgotten at the end of the visit."""

    reach: ClassVar[Reach] = Reach.NOBODY
    person: Person
    target: str
    time: int
