"""The state facts of a history, and snapshots: a short list of facts that gives the same chat as a long one.

Owns what of a chat survives a restart, and the table ``snapshots``. It must not know when a snapshot is due.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from typing import TYPE_CHECKING

from asyncchat.core.chat import Chat
from asyncchat.core.events import Event
from asyncchat.core.features.accounts import account_snapshot
from asyncchat.core.features.opers import OperGranted
from asyncchat.core.features.rename import room_name_snapshot
from asyncchat.core.people import NOBODY
from asyncchat.core.registry import ROOM_SNAPSHOTS
from asyncchat.log import rows, schema
from asyncchat.log.base import LogError, replay

if TYPE_CHECKING:
    import sqlite3


class NoSnapshot(LogError):
    """A snapshot would lose something; the text says what."""


def snapshot(facts: Iterable[Event]) -> tuple[Event, ...]:
    """A short list of facts of kind ``Retention.STATE`` that gives the same chat as all of these.

    Raises:
        NoSnapshot: a short list would lose something, so the long list has to stay. This happens when the
            chat keeps something that this module does not know, or when the facts contradict each other.
    """
    try:
        chat = replay(facts)
        few = tuple(_facts(chat))
        lost = _differences(chat.state(), replay(few).state())
    except LogError as error:
        raise NoSnapshot(str(error)) from error
    if lost:
        raise NoSnapshot(f"it would not give the same again of: {', '.join(lost)}")
    return few


def _differences(one: object, other: object, name: str = "") -> list[str]:
    """The names of the parts of a state that differ."""
    if one == other:
        return []
    if name in ("", "parts") and isinstance(one, dict) and isinstance(other, dict):
        keys = dict.fromkeys((*one, *other))
        return [lost for key in keys for lost in _differences(one.get(key), other.get(key), str(key))]
    return [name]


def _facts(chat: Chat) -> Iterator[Event]:
    if chat.owner_code_used:
        yield OperGranted(NOBODY)
    yield from map(account_snapshot, chat.accounts.values())
    # All names come first: what has a room's former name (a marker, a forward) would follow its renames.
    for room in chat.rooms.values():
        yield from room_name_snapshot(room)
    for room in chat.rooms.values():
        for of_room in ROOM_SNAPSHOTS:
            yield from of_room(room)
    for part in chat.parts.values():
        yield from part.facts(chat)


def state(connection: sqlite3.Connection) -> list[Event]:
    """The state facts of a file, from the newest snapshot on; no message is read.

    Raises:
        LogError: one of them is unknown to this version.
    """
    return list(_read(connection))


def _read(connection: sqlite3.Connection) -> Generator[Event, None, None]:
    """The same one by one: ten thousand together take ten megabytes."""
    number = 0
    # As bytes, so that what is not UTF-8 is refused: a ban with a replaced letter bans nobody.
    found = connection.execute(
        "SELECT number, CAST(facts AS BLOB) FROM snapshots ORDER BY number DESC LIMIT 1"
    ).fetchone()
    if found is not None:
        number = found[0]
        yield from rows.decode_many(number, found[1])
    later = connection.execute(
        "SELECT number, CAST(event AS BLOB) FROM facts WHERE kept = 1 AND number > ? ORDER BY number",
        (number,),
    )
    with closing(later):
        for number, line in later:
            yield rows.decode(number, line)


def states_since(connection: sqlite3.Connection) -> int:
    """How many state facts lie above the newest snapshot."""
    (count,) = connection.execute(
        "SELECT count(*) FROM facts WHERE kept = 1 "
        "AND number > coalesce((SELECT max(number) FROM snapshots), 0)"
    ).fetchone()
    return int(count)


def new_snapshot(connection: sqlite3.Connection) -> tuple[int, int, str]:
    """Makes a snapshot of all state facts of a file, which has some.

    Returns:
        The number of the last fact, how many facts the snapshot has, and their text.

    Raises:
        NoSnapshot: it would lose something.
    """
    with schema.read_transaction(connection):
        (last,) = connection.execute("SELECT max(number) FROM facts WHERE kept = 1").fetchone()
        with closing(_read(connection)) as facts:
            few = snapshot(facts)
    return last, len(few), rows.encode(few)


def keep_snapshot(connection: sqlite3.Connection, number: int, facts: str) -> None:
    """Replaces the snapshot of a file; within the caller's transaction."""
    # Read markers change often, and nobody needs the earlier ones.
    connection.execute(
        'DELETE FROM facts WHERE kept = 1 AND number < ? AND event GLOB \'{"is":"read",*\' '
        "AND number > coalesce((SELECT max(number) FROM snapshots), 0)",
        (number,),
    )
    connection.execute("INSERT OR REPLACE INTO snapshots VALUES (?, ?)", (number, facts))
    connection.execute("DELETE FROM snapshots WHERE number < ?", (number,))
