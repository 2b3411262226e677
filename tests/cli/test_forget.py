"""``asyncchat forget`` from outside, without a server; ``server/test_forget.py`` has one."""

import asyncio

import pytest

from asyncchat.core.features.accounts import AccountMade
from asyncchat.core.features.messages import Said
from asyncchat.core.features.reactions import Reacted
from asyncchat.core.people import person, renamed
from asyncchat.log.sqlite import SqliteLog
from tests.cli.calling import call
from tests.log.records import numbered

ANNA, BOB = person(1, "Anna", "a", "a.example", account="anna"), person(2, "bob", "b", "b.example")
CARLA = person(3, "carla", "c", "c.example", account="carla")
EVENTS = [
    AccountMade("anna", "v", 1),
    Said("#tea", ANNA, "zjx one"),
    Said("#tea", BOB, "qvw two"),
    Said("#tea", ANNA, "zjx three"),
    Reacted("#tea", ANNA, 3, "bob", "!"),
    Said("#tea", renamed(ANNA, "Hanna"), "zjx four"),
    Said("#tea", renamed(CARLA, "anna"), "five"),
]
QUESTION = (
    "Erase 3 messages, 1 reaction and the account of Anna, and all else that it left? "
    "It can't be undone. [y/N]: "
)


@pytest.fixture
def database(tmp_path):
    async def fill() -> None:
        log = await SqliteLog.open(tmp_path / "chat.db")
        await log.append(0, numbered(EVENTS))
        await log.close()

    asyncio.run(fill())
    return tmp_path / "chat.db"


def test_it_asks_first(database):
    done = call("forget", "Anna", "--db", str(database), given="n\n")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"{QUESTION}n\nAborted!\n"
    assert b"zjx three" in database.read_bytes()
    done = call("forget", "Anna", "--db", str(database), given="y\n")
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "Erased 3 messages, 1 reaction and the account of Anna",
        "The account was Hanna, too: what was said so without the account stays",
        "The name was also that of the account carla: what was said so stays",
    ]
    assert not [word for word in (b"zjx", b"Hanna", b"a.example") if word in database.read_bytes()]
    assert b"qvw two" in database.read_bytes()
    audit = call("audit", "--db", str(database)).stdout
    assert audit.endswith("  console forgot a person, who had said 3 messages\n")


def test_a_program_is_not_asked(database):
    (database.parent / "chat.db.format-4").touch()
    done = call("forget", "bob", "--yes", "--vacuum", "--db", str(database))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "Erased 1 message of bob",
        f"The copy {database}.format-4 still has all of it",
    ]


def test_misuse_says_what_to_do(database, tmp_path):
    done = call("forget", "#tea", "--yes", "--db", str(database))
    assert (done.returncode, done.stderr) == (1, "Error: Nobody can have that name: it begins with #\n")
    done = call("forget", "anna", "--yes", "--db", str(tmp_path / "none.db"))
    assert done.returncode == 1
    assert done.stderr.startswith("Error: There is no history ")
