"""What is done to what was said before: reactions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncchat.core import commands, events, replies
from asyncchat.core.rules.speech import signal
from asyncchat.core.text import cut

if TYPE_CHECKING:
    from asyncchat.core.chat import Chat, Items, Rule

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


RULES: dict[type[commands.Command], Rule] = {
    commands.PassOn: pass_on,
    commands.PutReaction: put_reaction,
}
