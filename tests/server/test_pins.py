"""Pinned messages over sockets: with nc and IRC, over a restart, a rename and an erasure."""

import asyncio
import shutil
import sqlite3
from contextlib import closing, contextmanager

import pytest

from asyncchat.log.memory import MemoryLog
from asyncchat.log.sqlite import SqliteLog
from tests.server.harness import serving


@contextmanager
def kept(path):
    """A server with the history of a file."""
    with serving(asyncio.run(SqliteLog.open(path))) as running:
        yield running
        running.stop()


def copied(path):
    """A copy of the files as they are: what is left when the process ends without closing them."""
    copy = path.with_name(f"again-{path.name}")
    for end in ("", "-wal"):
        shutil.copy(f"{path}{end}", f"{copy}{end}")
    return copy


@pytest.fixture(params=["memory", "sqlite"])
def server(request, tmp_path):
    with serving() if request.param == "memory" else kept(tmp_path / "chat.db") as running:
        yield running


def in_room(server, name, room="#tea"):
    """Somebody with nc in a room."""
    person = server.person(name)
    person.send(f"/join {room}\n")
    person.until(f"What you type goes to {room} now.")
    return person


def pins(person):
    """What /pins answers."""
    person.send("/pins\n/me\n")
    return person.until("Usage: /me TEXT\n").removesuffix("Usage: /me TEXT\n")


def test_at_a_terminal(server):
    anna, bob = in_room(server, "anna"), in_room(server, "bob")
    bob.send("tea is at four\n")
    anna.until("bob: tea is at four\n")
    anna.send("and cake\n")
    bob.until("anna: and cake\n")
    anna.send("/pin bob\n")
    for person in (anna, bob):
        person.until("[#tea] anna pinned a message of bob: tea is at four\n")
    anna.send("/pin\n")
    bob.until("[#tea] anna pinned a message of anna: and cake\n")
    head, first, second, _ = pins(bob).split("\n")
    assert head == "Pinned in #tea:"
    assert " bob: tea is at four [" in first
    assert " anna: and cake [" in second
    assert second.endswith(", pinned by anna]")
    id = first.rpartition("[")[2].partition(",")[0]
    bob.send("/unpin\n")
    bob.until("Only an operator")
    anna.send(f"/unpin {id}\n")
    bob.until("[#tea] anna unpinned a message of bob\n")
    anna.send("/unpin anna\n/unpin\n")
    anna.until("No such message is pinned in #tea.\n")
    assert pins(bob).endswith("No message is pinned in #tea.\n")
    anna.send(f"/pin {id}\n/pin nobody\n")
    bob.until("[#tea] anna pinned a message of bob: tea is at four\n")
    anna.until("Not pinned: there is no such message.\n")
    anna.send(f"/react {id} 👍\n")
    bob.until("[#tea] anna reacted 👍 to “bob: tea is at four”\n")


def test_an_erased_message_is_no_longer_pinned_and_leaves_no_copy(tmp_path):
    path = tmp_path / "chat.db"
    with kept(path) as server:
        anna = in_room(server, "anna")
        anna.send("the secret word\n/pin\n")
        anna.until("pinned a message of anna: the secret word\n")
        anna.send("/unsay\n")
        anna.until("anna erased 1 message")
        assert pins(anna).endswith("No message is pinned in #tea.\n")
    with closing(sqlite3.connect(path)) as connection:
        events = [event for (event,) in connection.execute("SELECT event FROM facts")]
    assert any('"is":"pinned"' in event for event in events)
    assert not any("secret word" in event for event in events)


def test_pins_survive_a_rename_and_a_restart_with_nobody_there(tmp_path):
    path = tmp_path / "chat.db"
    with kept(path) as server:
        anna = in_room(server, "anna")
        anna.send("tea is at four\n/pin\n")
        anna.until("pinned a message of anna: tea is at four\n")
        anna.send("/rename-room #coffee\n")
        anna.until("What you type goes to #coffee now.")
        assert " anna: tea is at four [" in pins(anna)
    for _ in range(2):
        path = copied(path)
        with kept(path) as server:
            bob = in_room(server, "bob", "#coffee")
            assert " anna: tea is at four [" in pins(bob)
            assert pins(server.person("carol")).endswith("No message is pinned in the lobby.\n")


def test_a_message_that_the_history_no_longer_has_stays_in_the_list():
    with serving(MemoryLog(keep=3)) as server:
        anna = in_room(server, "anna")
        anna.send("old\n/pin\n")
        anna.until("pinned a message of anna: old\n")
        anna.send("1\n2\n3\n4\n")
        assert "anna: (no longer in the history) [" in pins(anna)
        anna.send("/unpin\n")
        anna.until("anna unpinned a message of anna\n")
