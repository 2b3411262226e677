"""The log: the ordered record of facts, behind one small port.

Owns the contract that every log keeps; must not know sessions, dialects or what a fact means beyond how long
it is kept.
"""

import secrets
from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec

from asyncchat.core.events import AnyEvent, Record
from asyncchat.core.ids import Ids
from asyncchat.errors import AsyncChatError


class LogError(AsyncChatError):
    """The log can't be opened, read or written; the text says what to do."""


class OutOfStep(LogError):
    """An append did not follow the log's last record: somebody else writes it."""


_EPOCH_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"


def new_epoch() -> str:
    """A name for an epoch that no other has: random, since a restored file can't know what followed it."""
    return "".join(secrets.choice(_EPOCH_LETTERS) for _ in range(6))


def misuse(last: int, last_time: int, records: Sequence[Record]) -> None:
    """Raises ValueError for records that can't follow the number ``last`` and the time ``last_time``."""
    for record in records:
        last += 1
        if record.number != last:
            raise ValueError(f"record {record.number} where {last} follows")
        if record.time < last_time:
            raise ValueError(f"record {last} is earlier than the one before it")
        last_time = record.time


class Shelf(msgspec.Struct, frozen=True):
    """A shelf (``log.shelves``), or how the shelves of one owner begin, and what of it is wanted.

    Facts numbered up to ``after``, or earlier than the time ``since`` (microseconds), or from the time
    ``until`` on where there is one, are not. A room's key may be one too: then its messages are wanted.
    """

    name: str
    after: int = 0
    since: int = 0
    until: int = 0


class Range(msgspec.Struct, frozen=True):
    """Which messages of a room are wanted: numbers and times (microseconds) exclusive, None is open.

    ``upto`` is the last number that may be read, inclusive: what was delivered when the question was asked.
    ``newest`` chooses which end of a range longer than ``limit`` is given. ``beside`` are shelves
    whose facts are wanted too; with them alone the room is empty.
    Without ``events`` only messages are given (``Said``, ``Whispered``).
    """

    room: str
    upto: int
    after: int | None = None
    before: int | None = None
    after_time: int | None = None
    before_time: int | None = None
    limit: int = 50
    newest: bool = True
    beside: tuple[Shelf, ...] = ()
    events: bool = False


class Retention(msgspec.Struct, frozen=True):
    """What of the history may stay: 0 for all of it.

    Attributes:
        days: what is older goes.
        megabytes: where it takes more (of 1,000,000 bytes), the oldest goes; the file itself does not shrink.
    """

    days: int = 0
    megabytes: int = 0


class Page(msgspec.Struct, frozen=True):
    """Messages of a range, oldest first, erased ones left out.

    ``more`` counts the range's messages beyond the page: those before it, up to the ``count_to`` of the read,
    when the newest end was asked for, else 1 or 0 for those after it.
    ``cut``: messages of the range were removed, because they were too old or too many.
    """

    records: tuple[Record, ...]
    more: int
    cut: bool = False


class Query(msgspec.Struct, frozen=True):
    """What is searched for: messages of some rooms that have all of ``terms`` (``core.searching``).

    ``rooms`` are keys; ``name`` is the key of who said it, empty: anyone; ``renamed`` tells whether one of
    the rooms had another name; the rest as in ``Range``.
    """

    rooms: tuple[str, ...]
    upto: int
    terms: tuple[str, ...] = ()
    name: str = ""
    after: int | None = None
    before: int | None = None
    after_time: int | None = None
    before_time: int | None = None
    limit: int = 50
    newest: bool = True
    renamed: bool = False


class Found(msgspec.Struct, frozen=True):
    """What a search found, oldest first, erased messages left out.

    ``reached`` is the number of the last record looked at where the search ended before its range did, with
    as many messages as wanted or because it took too long: it goes on before that number, or after it where
    the oldest end was asked for. None: there is nothing more. ``time`` is that record's.
    """

    records: tuple[Record, ...]
    reached: int | None
    time: int = 0


class Log(Protocol):
    """A log of records numbered 1, 2, 3 … without a hole.

    All methods are called from one thread, that of the event loop; what takes long awaits a thread inside.
    """

    @property
    def last(self) -> int:
        """The number of the newest record; 0 when there is none."""
        ...

    @property
    def last_time(self) -> int:
        """The time of the newest record (microseconds since 1970 UTC); 0 when there is none."""
        ...

    @property
    def ids(self) -> Ids:
        """The ids of this log's records, past and to come."""
        ...

    @property
    def messages(self) -> int:
        """How many messages (``Said``, ``Whispered``) it held when it was opened, erased ones left out."""
        ...

    def state(self) -> Iterable[AnyEvent]:
        """The facts that decisions read, of kind ``Kept.STATE``, oldest first, or fewer that equal them."""
        ...

    def retain(self, keep: Retention) -> None:
        """Removes from now on what need not stay, a little at a time."""
        ...

    async def append(self, expected_last: int, records: Sequence[Record]) -> None:
        """Adds records, all or none, kept when this returns.

        Idempotent: the newest append, repeated, is taken as written.

        Args:
            expected_last: the number after which they go; ``records[0].number`` is one more.
            records: consecutive, times never decreasing.

        Raises:
            OutOfStep: the log's last number is another, and it does not end with these records.
            LogError: it can't be written now; the same call may be tried again.
            ValueError: numbers with a hole, or a time before the one before it: the caller's misuse.
        """
        ...

    async def read(self, wanted: Range, count_to: int = 0) -> Page:
        """Messages (``Said``) of a room, and what stands on shelves beside it.

        Raises:
            LogError: it can't be read now.
        """
        ...

    async def find(self, number: int) -> Record | None:
        """What was said, or reacted, under a number, in public or in private; None: nothing, or it is erased.

        Raises:
            LogError: it can't be read now.
        """
        ...

    async def newest(
        self, rooms: Sequence[str], owners: Sequence[Shelf], upto: int
    ) -> tuple[tuple[str, Record], ...]:
        """The newest message of each of these rooms, and of each private conversation of these owners.

        Args:
            rooms: by name.
            owners: how their shelves begin.
            upto: the last number that may be read.

        Returns:
            For each that has one the room's key, or the shelf's whole name, and the message.

        Raises:
            LogError: it can't be read now.
        """
        ...

    async def search(self, query: Query) -> Found:
        """Messages (``Said``, none of ``searching.UNSEEN``) that have what is searched for.

        Raises:
            LogError: it can't be read now.
        """
        ...

    async def numbers_by(self, room: str, name: str, upto: int) -> tuple[int, ...]:
        """The numbers of what a name (any case; '': everybody) said in a room, erased messages left out."""
        ...

    async def acts(self, upto: int, after_time: int, most: int) -> tuple[Record, ...]:
        """What operators of the server did (``core.events.ACTS``), the newest ``most`` of it, oldest first.

        Args:
            upto: the last number that may be read.
            after_time: later than this (microseconds since 1970 UTC).
            most: how many; at least 1.

        Raises:
            LogError: it can't be read now.
        """
        ...

    async def close(self) -> None:
        """Closes it cleanly; later calls are misuse. Safe to call twice."""
        ...
