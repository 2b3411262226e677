"""The lock file of a database: only one process holds it, and the next one learns how it was closed."""

import shutil
from pathlib import Path

import pytest

from asyncchat.log import lockfile
from asyncchat.log.base import LogError
from asyncchat.log.lockfile import InUse, LockFile


@pytest.fixture
def database(tmp_path):
    return tmp_path / "chat.db"


def lock(database: Path) -> Path:
    return Path(f"{database}-lock")


def test_the_mark_goes_on_to_the_next(database):
    first = LockFile(database)
    assert first.close_id == ""
    with pytest.raises(InUse):
        LockFile(database)
    first.release("in order")
    second = LockFile(database)
    assert second.close_id == "in order"
    second.release("")
    assert LockFile(database).close_id == ""


def test_the_next_learns_of_the_last_run_however_it_ended(database, tmp_path):
    first = LockFile(database, "one")
    assert first.last_run == ""
    first.note(7)
    shutil.copy(lock(database), tmp_path / "copy.db-lock")  # as after a kill
    killed = LockFile(tmp_path / "copy.db", "two")
    assert (killed.last_run, killed.committed, killed.close_id) == ("one", 7, "")
    first.release("in order")
    LockFile(database, "withdraws").abandon()
    assert LockFile(database).last_run == "one"


def test_a_lock_file_of_an_earlier_version_knows_no_run(database):
    lock(database).write_text("12\nin order\n0000000000000000007\n0000000000000000007\n")
    found = LockFile(database)
    assert (found.last_run, found.close_id, found.checkpointed) == ("", "in order", 7)


def test_a_name_that_is_too_long_is_refused(tmp_path):
    with pytest.raises(LogError, match=r"can't be locked: .*: File name too long"):
        LockFile(tmp_path / ("x" * 300))


def test_who_made_it_and_withdraws_takes_it_away(database):
    LockFile(database).abandon()
    assert not lock(database).exists()


def test_who_found_it_and_withdraws_leaves_it_as_it_was(database):
    LockFile(database).release("in order")
    LockFile(database).abandon()
    assert LockFile(database).close_id == "in order"


def test_a_lock_that_is_taken_away_while_it_is_awaited_is_none(database, monkeypatch):
    """Its creator abandons it between opening and locking: whoever comes next must find the same file."""

    first = LockFile(database)
    real = lockfile._lock

    def slowly(file: int) -> None:
        monkeypatch.setattr(lockfile, "_lock", real)
        first.abandon()
        real(file)

    monkeypatch.setattr(lockfile, "_lock", slowly)
    second = LockFile(database)
    assert lock(database).exists()
    with pytest.raises(InUse):
        LockFile(database)
    second.release("")
