"""What IRC clients may send: a table of commands, a module for each family of them.

To add a command: a function in its family's module, a line in that module's ``COMMANDS``; a new reply of
the chat gets a function and a line in the module's ``REPLIES``.
"""

from asyncchat.dialects.irc.commands import (
    accounts,
    away,
    batches,
    cap,
    chanserv,
    help,
    history,
    histserv,
    isupport,
    list,
    messages,
    metadata,
    moderation,
    modes,
    monitor,
    nickserv,
    operators,
    queries,
    read_markers,
    registration,
    rooms,
    sasl,
    search,
    server,
    who,
)
from asyncchat.dialects.irc.commands.spec import CommandSpec, ReplyEncoder

_FAMILIES = (
    chanserv,
    sasl,
    nickserv,
    cap,
    registration,
    accounts,
    rooms,
    list,
    messages,
    batches,
    away,
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
    read_markers,
    metadata,
    search,
    help,
)

COMMANDS: dict[str, CommandSpec] = {
    name: word for family in _FAMILIES for name, word in family.COMMANDS.items()
}
"""Each command that a client may send."""

help.TABLE.update(COMMANDS)

REPLIES: dict[type, ReplyEncoder] = {
    kind: said for family in _FAMILIES for kind, said in family.REPLIES.items()
}
"""What is said to a reply, or to the dialect's own value in an ``Answer``."""
