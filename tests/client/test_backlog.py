"""The bounded queue between the thread and the program."""

from datetime import UTC, datetime, timedelta

from asyncchat.client.backlog import Backlog
from asyncchat.client.events import Gap, Joined, Message

START = datetime(2026, 11, 22, tzinfo=UTC)


def message(number, room="#ci"):
    return Message(f"e1-{number}", START + timedelta(seconds=number), room, "bob", str(number))


def taken(backlog):
    return [backlog.take() for _ in range(len(backlog))]


def test_what_fits_comes_out_in_order():
    backlog = Backlog(3)
    events = [message(1), Joined(START, "#ci", "amy"), message(2)]
    backlog.put(events)
    assert taken(backlog) == events
    assert len(backlog) == 0


def test_what_does_not_fit_becomes_a_gap_in_front():
    backlog = Backlog(2)
    backlog.put([message(1)])
    assert backlog.take() == message(1)
    backlog.put([message(number) for number in range(2, 7)] + [message(9, "#x")])
    backlog.put([Joined(START, "#ci", "amy")])
    gap, *rest = taken(backlog)
    assert gap == Gap("#ci", "e1-1", "", START + timedelta(seconds=2), START + timedelta(seconds=6))
    assert rest == [message(9, "#x"), Joined(START, "#ci", "amy")]


def test_each_room_has_its_gap():
    backlog = Backlog(1)
    backlog.put([message(1), message(2, "#x"), message(3), message(4)])
    assert [event.room for event in taken(backlog)] == ["#ci", "#x", "#ci"]
