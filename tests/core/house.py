"""A small chat that the tests of the rules begin with.

Anna (1) opened #tea and is its operator; bob (2) is there too; carol (3) is in the lobby only; olga (4) is
the owner and in the lobby; session 5 has no name yet.
"""

from asyncchat.core import commands
from asyncchat.core.chat import Chat, Item, Items
from asyncchat.core.commands import Command, Enter, Question
from asyncchat.core.events import Event
from asyncchat.core.names import LOBBY

NOW = 1_700_000_000_000_000
ANNA, BOB, CAROL, OLGA, NOBODY = 1, 2, 3, 4, 5


def do(chat: Chat, who: int, command: Command, now: int = NOW) -> Items:
    """Decides a command and applies its events; questions are answered in their place."""
    items: list[Item] = []
    for item in chat.decide(who, command, now):
        if isinstance(item, Command) and not isinstance(item, Question):
            items.extend(do(chat, who, item, now))
            continue
        if isinstance(item, Event):
            chat.apply(item)
        items.append(chat.answer(who, item) if isinstance(item, Question) else item)
    return tuple(items)


def house() -> Chat:
    """A new one."""
    chat = Chat()
    for number, name in enumerate(("Anna", "bob", "carol", "olga"), 1):
        do(chat, number, Enter(name, "u", f"host{number}", rooms=(LOBBY,)))
    do(chat, ANNA, commands.Join("#Tea"))
    do(chat, BOB, commands.Join("#tea"))
    do(chat, OLGA, commands.ClaimOwner(verified=True))
    return chat
