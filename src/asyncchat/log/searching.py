"""Searches: from what is searched for to rows, some of them by the index and the others by a scan.

Owns the plan of a search; must not know threads. ``step`` is one short transaction on a connection that only
reads, with the index attached as ``found`` where there is one.
"""

import sqlite3
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from time import perf_counter

import msgspec

from asyncchat.core.events import Record
from asyncchat.core.names import fold
from asyncchat.core.searching import holds
from asyncchat.log import reading, rows
from asyncchat.log.base import Query, Range
from asyncchat.log.index import UNREAD, path_of, room_mark, speaker_mark, table

SCANNED = 4000
"""Records of one scan: 2 ms where texts are ASCII, else up to 15."""

_TRIGRAMS = 12
"""Most trigrams of one word or phrase that the index is asked for: hardly anything else has as many."""

_ROOMS = 2
"""Rooms up to which the index is asked for them too. Each more costs 3 ms in a million messages (a word that
is nowhere: 0.3 ms without rooms, 60 ms with 20): of many, the messages that are found are looked at."""

_SPELLINGS = 128
"""Trigrams up to which the index is asked for all that begin with a word of one or two characters; one that
begins more is so frequent that a scan soon finds it."""

_LONG = 3
"""Characters of a word from which on it has trigrams of its own."""

_NOTHING = "nothing"

_COLUMNS = ", ".join(f"said.{column}" for column in rows.READ_COLUMNS.split(", "))


class Place(msgspec.Struct, frozen=True):
    """What is left of a search's range: the numbers after ``low`` up to ``high``."""

    low: int
    high: int

    @property
    def over(self) -> bool:
        """Whether nothing is left."""
        return self.low >= self.high


class Step(msgspec.Struct, frozen=True):
    """What a step found, in the search's direction, what is left, and how many seconds it took."""

    records: list[Record]
    left: Place
    took: float


def attach(connection: sqlite3.Connection, path: Path) -> None:
    """Lets a connection see the index of a history."""
    connection.execute("ATTACH ? AS found", (str(path_of(path)),))


def begin(connection: sqlite3.Connection, query: Query) -> Place:
    """The range of a search as numbers, without those of what was removed."""
    wanted = Range("", query.upto, query.after, query.before, query.after_time, query.before_time)

    def read() -> Place:
        low, high = reading.bounds(connection, wanted)
        (removed,) = connection.execute("SELECT removed FROM marks").fetchone()
        return Place(max(low, removed), high)

    return reading.snapshot_of(connection, read)


def step(
    connection: sqlite3.Connection, query: Query, place: Place, most: int, turn: float, volume: int
) -> Step:
    """Looks at the next part of a range: until it has found enough or this turn's time is over.

    Args:
        connection: the one that reads.
        query: what is searched for.
        place: what is left of its range.
        most: messages wanted.
        turn: seconds.
        volume: records in a volume of the index; 0 where there is none.
    """
    start = perf_counter()

    vocabularies = _vocabularies(connection, query) if volume else frozenset()

    def look() -> Step:
        left = place
        records: list[Record] = []
        for part, asked in _parts(connection, query, place, vocabularies, volume):
            with closing(_candidates(connection, query, part, asked, volume)) as candidates:
                for row in candidates:
                    if _fits(query, row):
                        records.append(rows.record(row))
                    if len(records) == most or perf_counter() - start >= turn:
                        return Step(records, _behind(query, left, row[0]), perf_counter() - start)
            left = _behind(query, left, part.low + 1 if query.newest else part.high)
            if perf_counter() - start >= turn:
                break
        return Step(records, left, perf_counter() - start)

    return reading.snapshot_of(connection, look)


def time_at(connection: sqlite3.Connection, number: int) -> int:
    """The time of the message with this number, or of the next one before it."""
    row = connection.execute(
        "SELECT time FROM said WHERE number <= ? ORDER BY number DESC LIMIT 1", (number,)
    ).fetchone()
    return row[0] if row else 0


def _behind(query: Query, left: Place, number: int) -> Place:
    """What is left when all up to this number was looked at."""
    return Place(left.low, number - 1) if query.newest else Place(number, left.high)


def _vocabularies(connection: sqlite3.Connection, query: Query) -> frozenset[int]:
    """The volumes that can be asked: of which there is a vocabulary, where short words need one.

    Tables of it are made before the reading begins, whose end would take them back.
    """
    places = [place for (place,) in connection.execute("SELECT place FROM found.volumes").fetchall()]
    if any(len(term) < _LONG for term in query.terms):
        for place in places:
            connection.execute(
                f"CREATE VIRTUAL TABLE IF NOT EXISTS temp.words{place} "
                f"USING fts5vocab(found, {table(place)}, row)"
            )
    return frozenset(places)


def _parts(
    connection: sqlite3.Connection, query: Query, place: Place, vocabularies: frozenset[int], volume: int
) -> Iterator[tuple[Place, str]]:
    """The range in parts, in the search's direction, and what to ask the index for; empty: it is scanned."""
    marks = dict(connection.execute("SELECT place, upto FROM found.volumes").fetchall()) if volume else {}
    size = volume or SCANNED * 64
    while not place.over:
        at = (place.high - 1) // size if query.newest else place.low // size
        first, last = max(place.low, at * size), min(place.high, (at + 1) * size)
        known = min(max(marks.get(at, first), first), last) if at in vocabularies else first
        asked = _expression(connection, query, at) if first < known else ""
        parts = [(Place(first, known), asked)] if asked else []
        start = known if asked else first
        parts += [(Place(a, min(last, a + SCANNED)), "") for a in range(start, last, SCANNED)]
        yield from reversed(parts) if query.newest else parts
        place = Place(place.low, first) if query.newest else Place(last, place.high)


def _candidates(
    connection: sqlite3.Connection, query: Query, part: Place, asked: str, volume: int
) -> Generator[rows.ReadRow, None, None]:
    """The messages of a part that come into question, by the index: all that fit, and perhaps others."""
    if asked == _NOTHING:
        return
    condition, values = _condition(query)
    order = "DESC" if query.newest else "ASC"
    if asked:
        name = table((part.high - 1) // volume)
        cursor = connection.execute(
            f"SELECT {_COLUMNS} FROM found.{name} AS i CROSS JOIN said ON said.number = i.rowid "  # noqa: S608
            f"WHERE i.{name} MATCH ? AND i.rowid > ? AND i.rowid <= ? "
            f"AND {condition} ORDER BY i.rowid {order}",
            (asked, part.low, part.high, *values),
        )
    else:
        cursor = connection.execute(
            f"SELECT {_COLUMNS} FROM said WHERE number > ? AND number <= ? AND {condition} "  # noqa: S608
            f"ORDER BY number {order}",
            (part.low, part.high, *values),
        )
    with closing(cursor):
        yield from cursor


def _fits(query: Query, row: rows.ReadRow) -> bool:
    origin, text = row[3], row[4]
    if query.name and fold(origin.partition("!")[0]) != query.name:
        return False
    return holds(text or "", query.terms)


def _condition(query: Query) -> tuple[str, tuple[str, ...]]:
    """Which messages come into question, as far as SQLite can tell: those in ASCII only with all words.

    A text is ASCII where it has as many bytes as characters; all else is compared by ``_fits``.
    """
    words = tuple({word for term in query.terms for word in term.split()})
    if all(word.isascii() for word in words):
        has_all = " AND ".join(["instr(lower(said.text), ?)"] * len(words)) or "1"
    else:
        words, has_all = (), "0"
    rooms = ", ".join("?" * len(query.rooms))
    return (
        f"said.room IN ({rooms}) AND said.text IS NOT NULL AND (speech IS NULL OR speech NOT IN ({UNREAD})) "
        f"AND (length(said.text) <> length(CAST(said.text AS BLOB)) OR ({has_all}))",
        (*query.rooms, *words),
    )


def _expression(connection: sqlite3.Connection, query: Query, place: int) -> str:
    """What FTS5 is asked for in a volume: tokens in its language, each in quotes.

    Returns:
        Empty where the index is of no help; ``_NOTHING`` where it says that nothing is there.
    """
    asked = [_quoted(speaker_mark(query.name))] if query.name else []
    for term in query.terms:
        if len(term) < _LONG:
            spellings = _spellings(connection, place, term)
            if not spellings:
                return _NOTHING
            if len(spellings) <= _SPELLINGS:
                asked.append(_any(spellings))
        else:
            trigrams = list(dict.fromkeys(term[at : at + 3] for at in range(len(term) - 2)))
            stride = -(-len(trigrams) // _TRIGRAMS)
            asked += [_quoted(trigram) for trigram in trigrams[::stride]]
    if asked and len(query.rooms) <= _ROOMS and not query.renamed:  # the index has the names of then
        asked.append(_any([room_mark(room) for room in query.rooms]))
    return " AND ".join(asked)


def _spellings(connection: sqlite3.Connection, place: int, short: str) -> list[str]:
    """The trigrams in a volume that begin with a word of one or two characters, one more than are of use."""
    found = connection.execute(
        f"SELECT term FROM temp.words{place} WHERE term >= ? AND term <= ? LIMIT {_SPELLINGS + 1}",  # noqa: S608
        (short, short + "\U0010ffff"),
    )
    return [term for (term,) in found.fetchall()]


def _any(tokens: list[str]) -> str:
    return f"({' OR '.join(map(_quoted, tokens))})"


def _quoted(token: str) -> str:
    return '"' + token.replace('"', '""') + '"'
