"""Where a room's messages are: an index behind the log, written in slices.

Owns the table ``places`` and its watermark ``marks.indexed``; must not know threads or who asks.

An index kept by each commit would dirty a page for each room of the batch (measured: 1.2 to 2.3 µs and 600 to
2,100 bytes of write-ahead log a message). So the index follows in slices, one list of numbers for each room
and slice (0.5 µs, 40 bytes), and a read scans the rows above the watermark (80 ns each). Whatever else wants
an index behind the log, a search, follows in the same way.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence

from asyncchat.core.events import Reacted, ReactedTo, Record, Whispered
from asyncchat.core.names import fold
from asyncchat.log import rows
from asyncchat.log.shelves import PASSING, shelves_of

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
        "SELECT count(*) FROM facts WHERE number > ? AND number <= ? AND kept = 0 AND event <> ''",
        (base, upto),
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


def shelve(connection: sqlite3.Connection, base: int, upto: int) -> list[Place]:
    """Reads which facts of these stand on which shelf; it changes nothing."""
    found: dict[str, list[str]] = defaultdict(list)
    for number, shelves in _shelved(connection, base, upto, newest=False):
        for shelf in shelves:
            found[shelf].append(str(number - base))
    return [place for shelf, digits in found.items() for place in _places(shelf, base, digits)]


def add_shelves(connection: sqlite3.Connection, places: Sequence[Place], upto: int) -> None:
    """Adds what ``shelve`` found and moves its watermark; within the caller's transaction."""
    connection.executemany("INSERT INTO places VALUES (?, ?, ?, ?, ?)", places)
    connection.execute("UPDATE marks SET shelved = ?", (upto,))


def shelved(connection: sqlite3.Connection) -> int:
    """The watermark of the shelves."""
    (number,) = connection.execute("SELECT shelved FROM marks").fetchone()
    return int(number)


def clear_shelves(connection: sqlite3.Connection, after: int, upto: int) -> None:
    """Takes lists of what is swept up to a number from the shelves; before it is, in its transaction."""
    emptied = {
        shelf
        for _, shelves in _shelved(connection, after, upto, newest=False)
        for shelf in shelves
        if shelf.startswith(PASSING)
    }
    for shelf in emptied:
        connection.execute(
            "DELETE FROM places WHERE room = ? "
            "AND first < (SELECT max(first) FROM places WHERE room = ? AND first <= ?)",
            (shelf, shelf, upto),
        )


def shelves_between(connection: sqlite3.Connection, after: int, upto: int) -> set[str]:
    """The shelves that facts of these stand on."""
    found = _shelved(connection, after, upto, newest=False)
    return {shelf for _, shelves in found for shelf in shelves}


def trim(connection: sqlite3.Connection, room: str, upto: int) -> None:
    """Takes the numbers up to one from a room's lists, or a shelf's; within the caller's transaction."""
    lists = connection.execute(
        "SELECT base, numbers FROM places WHERE room = ? AND first <= ? ORDER BY first", (room, upto)
    ).fetchall()
    connection.execute("DELETE FROM places WHERE room = ? AND first <= ?", (room, upto))
    for base, line in lists[-1:]:  # those before it end before it begins
        rest = [str(number - base) for number in _numbers(base, line) if number > upto]
        connection.executemany("INSERT INTO places VALUES (?, ?, ?, ?, ?)", _places(room, base, rest))


def _shelved(
    connection: sqlite3.Connection, low: int, high: int, *, newest: bool
) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The facts that stand on shelves, and on which."""
    order = "DESC" if newest else "ASC"
    found = connection.execute(
        "SELECT number, event FROM facts WHERE number > ? AND number <= ? "  # noqa: S608  # constants
        f"ORDER BY number {order}",
        (low, high),
    )
    for number, line in found:
        record = rows.note(number, 0, line)
        if record is not None and (shelves := shelves_of(record.event)):
            yield number, shelves


def erase(connection: sqlite3.Connection, room: str, numbers: Iterable[int]) -> None:
    """Blanks messages of a room and takes them from the index; within the caller's transaction.

    Numbers that are no messages of this room are left alone: who may erase here may not elsewhere.
    """
    watermark = indexed(connection)
    gone: dict[int, set[int]] = defaultdict(set)
    for number in numbers:
        blanked = connection.execute(
            "UPDATE said SET text = NULL, tags = NULL WHERE number = ? AND room = ? AND text IS NOT NULL",
            (number, room),
        ).rowcount
        if not blanked:
            _erase_reaction(connection, room, number)
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


def _erase_reaction(connection: sqlite3.Connection, room: str, number: int) -> None:
    record = _text(connection, number)
    if record is not None and isinstance(record.event, Reacted) and fold(record.event.room) == room:
        _blank(connection, number)


def erase_private(connection: sqlite3.Connection, number: int) -> None:
    """Blanks a private message or reaction; within the caller's transaction."""
    record = _text(connection, number)
    if record is not None and isinstance(record.event, Whispered | ReactedTo):
        _blank(connection, number)


def _text(connection: sqlite3.Connection, number: int) -> Record | None:
    found = connection.execute("SELECT event FROM facts WHERE number = ? AND kept = 0", (number,)).fetchone()
    return None if found is None else rows.note(number, 0, found[0])


def _blank(connection: sqlite3.Connection, number: int) -> None:
    connection.execute("UPDATE facts SET event = '' WHERE number = ?", (number,))
    if number <= indexed(connection):
        connection.execute("UPDATE marks SET messages = messages - 1")


def unlisted(
    connection: sqlite3.Connection, lows: Mapping[str, int], low: int, high: int, *, newest: bool
) -> Generator[int, None, None]:
    """The numbers of facts above the watermark that stand on one of these shelves, each above its own low."""
    for number, there in _shelved(connection, max(low, shelved(connection)), high, newest=newest):
        if any(number > lows.get(shelf, number) for shelf in there):
            yield number


def unlisted_shelves(
    connection: sqlite3.Connection, high: int
) -> Generator[tuple[int, tuple[str, ...]], None, None]:
    """All facts above the watermark that stand on shelves, newest first, and on which."""
    yield from _shelved(connection, shelved(connection), high, newest=True)


def shelves(connection: sqlite3.Connection, beginning: str) -> Generator[str, None, None]:
    """The names of the index's shelves that begin so."""
    shelf, end = beginning, beginning + "\U0010ffff"
    while True:
        # A row each, however long its lists are: the next name is sought from behind this one's.
        found = connection.execute(
            "SELECT room FROM places WHERE room > ? AND room < ? ORDER BY room LIMIT 1", (shelf, end)
        ).fetchone()
        if found is None:
            return
        shelf = found[0]
        yield shelf


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
    yield from listed_backwards(connection, room, low, high)


def listed_backwards(
    connection: sqlite3.Connection, room: str, low: int, high: int
) -> Generator[int, None, None]:
    """Those of them that the index has; of a shelf, too."""
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
    yield from listed_forwards(connection, room, low, high)
    watermark = indexed(connection)
    if high > watermark:
        yield from _first_values(
            connection.execute(
                "SELECT number FROM said WHERE number > ? AND number <= ? AND room = ? AND text IS NOT NULL "
                "ORDER BY number",
                (max(low, watermark), high, room),
            )
        )


def listed_forwards(
    connection: sqlite3.Connection, room: str, low: int, high: int
) -> Generator[int, None, None]:
    """Those of them that the index has; of a shelf, too."""
    lists = connection.execute(
        "SELECT base, numbers FROM places WHERE room = ? AND first <= ? AND first >= "
        "coalesce((SELECT max(first) FROM places WHERE room = ? AND first <= ?), 0) ORDER BY first",
        (room, high, room, low + 1),
    )
    for base, line in lists:
        for number in _numbers(base, line):
            if low < number <= high:
                yield number


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
