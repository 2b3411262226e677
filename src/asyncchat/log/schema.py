"""The database file: its tables, versions and settings, and what to say when it is not in order.

Owns connections' settings and the file's version; must not know what records mean.
"""

import os
import sqlite3
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from asyncchat.log.base import LogError

APPLICATION = 0x61636831
"""``PRAGMA application_id``: "ach1", so that the file is told from any other SQLite database."""

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
    -- facts up to here are in places too (log.shelves); those of an older file follow when it is quiet
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
)
"""What makes a file of version n one of version n + 1."""

_CHECKED_ALWAYS = 256 * 1024 * 1024
"""Bytes up to which each start checks the whole file, 2,000,000 messages: 0.4 s, 1.4 ms a MB from memory.

A larger one is checked only after it was not cleanly closed; that takes as long as reading it from the disk.
"""


def connect(path: Path) -> sqlite3.Connection:
    """A connection without transactions of its own, that waits for nobody and never checkpoints by itself.

    ``secure_delete`` overwrites what is taken out with zeros.
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


def connect_to_read(path: Path, steps: Sequence[str] = STEPS) -> sqlite3.Connection:
    """A connection that only reads, beside a server or without one; it needs no lock.

    Raises:
        LogError: there is no such file, or it is something else, or of a newer version.
        sqlite3.Error: it can't be read.
    """
    if not path.exists():
        raise LogError(f"There is no history {path}. Name another: --db FILE")
    # Where nothing can be made beside it, SQLite opens such a file only when told that nobody changes it.
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
    """Makes an empty file only its owner can read, in a folder only its owner can open, where there is none.

    SQLite gives ``-wal`` and ``-shm`` the mode of the database.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def prepare(connection: sqlite3.Connection, path: Path, clean: bool, steps: Sequence[str] = STEPS) -> None:
    """Makes a file ready: checked, of the newest version, with a write-ahead log; changes no foreign one.

    Args:
        connection: the one that will write.
        path: for messages.
        clean: whether the last owner closed it in order; then a large file is not read whole.
        steps: the versions there are.

    Raises:
        LogError: it is something else, of a newer version, or damaged.
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
    if version == len(steps):
        return
    # One transaction: after a crash the file is of the old version or of the new one.
    connection.execute("BEGIN IMMEDIATE")
    try:
        for step in steps[version:]:
            for statement in statements(step):
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
        connection.execute(f"PRAGMA user_version = {len(steps)}")
        connection.execute("COMMIT")
    except BaseException:
        roll_back(connection)
        raise


def roll_back(connection: sqlite3.Connection) -> None:
    """Ends a transaction that failed; SQLite may have done so by itself."""
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def damaged(path: Path, what: str) -> LogError:
    """The error for a file that SQLite can't make sense of."""
    return LogError(
        f"The history {path} is damaged ({what}). Put a copy in its place, save what can be read with "
        f"sqlite3 {path} .recover, or choose another: --db FILE"
    )


def plainly(error: sqlite3.Error, path: Path) -> LogError:
    """The error of SQLite in words that say what to do."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_FORMAT):
        return damaged(path, str(error))
    if code == sqlite3.SQLITE_NOTADB:
        return LogError(f"{path} is not an asyncchat history. Choose another: --db FILE")
    said = {
        sqlite3.SQLITE_FULL: "can't be written: the disk is full. Free some space on it",
        sqlite3.SQLITE_READONLY: "is read-only. Make file and folder writable, or choose another: --db FILE",
        sqlite3.SQLITE_BUSY: "is locked by another program. End its transaction there",
        sqlite3.SQLITE_LOCKED: "is locked by another program. End its transaction there",
        sqlite3.SQLITE_CANTOPEN: "can't be opened. Check folder and mode, or choose another: --db FILE",
        sqlite3.SQLITE_IOERR: f"can't be written or read ({error}). Check its disk",
    }.get(code, f"does not work ({error})")
    return LogError(f"The history {path} {said}")


def _keep_private(path: Path) -> None:
    """Takes from everybody but its owner what is known to be a history, and what SQLite keeps beside it."""
    for file in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        # Not ours, though we may write it: its owner's decision.
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
    """The statements of a script; ``executescript`` would commit what is open."""
    found, statement = [], ""
    for part in script.split(";")[:-1]:
        statement += part + ";"
        if sqlite3.complete_statement(statement):  # else the semicolon stands in a comment
            found.append(statement)
            statement = ""
    return found
