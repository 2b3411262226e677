"""The log: the ordered record of facts, behind one small port.

Owns the contract that every log keeps. It must not know sessions, dialects or what a fact means beyond its
retention.
"""

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

import msgspec

from asyncchat.core.chat import Chat
from asyncchat.core.events import Event, Record
from asyncchat.core.features.history import Window
from asyncchat.core.features.messages import Said, SaidInPrivate
from asyncchat.core.features.search import UNSEEN, matches_terms
from asyncchat.core.ids import Ids
from asyncchat.core.text import size
from asyncchat.errors import AsyncChatError


class LogError(AsyncChatError):
    """The log can't be opened, read or written; the text says what to do."""


class SequenceConflict(LogError):
    """An append does not follow the log's last record: somebody else writes to the log."""


DAY = 24 * 3600 * 1_000_000
"""Microseconds."""

PAGE_BYTES = 262_144
"""Bytes of text after which a page ends: 32 messages of full length, more than a terminal asks for. An answer
is made in slices, but its page is read, and waits, as a whole."""


_EPOCH_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"


_EPOCH_LENGTH, _STREAM_EPOCH_LENGTH = 6, 7
"""By its length one knows the epoch of a cluster's stream: its numbers are given by no file."""


def new_epoch(*, stream: bool = False) -> str:
    """A unique name for an epoch: random, since a restored file can't know what followed it."""
    length = _STREAM_EPOCH_LENGTH if stream else _EPOCH_LENGTH
    return "".join(secrets.choice(_EPOCH_LETTERS) for _ in range(length))


def is_copy(ids: Ids, last: int) -> bool:
    """Whether a log with these ids, that ends with this record, is a copy of a cluster's stream."""
    return last > 0 and len(ids.id_of(last).partition("-")[0]) == _STREAM_EPOCH_LENGTH


def check_own(log: "Log") -> None:
    """Refuses to write into a history that is a copy of a cluster's stream.

    Raises:
        LogError: it is one.
    """
    if is_copy(log.ids, log.last):
        raise LogError(
            "This history is a node's of a cluster, and what is changed in it alone would keep it out of the "
            "cluster. Start the node (asyncchat serve --cluster), or do this beside one that is running"
        )


def check_sequence(last: int, last_time: int, records: Sequence[Record]) -> None:
    """Raises ValueError for records that can't follow the number ``last`` and the time ``last_time``."""
    for record in records:
        last += 1
        if record.number != last:
            raise ValueError(f"record {record.number} where {last} follows")
        if record.time < last_time:
            raise ValueError(f"record {last} is earlier than the one before it")
        last_time = record.time


def replay(facts: Iterable[Event]) -> Chat:
    """The chat that these state facts give.

    Raises:
        LogError: they contradict each other; the text is half a sentence.
    """
    chat = Chat()
    for event in facts:
        try:
            chat.apply(event)
        except (LookupError, ValueError, TypeError, AttributeError) as error:
            kind = event.__struct_config__.tag
            raise LogError(f'its facts contradict each other (at "{kind}": {error!r})') from error
    return chat


class StreamRange(msgspec.Struct, frozen=True):
    """A part of a stream (``log.streams``), or of all streams that begin with a prefix.

    A room's key may be given too: then its messages are read.

    Attributes:
        name: the stream's name, the prefix, or the room's key.
        after: only facts with greater numbers.
        since: only facts of this time or later, in microseconds.
        until: only facts before this time, in microseconds; 0 for no end.
    """

    name: str
    after: int = 0
    since: int = 0
    until: int = 0


class PageQuery(msgspec.Struct, frozen=True):
    """Which messages of a room are read.

    Attributes:
        room: any spelling of its name; empty: only ``streams`` are read.
        upto: the last number that may be read: what was delivered when the question was asked.
        window: which part of the messages.
        streams: streams that are read together with the room's messages.
        events: whether other events than messages (``Said``, ``SaidInPrivate``) are given too.
    """

    room: str
    upto: int
    window: Window = Window()
    streams: tuple[StreamRange, ...] = ()
    events: bool = False


class RetentionPolicy(msgspec.Struct, frozen=True):
    """How much of the history is kept; 0 means all of it.

    Attributes:
        days: older records are removed.
        megabytes: the oldest records are removed when the history takes more, in 1,000,000 bytes; the file
            itself does not shrink.
        rooms: days for single rooms, by their keys: what is older is removed there at the end of its day.
    """

    days: int = 0
    megabytes: int = 0
    rooms: Mapping[str, int] = {}

    def rooms_before(self, now: int) -> Iterator[tuple[str, int]]:
        """The rooms with days of their own, and before when what was said there is removed.

        That moves once a day: each time the search's index is made anew where something was removed.
        """
        for room, days in self.rooms.items():
            if days:
                yield room, now - now % DAY - days * DAY


class Page(msgspec.Struct, frozen=True):
    """A page of messages, oldest first, without erased ones.

    It may have fewer than the window's limit, though there are more: it ends after ``PAGE_BYTES`` of texts.

    Attributes:
        records: the messages, and other events where they were asked for.
        more: how many messages the window has beyond the page. From the newest end: those before the page,
            counted up to the ``count_to`` of the read. From the oldest end: 1 or 0 for those after it.
        cut: whether retention removed messages of the window.
    """

    records: tuple[Record, ...]
    more: int
    cut: bool = False


def text_bytes(event: Event) -> int:
    """How much an event counts towards ``PAGE_BYTES``."""
    return size(event.text) if isinstance(event, Said | SaidInPrivate) else 0


class SearchQuery(msgspec.Struct, frozen=True):
    """A search for messages of some rooms that have all of ``terms`` (``core.features.search``).

    Attributes:
        rooms: the rooms' keys.
        upto: the last number that may be read, as in ``PageQuery``.
        window: which part of the messages.
        terms: what each message must contain.
        name: the key of the author; empty: anybody.
        renamed: whether one of the rooms had another name before.
        since: for rooms of which only a part is searched, by key: since which time (microseconds since 1970
            UTC).
    """

    rooms: tuple[str, ...]
    upto: int
    window: Window = Window()
    terms: tuple[str, ...] = ()
    name: str = ""
    renamed: bool = False
    since: tuple[tuple[str, int], ...] = ()

    def shows(self, room: str, time: int) -> bool:
        """Whether the part of a room that is searched has messages of this time."""
        return not self.since or time >= dict(self.since).get(room, 0)

    def matches(self, message: Said | SaidInPrivate) -> bool:
        """Whether a message has what is searched for; the window and the rooms are not compared."""
        return (
            message.speech not in UNSEEN
            and (not self.name or message.person.key == self.name)
            and matches_terms(message.text, self.terms)
        )


class SearchResult(msgspec.Struct, frozen=True):
    """What a search found.

    Attributes:
        records: the messages, oldest first, without erased ones.
        reached: the number of the last record that was looked at, where the search ended before its window
            did: it found enough, or took too long. The search continues before that number, or after it from
            the oldest end. None: there is nothing more.
        time: the time of that record.
        indexing: whether it took too long because the index lacks much of what was searched.
    """

    records: tuple[Record, ...]
    reached: int | None
    time: int = 0
    indexing: bool = False


class Traces(msgspec.Struct):
    """What a person said, as far as it is not erased.

    Attributes:
        rooms: the numbers of its messages, reactions and TAGMSGs, by the room's key.
        private: the numbers of the private ones, by the key of the other's account, or name without one.
        messages: how many of all these are messages.
        origins: what it was seen as.
        namesakes: other accounts that spoke under the name.
    """

    rooms: dict[str, list[int]] = {}
    private: dict[str, list[int]] = {}
    messages: int = 0
    origins: set[str] = set()
    namesakes: set[str] = set()


class Log(Protocol):
    """A log of records numbered 1, 2, 3 … without a hole.

    All methods are called from the event loop's thread. What takes long runs in a thread inside.
    """

    @property
    def last(self) -> int:
        """The number of the newest record; 0 when there is none."""

    @property
    def last_time(self) -> int:
        """The time of the newest record (microseconds since 1970 UTC); 0 when there is none."""

    ids: Ids
    """The ids of this log's records, past and future."""
    messages: int
    """How many messages (``Said``, ``SaidInPrivate``) it held when it was opened, without erased ones."""

    def state(self) -> Iterable[Event]:
        """The facts of kind ``Retention.STATE``, oldest first, or fewer facts that give the same state."""

    def chat(self) -> Chat:
        """The chat that these facts give.

        Raises:
            LogError: they can't be read, or contradict each other.
        """

    def set_retention(self, policy: RetentionPolicy) -> None:
        """Removes from now on what the policy does not keep, a little at a time."""

    async def append(self, expected_last: int, records: Sequence[Record]) -> None:
        """Adds records, all or none. They are kept when this returns.

        Idempotent: the newest append, repeated, succeeds without effect.

        Args:
            expected_last: the log's last number; ``records[0].number`` is one more.
            records: consecutive, times never decreasing.

        Raises:
            SequenceConflict: the log's last number is another, and it does not end with these records.
            LogError: it can't be written now; the same call may be tried again.
            ValueError: numbers with a hole, or a time before the one before it: the caller's misuse.
        """

    async def read(self, query: PageQuery, count_to: int = 0) -> Page:
        """Reads messages of a room, and what belongs to the streams that are read with it.

        Raises:
            LogError: it can't be read now.
        """

    async def find(self, number: int) -> Record | None:
        """The message, reaction or TAGMSG with a number, public or private; None: none, or it is erased.

        Raises:
            LogError: it can't be read now.
        """

    async def newest(
        self, rooms: Sequence[str], owners: Sequence[StreamRange], upto: int
    ) -> tuple[tuple[str, Record], ...]:
        """The newest message of each of these rooms, and of each private conversation of these owners.

        Args:
            rooms: by name.
            owners: the prefixes of their streams.
            upto: the last number that may be read.

        Returns:
            The room's key or the stream's name with the message, for each that has one.

        Raises:
            LogError: it can't be read now.
        """

    async def search(self, query: SearchQuery) -> SearchResult:
        """Messages (``Said``, none of ``searching.UNSEEN``) that have what is searched for.

        Raises:
            LogError: it can't be read now.
        """

    async def numbers_by(self, room: str, name: str, upto: int, since: int = 0) -> tuple[int, ...]:
        """The numbers of a room's messages by a name (any case; empty: anybody), without erased ones.

        Only those of the time ``since`` (microseconds since 1970 UTC) or later.
        """

    async def numbers_in_rooms(self, name: str, upto: int, since: int = 0) -> dict[str, tuple[int, ...]]:
        """The same of all rooms that have any, open or not, by their keys.

        Raises:
            LogError: it can't be read now.
        """

    async def links(self, files: Sequence[str]) -> dict[str, bool]:
        """Which of these files texts have links to (``core.features.files``), by their ids.

        Returns:
            For each file that a text links, or linked: whether one does that is kept and not erased. What
            retention removed, or nobody said, is not in it.

        Raises:
            LogError: it can't be read now.
        """

    async def audit(self, upto: int, after_time: int, limit: int) -> tuple[Record, ...]:
        """What operators of the server did (audited events), the newest ``limit``, oldest first.

        Args:
            upto: the last number that may be read.
            after_time: later than this (microseconds since 1970 UTC).
            limit: how many; at least 1.

        Raises:
            LogError: it can't be read now.
        """

    async def traces(self, name: str, upto: int, after: int = 0) -> Traces:
        """What the person of a name said (``core.forgotten``) after a number, up to another.

        Raises:
            LogError: it can't be read now.
        """

    async def forget(self, *, vacuum: bool = False) -> bool:
        """Has all records forget the people of the events ``Forgotten``, which else waits for a quiet moment.

        A start does it before anything is read.

        Args:
            vacuum: whether the file is written anew even if it is large.

        Returns:
            Whether the file has nothing else: a large one may have earlier copies of rows in its free space.

        Raises:
            LogError: it can't be done now. The same call goes on where it ended.
        """

    async def set_epochs(self, epochs: Sequence[tuple[int, str]]) -> None:
        """Has these epochs (``Ids``) from now on: they are those of another log, whose records it has.

        Raises:
            LogError: it can't be written now.
        """

    async def close(self) -> None:
        """Closes it cleanly. Other calls but ``reopen`` are misuse afterwards; a second close is safe."""

    async def reopen(self) -> None:
        """Opens it again after ``close``.

        Raises:
            LogError: it can't be used any more.
        """
