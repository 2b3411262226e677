"""Records as rows: what of a record goes into which table, and back.

Owns the file's spelling of records; must not know connections or transactions. A message to a room is a row
of columns in ``said``, everything else a line of JSON in ``facts``. None is never bound: sqlite3 takes longer
for a None than for a short text, so each of the three statements binds exactly what its rows have.
"""

from collections.abc import Callable, Sequence

import msgspec

from asyncchat.core.events import (
    AnyEvent,
    Cuts,
    Erased,
    Event,
    Kept,
    Record,
    Retracted,
    RoomRenamed,
    Said,
    Speech,
    Tags,
)
from asyncchat.core.events.speech import lasting
from asyncchat.core.names import fold
from asyncchat.core.people import Person, author, from_origin
from asyncchat.log.base import LogError, misuse

Value = int | str
PLAIN_COLUMNS = 5
"""Values of one plain row in ``Batch.plain``."""

ReadRow = tuple[int, int, str, str, str | None, int | None, str | None, str | None]
"""``READ_COLUMNS`` as they come back: number, time, room's key, origin, text, speech, room's name, tags."""

READ_COLUMNS = "number, time, room, origin, text, speech, name, tags"

_encode = msgspec.json.Encoder().encode
_decode: Callable[[str], AnyEvent] = msgspec.json.Decoder(AnyEvent).decode
_decode_many: Callable[[str], tuple[AnyEvent, ...]] = msgspec.json.Decoder(tuple[AnyEvent, ...]).decode
_decode_tags: Callable[[str], Tags] = msgspec.json.Decoder(Tags).decode
_SPEECH = tuple(Speech)

_CUTS = "cuts"
"""Stands among the tags of a message that has such, the last; no client's tag is without its plus."""


class Batch:
    """An append's records as rows.

    Attributes:
        records: the records.
        first: the number of the first.
        last: the number of the last.
        last_time: that one's time.
        plain: the values of the usual messages, row after row: number, time, room's key, origin, text.
        wide: rows of the other messages: the same and speech, room's name as it was spelled, tags.
        facts: rows of what is no message to a room: number, time, how long kept, JSON.
        changing: those among them that change rows before them, with their numbers: erasures, renamings.
        states: how many are of kind ``Kept.STATE``.
        size: characters of text, a measure of what the file grows by.
    """

    __slots__ = (
        "changing",
        "count",
        "facts",
        "first",
        "last",
        "last_time",
        "plain",
        "records",
        "size",
        "states",
        "wide",
    )

    def __init__(self, expected_last: int, last_time: int, records: Sequence[Record]) -> None:
        self.records = records
        self.first = expected_last + 1
        self.count = len(records)
        self.wide: list[tuple[int, int, str, str, str, int, str, str | None]] = []
        self.facts: list[tuple[int, int, int, str]] = []
        self.changing: list[tuple[int, Erased | Retracted | RoomRenamed]] = []
        self.states = 0
        plain: list[Value] = []
        size = 0
        number, start_time = expected_last, last_time
        for record in records:
            number += 1
            time = record.time
            if record.number != number or time < last_time:
                misuse(expected_last, start_time, records)
            last_time = time
            event = record.event
            if type(event) is Said:
                name = event.room
                key = fold(name)
                text = event.text
                size += len(text)
                who = event.person.origin if not event.person.account else author(event.person)
                if event.speech is Speech.MESSAGE and key == name and not event.tags and not event.cuts:
                    plain += (number, time, key, who, text)
                else:
                    tags = _kept_tags(event) if event.tags or event.cuts else None
                    row = (number, time, key, who, text, int(event.speech), name, tags)
                    self.wide.append(row)
            else:
                kept = event.to_keep()
                line = encode(kept if kept.kept is Kept.PRESENCE else _without_addresses(kept))
                size += len(line)
                self.facts.append((number, time, int(event.kept), line))
                if event.kept is Kept.STATE:
                    self.states += 1
                    if isinstance(event, Erased | Retracted | RoomRenamed):
                        self.changing.append((number, event))
        self.last = number
        self.last_time = last_time
        self.plain = plain
        self.size = size

    def rows(self) -> list[tuple[Value | None, ...]]:
        """All rows as the tables hold them, by number: those of ``said`` as ``READ_COLUMNS``."""
        plain, step = self.plain, PLAIN_COLUMNS
        rows: list[tuple[Value | None, ...]] = [
            (*plain[at : at + step], None, None, None) for at in range(0, len(plain), step)
        ]
        return sorted([*rows, *self.wide, *self.facts], key=lambda row: row[0] or 0)


def record(row: ReadRow) -> Record:
    """The record behind a row of ``said`` that is not erased."""
    number, time, key, origin, text, speech, name, tags = row
    kind = Speech.MESSAGE if speech is None else _SPEECH[speech]
    kept = _decode_tags(tags) if tags else ()
    cuts: Cuts = ()
    if kept and kept[-1][0] == _CUTS:
        cuts, kept = tuple(int(at) for at in kept[-1][1].split(",")), kept[:-1]
    return Record(number, time, Said(name or key, from_origin(origin), text or "", kind, kept, cuts))


def _kept_tags(event: Said) -> str | None:
    """What is kept of a message's tags and cuts; None for nothing."""
    kept = lasting(event.tags)
    if event.cuts:
        kept = (*kept, (_CUTS, ",".join(map(str, event.cuts))))
    return _encode(kept).decode() if kept else None


def note(number: int, time: int, line: str) -> Record | None:
    """The record behind a row of ``facts`` that is only told; None: erased, or of a later version."""
    try:
        return Record(number, time, _decode(line)) if line else None
    except msgspec.DecodeError:
        return None


def _without_addresses(event: Event) -> Event:
    """The event without anybody's address: that belongs to a run and to presence, which is kept a week."""
    hidden = {
        name: msgspec.structs.replace(value, address="")
        for name in event.__struct_fields__
        if type(value := getattr(event, name)) is Person and value.address
    }
    return msgspec.structs.replace(event, **hidden) if hidden else event


def encode(event: Event) -> str:
    """An event as a line of JSON."""
    return _encode(event).decode()


def decode(number: int, line: str) -> AnyEvent:
    """The event of a row of ``facts``.

    Raises:
        LogError: this version does not know it. What a decision depends on can't be skipped: the chat would
            let in whom a later version banned. Rows that only tell (texts, presence) are never decoded.
    """
    try:
        return _decode(line)
    except msgspec.DecodeError as error:  # ValidationError too: an unknown tag, a missing field
        raise LogError(f"its record {number} is one that this version does not know ({error})") from error


def encode_many(events: Sequence[Event]) -> str:
    """The facts of a snapshot as one text."""
    return _encode(events).decode()


def decode_many(number: int, text: str) -> tuple[AnyEvent, ...]:
    """The facts of the snapshot at a number; raises as ``decode`` does."""
    try:
        return _decode_many(text)
    except msgspec.DecodeError as error:
        raise LogError(f"its snapshot {number} is one that this version does not know ({error})") from error
