"""A timeline as rows of a screen: times, nicks, wrapped texts, day lines, the unread line.

Owns how an entry looks at a width and which row is whose; must not know Textual, nor colours but their names.
"""

import re
import zlib
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from itertools import accumulate
from typing import NamedTuple

from asyncchat.core.names import fold
from asyncchat.tui.conversation import Break, Conversation, Entry, Notice, Said
from asyncchat.tui.wrapping import fitted, one_line, width_of, wrap

COLUMNS_FROM = 72
"""Cells from which nicks have a column of their own."""

NICK_CELLS = 14
"""Cells of that column."""

TIMES_FROM = 30
"""Cells from which times are shown."""

GROUPED = timedelta(minutes=5)
"""Messages of one person within this time have the nick once."""

NICK_COLOURS = 12
"""How many colours of nicks there are: ``nick0`` …"""

_LINK = re.compile(r"https?://[^\s<>\"'`]+[^\s<>\"'`.,:;!?)\]}]")


class Span(NamedTuple):
    """A piece of a row: the name of its style, its text, and where it links to ('': nowhere)."""

    style: str
    text: str
    link: str = ""


Row = tuple[Span, ...]
"""One line of the screen."""


def nick_style(nick: str) -> str:
    """The style of a nick: the same for the same nick everywhere."""
    return f"nick{zlib.crc32(fold(nick).encode('utf-8', 'replace')) % NICK_COLOURS}"


class Layout:
    """The rows of one conversation at one width.

    Where an entry begins is known for all of them; the rows themselves are made when they are asked for.

    Args:
        conversation: what is shown.
        width: cells of a row.
        zone: converts a time to the reader's zone.
    """

    def __init__(
        self,
        conversation: Conversation,
        width: int,
        zone: Callable[[datetime], datetime] = datetime.astimezone,
    ) -> None:
        self.conversation = conversation
        self.width = max(width, 2)
        self._zone = zone
        self.spliced = conversation.spliced
        self._first = conversation.removed
        self._unread_from = conversation.unread_from
        conversation.changed.clear()
        self._days: list[int] = []
        self._heights: list[int] = []
        self._ends: list[int] = []
        self._extend()

    def set_width(self, width: int) -> None:
        """Wraps everything anew."""
        self.sync()
        self.width = max(width, 2)
        self._heights = [self._height_at(index) for index in range(len(self._heights))]
        self._ends = list(accumulate(self._heights))

    @property
    def height(self) -> int:
        """How many rows there are."""
        return self._ends[-1] if self._ends else 0

    def top_of(self, index: int) -> int:
        """The first row of an entry."""
        return self._ends[index - 1] if index else 0

    def index_at(self, row: int) -> int:
        """Which entry has a row, which must be one of ``height``."""
        return bisect_right(self._ends, row)

    def index_of(self, entry: Entry) -> int | None:
        """Which place an entry has; the newest are found first."""
        entries = self.conversation.entries
        for index in range(len(entries) - 1, -1, -1):
            if entries[index] is entry:
                return index
        return None

    def sync(self) -> int:
        """Takes what has changed; returns by how many rows what was there before has moved down.

        Where the conversation is ``spliced``, another layout is made.
        """
        conversation = self.conversation
        added = self._first - conversation.removed
        before = self.height
        is_mended = False
        if added > 0:
            old_first = len(self._heights)
            self._days[:0] = [self._day(entry) for entry in conversation.entries[:added]]
            heights = [self._height_at(index) for index in range(added)]
            self._heights[:0] = heights
            if old_first:
                self._heights[added] = self._height_at(added)
            is_mended = True
        elif added < 0:
            del self._days[:-added], self._heights[:-added]
            if self._heights:
                self._heights[0] = self._height_at(0)
            is_mended = True
        self._first = conversation.removed
        touched = list(conversation.changed)
        conversation.changed.clear()
        if conversation.unread_from is not self._unread_from:
            touched += [e for e in (self._unread_from, conversation.unread_from) if e is not None]
            self._unread_from = conversation.unread_from
            for entry in touched:
                entry.version += 1
        for entry in touched:
            index = self.index_of(entry)
            if index is not None and index < len(self._heights):
                height = self._height_at(index)
                is_mended = is_mended or height != self._heights[index]
                self._heights[index] = height
        if is_mended:
            self._ends = list(accumulate(self._heights))
        moved = self.height - before if added else 0
        self._extend()
        return moved

    def rows(self, index: int) -> list[Row]:
        """The rows of an entry: the day if it begins there, the unread line, then the entry."""
        entry = self.conversation.entries[index]
        rows: list[Row] = []
        if self._begins_day(index):
            at = self._zone(entry.time)
            rows.append(self._line("day", f"{at:%a} {at.day} {at:%b %Y}"))
        if entry is self._unread_from:
            rows.append(self._line("unread", "new messages"))
        if isinstance(entry, Said):
            rows += self._said_rows(entry, is_grouped=self._is_grouped(index))
        elif isinstance(entry, Notice):
            rows += self._notice_rows(entry)
        elif isinstance(entry, Break):
            rows.append(self._line("day", "more messages"))
        return rows

    # Heights: as many as ``rows`` gives, without making them.

    def _extend(self) -> None:
        """Takes the entries that were added at the end."""
        entries = self.conversation.entries
        start = len(self._heights)
        if start == len(entries):
            return
        self._days += [self._day(entry) for entry in entries[start:]]
        end = self.height
        for index in range(start, len(entries)):
            height = self._height_at(index)
            end += height
            self._heights.append(height)
            self._ends.append(end)

    def _height_at(self, index: int) -> int:
        entry = self.conversation.entries[index]
        height = self._begins_day(index) + (entry is self._unread_from)
        if isinstance(entry, Notice):
            return height + len(self._wrapped(entry.text))
        if not isinstance(entry, Said) or entry.redacted:
            return height + 1
        height += bool(entry.quote) + bool(entry.reactions)
        head = 0 if self.has_columns else width_of(self._head(entry))
        text_width = self._text_width
        for line in entry.lines:
            if head + len(line) <= text_width and line.isascii():
                height += 1
            else:
                height += len(self._wrap_behind(head, line))
            head = 0
        return height

    def _day(self, entry: Entry) -> int:
        return self._zone(entry.time).toordinal()

    def _begins_day(self, index: int) -> bool:
        return index == 0 or self._days[index] != self._days[index - 1]

    def _is_grouped(self, index: int) -> bool:
        """Whether a message goes on with what its author has just said."""
        if not index or not self.has_columns or self._begins_day(index):
            return False
        entry, before = self.conversation.entries[index], self.conversation.entries[index - 1]
        if not isinstance(entry, Said) or not isinstance(before, Said) or entry is self._unread_from:
            return False
        message, last = entry.message, before.message
        is_plain = not (message.action or last.action or message.notice or last.notice or entry.quote)
        return is_plain and message.nick == last.nick and message.time - last.time < GROUPED

    # Rows.

    @property
    def has_columns(self) -> bool:
        """Whether nicks have a column of their own."""
        return self.width >= COLUMNS_FROM

    @property
    def _time_width(self) -> int:
        return 6 if self.width >= TIMES_FROM else 0

    @property
    def _indent(self) -> int:
        """Cells before a text."""
        if self.has_columns:
            return self._time_width + NICK_CELLS + 2
        return self._time_width or 1

    @property
    def _text_width(self) -> int:
        return max(2, self.width - self._indent)

    def _line(self, style: str, text: str) -> Row:
        """A line through the timeline, with a text in it."""
        around = self.width - width_of(text) - 2
        if around < 2:
            return (Span(style, fitted(text, self.width)),)
        left = around // 2
        return (Span(style, f"{'─' * left} {text} {'─' * (around - left)}"),)

    def _time(self, entry: Entry) -> Span:
        if not self._time_width:
            return Span("", " " * self._indent)
        return Span("time", f"{self._zone(entry.time):%H:%M} ")

    def _head(self, entry: Said) -> str:
        """What stands before a text that has no column for the nick."""
        message = entry.message
        if entry.is_of_server:
            return ""
        nick = _cut(one_line(message.nick, 24), max(2, self._text_width // 2))
        if message.action:
            return f"* {nick} "
        return f"-{nick}- " if message.notice else f"{nick}: "

    def _wrap_behind(self, head: int, line: str) -> list[tuple[int, int]]:
        """The rows of a line whose first one has less room."""
        width = self._text_width
        if not head or head + width_of(line) <= width:
            return wrap(line, width)
        if width - head < min(12, width // 2):  # a long nick has a row of its own
            return [(0, 0), *wrap(line, width)]
        first = wrap(line, width - head)
        if len(first) == 1:
            return first
        cut = first[1][0]
        return [first[0], *((cut + start, cut + end) for start, end in wrap(line[cut:], width))]

    def _said_rows(self, entry: Said, *, is_grouped: bool) -> list[Row]:
        message = entry.message
        name = "own" if message.own else nick_style(message.nick)
        indent = Span("", " " * self._indent)
        rows: list[Row] = []
        if self.has_columns:
            sign = "* " if message.action else "- " if message.notice else ""
            nick = "" if entry.is_of_server else fitted(sign + one_line(message.nick, 40), NICK_CELLS)
            nick = nick.rstrip().rjust(NICK_CELLS - width_of(nick.rstrip()) + len(nick.rstrip()))
            begin: Row = (self._time(entry), Span(name, nick), Span("", "  "))
            if is_grouped:
                begin = (Span("", " " * self._time_width), Span("", " " * (NICK_CELLS + 2)))
            head = 0
        else:
            begin = (self._time(entry), Span(name, self._head(entry)))
            head = width_of(self._head(entry))
        if entry.redacted:
            by = "its author" if fold(entry.redacted) == fold(message.nick) else one_line(entry.redacted, 40)
            told = _cut(f"(taken back by {by})", self._text_width - head)
            return [(*begin, Span("dim", told))]
        if entry.quote:
            rows.append((indent, Span("quote", _cut(f"┌ {entry.quote}", self._text_width))))
        style = "action" if message.action else "notice" if message.notice else "calls" if entry.calls else ""
        for number, line in enumerate(entry.lines):
            links = list(_LINK.finditer(line)) if "http" in line else []
            for start, end in self._wrap_behind(0 if number else head, line):
                rows.append((*begin, *_styled(line, start, end, style, links)))
                begin = (indent,)
        if entry.edited:
            rows[-1] = self._marked(rows[-1], " (edited)")
        if entry.reactions:
            told = "  ".join(f"{reaction} {len(who)}" for reaction, who in entry.reactions.items())
            rows.append((indent, Span("reaction", _cut(told, self._text_width))))
        return rows

    def _marked(self, row: Row, mark: str) -> Row:
        """A row with a mark behind it, where there is room."""
        used = sum(width_of(span.text) for span in row)
        return (*row, Span("dim", mark)) if used + len(mark) <= self.width else row

    def _wrapped(self, text: str) -> Sequence[tuple[int, int]]:
        return wrap(text, self._text_width)

    def _notice_rows(self, entry: Notice) -> list[Row]:
        indent = Span("", " " * self._indent)
        begin: Row = (self._time(entry), Span("", " " * (self._indent - max(self._time_width, 1))))
        style = "error" if entry.is_error else "dim"
        rows: list[Row] = []
        for start, end in self._wrapped(entry.text):
            rows.append((*begin, Span(style, entry.text[start:end])))
            begin = (indent,)
        return rows


def _cut(text: str, width: int) -> str:
    return text if width_of(text) <= width else fitted(text, max(1, width)).rstrip()


def _styled(line: str, start: int, end: int, style: str, links: Iterable[re.Match[str]]) -> list[Span]:
    """A part of a line, its links marked; a link that is cut still leads to the whole."""
    spans: list[Span] = []
    for link in links:
        begin, stop = max(start, link.start()), min(end, link.end())
        if begin >= stop:
            continue
        if begin > start:
            spans.append(Span(style, line[start:begin]))
        spans.append(Span("link", line[begin:stop], link[0]))
        start = stop
    if start < end or not spans:
        spans.append(Span(style, line[start:end]))
    return spans
