"""Who was here lately: people who left, and names they gave up (WHOWAS).

Owns a bounded memory beside the chat's state: no decision reads it, and a new run begins without it.
"""

from __future__ import annotations

from collections import deque
from typing import Final

import msgspec

from asyncchat.core.chat import Chat, Part
from asyncchat.core.commands import Query
from asyncchat.core.features.presence import Left, Renamed
from asyncchat.core.names import fold
from asyncchat.core.people import Person
from asyncchat.core.registry import answers, applies
from asyncchat.core.replies import Reply

REMEMBERED: Final = 1000
"""People remembered, the last to go: some 300 KB."""


class WhowasEntry(msgspec.Struct, frozen=True):
    """A person as it was called until ``time`` (microseconds since 1970 UTC); ``key`` is the folded name."""

    key: str
    person: Person
    time: int


class Whowas(Part):
    """The last people to go, or to take another name."""

    def __init__(self) -> None:
        self._entries: deque[WhowasEntry] = deque(maxlen=REMEMBERED)

    def add(self, person: Person, time: int) -> None:
        """Somebody is no longer here under this name."""
        self._entries.append(WhowasEntry(person.key, person, time))

    def named(self, name: str) -> list[WhowasEntry]:
        """Those who had a name, the last first."""
        key = fold(name)
        return [gone for gone in reversed(self._entries) if gone.key == key]

    def end_run(self) -> None:
        """A new run begins without it."""
        self._entries.clear()


class GetWhowas(Query, frozen=True):
    """Those who had a name lately, the last first, at most ``most`` of them; 0: all that are remembered."""

    name: str
    most: int = 0


class WhowasView(Reply, frozen=True):
    """Those who had a name, the last first, and until when."""

    name: str
    entries: tuple[WhowasEntry, ...]


@answers(GetWhowas)
def gone(chat: Chat, _person_id: int, query: GetWhowas) -> Reply:
    """Those who had a name."""
    found = Whowas.of(chat).named(query.name)
    return WhowasView(query.name, tuple(found[: query.most or len(found)]))


@applies(Left, Renamed)
def _gone(chat: Chat, event: Left | Renamed) -> None:
    Whowas.of(chat).add(event.person, event.time)
