"""The history as people may read it: what was written before there were cloaks shows no addresses either.

Owns the replacement of addresses in records that are read. Must not know who reads them.
"""

from __future__ import annotations

from typing import Any, cast

import msgspec

from asyncchat.core.events import Record
from asyncchat.core.features.messages import Said
from asyncchat.core.people import Person
from asyncchat.log.base import Log, Page, PageQuery, SearchQuery, SearchResult, StreamRange
from asyncchat.server.cloaks import Cloaks, is_address


def cloaked(log: Log, cloaks: Cloaks) -> Log:
    """A log that is another one, except that people in what is read have cloaks for addresses."""
    # All that is not defined here is that log's own.
    return cast("Log", _CloakedLog(log, cloaks)) if cloaks.active else log


class _CloakedLog:
    def __init__(self, log: Log, cloaks: Cloaks) -> None:
        self._log = log
        self._cloaks = cloaks

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    async def read(self, query: PageQuery, count_to: int = 0) -> Page:
        page = await self._log.read(query, count_to)
        return msgspec.structs.replace(page, records=self._all(page.records))

    async def find(self, number: int) -> Record | None:
        record = await self._log.find(number)
        return None if record is None else self._one(record)

    async def newest(
        self, rooms: tuple[str, ...], owners: tuple[StreamRange, ...], upto: int
    ) -> tuple[tuple[str, Record], ...]:
        found = await self._log.newest(rooms, owners, upto)
        return tuple((where, self._one(record)) for where, record in found)

    async def search(self, query: SearchQuery) -> SearchResult:
        result = await self._log.search(query)
        return msgspec.structs.replace(result, records=self._all(result.records))

    def _all(self, records: tuple[Record, ...]) -> tuple[Record, ...]:
        shown = []
        for record in records:
            # Most are messages of people whose hosts are no addresses; a page has many.
            is_usual = type(record.event) is Said and not is_address(record.event.person.host)
            shown.append(record if is_usual else self._one(record))
        return tuple(shown)

    def _one(self, record: Record) -> Record:
        event = record.event
        hidden = {}
        for name in event.__struct_fields__:
            value = getattr(event, name)
            if type(value) is Person:
                person = self._cloaks.hide(value)
                if person is not value:
                    hidden[name] = msgspec.structs.replace(person, address="")
        if not hidden:
            return record
        return msgspec.structs.replace(record, event=msgspec.structs.replace(event, **hidden))
