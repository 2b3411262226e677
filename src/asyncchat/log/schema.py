"""The database file: its tables, version and settings, its transactions, and error messages about it.

Owns the settings of connections and the file's version. It must not know what records mean.
"""

import logging
import os
import sqlite3
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from asyncchat.log.base import LogError

_log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

APPLICATION = 0x61636831
"""``PRAGMA application_id``: "ach1", to distinguish the file from other SQLite databases."""

STEPS: tuple[str, ...] = (
    """
    CREATE TABLE said (          -- messages to rooms
        number INTEGER PRIMARY KEY,
        time INTEGER NOT NULL,   -- microseconds since 1970 UTC, never before the row above's
        room TEXT NOT NULL,      -- the room's folded name
        origin TEXT NOT NULL,    -- name!user@host, and behind a space the account
        text TEXT,               -- NULL: erased
        speech INTEGER,          -- core.events.Speech; NULL: a message
        name TEXT                -- the room's name where it is spelled otherwise
    );
    CREATE TABLE facts (         -- all other records
        number INTEGER PRIMARY KEY,
        time INTEGER NOT NULL,
        kept INTEGER NOT NULL,   -- core.events.Kept
        event TEXT NOT NULL      -- JSON
    );
    CREATE INDEX states ON facts (number) WHERE kept = 1;
    CREATE TABLE places (        -- where in said a room's messages are, up to marks.indexed; erased ones not
        room TEXT NOT NULL,
        first INTEGER NOT NULL,  -- the first of these numbers
        base INTEGER NOT NULL,
        count INTEGER NOT NULL,
        numbers TEXT NOT NULL,   -- each minus base, with commas
        PRIMARY KEY (room, first)
    ) WITHOUT ROWID;
    CREATE TABLE snapshots (     -- facts that give the chat as the state records up to a number do
        number INTEGER PRIMARY KEY,
        facts TEXT NOT NULL
    );
    CREATE TABLE epochs (        -- core.ids
        place INTEGER PRIMARY KEY,
        first INTEGER NOT NULL,
        name TEXT NOT NULL UNIQUE
    );
    CREATE TABLE marks (         -- one row
        indexed INTEGER NOT NULL DEFAULT 0,   -- records up to here are in places and in messages
        messages INTEGER NOT NULL DEFAULT 0,  -- readable ones among them
        swept INTEGER NOT NULL DEFAULT 0,     -- facts up to here were looked at for old presence
        rewound INTEGER NOT NULL DEFAULT 0,   -- changed to make the write-ahead log begin anew
        closed TEXT NOT NULL DEFAULT ''       -- what the lock file says too after a clean close
    );
    INSERT INTO marks DEFAULT VALUES;
    """,
    """
    -- The acts of operators of the server, for the audit; some were kept as presence before.
    UPDATE facts SET kept = 4
        WHERE kept = 2 AND (event GLOB '{"is":"killed"*' OR event GLOB '{"is":"announced"*');
    CREATE INDEX acts ON facts (number) WHERE kept = 4;
    """,
    """
    ALTER TABLE said ADD COLUMN tags TEXT;  -- what clients added, JSON; NULL: nothing
    -- facts up to here are in places too (log.streams); those of an older file follow when it is quiet
    ALTER TABLE marks ADD COLUMN shelved INTEGER NOT NULL DEFAULT 0;
    """,
    """
    ALTER TABLE marks ADD COLUMN removed INTEGER NOT NULL DEFAULT 0;  -- up to here retention was at work
    CREATE TABLE removals (      -- rooms of which messages were removed, and the last one's number and time
        room TEXT PRIMARY KEY,
        number INTEGER NOT NULL,
        time INTEGER NOT NULL
    ) WITHOUT ROWID;
    """,
    """
    CREATE TABLE links (         -- which records have a link to which file (core.features.files)
        file TEXT NOT NULL,
        number INTEGER NOT NULL, -- negative: its text was erased
        PRIMARY KEY (file, number)
    ) WITHOUT ROWID;
    CREATE INDEX linking ON links (number);
    """,
)
"""The scripts that upgrade a file from version n to version n + 1."""

_SHOWN_BYTES = 60
"""Bytes of a bad text that are shown in the log."""

_MAX_NUMBER = 2**53
"""The greatest number of a record: JSON's numbers are exact up to here."""

_CHECKED_ALWAYS = 256 * 1024 * 1024
"""Bytes up to which each start checks the whole file: 2,000,000 messages, 0.4 s, 1.4 ms a MB from memory.

A larger file is checked only where it may be damaged (``database``); that takes as long as reading it from
the disk.
"""


def connect(path: Path) -> sqlite3.Connection:
    """A connection without implicit transactions that does not wait for locks and does no checkpoints.

    ``secure_delete`` overwrites what is deleted with zeros.
    """
    connection = sqlite3.connect(
        path, timeout=0, isolation_level=None, check_same_thread=False, cached_statements=64
    )
    try:
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("PRAGMA cache_size = -512")
    except BaseException:
        connection.close()
        raise
    return connection


def connect_alone(path: Path) -> sqlite3.Connection:
    """A connection that reads the file without its write-ahead log, and changes neither."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True, isolation_level=None)


def connect_to_read(path: Path, steps: Sequence[str] = STEPS) -> sqlite3.Connection:
    """A connection that only reads; it takes no lock, so a server may run at the same time.

    Raises:
        LogError: there is no such file, or it is something else, or of a newer version.
        sqlite3.Error: it can't be read.
    """
    if not path.exists():
        raise LogError(f"There is no history {path}. Name another: --db FILE")
    # In a folder where it can't create its own files, SQLite opens the database only as immutable.
    still = not os.access(path.parent, os.W_OK) and not Path(f"{path}-wal").exists()
    address = f"{path.absolute().as_uri()}?mode=ro{'&immutable=1' if still else ''}"
    connection = sqlite3.connect(address, uri=True, timeout=2, isolation_level=None)
    try:
        if not _version(connection, path, len(steps)):
            raise LogError(f"There is no history in {path} yet. Name another: --db FILE")
    except BaseException:
        connection.close()
        raise
    return connection


def make_file(path: Path) -> None:
    """Creates the file and its folder where there is none; only their owner can read them.

    SQLite gives ``-wal`` and ``-shm`` the mode of the database.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def prepare(connection: sqlite3.Connection, path: Path, clean: bool, steps: Sequence[str] = STEPS) -> None:
    """Checks a file, upgrades it and sets its write-ahead log; a file of another program is not changed.

    Args:
        connection: the one that will write.
        path: for error messages.
        clean: whether nothing can have damaged it since it was used; then a large file is not checked.
        steps: the upgrade scripts.

    Raises:
        LogError: it is no history, has a newer version, or is damaged.
        sqlite3.Error: it can't be read or written.
    """
    version = _version(connection, path, len(steps))
    size = path.stat().st_size
    if size and (size <= _CHECKED_ALWAYS or not clean):
        (fault,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if fault != "ok":
            raise damaged(path, str(fault).replace("\n", " "))
    _keep_private(path)
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise LogError(
            f"The history {path} can't have a write-ahead log: its file system lacks shared memory "
            "or it is read-only. Choose a local disk: --db FILE"
        )
    if version < len(steps):
        if version:
            _keep_copy(connection, path, version)
        _upgrade(connection, steps, version)
    check_shape(connection, path, steps)


def check_content(connection: sqlite3.Connection, path: Path, last: int, last_time: object) -> None:
    """Checks what the file says about its own records.

    Args:
        connection: any.
        path: for the error message.
        last: the number of the last record.
        last_time: that record's time.

    Raises:
        LogError: it contradicts itself: something else changed or emptied its tables.
    """
    if last > _MAX_NUMBER or not isinstance(last_time, int):
        raise contradiction(path, f"its last record has number {last} and time {last_time!r}")
    marks = connection.execute("SELECT indexed, messages, swept, shelved, removed FROM marks").fetchall()
    if len(marks) != 1 or not all(isinstance(value, int) for value in marks[0]):
        raise contradiction(path, "its table marks does not have its one row")
    epochs = connection.execute("SELECT first, name FROM epochs ORDER BY place").fetchall()
    firsts = [first for first, _ in epochs]
    if not all(
        isinstance(first, int) and isinstance(name, str) for first, name in epochs
    ) or firsts != sorted(firsts):
        raise contradiction(path, "its table epochs is not in order")
    indexed, messages, swept, shelved, removed = marks[0]
    (snapshot,) = connection.execute("SELECT coalesce(max(number), 0) FROM snapshots").fetchone()
    if last and not epochs:
        raise contradiction(path, "its table epochs is empty")
    if max(indexed, swept, shelved, removed, snapshot) > last:
        raise contradiction(path, f"its last record is number {last}, but later ones were counted")
    some = "SELECT EXISTS (SELECT 1 FROM said) OR EXISTS (SELECT 1 FROM facts WHERE kept = 0)"
    if messages > 0 and connection.execute(some).fetchone() == (0,):
        raise contradiction(path, f"it has no messages, but {messages} were counted")


def _keep_copy(connection: sqlite3.Connection, path: Path, version: int) -> None:
    """Copies a history as it is before an upgrade, for whoever must go back to an earlier asyncchat.

    Raises:
        LogError: there is no room for it.
    """
    copy = path.with_name(f"{path.name}.format-{version}")
    part = copy.with_name(f"{copy.name}.part")
    try:
        part.unlink(missing_ok=True)  # of a start that was killed
        make_file(part)
        with closing(sqlite3.connect(part)) as target:
            connection.backup(target)
        part.replace(copy)
    except (sqlite3.Error, OSError) as error:
        with suppress(OSError):
            part.unlink()
        raise LogError(
            f"The history {path} must be upgraded, but a copy of it can't be kept beside it: {error}. Free "
            "some space on its disk"
        ) from error
    _log.info("The history is upgraded; as it was it is kept in %s. Remove that when all is well", copy)


def _upgrade(connection: sqlite3.Connection, steps: Sequence[str], version: int) -> None:
    # One transaction: after a crash the file has the old version or the new one.
    with transaction(connection):
        for step in steps[version:]:
            for statement in statements(step):
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
        connection.execute(f"PRAGMA user_version = {len(steps)}")


def check_shape(connection: sqlite3.Connection, path: Path, steps: Sequence[str] = STEPS) -> None:
    """Checks that the file has the tables, columns and indexes that the steps make, and no trigger.

    These are also the first reads after a change to a write-ahead log, of which SQLite needs one: else its
    next checkpoint fails as locked.
    """
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as model:
        for step in steps:
            model.executescript(step)
        expected = _shape(model)
    found = _shape(connection)
    triggers = {thing: columns for thing, columns in found.items() if thing[0] == "trigger"}
    for kind, name in sorted(expected | triggers):
        if found.get((kind, name)) != expected.get((kind, name)):
            raise contradiction(path, f"its {kind} {name} is not as asyncchat made it")


def _shape(connection: sqlite3.Connection) -> dict[tuple[str, str], list[str]]:
    """The columns of each table, index, view and trigger, by its kind and name."""
    named = connection.execute("SELECT type, name FROM sqlite_schema").fetchall()
    return {
        (kind, name): [
            column for (column,) in connection.execute("SELECT name FROM pragma_table_xinfo(?)", (name,))
        ]
        for kind, name in named
    }


def replace_bad_text(connection: sqlite3.Connection) -> None:
    """Has a connection read text that is not UTF-8 too, with U+FFFD for what is none.

    Else such a row is an error. It makes reading a row of four texts twice as slow: 2 µs more.
    """
    connection.text_factory = _replaced


def read_leniently(
    job: Callable[Concatenate[sqlite3.Connection, P], T],
    connection: sqlite3.Connection,
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """Runs a read; where it meets text that is not UTF-8, again and from then on with replacements."""
    try:
        return job(connection, *args, **kwargs)
    except sqlite3.OperationalError as error:
        if connection.text_factory is not str or "decode to UTF-8" not in str(error):
            raise
    replace_bad_text(connection)
    return job(connection, *args, **kwargs)


def _replaced(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        _tell_bad_text(raw)
        return raw.decode("utf-8", "replace")


@lru_cache(maxsize=256)
def _tell_bad_text(raw: bytes) -> None:
    _log.error(
        "The history has a text that is not UTF-8: %s. It is shown with replacement characters; something "
        "else changed the file, or its disk is damaged",
        ascii(raw[:_SHOWN_BYTES]),
    )


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """A transaction that writes: all or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        roll_back(connection)
        raise


@contextmanager
def read_transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """A transaction that only reads: it sees the file as it is at its start."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")


def roll_back(connection: sqlite3.Connection) -> None:
    """Ends a failed transaction; SQLite may have ended it already."""
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def checkpoint(connection: sqlite3.Connection, mode: str) -> tuple[bool, int]:
    """Moves the write-ahead log into the database.

    Args:
        connection: one without an open transaction.
        mode: ``PASSIVE`` waits for nobody, ``TRUNCATE`` leaves an empty write-ahead log.

    Returns:
        Whether all of it was moved, and the number of its pages.
    """
    busy, pages, moved = connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
    return not busy and pages == moved, max(0, pages)


def rewind(connection: sqlite3.Connection) -> None:
    """Rewinds the write-ahead log after a complete checkpoint.

    The first commit after one syncs the log's new header to the disk, which takes milliseconds. This commits
    a change at once, so that no append pays for it.
    """
    connection.execute("UPDATE marks SET rewound = rewound + 1")


def damaged(path: Path, what: str) -> LogError:
    """The error for a file that SQLite can't read."""
    return LogError(
        f"The history {path} is damaged ({what}). Put a copy in its place and remove {path}-wal, save "
        f"what can be read with sqlite3 {path} .recover, or choose another: --db FILE"
    )


def contradiction(path: Path, what: str) -> LogError:
    """The error for a file that SQLite can read, but that is not as an asyncchat left it."""
    return LogError(
        f"The history {path} was changed by something else: {what}. Put a copy of it (a backup) in its "
        f"place and remove {path}-wal, or choose another: --db FILE"
    )


def explain(error: sqlite3.Error, path: Path) -> LogError:
    """An error of SQLite as a message that says what to do."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_FORMAT):
        return damaged(path, str(error))
    if code == sqlite3.SQLITE_NOTADB:
        return LogError(f"{path} is not an asyncchat history. Choose another: --db FILE")
    message = {
        sqlite3.SQLITE_FULL: "can't be written: the disk is full. Free some space on it",
        sqlite3.SQLITE_READONLY: "is read-only. Make file and folder writable, or choose another: --db FILE",
        sqlite3.SQLITE_BUSY: "is locked by another program. End its transaction there",
        sqlite3.SQLITE_LOCKED: "is locked by another program. End its transaction there",
        sqlite3.SQLITE_CANTOPEN: "can't be opened. Check folder and mode, or choose another: --db FILE",
        sqlite3.SQLITE_IOERR: f"can't be written or read ({error}). Check its disk, and whether it is full",
    }.get(code, f"does not work ({error})")
    return LogError(f"The history {path} {message}")


def _keep_private(path: Path) -> None:
    """Removes the rights of everybody but the owner from a history and the files that SQLite keeps for it."""
    for file in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        # A file of somebody else that we may write: its mode is the owner's decision.
        with suppress(FileNotFoundError, PermissionError):
            mode = file.stat().st_mode
            if stat.S_ISREG(mode) and mode & 0o077:
                file.chmod(mode & 0o700)


def _version(connection: sqlite3.Connection, path: Path, newest: int) -> int:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if not application and not version and not tables:
        return 0
    if application != APPLICATION:
        raise LogError(f"{path} is a database of another program. Choose another: --db FILE")
    if version > newest:
        raise LogError(
            f"The history {path} is of a newer asyncchat (its format is {version}, this one knows {newest}). "
            "Upgrade asyncchat, or choose another: --db FILE"
        )
    return int(version)


def statements(script: str) -> list[str]:
    """The statements of a script; ``executescript`` would commit the open transaction."""
    found, statement = [], ""
    for part in script.split(";")[:-1]:
        statement += part + ";"
        if sqlite3.complete_statement(statement):  # else the semicolon is part of a comment
            found.append(statement)
            statement = ""
    return found
