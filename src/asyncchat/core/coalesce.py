"""Changes that one line asked for, told as one.

Owns how runs of them are found. An event declares by ``coalesces`` that it may be part of one; how they are
told together is each dialect's.
"""

from __future__ import annotations

from collections.abc import Sequence

from asyncchat.core.events import Record
from asyncchat.core.people import Person


class CoalescedRecord(Record, frozen=True):
    """Some records of one room, or none, and one person; number, time and event are the last one's."""

    records: tuple[Record, ...] = ()


def coalesce(outcome: Sequence[object]) -> Sequence[object]:
    """The outcome with each run of neighbouring changes of a room, or of oneself, as one item."""
    if len(outcome) < 2:
        return outcome
    told: list[object] = []
    run: list[Record] = []
    for item in outcome:
        if type(item) is Record and item.event.coalesces:
            if run and _whose(run[0]) != _whose(item):
                told.append(_joined(run))
                run = []
            run.append(item)
            continue
        if run:
            told.append(_joined(run))
            run = []
        told.append(item)
    if run:
        told.append(_joined(run))
    return told


def _joined(run: list[Record]) -> Record:
    last = run[-1]
    return last if len(run) == 1 else CoalescedRecord(last.number, last.time, last.event, tuple(run))


def _whose(record: Record) -> tuple[str, str]:
    event = record.event
    by: Person = getattr(event, "by", None) or event.person  # type: ignore[attr-defined]  # each change has one
    return getattr(event, "room", ""), by.origin
