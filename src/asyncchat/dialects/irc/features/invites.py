"""Invitations into rooms, and asking for them: INVITE, KNOCK (IRCv3 invite-notify).

KNOCK is of no specification: it is as in ratbox, InspIRCd and others.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from asyncchat.core.commands import Command
from asyncchat.core.events import Record
from asyncchat.core.features import invites
from asyncchat.dialects.irc import client_values as values
from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.capabilities import capability, token
from asyncchat.dialects.irc.client_connection import ClientConnection, ServerLine
from asyncchat.dialects.irc.client_registry import from_server, optional, shape, silent, to_server
from asyncchat.dialects.irc.encoder_base import EncoderBase
from asyncchat.dialects.irc.registry import command, lines, not_to_self, numeric_of, refusal, reply, to_self
from asyncchat.dialects.irc.serialize import line, numeric
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.dialects.irc.tokens import Message

INVITE_NOTIFY: Final = capability("invite-notify", "extensions/invite-notify", changes=True)


@command(
    "INVITE [<nickname> <channel>]",
    "Invites somebody into a channel; alone it lists the channels that you are invited to.",
)
def _invite(session: IrcSession, message: Message) -> Sequence[Command]:
    params = message.params
    if not params:
        return [invites.GetInvitations()]
    if len(params) == 1 or not (params[0] and params[1]):
        return [numeric(numerics.ERR_NEEDMOREPARAMS, "INVITE", text="Not enough parameters")]
    return [invites.Invite(params[1], params[0])]


@reply(invites.InvitationsView)
def _say_invitations(session: IrcSession, view: invites.InvitationsView) -> bytes:
    told = b"".join(session.numeric(numerics.RPL_INVITELIST, room) for room in view.rooms)
    return told + session.numeric(numerics.RPL_ENDOFINVITELIST, text="End of /INVITE list")


refusal(invites.AlreadyThere, numerics.ERR_USERONCHANNEL, "{r.name} {r.room}", "is already on channel")
refusal(
    invites.TooManyInvitations,
    numerics.ERR_CANNOTINVITE,
    "{r.name} {r.room}",
    "is invited to too many channels",
)


def _invite_line(event: invites.Invited | invites.InviteShown) -> bytes:
    return line(f":{event.person.origin} INVITE {event.to.name} {event.room}")


@lines(invites.Invited)
def _invite_lines(_encoder: EncoderBase, event: invites.Invited) -> bytes:
    return _invite_line(event)


@to_self(invites.Invited)
def _invited(session: IrcSession, _record: Record, event: invites.Invited) -> bytes:
    return session.numeric(numerics.RPL_INVITING, event.to.name, event.room)


@lines(invites.InviteShown)
def _shown_lines(encoder: EncoderBase, event: invites.InviteShown) -> bytes:
    return _invite_line(event) if encoder.caps & INVITE_NOTIFY else b""


not_to_self(invites.InviteShown)

token("KNOCK")


@command(
    "KNOCK <channel> [:<text>]", "Asks the operators of an invite-only channel (+i) to invite you.", least=1
)
def _knock(session: IrcSession, message: Message) -> Sequence[Command]:
    return [invites.Knock(message.params[0], message.param(1))]


numeric_of(invites.NoNeedToKnock)(
    lambda r: (
        (numerics.ERR_KNOCKONCHAN, (r.room,), "You are already on that channel.")
        if r.inside
        else (numerics.ERR_CHANOPEN, (r.room,), "Channel is open.")
    )
)
refusal(invites.KnockForbidden, numerics.ERR_CANNOTKNOCK, "{r.room}", "Cannot knock on channel: {r.reason}")
refusal(invites.TooManyKnocks, numerics.ERR_TOOMANYKNOCK, "{r.room}", "Too many KNOCKs (user).")


@lines(invites.Knocked)
def _knock_lines(encoder: EncoderBase, event: invites.Knocked) -> bytes:
    """The room stands where a numeric has its reader, so that the line is the same for all of them."""
    asks = f"has asked for an invite: {event.text}" if event.text else "has asked for an invite."
    head = f":{encoder.source} {numerics.RPL_KNOCK} {event.room} {event.room} {event.person.origin}"
    return line(head, asks)


@to_self(invites.Knocked)
def _knocked(session: IrcSession, _record: Record, event: invites.Knocked) -> bytes:
    return session.numeric(numerics.RPL_KNOCKDLVR, event.room, text="Your KNOCK has been delivered.")


# The client's side.

silent(numerics.RPL_ENDOFINVITELIST)
shape(numerics.RPL_INVITELIST, 1, "you are invited to", " {1}")
shape(numerics.RPL_INVITING, 2, "{1} is invited to", " {2}")


@from_server("INVITE")
def _read_invite(_client: ClientConnection, line: ServerLine) -> Iterable[values.Value]:
    by, room = line.source.partition("!")[0], line.param(1)
    return (values.Told(line.time, f"{by} invites you to {room}"),) if room else ()


to_server(invites.Invite)(lambda _, c: ("INVITE", c.name, c.room))
to_server(invites.GetInvitations)(lambda _, _command: ("INVITE",))
to_server(invites.Knock)(lambda _, c: ("KNOCK", c.room, *optional(c.text)))
