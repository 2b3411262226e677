"""Mode changes of one command, joined into one record.

Owns which events are joined. Must not know how a dialect writes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from asyncchat.core.events import Record
from asyncchat.core.features.room_modes import (
    BanChanged,
    FlagChanged,
    MaskChanged,
    MuteChanged,
    RoleChanged,
    SettingChanged,
)
from asyncchat.core.features.user_modes import PersonFlagChanged
from asyncchat.core.people import Person

ModeChange = FlagChanged | SettingChanged | RoleChanged | BanChanged | MuteChanged | MaskChanged


_MODE_CHANGES: Final = frozenset(
    (FlagChanged, SettingChanged, RoleChanged, BanChanged, MuteChanged, MaskChanged, PersonFlagChanged)
)


class CoalescedRecord(Record, frozen=True):
    """Records of one room (or of none) by one person; number, time and event are those of the last."""

    records: tuple[Record, ...] = ()


def coalesce(outcome: Sequence[object]) -> Sequence[object]:
    """The outcome, with each run of adjacent mode changes of one room, or of one person, as one item."""
    if len(outcome) < 2:
        return outcome
    joined: list[object] = []
    run: list[Record] = []
    for item in outcome:
        if type(item) is Record and type(item.event) in _MODE_CHANGES:
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


def _place_and_author(record: Record) -> tuple[str, str]:
    event = record.event
    by: Person = getattr(event, "by", None) or event.person  # type: ignore[attr-defined]  # each change has one
    return getattr(event, "room", ""), by.origin
