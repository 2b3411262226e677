"""What a server supports, when asked: ISUPPORT (IRCv3 extended-isupport); the tokens are ``greeting``'s."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from asyncchat.core import commands as core
from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.capabilities import BATCH, EXTENDED_ISUPPORT
from asyncchat.dialects.irc.commands.spec import CommandSpec, ReplyEncoder, numeric
from asyncchat.dialects.irc.serialize import line
from asyncchat.dialects.irc.tokens import Message

if TYPE_CHECKING:
    from asyncchat.dialects.irc.dialect import IrcDialect

_BATCHED = BATCH | EXTENDED_ISUPPORT
"""With both, 005 comes in a batch and not otherwise."""


class Isupport(msgspec.Struct, frozen=True):
    """The tokens of 005 are asked for."""


def isupport(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """Tells what the server supports, before the registration too where that was negotiated."""
    if not session.entered and not session.caps_in & EXTENDED_ISUPPORT:
        return [numeric(numerics.ERR_NOTREGISTERED, text="You have not registered")]
    return [core.Answer(Isupport())]


def isupport_of(session: IrcDialect) -> bytes:
    """005 as this session is told it."""
    told = session.context.isupport.replace(b"\0", session.nick.encode("utf-8", "replace"))
    if session.caps_out & _BATCHED != _BATCHED:
        return told
    name = session.next_batch()
    tag = f"@batch={name} ".encode()
    source = f":{session.context.name} BATCH "
    lines = tag + told[:-2].replace(b"\r\n", b"\r\n" + tag) + b"\r\n"
    return line(f"{source}+{name} draft/isupport") + lines + line(f"{source}-{name}")


def say_isupport(session: IrcDialect, _value: Isupport) -> bytes:
    """005."""
    return isupport_of(session)


COMMANDS: dict[str, CommandSpec] = {
    "ISUPPORT": CommandSpec(isupport, early=True, about="Tells what this server supports."),
}

REPLIES: dict[type, ReplyEncoder] = {Isupport: say_isupport}
