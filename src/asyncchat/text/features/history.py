"""History: what ``/history`` asks for, its pages, and where the next one begins.

Owns the cursor and the pages; must not know how the history is read.
"""

import msgspec

from asyncchat.core.events import Record
from asyncchat.core.features.history import (
    MORE_COUNTED,
    HistoryPage,
    HistoryUnreadable,
    ReadHistory,
    TargetsUnreadable,
    Window,
)
from asyncchat.core.features.rooms import Kicked, Parted
from asyncchat.core.names import fold
from asyncchat.text.features.messages import spoken_lines
from asyncchat.text.sentences import FeatureText, place
from asyncchat.text.slash import Section, SlashCommands, SlashContext, is_room, name_and_rest
from asyncchat.text.times import MOST, Calendar, Zone, parse_date, seconds_back

slash = SlashCommands()

PAGE = 50
"""Messages on a page of ``/history``."""

NEWCOMER_UNFRAMED = 5
"""Most messages that a newcomer reads first whose client needs a pause between writes."""

MISSED = 200
"""Most messages of one room that a person who comes back is told: what a terminal scrolls back to."""

NO_MESSAGES = "no messages"

CUT = "-- older messages are no longer kept --"
"""Shown where the history ends because older messages were removed."""


LEFT_EACH = 50
"""Rooms that a session remembers to have left, the last ones: more than a client joins again."""


class LeftRooms(dict[str, int]):
    """The numbers of the records by which a session left rooms, by the rooms' keys.

    If it comes again, it is told only what was said since.
    """

    def note(self, person_id: int, record: Record) -> None:
        """Notes the room that a person left, or was kicked from, by this record, if any."""
        event = record.event
        if isinstance(event, Parted | Kicked) and event.person.id == person_id:
            self[fold(event.room)] = record.number
            if len(self) > LEFT_EACH:
                del self[next(iter(self))]


class HistoryCursor(msgspec.Struct, frozen=True):
    """A part of a room's history, read backwards page by page.

    ``left`` is how many messages may still be shown, None for all. ``newcomer`` marks what is shown without
    being asked for; with a first time it is what the person missed.
    """

    room: str
    window: Window = Window(limit=PAGE)
    newer_seconds: int | None = None
    left: int | None = None
    newcomer: bool = False

    def command(self) -> ReadHistory:
        """Asks for the next page."""
        window = self.window
        if self.left is not None:
            limit = self.left if self.newcomer else min(PAGE, self.left)
            window = msgspec.structs.replace(window, limit=limit)
        return ReadHistory(self.room, window, self.newer_seconds, context=self, unasked=self.newcomer)


def parse_history(
    room: str, text: str, calendar: Calendar, going_on: HistoryCursor | None = None
) -> HistoryCursor | None:
    """What ``/history TEXT`` asks for in a room; None when the text is none of its forms.

    Args:
        going_on: where the page before ended; an empty text in the same room continues there.
    """
    if not text:
        return going_on if going_on is not None and fold(going_on.room) == fold(room) else HistoryCursor(room)
    back = seconds_back(text)
    if back is not None:
        return HistoryCursor(room, newer_seconds=back)
    day = parse_date(text)
    if day is not None:
        start, end = calendar.bounds(day)
        return HistoryCursor(room, Window(after_time=start - 1, before_time=end, limit=PAGE))
    if text.isascii() and text.isdigit() and len(text) < 8 and int(text) > 0:
        return HistoryCursor(room, left=min(int(text), MOST))
    return None


def newcomers(room: str, before: int | None, framed: bool, most: int) -> HistoryCursor:
    """What a person who has just joined reads first: the last ``most`` messages before that."""
    left = most if framed else min(most, NEWCOMER_UNFRAMED)
    return HistoryCursor(room, Window(before=before), left=left, newcomer=True)


def next_cursor(page: HistoryPage) -> HistoryCursor | None:
    """Where reading continues after a page, or None."""
    asked = page.context
    if not isinstance(asked, HistoryCursor) or not page.more or not page.records:
        return None
    before = page.records[0].number
    if asked.newcomer:
        return HistoryCursor(asked.room, Window(before=before, limit=PAGE))
    left = None if asked.left is None else asked.left - len(page.records)
    if left == 0:
        return None
    return msgspec.structs.replace(
        asked, window=msgspec.structs.replace(asked.window, before=before), left=left
    )


def page_lines(page: HistoryPage, zone: Zone) -> list[str]:
    """A page, oldest line first, a mark before each day; the first one names the zone."""
    asked = page.context
    unasked = asked if isinstance(asked, HistoryCursor) and asked.newcomer else None
    if not page.records:
        return [CUT] if page.cut else [] if unasked else [f"-- {NO_MESSAGES} --"]
    lines = [*([CUT] if page.cut else []), *spoken_lines(page.records, zone)]
    if unasked is None:
        rest = next_cursor(page)
        return lines if rest is None else [*lines, f"-- {more(rest.room, here=is_room(rest.room))} --"]
    if page.more:
        lines.insert(0, f"… {earlier(page.more, unasked)}: {'/history' if page.room else '/history @NAME'}")
    return lines


def more(target: str, *, here: bool) -> str:
    """How to read on in a room, or with a person; ``here``: it is the current room."""
    return "more: /history" if here else f"more: /history @{target}"


def earlier(count: int, asked: HistoryCursor) -> str:
    """How many messages before the first one shown are not shown."""
    many = f"more than {count:,}" if count >= MORE_COUNTED else f"{count:,}"
    window = asked.window
    missed = " that you missed" if window.after_time is not None or window.after is not None else ""
    return f"{many} earlier message{'s' if count > 1 else ''}{missed}"


def missed(
    room: str, before: int | None, since: int | None, framed: bool, after: int | None = None
) -> HistoryCursor:
    """The last messages of a room that a person missed since a time, or after a number."""
    left = MISSED if framed else NEWCOMER_UNFRAMED
    window = Window(after=after, before=before, after_time=since)
    return HistoryCursor(room, window, left=left, newcomer=True)


@slash(
    "history",
    "[@NAME] [30m|2h|2026-11-22|N]",
    "Shows the last messages: here or with a person, since a time, of a day, or N; again: older.",
    Section.MESSAGES,
)
def _history(session: SlashContext, text: str) -> ReadHistory | None:
    target = session.room
    if text.startswith("@"):
        target, text = name_and_rest(text[1:])
        if not target:
            return None
    going_on = None if text else session.next_history(target)
    if going_on is not None:
        return going_on
    asked = parse_history(target, text, session.calendar)
    return None if asked is None else asked.command()


TEXT = FeatureText(
    commands=slash,
    replies={HistoryPage: page_lines},
    refusals={
        HistoryUnreadable: lambda r: f"The history of {place(r.room)} can't be read.",
        TargetsUnreadable: lambda _: "The history can't be read now.",
    },
)
