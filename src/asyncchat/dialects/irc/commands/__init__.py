"""What IRC clients may send: a table of commands, a module for each family of them.

To add a command: a function in its family's module, a line in that module's ``WORDS``; what the chat answers
to it gets a function and a line in the module's ``ANSWERS`` where it is a reply that had none.
"""

from asyncchat.dialects.irc.commands import (
    accounts,
    batches,
    cap,
    chanserv,
    help,
    history,
    histserv,
    isupport,
    listing,
    marks,
    messages,
    metadata,
    moderation,
    modes,
    monitor,
    nickserv,
    oneself,
    operators,
    queries,
    registration,
    rooms,
    sasl,
    search,
    server,
    who,
)
from asyncchat.dialects.irc.commands.word import Answerer, Word

_FAMILIES = (
    chanserv,
    sasl,
    nickserv,
    cap,
    registration,
    accounts,
    rooms,
    listing,
    messages,
    batches,
    oneself,
    queries,
    who,
    monitor,
    server,
    isupport,
    operators,
    moderation,
    modes,
    history,
    histserv,
    marks,
    metadata,
    search,
    help,
)

WORDS: dict[str, Word] = {name: word for family in _FAMILIES for name, word in family.WORDS.items()}
"""Each command that a client may send."""

help.TABLE.update(WORDS)

ANSWERS: dict[type, Answerer] = {kind: said for family in _FAMILIES for kind, said in family.ANSWERS.items()}
"""What is said to a reply, or to the dialect's own value in an ``Answer``."""
