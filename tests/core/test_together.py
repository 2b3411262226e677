from asyncchat.core import events, replies
from asyncchat.core.events import Record, Together, together
from asyncchat.core.people import person

A, B = person(1, "a", "u", "h"), person(2, "b", "u", "h")


def records(*facts):
    return [Record(number, 0, fact) for number, fact in enumerate(facts, 1)]


def test_neighbouring_changes_of_one_room_by_one_person_are_one():
    changes = records(
        events.FlagChanged("#r", A, "secret", True),
        events.RoleChanged("#r", B, A, True),
        events.BanChanged("#r", A, "m", True, 0),
    )
    (one,) = together(changes)
    assert isinstance(one, Together)
    assert (one.number, one.event, one.records) == (3, changes[2].event, tuple(changes))


def test_others_stay_apart():
    alone = [
        *records(events.FlagChanged("#r", A, "secret", True), events.FlagChanged("#s", A, "secret", True)),
        *records(events.FlagChanged("#s", B, "secret", False)),
        replies.NotOperator("#s"),
        *records(events.FlagChanged("#s", B, "secret", True), events.Joined("#s", A)),
    ]
    assert together(alone) == alone
    assert together(alone[:1]) == alone[:1]
