"""RPL_ISUPPORT (005), in the greeting and when asked: ISUPPORT (IRCv3 extended-isupport).

Owns its lines; the tokens are ``irc.capabilities``'s.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from asyncchat.core.commands import Command, DialectReply
from asyncchat.core.names import NAME_BYTES
from asyncchat.dialects.base import ServerInfo
from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.capabilities import BATCH, capability, isupport_tokens, token
from asyncchat.dialects.irc.client_connection import ClientConnection, ServerLine
from asyncchat.dialects.irc.client_registry import from_server
from asyncchat.dialects.irc.client_values import Value
from asyncchat.dialects.irc.registry import COMMANDS, command, reply
from asyncchat.dialects.irc.serialize import BODY_BYTES, hollow, line, numeric
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.dialects.irc.shared_state import SharedState
from asyncchat.dialects.irc.tokens import Message

EXTENDED_ISUPPORT: Final = capability("draft/extended-isupport", "extensions/extended-isupport")

_BATCHED = BATCH | EXTENDED_ISUPPORT
"""With both, 005 comes in a batch and not otherwise."""


class Isupport(msgspec.Struct, frozen=True):
    """The tokens of 005 are asked for."""


@command("ISUPPORT", "Tells what this server supports.", early=True)
def _isupport(session: IrcSession, message: Message) -> Sequence[Command]:
    """Tells what the server supports, before registration too where that was negotiated."""
    if not session.entered and not session.caps_in & EXTENDED_ISUPPORT:
        return [numeric(numerics.ERR_NOTREGISTERED, text="You have not registered")]
    return [DialectReply(Isupport())]


TOKENS_A_LINE: Final = 13
"""Tokens in one 005: with nick and text 15 parameters (Modern IRC, "RPL_ISUPPORT")."""


def _targmax(_server: ServerInfo) -> str:
    """Of each command with a list of targets, how many it may have."""
    return ",".join(f"{name}:{spec.targets}" for name, spec in sorted(COMMANDS.items()) if spec.targets)


token("TARGMAX", _targmax)


def isupport_lines(context: SharedState) -> bytes:
    """005 with a NUL wherever the requester's nick goes."""
    text = "are supported by this server"
    room = BODY_BYTES - len(f":{context.name} {numerics.RPL_ISUPPORT}  :{text}") - NAME_BYTES
    rows: list[list[str]] = [[]]
    for one in isupport_tokens(context.server):
        if len(rows[-1]) == TOKENS_A_LINE or len(" ".join((*rows[-1], one)).encode()) > room:
            rows.append([])
        rows[-1].append(one)
    return b"".join(hollow(context.name, numerics.RPL_ISUPPORT, f" {' '.join(row)}", text) for row in rows)


def isupport_of(session: IrcSession) -> bytes:
    """005 as this session is told it."""
    told = session.context.rendered(isupport_lines).replace(b"\0", session.nick.encode("utf-8", "replace"))
    if session.caps_out & _BATCHED != _BATCHED:
        return told
    name = session.next_batch()
    tag = f"@batch={name} ".encode()
    source = f":{session.context.name} BATCH "
    lines = tag + told[:-2].replace(b"\r\n", b"\r\n" + tag) + b"\r\n"
    return line(f"{source}+{name} draft/isupport") + lines + line(f"{source}-{name}")


@reply(Isupport)
def _say_isupport(session: IrcSession, _value: Isupport) -> bytes:
    return isupport_of(session)


# The client's side.


@from_server(numerics.RPL_ISUPPORT)
def _read_isupport(client: ClientConnection, line: ServerLine) -> Iterable[Value]:
    client.server.isupport(line)
    return ()
