"""The full-text index of the search: a file of its own, which can be built from the history at any time.

Owns that file and its content. It must not know when the file is filled (``fts_indexer``) or who searches
(``search``).

It is a second file, ``-search``, because in one file each slice would hold the history's only lock. With a
commit of ten rows each 3.5 ms during the indexing of 40,000 messages, p99 of the commits is 20 ms in one file
and 0.26 ms in two, and the history's write-ahead log grows by 53 MB instead of 1.3 MB, measured. The history
is complete without it: the index may be deleted, need not be copied, and is rebuilt where it does not fit.

Python must not hold up the event loop, which waits for the interpreter's lock: so a slice is one statement of
SQLite, from the history (attached, only read) to the index. Only texts that SQLite can't fold, and the tokens
of rooms and authors, are made here, in portions (``_in_portions``). FTS5 writes a segment for each statement,
and merges segments later: so a slice is large. For 64 bytes of text, 8,192 rows cost 7 µs each, 512 cost 15.

The records are divided by their numbers into volumes of equal length. Each volume is an FTS5 table, filled up
to a number. A volume with an erased message is dropped and rebuilt: FTS5 deletes only with the text, which is
blank by then, and leaves traces. For each message it has the trigrams of the searchable text, and one token
each for the room and the author, without positions: 90 bytes. What is found is compared with the message
itself: the index may find too much, but never too little.
"""

import logging
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from time import perf_counter
from typing import TypeVar
from zlib import crc32

import msgspec

from asyncchat.core.features.edits import Edited
from asyncchat.core.features.redaction import Erased
from asyncchat.core.features.search import UNSEEN, VERSION, searchable
from asyncchat.core.ids import Ids
from asyncchat.core.names import fold
from asyncchat.log import rows, schema

_log = logging.getLogger(__name__)

_FORMAT = f"4 {VERSION}"

_SCHEMA = """
    CREATE TABLE meta (          -- one row
        format TEXT NOT NULL,
        erased TEXT NOT NULL     -- the id of the last erasure that was applied; empty: none
    );
    CREATE TABLE volumes (
        place INTEGER PRIMARY KEY,
        since INTEGER NOT NULL,  -- records after this one …
        upto INTEGER NOT NULL,   -- … up to here are in it
        id TEXT NOT NULL,        -- that record's id
        merged INTEGER NOT NULL  -- whether it is complete and as small as can be
    );
"""

_ROOMS_REMOVED = """
    CREATE TABLE IF NOT EXISTS removed (  -- up to which number the removals in a room were applied
        room TEXT PRIMARY KEY,
        upto INTEGER NOT NULL
    ) WITHOUT ROWID;
"""

_EDITED_AT_ONCE = 10_000
"""Records that are looked through for edits at once: some milliseconds."""

_EDITED_BEFORE = 100_000
"""Records before the start that are looked through for edits: under load the index lags behind the log. """

_PADDING = "  "
"""Follows each text, so that its last two characters begin a trigram too."""

_REBUILD_PART = 8
"""A volume is rebuilt when retention has removed one eighth of its messages."""

_OPTIONS = (("automerge", 16), ("crisismerge", 64), ("hashsize", 16_000_000))
"""Of FTS5: segments of one level that are merged little by little, and at once; bytes of a segment in memory.
So a volume that is filled by whole slices is merged once, when it is full."""

_MERGE_PAGES = 64
"""Pages that one step of merging a volume writes, roughly."""

_CHECKPOINT_PAGES = 2000
"""Pages of write-ahead log after which the thread of the index moves it into the file."""

_ROOM, _AUTHOR = "\U00100000", "\U00100001"
_FIRST, _SPAN = 0xF0000, 0xFF00

UNSEARCHED = ", ".join(str(int(speech)) for speech in UNSEEN)

_PORTION_SECONDS = 0.001
"""How long Python works at a stretch …"""

_PAUSE_SECONDS = 0.0002
"""… and rests: else whoever waits for the interpreter's lock would get it after 5 ms only."""

_NEW_ROWS = 32
"""Rows with new names or odd texts that are read at once: 1 ms where all texts are of full length."""

_MOST_NAMES = 4096
"""Rooms and authors whose tokens are kept for the next slices."""

_SAID = (
    "said.number > ?1 AND said.number <= ?2 AND said.text IS NOT NULL "
    f"AND (speech IS NULL OR speech NOT IN ({UNSEARCHED}))"
)
"""The messages of a slice."""

_IS_ODD = "length(said.text) <> length(CAST(said.text AS BLOB))"
"""Whether a text is not ASCII, or has a NUL: FTS5 folds all others as ``searchable`` does, but for spaces."""

_TEMPORARY = """
    -- What Python makes of a slice. Keys are taken from the history as they are: bytes may be damaged.
    CREATE TEMP TABLE rooms (key TEXT PRIMARY KEY, token TEXT NOT NULL) WITHOUT ROWID;
    CREATE TEMP TABLE authors (key TEXT PRIMARY KEY, token TEXT NOT NULL) WITHOUT ROWID;
    CREATE TEMP TABLE odd (number INTEGER PRIMARY KEY, text TEXT NOT NULL);
"""

_decode_new = msgspec.json.Decoder(list[tuple[int, str, str, str | None]]).decode
_encode = msgspec.json.Encoder().encode

S = TypeVar("S")
T = TypeVar("T")


def path_of(path: Path) -> Path:
    """Where the index of a history is."""
    return Path(f"{path}-search")


def volume_table(volume: int) -> str:
    """The name of a volume's table."""
    return f"v{volume}"


def room_token(key: str) -> str:
    """The token of a room."""
    return _token(_ROOM, key)


def author_token(key: str) -> str:
    """The token of an author."""
    return _token(_AUTHOR, key)


@lru_cache(maxsize=1024)
def _token(kind: str, key: str) -> str:
    """A token like a trigram. Two people may have the same one: what is found is compared."""
    high, low = divmod(crc32(key.encode("utf-8", "replace")) % (_SPAN * _SPAN), _SPAN)
    return kind + chr(_FIRST + high) + chr(_FIRST + low)


@lru_cache(maxsize=1024)
def _author_token_of(origin: str) -> str:
    return author_token(fold(origin.partition("!")[0]))


def is_supported() -> bool:
    """Whether this SQLite has the trigram tokenizer (3.34, and FTS5 built in)."""
    with closing(sqlite3.connect(":memory:")) as connection:
        try:
            connection.execute("CREATE VIRTUAL TABLE v USING fts5(t, content='', tokenize='trigram')")
        except sqlite3.OperationalError:
            return False
    return True


class SearchIndex:
    """The index of one history, open for writing.

    Only one thread at a time may call it.

    Args:
        path: the history's path.
        ids: its ids.
        last: its last number.
        volume: records in a volume.

    Raises:
        sqlite3.Error, OSError: the file can't be written.
    """

    def __init__(self, path: Path, ids: Ids, last: int, volume: int) -> None:
        self.path = path_of(path)
        self._ids = ids
        self._volume = volume
        self._format = f"{_FORMAT} {volume}"
        try:
            self._open(path, last)
        except sqlite3.OperationalError:
            raise  # a fault of the disk, not of the file
        except sqlite3.DatabaseError as error:
            _log.info("The search index is rebuilt: %s", error)
            remove(path)
            self._open(path, last)

    def close(self) -> None:
        """Closes it."""
        self._connection.close()

    def advance(self, upto: int, most: int, least: int) -> bool:
        """Does one short step: applies erasures, indexes a slice, or merges a full volume.

        Args:
            upto: the last number to index.
            most: the most records of a slice.
            least: how many records must be unindexed before it indexes any; 0: it only applies erasures.

        Returns:
            Whether there is more to do.
        """
        (self._removed,) = self._connection.execute("SELECT removed FROM history.marks").fetchone()
        if self._apply_erasures(upto) or self._apply_removals() or self._apply_removals_in_rooms():
            return True
        if not least:
            return False
        gaps = self._gaps(upto)
        if sum(end - start for start, end in gaps) >= least:
            start, end = gaps[0]
            self._index_slice(start, min(end, start + most))
            return True
        return self._merge()

    def clear(self) -> bool:
        """Has nothing in it; whether that is so: a search may read what was dropped."""
        for volume in list(self._indexed_upto):
            self._drop(volume)
        busy, _, _ = self._connection.execute("PRAGMA main.wal_checkpoint(TRUNCATE)").fetchone()
        return not busy

    # The file.

    def _open(self, history: Path, last: int) -> None:
        schema.make_file(self.path)
        connection = self._connection = schema.connect(self.path)
        try:
            schema.replace_bad_text(connection)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
            connection.execute("PRAGMA cache_size = -2000")
            for statement in schema.statements(_TEMPORARY):
                connection.execute(statement)
            connection.execute("ATTACH ? AS history", (str(history),))
            # Opened at once: later the path may lead to another file.
            connection.execute("SELECT removed FROM history.marks").fetchone()
            self._create_tables()
            self._drop_foreign_volumes(last)
        except BaseException:
            connection.close()
            raise

    def _create_tables(self) -> None:
        connection = self._connection
        if not connection.execute("SELECT name FROM main.sqlite_schema WHERE name = 'meta'").fetchall():
            with _transaction(connection):
                for statement in schema.statements(_SCHEMA):
                    connection.execute(statement)
                connection.execute("INSERT INTO meta VALUES (?, '')", (self._format,))
        connection.execute(_ROOMS_REMOVED)  # an index made before has none
        (found,) = connection.execute("SELECT format FROM meta").fetchone()
        if found != self._format:
            raise sqlite3.DatabaseError(f"its format is {found}, not {self._format}")

    def _drop_foreign_volumes(self, last: int) -> None:
        """Drops the volumes with records that this history does not have.

        A copy was restored, or the file belongs to another history: then the last number of a volume has
        another id, and so has a later erasure.
        """
        found = self._connection.execute("SELECT place, since, upto, id FROM volumes").fetchall()
        self._indexed_upto = {volume: upto for volume, _, upto, _ in found}
        self._since = {volume: since for volume, since, _, _ in found}
        self._removed = 0
        for volume, _, upto, id in found:
            if upto > last or self._ids.id_of(upto) != id:
                self._drop(volume)
        (erased,) = self._connection.execute("SELECT erased FROM meta").fetchone()
        number = self._ids.number_of(erased)
        self._erasures_upto = number if number is not None and number <= last else 0
        # All edits before were applied; those of a run that was killed before they were are applied again.
        self._edits_upto = max(0, last - _EDITED_BEFORE)

    def _drop(self, volume: int) -> None:
        with _transaction(self._connection):
            self._connection.execute("DELETE FROM volumes WHERE place = ?", (volume,))
            self._connection.execute(f"DROP TABLE {volume_table(volume)}")
        del self._indexed_upto[volume], self._since[volume]

    # The content.

    def _gaps(self, upto: int) -> list[tuple[int, int]]:
        """The gaps, after the first number up to the second; the newest first, like most searches."""
        size = self._volume
        gaps = []
        for volume in range((upto - 1) // size, -1, -1):
            start = max(self._indexed_upto.get(volume, volume * size), self._removed)
            end = min(upto, (volume + 1) * size)
            if start < end:
                gaps.append((start, end))
        return gaps

    def _index_slice(self, start: int, end: int) -> None:
        """Indexes the records after the first number up to the second, in one transaction."""
        volume = (end - 1) // self._volume
        since = self._since.get(volume, start)
        name = volume_table(volume)
        connection = self._connection
        with _transaction(connection):
            self._prepare(start, end)
            if volume not in self._indexed_upto:
                connection.execute(
                    f"CREATE VIRTUAL TABLE {name} USING fts5(text, room, speaker, "
                    "content = '', columnsize = 0, detail = none, tokenize = 'trigram')"
                )
                for option, value in _OPTIONS:
                    connection.execute(f"INSERT INTO {name} ({name}, rank) VALUES (?, ?)", (option, value))  # noqa: S608
            self._insert(name, start, end)
            connection.execute(
                "INSERT OR REPLACE INTO volumes VALUES (?, ?, ?, ?, 0)",
                (volume, since, end, self._ids.id_of(end)),
            )
        self._indexed_upto[volume], self._since[volume] = end, since

    def _insert(self, name: str, start: int, end: int) -> None:
        """Adds the prepared messages after the first number up to the second to a volume."""
        self._connection.execute(
            f"INSERT INTO {name} (rowid, text, room, speaker) "  # noqa: S608
            f"SELECT said.number, coalesce(odd.text, said.text) || '{_PADDING}', "
            "rooms.token, authors.token "
            "FROM history.said LEFT JOIN temp.odd ON odd.number = said.number "
            "CROSS JOIN temp.rooms ON rooms.key = room CROSS JOIN temp.authors ON authors.key = origin "
            f"WHERE {_SAID} ORDER BY said.number",
            (start, end),
        )

    def _prepare(self, start: int, end: int) -> None:
        """Folds the odd texts of a slice, and makes the tokens of its new rooms and authors."""
        connection = self._connection
        connection.execute("DELETE FROM temp.odd")
        for table in ("rooms", "authors"):
            (count,) = connection.execute(f"SELECT count(*) FROM temp.{table}").fetchone()  # noqa: S608
            if count > _MOST_NAMES:
                connection.execute(f"DELETE FROM temp.{table}")  # noqa: S608
        while start < end:
            # One value for all: stepping through rows would take the lock from the loop for each.
            (found,) = connection.execute(
                "SELECT json_group_array(json_array(number, room, origin, text)) FROM ("  # noqa: S608
                f"SELECT number, room, origin, iif({_IS_ODD}, text, NULL) AS text FROM history.said "
                f"WHERE {_SAID} AND ({_IS_ODD} OR room NOT IN (SELECT key FROM temp.rooms) "
                f"OR origin NOT IN (SELECT key FROM temp.authors)) ORDER BY number LIMIT {_NEW_ROWS})",
                (start, end),
            ).fetchone()
            new = _decode_new(found)
            if new:
                self._keep_prepared(f"[{','.join(_in_portions(_prepared, new))}]")
            start = new[-1][0] if len(new) == _NEW_ROWS else end

    def _keep_prepared(self, new: str) -> None:
        for table, column, at in (("rooms", "room", 1), ("authors", "origin", 2)):
            self._connection.execute(
                f"INSERT OR IGNORE INTO temp.{table} SELECT {column}, json_extract(value, '$[{at}]') "  # noqa: S608
                "FROM json_each(?) CROSS JOIN history.said ON number = json_extract(value, '$[0]')",
                (new,),
            )
        self._connection.execute(
            "INSERT INTO temp.odd SELECT json_extract(value, '$[0]'), json_extract(value, '$[3]') "
            "FROM json_each(?) WHERE json_extract(value, '$[3]') IS NOT NULL",
            (new,),
        )

    def _apply_erasures(self, upto: int) -> bool:
        """Drops the volumes with messages erased since the last call, and indexes again what was edited.

        Returns:
            Whether there were any erasures.
        """
        self._apply_edits(upto)
        found = self._connection.execute(
            "SELECT number, event FROM history.facts WHERE kept = 1 AND number > ? AND number <= ? "
            'AND event LIKE \'{"is":"erased"%\' ORDER BY number',
            (self._erasures_upto, upto),
        ).fetchall()
        if not found:
            self._erasures_upto = max(self._erasures_upto, upto)
            return False
        erased = [event for number, line in found if isinstance(event := rows.decode(number, line), Erased)]
        for volume in {(n - 1) // self._volume for event in erased for n in event.numbers if self._has(n)}:
            self._drop(volume)
        # What was dropped stays in the write-ahead log until it is emptied, which a search may prevent.
        busy, _, _ = self._connection.execute("PRAGMA main.wal_checkpoint(TRUNCATE)").fetchone()
        if not busy:
            self._erasures_upto = found[-1][0]
            self._connection.execute("UPDATE meta SET erased = ?", (self._ids.id_of(self._erasures_upto),))
        return True

    def _apply_edits(self, upto: int) -> None:
        """Adds the new texts of indexed messages. The index finds the earlier texts, too: that is allowed."""
        while self._edits_upto < upto:
            end = min(upto, self._edits_upto + _EDITED_AT_ONCE)
            found = self._connection.execute(
                "SELECT number, event FROM history.facts WHERE kept = 0 AND number > ? AND number <= ? "
                'AND event LIKE \'{"is":"edited"%\' ORDER BY number',
                (self._edits_upto, end),
            ).fetchall()
            events = (rows.fact_record(number, 0, line) for number, line in found)
            for number in {one.event.message for one in events if one and isinstance(one.event, Edited)}:
                if self._has(number):
                    self._index_again(number)
            self._edits_upto = end

    def _index_again(self, number: int) -> None:
        volume = (number - 1) // self._volume
        with _transaction(self._connection):
            self._prepare(number - 1, number)
            self._insert(volume_table(volume), number - 1, number)
            self._connection.execute("UPDATE volumes SET merged = 0 WHERE place = ?", (volume,))

    def _apply_removals(self) -> bool:
        """Drops a volume that has lost much to retention since it was built; whether there was one."""
        for volume, upto in self._indexed_upto.items():
            gone = self._removed - self._since[volume]
            if self._removed >= upto or gone >= self._volume // _REBUILD_PART:
                self._drop(volume)
                return True
        return False

    def _apply_removals_in_rooms(self) -> bool:
        """Drops volumes that lost messages of a room with days of its own; whether there were any."""
        found = self._connection.execute(
            "SELECT room, number, max(?1, coalesce(upto, 0)) AS before "
            "FROM history.removals LEFT JOIN removed USING (room) WHERE number > before",
            (self._removed,),
        ).fetchall()
        for _, upto, before in found:
            for volume in range(before // self._volume, (upto - 1) // self._volume + 1):
                if volume in self._indexed_upto:
                    self._drop(volume)
        self._connection.executemany(
            "INSERT OR REPLACE INTO removed VALUES (?, ?)", [(room, upto) for room, upto, _ in found]
        )
        return bool(found)

    def _has(self, number: int) -> bool:
        return number > 0 and number <= self._indexed_upto.get((number - 1) // self._volume, 0)

    def _merge(self) -> bool:
        """Merges full volumes, a few pages at a time; returns whether there is more to do."""
        connection = self._connection
        found = connection.execute("SELECT place, upto FROM volumes WHERE NOT merged").fetchall()
        for volume, upto in found:
            if upto < (volume + 1) * self._volume:
                continue
            name = volume_table(volume)
            before = connection.total_changes
            with _transaction(connection):
                connection.execute(f"INSERT INTO {name} ({name}, rank) VALUES ('merge', {-_MERGE_PAGES})")  # noqa: S608
                if connection.total_changes - before < 2:  # https://sqlite.org/fts5.html#the_merge_command
                    connection.execute("UPDATE volumes SET merged = 1 WHERE place = ?", (volume,))
            return True
        return False


def _prepared(row: tuple[int, str, str, str | None]) -> str:
    """A row's tokens, and its text, folded, if it is odd, as JSON."""
    number, room, origin, text = row
    folded = None if text is None else searchable(text)
    return _encode((number, room_token(room), _author_token_of(origin), folded)).decode()


def _in_portions(make: Callable[[S], T], values: Sequence[S]) -> list[T]:
    """What is made of each value, with rests in which others get the interpreter's lock."""
    made = []
    rest_at = perf_counter() + _PORTION_SECONDS
    for value in values:
        made.append(make(value))
        if perf_counter() >= rest_at:
            time.sleep(_PAUSE_SECONDS)
            rest_at = perf_counter() + _PORTION_SECONDS
    return made


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """A transaction that writes to the index; BEGIN IMMEDIATE would lock the history too."""
    connection.execute("BEGIN")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        schema.roll_back(connection)
        raise


def remove(path: Path) -> None:
    """Deletes the index of a history; nobody may have it open."""
    for end in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            Path(f"{path_of(path)}{end}").unlink()
