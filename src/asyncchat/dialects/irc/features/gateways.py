"""Gateways: WEBIRC, with which one says for whom it has connected (IRCv3 "webirc")."""

from collections.abc import Sequence

import msgspec

from asyncchat.core.commands import Command
from asyncchat.core.features.gateways import ConnectedFor, ConnectFor, GatewayRefused
from asyncchat.dialects.base import Way
from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.registry import command, refusal, reply
from asyncchat.dialects.irc.serialize import numeric
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.dialects.irc.tokens import Message


class Through(msgspec.Struct, frozen=True):
    """The gateway by which a session has come."""

    gateway: str


def gateway_of(session: IrcSession) -> str:
    """The name of the gateway by which a session has come, or empty."""
    through = session.state(Through)
    return "" if through is None else through.gateway


@command(
    "WEBIRC <password> <gateway> <hostname> <address> [:<options>]",
    "Says for whom a gateway has connected; its first line.",
    least=4,
    early=True,
)
def _webirc(session: IrcSession, message: Message) -> Sequence[Command]:
    if session.entered or session.caps_in or not session.registration.is_new:
        return [numeric(numerics.ERR_ALREADYREGISTERED, text="WEBIRC must be the first line")]
    session.registration.gateway = True
    password, gateway, _hostname, address = message.params[:4]
    # An option may get a value some day; then it still means the same.
    options = {option.partition("=")[0] for option in message.param(4).split(" ")}
    return [ConnectFor(password, gateway, address, "secure" in options)]


@reply(ConnectedFor)
def _say_connected_for(session: IrcSession, reply: ConnectedFor) -> bytes:
    """Says nothing."""
    session.host, session.is_confidential = reply.host, reply.private
    session.way = Way.TLS if reply.secure else Way.OPEN
    session.keep(Through(reply.gateway))
    return b""


refusal(GatewayRefused, numerics.ERR_PASSWDMISMATCH, "", "WEBIRC is refused: {r.reason}")
