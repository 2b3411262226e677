"""A database made by an earlier version opens: equal state, history, search and ids.

``fixtures/old.sql.gz`` is the dump of a history that a server and real clients made, in two runs with a
snapshot between them; each tag that can stand in a file does. ``fixtures/old.json`` says what that version
made of it. Neither is made anew: a change that they do not survive needs a step in ``log.schema``.
"""

import base64
import gzip
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from asyncchat.core.chat import Chat
from asyncchat.core.events import Event, Record
from asyncchat.core.features import ANY_EVENT
from asyncchat.core.features.history import Window
from asyncchat.log.base import PageQuery, SearchQuery
from asyncchat.log.sqlite import SqliteLog
from tests.cli.test_serve import Serving
from tests.log.records import asynchronous
from tests.server.harness import Client

FIXTURES = Path(__file__).parent / "fixtures"
EXPECTED = json.loads((FIXTURES / "old.json").read_text("utf-8"))

CHAT: dict[str, str] = {
    "accounts": "accounts",
    "accounts that stay": "AlwaysOnAccounts.0",
    "addresses banned from the server": "ServerBans",
    "away": "people.away",
    "flags of people": "people.flags",
    "invitations": "Invites.0",
    "keys of posts": "Bots.1",
    "knocks": "Invites.1",
    "last seen, by account and device": "SeenDevices",
    "metadata": "Metadata",
    "monitored names": "Monitor",
    "offline since": "sessions.offline_since",
    "owner code was used": "owner_code_used",
    "people": "people.people",
    "people by name": "people.by_name",
    "read markers of accounts": "ReadMarkers.0",
    "read markers of guests": "ReadMarkers.1",
    "rooms": "rooms.rooms",
    "rooms by former name": "rooms.redirects",
    "rooms by person": "rooms.joined",
    "server operators": "server_operators",
    "sessions by person": "sessions.several",
    "what is kept of accounts that stay": "AlwaysOnAccounts.1",
    "tokens": "Bots.0",
}
"""Where ``Chat.state()`` has what ``old.json`` calls so. Rename the right side alone."""

ROOM: dict[str, str] = {
    "account that founded it": "founder",
    "flags": "flags",
    "former names": "former",
    "last message of members, where slowed": "last_spoke",
    "lists": "masks",
    "members": "members",
    "metadata": "metadata",
    "name": "name",
    "opened": "opened",
    "renamed": "renamed",
    "restricts speech": "speech_restricted",
    "roles of accounts": "access",
    "roles of members": "roles",
    "settings": "settings",
    "topic": "topic",
}
"""The same for the state of a room."""


def plain(value: Any) -> Any:
    """A value as JSON has it; a struct is the list of its values, without defaults at the end."""
    if isinstance(value, msgspec.Struct):
        fields = msgspec.structs.fields(value)
        values = [getattr(value, field.name) for field in fields]
        while values and values[-1] == fields[len(values) - 1].default:
            values.pop()
        return [plain(each) for each in values]
    if isinstance(value, dict):
        return {
            " ".join(key) if isinstance(key, tuple) else str(key): plain(each) for key, each in value.items()
        }
    if isinstance(value, set | frozenset):
        return sorted(plain(each) for each in value)
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value


def portrait(state: dict[str, Any]) -> dict[str, Any]:
    """The state of a chat under this module's own words; what they do not name must be empty."""
    places = dict(placed({**state, **state["parts"], "parts": {}}))
    rooms = CHAT["rooms"]
    places[rooms] = {key: renamed(room, ROOM) for key, room in places[rooms].items()}
    return renamed(places, CHAT)


def placed(state: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """What a state has, each under the way that leads to it."""
    for name, value in state.items():
        if isinstance(value, tuple):
            yield from ((f"{name}.{at}", each) for at, each in enumerate(value))
        elif name in ("people", "rooms", "sessions"):
            yield from ((f"{name}.{key}", each) for key, each in value.items())
        else:
            yield name, value


def renamed(state: dict[str, Any], words: dict[str, str]) -> dict[str, Any]:
    assert not any(value for key, value in state.items() if key not in words.values())
    return {word: plain(state[key]) for word, key in words.items()}


def rows(path: Path, statement: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()


def facts(path: Path) -> list[tuple[int, str, Event]]:
    """Each record that is no message to a room: its number, how it is stored, and as what it is read."""
    decode = msgspec.json.Decoder(ANY_EVENT).decode
    stored = rows(path, "SELECT number, event FROM facts WHERE event != '' ORDER BY number")
    return [(number, line, decode(line)) for number, line in stored]


def messages(records: tuple[Record, ...], log: SqliteLog) -> list[Any]:
    """Id, time, and all that was said."""
    return [[log.ids.id_of(record.number), record.time, plain(record.event)] for record in records]


@pytest.fixture
def old(tmp_path):
    """The old database, as somebody's file."""
    path: Path = tmp_path / "chat.db"
    connection = sqlite3.connect(path)
    connection.executescript(gzip.decompress((FIXTURES / "old.sql.gz").read_bytes()).decode())
    connection.close()
    return path


@asynchronous
async def check_state(path: Path) -> None:
    log = await SqliteLog.open(path)
    try:
        assert portrait(Chat.replay(log.state()).state()) == EXPECTED["state"]
    finally:
        await log.close()


def test_the_state_that_the_log_gives(old):
    check_state(old)


def test_a_replay_of_all_records_gives_the_state_that_people_met(old):
    assert set(EXPECTED["live"])
    for number, expected in EXPECTED["live"].items():
        chat = Chat.replay(event.current() for at, _, event in facts(old) if at <= int(number))
        assert portrait(chat.state()) == expected


def test_each_tag_and_field_is_read_and_written_as_before(old):
    tags = set()
    for number, line, event in facts(old):
        stored = json.loads(line)
        tags.add(stored["is"])
        assert within(stored, json.loads(msgspec.json.encode(event))), number
    assert sorted(tags) == EXPECTED["tags"]


def within(stored: Any, written: Any) -> bool:
    """Whether all that is stored would be written too."""
    if isinstance(stored, dict) and isinstance(written, dict):
        return all(key in written and within(value, written[key]) for key, value in stored.items())
    return bool(stored == written)


@asynchronous
async def check_history(path: Path) -> None:
    log = await SqliteLog.open(path)
    try:
        assert (log.last, log.last_time, log.messages) == tuple(EXPECTED["end"])
        for room, expected in EXPECTED["rooms"].items():
            page = await log.read(PageQuery(room, log.last, Window(limit=1000)))
            assert messages(page.records, log) == expected
            for id_, _, _ in expected:
                number = log.ids.number_of(id_)
                assert number is not None
                assert log.ids.id_of(number) == id_
                found = await log.find(number)
                assert found is not None
                assert messages((found,), log)[0][0] == id_
        for number in EXPECTED["erased"]:
            assert await log.find(number) is None
    finally:
        await log.close()


def test_the_history_with_its_ids(old):
    check_history(old)


@asynchronous
async def check_search(path: Path) -> None:
    log = await SqliteLog.open(path)
    try:
        for _ in range(2):  # message by message, then by the index
            for term, expected in EXPECTED["search"].items():
                found = await log.search(SearchQuery(tuple(EXPECTED["rooms"]), log.last, terms=(term,)))
                assert [log.ids.id_of(record.number) for record in found.records] == expected
            await log.run_maintenance()
    finally:
        await log.close()


def test_a_search(old):
    check_search(old)


@asynchronous
async def check_audit(path: Path) -> None:
    log = await SqliteLog.open(path)
    try:
        acts = await log.audit(log.last, 0, 100)
        assert [[record.number, plain(record.event)] for record in acts] == EXPECTED["audit"]
    finally:
        await log.close()


def test_the_audit(old):
    check_audit(old)


def command(*args: str, database: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "asyncchat", *args, "--db", str(database)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "TZ": "UTC"},
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def check_commands(path: Path) -> None:
    for words, expected in EXPECTED["commands"].items():
        assert command(*words.split(), database=path) == expected


def test_commands_without_a_server(old):
    check_commands(old)


@pytest.mark.skipif(sys.platform == "win32", reason="it is stopped by a signal")
def test_a_server_goes_on_with_it(old):
    server = Serving("--db", str(old), "--port", "0")
    try:
        assert "/owner" not in server.banner
        with Client(server.port) as client:
            plain_login = base64.b64encode(b"\0Anna\0" + EXPECTED["password"].encode()).decode()
            client.send(
                "CAP REQ :sasl server-time message-tags batch draft/chathistory soju.im/search\r\n"
                f"NICK Anna\r\nUSER old 0 * :Anna\r\nAUTHENTICATE PLAIN\r\nAUTHENTICATE {plain_login}\r\n"
                "CAP END\r\n"
            )
            client.until(f" 332 Anna #yard :{EXPECTED['topic']}\r\n")  # the account stayed in the room
            for target, expected in EXPECTED["conversations"].items():
                client.send(f"CHATHISTORY LATEST {target} * 100\r\nPING read\r\n")
                assert said(client.until("read\r\n")) == expected
            for term, expected in EXPECTED["search"].items():
                client.send(f"SEARCH text={term};in=#yard\r\nPING read\r\n")
                found = [id_ for id_, _ in said(client.until("read\r\n"))]
                assert found == [id_ for id_ in expected if id_ in EXPECTED["ids of #yard"]]
    finally:
        status, _ = server.end(signal.SIGTERM)
    assert status == 0


def said(lines: str) -> list[list[str]]:
    """The ids and texts among what a server sent."""
    found = []
    for line in lines.split("\r\n"):
        words = line.split(" ", 4)
        if len(words) == 5 and words[2] in ("PRIVMSG", "NOTICE") and "msgid=" in words[0]:
            tags = dict(tag.partition("=")[::2] for tag in words[0][1:].split(";"))
            found.append([tags["msgid"], words[4].removeprefix(":")])
    return found


def test_people_of_it_are_forgotten(old):
    names = ("Anna", "Bernd", "Ольга", "Оленька")
    for name in names:
        command("forget", name, "--yes", database=old)
    for file in old.parent.glob("chat.db*"):
        text = file.read_bytes().decode("utf-8", "replace").casefold() if file.is_file() else ""
        found = [name for name in names if re.search(rf"\b{name.casefold()}\b", text)]
        assert file.name.startswith("chat.db.format-") or not found, (file.name, found)
