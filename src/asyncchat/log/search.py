"""Searches: from a query to rows, by the index where it helps and else by a scan.

Owns the plan of a search. It must not know threads. ``step`` is one short transaction on a connection that
only reads, with the index attached as ``found`` where there is one.
"""

import sqlite3
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from time import perf_counter

import msgspec

from asyncchat.core.events import Record
from asyncchat.core.features.search import matches_terms
from asyncchat.core.names import fold
from asyncchat.log import reader, rows, schema
from asyncchat.log.base import SearchQuery
from asyncchat.log.fts import UNSEARCHED, author_token, path_of, room_token, volume_table

SCAN_ROWS = 4000
"""Records of one scan: 2 ms where texts are ASCII, else up to 15 ms."""

_MAX_TRIGRAMS = 12
"""The most trigrams of one word or phrase in a query of the index: hardly any other text has as many."""

_MAX_ROOMS = 2
"""The most rooms in a query of the index. Each room costs 3 ms in a million messages (a word without a match:
0.3 ms without rooms, 60 ms with 20). With more rooms, the rooms of the candidates are compared instead."""

_MAX_EXPANSION = 128
"""The most trigrams that a word of one or two characters is expanded to; a word that begins more is so
frequent that a scan finds it soon."""

_TRIGRAM_LENGTH = 3
"""Characters of a trigram; shorter words have none."""

_NO_MATCH = "nothing"

_VOCABULARY = "words"
"""Begins the names of the vocabularies of volumes."""

_COLUMNS = ", ".join(f"said.{column}" for column in rows.READ_COLUMNS.split(", "))


class NumberRange(msgspec.Struct, frozen=True):
    """The numbers after ``low`` up to ``high``."""

    low: int
    high: int

    @property
    def is_empty(self) -> bool:
        """Whether it has no numbers."""
        return self.low >= self.high


class Step(msgspec.Struct, frozen=True):
    """What a step found, in the search's direction, what is left to search, and how many seconds it took."""

    records: list[Record]
    left: NumberRange
    took: float


def attach(connection: sqlite3.Connection, path: Path) -> None:
    """Attaches the index of a history to a connection."""
    connection.execute("ATTACH ? AS found", (str(path_of(path)),))


def detach(connection: sqlite3.Connection) -> None:
    """Detaches the index, with the vocabularies of its volumes."""
    found = connection.execute("SELECT name FROM temp.sqlite_schema WHERE type = 'table'").fetchall()
    for name in {name for (name,) in found if name.startswith(_VOCABULARY)}:
        connection.execute(f"DROP TABLE temp.{name}")
    connection.execute("DETACH found")


def number_range(connection: sqlite3.Connection, query: SearchQuery) -> NumberRange:
    """The window of a search as numbers, without those that retention removed."""
    with schema.read_transaction(connection):
        low, high = reader.bounds(connection, query.window, query.upto)
        (removed,) = connection.execute("SELECT removed FROM marks").fetchone()
    return NumberRange(max(low, removed), high)


def step(
    connection: sqlite3.Connection,
    query: SearchQuery,
    left: NumberRange,
    limit: int,
    turn: float,
    volume: int,
) -> Step:
    """Searches the next part of a range until it has found enough or its turn is over.

    Args:
        connection: the one that reads.
        query: what is searched for.
        left: what is left to search.
        limit: the most messages.
        turn: seconds.
        volume: records in a volume of the index; 0 where there is none.
    """
    start = perf_counter()
    volumes = _usable_volumes(connection, query) if volume else frozenset()
    remaining = left
    records: list[Record] = []
    with schema.read_transaction(connection):
        for part, expression in _parts(connection, query, left, volumes, volume):
            with closing(_candidates(connection, query, part, expression, volume)) as candidates:
                for row in candidates:
                    if _matches(query, row):
                        records.append(rows.record(row))
                    if len(records) == limit or perf_counter() - start >= turn:
                        return Step(records, _after(query, remaining, row[0]), perf_counter() - start)
            remaining = _after(query, remaining, part.low + 1 if query.window.newest else part.high)
            if perf_counter() - start >= turn:
                break
    return Step(records, remaining, perf_counter() - start)


def time_at(connection: sqlite3.Connection, number: int) -> int:
    """The time of the message with this number, or of the next one before it."""
    row = connection.execute(
        "SELECT time FROM said WHERE number <= ? ORDER BY number DESC LIMIT 1", (number,)
    ).fetchone()
    return row[0] if row else 0


def unindexed(connection: sqlite3.Connection, part: NumberRange) -> int:
    """How many records of a range the attached index lacks."""
    (indexed,) = connection.execute(
        "SELECT total(max(0, min(upto, ?2) - max(since, ?1))) FROM found.volumes", (part.low, part.high)
    ).fetchone()
    return part.high - part.low - int(indexed)


def _after(query: SearchQuery, left: NumberRange, number: int) -> NumberRange:
    """What is left after everything up to this number was searched."""
    if query.window.newest:
        return NumberRange(left.low, number - 1)
    return NumberRange(number, left.high)


def _usable_volumes(connection: sqlite3.Connection, query: SearchQuery) -> frozenset[int]:
    """The volumes of the index that can be queried.

    Short words need a vocabulary of each volume. Its table is created before the transaction that reads: the
    rollback at the end of that one would remove it.
    """
    volumes = [volume for (volume,) in connection.execute("SELECT place FROM found.volumes").fetchall()]
    if any(not _long_words(term) for term in query.terms):
        for volume in volumes:
            connection.execute(
                f"CREATE VIRTUAL TABLE IF NOT EXISTS temp.{_VOCABULARY}{volume} "
                f"USING fts5vocab(found, {volume_table(volume)}, row)"
            )
    return frozenset(volumes)


def _parts(
    connection: sqlite3.Connection,
    query: SearchQuery,
    left: NumberRange,
    volumes: frozenset[int],
    volume: int,
) -> Iterator[tuple[NumberRange, str]]:
    """The range in parts, in the search's direction, each with its FTS5 query; empty: it is scanned."""
    newest = query.window.newest
    ends = dict(connection.execute("SELECT place, upto FROM found.volumes").fetchall()) if volume else {}
    size = volume or SCAN_ROWS * 64
    while not left.is_empty:
        at = (left.high - 1) // size if newest else left.low // size
        first, last = max(left.low, at * size), min(left.high, (at + 1) * size)
        indexed = min(max(ends.get(at, first), first), last) if at in volumes else first
        expression = _expression(connection, query, at) if first < indexed else ""
        parts = [(NumberRange(first, indexed), expression)] if expression else []
        start = indexed if expression else first
        parts += [(NumberRange(a, min(last, a + SCAN_ROWS)), "") for a in range(start, last, SCAN_ROWS)]
        yield from reversed(parts) if newest else parts
        left = NumberRange(left.low, first) if newest else NumberRange(last, left.high)


def _candidates(
    connection: sqlite3.Connection, query: SearchQuery, part: NumberRange, expression: str, volume: int
) -> Generator[rows.ReadRow, None, None]:
    """The messages of a part that may match: all that do, and perhaps others."""
    if expression == _NO_MATCH:
        return
    condition, values = _condition(query)
    order = "DESC" if query.window.newest else "ASC"
    if expression:
        name = volume_table((part.high - 1) // volume)
        cursor = connection.execute(
            f"SELECT {_COLUMNS} FROM found.{name} AS i CROSS JOIN said ON said.number = i.rowid "  # noqa: S608
            f"WHERE i.{name} MATCH ? AND i.rowid > ? AND i.rowid <= ? "
            f"AND {condition} ORDER BY i.rowid {order}",
            (expression, part.low, part.high, *values),
        )
    else:
        cursor = connection.execute(
            f"SELECT {_COLUMNS} FROM said WHERE number > ? AND number <= ? AND {condition} "  # noqa: S608
            f"ORDER BY number {order}",
            (part.low, part.high, *values),
        )
    with closing(cursor):
        yield from cursor


def _matches(query: SearchQuery, row: rows.ReadRow) -> bool:
    time, room, origin, text = row[1], row[2], row[3], row[4]
    if not query.shows(room, time):
        return False
    if query.name and fold(origin.partition("!")[0]) != query.name:
        return False
    return matches_terms(text or "", query.terms)


def _condition(query: SearchQuery) -> tuple[str, tuple[str, ...]]:
    """The SQL condition for messages that may match: ASCII texts must contain all words.

    A text is ASCII where it has as many bytes as characters. All others are compared by ``_matches``.
    """
    words = tuple({word for term in query.terms for word in term.split()})
    if all(word.isascii() for word in words):
        has_all = " AND ".join(["instr(lower(said.text), ?)"] * len(words)) or "1"
    else:
        words, has_all = (), "0"
    rooms = ", ".join("?" * len(query.rooms))
    return (
        f"said.room IN ({rooms}) AND said.text IS NOT NULL "
        f"AND (speech IS NULL OR speech NOT IN ({UNSEARCHED})) "
        f"AND (length(said.text) <> length(CAST(said.text AS BLOB)) OR ({has_all}))",
        (*query.rooms, *words),
    )


def _expression(connection: sqlite3.Connection, query: SearchQuery, volume: int) -> str:
    """The FTS5 query of a volume: tokens, each in quotes.

    Returns:
        Empty where the index does not help; ``_NO_MATCH`` where the volume has no match.
    """
    asked = [_quoted(author_token(query.name))] if query.name else []
    for term in query.terms:
        words = _long_words(term)
        if words:
            trigrams = list(dict.fromkeys(word[at : at + 3] for word in words for at in range(len(word) - 2)))
            stride = -(-len(trigrams) // _MAX_TRIGRAMS)
            asked += [_quoted(trigram) for trigram in trigrams[::stride]]
            continue
        for word in term.split():
            trigrams = _trigrams_with_prefix(connection, volume, word)
            if not trigrams:
                return _NO_MATCH
            if len(trigrams) <= _MAX_EXPANSION:
                asked.append(_any_of(trigrams))
    if asked and len(query.rooms) <= _MAX_ROOMS and not query.renamed:  # the index has the former names
        asked.append(_any_of([room_token(room) for room in query.rooms]))
    return " AND ".join(asked)


def _long_words(term: str) -> list[str]:
    """The words of a term that have trigrams; with a space there are none where the text has a tab."""
    return [word for word in term.split() if len(word) >= _TRIGRAM_LENGTH]


def _trigrams_with_prefix(connection: sqlite3.Connection, volume: int, prefix: str) -> list[str]:
    """The trigrams of a volume that begin with one or two characters; at most one more than can be used."""
    found = connection.execute(
        f"SELECT term FROM temp.{_VOCABULARY}{volume} WHERE term >= ? AND term <= ? LIMIT ?",  # noqa: S608
        (prefix, prefix + "\U0010ffff", _MAX_EXPANSION + 1),
    )
    return [term for (term,) in found.fetchall()]


def _any_of(tokens: list[str]) -> str:
    return f"({' OR '.join(map(_quoted, tokens))})"


def _quoted(token: str) -> str:
    return '"' + token.replace('"', '""') + '"'
