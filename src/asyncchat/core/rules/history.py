"""What is done to what was said before: reactions, and taking it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from asyncchat.core import commands, events, replies
from asyncchat.core.names import ROOM_SIGNS, fold
from asyncchat.core.replies import RedactionFault
from asyncchat.core.roles import Right
from asyncchat.core.rules.overruling import noting
from asyncchat.core.rules.speech import signal
from asyncchat.core.text import cut

if TYPE_CHECKING:
    from asyncchat.core.chat import Chat, Items, Rule
    from asyncchat.core.people import Person

_ABOUT_BYTES = 60
"""How much of a message is told with a reaction to it: it is to be known again."""


def put_reaction(chat: Chat, who: int, command: commands.PutReaction, now: int) -> Items:
    """Keeps a reaction, wherever a text could be said."""
    items = signal(chat, who, commands.Signal(command.to, command.tags), now)
    passing = items[0]
    message = command.found.event
    if not isinstance(message, events.Said | events.Whispered):
        return (*items, replies.Done())
    about = message.text.partition("\n")[0]
    short = cut(about, _ABOUT_BYTES)[0]
    fact = (command.found.number, message.person.name, command.reaction, command.on, command.tags)
    about = short if short == message.text else f"{short}…"
    if isinstance(passing, events.Signalled):
        return (events.Reacted(passing.room, passing.person, *fact, about), replies.Done())
    if isinstance(passing, events.SignalledTo):
        return (events.ReactedTo(passing.to, passing.person, *fact, about), replies.Done())
    return (*items, replies.Done())


def pass_on(chat: Chat, who: int, command: commands.PassOn, now: int) -> Items:
    """Tells of a reaction that can't be kept."""
    return (*signal(chat, who, commands.Signal(command.to, command.tags), now), replies.Done())


def take_back(chat: Chat, who: int, command: commands.TakeBack, now: int) -> Items:
    """Takes a message out of the history: its author, by account or within a day; operators of its room."""
    to = command.which.to
    me = chat.people.get(who)
    if me is None:
        return (replies.NotEntered(), replies.Done())

    def refused(fault: RedactionFault, seconds: int = 0) -> Items:
        return (replies.RedactionRefused(fault, to, seconds, command.purpose), replies.Done())

    room = chat.room_shown(to, who) if to[:1] in ROOM_SIGNS else None
    if to[:1] in ROOM_SIGNS and (room is None or not (who in room.seats or who in chat.owners)):
        return refused(RedactionFault.TARGET)
    found = command.found
    kinds = _IN_ROOMS if to[:1] in ROOM_SIGNS else _PRIVATE
    if found is None or not isinstance(found.event, kinds):
        return refused(RedactionFault.UNKNOWN)
    author: Person = found.event.person
    is_author = _is(chat, me, author, found.time)
    if room is not None:
        then = getattr(found.event, "room", room.name)
        former = "" if fold(then) == room.key else then
        erased = events.Erased(room.name, me, (found.number,), command.reason, former)
        if chat.may(who, room, Right.RULE) and not is_author:
            return (*noting(lambda *_: (erased,))(chat, who, command, now), replies.Done())
    if not is_author:
        return refused(RedactionFault.FORBIDDEN)
    if not author.account and now - found.time > GUESTS_WINDOW * 1_000_000:
        return refused(RedactionFault.EXPIRED, GUESTS_WINDOW)
    if room is not None:
        return (erased, replies.Done())
    return (_retracted(chat, me, found, command), replies.Done())


_IN_ROOMS = (events.Said, events.Reacted)
_PRIVATE = (events.Whispered, events.ReactedTo)

GUESTS_WINDOW = 24 * 3600
"""Seconds in which who has no account may take back what was said in the same visit."""


def _is(chat: Chat, me: Person, author: Person, time: int) -> bool:
    """Whether who said something at a time is the asker: the same account, or the same visit."""
    if author.account:
        account = chat.accounts.get(fold(author.account))
        return account is not None and fold(me.account) == fold(account.name) and account.time <= time
    if me.origin != author.origin or chat.entered.get(me.id, time + 1) > time:
        return False
    return all(gone.time < time for gone in chat.gone.of(me.name))


def _retracted(chat: Chat, me: Person, found: events.Record, command: commands.TakeBack) -> events.Retracted:
    """What tells the other one, if he is here."""
    event = found.event
    assert isinstance(event, events.Whispered | events.ReactedTo)  # noqa: S101 - a private one
    other = chat.person_named(command.which.to)
    named = event.to
    same = other is not None and (
        fold(other.account) == fold(named.account) if named.account else other.origin == named.origin
    )
    to = other if same and other is not None else msgspec.structs.replace(named, id=0)
    return events.Retracted(to, me, found.number, command.reason)


RULES: dict[type[commands.Command], Rule] = {
    commands.PassOn: pass_on,
    commands.PutReaction: put_reaction,
    commands.TakeBack: take_back,
}
