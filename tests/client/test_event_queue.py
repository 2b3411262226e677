"""The bounded queue between the thread and the program."""

from datetime import UTC, datetime, timedelta

import msgspec

from asyncchat.client.event_queue import EventQueue
from asyncchat.client.events import Gap, Joined, Message, Present

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


def test_long_texts_are_few():
    event_queue = EventQueue(1000, characters=3000)
    event_queue.put([msgspec.structs.replace(message(number), text="x" * 900) for number in range(1, 9)])
    event_queue.put([Present(START, "#ci", ("n" * 900, "m" * 900))])
    gap, *rest = taken(event_queue)
    assert (gap.until, [type(event) for event in rest]) == (START + timedelta(seconds=7), [Message, Present])
    event_queue.put([message(1), message(2)])
    assert taken(event_queue) == [message(1), message(2)]


def test_of_so_many_rooms_something_is_known():
    event_queue = EventQueue(1, rooms=2)
    for number in range(10):
        event_queue.put([message(number, f"#r{number}")])
    gaps = taken(event_queue)[:-1]
    assert [gap.room for gap in gaps] == ["#r7", "#r8"]
    for number in range(10):
        event_queue.put([message(number, f"#r{number}")])
        event_queue.take()
    assert len(event_queue._last) == 2
