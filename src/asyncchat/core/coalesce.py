"""Mode changes of one command, joined into one record.

Owns how runs of them are found. An event declares by ``coalesces`` that it may be part of one; how they are
told together is each dialect's.
"""

from collections.abc import Sequence

from asyncchat.core.events import Record
from asyncchat.core.people import Person


class CoalescedRecord(Record, frozen=True):
    """Records of one room (or of none) by one person; number, time and event are those of the last."""

    records: tuple[Record, ...] = ()


def coalesce(outcome: Sequence[object]) -> Sequence[object]:
    """The outcome, with each run of adjacent mode changes of one room, or of one person, as one item.

    In a page of the history their time tells apart what several commands changed.
    """
    if len(outcome) < 2:
        return outcome
    joined: list[object] = []
    run: list[Record] = []
    for item in outcome:
        if type(item) is Record and item.event.coalesces:
            if run and _place_and_author(run[0]) != _place_and_author(item):
                joined.append(_join(run))
                run = []
            run.append(item)
            continue
        if run:
            joined.append(_join(run))
            run = []
        joined.append(item)
    if run:
        joined.append(_join(run))
    return joined


def _join(run: list[Record]) -> Record:
    last = run[-1]
    return last if len(run) == 1 else CoalescedRecord(last.number, last.time, last.event, tuple(run))


def _place_and_author(record: Record) -> tuple[str, str, int]:
    event = record.event
    by: Person = getattr(event, "by", None) or event.person  # type: ignore[attr-defined]  # each change has one
    return getattr(event, "room", ""), by.origin, record.time
