from asyncchat.core.coalesce import CoalescedRecord, coalesce
from asyncchat.core.events import Record
from asyncchat.core.features.room_modes import FlagChanged, MaskChanged, RoleChanged
from asyncchat.core.features.rooms import Joined
from asyncchat.core.people import person
from asyncchat.core.replies import NotOperator

A, B = person(1, "a", "u", "h"), person(2, "b", "u", "h")


def records(*facts):
    return [Record(number, 0, fact) for number, fact in enumerate(facts, 1)]


def test_adjacent_changes_of_one_room_by_one_person_are_joined():
    changes = records(
        FlagChanged("#r", A, "secret", True),
        RoleChanged("#r", B, A, True),
        MaskChanged("#r", A, "ban", "m", True, 0),
    )
    (one,) = coalesce(changes)
    assert isinstance(one, CoalescedRecord)
    assert (one.number, one.event, one.records) == (3, changes[2].event, tuple(changes))


def test_other_records_are_not_joined():
    alone = [
        *records(FlagChanged("#r", A, "secret", True), FlagChanged("#s", A, "secret", True)),
        *records(FlagChanged("#s", B, "secret", False)),
        NotOperator("#s"),
        *records(FlagChanged("#s", B, "secret", True), Joined("#s", A)),
    ]
    assert coalesce(alone) == alone
    assert coalesce(alone[:1]) == alone[:1]
    later = [
        *records(FlagChanged("#r", A, "secret", True)),
        Record(2, 5, FlagChanged("#r", A, "secret", False)),
    ]
    assert coalesce(later) == later
