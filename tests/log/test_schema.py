"""The file's versions."""

import sqlite3
from contextlib import closing

import pytest

from asyncchat.log import schema
from asyncchat.log.base import LogError

NEXT = (*schema.STEPS, "ALTER TABLE said ADD COLUMN liked INTEGER; UPDATE said SET liked = 7;")


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "chat.db"
    with closing(schema.connect(path)) as connection:
        schema.prepare(connection, path, clean=False)
        connection.execute("INSERT INTO said (number, time, room, origin, text) VALUES (1, 2, 'r', 'b', 'c')")
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


def test_an_older_file_is_kept_before_it_is_upgraded(path, caplog):
    caplog.set_level("INFO")
    copy = path.with_name(f"chat.db.format-{len(schema.STEPS)}")
    part = copy.with_name(f"{copy.name}.part")
    (part / "in the way").mkdir(parents=True)
    with closing(schema.connect(path)) as connection:
        with pytest.raises(LogError, match=r"must be upgraded, but a copy .* Free some space"):
            schema.prepare(connection, path, clean=False, steps=NEXT)
        assert version(connection) == (schema.APPLICATION, len(schema.STEPS))
        (part / "in the way").rmdir()
        part.rmdir()
        part.write_text("half a copy of a start that was killed")
        schema.prepare(connection, path, clean=False, steps=NEXT)
    assert f"as it was it is kept in {copy}" in caplog.text
    assert not part.exists()
    assert copy.stat().st_mode & 0o777 == 0o600
    with closing(schema.connect(copy)) as connection:  # an earlier asyncchat opens it
        schema.prepare(connection, copy, clean=False)
        assert connection.execute("SELECT number, text FROM said").fetchall() == [(1, "c")]


def test_an_upgrade_that_fails_leaves_the_old_version(path):
    steps = (*NEXT, "CREATE TABLE more (a); INSERT INTO nowhere VALUES (1);")
    with closing(schema.connect(path)) as connection:
        with pytest.raises(sqlite3.OperationalError, match="nowhere"):
            schema.prepare(connection, path, clean=False, steps=steps)
        assert version(connection) == (schema.APPLICATION, len(schema.STEPS))
    with closing(schema.connect(path)) as connection:
        schema.prepare(connection, path, clean=False, steps=NEXT)


def test_acts_that_were_kept_as_presence_are_kept_as_acts(tmp_path):
    path = tmp_path / "old.db"
    rows = [
        (1, 1, 2, '{"is":"killed","reason":"x"}'),
        (2, 2, 2, '{"is":"announced","text":"x"}'),
        (3, 3, 2, '{"is":"left","reason":"killed"}'),
        (4, 4, 1, '{"is":"owner"}'),
    ]
    with closing(schema.connect(path)) as connection:
        schema.prepare(connection, path, clean=False, steps=schema.STEPS[:1])
        connection.executemany("INSERT INTO facts VALUES (?, ?, ?, ?)", rows)
        schema.prepare(connection, path, clean=False)
        assert connection.execute("SELECT number, kept FROM facts").fetchall() == [
            (1, 4),
            (2, 4),
            (3, 2),
            (4, 1),
        ]


def test_who_only_reads_changes_nothing_and_says_what_is_none(path, tmp_path):
    with closing(schema.connect_to_read(path)) as connection:
        assert connection.execute("SELECT text FROM said").fetchall() == [("c",)]
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            connection.execute("DELETE FROM said")
    with pytest.raises(LogError, match=r"There is no history .*none\.db"):
        schema.connect_to_read(tmp_path / "none.db")
    (tmp_path / "empty.db").touch()
    with pytest.raises(LogError, match=r"There is no history in .* yet"):
        schema.connect_to_read(tmp_path / "empty.db")
    (tmp_path / "text.db").write_text("hello" * 1000)
    with pytest.raises(sqlite3.DatabaseError):
        schema.connect_to_read(tmp_path / "text.db")
    with pytest.raises(LogError, match="newer"):
        schema.connect_to_read(path, schema.STEPS[:1])


def test_erased_bytes_are_overwritten_and_nothing_checkpoints_by_itself(path):
    with closing(schema.connect(path)) as connection:
        assert connection.execute("PRAGMA secure_delete").fetchone() == (1,)
        assert connection.execute("PRAGMA wal_autocheckpoint").fetchone() == (0,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
