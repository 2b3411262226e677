"""Records as rows of the tables, and back.

Owns how records are written in the file. It must not know connections or transactions. A message to a room
is a row of columns in ``said``, any other event a line of JSON in ``facts``. None is never bound, since
sqlite3 takes longer for it than for a short text: each of the three statements binds only what its rows have.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

import msgspec

from asyncchat.core.events import Event, MovesRoom, Record, Retention
from asyncchat.core.features import ANY_EVENT
from asyncchat.core.features.edits import Correction
from asyncchat.core.features.files import FILES_PATH, linked_files
from asyncchat.core.features.forget import Forgotten
from asyncchat.core.features.messages import Cuts, Said, Speech, Tags, stored_tags
from asyncchat.core.features.redaction import Erased, RedactedInPrivate
from asyncchat.core.names import fold
from asyncchat.core.people import Person, author, from_origin
from asyncchat.log.base import LogError, check_sequence

_log = logging.getLogger(__name__)

Value = int | str
PLAIN_COLUMNS = 5
"""Values of one plain row in ``RowBatch.plain``."""

ReadRow = tuple[int, int, str, str, str | None, int | None, str | None, str | None]
"""The values of ``READ_COLUMNS``: number, time, room's key, origin, text, speech, room's name, tags."""

READ_COLUMNS = "number, time, room, origin, text, speech, name, tags"

_encode = msgspec.json.Encoder().encode
_decode: Callable[[str | bytes], Event] = msgspec.json.Decoder(ANY_EVENT).decode
_decode_many: Callable[[str | bytes], tuple[Event, ...]] = msgspec.json.Decoder(tuple[ANY_EVENT, ...]).decode
_decode_tags: Callable[[str], Tags] = msgspec.json.Decoder(Tags).decode
_SPEECH = tuple(Speech)

UNREADABLE = "[This message can't be read: the history is damaged here.]"
_UNKNOWN = "unknown!unknown@unknown"

_USUAL_TAGS = 32
"""Letters of tags that are remembered: all messages of bots have the same."""

_CUTS = "cuts"
"""The last tag of a message with cuts; it can't be a client's tag, which begins with a plus."""


Changing = Erased | RedactedInPrivate | Correction | MovesRoom
_CHANGING = (Erased, RedactedInPrivate, Correction, MovesRoom)


class RowBatch:
    """The records of an append as rows.

    Attributes:
        records: the records.
        first: the first record's number.
        last: the last record's number.
        last_time: the last record's time.
        plain: the values of the usual messages, row after row: number, time, room's key, origin, text.
        wide: rows of other messages: the same values, speech, the room's name as it was spelled, tags.
        facts: rows of all other events: number, time, retention, JSON.
        links: files to which a text has a link, with the text's number.
        changing: events that change earlier rows, with their numbers: erasures, edits and renames of rooms.
        states: how many events are of kind ``Retention.STATE``.
        forgotten: how many people are forgotten.
        size: characters of text, a measure of the file's growth.
    """

    __slots__ = (
        "changing",
        "count",
        "facts",
        "first",
        "forgotten",
        "last",
        "last_time",
        "links",
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
        self.links: list[tuple[str, int]] = []
        self.changing: list[tuple[int, Changing]] = []
        self.states = 0
        self.forgotten = 0
        plain: list[Value] = []
        size = 0
        number, start_time = expected_last, last_time
        name = key = ""
        for record in records:
            number += 1
            time = record.time
            if record.number != number or time < last_time:
                check_sequence(expected_last, start_time, records)
            last_time = time
            event = record.event
            if type(event) is Said:
                if event.room != name:
                    name = event.room
                    key = fold(name)
                text = event.text
                size += len(text)
                if FILES_PATH in text:
                    self.links += [(file, number) for file in linked_files(text)]
                who = event.person.origin if not event.person.account else author(event.person)
                if event.speech is Speech.MESSAGE and key == name and not event.tags and not event.cuts:
                    plain += (number, time, key, who, text)
                else:
                    tags = _kept_tags(event) if event.tags or event.cuts else None
                    row = (number, time, key, who, text, int(event.speech), name, tags)
                    self.wide.append(row)
            else:
                kept = stored(event)
                line = encode(kept)
                size += len(line)
                if FILES_PATH in line and kept.retention is not Retention.PRESENCE:
                    self.links += [(file, number) for file in linked_files(line)]
                self.facts.append((number, time, int(event.retention), line))
                if event.retention is Retention.STATE:
                    self.states += 1
                if type(event) is Forgotten:
                    self.forgotten += 1
                if isinstance(event, _CHANGING):
                    self.changing.append((number, event))
        self.last = number
        self.last_time = last_time
        self.plain = plain
        self.size = size

    def rows(self) -> list[tuple[Value | None, ...]]:
        """All rows as the tables have them, by number; those of ``said`` as ``READ_COLUMNS``."""
        plain, step = self.plain, PLAIN_COLUMNS
        rows: list[tuple[Value | None, ...]] = [
            (*plain[at : at + step], None, None, None) for at in range(0, len(plain), step)
        ]
        return sorted([*rows, *self.wide, *self.facts], key=lambda row: row[0] or 0)


def record(row: ReadRow) -> Record:
    """The record of a row of ``said`` that is not erased; a placeholder where the row can't be read."""
    try:
        return _record(row)
    except (TypeError, ValueError, LookupError, AttributeError, msgspec.MsgspecError) as error:
        number, time, key, *_ = row
        _tell_unreadable(number, repr(error))
        placeholder = Said(key if type(key) is str else "#", from_origin(_UNKNOWN), UNREADABLE)
        return Record(number, time if type(time) is int else 0, placeholder)


def records(found: Iterable[ReadRow]) -> dict[int, Record | None]:
    """The records of rows of ``said`` by their numbers; None for what is erased."""
    read: dict[int, Record | None] = {}
    for row in found:
        number, time, key, origin, text, speech, name, tags = row
        if text is None:
            read[number] = None
        elif (
            tags is None
            and (speech is None or speech == Speech.MESSAGE)
            and type(text) is type(key) is type(origin) is str
            and type(time) is int
        ):
            read[number] = Record(number, time, Said(name or key, from_origin(origin), text))
        else:
            read[number] = record(row)
    return read


@lru_cache(maxsize=256)
def _tell_unreadable(number: int, reason: str) -> None:
    _log.error("The message with number %d can't be read, and is shown as a placeholder: %s", number, reason)


def _record(row: ReadRow) -> Record:
    number, time, key, origin, text, speech, name, tags = row
    if not type(text) is type(key) is str or type(time) is not int:
        raise TypeError("it has a value of another type")
    kind = Speech.MESSAGE if speech is None else _SPEECH[speech]
    kept, cuts = ((), ()) if not tags else (_usual_tags if len(tags) <= _USUAL_TAGS else tags_of)(tags)
    return Record(number, time, Said(name or key, from_origin(origin), text, kind, kept, cuts))


def tags_of(line: str) -> tuple[Tags, Cuts]:
    """A message's tags and its cuts out of the column of tags."""
    kept = _decode_tags(line)
    if kept and kept[-1][0] == _CUTS:
        return kept[:-1], tuple(int(at) for at in kept[-1][1].split(","))
    return kept, ()


_usual_tags = lru_cache(maxsize=128)(tags_of)


def _kept_tags(event: Said) -> str | None:
    """A message's stored tags and its cuts as JSON; None if it has neither."""
    return tags_line(stored_tags(event.tags), event.cuts)


def tags_line(kept: Tags, cuts: Cuts) -> str | None:
    """Tags and cuts as JSON; None if there are none."""
    if cuts:
        kept = (*kept, (_CUTS, ",".join(map(str, cuts))))
    return _encode(kept).decode() if kept else None


def fact_record(number: int, time: int, line: str) -> Record | None:
    """The record of a row of ``facts`` for people; None where it is erased or unknown to this version."""
    try:
        return Record(number, time, _decode(line).current()) if line and type(time) is int else None
    except (msgspec.DecodeError, TypeError):
        return None


def stored(event: Event) -> Event:
    """What is stored of an event: only presence, which is kept for a week, has addresses."""
    kept = event.to_store()
    return kept if kept.retention is Retention.PRESENCE else _without_addresses(kept)


def _without_addresses(event: Event) -> Event:
    hidden = {
        name: msgspec.structs.replace(value, address="")
        for name in event.__struct_fields__
        if type(value := getattr(event, name)) is Person and value.address
    }
    return msgspec.structs.replace(event, **hidden) if hidden else event


def encode(events: Event | Sequence[Event]) -> str:
    """An event as a line of JSON, or the facts of a snapshot as one text."""
    return _encode(events).decode()


def encode_numbers(numbers: Iterable[int]) -> str:
    """Numbers as JSON, for ``json_each``."""
    return _encode(tuple(numbers)).decode()


def encode_texts(texts: Iterable[str]) -> str:
    """The same of texts."""
    return _encode(tuple(texts)).decode()


class UnknownEvent(LogError):
    """An event is none that this version knows; the text is half a sentence."""


def decode(number: int, line: str | bytes) -> Event:
    """The event of a row of ``facts``.

    Raises:
        UnknownEvent: this version does not know it. State can't be skipped: the chat would let in somebody
            whom a later version banned. Other rows (texts, presence) are read by ``fact_record``.
        LogError: it is damaged.
    """
    try:
        return _decode(line).current()
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _fault(f"record {number}", error) from error


def decode_many(number: int, text: str | bytes) -> tuple[Event, ...]:
    """The facts of the snapshot at a number; raises as ``decode`` does."""
    try:
        return tuple(event.current() for event in _decode_many(text))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _fault(f"snapshot {number}", error) from error


def _fault(what: str, error: Exception) -> LogError:
    if isinstance(error, msgspec.ValidationError):  # an unknown tag, a missing field
        return UnknownEvent(f"its {what} is one that this version does not know ({error})")
    return LogError(f"its {what} is damaged ({error})")
