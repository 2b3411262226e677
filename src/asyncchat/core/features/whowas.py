"""WHOWAS: people who left recently, and names that people gave up.

Owns a bounded list, which a new run begins empty. It is not part of the state that a replay restores.
"""

from collections import deque
from typing import Final

import msgspec

from asyncchat.core.chat import Chat, Part
from asyncchat.core.commands import Query
from asyncchat.core.features.presence import Left, Renamed
from asyncchat.core.forgotten import Identity
from asyncchat.core.names import fold
from asyncchat.core.people import Person
from asyncchat.core.registry import answers, applies
from asyncchat.core.replies import Reply

MAX_ENTRIES: Final = 1000
"""Entries that are remembered, the newest: some 300 KB."""


class WhowasEntry(msgspec.Struct, frozen=True):
    """A person and its name until ``time`` (microseconds since 1970 UTC); ``key`` is the folded name."""

    key: str
    person: Person
    time: int


class Whowas(Part):
    """The people who were the last to leave or to change their name."""

    def __init__(self) -> None:
        self._entries: deque[WhowasEntry] = deque(maxlen=MAX_ENTRIES)

    def add(self, person: Person, time: int) -> None:
        """Adds a person who left or gave up its name."""
        self._entries.append(WhowasEntry(person.key, person, time))

    def named(self, name: str) -> list[WhowasEntry]:
        """The entries with a name, the newest first."""
        key = fold(name)
        return [entry for entry in reversed(self._entries) if entry.key == key]

    def forget(self, who: Identity) -> None:
        """Forgets a person, under all names."""
        left = [entry for entry in self._entries if not who.is_person(entry.person)]
        self._entries = deque(left, maxlen=MAX_ENTRIES)

    def end_run(self) -> None:
        """Forgets all of it."""
        self._entries.clear()


class GetWhowas(Query, frozen=True):
    """The entries with a name, the newest first, at most ``most`` of them; 0: all."""

    name: str
    most: int = 0


class WhowasView(Reply, frozen=True):
    """The entries with a name, the newest first."""

    name: str
    entries: tuple[WhowasEntry, ...]


@answers(GetWhowas)
def whowas(chat: Chat, _person_id: int, query: GetWhowas) -> Reply:
    """The people who had a name."""
    found = Whowas.of(chat).named(query.name)
    return WhowasView(query.name, tuple(found[: query.most or len(found)]))


@applies(Left, Renamed)
def _name_given_up(chat: Chat, event: Left | Renamed) -> None:
    Whowas.of(chat).add(event.person, event.time)
