"""The host that others see a person come from: CHGHOST (IRCv3 chghost)."""

from collections.abc import Iterable, Sequence
from typing import Final

from asyncchat.core.commands import Command
from asyncchat.core.events import Record
from asyncchat.core.features.host import ChangeHost, HostAlready, HostChanged, HostNotAllowed, HostShown
from asyncchat.core.features.rooms import Joined
from asyncchat.core.roles import ROLES
from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.capabilities import capability
from asyncchat.dialects.irc.client_connection import ClientConnection, ServerLine
from asyncchat.dialects.irc.client_registry import from_server, silent, to_server
from asyncchat.dialects.irc.client_server import wanted
from asyncchat.dialects.irc.client_values import Value
from asyncchat.dialects.irc.encoder_base import EncoderBase
from asyncchat.dialects.irc.features import rooms
from asyncchat.dialects.irc.modes import ROLE_LETTERS
from asyncchat.dialects.irc.registry import (
    by_the_server,
    command,
    lines,
    refusal,
    to_self,
    to_siblings,
    watched,
)
from asyncchat.dialects.irc.serialize import line
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.dialects.irc.tokens import Message

CHGHOST: Final = capability("chghost", "extensions/chghost", changes=True)


@command(
    "CHGHOST <nickname> <host>",
    "Shows a person as coming from another host, until the person leaves (operators).",
    least=2,
)
def _chghost(session: IrcSession, message: Message) -> Sequence[Command]:
    return [ChangeHost(message.params[0], message.params[1])]


refusal(
    HostNotAllowed,
    numerics.ERR_UNKNOWNERROR,
    "CHGHOST {r.host}",
    "Letters, digits and . : / - _ only, at most 63",
)
refusal(HostAlready, numerics.ERR_UNKNOWNERROR, "CHGHOST {r.name}", "The host is {r.host} already")


@lines(HostChanged)
def _host_lines(encoder: EncoderBase, event: HostChanged) -> bytes:
    """CHGHOST; others see the person quit, and ``HostShown`` brings it back."""
    if encoder.caps & CHGHOST:
        return line(f":{event.person.origin} CHGHOST {event.now.user} {event.now.host}")
    return line(f":{event.person.origin} QUIT", "Changing host")


@watched(HostChanged)
def _watched_host_lines(encoder: EncoderBase, event: HostChanged) -> bytes:
    """CHGHOST alone: those who share no room with the person saw no QUIT."""
    return _host_lines(encoder, event) if encoder.caps & CHGHOST else b""


@lines(HostShown, cause=by_the_server)
def _shown_lines(encoder: EncoderBase, event: HostShown) -> bytes:
    """JOIN and MODE, for those who saw a QUIT."""
    if encoder.caps & CHGHOST:
        return b""
    told = rooms.join_lines(encoder, Joined(event.room, event.person, away=event.away))
    name = event.person.name
    letters = [ROLE_LETTERS[role.name] for role in ROLES if event.roles & role.bit]
    if letters:
        told += line(f":{encoder.source} MODE {event.room} +{''.join(letters)}{f' {name}' * len(letters)}")
    return told


@to_self(HostChanged)
def _host_changed(session: IrcSession, record: Record, event: HostChanged) -> bytes:
    """Tells the person whose host it is, and the operator; either may be both."""
    told = b""
    if event.now.id == session.id:
        session.take_name(event.now)
        told = session.encoder.encode(record) if session.caps_out & CHGHOST else b""
        told += session.numeric(numerics.RPL_VISIBLEHOST, event.now.host, text="is now your visible host")
    elif session.id in event.to:
        told = session.encoder.encode(record)
    if event.by.id == session.id:
        told += session.notice(f"{event.now.name} has the host {event.now.host} now")
    return told


@to_siblings(HostChanged)
def _host_changed_by_sibling(session: IrcSession, record: Record, event: HostChanged, _alone: bool) -> bytes:
    return _host_changed(session, record, event) if event.now.id == session.id else b""


@to_self(HostShown)
def _host_shown(session: IrcSession, record: Record, event: HostShown) -> bytes:
    """Tells an operator that is in the room the same as others."""
    return session.encoder.encode(record) if session.id in event.to else b""


# The client's side.

wanted("chghost")
silent(numerics.RPL_VISIBLEHOST)


@from_server("CHGHOST")
def _read_chghost(client: ClientConnection, line: ServerLine) -> Iterable[Value]:
    """Our own host counts for how long our lines may be."""
    nick = line.nick
    if client.is_own(nick) and line.param(1):
        client.learn_origin(f"{nick}!{line.param(0)}@{line.param(1)}")
    return ()


to_server(ChangeHost)(lambda _, c: ("CHGHOST", c.name, c.host))
