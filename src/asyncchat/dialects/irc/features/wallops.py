"""Messages of operators to all who want them: WALLOPS (Modern IRC, "WALLOPS message")."""

from collections.abc import Sequence

from asyncchat.core.commands import Command
from asyncchat.core.features.wallops import Announce, Announced
from asyncchat.dialects.irc.client_registry import to_server
from asyncchat.dialects.irc.encoder_base import EncoderBase
from asyncchat.dialects.irc.registry import command, lines
from asyncchat.dialects.irc.serialize import line
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.dialects.irc.tokens import Message


@command("WALLOPS :<text>", "Sends a message to everybody with the user mode w (operators).", least=1)
def _wallops(session: IrcSession, message: Message) -> Sequence[Command]:
    return [Announce(message.params[0])]


@lines(Announced)
def _wallops_lines(_encoder: EncoderBase, event: Announced) -> bytes:
    return line(f":{event.person.origin} WALLOPS", event.text)


# The client's side.

to_server(Announce)(lambda _, c: ("WALLOPS", c.text))
