"""Search: what ``/search`` asks for, its pages, and where the next one begins.

Owns the filters and the pages; must not know how messages are found.
"""

import re

import msgspec

from asyncchat.core.features.history import Window
from asyncchat.core.features.search import MOST_TERMS, CutShort, NotSearched, Search, SearchPage, terms_of
from asyncchat.core.names import ROOM_SIGNS
from asyncchat.text.features.messages import spoken_lines
from asyncchat.text.sentences import FeatureText, place
from asyncchat.text.slash import Section, SlashCommands, SlashContext
from asyncchat.text.times import Calendar, Zone, parse_date, seconds_back

slash = SlashCommands()

PAGE = 30
"""Messages on a page of ``/search``: most people want one of them."""

NOTHING_FOUND = "nothing found"
MORE = "more: /search"

_PIECE = re.compile(r'"[^"]*"?|[^\s"]+')
_FILTER = re.compile(r"(from|in|with|before|after):(.*)", re.IGNORECASE | re.DOTALL)


class SearchCursor(msgspec.Struct, frozen=True):
    """A search, read backwards page by page."""

    search: Search

    def command(self) -> Search:
        """Asks for the next page."""
        return msgspec.structs.replace(self.search, context=self)


def parse_search(text: str, calendar: Calendar) -> SearchCursor | str:
    """What ``/search TEXT`` asks for, or what is wrong with it."""
    asked = Search(window=Window(limit=PAGE))
    words: list[str] = []
    for piece in _PIECE.findall(text):
        filter = _FILTER.fullmatch(piece)
        if filter is None:
            words.append(piece)
            continue
        narrowed = _narrowed(asked, filter[1].lower(), filter[2], calendar)
        if narrowed is None:
            return f"That is not {_MEANT[filter[1].lower()]}: {piece}"
        asked = narrowed
    terms = terms_of(" ".join(words))
    if len(terms) > MOST_TERMS:
        return f"Too many words to search for: the limit is {MOST_TERMS}."
    return SearchCursor(msgspec.structs.replace(asked, terms=terms))


_MEANT = {
    "from": "a name",
    "in": "a room",
    "with": "a name",
    "before": "a date like 2026-11-22 or a time like 30m, 2h or 7d",
    "after": "a date like 2026-11-22 or a time like 30m, 2h or 7d",
}


def _narrowed(asked: Search, filter: str, value: str, calendar: Calendar) -> Search | None:
    """The search with one more filter, or None where its value means nothing."""
    replace = msgspec.structs.replace
    if not value:
        return None
    if filter == "from":
        return replace(asked, name=value)
    if filter == "with" or (filter == "in" and value[0] == "@"):
        name = value.removeprefix("@")
        return replace(asked, room=name) if name and name[0] not in ROOM_SIGNS else None
    if filter == "in":
        return replace(asked, room=value if value[0] in ROOM_SIGNS else f"#{value}")
    seconds = seconds_back(value)
    if seconds is not None:
        return (
            replace(asked, newer_seconds=seconds)
            if filter == "after"
            else replace(asked, older_seconds=seconds)
        )
    day = parse_date(value)
    if day is None:
        return None
    start, _ = calendar.bounds(day)
    # From the start of a day, and until a day begins: ``after:2026-11-22 before:2026-11-23`` is that one day.
    return asked.bounded(after_time=start - 1) if filter == "after" else asked.bounded(before_time=start)


def next_cursor(page: SearchPage) -> SearchCursor | None:
    """Where the search continues after a page, or None."""
    asked = page.context
    if not isinstance(asked, SearchCursor) or page.reached is None:
        return None
    return SearchCursor(asked.search.bounded(before=page.reached))


def page_lines(page: SearchPage, zone: Zone) -> list[str]:
    """A page, oldest line first, a mark before each day; the last line says how to read on."""
    lines = spoken_lines(page.records, zone)
    if page.reached is None:
        return lines or [f"-- {NOTHING_FOUND} --"]
    if lines and page.cut_short in (None, CutShort.FULL):
        return [*lines, f"-- {MORE} --"]
    return [*lines, f"-- {looked_back(zone.moment(page.time), page.cut_short, found=bool(lines))} --"]


def looked_back(moment: str, why: CutShort | None, *, found: bool) -> str:
    """How far back a search has looked that could not look everywhere."""
    because = " (the search's index is being made)" if why is CutShort.INDEXING else ""
    return f"nothing {'more' if found else 'found'} back to {moment}{because}; further back: /search"


@slash(
    "search",
    "WORDS [from:NAME] [in:#ROOM|with:NAME] [before:DATE] [after:DATE]",
    'Finds words and "phrases"; again: older ones. DATE: 2026-11-22, 2h.',
    Section.MESSAGES,
)
def _search(session: SlashContext, text: str) -> Search | str | None:
    if not text:
        return session.next_search()
    asked = parse_search(text, session.calendar)
    return asked if isinstance(asked, str) else asked.command()


def _not_searched(refusal: NotSearched) -> str:
    if not refusal.room:
        return "The search could not be run just now. Try again soon."
    if refusal.room[0] in ROOM_SIGNS:
        return f"You are not in {place(refusal.room)}: only rooms that you are in can be searched."
    return f"Nobody has the name {refusal.room}."


TEXT = FeatureText(
    commands=slash,
    replies={SearchPage: page_lines},
    refusals={NotSearched: _not_searched},
)
