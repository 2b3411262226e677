"""The bounded queue between the thread and the program."""

from datetime import UTC, datetime, timedelta

from asyncchat.client.event_queue import EventQueue
from asyncchat.client.events import Gap, Joined, Message

START = datetime(2026, 11, 22, tzinfo=UTC)


def message(number, room="#ci"):
    return Message(f"e1-{number}", START + timedelta(seconds=number), room, "bob", str(number))


def taken(event_queue):
    return [event_queue.take() for _ in range(len(event_queue))]


def test_what_fits_comes_out_in_order():
    event_queue = EventQueue(3)
    events = [message(1), Joined(START, "#ci", "amy"), message(2)]
    event_queue.put(events)
    assert taken(event_queue) == events
    assert len(event_queue) == 0


def test_what_does_not_fit_becomes_a_gap_in_front():
    event_queue = EventQueue(2)
    event_queue.put([message(1)])
    assert event_queue.take() == message(1)
    event_queue.put([message(number) for number in range(2, 7)] + [message(9, "#x")])
    event_queue.put([Joined(START, "#ci", "amy")])
    gap, *rest = taken(event_queue)
    assert gap == Gap("#ci", "e1-1", "", START + timedelta(seconds=2), START + timedelta(seconds=6))
    assert rest == [message(9, "#x"), Joined(START, "#ci", "amy")]


def test_each_room_has_its_gap():
    event_queue = EventQueue(1)
    event_queue.put([message(1), message(2, "#x"), message(3), message(4)])
    assert [event.room for event in taken(event_queue)] == ["#ci", "#x", "#ci"]
