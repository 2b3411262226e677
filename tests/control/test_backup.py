"""Backups beside a server that is talked to, and what is put back.

``ASYNCCHAT_BACKUPS=100 pytest tests/control/test_backup.py`` makes a hundred; two by default.
"""

import asyncio
import os
import sqlite3
import sys
from contextlib import closing
from itertools import count

import pytest

from asyncchat import Server
from asyncchat.control import backup
from asyncchat.log.backup import check
from asyncchat.log.base import LogError
from asyncchat.log.lockfile import InUse

BACKUPS = int(os.environ.get("ASYNCCHAT_BACKUPS", "2"))
SPEAKERS = 8

ROWS = "SELECT number, time, room, origin, text FROM said WHERE number <= ? ORDER BY number"
FACTS = "SELECT number, time, event FROM facts WHERE number <= ? AND kept <> 2 ORDER BY number"
EPOCHS = "SELECT first, name FROM epochs ORDER BY place"


def serving(database):
    return Server(port=0, db=str(database), limits=False)


def rows(database, upto):
    with closing(sqlite3.connect(database)) as connection:
        return [
            connection.execute(ROWS, (upto,)).fetchall(),
            connection.execute(FACTS, (upto,)).fetchall(),
            connection.execute(EPOCHS).fetchall(),
        ]


def copied(database, copy):
    return backup.back_up(database, copy, lambda _done, _of: None)


def restored(copy, database):
    return backup.restore(copy, database, lambda _done, _of: None)


@pytest.fixture
def database(tmp_path):
    """A history with a few messages, which nobody has open."""

    async def fill():
        async with serving(tmp_path / "chat.db") as server:
            for number in range(3):
                await server.post("#tea", f"line {number}", nick="anna")

    asyncio.run(fill())
    return tmp_path / "chat.db"


def test_backups_of_a_server_that_is_talked_to(tmp_path):
    database = tmp_path / "chat.db"
    copies = []

    async def scene():
        async with serving(database) as server:

            async def speak(name):
                for number in count():
                    await server.post("#tea", f"{name} says {number}", nick=name)

            speaking = [asyncio.create_task(speak(f"v{number}")) for number in range(SPEAKERS)]
            for number in range(BACKUPS):
                said = await server.post("#tea", f"before {number}", nick="anna")
                done = await asyncio.to_thread(copied, database, tmp_path / f"{number}.db")
                copies.append((said, done.history))
            for one in speaking:
                one.cancel()

    async def serve(said, copy):
        restored(copy.path, tmp_path / "other" / "chat.db")
        async with serving(tmp_path / "other" / "chat.db") as server:
            new = await server.post("#tea", "on we go", nick="anna")
            assert int(new.rpartition("-")[2]) > copy.last
            assert new.partition("-")[0] != said.partition("-")[0]  # no id is used again

    asyncio.run(scene())
    reached = 0
    for number, (said, copy) in enumerate(copies):
        assert check(copy.path) == copy
        assert reached < int(said.rpartition("-")[2]) <= copy.last  # what was said before is in it
        reached = copy.last
        assert rows(copy.path, copy.last) == rows(database, copy.last)
        if number % 10 == 0:
            asyncio.run(serve(said, copy))


def test_what_belongs_to_it_goes_along_and_comes_back(database):
    files = database.with_name("chat.db-files")
    files.mkdir(exist_ok=True)
    (files / ("a" * 64)).write_bytes(b"cat")
    (files / f"{'a' * 64}.thumb").write_bytes(b"c")
    (files / "0123.part").write_bytes(b"unfinished")
    database.with_name("chat.db-webhooks").write_bytes(b"{}")
    key = database.with_name("chat.db.cloak")
    secret = key.read_bytes()
    copy = database.with_name("copy.db")
    done = copied(database, copy)
    assert (done.files, done.file_bytes) == (1, 3)
    assert set(done.small) == {".cloak", ".owner", ".push", ".secret"}
    made = list(copy.parent.glob("copy.db*"))
    assert all(file.stat().st_mode & 0o077 == 0 for file in made)
    assert not [file for file in database.parent.rglob("*.part") if file.parent != files]
    # A server with the same options has no secret that is forgotten here.
    known = {"-lock", "-search", "-shm", "-wal", *backup.SECRETS, backup.WEBHOOKS, backup.FILES, ""}
    assert {file.name.removeprefix("chat.db") for file in database.parent.glob("chat.db*")} <= known

    (files / ("a" * 64)).unlink()
    key.write_bytes(b"another\n")
    back = restored(copy, database)
    assert (files / ("a" * 64)).read_bytes() == b"cat"
    assert key.read_bytes() == secret
    assert back.small == (".cloak", "-webhooks")
    assert back.before.with_name(f"{back.before.name}.cloak").read_bytes() == b"another\n"
    assert check(back.before).last_id == check(database).last_id


def test_a_history_that_a_server_has_stays_as_it_is(database):
    copied(database, copy := database.with_name("copy.db"))

    async def scene():
        async with serving(database) as server:
            await server.post("#tea", "later", nick="anna")
            before = sorted(file.name for file in database.parent.iterdir())
            with pytest.raises(InUse, match="Stop the server there first"):
                await asyncio.to_thread(restored, copy, database)
            assert sorted(file.name for file in database.parent.iterdir()) == before

    asyncio.run(scene())
    assert check(database).messages == check(copy).messages + 1


@pytest.mark.skipif(sys.platform == "win32", reason="there are no limits of files there")
def test_a_copy_onto_a_full_disk_leaves_nothing(database):
    import resource

    copy = database.with_name("copy.db")
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, hard[1]))
    try:
        with pytest.raises(LogError, match=r"copy\.db can't be written: .*Nothing was changed"):
            copied(database, copy)
        assert list(database.parent.glob("copy.db*")) == []
        before = database.read_bytes()
        with pytest.raises(LogError, match="can't be written"):
            restored(database, database.with_name("other.db"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, hard)
    assert database.read_bytes() == before
    assert [file.name for file in database.parent.glob("other.db*")] == ["other.db-lock"]


def test_a_damaged_copy_is_not_put_back(database):
    copied(database, copy := database.with_name("copy.db"))
    damaged = bytearray(copy.read_bytes())
    damaged[8192:12288] = b"x" * 4096
    copy.write_bytes(damaged)
    before = database.read_bytes()
    for read in (check, lambda copy: restored(copy, database)):
        with pytest.raises(LogError, match="is damaged"):
            read(copy)
    copy.write_bytes(b"no database")
    with pytest.raises(LogError, match="is not an asyncchat history"):
        restored(copy, database)
    with pytest.raises(LogError, match="is the history itself"):
        restored(database, database)
    assert database.read_bytes() == before


def test_a_copy_does_not_go_over_a_file(database):
    copy = database.with_name("copy.db")
    copy.write_text("mine")
    with pytest.raises(LogError, match="exists already"):
        copied(database, copy)
    assert copy.read_text() == "mine"
