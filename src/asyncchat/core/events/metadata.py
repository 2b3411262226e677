"""Events of metadata: what people and rooms carry for programs, and who wants to be told of it.

The facts are told to nobody; who is to hear of one is told by ``MetadataShown``.
"""

from typing import ClassVar

from asyncchat.core.events.base import Event, Kept, Reach
from asyncchat.core.people import Person


class AccountMetadataChanged(Event, frozen=True, tag="account_metadata", omit_defaults=True):
    """An account has another value under a key; None: none any more.

    ``time`` is in microseconds since 1970 UTC; 0: it does not count towards the pace of who did it.
    """

    kept: ClassVar[Kept] = Kept.STATE
    reach: ClassVar[Reach] = Reach.NOBODY
    account: str
    person: Person
    key: str
    value: str | None
    time: int = 0


class RoomMetadataChanged(Event, frozen=True, tag="room_metadata", omit_defaults=True):
    """A room has another value under a key; as ``AccountMetadataChanged``."""

    kept: ClassVar[Kept] = Kept.STATE
    reach: ClassVar[Reach] = Reach.NOBODY
    room: str
    person: Person
    key: str
    value: str | None
    time: int = 0


class MetadataChanged(Event, frozen=True, tag="metadata", omit_defaults=True):
    """Somebody without an account has another value under a key; forgotten at the end of the visit."""

    reach: ClassVar[Reach] = Reach.NOBODY
    person: Person
    key: str
    value: str | None
    time: int = 0


class MetadataShown(Event, frozen=True, tag="metadata_shown"):
    """Some (``to``) are told the value that a person or a room has under a key; None: none any more.

    ``target`` is the name, ``who`` the person's number, 0 for a room; ``by`` who changed it, if anybody.
    """

    kept: ClassVar[Kept] = Kept.NEVER
    reach: ClassVar[Reach] = Reach.SOME
    target: str
    who: int
    by: Person | None
    key: str
    value: str | None
    to: tuple[int, ...]


class Subscribed(Event, frozen=True, tag="subscribed", omit_defaults=True):
    """A person wants to be told of what is under these keys, or no longer, on one of its devices.

    ``session`` is that one's number; 0: the person's own.
    """

    reach: ClassVar[Reach] = Reach.NOBODY
    person: Person
    keys: tuple[str, ...]
    on: bool
    session: int = 0


class Synced(Event, frozen=True, tag="synced"):
    """A person was told all metadata of a large room; ``time`` in microseconds since 1970 UTC."""

    reach: ClassVar[Reach] = Reach.NOBODY
    person: Person
    room: str
    time: int
