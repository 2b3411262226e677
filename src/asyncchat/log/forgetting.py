"""Forgetting: the records of a person that is forgotten (``core.features.forget``) lose it, or their content.

Owns what becomes of the rows and of the names of streams. It must not know threads, or when it is done. Each
function is a short step, for a few milliseconds of a thread. The rows stay, and so do numbers and order.

The event ``Forgotten`` names the person until all is done: then it loses the name too. So what a crash
interrupts is finished by the next start. A snapshot must have all the state up to the event before: then no
start reads the rows of the state that are blanked.
"""

import sqlite3
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec

from asyncchat.core.events import Event, Retention
from asyncchat.core.features.forget import Forgotten
from asyncchat.core.features.messages import SaidInPrivate
from asyncchat.core.features.presence import NodeStarted
from asyncchat.core.features.redaction import IN_PRIVATE, IN_ROOMS
from asyncchat.core.forgotten import FORGOTTEN, Identity
from asyncchat.core.names import fold
from asyncchat.core.people import Person, author, from_origin
from asyncchat.log import postings, rows
from asyncchat.log.base import Traces
from asyncchat.log.streams import without

SAID_STEP = 10_000
"""Messages that one step looks at: some 3 ms."""

FACTS_STEP = 500
"""Facts that one step looks at: some 2 ms."""

_SOME = "number IN (SELECT value FROM json_each(?))"

SaidRow = tuple[int, str, int, str]
"""Number, the room's key, whether it still has a text, the author."""

FactRow = tuple[int, int, str]
"""Number, retention, JSON."""


class Sessions(msgspec.Struct):
    """The numbers by which a person was known in the runs of the server that presence is kept of.

    Whoever comes as a guest and logs in then is known by them from the beginning.

    Attributes:
        runs: when each run began, by its first number, ascending. The oldest may have begun before what is
            kept of presence, which goes in order.
        ids: the person's numbers in each of them.
    """

    runs: list[int] = msgspec.field(default_factory=lambda: [0])
    ids: dict[int, set[int]] = {}

    def begin(self, number: int) -> None:
        """Another run begins."""
        self.runs.append(number)

    def note(self, ids: set[int]) -> None:
        """The person has these numbers in the newest run."""
        self.ids.setdefault(self.runs[-1], set()).update(ids)

    def at(self, number: int) -> Collection[int]:
        """The person's numbers when this record was made."""
        return self.ids.get(self.runs[bisect_right(self.runs, number) - 1], ())


def pending(connection: sqlite3.Connection) -> list[tuple[int, Forgotten]]:
    """The events of people who are not forgotten by all records yet, with their numbers."""
    found = connection.execute(
        'SELECT number, event FROM facts WHERE kept = 1 AND event GLOB \'{"is":"forgotten"*\' ORDER BY number'
    ).fetchall()
    events = ((number, rows.decode(number, line)) for number, line in found)
    return [(number, event) for number, event in events if isinstance(event, Forgotten) and event.name]


def to_forget(facts: Iterable[Event]) -> list[Identity]:
    """Those who are to be forgotten according to facts of the state."""
    return [event.whom for event in facts if isinstance(event, Forgotten) and event.name]


def act_without(act: Event, who: Identity) -> Event:
    """An event of the audit without a person: of these something always stays."""
    return act.unnamed() if isinstance(act, Forgotten) else who.without(act) or act


def said_by(connection: sqlite3.Connection, who: Identity, after: int, upto: int) -> list[SaidRow]:
    """What a person said in rooms between two numbers."""
    mine = [one for one in _origins(connection, after, upto) if who.is_person(from_origin(one))]
    if not mine:
        return []
    found = connection.execute(
        "SELECT number, room, text IS NOT NULL, origin FROM said WHERE number > ? AND number <= ? "
        "AND origin IN (SELECT value FROM json_each(?)) ORDER BY number",
        (after, upto, rows.encode_texts(mine)),
    )
    return found.fetchall()


def namesakes(connection: sqlite3.Connection, who: Identity, after: int, upto: int) -> set[str]:
    """Other accounts that spoke under a person's name between two numbers."""
    people = map(from_origin, _origins(connection, after, upto))
    return {one.account for one in people if who.is_named(one.name) and not who.is_person(one)}


def _origins(connection: sqlite3.Connection, after: int, upto: int) -> list[str]:
    found = connection.execute(
        "SELECT DISTINCT origin FROM said WHERE number > ? AND number <= ?", (after, upto)
    )
    return [origin for (origin,) in found]


def facts(connection: sqlite3.Connection, after: int, upto: int) -> list[FactRow]:
    """The next facts after a number that are not blank."""
    return connection.execute(
        "SELECT number, kept, event FROM facts WHERE number > ? AND number <= ? ORDER BY number LIMIT ?",
        (after, upto, FACTS_STEP),
    ).fetchall()


def _may_name(line: str, who: Identity) -> bool:
    """Whether a fact may have the person; to decode each of them would take ten times as long."""
    is_escaped = '"' in who.key or "\\" in who.key
    return is_escaped or not line.isascii() or who.key in line.lower()


_HAS_AUTHOR = '"author":'
"""In a fact about a message: it has the name under which that was said."""


def _decoded(row: FactRow, who: Identity, sought: str = "") -> Event | None:
    number, kept, line = row
    has_more = bool(sought) and sought in line
    if not line or not (has_more or kept == Retention.PRESENCE or _may_name(line, who)):
        return None
    record = rows.fact_record(number, 0, line)
    return None if record is None else record.event


def note_sessions(found: Sequence[FactRow], who: Identity, sessions: Sessions) -> None:
    """Notes by which numbers a person was known."""
    for row in found:
        if row[1] != Retention.PRESENCE:
            continue
        event = _decoded(row, who)
        if isinstance(event, NodeStarted):
            sessions.begin(row[0])
        elif event is not None:
            people = [getattr(event, name) for name in ("person", "now") if hasattr(event, name)]
            ids = {one.id for one in people if isinstance(one, Person) and one.id and who.is_person(one)}
            if ids:
                sessions.note(ids)


def note_traces(found: Sequence[FactRow], who: Identity, traces: Traces) -> None:
    """Notes which of these facts an erasure can name, and are a person's; and what the person was seen as."""
    for row in found:
        event = _decoded(row, who)
        for name in () if event is None else ("person", "now", "to", "by"):
            someone = getattr(event, name, None)
            if isinstance(someone, Person) and who.is_person(someone):
                traces.origins.add(someone.origin)
        if isinstance(event, IN_ROOMS) and who.is_person(event.person):
            traces.rooms.setdefault(fold(event.room), []).append(row[0])
        elif isinstance(event, IN_PRIVATE) and who.is_person(event.person):
            traces.private.setdefault(fold(event.to.account or event.to.name), []).append(row[0])
            traces.messages += isinstance(event, SaidInPrivate)


def changed_facts(
    found: Sequence[FactRow], who: Identity, sessions: Sessions, messages: Collection[int]
) -> dict[int, str]:
    """The new lines of those facts that have the person; empty where nothing of it stays."""
    changed: dict[int, str] = {}
    for row in found:
        number, kept, _ = row
        event = _decoded(row, who, sought=_HAS_AUTHOR)
        if event is None or isinstance(event, Forgotten):
            continue
        stays = who.without(event, sessions.at(number) if kept == Retention.PRESENCE else (), messages)
        if stays is not event:
            changed[number] = "" if stays is None else rows.encode(stays)
    return changed


def forget_said(connection: sqlite3.Connection, found: Sequence[SaidRow]) -> None:
    """Blanks messages, and has them said by nobody in particular; within the caller's transaction."""
    readable: dict[str, list[int]] = defaultdict(list)
    for number, room, is_readable, _ in found:
        if is_readable:
            readable[room].append(number)
    for room, numbers in readable.items():
        postings.erase(connection, room, numbers)
    connection.execute(
        f"UPDATE said SET origin = ? WHERE {_SOME}",  # noqa: S608  # constants
        (author(FORGOTTEN), rows.encode_numbers(number for number, *_ in found)),
    )


def forget_facts(connection: sqlite3.Connection, changed: Mapping[int, str]) -> None:
    """Replaces facts by what stays of them; within the caller's transaction."""
    postings.blank_facts(connection, [number for number, line in changed.items() if not line])
    connection.executemany(
        "UPDATE facts SET event = ? WHERE number = ?",
        [(line, number) for number, line in changed.items() if line],
    )


def forget_streams(connection: sqlite3.Connection, who: Identity) -> None:
    """Removes the streams of a person, and has others' conversations with it be with nobody in particular.

    Within the caller's transaction.
    """
    for stream in list(postings.stream_names(connection, "@")):
        to = without(stream, who)
        if to != stream:
            postings.move_stream(connection, stream, to)


def end(connection: sqlite3.Connection, number: int, event: Forgotten) -> None:
    """Has the event itself name the person no more: all is done. Within the caller's transaction."""
    connection.execute("UPDATE facts SET event = ? WHERE number = ?", (rows.encode(event.unnamed()), number))
