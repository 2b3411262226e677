"""What a program waits for."""

from datetime import UTC, datetime

import pytest

from asyncchat.client.pending import MOST_PAGES, Lookup
from asyncchat.dialects.irc.client_values import HistoryPage, Message, Reacted

START = datetime(2026, 1, 1, tzinfo=UTC)


def page(*numbers: int, ended: bool = False, newest: str = "e-9") -> HistoryPage:
    said = tuple(Message(f"e-{number}", START, "#ci", "bob", str(number)) for number in numbers)
    changes = tuple(Reacted(START, "#ci", message.id, message.id, "x") for message in said)
    return HistoryPage(1, "#ci", said, ended=ended, changes=changes, newest=newest)


@pytest.mark.parametrize(
    ("is_forward", "pages", "messages"),
    [
        (False, [(5,), (), (3, 4)], ["4", "5"]),
        (True, [(3,), (), (4, 5)], ["3", "4"]),
    ],
)
def test_pages_with_few_messages_are_read_on(is_forward, pages, messages):
    lookup = Lookup("No history")
    lookup.limit, lookup.is_forward = 2, is_forward
    assert [lookup.take(page(*numbers)) for numbers in pages] == [True, True, False]
    found = lookup.wait(0)
    assert [message.text for message in found] == messages
    assert [change.nick for change in found.changes] == ["e-3", "e-4", "e-5"]


def test_reading_on_ends():
    lookup = Lookup("No history")
    lookup.limit = 2
    assert not lookup.take(page(1, ended=True))
    other = Lookup("No history")
    other.limit = 2
    assert [other.take(page()) for _ in range(MOST_PAGES)].count(True) == MOST_PAGES - 1
    plain = Lookup("No history")
    plain.limit = 2
    assert not plain.take(page(1, newest=""))
    assert len(plain.wait(0)) == 1
