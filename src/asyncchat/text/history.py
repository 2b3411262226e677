"""The history as a person reads it: what was asked for, the page that shows it, and where to go on.

Owns the pages and their place in the past; the reading is a gate's.
"""

from collections.abc import Sequence

import msgspec

from asyncchat.core.commands import ReadHistory
from asyncchat.core.events import Record, Said, Whispered
from asyncchat.core.names import fold
from asyncchat.core.replies import MORE_COUNTED, HistoryPage
from asyncchat.text.events import said, spoken
from asyncchat.text.times import MOST, Zone, parse_date, seconds_back

PAGE = 50
"""Messages a page of ``/history`` shows."""

NEWCOMER_UNFRAMED = 5
"""Most messages a newcomer reads first whose client takes its time for each write."""

MISSED = 200
"""Most messages of one room that somebody who comes back is told: what a terminal scrolls back to."""

CUT = "-- what was said before is not kept any more --"
"""Where the history ends because older messages were removed from it."""


class HistoryCursor(msgspec.Struct, frozen=True):
    """A stretch of a room's past, read backwards page by page.

    ``left`` is how many messages may still be shown, None for all. ``newcomer`` marks what nobody asked for;
    with an ``after_time`` it is what one missed.
    """

    room: str
    before: int | None = None
    after_time: int | None = None
    before_time: int | None = None
    newest_seconds: int | None = None
    left: int | None = None
    newcomer: bool = False

    def command(self) -> ReadHistory:
        """Asks for the next page."""
        return ReadHistory(
            self.room,
            before=self.before,
            after_time=self.after_time,
            before_time=self.before_time,
            limit=PAGE if self.left is None else self.left if self.newcomer else min(PAGE, self.left),
            newest_seconds=self.newest_seconds,
            purpose=self,
        )


def parse_history(room: str, text: str, zone: Zone, going_on: HistoryCursor | None) -> HistoryCursor | None:
    """What ``/history TEXT`` asks for in a room; None when the text is none of its forms.

    Args:
        going_on: what the page before left to be read, taken up by an empty text in the same room.
    """
    if not text:
        return going_on if going_on is not None and fold(going_on.room) == fold(room) else HistoryCursor(room)
    back = seconds_back(text)
    if back is not None:
        return HistoryCursor(room, newest_seconds=back)
    day = parse_date(text)
    if day is not None:
        start, end = zone.bounds(day)
        return HistoryCursor(room, after_time=start - 1, before_time=end)
    if text.isascii() and text.isdigit() and len(text) < 8 and int(text) > 0:
        return HistoryCursor(room, left=min(int(text), MOST))
    return None


def newcomers(room: str, before: int | None, framed: bool, most: int) -> HistoryCursor:
    """What who has just joined a room reads first: the last lines said before that, at most so many."""
    left = most if framed else min(most, NEWCOMER_UNFRAMED)
    return HistoryCursor(room, before=before, left=left, newcomer=True)


def next_cursor(page: HistoryPage) -> HistoryCursor | None:
    """What is left to be read after a page, or None."""
    asked = page.purpose
    if not isinstance(asked, HistoryCursor) or not page.more or not page.records:
        return None
    before = page.records[0].number
    if asked.newcomer:
        return HistoryCursor(asked.room, before=before)
    left = None if asked.left is None else asked.left - len(page.records)
    if left == 0:
        return None
    return msgspec.structs.replace(asked, before=before, left=left)


def page_lines(page: HistoryPage, zone: Zone) -> list[str]:
    """A page, oldest line first, a mark before each day; the zone is said in the first one."""
    asked = page.purpose
    unasked = asked if isinstance(asked, HistoryCursor) and asked.newcomer else None
    if not page.records:
        return [CUT] if page.cut else [] if unasked else ["-- no messages --"]
    lines = [*([CUT] if page.cut else []), *spoken_lines(page.records, zone)]
    if unasked is None:
        return [*lines, "-- more: /history --"] if next_cursor(page) is not None else lines
    if page.more:
        lines.insert(0, f"… {earlier(page.more, unasked)}: {'/history' if page.room else '/history @NAME'}")
    return lines


def earlier(more: int, asked: HistoryCursor) -> str:
    """How many messages are not shown before others."""
    count = f"more than {more:,}" if more >= MORE_COUNTED else f"{more:,}"
    missed = " that you missed" if asked.after_time is not None else ""
    return f"{count} earlier message{'s' if more > 1 else ''}{missed}"


def missed(room: str, before: int | None, since: int, framed: bool) -> HistoryCursor:
    """What was said in a room while one was not there, the last of it."""
    left = MISSED if framed else NEWCOMER_UNFRAMED
    return HistoryCursor(room, before=before, after_time=since, left=left, newcomer=True)


def spoken_lines(records: Sequence[Record], zone: Zone) -> list[str]:
    """Messages with their times, a mark before each day; the zone is said in the first one."""
    lines = []
    shown_day = None
    for record in records:
        event = record.event
        words = said(event) if isinstance(event, Said) else ""
        if isinstance(event, Whispered):
            words = spoken("[private] ", event.person.name, event.text, event.speech)
        if not words:
            continue
        day = zone.day(record.time)
        if day != shown_day:
            lines.append(f"-- {zone.day_name(day)}{f' ({zone.name})' if shown_day is None else ''} --")
            shown_day = day
        clock = zone.clock(record.time)
        lines += [f"{clock} {part}" for part in words.split("\n")]
    return lines
