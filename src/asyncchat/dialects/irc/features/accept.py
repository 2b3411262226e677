"""ACCEPT: who may write to a person with the mode R without an account (as of ergo and solanum)."""

from collections.abc import Sequence
from typing import Final

from asyncchat.core.commands import Command
from asyncchat.core.features.accept import Accept
from asyncchat.dialects.irc.client_registry import to_server
from asyncchat.dialects.irc.registry import command
from asyncchat.dialects.irc.serialize import each
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.dialects.irc.tokens import Message

ACCEPTS: Final = 12
"""People whom one ACCEPT names (TARGMAX)."""


@command(
    "ACCEPT [-]<nickname>{,[-]<nickname>}",
    "Lets people write to you who have no account, while you have the mode R; with - no longer.",
    least=1,
    targets=ACCEPTS,
)
def _accept(_session: IrcSession, message: Message) -> Sequence[Command]:
    return each(message.params[0], ACCEPTS, lambda name: Accept(name.removeprefix("-"), name[:1] != "-"))


# The client's side.

to_server(Accept)(lambda _server, c: ("ACCEPT", c.name if c.on else f"-{c.name}"))
