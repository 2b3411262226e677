"""Operators of the server: OPER, OWNER, WALLOPS; CONNECT, SQUIT, DIE, RESTART are refused.

Owns their words (Modern IRC, "Operator Messages"); who may, the core decides.
"""

from collections.abc import Sequence

from asyncchat.core.commands import Command
from asyncchat.core.events import Record
from asyncchat.core.features import opers
from asyncchat.core.features.opers import Announce, Announced
from asyncchat.core.replies import NotServerOperator
from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.client_registry import to_server
from asyncchat.dialects.irc.encoder_base import EncoderBase
from asyncchat.dialects.irc.features.server import no_such_server
from asyncchat.dialects.irc.registry import (
    command,
    lines,
    refusal,
    reply,
    to_self,
    to_siblings,
    to_siblings_as_to_self,
)
from asyncchat.dialects.irc.serialize import Numeric, line, numeric
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.dialects.irc.tokens import Message


@command(
    "OPER <name> <password>",
    "Makes you a server operator. With the name owner and the owner code you own this server.",
    least=2,
)
def _oper(session: IrcSession, message: Message) -> Sequence[Command]:
    """Grants operator rights for the owner code, ``OPER owner CODE``, or as a named operator."""
    name, code = message.params[:2]
    return [opers.Oper(code, "" if name.casefold() == "owner" else name)]


@command(
    "OWNER [<name>] <password>",
    "Makes you a server operator, as OPER does; the owner needs the owner code only.",
    least=1,
)
def _owner(session: IrcSession, message: Message) -> Sequence[Command]:
    """``OPER`` in the words of a terminal: ``OWNER CODE``, ``OWNER NAME PASSWORD``."""
    params = message.params if len(message.params) > 1 else ("owner", message.params[0])
    return _oper(session, Message("OPER", params))


@command(
    "CONNECT <server> [<port> [<server>]]",
    "Is not supported: there is no other server to link (operators).",
    least=1,
)
def _connect(session: IrcSession, message: Message) -> Sequence[Command]:
    return [opers.RequireOper(no_such_server(message.params[0]).value)]


@command("SQUIT <server> :<reason>", "Is not supported: there is no link to end (operators).", least=2)
def _squit(session: IrcSession, message: Message) -> Sequence[Command]:
    """Refuses: there is no link to end, and this server is stopped as a program is."""
    server = message.params[0]
    if session.context.is_called(server):
        return _not_from_here("squit")
    return [opers.RequireOper(no_such_server(server).value)]


@command("DIE", "Is refused: a server is stopped where it was started (operators).")
def _die(session: IrcSession, message: Message) -> Sequence[Command]:
    return _not_from_here("die")


@command("RESTART", "Is refused: a server is restarted where it was started (operators).")
def _restart(session: IrcSession, message: Message) -> Sequence[Command]:
    return _not_from_here("restart")


def _not_from_here(right: str) -> Sequence[Command]:
    text = "Insufficient oper privileges: stop it where it was started"
    return [opers.RequireOper(numeric(numerics.ERR_NOPRIVS, right, text=text).value)]


@command("SESSIONKEY", "Tells the key with which this session may administer over HTTP (operators).")
def _session_key(session: IrcSession, _message: Message) -> Sequence[Command]:
    """Tells it in 005, as what a page knows of the server."""
    key = session.context.session_key(session.id, session.session)
    told = numeric(numerics.RPL_ISUPPORT, f"asyncchat/KEY={key}", text="is supported by this server")
    return [opers.RequireOper(told.value)]


@reply(opers.OperOnly)
def _say_owner_only(session: IrcSession, reply: opers.OperOnly) -> bytes:
    value = reply.context
    return session.numeric(value.code, *value.words, text=value.text) if isinstance(value, Numeric) else b""


refusal(opers.WrongCode, numerics.ERR_PASSWDMISMATCH, "", "Password incorrect")
refusal(opers.NotFromHere, numerics.ERR_NOOPERHOST, "", "No O-lines for your host")
refusal(NotServerOperator, numerics.ERR_NOPRIVILEGES, "", "Permission Denied- You're not an IRC operator")


def _own_mode(session: IrcSession, mode: str) -> bytes:
    return line(f":{session.nick} MODE {session.nick}", mode)


@to_self(opers.OperGranted)
def _oper_granted(session: IrcSession, _record: Record, _event: opers.OperGranted) -> bytes:
    text = "You are now an IRC operator"
    return session.numeric(numerics.RPL_YOUREOPER, text=text) + _own_mode(session, "+o")


@to_siblings(opers.OperGranted)
def _oper_granted_to_sibling(
    session: IrcSession, _record: Record, _event: opers.OperGranted, _alone: bool
) -> bytes:
    return _own_mode(session, "+o")


@to_self(opers.OperResigned)
def _oper_resigned(session: IrcSession, _record: Record, _event: opers.OperResigned) -> bytes:
    return _own_mode(session, "-o")


to_siblings_as_to_self(opers.OperResigned)


@command("WALLOPS :<text>", "Sends a message to everybody with the user mode w (operators).", least=1)
def _wallops(session: IrcSession, message: Message) -> Sequence[Command]:
    return [Announce(message.params[0])]


@lines(Announced)
def _wallops_lines(_encoder: EncoderBase, event: Announced) -> bytes:
    return line(f":{event.person.origin} WALLOPS", event.text)


# The client's side.


to_server(opers.Oper)(lambda _, c: ("OPER", c.name or "owner", c.code))
to_server(opers.Resign)(lambda server, _command: ("MODE", server.nick, "-o"))

to_server(Announce)(lambda _, c: ("WALLOPS", c.text))
