"""Opening: which starts begin an epoch, and what is refused."""

import asyncio
import os
import shutil
import sqlite3
import stat
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from asyncchat.core.features.history import Window
from asyncchat.core.features.messages import SaidInPrivate
from asyncchat.core.features.presence import NodeStarted
from asyncchat.core.features.redaction import Erased
from asyncchat.core.features.rooms import RoomOpened
from asyncchat.core.features.search import terms_of
from asyncchat.core.features.topic import TopicChanged
from asyncchat.log import database, rows, schema
from asyncchat.log.base import LogError, SearchQuery, new_epoch
from asyncchat.log.lockfile import LockFile
from asyncchat.log.sqlite import SqliteLog
from asyncchat.log.tuning import Tuning
from tests.log.records import ANNA, BERND, SECOND, START, asynchronous, fact, said
from tests.log.sqlite_files import HASTY, STILL, all_of, raw, texts, write

STEPS = len(schema.STEPS)


@asynchronous
async def test_only_the_owner_can_read(path):
    old = os.umask(0)
    try:
        log = await SqliteLog.open(path)
        await log.append(0, [said(1)])
    finally:
        os.umask(old)
    files = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert files == {
        f"chat.db{end}": 0o600
        for end in ("", "-wal", "-shm", "-lock", "-search", "-search-wal", "-search-shm")
    }
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    await log.close()
    path.chmod(0o644)
    path.parent.chmod(0o755)
    await (await SqliteLog.open(path)).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o755  # theirs, perhaps with other things in it


@asynchronous
async def test_what_others_could_read_is_taken_from_them_with_its_log(path):
    """As after a kill, when SQLite finds a write-ahead log beside it."""
    log = await SqliteLog.open(path)
    await log.append(0, [said(1)])
    copy = path.parent / "copy.db"
    for end in ("", "-wal"):
        shutil.copy(f"{path}{end}", f"{copy}{end}")
        os.chmod(f"{copy}{end}", 0o644)
    await log.close()
    log = await SqliteLog.open(copy)
    try:
        assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.glob("copy.db*")} == {0o600}
    finally:
        await log.close()


@asynchronous
async def test_a_clean_close_goes_on_with_the_epoch(path):
    first = await write(path, [said(1), said(2)])
    log = await SqliteLog.open(path)
    assert log.ids.id_of(3) == first
    assert (log.last, log.last_time, log.messages) == (2, START + 2 * SECOND, 2)
    await log.close()
    assert sorted(file.name for file in path.parent.iterdir()) == [
        "chat.db",
        "chat.db-lock",
        "chat.db-search",
    ]


@asynchronous
async def test_a_start_in_another_boot_begins_an_epoch(path, monkeypatch):
    first = await write(path, [said(1), said(2)])
    monkeypatch.setattr(database, "boot_id", lambda: "another")
    second = await write(path, [said(3)])
    assert first.split("-")[0] != second.split("-")[0]
    log = await SqliteLog.open(path)
    assert log.ids.number_of(first.replace("-3", "-2")) == 2
    assert log.ids.number_of(first) is None  # never appended in that epoch
    assert log.ids.id_of(4) == second
    await log.close()


@asynchronous
async def test_where_the_system_names_no_boot_each_start_begins_an_epoch(path, monkeypatch):
    monkeypatch.setattr(database, "boot_id", lambda: "")
    assert (await write(path, [said(1)])).split("-")[0] != (await write(path)).split("-")[0]


@asynchronous
async def test_a_copy_put_back_begins_an_epoch(path):
    await write(path, [said(1), said(2)])
    copy = path.with_name("copy.db")
    shutil.copy(path, copy)
    shown = await write(path, [said(3)])
    lost = shown.replace("-4", "-3")
    shutil.copy(copy, path)
    log = await SqliteLog.open(path)
    assert log.last == 2
    assert log.ids.number_of(lost) is None
    await log.append(2, [said(3, text="another third")])
    assert log.ids.id_of(3) != lost
    await log.close()


@asynchronous
async def test_an_epoch_that_nothing_was_recorded_in_is_replaced(path, monkeypatch):
    monkeypatch.setattr(database, "boot_id", lambda: "")
    for _ in range(5):
        await write(path)
    assert raw(path, "SELECT count(*) FROM epochs") == [(1,)]
    await write(path, [said(1)])
    await write(path)
    assert raw(path, "SELECT first FROM epochs") == [(1,), (2,)]


@asynchronous
async def test_a_copy_of_a_stream_has_its_epoch_at_every_start(path, monkeypatch, caplog):
    monkeypatch.setattr(database, "boot_id", lambda: "")
    await write(path)  # a file without records may become a copy
    for number in (1, 2):
        log = await SqliteLog.open(path, epoch="stream")
        assert log.ids.id_of(1) == "stream-1"
        await log.append(log.last, [said(number)])
        await log.close()
        await log.reopen()
        assert log.ids.id_of(3) == "stream-3"
        await log.close()
    assert raw(path, "SELECT first, name FROM epochs") == [(1, "stream")]
    assert not caplog.records


@asynchronous
async def test_a_history_with_another_epoch_is_no_copy_of_the_stream(path):
    first = await write(path, [said(1)])
    with pytest.raises(LogError, match=r"is not this cluster's: its epoch is \w{6}, the stream's stream"):
        await SqliteLog.open(path, epoch="stream")
    assert await write(path) == first


@asynchronous
async def test_a_copy_of_the_running_file_opens(path, tmp_path):
    """Not the way to copy a history, but people do."""
    log = await SqliteLog.open(path, tuning=HASTY)
    for _ in range(20):
        await log.append(log.last, [said(log.last + n) for n in range(1, 6)])
    copy = tmp_path / "copy.db"
    for end in ("", "-wal"):
        shutil.copy(f"{path}{end}", f"{copy}{end}")
    other = await SqliteLog.open(copy)
    assert other.ids.id_of(101) != log.ids.id_of(101)
    assert await texts(other) == await texts(log)
    await other.close()
    await log.close()


def unusable(path: Path, words: str) -> None:
    """It is refused with these words and a way out, and nothing of it is changed."""
    before = path.read_bytes() if path.is_file() else None
    mode = path.stat().st_mode if path.exists() else None
    lock = Path(f"{path}-lock")
    locked = lock.exists()
    with pytest.raises(LogError, match=words) as caught:
        asyncio.run(SqliteLog.open(path))
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    if before is not None:
        assert path.read_bytes() == before
    if mode is not None:
        assert path.stat().st_mode == mode
    assert lock.exists() is locked


def test_no_database(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("dear diary\n" * 100)
    path.chmod(0o644)
    unusable(path, "is not an asyncchat history. Choose another: --db FILE")


def test_a_database_of_another_program(tmp_path):
    path = tmp_path / "other.db"
    raw(path, "CREATE TABLE theirs (a)", "INSERT INTO theirs VALUES (1)")
    path.chmod(0o644)
    unusable(path, "is a database of another program. Choose another")
    assert raw(path, "PRAGMA journal_mode", "SELECT a FROM theirs") == [("delete",), (1,)]


def test_a_file_of_a_newer_version(path):
    asyncio.run(write(path, [said(1)]))
    raw(path, f"PRAGMA user_version = {STEPS + 1}")
    unusable(
        path, rf"newer asyncchat \(its format is {STEPS + 1}, this one knows {STEPS}\)\. Upgrade asyncchat"
    )


def test_a_damaged_file(path):
    asyncio.run(write(path, [said(n, text="x" * 500) for n in range(1, 200)]))
    with path.open("r+b") as file:
        file.seek(4096 * 8)
        file.write(os.urandom(4096 * 4))
    unusable(path, r"is damaged \(.+\)\. Put a copy in its place and remove .*-wal, save what can be read")


def test_a_large_file_is_checked_unless_only_its_process_can_have_ended(path, monkeypatch):
    async def fill() -> None:
        log = await SqliteLog.open(path, tuning=Tuning(lag=4, quiet=3600))
        await log.append(0, [said(n, text="x" * 500) for n in range(1, 200)])
        await log.run_maintenance()  # the next start reads the end only
        await log.close()

    monkeypatch.setattr(schema, "_CHECKED_ALWAYS", 0)
    asyncio.run(fill())
    with path.open("r+b") as file:
        file.seek(4096 * 16)
        file.write(os.urandom(4096 * 4))
    lock = path.with_name("chat.db-lock")
    lines = lock.read_text().split("\n")
    killed = "\n".join([lines[0], "", *lines[2:]])
    lock.write_text(killed)
    asyncio.run(write(path))
    noted = "\n".join([lines[0], "", f"{200:019}", *lines[3:]])
    for spoiled in (noted, killed.replace(lines[4], "another boot"), f"{lines[0]}\n"):
        lock.write_text(spoiled)
        unusable(path, "is damaged")
    shutil.copy(path, path.with_name("copy"))
    path.with_name("copy").replace(path)
    lock.write_text(killed)
    unusable(path, "is damaged")


def test_a_truncated_file(path):
    asyncio.run(write(path, [said(n, text="x" * 500) for n in range(1, 200)]))
    os.truncate(path, 4096 * 7 + 100)
    unusable(path, "is damaged")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("DROP TABLE said", "its table said is not as asyncchat made it"),
        ("DROP TABLE removals", "its table removals is not as"),
        ("DROP INDEX states", "its index states is not as"),
        ("ALTER TABLE facts ADD COLUMN more", "its table facts is not as"),
        ("CREATE TRIGGER t BEFORE INSERT ON facts BEGIN SELECT 1; END", "its trigger t is not as"),
        ("DELETE FROM marks", "its table marks does not have its one row"),
        ("INSERT INTO marks DEFAULT VALUES", "its table marks does not have its one row"),
        ("UPDATE marks SET indexed = 'all'", "its table marks does not have its one row"),
        ("UPDATE marks SET swept = 1000", "its last record is number 8, but later ones were counted"),
        ("DELETE FROM facts", "its last record is number 6, but later ones were counted"),
        ("DELETE FROM said", "it has no messages, but 6 were counted"),
        ("DELETE FROM epochs", "its table epochs is not in order|its table epochs is empty"),
        ("UPDATE epochs SET first = 'one'", "its table epochs is not in order"),
        ("UPDATE facts SET time = 'soon'", "its last record has number 8 and time 'soon'"),
        (
            "UPDATE facts SET number = 9223372036854775807 WHERE number = 8",
            "its last record has number 9223372",
        ),
    ],
)
def test_a_file_that_something_else_changed(path, change, words):
    async def make() -> None:
        log = await SqliteLog.open(path, tuning=HASTY)
        await log.append(0, [said(n) for n in range(1, 7)])
        await log.append(6, [fact(n, NodeStarted("1")) for n in (7, 8)])
        await log.run_maintenance()
        await log.close()

    asyncio.run(make())
    raw(path, change)
    with pytest.raises(LogError, match=rf"was changed by something else: ({words}).*a backup") as caught:
        asyncio.run(SqliteLog.open(path))
    assert "\n" not in str(caught.value)


def test_a_file_with_own_tables_and_indexes_of_somebody_opens(path):
    asyncio.run(write(path, [said(1)]))
    raw(path, "CREATE TABLE theirs (a)", "CREATE INDEX by_time ON said (time)", "ANALYZE")
    asyncio.run(write(path, [said(2)]))


@asynchronous
async def test_facts_that_contradict_each_other_give_no_chat(path):
    log = await SqliteLog.open(path)
    await log.append(0, [fact(1, TopicChanged("#nowhere", ANNA, "t", 1))])
    with pytest.raises(
        LogError, match=r'facts contradict each other \(at "topic": .*#nowhere.*Put a copy of it'
    ):
        log.chat()
    await log.close()


BAD_ROWS = (
    "UPDATE said SET text = CAST(x'6869ff' AS TEXT) WHERE number = 5",
    "UPDATE said SET origin = CAST(x'c3' AS TEXT) WHERE number = 6",
    "UPDATE said SET text = x'6869' WHERE number = 7",
    "UPDATE said SET origin = x'6869' WHERE number = 8",
    "UPDATE said SET speech = 99 WHERE number = 9",
    "UPDATE said SET tags = '[' WHERE number = 10",
    "UPDATE said SET time = 'soon' WHERE number = 11",
)


@asynchronous
async def test_a_row_that_cannot_be_read_hides_no_other(path, caplog):
    schema._tell_bad_text.cache_clear()
    rows._tell_unreadable.cache_clear()
    await write(path, [said(n, text=f"word {n}") for n in range(1, 21)])
    raw(path, *BAD_ROWS)
    log = await SqliteLog.open(path, tuning=HASTY)
    for _ in range(2):
        shown = await texts(log)
        assert len(shown) == 20
        assert shown[4] == "hi\ufffd"
        assert shown[6:11] == [rows.UNREADABLE] * 5
        assert [shown[3], shown[5], shown[11]] == ["word 4", "word 6", "word 12"]
        await log.run_maintenance()  # the search has its index then
        query = SearchQuery(("#lobby",), log.last, Window(limit=100), terms_of("word"))
        assert len((await log.search(query)).records) >= 17
        await log.append(log.last, [said(log.last + 1, "#tea")])
    told = caplog.messages
    assert len([line for line in told if "not UTF-8: b'hi\\xff'" in line]) == 1
    assert sorted(line[:33] for line in told if "placeholder" in line) == sorted(
        f"The message with number {n} can't be"[:33] for n in range(7, 12)
    )
    await log.append(log.last, [fact(log.last + 1, Erased("#lobby", ANNA, (5, 7)))])
    assert len(await texts(log)) == 18
    await log.close()


@pytest.mark.parametrize(
    "statements",
    [
        (
            "DELETE FROM snapshots",
            "UPDATE facts SET event = CAST(event || x'ff' AS TEXT) WHERE number > 7",
        ),
        ("UPDATE snapshots SET facts = CAST(replace(facts, '#', CAST(x'ff' AS TEXT)) AS TEXT)",),
        ("UPDATE snapshots SET facts = substr(facts, 1, 50)",),
    ],
)
@asynchronous
async def test_state_that_cannot_be_read_is_refused(path, statements):
    await write(path, *([fact(n, RoomOpened(f"#{n}", 1))] for n in range(1, 9)))
    log = await SqliteLog.open(path, tuning=HASTY)
    await log.run_maintenance()
    raw(path, *statements)
    with pytest.raises(LogError, match=r"its (record|snapshot) 8 is damaged .*\. Put a copy of it"):
        log.state()
    await log.close()


def test_a_file_with_two_names_is_refused(path):
    asyncio.run(write(path, [said(1)]))
    other = path.with_name("other.db")
    other.hardlink_to(path)
    for name in (path, other):
        unusable(name, rf"has 2 names \(hard links\).*find / -samefile {name}")
    other.unlink()
    asyncio.run(write(path, [said(2)]))


@pytest.mark.parametrize("clean", [True, False])
def test_a_file_in_rollback_mode_opens_at_once(path, clean):
    asyncio.run(write(path, [said(1)]))
    raw(path, "PRAGMA journal_mode = DELETE")
    if not clean:
        path.with_name("chat.db-lock").unlink()
    asyncio.run(write(path, [said(2)]))
    assert raw(path, "PRAGMA journal_mode") == [("wal",)]


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such files there")
@pytest.mark.parametrize("end", ["", "-lock", "-wal"])
def test_what_is_no_file(path, end):
    asyncio.run(write(path, [said(1)]))
    place = Path(f"{path}{end}")
    place.unlink(missing_ok=True)
    os.mkfifo(place)
    with pytest.raises(LogError, match="can't be"):
        asyncio.run(SqliteLog.open(path))


async def _killed(path: Path, copies: Path) -> None:
    """A copy of the files as a kill leaves them: ten records, of which the last five are in the log only."""
    log = await SqliteLog.open(path, tuning=STILL)
    await log.append(0, [said(n) for n in range(1, 6)])
    await log.run_maintenance()
    for number in range(6, 11):
        await log.append(number - 1, [said(number)])
    shutil.copytree(path.parent, copies)
    await log.close()


def _flip(wal: Path) -> None:
    data = bytearray(wal.read_bytes())
    at = data.index(b"text 9")
    data[at] ^= 1
    wal.write_bytes(data)


@pytest.mark.parametrize(
    ("damage", "missing"),
    [
        (lambda wal: None, 0),
        (lambda wal: os.truncate(wal, wal.stat().st_size - 100), 1),
        (_flip, 2),
        (lambda wal: wal.write_bytes(os.urandom(wal.stat().st_size)), 5),
        (lambda wal: wal.write_bytes(b""), 5),
        (Path.unlink, 5),
    ],
    ids=["whole", "torn", "flipped", "random", "empty", "gone"],
)
def test_what_a_damaged_write_ahead_log_loses_is_told_at_the_start(path, tmp_path, caplog, damage, missing):
    asyncio.run(_killed(path, tmp_path / "killed"))
    copy = tmp_path / "killed" / path.name
    damage(Path(f"{copy}-wal"))
    found, last, _ = asyncio.run(all_of(copy))
    assert last == len(found) == 10 - missing
    told = [line for line in caplog.messages if "lacks what was written" in line]
    assert len(told) == bool(missing)
    assert not missing or f"last: {missing} records" in told[0]
    caplog.clear()
    asyncio.run(all_of(copy))
    assert not caplog.messages  # told once


def test_an_older_copy_put_back_is_told_at_the_start(path, caplog):
    asyncio.run(write(path, [said(1), said(2)]))
    copy = path.with_name("copy.db")
    shutil.copy(path, copy)
    asyncio.run(write(path, [said(3)]))
    shutil.copy(copy, path)
    asyncio.run(write(path))
    assert "last: 1 records" in caplog.text


async def _killed_with_copies(path: Path, killed: Path) -> None:
    """The files as a kill leaves them: fifteen records, the last five in the write-ahead log only.

    Beside them copies (``.backup``) that were made when there were five and thirteen.
    """
    log = await SqliteLog.open(path, tuning=STILL)
    for first in (1, 6, 11):
        for number in range(first, first + 5):
            await log.append(number - 1, [said(number)])
            if number in (5, 13):
                backup = path.with_name(f"copy{number}.db")
                with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(backup)) as copy:
                    source.backup(copy)
        if first < 11:
            await log.run_maintenance()
    shutil.copytree(path.parent, killed)
    await log.close()


def _contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if not file.name.endswith("-lock")}


def test_a_write_ahead_log_beside_an_older_copy_is_refused(path, tmp_path):
    asyncio.run(_killed_with_copies(path, tmp_path / "killed"))
    file = tmp_path / "killed" / path.name
    shutil.copy(file.with_name("copy5.db"), file)
    before = _contents(file.parent)
    for _ in range(2):
        with pytest.raises(
            LogError, match=r"ends with record 5, but .*-wal follows a file that had 10\. If "
        ):
            asyncio.run(SqliteLog.open(file))
        assert _contents(file.parent) == before
    Path(f"{file}-wal").unlink()
    found, last, _ = asyncio.run(all_of(file))
    assert last == len(found) == 5


@pytest.mark.parametrize(
    "change",
    [
        lambda file: None,
        lambda file: shutil.copy(
            file.with_name("copy13.db"), file
        ),  # a newer copy: the log goes on from there
        lambda file: Path(f"{file}-lock").unlink(),
    ],
    ids=["as it was", "newer copy", "without its lock file"],
)
def test_a_write_ahead_log_of_the_file_is_taken_over(path, tmp_path, change):
    asyncio.run(_killed_with_copies(path, tmp_path / "killed"))
    file = tmp_path / "killed" / path.name
    change(file)
    found, last, _ = asyncio.run(all_of(file))
    assert last == len(found) == 15


def test_after_a_kill_in_a_checkpoint_nothing_is_refused(path, tmp_path):
    asyncio.run(_killed_with_copies(path, tmp_path / "killed"))
    file = tmp_path / "killed" / path.name
    lock = LockFile(file)
    assert lock.checkpointed == 10
    lock.note_checkpointed(0)
    lock.release("")
    shutil.copy(file.with_name("copy5.db"), file)
    asyncio.run(all_of(file))


def test_a_folder(path):
    path.mkdir(parents=True)
    unusable(path, "can't be opened")


def test_a_folder_below_a_file(tmp_path):
    (tmp_path / "file").touch()
    unusable(tmp_path / "file" / "chat.db", "can't be opened: Not a directory|can't be opened: File exists")


@pytest.fixture
def somebody():
    """Makes this process one whom modes bind: root steps down; yields a folder that anyone can get to."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    was = os.geteuid()

    def step_down() -> None:
        if was == 0:
            os.seteuid(65534)

    try:
        yield folder, step_down
    finally:
        os.seteuid(was)
        for below in folder.glob("*"):
            below.chmod(0o700)
        shutil.rmtree(folder)


@pytest.mark.skipif(sys.platform == "win32", reason="modes are of POSIX")
@pytest.mark.parametrize(
    ("folder_mode", "file_mode", "lock", "words"),
    [
        (0o777, 0o600, False, "can't be opened. Check folder and mode"),  # another's, if we are root
        (0o777, 0o444, False, "is read-only. Make file and folder writable"),
        (0o555, 0o666, False, "can't be locked: .*chat.db-lock: Permission denied"),
        (0o555, 0o666, True, "is read-only|can't be opened"),
        (0o000, 0o600, True, "can't be opened: Permission denied"),
    ],
)
def test_read_only(somebody, folder_mode, file_mode, lock, words):
    folder, step_down = somebody
    path = folder / "state" / "chat.db"
    asyncio.run(write(path, [said(1)]))
    before = path.read_bytes()
    beside = path.with_name("chat.db-lock")
    beside.chmod(0o666)
    if not lock:
        beside.unlink()
    path.chmod(file_mode)
    path.parent.chmod(folder_mode)
    step_down()
    if os.access(path, os.R_OK | os.W_OK, effective_ids=True) and os.access(path.parent, os.W_OK):
        return  # our own file: what this case is about can only be seen by another
    with pytest.raises(LogError, match=words) as caught:
        asyncio.run(SqliteLog.open(path))
    assert str(path) in str(caught.value)
    if os.access(path, os.R_OK, effective_ids=True):
        assert path.read_bytes() == before


@asynchronous
async def test_messages_are_counted_at_the_start(path):
    whisper = fact(3, SaidInPrivate(ANNA, BERND, "psst"))
    await write(path, [said(1), said(2), whisper, said(4)], [fact(5, Erased("#lobby", ANNA, (4,)))])
    for indexed in range(2):
        log = await SqliteLog.open(path, tuning=Tuning(lag=1))
        assert log.messages == 3, indexed
        await log.run_maintenance()
        await log.close()


@asynchronous
async def test_what_a_copy_of_a_stream_alone_has_next_begins_an_epoch(path):
    log = await SqliteLog.open(path)
    stream = new_epoch(stream=True)
    await log.append(0, [said(1)])
    await log.set_epochs([(1, stream)])
    await log.close()
    log = await SqliteLog.open(path)
    assert log.ids.id_of(1) == f"{stream}-1"
    assert not log.ids.id_of(2).startswith(stream)
    await log.close()
