"""A small chat with which the tests of the features begin.

Anna (1) opened #tea and is its operator; bob (2) is a member too; carol (3) is only in the lobby; olga (4) is
a server operator and in the lobby; session 5 is not connected yet.
"""

from asyncchat.core.chat import Chat
from asyncchat.core.commands import Command
from asyncchat.core.engine import Engine
from asyncchat.core.events import Record
from asyncchat.core.features.connect import Connect
from asyncchat.core.features.join import Join
from asyncchat.core.features.opers import GrantOper
from asyncchat.core.names import LOBBY
from asyncchat.core.registry import Items

NOW = 1_700_000_000_000_000
ANNA, BOB, CAROL, OLGA, NOBODY = 1, 2, 3, 4, 5


def do(chat: Chat, person_id: int, command: Command, now: int = NOW) -> tuple[object, ...]:
    """Decides a command, applies its events, and answers its queries; gives the events and replies."""
    outcome, _ = Engine(chat, time=now).execute(person_id, command)
    return tuple(item.event if isinstance(item, Record) else item for item in outcome)


def decide(chat: Chat, person_id: int, command: Command, now: int = NOW) -> Items:
    """The decision of a command; nothing changes."""
    return Engine(chat, time=now).decide(person_id, command)


def house() -> Chat:
    """A new chat."""
    chat = Chat()
    for number, name in enumerate(("Anna", "bob", "carol", "olga"), 1):
        do(chat, number, Connect(name, "u", f"host{number}", rooms=(LOBBY,)))
    do(chat, ANNA, Join("#Tea"))
    do(chat, BOB, Join("#tea"))
    do(chat, OLGA, GrantOper(verified=True))
    return chat
