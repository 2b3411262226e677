"""Putting people out of the chat: KILL (Modern IRC, "KILL message")."""

from collections.abc import Sequence

from asyncchat.core.commands import Command
from asyncchat.core.features.kill import Kill, Killed
from asyncchat.core.features.opers import RequireOper
from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.client_registry import to_server
from asyncchat.dialects.irc.encoder_base import EncoderBase
from asyncchat.dialects.irc.registry import by_other, command, lines
from asyncchat.dialects.irc.serialize import line, numeric, reason_of
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.dialects.irc.tokens import Message


@command("KILL <nickname> [:<reason>]", "Disconnects a person from the server (operators).", least=1)
def _kill(session: IrcSession, message: Message) -> Sequence[Command]:
    name = message.params[0]
    if session.context.names_server(name):
        return [RequireOper(numeric(numerics.ERR_CANTKILLSERVER, text="You can't kill a server!").value)]
    return [Kill(name, reason_of(message.param(1)) or session.nick)]


@lines(Killed, cause=by_other)
def _kill_lines(_encoder: EncoderBase, event: Killed) -> bytes:
    return line(f":{event.by.origin} KILL {event.person.name}", event.reason)


# The client's side.

to_server(Kill)(lambda _, c: ("KILL", c.name, c.reason))
