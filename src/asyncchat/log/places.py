"""Where a room's messages are: an index behind the log, written in slices.

Owns the table ``places`` and its watermark ``marks.indexed``; must not know threads or who asks.

An index kept by each commit would dirty a page for each room of the batch (measured: 1.2 to 2.3 µs and 600 to
2,100 bytes of write-ahead log a message). So the index follows in slices, one list of numbers for each room
and slice (0.5 µs, 40 bytes), and a read scans the rows above the watermark (80 ns each). Whatever else wants
an index behind the log, a search, follows in the same way.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Generator, Iterable, Iterator

_LIST = 1000
"""Numbers in one list at most: a read of a busy room parses few that it does not need."""

Place = tuple[str, int, int, int, str]
"""A row of ``places``: room, first, base, count, numbers."""


class Slice:
    """What the index lacks of the records after ``base`` up to ``upto``.

    Attributes:
        places: rows to add to ``places``.
        messages: readable messages among the records.
    """

    def __init__(self, base: int, upto: int, places: list[Place], messages: int) -> None:
        self.base = base
        self.upto = upto
        self.places = places
        self.messages = messages


def slice_of(connection: sqlite3.Connection, base: int, upto: int) -> Slice:
    """Reads what is to be indexed; it changes nothing, so it needs no right to write."""
    places: list[Place] = []
    messages = 0
    found = connection.execute(
        "SELECT room, min(number), count(*), group_concat(number - ?) FROM said "
        "WHERE number > ? AND number <= ? AND text IS NOT NULL GROUP BY room",
        (base, base, upto),
    )
    for room, first, count, line in found:
        messages += count
        if count <= _LIST:
            places.append((room, first, base, count, line))
        else:
            places += _places(room, base, sorted(line.split(","), key=int))
    (private,) = connection.execute(
        "SELECT count(*) FROM facts WHERE number > ? AND number <= ? AND kept = 0", (base, upto)
    ).fetchone()
    return Slice(base, upto, places, messages + private)


def add(connection: sqlite3.Connection, part: Slice) -> None:
    """Adds a slice and moves the watermark; within the caller's transaction."""
    connection.executemany("INSERT INTO places VALUES (?, ?, ?, ?, ?)", part.places)
    connection.execute("UPDATE marks SET indexed = ?, messages = messages + ?", (part.upto, part.messages))


def indexed(connection: sqlite3.Connection) -> int:
    """The watermark: records up to it are in the index."""
    (number,) = connection.execute("SELECT indexed FROM marks").fetchone()
    return int(number)


def erase(connection: sqlite3.Connection, room: str, numbers: Iterable[int]) -> None:
    """Blanks messages of a room and takes them from the index; within the caller's transaction.

    Numbers that are no messages of this room are left alone: who may erase here may not elsewhere.
    """
    watermark = indexed(connection)
    gone: dict[int, set[int]] = defaultdict(set)
    for number in numbers:
        blanked = connection.execute(
            "UPDATE said SET text = NULL WHERE number = ? AND room = ? AND text IS NOT NULL", (number, room)
        ).rowcount
        if blanked and number <= watermark:
            (first,) = connection.execute(
                "SELECT max(first) FROM places WHERE room = ? AND first <= ?", (room, number)
            ).fetchone()
            gone[first].add(number)
    for first, members in gone.items():
        base, line = connection.execute(
            "SELECT base, numbers FROM places WHERE room = ? AND first = ?", (room, first)
        ).fetchone()
        rest = [str(number - base) for number in _numbers(base, line) if number not in members]
        connection.execute("DELETE FROM places WHERE room = ? AND first = ?", (room, first))
        connection.executemany("INSERT INTO places VALUES (?, ?, ?, ?, ?)", _places(room, base, rest))
        connection.execute("UPDATE marks SET messages = messages - ?", (len(members),))


def backwards(connection: sqlite3.Connection, room: str, low: int, high: int) -> Generator[int, None, None]:
    """The numbers of a room's messages between ``low`` (exclusive) and ``high`` (inclusive), newest first."""
    watermark = indexed(connection)
    if high > watermark:
        yield from _first_values(
            connection.execute(
                "SELECT number FROM said WHERE number > ? AND number <= ? AND room = ? AND text IS NOT NULL "
                "ORDER BY number DESC",
                (max(low, watermark), high, room),
            )
        )
    lists = connection.execute(
        "SELECT first, base, numbers FROM places WHERE room = ? AND first <= ? ORDER BY first DESC",
        (room, high),
    )
    for first, base, line in lists:
        for number in reversed(_numbers(base, line)):
            if low < number <= high:
                yield number
        if first <= low:
            return


def forwards(connection: sqlite3.Connection, room: str, low: int, high: int) -> Generator[int, None, None]:
    """The same, oldest first."""
    watermark = indexed(connection)
    lists = connection.execute(
        "SELECT base, numbers FROM places WHERE room = ? AND first <= ? AND first >= "
        "coalesce((SELECT max(first) FROM places WHERE room = ? AND first <= ?), 0) ORDER BY first",
        (room, high, room, low + 1),
    )
    for base, line in lists:
        for number in _numbers(base, line):
            if low < number <= high:
                yield number
    if high > watermark:
        yield from _first_values(
            connection.execute(
                "SELECT number FROM said WHERE number > ? AND number <= ? AND room = ? AND text IS NOT NULL "
                "ORDER BY number",
                (max(low, watermark), high, room),
            )
        )


def _first_values(rows: Iterable[tuple[int]]) -> Iterator[int]:
    for (value,) in rows:
        yield value


def _numbers(base: int, line: str) -> list[int]:
    # SQLite does not promise the order inside of group_concat; sorting what is sorted costs next to nothing.
    return sorted([base + int(digits) for digits in line.split(",")])


def _places(room: str, base: int, digits: list[str]) -> Iterator[Place]:
    """The lists for numbers that are given as in a list, ascending."""
    for at in range(0, len(digits), _LIST):
        part = digits[at : at + _LIST]
        yield room, base + int(part[0]), base, len(part), ",".join(part)
