"""Searches as a person types and reads them: what is asked for, the page that shows it, and where to go on.

Owns the filters of ``/search`` and its pages; the searching is a gate's.
"""

import re

import msgspec

from asyncchat.core.commands import Search
from asyncchat.core.names import ROOM_SIGNS
from asyncchat.core.replies import SearchPage
from asyncchat.core.searching import MOST_TERMS, terms_of
from asyncchat.text.history import spoken_lines
from asyncchat.text.times import Zone, parse_date, seconds_back

PAGE = 30
"""Messages a page of ``/search`` shows: most people want one of them."""

ARGUMENTS = "WORDS [from:NAME] [in:#ROOM|with:NAME] [before:DATE] [after:DATE]"

HELP = 'Finds words and "phrases"; again: older ones. DATE: 2026-11-22, 2h.'

_PIECE = re.compile(r'"[^"]*"?|[^\s"]+')
_FILTER = re.compile(r"(from|in|with|before|after):(.*)", re.IGNORECASE | re.DOTALL)


class SearchCursor(msgspec.Struct, frozen=True):
    """A search, read backwards page by page."""

    search: Search

    def command(self) -> Search:
        """Asks for the next page."""
        return msgspec.structs.replace(self.search, purpose=self)


def parse_search(text: str, zone: Zone) -> SearchCursor | str:
    """What ``/search TEXT`` asks for, or what is wrong with it."""
    asked = Search(limit=PAGE)
    words: list[str] = []
    for piece in _PIECE.findall(text):
        filter = _FILTER.fullmatch(piece)
        if filter is None:
            words.append(piece)
            continue
        narrowed = _narrowed(asked, filter[1].lower(), filter[2], zone)
        if narrowed is None:
            return f"That is no {_MEANT[filter[1].lower()]}: {piece}"
        asked = narrowed
    terms = terms_of(" ".join(words))
    if len(terms) > MOST_TERMS:
        return f"That is too much to search for: {MOST_TERMS} words is the limit."
    return SearchCursor(msgspec.structs.replace(asked, terms=terms))


_MEANT = {
    "from": "name",
    "in": "room",
    "with": "name",
    "before": "date like 2026-11-22, nor a time like 30m, 2h or 7d",
    "after": "date like 2026-11-22, nor a time like 30m, 2h or 7d",
}


def _narrowed(asked: Search, filter: str, value: str, zone: Zone) -> Search | None:
    """The search with one filter more, or None where the value is of no use."""
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
    start, _ = zone.bounds(day)
    # From a day on, and until a day begins: ``after:2026-11-22 before:2026-11-23`` is that one day.
    return replace(asked, after_time=start - 1) if filter == "after" else replace(asked, before_time=start)


def next_cursor(page: SearchPage) -> SearchCursor | None:
    """What is left to be searched after a page, or None."""
    asked = page.purpose
    if not isinstance(asked, SearchCursor) or page.reached is None:
        return None
    return SearchCursor(msgspec.structs.replace(asked.search, before=page.reached))


def page_lines(page: SearchPage, zone: Zone) -> list[str]:
    """A page, oldest line first, a mark before each day; the last line says where it goes on."""
    lines = spoken_lines(page.records, zone)
    if page.reached is None:
        return lines or ["-- nothing found --"]
    if not lines:
        return [f"-- nothing found back to {zone.moment(page.time)}; further back: /search --"]
    if page.cut_short:
        return [*lines, f"-- that is all back to {zone.moment(page.time)}; further back: /search --"]
    return [*lines, "-- more: /search --"]
