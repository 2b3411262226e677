"""Posting lists: which records belong to a room or a stream, as an index written in slices behind the log.

Owns the table ``places`` and its two watermarks in ``marks``: ``indexed`` for the messages of rooms,
``shelved`` for the facts of streams (``log.streams``). It must not know threads or who reads.

An index updated by each commit would dirty one page for each room of the batch: 1.2 to 2.3 µs and 600 to
2,100 bytes of write-ahead log for each message, measured. So the index follows in slices, with one list of
numbers for each room and slice (0.8 µs of a thread, 40 bytes). A read scans the rows above the watermark (80
ns each), and each page of a room is such a read: so the index is forced at ``Tuning.lag`` rows also under
load, unlike that of the search. 10,000 rows hold up appends for 2 ms.
"""

import sqlite3
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence

import msgspec

from asyncchat.core.events import Record
from asyncchat.core.features.edits import (
    EDITS_TAG,
    Correction,
    Edited,
    corrected,
    edited_tags,
    edits_in,
    edits_of,
)
from asyncchat.core.features.messages import SaidInPrivate
from asyncchat.core.features.redaction import IN_PRIVATE, IN_ROOMS
from asyncchat.core.names import fold
from asyncchat.log import rows
from asyncchat.log.streams import PRESENCE_PREFIX, streams_of

_LIST_LENGTH = 250
"""The most numbers in one list, so that a read of a busy room parses few numbers that it does not need: of
1,000, a page of 50 would cost a tenth more. Older files have such lists."""

PostingRow = tuple[str, int, int, int, str]
"""A row of ``places``: the room's key or the stream's name, first, base, count, numbers."""

_ROWS_AT_ONCE = 64
"""Numbers above the watermark that are read at a time."""

_decode_offsets = msgspec.json.Decoder(list[int]).decode
"""A thousand numbers in 15 µs; ``int`` and ``split`` take 150."""

_INSERT = "INSERT INTO places VALUES (?, ?, ?, ?, ?)"


class PostingSlice(msgspec.Struct, frozen=True):
    """The postings of the messages up to ``upto``.

    Attributes:
        upto: the last number.
        postings: rows to add to ``places``.
        messages: how many of the records are readable messages.
    """

    upto: int
    postings: list[PostingRow]
    messages: int


def read_slice(connection: sqlite3.Connection, base: int, upto: int) -> PostingSlice:
    """Reads the postings of a slice of messages; it writes nothing."""
    postings: list[PostingRow] = []
    messages = 0
    found = connection.execute(
        "SELECT room, min(number), count(*), group_concat(number - ?) FROM said "
        "WHERE number > ? AND number <= ? AND text IS NOT NULL GROUP BY room",
        (base, base, upto),
    )
    for room, first, count, line in found:
        messages += count
        if count <= _LIST_LENGTH:
            postings.append((room, first, base, count, line))
        else:
            postings += _posting_rows(room, base, sorted(line.split(","), key=int))
    (private,) = connection.execute(
        "SELECT count(*) FROM facts WHERE number > ? AND number <= ? AND kept = 0 AND event <> ''",
        (base, upto),
    ).fetchone()
    return PostingSlice(upto, postings, messages + private)


def add_slice(connection: sqlite3.Connection, part: PostingSlice) -> None:
    """Adds a slice and moves the watermark; within the caller's transaction."""
    connection.executemany(_INSERT, part.postings)
    connection.execute("UPDATE marks SET indexed = ?, messages = messages + ?", (part.upto, part.messages))


def indexed_upto(connection: sqlite3.Connection) -> int:
    """The watermark of the messages: those up to this number are in the index."""
    (number,) = connection.execute("SELECT indexed FROM marks").fetchone()
    return int(number)


def read_stream_postings(
    connection: sqlite3.Connection, base: int, last: int, most: int
) -> tuple[list[PostingRow], int]:
    """Reads the postings of the streams for the next facts, so many at most; it writes nothing.

    Returns:
        The postings, and up to which number they are.
    """
    end = connection.execute(
        "SELECT number FROM facts WHERE number > ? AND number <= ? ORDER BY number LIMIT 1 OFFSET ?",
        (base, last, most - 1),
    ).fetchone()
    upto = last if end is None else int(end[0])
    found: dict[str, list[str]] = defaultdict(list)
    for number, names in _facts_in_streams(connection, base, upto, newest=False):
        for stream in names:
            found[stream].append(str(number - base))
    return [row for stream, digits in found.items() for row in _posting_rows(stream, base, digits)], upto


def add_stream_postings(
    connection: sqlite3.Connection, postings: Sequence[PostingRow], base: int, upto: int
) -> None:
    """Adds the postings of streams after ``base`` and moves their watermark; within the caller's transaction.

    It does nothing if the watermark is no longer at ``base``: since they were read, a rename has added them.
    """
    if streams_indexed_upto(connection) != base:
        return
    connection.executemany(_INSERT, postings)
    connection.execute("UPDATE marks SET shelved = ?", (upto,))


def streams_indexed_upto(connection: sqlite3.Connection) -> int:
    """The watermark of the streams: facts up to this number are in the index."""
    (number,) = connection.execute("SELECT shelved FROM marks").fetchone()
    return int(number)


def clear_presence(connection: sqlite3.Connection, after: int, upto: int) -> None:
    """Removes the lists of presence streams that end up to a number.

    The caller removes the facts themselves afterwards, in the same transaction.
    """
    emptied = {
        stream
        for _, names in _facts_in_streams(connection, after, upto, newest=False)
        for stream in names
        if stream.startswith(PRESENCE_PREFIX)
    }
    for stream in emptied:
        connection.execute(
            "DELETE FROM places WHERE room = ? "
            "AND first < (SELECT max(first) FROM places WHERE room = ? AND first <= ?)",
            (stream, stream, upto),
        )


def streams_between(connection: sqlite3.Connection, after: int, upto: int) -> set[str]:
    """The streams that have facts in this slice."""
    found = _facts_in_streams(connection, after, upto, newest=False)
    return {stream for _, names in found for stream in names}


def trim(connection: sqlite3.Connection, room: str, upto: int) -> None:
    """Removes the numbers up to one from the lists of a room or a stream; within the caller's transaction."""
    lists = connection.execute(
        "SELECT base, numbers FROM places WHERE room = ? AND first <= ? ORDER BY first", (room, upto)
    ).fetchall()
    connection.execute("DELETE FROM places WHERE room = ? AND first <= ?", (room, upto))
    for base, line in lists[-1:]:  # those before it end before it begins
        rest = [str(number - base) for number in _numbers(base, line) if number > upto]
        connection.executemany(_INSERT, _posting_rows(room, base, rest))


def oldest(connection: sqlite3.Connection, room: str) -> list[int]:
    """The numbers in the first list of a room or a stream."""
    found = connection.execute(
        "SELECT base, numbers FROM places WHERE room = ? ORDER BY first LIMIT 1", (room,)
    ).fetchone()
    return [] if found is None else _numbers(*found)


def _facts_in_streams(
    connection: sqlite3.Connection, low: int, high: int, *, newest: bool
) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The numbers of facts that belong to streams, with the names of those streams."""
    order = "DESC" if newest else "ASC"
    found = connection.execute(
        "SELECT number, event FROM facts WHERE number > ? AND number <= ? "  # noqa: S608  # constants
        f"ORDER BY number {order}",
        (low, high),
    )
    for number, line in found:
        record = rows.fact_record(number, 0, line)
        if record is not None and (names := streams_of(record.event)):
            yield number, names


def erase(connection: sqlite3.Connection, room: str, numbers: Iterable[int]) -> None:
    """Blanks messages of a room and removes them from the index; within the caller's transaction.

    Numbers of other rooms are ignored: whoever may erase here may not erase elsewhere.
    """
    watermark = indexed_upto(connection)
    asked = dict.fromkeys(numbers)
    _blank_edits(connection, room, asked)
    # One statement for all: 3 µs a message; a statement for each takes four times as long.
    which = "number IN (SELECT value FROM json_each(?)) AND room = ? AND text IS NOT NULL"
    found = (rows.encode_numbers(asked), room)
    blanked = [
        number
        for (number,) in connection.execute(
            f"SELECT number FROM said WHERE {which} ORDER BY number",  # noqa: S608  # constants
            found,
        ).fetchall()
    ]
    connection.execute(f"UPDATE said SET text = NULL, tags = NULL WHERE {which}", found)  # noqa: S608
    _erase_links(connection, blanked)
    for number in asked.keys() - set(blanked):
        _erase_fact(connection, room, number)
    indexed = [number for number in blanked if number <= watermark]
    for first, members in _by_list(connection, room, indexed).items():
        base, line = connection.execute(
            "SELECT base, numbers FROM places WHERE room = ? AND first = ?", (room, first)
        ).fetchone()
        rest = [str(number - base) for number in _numbers(base, line) if number not in members]
        connection.execute("DELETE FROM places WHERE room = ? AND first = ?", (room, first))
        connection.executemany(_INSERT, _posting_rows(room, base, rest))
        connection.execute("UPDATE marks SET messages = messages - ?", (len(members),))


def _erase_links(connection: sqlite3.Connection, numbers: Iterable[int]) -> None:
    """Notes that these records no longer link to files; the files are removed if no other one does."""
    connection.execute(
        "UPDATE links SET number = -number WHERE number IN (SELECT value FROM json_each(?))",
        (rows.encode_numbers(numbers),),
    )


def _by_list(connection: sqlite3.Connection, room: str, numbers: Sequence[int]) -> dict[int, set[int]]:
    """Indexed messages of a room (ascending) by the first number of the list that each is in."""
    if not numbers:
        return {}
    firsts = [
        first
        for (first,) in connection.execute(
            "SELECT first FROM places WHERE room = ? AND first <= ? AND first >= "
            "coalesce((SELECT max(first) FROM places WHERE room = ? AND first <= ?), 0) ORDER BY first",
            (room, numbers[-1], room, numbers[0]),
        ).fetchall()
    ]
    found: dict[int, set[int]] = defaultdict(set)
    for number in numbers:
        found[firsts[bisect_right(firsts, number) - 1]].add(number)
    return found


def _erase_fact(connection: sqlite3.Connection, room: str, number: int) -> None:
    record = _text(connection, number)
    if record is not None and isinstance(record.event, IN_ROOMS) and fold(record.event.room) == room:
        blank_facts(connection, (number,))


def erase_private(connection: sqlite3.Connection, number: int) -> None:
    """Blanks a private message or reaction; within the caller's transaction."""
    record = _text(connection, number)
    if record is not None and isinstance(record.event, IN_PRIVATE):
        if isinstance(record.event, SaidInPrivate):
            blank_facts(connection, edits_of(record.event))
        blank_facts(connection, (number,))


def _blank_edits(connection: sqlite3.Connection, room: str, numbers: Iterable[int]) -> None:
    """Blanks the edits of messages that are about to be erased: they have earlier texts."""
    found = connection.execute(
        "SELECT tags FROM said WHERE number IN (SELECT value FROM json_each(?)) AND room = ? "
        "AND instr(tags, ?)",
        (rows.encode_numbers(numbers), room, EDITS_TAG),
    ).fetchall()
    for (line,) in found:
        tags, _ = rows.tags_of(line)
        blank_facts(connection, edits_in(tags))


def blank_facts(connection: sqlite3.Connection, numbers: Iterable[int]) -> None:
    """Blanks facts of any kind; within the caller's transaction."""
    these, line = "number IN (SELECT value FROM json_each(?))", rows.encode_numbers(numbers)
    (texts,) = connection.execute(
        f"SELECT count(*) FROM facts WHERE {these} AND kept = 0 AND event <> '' AND number <= ?",  # noqa: S608
        (line, indexed_upto(connection)),
    ).fetchone()
    connection.execute(f"UPDATE links SET number = -number WHERE {these}", (line,))  # noqa: S608  # constants
    connection.execute(f"UPDATE facts SET event = '' WHERE {these}", (line,))  # noqa: S608
    connection.execute("UPDATE marks SET messages = messages - ?", (texts,))


def edit(connection: sqlite3.Connection, number: int, event: Correction) -> None:
    """Replaces the text of a message; within the caller's transaction.

    A message of another room, or an erased one, stays as it is: the edit, which has its text, is blanked.
    """
    is_done = (
        _edit_in_room(connection, number, event)
        if isinstance(event, Edited)
        else _edit_private(connection, number, event)
    )
    if not is_done:
        blank_facts(connection, (number,))


def _edit_in_room(connection: sqlite3.Connection, number: int, event: Edited) -> bool:
    which = "number = ? AND room = ? AND text IS NOT NULL"
    named = (event.message, fold(event.former_room or event.room))
    found = connection.execute(f"SELECT tags FROM said WHERE {which}", named).fetchone()  # noqa: S608
    if found is None:
        return False
    tags, _ = rows.tags_of(found[0]) if found[0] else ((), ())
    line = rows.tags_line(edited_tags(tags, number), event.cuts)
    connection.execute(
        f"UPDATE said SET text = ?, tags = ? WHERE {which}",  # noqa: S608  # constants
        (event.text, line, *named),
    )
    return True


def _edit_private(connection: sqlite3.Connection, number: int, event: Correction) -> bool:
    record = _text(connection, event.message)
    said = None if record is None else corrected(record.event, number, event)
    if said is None:
        return False
    connection.execute("UPDATE facts SET event = ? WHERE number = ?", (rows.encode(said), event.message))
    return True


def _text(connection: sqlite3.Connection, number: int) -> Record | None:
    found = connection.execute("SELECT event FROM facts WHERE number = ? AND kept = 0", (number,)).fetchone()
    return None if found is None else rows.fact_record(number, 0, found[0])


def move_stream(connection: sqlite3.Connection, stream: str, to: str) -> None:
    """Adds the lists of a stream to those of another (empty: none); within the caller's transaction."""
    found: set[int] = set()
    for name in (stream, to):
        for base, line in connection.execute("SELECT base, numbers FROM places WHERE room = ?", (name,)):
            found.update(_numbers(base, line))
        connection.execute("DELETE FROM places WHERE room = ?", (name,))
    if to:
        connection.executemany(_INSERT, _posting_rows(to, 0, [str(number) for number in sorted(found)]))


def unindexed(
    connection: sqlite3.Connection, lows: Mapping[str, int], low: int, high: int, *, newest: bool
) -> Generator[Iterable[int], None, None]:
    """The facts above the watermark that belong to one of these streams, each above its stream's
    low."""
    start = max(low, streams_indexed_upto(connection))
    for number, names in _facts_in_streams(connection, start, high, newest=newest):
        if any(number > lows.get(stream, number) for stream in names):
            yield [number]


def unindexed_streams(
    connection: sqlite3.Connection, high: int
) -> Generator[tuple[int, tuple[str, ...]], None, None]:
    """All facts above the watermark that belong to streams, newest first, with the streams' names."""
    yield from _facts_in_streams(connection, streams_indexed_upto(connection), high, newest=True)


def stream_names(connection: sqlite3.Connection, prefix: str) -> Generator[str, None, None]:
    """The names of the indexed streams that begin with a prefix."""
    stream, end = prefix, prefix + "\U0010ffff"
    while True:
        # One query for each name skips the other lists of a stream, however many there are.
        found = connection.execute(
            "SELECT room FROM places WHERE room > ? AND room < ? ORDER BY room LIMIT 1", (stream, end)
        ).fetchone()
        if found is None:
            return
        stream = found[0]
        yield stream


def room_numbers(
    connection: sqlite3.Connection, room: str, low: int, high: int, *, newest: bool
) -> Generator[Iterable[int], None, None]:
    """The numbers of a room's messages after ``low`` up to ``high``, from the newest or the oldest on.

    They come many at a time: a page looks at a thousand numbers to count what is before it.
    """
    watermark = indexed_upto(connection)
    if not newest:
        yield from listed_numbers(connection, room, low, high, newest=False)
    if high > watermark:
        order = "DESC" if newest else "ASC"
        found = connection.execute(
            "SELECT number FROM said WHERE number > ? AND number <= ? AND room = ? AND text IS NOT NULL "  # noqa: S608  # constants
            f"ORDER BY number {order}",
            (max(low, watermark), high, room),
        )
        while part := found.fetchmany(_ROWS_AT_ONCE):
            yield [number for (number,) in part]
    if newest:
        yield from listed_numbers(connection, room, low, high, newest=True)


def listed_numbers(
    connection: sqlite3.Connection, name: str, low: int, high: int, *, newest: bool
) -> Generator[Iterable[int], None, None]:
    """The indexed ones of a room's messages, or of a stream's facts, many at a time."""
    order = "DESC" if newest else "ASC"
    lists = connection.execute(
        "SELECT base, numbers FROM places WHERE room = ? AND first <= ? AND first >= "  # noqa: S608  # constants
        f"coalesce((SELECT max(first) FROM places WHERE room = ? AND first <= ?), 0) ORDER BY first {order}",
        (name, high, name, low + 1),
    )
    for base, line in lists:
        offsets = _offsets(line)
        between = offsets[bisect_right(offsets, low - base) : bisect_right(offsets, high - base)]
        if newest:
            between.reverse()
        yield map(base.__add__, between)


def _numbers(base: int, line: str) -> list[int]:
    return [base + offset for offset in _offsets(line)]


def _offsets(line: str) -> list[int]:
    """The numbers of a list as they are stored, ascending."""
    # SQLite does not promise an order inside group_concat; sorting a sorted list costs almost nothing.
    return sorted(_decode_offsets(f"[{line}]"))


def _posting_rows(room: str, base: int, digits: list[str]) -> Iterator[PostingRow]:
    """The rows for numbers that are given minus ``base``, ascending."""
    for at in range(0, len(digits), _LIST_LENGTH):
        part = digits[at : at + _LIST_LENGTH]
        yield room, base + int(part[0]), base, len(part), ",".join(part)
