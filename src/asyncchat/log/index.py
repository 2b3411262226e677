"""The index of the search: a second file beside the history, which it can be made from at any time.

Owns that file and what is in it; must not know when it is filled (``indexing``) nor who asks (``searching``).

A second file, ``-search``: in the same one, each slice would hold the history's only lock. Measured with a
commit of ten rows each 3.5 ms beside the indexing of 40,000 messages, p99 of the commits is 20 ms in one file
and 0.26 ms in two, and the history's write-ahead log grows by 53 MB instead of 1.3 MB. All the same the
history is one file: this one may be deleted, need not be copied, and is made anew where it does not fit.

The records are divided by their numbers into volumes of equal length, each a table of FTS5 of its own, filled
up to a mark. A volume in which something was erased is dropped and made anew: FTS5 deletes only with the
text, which is blank by then, and leaves traces. It holds, for each message, the trigrams of its searchable
text and one more each for its room and its speaker, without positions: 90 bytes. What it finds is compared
with the message itself: the index may say too much, but never too little.
"""

import logging
import sqlite3
from contextlib import closing, suppress
from functools import lru_cache
from pathlib import Path
from zlib import crc32

import msgspec

from asyncchat.core.events import Erased
from asyncchat.core.ids import Ids
from asyncchat.core.names import fold
from asyncchat.core.searching import UNSEEN, VERSION, searchable
from asyncchat.log import rows, schema

_log = logging.getLogger(__name__)

_FORMAT = f"3 {VERSION}"

_SCHEMA = """
    CREATE TABLE meta (          -- one row
        format TEXT NOT NULL,
        erased TEXT NOT NULL     -- the id of the last erasure that was followed; empty: none
    );
    CREATE TABLE volumes (
        place INTEGER PRIMARY KEY,
        since INTEGER NOT NULL,  -- records after this one …
        upto INTEGER NOT NULL,   -- … up to here are in it
        id TEXT NOT NULL,        -- that record's id
        merged INTEGER NOT NULL  -- whether it is complete and as small as can be
    );
"""

_PADDING = "  "
"""Ends each text, so that its last two characters begin a trigram too."""

_REMOVED_PART = 8
"""A volume is made anew when such a part of it is of messages that were removed, too old or too many."""

_PAGES = 64
"""Pages that one step of making a volume small writes, roughly."""

_CHECKPOINT_PAGES = 2000
"""Of write-ahead log, after which the index's own thread moves it into the file."""

_ROOM, _SPEAKER = "\U00100000", "\U00100001"
_FIRST, _SPAN = 0xF0000, 0xFF00

UNREAD = ", ".join(str(int(speech)) for speech in UNSEEN)

_decode_slice = msgspec.json.Decoder(list[tuple[int, str, str, str]]).decode
_encode = msgspec.json.Encoder().encode


def path_of(path: Path) -> Path:
    """Where the index of a history is."""
    return Path(f"{path}-search")


def table(place: int) -> str:
    """The name of a volume's table."""
    return f"v{place}"


def room_mark(key: str) -> str:
    """The trigram that stands for a room."""
    return _mark(_ROOM, key)


def speaker_mark(key: str) -> str:
    """The trigram that stands for who said something."""
    return _mark(_SPEAKER, key)


@lru_cache(maxsize=4096)
def _mark(kind: str, key: str) -> str:
    """Two people may have the same one: what is found is looked at."""
    high, low = divmod(crc32(key.encode("utf-8", "replace")) % (_SPAN * _SPAN), _SPAN)
    return kind + chr(_FIRST + high) + chr(_FIRST + low)


@lru_cache(maxsize=4096)
def _speaker_of(origin: str) -> str:
    return speaker_mark(fold(origin.partition("!")[0]))


def works() -> bool:
    """Whether this machine's SQLite has trigrams (3.34, and FTS5 built in)."""
    with closing(sqlite3.connect(":memory:")) as connection:
        try:
            connection.execute("CREATE VIRTUAL TABLE v USING fts5(t, content='', tokenize='trigram')")
        except sqlite3.OperationalError:
            return False
    return True


class Index:
    """The index of one history, open to be written.

    All is called from one thread at a time.

    Args:
        history: a connection that reads the history.
        path: the history's path.
        ids: its ids.
        last: its last number.
        volume: records in a volume.

    Raises:
        sqlite3.Error, OSError: the file can't be written.
    """

    def __init__(self, history: sqlite3.Connection, path: Path, ids: Ids, last: int, volume: int) -> None:
        self.path = path_of(path)
        self._history = history
        self._ids = ids
        self._volume = volume
        self._format = f"{_FORMAT} {volume}"
        try:
            self._open(last)
        except sqlite3.OperationalError:
            raise  # the disk, not the file
        except sqlite3.DatabaseError as error:
            _log.info("The search's index is made anew: %s", error)
            remove(path)
            self._open(last)

    def close(self) -> None:
        """Closes it, and the connection that reads the history."""
        self._connection.close()
        self._history.close()

    def advance(self, upto: int, most: int, least: int) -> bool:
        """Does one short piece of work: follows erasures, takes in a slice, or makes a full volume smaller.

        Args:
            upto: the last number it may take in.
            most: records at a time.
            least: records that must be missing for it to take any in.

        Returns:
            Whether there is more to do.
        """
        (self._removed,) = self._history.execute("SELECT removed FROM marks").fetchone()
        if self._follow_erasures(upto) or self._follow_removals():
            return True
        gaps = self._gaps(upto)
        if sum(end - start for start, end in gaps) >= least:
            start, end = gaps[0]
            self._take_in(start, min(end, start + most))
            return True
        return self._merge()

    # The file.

    def _open(self, last: int) -> None:
        schema.make_file(self.path)
        connection = self._connection = schema.connect(self.path)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
            connection.execute("PRAGMA cache_size = -2000")
            self._make_tables()
            self._drop_what_differs(last)
        except BaseException:
            connection.close()
            raise

    def _make_tables(self) -> None:
        connection = self._connection
        if not connection.execute("SELECT name FROM sqlite_schema WHERE name = 'meta'").fetchall():
            with _Transaction(connection):
                for statement in schema.statements(_SCHEMA):
                    connection.execute(statement)
                connection.execute("INSERT INTO meta VALUES (?, '')", (self._format,))
        (found,) = connection.execute("SELECT format FROM meta").fetchone()
        if found != self._format:
            raise sqlite3.DatabaseError(f"its format is {found}, not {self._format}")

    def _drop_what_differs(self, last: int) -> None:
        """Forgets the volumes that have records which this history does not: it was put back, or is another.

        A volume's last number had another id then, and so had the erasures that came after.
        """
        found = self._connection.execute("SELECT place, since, upto, id FROM volumes").fetchall()
        self._marks = {place: upto for place, _, upto, _ in found}
        self._since = {place: since for place, since, _, _ in found}
        self._removed = 0
        for place, _, upto, id in found:
            if upto > last or self._ids.id_of(upto) != id:
                self._drop(place)
        (erased,) = self._connection.execute("SELECT erased FROM meta").fetchone()
        number = self._ids.number_of(erased)
        self._looked = number if number is not None and number <= last else 0

    def _drop(self, place: int) -> None:
        with _Transaction(self._connection):
            self._connection.execute("DELETE FROM volumes WHERE place = ?", (place,))
            self._connection.execute(f"DROP TABLE {table(place)}")
        del self._marks[place], self._since[place]

    # What it takes in.

    def _gaps(self, upto: int) -> list[tuple[int, int]]:
        """What is not in it, after the first up to the second; the newest first, which most search for."""
        size = self._volume
        gaps = []
        for place in range((upto - 1) // size, -1, -1):
            start = max(self._marks.get(place, place * size), self._removed)
            end = min(upto, (place + 1) * size)
            if start < end:
                gaps.append((start, end))
        return gaps

    def _take_in(self, start: int, end: int) -> None:
        """Indexes the records after the first up to the second, and moves the volume's mark, at once."""
        # One value for all rows: stepping through them would take the interpreter from the loop each time.
        (found,) = self._history.execute(
            "SELECT json_group_array(json_array(number, room, origin, text)) FROM said "  # noqa: S608
            "WHERE number > ? AND number <= ? AND text IS NOT NULL "
            f"AND (speech IS NULL OR speech NOT IN ({UNREAD}))",
            (start, end),
        ).fetchone()
        rows_of_index = [
            (number, searchable(text) + _PADDING, room_mark(room), _speaker_of(origin))
            for number, room, origin, text in _decode_slice(found)
        ]
        place = (end - 1) // self._volume
        since = self._since.get(place, start)
        name = table(place)
        connection = self._connection
        with _Transaction(connection):
            if place not in self._marks:
                connection.execute(
                    f"CREATE VIRTUAL TABLE {name} USING fts5(text, room, speaker, "
                    "content = '', columnsize = 0, detail = none, tokenize = 'trigram')"
                )
            connection.execute(
                f"INSERT INTO {name} (rowid, text, room, speaker) SELECT json_extract(value, '$[0]'), "  # noqa: S608
                "json_extract(value, '$[1]'), json_extract(value, '$[2]'), json_extract(value, '$[3]') "
                "FROM json_each(?)",
                (_encode(rows_of_index).decode(),),
            )
            connection.execute(
                "INSERT OR REPLACE INTO volumes VALUES (?, ?, ?, ?, 0)",
                (place, since, end, self._ids.id_of(end)),
            )
        self._marks[place], self._since[place] = end, since

    def _follow_erasures(self, upto: int) -> bool:
        """Drops the volumes that have what was erased since the last time; whether something was."""
        found = self._history.execute(
            "SELECT number, event FROM facts WHERE kept = 1 AND number > ? AND number <= ? "
            'AND event LIKE \'{"is":"erased"%\' ORDER BY number',
            (self._looked, upto),
        ).fetchall()
        if not found:
            self._looked = max(self._looked, upto)
            return False
        erased = [event for number, line in found if isinstance(event := rows.decode(number, line), Erased)]
        for place in {(n - 1) // self._volume for event in erased for n in event.numbers if self._has(n)}:
            self._drop(place)
        # What was dropped stands in the write-ahead log until that is emptied; a search may be in the way.
        busy, _, _ = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if not busy:
            self._looked = found[-1][0]
            self._connection.execute("UPDATE meta SET erased = ?", (self._ids.id_of(self._looked),))
        return True

    def _follow_removals(self) -> bool:
        """Drops a volume much of which was removed from the history since it was made; whether one was."""
        for place, upto in self._marks.items():
            gone = self._removed - self._since[place]
            if self._removed >= upto or gone >= self._volume // _REMOVED_PART:
                self._drop(place)
                return True
        return False

    def _has(self, number: int) -> bool:
        return number > 0 and number <= self._marks.get((number - 1) // self._volume, 0)

    def _merge(self) -> bool:
        """Makes full volumes small, a few pages at a time."""
        connection = self._connection
        found = connection.execute("SELECT place, upto FROM volumes WHERE NOT merged").fetchall()
        for place, upto in found:
            if upto < (place + 1) * self._volume:
                continue
            name = table(place)
            before = connection.total_changes
            with _Transaction(connection):
                connection.execute(f"INSERT INTO {name} ({name}, rank) VALUES ('merge', {-_PAGES})")  # noqa: S608
                if connection.total_changes - before < 2:  # https://sqlite.org/fts5.html#the_merge_command
                    connection.execute("UPDATE volumes SET merged = 1 WHERE place = ?", (place,))
            return True
        return False


class _Transaction:
    """All or nothing."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._connection.execute("COMMIT")
        else:
            schema.roll_back(self._connection)


def remove(path: Path) -> None:
    """Removes the index of a history, which nobody may have open."""
    for end in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            Path(f"{path_of(path)}{end}").unlink()
