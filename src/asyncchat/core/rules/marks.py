"""How far people have read: each for itself, an account's sessions together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncchat.core import commands, events, replies
from asyncchat.core.names import ROOM_SIGNS, fold, name_fault, room_fault

if TYPE_CHECKING:
    from asyncchat.core.chat import Chat, Items, Rule


def mark_read(chat: Chat, who: int, command: commands.MarkRead, now: int) -> Items:
    """Moves a mark forward, never back, nor beyond now; or tells where it is."""
    me = chat.people.get(who)
    if me is None:
        return (replies.NotEntered(),)
    target = command.target
    is_room = target[:1] in ROOM_SIGNS
    if (room_fault(fold(target)) if is_room else name_fault(target)) is not None:
        return (replies.NoMark(target),)
    room = chat.room_shown(target, who) if is_room else None
    other = None if is_room else chat.person_named(target)
    name = room.name if room is not None else other.name if other is not None else target
    known = mark_of(chat, who, name)
    time = None if command.time is None else min(command.time, now)
    if time is None or (known is not None and time <= known):
        return (replies.MarkView(name, known),)
    if not me.account:
        return (events.ReadHere(me, name, time), replies.MarkView(name, time))
    key = fold(me.account)
    others = tuple(
        other.id for other in chat.people.values() if other.id != who and fold(other.account) == key
    )
    return (events.ReadUpTo(me.account, name, time, others), replies.MarkView(name, time))


def mark_of(chat: Chat, who: int, target: str) -> int | None:
    """Up to when somebody has read a room or a conversation; None: that is not known."""
    account = chat.people[who].account
    marks = chat.marks.get(fold(account)) if account else chat.guests_marks.get(who)
    return None if marks is None else marks.get(fold(target))


RULES: dict[type[commands.Command], Rule] = {commands.MarkRead: mark_read}
