"""People and their connections: NICK, USER, PASS, SETNAME, PING, QUIT ("Connection Messages")."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from asyncchat.core.commands import Command, DialectReply, Pause
from asyncchat.core.events import Record
from asyncchat.core.features import accounts, connect, presence, server
from asyncchat.core.features.metadata.api import MetadataTold
from asyncchat.core.replies import AccountFault, AccountRefused, DailyQuotaUsed, NotConnectedYet, StorageDown
from asyncchat.core.text import cut, printable, size
from asyncchat.dialects.irc import client_numerics, modes, numerics
from asyncchat.dialects.irc import client_values as values
from asyncchat.dialects.irc.capabilities import capability, token
from asyncchat.dialects.irc.client_connection import BARRIER, ClientConnection, ServerLine, nick_of
from asyncchat.dialects.irc.client_registry import from_server, silent
from asyncchat.dialects.irc.encoder_base import EncoderBase
from asyncchat.dialects.irc.features import autoreplay
from asyncchat.dialects.irc.features.gateways import gateway_of
from asyncchat.dialects.irc.features.metadata import say_unasked
from asyncchat.dialects.irc.features.server import isupport_of, lusers_lines, motd_lines
from asyncchat.dialects.irc.registry import command, lines, numeric_of, refusal, reply, to_self, to_siblings
from asyncchat.dialects.irc.serialize import hollow, line, numeric, reason_of
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.dialects.irc.shared_state import SharedState
from asyncchat.dialects.irc.tokens import Message

REALNAME_BYTES: Final = 150
"""Longest real name: fits a WHOIS line beside the longest names."""

USER_LENGTH: Final = 12
"""Longest user name (USERLEN): it goes before every message, beside a nick that may be long."""

SETNAME: Final = capability("setname", "extensions/setname", changes=True)
WHOAMI: Final = capability(
    "draft/whoami", "https://github.com/ircv3/ircv3-specifications/pull/603", needs=("chghost", "setname")
)

token("NAMELEN", REALNAME_BYTES)
token("USERLEN", USER_LENGTH)

_NOT_IN_USER = re.compile(r"[^A-Za-z0-9_.~\[\]{}|`^\\-]+")


@command("NICK <nickname>", "Takes a nickname, or another one.", early=True)
def _nick(session: IrcSession, message: Message) -> Sequence[Command]:
    name = message.param(0)
    if not name:
        return [numeric(numerics.ERR_NONICKNAMEGIVEN, text="No nickname given")]
    if session.entered:
        return [connect.Rename(name)]
    pending = session.registration
    pending.nick = pending.wanted = name
    if pending.complete:
        return enter(session)
    if session.context.server.locked and not pending.unlocked:
        return []  # without the password nobody learns who is here
    return [connect.CheckName(name)]


@command(
    "USER <username> 0 * :<realname>",
    "Gives your user name and real name, once, before you are let in.",
    least=4,
    early=True,
)
def _user(session: IrcSession, message: Message) -> Sequence[Command]:
    if session.entered:
        return [_already()]
    given = _NOT_IN_USER.sub("", message.params[0])
    pending = session.registration
    pending.user = given[:USER_LENGTH] or "user"
    pending.realname = cut(printable(message.params[3]), REALNAME_BYTES)[0]
    return enter(session) if pending.complete else []


class PassPurpose(msgspec.Struct, frozen=True):
    """Purpose of a login with PASS."""


def enter(session: IrcSession) -> Sequence[Command]:
    """Asks to become a person, now that all is known for it; where there is a password, shows it before.

    Where there is none, ``PASS account:password`` logs in: what clients can that know no SASL.
    """
    pending = session.registration
    if session.context.server.locked and not pending.unlocked:
        return [server.Unlock(pending.password, last=True)]
    account, colon, shown = pending.password.partition(":")
    pending.password = ""
    if colon and account and shown and not (session.context.server.locked or pending.account):
        if not session.is_confidential:
            return [Pause(AccountRefused(AccountFault.OPEN, account, context=PassPurpose()))]
        return [accounts.LogInWithPassword(account, shown, PassPurpose())]
    return [entering(session)]


def entering(session: IrcSession) -> connect.Connect:
    """Asks to become a person."""
    pending = session.registration
    return connect.Connect(
        pending.nick,
        pending.user,
        session.host,
        pending.realname,
        account=pending.account,
        away=pending.away,
        metadata=pending.metadata,
        keys=pending.keys,
        code=pending.code,
        gateway=gateway_of(session),
        verifier=pending.verifier,
    )


@command(
    "PASS <password>",
    "Gives the server's password, before NICK and USER, if it has one.",
    least=1,
    early=True,
)
def _password(session: IrcSession, message: Message) -> Sequence[Command]:
    """Takes the server's password; of several the last one counts (RFC 2812, 3.1.1)."""
    if session.entered:
        return [_already()]
    session.registration.password = message.params[0]
    return []


def _already() -> DialectReply:
    return numeric(numerics.ERR_ALREADYREGISTERED, text="You may not reregister")


@command(
    "PING <token>",
    "Asks the server whether the connection works; it answers PONG with the same token.",
    least=1,
    early=True,
    filled=0,
)
def _ping(session: IrcSession, message: Message) -> Sequence[Command]:
    token = message.params[0]
    if not token:
        return [numeric(numerics.ERR_NOORIGIN, text="No origin specified")]
    return [DialectReply(line(f":{session.context.name} PONG {session.context.name}", token))]


@command("PONG <token>", "Answers the server's PING. Your client does this by itself.", early=True)
@command(
    "ERROR :<reason>",
    "Is sent by a server before it closes a connection; from a client it means nothing.",
    early=True,
)
def _nothing(session: IrcSession, message: Message) -> Sequence[Command]:
    """Asks for nothing: that something came is all it says."""
    return []


@command("QUIT [:<reason>]", "Leaves the server.", early=True)
def _quit(session: IrcSession, message: Message) -> Sequence[Command]:
    """Leaves, with the prefix that tells a person's reason from a server's."""
    reason = reason_of(message.param(0))
    return [connect.Quit(f"Quit: {reason}" if reason else "")]


@command("SETNAME :<realname>", "Changes your real name.", least=1, filled=0)
def _setname(session: IrcSession, message: Message) -> Sequence[Command]:
    text = message.params[0]
    if not text.strip() or size(text) > REALNAME_BYTES or printable(text) != text:
        why = f"A real name has 1 to {REALNAME_BYTES} bytes that can be shown"
        return [session.fail_answer("SETNAME", "INVALID_REALNAME", text=why)]
    return [connect.SetRealname(text)]


@reply(server.Unlocked)
def _say_unlocked(session: IrcSession, reply: server.Unlocked) -> bytes:
    """Says nothing; the registration goes on."""
    session.registration.unlocked = True
    session.registration.code = reply.code
    session.ask_next(entering(session))
    return b""


@reply(connect.Welcome)
def _say_welcome(session: IrcSession, reply: connect.Welcome) -> bytes:
    account = "" if session.registration.account else reply.person.account
    session.become(reply.person)
    autoreplay.welcomed(session, reply.missed)
    isupport = isupport_of(session)
    name = reply.person.name
    own = say_unasked(session, MetadataTold(name, tuple((name, *one) for one in reply.metadata)))
    nick = reply.person.name.encode("utf-8", "replace")
    whoami = line(f":{reply.person.origin} SETNAME", reply.person.realname)
    return b"".join(
        (
            session.context.rendered(opening).replace(b"\0", nick),
            isupport,
            session.numeric(
                numerics.RPL_LOGGEDIN, session.origin, account, text=f"You are now logged in as {account}"
            )
            if account
            else b"",
            whoami if session.caps_out & WHOAMI else b"",
            lusers_lines(session.context, reply.person.name, reply.counts),
            own,
            session.context.rendered(motd_lines).replace(b"\0", nick),
        )
    )


def opening(context: SharedState) -> bytes:
    """001 to 004 with a NUL wherever the requester's nick goes."""
    started = datetime.fromtimestamp(context.server.started / 1_000_000, UTC)
    created = f"This server was started {started:%a %d %b %Y at %H:%M:%S} UTC"
    known = (
        f" {context.name} {context.software} {modes.USER_MODES} {modes.ROOM_MODES} "
        f"{modes.ROOM_MODES_WITH_PARAMETER}"
    )
    said = (
        (numerics.RPL_WELCOME, "", f"Welcome to {context.name}, \0"),
        (numerics.RPL_YOURHOST, "", f"Your host is {context.name}, running {context.software}"),
        (numerics.RPL_CREATED, "", created),
        (numerics.RPL_MYINFO, known, None),
    )
    return b"".join(hollow(context.name, *one) for one in said)


@reply(connect.RealnameFixed)
def _say_realname_fixed(session: IrcSession, refusal: connect.RealnameFixed) -> bytes:
    why = f"You can't change your real name while you are banned or muted in {refusal.room}"
    return session.fail("SETNAME", "CANNOT_CHANGE_REALNAME", text=why)


def person_changed(
    session: IrcSession,
    record: Record,
    event: presence.Renamed | presence.RealnameChanged | presence.LoggedIn | presence.LoggedOut,
    alone: bool,
) -> bytes:
    """Tells another session of a person that it has another name or account, where no room tells it."""
    if event.now.id != session.id:
        return b""
    session.take_name(event.now)
    return session.encoder.encode(record) if alone else b""


refusal(NotConnectedYet, numerics.ERR_NOTREGISTERED, "", "You have not registered")
refusal(connect.AlreadyConnected, numerics.ERR_ALREADYREGISTERED, "", "You may not reregister")
refusal(connect.NameTaken, numerics.ERR_NICKNAMEINUSE, "{r.name}", "Nickname is already in use")
refusal(
    connect.NameNotAllowed,
    numerics.ERR_ERRONEUSNICKNAME,
    "{r.name}",
    "That nickname is not allowed: {r.reason}",
)
refusal(
    connect.NameFixed,
    numerics.ERR_BANONCHAN,
    "{r.name} {r.room}",
    "You can't change your nickname while you are banned or muted in this channel",
)
numeric_of(server.WrongPassword)(
    lambda r: (
        numerics.ERR_PASSWDMISMATCH,
        (),
        f"Too many wrong passwords came from your network: wait {r.wait} s"
        if r.wait
        else f"Password incorrect: {r.reason}"
        if r.reason
        else "Password incorrect"
        if r.given
        else "This server asks for a password: PASS before NICK and USER",
    )
)
refusal(
    DailyQuotaUsed,
    numerics.ERR_UNKNOWNERROR,
    "*",
    "Not accepted: the guests of your network have sent as much as they may in a day. Log in to an account",
)
refusal(
    StorageDown, numerics.ERR_UNKNOWNERROR, "*", "Not accepted: the history can't be written at the moment"
)


@to_self(presence.Connected, presence.SessionAttached)
def _entered(
    session: IrcSession, record: Record, event: presence.Connected | presence.SessionAttached
) -> bytes:
    """Says nothing: the greeting is a reply."""
    autoreplay.comes(session, record, event.person.account)
    return b""


@lines(presence.Left)
def _quit_lines(_encoder: EncoderBase, event: presence.Left) -> bytes:
    return line(f":{event.person.origin} QUIT", event.reason or "Quit")


@to_self(presence.Left)
def _left(session: IrcSession, record: Record, event: presence.Left) -> bytes:
    """ERROR; QUIT of another person, which this one put out."""
    if event.person.id != session.id:
        return session.encoder.encode(record)
    return session.closing_bytes(event.reason)


@lines(presence.Renamed)
def _nick_lines(_encoder: EncoderBase, event: presence.Renamed) -> bytes:
    return line(f":{event.person.origin} NICK {event.now.name}")


@to_self(presence.Renamed)
def _renamed(session: IrcSession, record: Record, event: presence.Renamed) -> bytes:
    told = session.encoder.encode(record)
    session.take_name(event.now)
    return told


@lines(presence.RealnameChanged)
def _setname_lines(encoder: EncoderBase, event: presence.RealnameChanged) -> bytes:
    if not encoder.caps & SETNAME:
        return b""
    return line(f":{event.person.origin} SETNAME", event.now.realname)


@to_self(presence.RealnameChanged)
def _realname_changed(session: IrcSession, record: Record, event: presence.RealnameChanged) -> bytes:
    session.take_name(event.now)
    return session.encoder.encode(record)


to_siblings(presence.Renamed, presence.RealnameChanged)(person_changed)


# The client's side.

silent(numerics.RPL_YOURHOST, numerics.RPL_CREATED, numerics.RPL_MYINFO, client_numerics.RPL_YOURID)


@from_server("PING")
def _read_ping(client: ClientConnection, line: ServerLine) -> Iterable[values.Value]:
    client.send("PONG", *line.params[-1:])
    return ()


@from_server("PONG")
def _read_pong(client: ClientConnection, line: ServerLine) -> Iterable[values.Value]:
    """Answers our PING; one behind messages confirms them."""
    token = line.last
    number = token.removeprefix(BARRIER)
    if number == token:
        yield values.Pong(token)
    elif number.isascii() and number.isdigit() and len(number) < 18:
        for pending in client.sending.passed(int(number)):
            yield from client.acknowledge(pending, "", line.received)


@from_server("ERROR")
def _read_error(_client: ClientConnection, line: ServerLine) -> Iterable[values.Value]:
    return (values.Closing(line.last),)


@from_server("NICK")
def _read_nick(client: ClientConnection, line: ServerLine) -> Iterable[values.Value]:
    nick, new = line.nick, line.param(0)
    if not new:
        return ()
    own = client.is_own(nick)
    rooms = client.rooms.rename_member(nick, new)
    if own:
        client.nick = new
        client.origin = new + client.origin[len(nick_of(client.origin)) :]
    return (values.Renamed(line.time, nick, new, rooms, own),)


@from_server("QUIT")
def _read_quit(client: ClientConnection, line: ServerLine) -> Iterable[values.Value]:
    """The person leaves each room that we see."""
    nick = line.nick
    for room in client.rooms.of(nick):
        own = client.rooms.remove(room, nick)
        yield values.Left(line.time, room, nick, line.param(0), own)


@from_server(numerics.RPL_WELCOME)
def _read_welcome(client: ClientConnection, line: ServerLine) -> Iterable[values.Value]:
    """Our nick, and often how others see us."""
    client.welcomed = True
    client.nick = line.param(0) or client.nick
    client.origin = client.nick
    last = line.last.rpartition(" ")[2]
    if nick_of(last) == client.nick:
        client.learn_origin(last)
    client.server.negotiating = False
    return ()


@from_server(numerics.RPL_ENDOFMOTD, numerics.ERR_NOMOTD)
def _read_ready(client: ClientConnection, line: ServerLine) -> Iterable[values.Value]:
    if client.registered or not client.welcomed:
        return ()
    client.registered = True
    return (values.Registered(client.nick, line.source),)


@from_server(
    numerics.ERR_ERRONEUSNICKNAME,
    numerics.ERR_NICKNAMEINUSE,
    client_numerics.ERR_NICKCOLLISION,
    client_numerics.ERR_UNAVAILRESOURCE,
)
def _read_nick_refused(client: ClientConnection, line: ServerLine) -> Iterable[values.Value]:
    nick = line.param(1) if len(line.params) > 2 else client.nick
    return (values.NickRefused(nick, line.last, line.command != numerics.ERR_ERRONEUSNICKNAME),)


@from_server(numerics.ERR_PASSWDMISMATCH)
def _read_password_refused(client: ClientConnection, line: ServerLine) -> Iterable[values.Value]:
    """The server's password is wrong, or an OPER's."""
    if client.welcomed:
        return client.refuse(line, (), line.last)
    return (values.PasswordRefused(line.last),)
