"""AUTHENTICATE: a SASL exchange, before registration and after (IRCv3 sasl-3.1, sasl-3.2).

Owns the chunks of a message and the state between two of them; the mechanisms are the server's.
"""

import base64
import binascii
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from asyncchat.core.commands import Command, DialectReply
from asyncchat.core.features.accounts import Authenticate, Challenge
from asyncchat.core.scram import ScramFault
from asyncchat.dialects.base import Way
from asyncchat.dialects.irc import client_numerics, numerics
from asyncchat.dialects.irc import client_values as values
from asyncchat.dialects.irc.capabilities import capability
from asyncchat.dialects.irc.client_connection import ClientConnection, ServerLine
from asyncchat.dialects.irc.client_registry import from_server
from asyncchat.dialects.irc.registry import command, reply
from asyncchat.dialects.irc.serialize import CHUNK_BYTES, chunks, line, numeric
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.dialects.irc.tokens import Message

_PLAIN = "PLAIN"

MECHANISMS: Final = (_PLAIN, "SCRAM-SHA-256")
"""The mechanisms of SASL for all."""

EXTERNAL: Final = "EXTERNAL"
"""For clients that showed a certificate over TLS (RFC 4422, appendix A): it names the account."""


def _mechanisms(way: Way) -> tuple[str, ...]:
    return (*MECHANISMS, EXTERNAL) if way is Way.CERTIFICATE else MECHANISMS


SASL: Final = capability("sasl", "extensions/sasl-3.2", value=lambda _server, way: ",".join(_mechanisms(way)))

MESSAGE_BYTES = 4000
"""Longest message in base64: a name, a password and what SCRAM adds to them need less than half of it."""


class SaslPurpose(msgspec.Struct, frozen=True):
    """Purpose of what an exchange asks."""


@dataclass(slots=True)
class SaslExchange:
    """An exchange that is not over: what of a message has come, and where the mechanism stands."""

    mechanism: str
    received: str = ""
    exchange: object = None


@command(
    "AUTHENTICATE <mechanism>|<message>|+|*",
    "Logs you in to your account by SASL. Your client does this by itself if it knows the password.",
    least=1,
    early=True,
)
def _authenticate(session: IrcSession, message: Message) -> Sequence[Command]:
    """Takes the next chunk of a message; a whole message is the mechanism's."""
    text = message.params[0]
    exchange = session.state(SaslExchange)
    if not session.caps_in & SASL:
        return [_failed(session, "Request the capability sasl first")]
    if text == "*":
        session.forget(SaslExchange)
        return [numeric(numerics.ERR_SASLABORTED, text="SASL authentication aborted")]
    if len(text) > CHUNK_BYTES:
        session.forget(SaslExchange)
        return [numeric(numerics.ERR_SASLTOOLONG, text="SASL message too long")]
    if exchange is None:
        return _begun(session, text.upper())
    exchange.received += "" if text == "+" else text
    if len(exchange.received) > MESSAGE_BYTES:
        return [_failed(session, f"The message is longer than {MESSAGE_BYTES} bytes")]
    if len(text) == CHUNK_BYTES:
        return []
    received, exchange.received = exchange.received, ""
    try:
        data = base64.b64decode(received, validate=True)
    except (binascii.Error, ValueError):
        return [_failed(session, "That is not base64")]
    return [Authenticate(exchange.mechanism, data, exchange.exchange, SaslPurpose())]


def _begun(session: IrcSession, mechanism: str) -> Sequence[Command]:
    offered = [name for name in _mechanisms(session.way) if session.is_confidential or name != _PLAIN]
    if mechanism not in offered:
        text = "are available SASL mechanisms"
        open_line = mechanism == _PLAIN
        why = "PLAIN would show your password on this unencrypted connection" if open_line else ""
        if mechanism == EXTERNAL:
            why = "EXTERNAL needs a certificate, which your client must show over TLS"
        known = numeric(numerics.RPL_SASLMECHS, ",".join(offered), text=text)
        return [known, _failed(session, why)]
    session.keep(SaslExchange(mechanism))
    return [DialectReply(line("AUTHENTICATE +"))]


def _failed(session: IrcSession, why: str) -> DialectReply:
    session.forget(SaslExchange)
    return numeric(numerics.ERR_SASLFAIL, text=_failure(why))


def _failure(why: str) -> str:
    return f"SASL authentication failed{f': {why}' if why else ''}"


def failed(session: IrcSession, why: str = "") -> bytes:
    """904: the exchange is over, another may begin."""
    session.forget(SaslExchange)
    return session.numeric(numerics.ERR_SASLFAIL, text=_failure(why))


def succeeded(session: IrcSession) -> bytes:
    """903."""
    session.forget(SaslExchange)
    return session.numeric(numerics.RPL_SASLSUCCESS, text="SASL authentication successful")


@reply(Challenge)
def _say_challenge(session: IrcSession, challenge: Challenge) -> bytes:
    exchange = session.state(SaslExchange)
    if exchange is not None:
        exchange.exchange = challenge.exchange
    return b"".join(line(f"AUTHENTICATE {piece}") for piece in chunks(challenge.data))


# The client's side.


@from_server("AUTHENTICATE")
def _read_authenticate(client: ClientConnection, line: ServerLine) -> Iterable[values.Value]:
    if client.login is None or not client.login.under_way:
        return ()
    try:
        for step in client.login.answer(line.param(0)):
            client.send(*step)
    except ScramFault as fault:
        return (values.LoginRefused(str(fault)),)
    return ()


@from_server(numerics.RPL_SASLSUCCESS)
def _read_success(client: ClientConnection, _line: ServerLine) -> Iterable[values.Value]:
    """The server must have shown that it knows the password."""
    if client.login is None or not client.login.under_way:
        return ()
    client.login.under_way = False
    if not client.login.done:
        return (values.LoginRefused("the server did not show that it knows the password"),)
    client.send("CAP", "END")
    return ()


@from_server(
    client_numerics.ERR_NICKLOCKED, numerics.ERR_SASLFAIL, numerics.ERR_SASLTOOLONG, numerics.ERR_SASLABORTED
)
def _read_failure(client: ClientConnection, line: ServerLine) -> Iterable[values.Value]:
    if client.login is None or not client.login.under_way:
        return ()
    client.login.under_way = False
    return (values.LoginRefused(line.last),)
