"""Watching people by name; what watchers are told stands in ``core.watching``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from asyncchat.core import commands, events, replies
from asyncchat.core.names import fold, name_fault
from asyncchat.core.rules.metadata import told_of

if TYPE_CHECKING:
    from asyncchat.core.chat import Chat, Items, Rule

WATCHED_EACH = 100
"""Names that one session may watch (the IRC dialect's MONITOR): some 20 KB."""


def watch(chat: Chat, who: int, command: commands.Watch, _now: int) -> Items:
    """Watches names as far as there is place, and tells who of them is here."""
    me = chat.people.get(who)
    if me is None:
        return (replies.NotEntered(),)
    mine = chat.watching.names.get(who, {})
    added: dict[str, str] = {}
    known: list[str] = []
    over: list[str] = []
    for name in command.names:
        if name_fault(name) is not None:
            continue
        key = fold(name)
        if key not in mine and key not in added:
            if len(mine) + len(added) >= WATCHED_EACH:
                over.append(name)
                continue
            added[key] = name
        known.append(name)
    view = _here(chat, known, tuple(over))
    told = told_of(chat, who, view.here) if view.here else ()
    return (events.Watched(me, tuple(added.values()), True), view, *told) if added else (view, *told)


def unwatch(chat: Chat, who: int, command: commands.Unwatch, _now: int) -> Items:
    """Watches names no longer."""
    me = chat.people.get(who)
    if me is None:
        return (replies.NotEntered(),)
    mine = chat.watching.names.get(who, {})
    keys = list(mine) if command.all else dict.fromkeys(map(fold, command.names))
    removed = tuple(mine[key] for key in keys if key in mine)
    return (events.Watched(me, removed, False),) if removed else ()


def watched(chat: Chat, who: int, question: commands.AskWatched) -> replies.Reply:
    """The names that are watched, or who of them is here."""
    names = chat.watching.names.get(who, {}).values()
    return _here(chat, names, ()) if question.here else replies.WatchedView(tuple(names))


def _here(chat: Chat, names: Iterable[str], over: tuple[str, ...]) -> replies.HereView:
    found = [(name, chat.person_named(name)) for name in names]
    return replies.HereView(
        tuple(person for _, person in found if person is not None),
        tuple(name for name, person in found if person is None),
        over,
        WATCHED_EACH,
    )


RULES: dict[type[commands.Command], Rule] = {commands.Watch: watch, commands.Unwatch: unwatch}
