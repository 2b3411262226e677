"""AUTHENTICATE: a SASL exchange, before one enters and after (IRCv3 sasl-3.1, sasl-3.2).

Owns the pieces of a message and the state between two of them; what a mechanism says is the server's affair.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from asyncchat.core import commands as core
from asyncchat.core import replies
from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.capabilities import MECHANISMS, SASL
from asyncchat.dialects.irc.commands.spec import CommandSpec, ReplyEncoder
from asyncchat.dialects.irc.serialize import line
from asyncchat.dialects.irc.tokens import Message

if TYPE_CHECKING:
    from asyncchat.dialects.irc.dialect import IrcDialect

CHUNK_BYTES = 400
"""Longest piece of a message in base64 (sasl-3.1, "The AUTHENTICATE command")."""

MESSAGE_BYTES = 4000
"""Longest message in base64: a name, a password and what SCRAM adds to them need less than a third of it."""

_PLAIN = "PLAIN"


class SaslPurpose(msgspec.Struct, frozen=True):
    """Purpose of what an exchange asks."""


class AuthenticateChunk(msgspec.Struct, frozen=True):
    """What came with an AUTHENTICATE, to be understood in its place in the order."""

    text: str


class SaslExchange:
    """An exchange that is not over: what of a message has come, and where the mechanism stands."""

    __slots__ = ("exchange", "mechanism", "received")

    def __init__(self, mechanism: str) -> None:
        self.mechanism = mechanism
        self.received = ""
        self.exchange: object = None


def authenticate(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """Takes the next piece; nothing after it is read before it is answered."""
    session.pause()
    return [core.Answer(AuthenticateChunk(message.params[0]))]


def say_chunk(session: IrcDialect, piece: AuthenticateChunk) -> bytes:
    """What a piece leads to: nothing, a numeric, or the mechanism's turn."""
    told, then = _understood(session, piece.text)
    session.resume(then)
    return told


def _understood(session: IrcDialect, text: str) -> tuple[bytes, Sequence[core.Command]]:
    exchange = session.sasl
    if not session.caps_out & SASL:
        return failed(session, "Request the capability sasl before"), ()
    if text == "*":
        return aborted(session), ()
    if len(text) > CHUNK_BYTES:
        return _too_long(session), ()
    if exchange is None:
        return _begun(session, text.upper()), ()
    exchange.received += "" if text == "+" else text
    if len(exchange.received) > MESSAGE_BYTES:
        return _too_long(session), ()
    if len(text) == CHUNK_BYTES:
        return b"", ()
    received, exchange.received = exchange.received, ""
    try:
        data = base64.b64decode(received, validate=True)
    except (binascii.Error, ValueError):
        return failed(session, "That is not base64"), ()
    return b"", [core.Authenticate(exchange.mechanism, data, exchange.exchange, SaslPurpose())]


def _begun(session: IrcDialect, mechanism: str) -> bytes:
    offered = [name for name in MECHANISMS if session.is_confidential or name != _PLAIN]
    if mechanism not in offered:
        text = "are available SASL mechanisms"
        open_line = mechanism == _PLAIN
        why = "PLAIN would show your password on this unencrypted connection" if open_line else ""
        known = session.numeric(numerics.RPL_SASLMECHS, ",".join(offered), text=text)
        return known + failed(session, why)
    session.sasl = SaslExchange(mechanism)
    return line("AUTHENTICATE +")


def failed(session: IrcDialect, why: str = "") -> bytes:
    """904: the exchange is over, another may begin."""
    session.sasl = None
    text = f"SASL authentication failed{f': {why}' if why else ''}"
    return session.numeric(numerics.ERR_SASLFAIL, text=text)


def aborted(session: IrcDialect) -> bytes:
    """906."""
    session.sasl = None
    return session.numeric(numerics.ERR_SASLABORTED, text="SASL authentication aborted")


def _too_long(session: IrcDialect) -> bytes:
    session.sasl = None
    return session.numeric(numerics.ERR_SASLTOOLONG, text="SASL message too long")


def succeeded(session: IrcDialect) -> bytes:
    """903."""
    session.sasl = None
    return session.numeric(numerics.RPL_SASLSUCCESS, text="SASL authentication successful")


def say_challenge(session: IrcDialect, challenge: replies.Challenge) -> bytes:
    """The server's next message, in pieces."""
    if session.sasl is not None:
        session.sasl.exchange = challenge.exchange
    session.resume()
    return b"".join(line(f"AUTHENTICATE {piece}") for piece in chunks(challenge.data))


def chunks(data: bytes) -> list[str]:
    """A message as AUTHENTICATE takes it; a last piece of full length is followed by an empty one."""
    text = base64.b64encode(data).decode()
    cut = [text[at : at + CHUNK_BYTES] for at in range(0, len(text), CHUNK_BYTES)]
    return cut if cut and len(cut[-1]) < CHUNK_BYTES else [*cut, "+"]


COMMANDS: dict[str, CommandSpec] = {
    "AUTHENTICATE": CommandSpec(
        authenticate,
        1,
        early=True,
        params="<mechanism>|<message>|+|*",
        about="Logs you in to your account by SASL. Your client does this by itself, given the password.",
    ),
}

REPLIES: dict[type, ReplyEncoder] = {AuthenticateChunk: say_chunk, replies.Challenge: say_challenge}
