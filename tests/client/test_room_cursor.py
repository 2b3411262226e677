"""How far a room is read, page by page."""

from datetime import UTC, datetime, timedelta

import pytest

from asyncchat.client.room_cursor import LONG_PAGE, RoomCursor
from asyncchat.dialects.irc.client_values import HistoryPage, Message

START = datetime(2026, 1, 1, tzinfo=UTC)


def message(number: int, text: str) -> Message:
    return Message(f"e-{number}", START + timedelta(seconds=number), "#ci", "bob", text)


@pytest.mark.parametrize(
    ("count", "characters", "ended", "more"),
    [
        (200, 10, False, True),
        (200, 10, True, False),
        (40, 10, False, False),
        (40, LONG_PAGE // 40, False, True),
        (40, LONG_PAGE // 40, True, False),
    ],
)
def test_page_that_is_cut_because_its_texts_are_long_is_not_the_last(count, characters, ended, more):
    cursor = RoomCursor("#ci")
    cursor.is_new(message(0, "before"))
    cursor.begin().asked = 200
    page = tuple(message(number, "x" * characters) for number in range(1, count + 1))
    found, goes_on = cursor.page(HistoryPage(1, "#ci", page, ended=ended))
    assert (len(found), goes_on) == (count, more)


def test_page_of_joins_is_not_the_last_and_is_read_on_behind_it():
    cursor = RoomCursor("#ci")
    cursor.is_new(message(0, "before"))
    backfill = cursor.begin()
    backfill.asked = 200
    until = START + timedelta(seconds=9)
    assert cursor.page(HistoryPage(1, "#ci", (), oldest="e-1", newest="e-9", until=until)) == ([], True)
    assert backfill.position == "msgid=e-9"
    last = HistoryPage(
        2, "#ci", (message(10, "here"),), ended=True, oldest="e-10", newest="e-10", until=until
    )
    assert cursor.page(last) == ([message(10, "here")], False)
