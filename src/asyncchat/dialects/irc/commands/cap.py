"""Negotiating capabilities: CAP (IRCv3 capability-negotiation).

Owns the command's language; what each capability is stands in ``irc.capabilities``. A request is decided when
it is read, so that the next line is understood by it, and takes effect on what is told when it is answered.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from asyncchat.core import commands as core
from asyncchat.core import replies
from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.capabilities import CAP_NOTIFY, VERSION_WITH_VALUES, Offer, gathered, named
from asyncchat.dialects.irc.commands.registration import enter
from asyncchat.dialects.irc.commands.spec import CommandSpec, ReplyEncoder, numeric
from asyncchat.dialects.irc.labels import LabelStart
from asyncchat.dialects.irc.serialize import BODY_BYTES, line, middle
from asyncchat.dialects.irc.tokens import Message

if TYPE_CHECKING:
    from asyncchat.dialects.irc.dialect import IrcDialect

_HIGHEST_VERSION = 999_999_999
"""What a version of more digits counts as: any server does what it can."""


class Listing(msgspec.Struct, frozen=True):
    """CAP LS (``offered``) in this version's form, or CAP LIST."""

    version: int
    offered: bool


class Verdict(msgspec.Struct, frozen=True):
    """What becomes of CAP REQ of these words: the set held from now on, or None: nothing changes."""

    words: str
    caps: int | None


def cap(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """Negotiates capabilities."""
    subcommand = message.params[0].upper()
    if subcommand == "LS":
        session.negotiate()
        return [core.Answer(_listing(session, message.param(1)))]
    if subcommand == "REQ":
        session.negotiate()
        # The list should be one parameter; a client that forgot the colon means all the same.
        return [core.Answer(_verdict(session, " ".join(message.params[1:])))]
    if subcommand == "LIST":
        return [core.Answer(Listing(session.cap_version, offered=False))]
    if subcommand == "END":
        if session.entered or not session.registration.negotiating:
            return []
        session.registration.negotiating = False
        left: list[core.Command] = []
        if session.sasl is not None:
            session.sasl = None
            left = [numeric(numerics.ERR_SASLABORTED, text="SASL authentication aborted")]
        return [*left, *enter(session)] if session.registration.complete else left
    return [numeric(numerics.ERR_INVALIDCAPCMD, middle(message.params[0]), text="Invalid CAP command")]


def _listing(session: IrcDialect, asked: str) -> Listing:
    """A list in the version asked for; the highest one ever asked for is what the client can do."""
    number = asked.isascii() and asked.isdigit()
    version = int(asked[:10]) if number and len(asked) < 10 else _HIGHEST_VERSION if number else 0
    session.cap_version = max(session.cap_version, min(version, VERSION_WITH_VALUES))
    if session.cap_version >= VERSION_WITH_VALUES:
        session.set_caps_in(session.caps_in | CAP_NOTIFY)
    return Listing(version, offered=True)


def _verdict(session: IrcDialect, words: str) -> Verdict:
    """Accepts all of a request or nothing; who reads version 302 can't turn ``cap-notify`` off."""
    caps = session.context.offer.requested(session.caps_in, words)
    if caps is None or (session.cap_version >= VERSION_WITH_VALUES and not caps & CAP_NOTIFY):
        return Verdict(words, None)
    session.set_caps_in(caps)
    return Verdict(words, caps)


def say_listing(session: IrcDialect, value: Listing) -> bytes:
    """The capabilities there are, or those in use; in several lines only to who can read them."""
    if value.offered:
        subcommand, names = "LS", session.context.offer.listed(value.version)
        if value.version >= VERSION_WITH_VALUES:
            session.set_caps_out(session.caps_out | CAP_NOTIFY)
    else:
        subcommand, names = "LIST", named(session.caps_out)
    lines = gathered(names, _room(session, f"{subcommand} *"))
    if value.version < VERSION_WITH_VALUES:
        return b"".join(_line(session, subcommand, some) for some in lines[: 1 if value.offered else None])
    more = [_line(session, f"{subcommand} *", some) for some in lines[:-1]]
    return b"".join((*more, _line(session, subcommand, lines[-1])))


def say_verdict(session: IrcDialect, value: Verdict) -> bytes:
    """ACK and the change, or NAK and none, with the client's own words."""
    if value.caps is not None:
        session.set_caps_out(value.caps)
    subcommand = "NAK" if value.caps is None else "ACK"
    words = value.words.strip(" ")
    room = _room(session, subcommand)
    lines = [words] if len(words.encode()) <= room else gathered(words.split(), room)
    return b"".join(_line(session, subcommand, some) for some in lines)


def say_renewed(session: IrcDialect, reply: replies.OfferRenewed) -> bytes:
    """What is offered no longer, which ends with that, and what is new or has another value."""
    before, now = reply.before, session.context.offer
    if not isinstance(before, Offer) or not session.caps_out & CAP_NOTIFY:
        return b""
    gone = [name for name in before.values if name not in now.values]
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


def _line(session: IrcDialect, subcommand: str, text: str) -> bytes:
    return line(f":{session.context.name} CAP {session.nick} {subcommand}", text)


def _room(session: IrcDialect, subcommand: str) -> int:
    """Bytes that a line has for names."""
    return BODY_BYTES - len(f":{session.context.name} CAP {session.nick} {subcommand} :".encode())


COMMANDS: dict[str, CommandSpec] = {
    "CAP": CommandSpec(
        cap,
        1,
        early=True,
        params="<subcommand> [:<capabilities>]",
        about=(
            "Negotiates what a client and this server can do beyond the common. Subcommands: LS, "
            "LIST, REQ, END."
        ),
    ),
}

REPLIES: dict[type, ReplyEncoder] = {
    Listing: say_listing,
    Verdict: say_verdict,
    replies.OfferRenewed: say_renewed,
    LabelStart: lambda session, start: session.start_label(start),
}
