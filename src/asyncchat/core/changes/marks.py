"""What facts about what people have read change in the chat."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from asyncchat.core import events
from asyncchat.core.names import fold

if TYPE_CHECKING:
    from asyncchat.core.chat import Chat

MOST_MARKS: Final = 200
"""Marks of one account, or one visit: 20 KB. Beyond it the one read up to the earliest time is forgotten."""


def _read(chat: Chat, event: events.ReadUpTo) -> None:
    if fold(event.account) in chat.accounts:
        _mark(chat.marks.setdefault(fold(event.account), {}), event)


def _read_here(chat: Chat, event: events.ReadHere) -> None:
    _mark(chat.guests_marks.setdefault(event.person.id, {}), event)


def _mark(marks: dict[str, int], event: events.ReadUpTo | events.ReadHere) -> None:
    marks[fold(event.target)] = event.time
    if len(marks) > MOST_MARKS:
        del marks[min(marks, key=lambda target: (marks[target], target))]


CHANGES: dict[type[events.Event], Callable[[Chat, Any], None]] = {
    events.ReadUpTo: _read,
    events.ReadHere: _read_here,
}
