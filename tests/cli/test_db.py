"""``asyncchat db``: what it says, of a history that nobody has open; beside a server: ``tests/control``."""

import asyncio
import json
import re

import pytest

from asyncchat.core.events import Record
from asyncchat.core.features.messages import Said
from asyncchat.core.people import person
from asyncchat.log.sqlite import SqliteLog
from tests.cli.calling import call

ANNA = person(1, "anna", "a", "h")
START = 1_795_400_000_000_000


@pytest.fixture
def database(tmp_path):
    async def fill() -> None:
        log = await SqliteLog.open(tmp_path / "chat.db")
        rooms = ["#tea", "#tea", "#lobby"]
        records = [
            Record(n, START + n * 3_600_000_000, Said(room, ANNA, "hi")) for n, room in enumerate(rooms, 1)
        ]
        await log.append(0, records)
        await log.close()

    asyncio.run(fill())
    (tmp_path / "chat.db.owner").write_text("CODE\n")
    return tmp_path / "chat.db"


def test_a_copy_is_made_checked_and_put_back(database):
    copy = database.with_name("copy.db")
    done = call("db", "backup", str(copy), "--db", str(database))
    assert (done.returncode, done.stderr) == (0, "")
    said = re.escape(f"Copied the history to {copy}: ")
    found = r"([\d,]+ bytes, 3 messages, the last record \w+-3)\n"
    made = re.fullmatch(
        rf"{said}{found}With \.owner beside it: keep them as private as passwords\n", done.stdout
    )
    assert made is not None, done.stdout
    assert call("db", "check", str(copy)).stdout == f"{copy} is whole: {made[1]}\n"
    assert call("db", "check", "--db", str(database)).stdout == f"{database} is whole: {made[1]}\n"
    back = call("db", "restore", str(copy), "--db", str(database))
    assert back.returncode == 0
    assert back.stdout.splitlines()[0] == f"Restored {database}: {made[1]}"
    assert re.search(rf"What was there is {re.escape(str(database))}\.\d{{8}}-\d{{6}} now\.", back.stdout)


def test_stats_for_people_and_for_programs(database):
    done = call("db", "stats", "--db", str(database), TZ="UTC")
    assert done.returncode == 0
    lines = dict(line.split("  ", 1) for line in done.stdout.splitlines())
    told = {word: value.strip() for word, value in lines.items()}
    assert told["Messages"] == "3"
    assert told["Last change"] == "2026-11-23 05:13:20"
    assert (told["#tea"], told["#lobby"]) == ("2 messages", "1 message")
    row = json.loads(call("db", "stats", "--json", "--db", str(database)).stdout)
    assert (row["messages"], row["records"], row["files"]) == (3, 3, 0)
    assert row["rooms"] == {"#tea": 2, "#lobby": 1}
    assert row["first_time"] == "2026-11-23T03:13:20Z"


def test_what_cannot_be_done_is_one_line(tmp_path, database):
    nothing = tmp_path / "nothing.db"
    for words in (("backup", str(tmp_path / "copy.db")), ("check",), ("stats",)):
        done = call("db", *words, "--db", str(nothing))
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == f"Error: There is no history {nothing}. Name another: --db FILE\n"
    done = call("db", "backup", str(tmp_path / "no" / "copy.db"), "--db", str(database))
    assert done.returncode == 1
    assert done.stderr.endswith("copy.db can't be written: No such file or directory. Nothing was changed\n")
