"""``asyncchat files`` at a history of which no server runs."""

import asyncio
import json

import pytest

from asyncchat.core.engine import Engine
from asyncchat.core.features.files import FileUploaded
from asyncchat.core.people import person
from asyncchat.log.sqlite import SqliteLog
from tests.cli.calling import call

ID = "a" * 26


@pytest.fixture
def database(tmp_path):
    async def fill():
        log = await SqliteLog.open(tmp_path / "chat.db")
        anna = person(1, "anna", "web", "h")
        kept = FileUploaded(ID, anna, "text/plain; charset=utf-8", 5, "0" * 64, 0, 0, 1_795_400_000_000_000)
        await log.append(0, Engine(log.chat(), log.last, log.last_time).record([kept]))
        await log.close()

    asyncio.run(fill())
    return tmp_path / "chat.db"


def test_each_file_is_one_line(database):
    listed = call("files", "--db", str(database), TZ="UTC").stdout
    assert listed == f"2026-11-23  5  text/plain  anna!web@h  /files/{ID}\n"
    (line,) = call("files", "--json", "--db", str(database)).stdout.splitlines()
    row = json.loads(line)
    assert (row["id"], row["size"], row["by"]) == (ID, 5, "anna!web@h")
