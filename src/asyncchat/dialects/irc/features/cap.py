"""Negotiating capabilities: CAP (IRCv3 capability-negotiation).

Owns the command's language; what each capability is stands in ``irc.capabilities``. A request is decided when
it is read, so that the next line is understood by it, and takes effect on what is told when it is answered.
"""

from collections.abc import Iterable, Sequence

import msgspec

from asyncchat.core.commands import Command, DialectReply
from asyncchat.core.features.opers import OfferRenewed
from asyncchat.dialects.irc import client_values as values
from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.capabilities import CAP_NOTIFY, STS, VERSION_WITH_VALUES, Offer, gathered, named
from asyncchat.dialects.irc.client_connection import ClientConnection, ServerLine
from asyncchat.dialects.irc.client_registry import from_server
from asyncchat.dialects.irc.features.connect import enter
from asyncchat.dialects.irc.features.sasl import SaslExchange
from asyncchat.dialects.irc.features.server import isupport_of, token_lines
from asyncchat.dialects.irc.labels import LabelStart
from asyncchat.dialects.irc.registry import command, reply
from asyncchat.dialects.irc.serialize import BODY_BYTES, line, middle, numeric
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.dialects.irc.tokens import Message

_HIGHEST_VERSION = 999_999_999
"""What a version of more digits counts as: any server does what it can."""


class Listing(msgspec.Struct, frozen=True):
    """CAP LS (``offered``) in this version's form, or CAP LIST."""

    version: int
    offered: bool


class Verdict(msgspec.Struct, frozen=True):
    """The answer to a CAP REQ of these words: the set held from now on, or None: nothing changes."""

    words: str
    caps: int | None


@command(
    "CAP <subcommand> [:<capabilities>]",
    "Negotiates capabilities, which extend what a client and this server can do. Subcommands: LS, "
    "LIST, REQ, END.",
    least=1,
    early=True,
)
def _cap(session: IrcSession, message: Message) -> Sequence[Command]:
    subcommand = message.params[0].upper()
    if subcommand == "LS":
        session.negotiate()
        return [DialectReply(_listing(session, message.param(1)))]
    if subcommand == "REQ":
        session.negotiate()
        # The list should be one parameter; a client that forgot the colon means all the same.
        return [DialectReply(_verdict(session, " ".join(message.params[1:])))]
    if subcommand == "LIST":
        return [DialectReply(Listing(session.cap_version, offered=False))]
    if subcommand == "END":
        if session.entered or not session.registration.negotiating:
            return []
        session.registration.negotiating = False
        left: list[Command] = []
        if session.state(SaslExchange) is not None:
            session.forget(SaslExchange)
            left = [numeric(numerics.ERR_SASLABORTED, text="SASL authentication aborted")]
        return [*left, *enter(session)] if session.registration.complete else left
    return [numeric(numerics.ERR_INVALIDCAPCMD, middle(message.params[0]), text="Invalid CAP command")]


def _listing(session: IrcSession, asked: str) -> Listing:
    """A list in the version asked for; the highest one ever asked for is what the client can do."""
    number = asked.isascii() and asked.isdigit()
    version = int(asked[:10]) if number and len(asked) < 10 else _HIGHEST_VERSION if number else 0
    session.cap_version = max(session.cap_version, min(version, VERSION_WITH_VALUES))
    if session.cap_version >= VERSION_WITH_VALUES:
        session.set_caps_in(session.caps_in | CAP_NOTIFY)
    return Listing(version, offered=True)


def _verdict(session: IrcSession, words: str) -> Verdict:
    """Accepts all of a request or nothing; a client of version 302 can't turn ``cap-notify`` off."""
    caps = session.offer.requested(session.caps_in, words)
    if caps is None or (session.cap_version >= VERSION_WITH_VALUES and not caps & CAP_NOTIFY):
        return Verdict(words, None)
    session.set_caps_in(caps)
    return Verdict(words, caps)


@reply(Listing)
def _say_listing(session: IrcSession, value: Listing) -> bytes:
    """The capabilities there are, or those in use; in several lines only for clients that can read them."""
    if value.offered:
        subcommand, names = "LS", session.offer.listed(value.version)
        if value.version >= VERSION_WITH_VALUES:
            session.set_caps_out(session.caps_out | CAP_NOTIFY)
    else:
        subcommand, names = "LIST", named(session.caps_out)
    lines = gathered(names, _room(session, f"{subcommand} *"))
    if value.version < VERSION_WITH_VALUES:
        return b"".join(_line(session, subcommand, some) for some in lines[: 1 if value.offered else None])
    more = [_line(session, f"{subcommand} *", some) for some in lines[:-1]]
    return b"".join((*more, _line(session, subcommand, lines[-1])))


@reply(Verdict)
def _say_verdict(session: IrcSession, value: Verdict) -> bytes:
    """ACK and the change, or NAK and none, with the client's own words."""
    if value.caps is not None:
        session.set_caps_out(value.caps)
    subcommand = "NAK" if value.caps is None else "ACK"
    words = value.words.strip(" ")
    room = _room(session, subcommand)
    lines = [words] if len(words.encode()) <= room else gathered(words.split(), room)
    return b"".join(_line(session, subcommand, some) for some in lines)


@reply(OfferRenewed)
def _say_renewed(session: IrcSession, reply: OfferRenewed) -> bytes:
    """DEL for what is offered no longer, which ends, and NEW for what is new or has another value.

    005 tells of the tokens that are others or gone (Modern IRC, "RPL_ISUPPORT").
    """
    tokens = b""
    if reply.tokens and session.entered:
        tokens = isupport_of(session, token_lines(session.context.name, reply.tokens))
    return tokens + _offer_lines(session, reply.before)


def _offer_lines(session: IrcSession, offers: object) -> bytes:
    if not isinstance(offers, dict) or not session.caps_out & CAP_NOTIFY:
        return b""
    before: Offer = offers[session.way]
    now = session.offer
    gone = [name for name in before.values if name not in now.values and name != STS]  # it must not be ended
    new = [name for name, value in now.values.items() if before.values.get(name) != value]
    if session.cap_version >= VERSION_WITH_VALUES:
        new = [f"{name}={now.values[name]}" if now.values[name] else name for name in new]
    session.set_caps_in(session.caps_in & now.bits)
    session.set_caps_out(session.caps_out & now.bits)
    return b"".join(
        _line(session, subcommand, some)
        for subcommand, names in (("DEL", gone), ("NEW", new))
        if names
        for some in gathered(names, _room(session, subcommand))
    )


def _line(session: IrcSession, subcommand: str, text: str) -> bytes:
    return line(f":{session.context.name} CAP {session.nick} {subcommand}", text)


def _room(session: IrcSession, subcommand: str) -> int:
    """Bytes that a line has for names."""
    return BODY_BYTES - len(f":{session.context.name} CAP {session.nick} {subcommand} :".encode())


@reply(LabelStart)
def _start_label(session: IrcSession, start: LabelStart) -> bytes:
    return session.start_label(start)


# The client's side.


@from_server("CAP")
def _read_cap(client: ClientConnection, line: ServerLine) -> Iterable[values.Value]:
    """Takes the next step of the negotiation; where it would end, the login comes first."""
    for step in client.server.cap(line):
        if step == ("CAP", "END") and client.login is not None and not client.login.done:
            if "sasl" not in client.server.capabilities:
                return (values.LoginRefused("the server has no accounts"),)
            for first in client.login.begin():
                client.send(*first)
        else:
            client.send(*step)
    return _strict_transport(line)


def _strict_transport(line: ServerLine) -> tuple[values.Value, ...]:
    """What CAP LS or CAP NEW says of TLS; CAP DEL says nothing of it (IRCv3 sts, "Mechanism")."""
    if line.param(1).upper() not in ("LS", "NEW"):
        return ()
    for word in line.last.split():
        name, _, policy = word.partition("=")
        if name == STS:
            stated = dict(part.partition("=")[::2] for part in policy.split(","))
            port, seconds = (_number(stated.get(key, "")) for key in ("port", "duration"))
            return (values.StrictTransport(port if port and port < 65536 else 0, seconds),)
    return ()


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


@from_server("ACK")
def _read_ack(client: ClientConnection, line: ServerLine) -> Iterable[values.Value]:
    """The server has no answer to what we asked with this label."""
    return client.acknowledge(client.sending.labeled(line.label), "", line.received)


@from_server("FAIL")
def _read_fail(client: ClientConnection, line: ServerLine) -> Iterable[values.Value]:
    refused, code, reason = line.param(0), line.param(1), line.last
    if client.asked(refused) is not None:
        question = client.answered()
        return (values.HistoryFailed(question.token, question.room, code, reason),)
    if refused in ("PRIVMSG", "NOTICE", "JOIN") or (refused == "BATCH" and line.label):
        return client.refuse(line, line.params[2:-1], reason)
    return (values.Refused(line.time, refused, reason, "", "FAIL"),)


@from_server("NOTE", "WARN")
def _read_note(client: ClientConnection, line: ServerLine) -> Iterable[values.Value]:
    if (question := client.asked(line.param(0))) is not None:
        question.note = tuple(line.params[1:])
        return ()
    return (values.Told(line.time, line.params[-1]),) if line.params else ()
