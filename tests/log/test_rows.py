"""Records as rows and back."""

import sqlite3
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncchat.core.events import Event, Record, Retention
from asyncchat.core.features.audit import OperOverride
from asyncchat.core.features.messages import Said, SaidInPrivate
from asyncchat.core.features.presence import Connected, Left
from asyncchat.core.features.room_modes import FlagChanged, MaskChanged, RoleChanged
from asyncchat.core.features.rooms import Joined
from asyncchat.core.features.topic import TopicChanged
from asyncchat.core.names import fold
from asyncchat.core.people import author, from_origin, person
from asyncchat.log import rows, schema
from asyncchat.log.base import LogError
from tests.log.records import any_event, any_said, fact, numbered


@given(st.lists(any_event, max_size=10), st.integers(0, 2**40))
def test_any_records_come_back_from_their_rows(facts, after):
    records = numbered(facts, after)
    batch = rows.RowBatch(after, 0, records)
    there = batch.rows()
    assert [row[0] for row in there] == [record.number for record in records]
    for row, record in zip(there, records, strict=True):
        event = record.event
        if isinstance(event, Said):
            known = Said(
                event.room,
                from_origin(author(event.person)),
                event.text,
                event.speech,
                event.tags,
                event.cuts,
            )
            found = rows.record(row)  # type: ignore[arg-type]  # a row of said
            assert (found.number, found.time, found.event) == (record.number, record.time, known)
            assert row[2] == fold(event.room)
        else:
            number, time, kept, line = row
            assert (number, time, Retention(kept)) == (record.number, record.time, event.retention)  # type: ignore[arg-type]
            assert rows.decode(record.number, str(line)) == event
    assert batch.count == len(records)
    assert batch.states == sum(event.retention is Retention.STATE for event in facts)


@given(any_said)
def test_sqlite_gives_back_the_values_of_a_row(event):
    (row,) = rows.RowBatch(0, 0, [fact(1, event)]).rows()
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript("".join(schema.STEPS))
        connection.execute("INSERT INTO said VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        assert connection.execute(f"SELECT {rows.READ_COLUMNS} FROM said").fetchall() == [row]  # noqa: S608


@given(st.lists(any_event, max_size=5))
def test_many_facts_in_one_text(facts):
    assert rows.decode_many(1, rows.encode(facts)) == tuple(facts)


def test_addresses_stay_with_presence():
    """What is kept longer than a week tells nobody's address."""
    ann = person(1, "ann", "u", "a.b.c.ip", address="192.0.2.7")
    facts: list[Event] = [
        Connected(ann, 1),
        TopicChanged("#r", ann, "tea", 1),
        SaidInPrivate(ann, ann, "psst"),
    ]
    entered, *others = (str(row[3]) for row in rows.RowBatch(0, 0, numbered(facts, 0)).rows())
    assert "192.0.2.7" in entered
    assert not any("192.0.2.7" in line for line in others)


OLD = person(1, "a", "u", "h")
OLD_JSON = '{"id":1,"name":"a","user":"u","host":"h","realname":"","origin":"a!u@h"}'


@pytest.mark.parametrize(
    ("line", "event"),
    [
        (
            f'{{"is":"operator","room":"#r","person":{OLD_JSON},"by":{OLD_JSON},"on":true}}',
            RoleChanged("#r", OLD, OLD, True),
        ),
        (
            f'{{"is":"flag","room":"#r","person":{OLD_JSON},"flag":"topic-locked","on":false}}',
            FlagChanged("#r", OLD, "topic-locked", False),
        ),
        (
            f'{{"is":"mute","room":"#r","person":{OLD_JSON},"mask":"x!*@*","on":true,"time":5}}',
            MaskChanged("#r", OLD, "mute", "x!*@*", True, 5),
        ),
        (
            f'{{"is":"joined","room":"#r","person":{OLD_JSON},"operator":true}}',
            Joined("#r", OLD, True),
        ),
        (
            '{"is":"left","person":{"id":1,"name":"a","user":"u","host":"h","origin":"a!u@h"},"reason":"x"}',
            Left(OLD, "x"),
        ),
    ],
)
def test_rows_from_before_there_were_roles_are_read(line, event):
    assert rows.decode(1, line) == event


@pytest.mark.parametrize("line", ['{"is": "unheard_of"}', "[]", '{"is": "topic", "room": 7}'])
def test_what_this_version_does_not_know_is_an_error(line):
    with pytest.raises(LogError, match="its record 5 is one that this version does not know"):
        rows.decode(5, line)
    with pytest.raises(LogError, match="its snapshot 5 is one that this version does not know"):
        rows.decode_many(5, f"[{line}]")


@pytest.mark.parametrize("line", ["{", ""])
def test_what_is_damaged_is_an_error(line):
    with pytest.raises(LogError, match="its record 5 is damaged"):
        rows.decode(5, line)
    with pytest.raises(LogError, match="its snapshot 5 is damaged"):
        rows.decode_many(5, f"[{line}]" if line else "")


def test_bans_and_mutes_of_older_versions_are_read_as_masks():
    fields = f'"room":"#r","person":{OLD_JSON},"mask":"m","on":true,"time":5,"until":9'
    for listed in ("ban", "mute"):
        line = f'{{"is":"{listed}",{fields}}}'
        event = MaskChanged("#r", OLD, listed, "m", True, 5, 9)
        assert rows.decode(1, line) == event
        assert rows.decode_many(1, f"[{line}]") == (event,)
        assert rows.fact_record(1, 2, line) == Record(1, 2, event)
        override = f'{{"is":"overruled","person":{OLD_JSON},"act":{line}}}'
        assert rows.fact_record(1, 2, override) == Record(1, 2, OperOverride(OLD, event))
        assert rows.encode(event).startswith('{"is":"mask","room":"#r","person":{"id":1')


def test_a_ban_of_a_time_before_there_were_times():
    line = f'{{"is":"ban","room":"#r","person":{OLD_JSON},"mask":"m","on":true,"time":5}}'
    assert rows.decode(1, line) == MaskChanged("#r", OLD, "ban", "m", True, 5, 0)
