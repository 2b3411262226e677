"""The file's versions."""

import sqlite3
from contextlib import closing

import pytest

from asyncchat.log import schema

NEXT = (*schema.STEPS, "ALTER TABLE said ADD COLUMN liked INTEGER; UPDATE said SET liked = 7;")


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "chat.db"
    with closing(schema.connect(path)) as connection:
        schema.prepare(connection, path, clean=False)
        connection.execute("INSERT INTO said VALUES (1, 2, '#a', 'b', 'c', NULL, NULL)")
    return path


def version(connection: sqlite3.Connection) -> tuple[int, ...]:
    return tuple(
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")
    )


def test_an_older_file_is_upgraded_with_what_it_holds(path):
    for _ in range(2):
        with closing(schema.connect(path)) as connection:
            schema.prepare(connection, path, clean=False, steps=NEXT)
            assert connection.execute("SELECT number, text, liked FROM said").fetchall() == [(1, "c", 7)]
            assert version(connection) == (schema.APPLICATION, len(NEXT))


def test_an_upgrade_that_fails_leaves_the_old_version(path):
    steps = (*NEXT, "CREATE TABLE more (a); INSERT INTO nowhere VALUES (1);")
    with closing(schema.connect(path)) as connection:
        with pytest.raises(sqlite3.OperationalError, match="nowhere"):
            schema.prepare(connection, path, clean=False, steps=steps)
        assert version(connection) == (schema.APPLICATION, len(schema.STEPS))
    with closing(schema.connect(path)) as connection:
        schema.prepare(connection, path, clean=False, steps=NEXT)


def test_erased_bytes_are_overwritten_and_nothing_checkpoints_by_itself(path):
    with closing(schema.connect(path)) as connection:
        assert connection.execute("PRAGMA secure_delete").fetchone() == (1,)
        assert connection.execute("PRAGMA wal_autocheckpoint").fetchone() == (0,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
