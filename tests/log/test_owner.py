"""The lock beside a database: who has it, and that there are never two."""

from pathlib import Path

import pytest

from asyncchat.log.owner import InUse, Owner


@pytest.fixture
def database(tmp_path):
    return tmp_path / "chat.db"


def lock(database: Path) -> Path:
    return Path(f"{database}-lock")


def test_the_mark_goes_on_to_the_next(database):
    first = Owner(database)
    assert first.mark == ""
    with pytest.raises(InUse):
        Owner(database)
    first.release("in order")
    second = Owner(database)
    assert second.mark == "in order"
    second.release("")
    assert Owner(database).mark == ""


def test_who_made_it_and_withdraws_takes_it_away(database):
    Owner(database).withdraw()
    assert not lock(database).exists()


def test_who_found_it_and_withdraws_leaves_it_as_it_was(database):
    Owner(database).release("in order")
    Owner(database).withdraw()
    assert Owner(database).mark == "in order"


def test_a_lock_that_is_taken_away_while_it_is_awaited_is_none(database, monkeypatch):
    """Between opening and locking, its maker withdraws: whoever comes next must find the same file."""
    from asyncchat.log import owner

    first = Owner(database)
    real = owner._lock

    def slowly(file: int) -> None:
        monkeypatch.setattr(owner, "_lock", real)
        first.withdraw()
        real(file)

    monkeypatch.setattr(owner, "_lock", slowly)
    second = Owner(database)
    assert lock(database).exists()
    with pytest.raises(InUse):
        Owner(database)
    second.release("")
