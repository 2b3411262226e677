"""``asyncchat audit`` from outside, beside a server and without one."""

import asyncio
import json
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from asyncchat.cli.audit import _moment
from asyncchat.core.events import Event, Record
from asyncchat.core.features.opers import OperGranted
from asyncchat.core.features.rooms import RoomOpened
from asyncchat.core.features.server_bans import Killed, ServerBanChanged
from asyncchat.core.people import person
from asyncchat.errors import Misuse
from asyncchat.log.sqlite import SqliteLog
from tests.cli.calling import Done, call, call_outside

OLGA, BOB = person(1, "olga", "u", "h"), person(2, "bob", "b", "h2")
START = 1_795_400_000_000_000
ACTS: list[Event] = [
    OperGranted(OLGA),
    RoomOpened("#x", 1),
    Killed(BOB, OLGA, "\x1b[31mspam"),
    ServerBanChanged(OLGA, "*!*@h2", True, START, START + 60_000_000, "spam"),
]


def audit(*args: str, zone: str = "UTC") -> Done:
    return call("audit", *args, TZ=zone)


@pytest.fixture
def database(tmp_path):
    async def fill() -> None:
        log = await SqliteLog.open(tmp_path / "chat.db")
        records = [Record(n, START + n * 3_600_000_000, event) for n, event in enumerate(ACTS, 1)]
        await log.append(0, records)
        await log.close()

    asyncio.run(fill())
    return tmp_path / "chat.db"


def test_a_list_for_people(database):
    done = audit("--db", str(database))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "2026-11-23 03:13:20  olga!u@h became the server's owner",
        "2026-11-23 05:13:20  olga!u@h removed bob!b@h2 from the server: spam",
        "2026-11-23 06:13:20  olga!u@h banned *!*@h2 from the server, until Mon 23 Nov 2026 02:14 UTC: spam",
    ]


def test_times_are_those_of_here(database):
    told = audit("--db", str(database), "--since", "2026-11-23T12:13:20", zone="Asia/Tokyo").stdout
    assert told.startswith("2026-11-23 12:13:20  olga!u@h became")
    told = audit("--db", str(database), "--since", "2026-11-23T12:13:21", zone="Asia/Tokyo").stdout
    assert told.startswith("2026-11-23 14:13:20  olga!u@h removed bob!")


def test_lines_for_programs(database):
    rows = [json.loads(line) for line in audit("--db", str(database), "--json").stdout.splitlines()]
    assert [row["number"] for row in rows] == [1, 3, 4]
    assert rows[1]["time"] == "2026-11-23T05:13:20Z"
    assert rows[1]["says"] == "olga!u@h removed bob!b@h2 from the server: spam"
    assert rows[1]["event"]["is"] == "killed"
    assert rows[1]["event"]["by"]["name"] == "olga"


def test_it_changes_nothing(database):
    before = database.read_bytes()
    audit("--db", str(database))
    assert database.read_bytes() == before
    assert asyncio.run(_opens(database)) == 4


async def _opens(database: Path) -> int:
    log = await SqliteLog.open(database)
    last = log.last
    await log.close()
    return last


def test_beside_a_server_it_shows_what_has_just_been_done(database):
    command = [sys.executable, "-m", "asyncchat", "serve", "--port", "0", "--db", str(database)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        port = server.stdout.readline().rpartition(":")[2].strip()
        code = Path(f"{database}.owner").read_text().strip()
        client = [sys.executable, "-c", _CLIENT, port, code]
        subprocess.run(client, check=True, timeout=60)
        told = call_outside("audit", "--db", str(database), TZ="UTC").stdout.splitlines()
        assert told[-3].endswith("gave a wrong owner code")
        assert told[-2].endswith("became the server's owner")
        assert told[-1].endswith("announced: hear")
        server.send_signal(signal.SIGINT)
        server.communicate(timeout=60)
    assert audit("--db", str(database)).stdout.splitlines() == told


_CLIENT = """
import socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1])), 60) as client:
    lines = client.makefile("r")
    client.sendall(f"NICK op\\r\\nUSER o 0 * :o\\r\\nOPER owner AAAA-AAAA\\r\\nOPER owner {sys.argv[2]}\\r\\n"
                   "WALLOPS :hear\\r\\nQUIT\\r\\n".encode())
    lines.read()
"""


def test_what_stands_in_the_way(database, tmp_path):
    for named, words in (
        (tmp_path / "none.db", f"There is no history {tmp_path}/none.db. Name another: --db FILE"),
        (__file__, "is not an asyncchat history"),
    ):
        done = audit("--db", str(named))
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
        assert words in done.stderr
    done = audit("--db", str(database), "--since", "yesterday")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "--since yesterday: use a time like 90m" in done.stderr


def test_a_copy_in_a_folder_nobody_may_write_to(database, tmp_path):
    folder = tmp_path / "copy"
    folder.mkdir()
    shutil.copy(database, folder)
    (folder / "chat.db").chmod(0o400)
    folder.chmod(0o500)
    done = audit("--db", str(folder / "chat.db"))
    folder.chmod(0o700)
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("text", "back"),
    [
        ("90m", timedelta(minutes=90)),
        ("2h", timedelta(hours=2)),
        ("7d", timedelta(days=7)),
        ("4w", timedelta(weeks=4)),
    ],
)
def test_times_back(text, back):
    now = datetime(2026, 11, 23, tzinfo=UTC)
    assert _moment(text, now) == int((now - back).timestamp()) * 1_000_000 - 1


@pytest.mark.parametrize("text", ["", "2", "2y", "-1d", "2026-13-01", "999999w", "0000-01-01"])
def test_what_is_no_time(text):
    with pytest.raises(Misuse):
        _moment(text, datetime(2026, 11, 23, tzinfo=UTC))
